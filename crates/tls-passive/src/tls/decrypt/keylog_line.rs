//! The one door through which key bytes leave (law 6): a line of a key log, for who asked for it by
//! name. Neither `Debug` nor `Clone` nor `Serialize`, and wiped when dropped.

use std::hash::{Hash, Hasher};

use zeroize::Zeroizing;

use super::prf::MasterSecret;
use super::tls13::TrafficSecret;
use crate::keys::TrafficLabel;

/// The label of a master secret of SSL 3.0 to TLS 1.2.
const CLIENT_RANDOM: &str = "CLIENT_RANDOM";

/// Digits by their values.
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// One secret of a session that was opened, as `SSLKEYLOGFILE` has it (RFC 9850 §2).
#[derive(PartialEq, Eq)]
pub struct KeyLogLine {
    label: &'static str,
    client_random: [u8; 32],
    secret: Zeroizing<Vec<u8>>,
}

impl KeyLogLine {
    pub(in crate::tls) fn of_master(client_random: [u8; 32], master: &MasterSecret) -> Self {
        Self::new(CLIENT_RANDOM, client_random, master.0.as_slice())
    }

    pub(in crate::tls) fn of_traffic(
        label: TrafficLabel,
        client_random: [u8; 32],
        secret: &[u8],
    ) -> Self {
        Self::new(label.as_str(), client_random, secret)
    }

    pub(in crate::tls) fn of_derived(
        label: TrafficLabel,
        client_random: [u8; 32],
        secret: &TrafficSecret,
    ) -> Self {
        Self::new(label.as_str(), client_random, secret.as_bytes())
    }

    fn new(label: &'static str, client_random: [u8; 32], secret: &[u8]) -> Self {
        Self { label, client_random, secret: Zeroizing::new(secret.to_vec()) }
    }

    /// The line with its end, in clear.
    #[must_use]
    pub fn disclose(&self) -> Zeroizing<Vec<u8>> {
        let digits = 2 * (self.client_random.len() + self.secret.len());
        // The capacity is exact: a line that moved would leave a copy behind.
        let mut line = Zeroizing::new(Vec::with_capacity(self.label.len() + digits + 3));
        line.extend_from_slice(self.label.as_bytes());
        for field in [&self.client_random[..], &self.secret] {
            line.push(b' ');
            let nibbles = field.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            line.extend(nibbles.map(|nibble| DIGITS[usize::from(nibble)]));
        }
        line.push(b'\n');
        line
    }
}

/// What is secret stays out of hashes; sessions differ by the rest.
impl Hash for KeyLogLine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.label, self.client_random).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyLog;

    #[test]
    fn a_line_is_read_back_as_the_secret_that_it_was_made_of() {
        let master = MasterSecret::new(&std::array::from_fn(|i| i as u8 * 5));
        let random = std::array::from_fn(|i| 255 - i as u8);
        let line = KeyLogLine::of_master(random, &master).disclose();
        assert_eq!((line.len(), line.capacity()), (13 + 1 + 64 + 1 + 96 + 1, line.len()));
        let (log, faults) = KeyLog::parse("k.log", &line);
        assert!(faults.is_empty());
        let found: Vec<_> = log.master_secrets(&random).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].as_bytes(), master.0.as_slice());
    }

    #[test]
    fn the_lines_of_tls_1_3_have_the_labels_of_the_rfc() {
        let line = KeyLogLine::of_traffic(TrafficLabel::ServerApplication, [0x0f; 32], &[0xa0; 32]);
        let expected = format!("SERVER_TRAFFIC_SECRET_0 {} {}\n", "0f".repeat(32), "a0".repeat(32));
        assert_eq!(String::from_utf8(line.disclose().to_vec()).unwrap(), expected);
    }
}
