//! What opening the encrypted keys of a run may cost. A key derivation is slow on purpose, and files,
//! blocks in them, rows of lists and passwords multiply.

use std::cell::Cell;

use super::problem::Problem;

/// Iterations of all key derivations of a run: a minute or two. A thousand keys as OpenSSL writes
/// them take two million for each password.
pub(super) const MOST_ITERATIONS: u64 = 100_000_000;

/// Bytes of all key files of a run: twenty thousand keys of 2048 bits.
pub(super) const MOST_READ: u64 = 32 << 20;

/// What is left of both.
#[derive(Debug)]
pub(super) struct Budget {
    iterations: Cell<u64>,
    bytes: Cell<u64>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { iterations: Cell::new(MOST_ITERATIONS), bytes: Cell::new(MOST_READ) }
    }
}

impl Budget {
    /// So many iterations are next.
    pub(super) fn derive(&self, iterations: u64) -> Result<(), Problem> {
        spend(&self.iterations, iterations).ok_or(Problem::ManyDerivations(MOST_ITERATIONS))
    }

    /// So many bytes of key files are next.
    pub(super) fn read(&self, bytes: u64) -> Result<(), Problem> {
        spend(&self.bytes, bytes).ok_or(Problem::MuchKeyMaterial(MOST_READ))
    }
}

/// Takes `wanted` out of an account that has as much; a smaller wish may still be met.
fn spend(account: &Cell<u64>, wanted: u64) -> Option<()> {
    account.set(account.get().checked_sub(wanted)?);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_is_spent_for_the_whole_run() {
        let budget = Budget::default();
        assert!(budget.derive(MOST_ITERATIONS - 1).is_ok());
        assert!(matches!(budget.derive(2), Err(Problem::ManyDerivations(_))));
        assert!(budget.derive(1).is_ok() && budget.derive(1).is_err());
        assert!(budget.read(MOST_READ).is_ok() && budget.read(1).is_err());
    }
}
