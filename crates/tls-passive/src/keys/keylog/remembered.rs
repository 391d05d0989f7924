//! A key log of what was found in session files, caches and memory, each secret proven against records
//! of the capture before it comes here.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::KeyLog;
use super::secret::{Find, Kept, Kind, LoggedSecret, Origin, SecretBytes, SecretId, TrafficLabel};

/// A secret of a session.
pub enum FoundSecret {
    /// The master secret, up to TLS 1.2.
    Master(Zeroizing<Vec<u8>>),
    /// A traffic secret of TLS 1.3.
    Traffic(TrafficLabel, Zeroizing<Vec<u8>>),
}

/// A secret that was found, and where.
pub struct Found {
    /// The random of the session's ClientHello.
    pub client_random: [u8; 32],
    /// The secret.
    pub secret: FoundSecret,
    /// What held it.
    pub kept: Kept,
    /// Where that is: file, offset and structure, as a report names it.
    pub place: String,
}

impl KeyLog {
    /// A log of what was found in what was `searched`, a phrase for each file.
    #[must_use]
    pub fn of_found(found: Vec<Found>, searched: Vec<String>) -> Self {
        let mut log = Self { searched, ..Self::default() };
        for Found { client_random, secret, kept, place } in found {
            let number = log.number_of(kept, place);
            let (kind, bytes) = match secret {
                FoundSecret::Master(bytes) => (Kind::Master, bytes),
                FoundSecret::Traffic(label, bytes) => (Kind::Traffic(label), bytes),
            };
            let origin = Origin::Remembered(Find { kept, number });
            let at = (Arc::from("secrets-from"), number);
            let secret = LoggedSecret::new(SecretBytes::new(bytes), kind, at, origin);
            log.insert(&SecretId::ClientRandom(client_random), secret);
        }
        log
    }

    /// The number of a place, which several sessions may share.
    fn number_of(&mut self, kept: Kept, place: String) -> u32 {
        let known = self.finds.iter().position(|find| *find == (kept, place.clone()));
        let index = known.unwrap_or_else(|| {
            self.finds.push((kept, place));
            self.finds.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// Where a find lies: file, offset and structure.
    pub(super) fn place_of(&self, find: Find) -> String {
        let place = self.finds.get(find.number as usize).map(|(_, place)| place.clone());
        place.unwrap_or_default()
    }

    /// All finds, in the order in which they were made.
    pub fn finds(&self) -> impl Iterator<Item = Origin> {
        let numbered = self.finds.iter().zip(0..);
        numbered.map(|(&(kept, _), number)| Origin::Remembered(Find { kept, number }))
    }

    /// What was searched for secrets of sessions, a phrase for each file.
    #[must_use]
    pub fn searched(&self) -> &[String] {
        &self.searched
    }
}
