//! What may be spent on finding the place of a record behind a gap.

/// Bytes that the first connection may try in vain, however short it is: thousands of numbers for some
/// records, in less than a tenth of a second.
pub(super) const FREE: u64 = 16 << 20;

/// Later ones may try less: a quarter of it behind so many packets, a ninth behind twice as many, so that
/// all connections of a capture together have as much as so many packets of the first. Where a capture
/// begins late, its first packets are those of the sessions that had begun before.
pub(super) const FADES_BEHIND: u64 = 1 << 8;

/// But never less than this: dozens of numbers.
pub(super) const FREE_LEAST: u64 = 64 << 10;

/// And so many for each byte captured, which keeps the time linear in the length of a capture,
/// whoever made it.
pub(super) const PER_BYTE: u64 = 64;

/// What a trial costs besides the record's own bytes: a MAC has blocks of its own.
const TRIAL: u64 = 256;

/// What deriving the keys of one more secret costs.
const DERIVATION: u64 = 4096;

/// What an operation with an RSA key costs, that may be another server's.
const RSA: u64 = 512 << 10;

/// Keys that are tried in any case where no certificate says which one it is: those of the narrowest
/// rows.
pub(super) const LEAST_KEYS: usize = 2;

/// What one connection may still spend, in bytes tried.
pub(in crate::tls) struct TrialBudget {
    left: u64,
    is_spent: bool,
}

impl Default for TrialBudget {
    fn default() -> Self {
        Self { left: FREE, is_spent: false }
    }
}

impl TrialBudget {
    /// What a connection may spend that begins behind so many packets.
    pub(in crate::tls) fn behind(packets: u64) -> Self {
        let fade = packets / FADES_BEHIND + 1;
        let share = FREE / fade.saturating_mul(fade);
        Self { left: share.max(FREE_LEAST), is_spent: false }
    }

    /// More was captured.
    pub(in crate::tls) fn earn(&mut self, bytes: usize) {
        self.left = self.left.saturating_add((bytes as u64).saturating_mul(PER_BYTE));
    }

    /// Something was not tried.
    pub(in crate::tls) fn is_spent(&self) -> bool {
        self.is_spent
    }

    /// How many of so many numbers may be tried on a record of `len` bytes.
    pub(super) fn trials(&mut self, wanted: u64, len: usize) -> u64 {
        let allowed = wanted.min(self.left / cost(len));
        self.is_spent |= allowed < wanted;
        allowed
    }

    /// So many were tried.
    pub(super) fn charge(&mut self, trials: u64, len: usize) {
        self.left = self.left.saturating_sub(trials.saturating_mul(cost(len)));
    }

    /// How many of so many RSA keys may be tried.
    pub(in crate::tls) fn keys(&mut self, wanted: usize) -> usize {
        let affordable = usize::try_from(self.left / RSA).unwrap_or(usize::MAX);
        let allowed = wanted.min(affordable.max(LEAST_KEYS));
        self.is_spent |= allowed < wanted;
        self.left = self.left.saturating_sub((allowed as u64).saturating_mul(RSA));
        allowed
    }

    /// Whether the keys of one more secret may be derived.
    pub(in crate::tls) fn derive(&mut self) -> bool {
        let left = self.left.checked_sub(DERIVATION);
        self.is_spent |= left.is_none();
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

fn cost(len: usize) -> u64 {
    TRIAL + len as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_is_bounded_by_what_was_captured() {
        let mut budget = TrialBudget::default();
        let mut tried = 0;
        for _ in 0..1_000 {
            budget.earn(1_000);
            let trials = budget.trials(4_097, 1_000);
            budget.charge(trials, 1_000);
            tried += trials * cost(1_000);
        }
        assert!(budget.is_spent());
        assert!(tried <= FREE + 1_000_000 * PER_BYTE, "{tried}");
    }

    #[test]
    fn all_connections_of_a_capture_have_little_more_than_the_first_of_them() {
        // A connection a packet, and a billion bytes a second.
        let wasted: u64 = (0..1_000_000).map(|packets| TrialBudget::behind(packets).left).sum();
        // Most of it is what the last ones have, which is linear.
        assert!(wasted < 2 * FADES_BEHIND * FREE + 1_000_000 * FREE_LEAST, "{wasted}");
        assert_eq!(TrialBudget::behind(0).left, FREE);
    }

    #[test]
    fn what_is_found_at_once_costs_little() {
        let mut budget = TrialBudget::default();
        for _ in 0..10_000 {
            budget.earn(1_000);
            assert_eq!(budget.trials(4_097, 1_000), 4_097);
            budget.charge(3, 1_000);
        }
        assert!(!budget.is_spent());
    }

    #[test]
    fn keys_without_a_certificate_draw_on_the_same_account() {
        let tried = |packets: u64| TrialBudget::behind(packets).keys(30);
        assert_eq!((tried(0), tried(100_000)), (30, LEAST_KEYS));
        let all: usize = (0..10_000).map(|connection| tried(connection * 3)).sum();
        assert!(all < 10_000 * LEAST_KEYS + 10_000, "{all} of 300000 operations");
        assert_eq!(TrialBudget::behind(100_000).keys(1), 1);
    }
}
