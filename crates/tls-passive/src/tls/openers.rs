//! What sessions are opened with, by all workers that read one capture.

use std::net::SocketAddr;
use std::sync::Arc;

use super::ahead::encrypted_premaster;
use super::decrypt::SessionStore;
use crate::keys::{KeyError, KeyLog, KeyRing, RsaOperations};

/// Everything that may open a session.
#[derive(Clone, Default)]
pub struct Keys {
    /// RSA keys and key logs.
    pub ring: Arc<KeyRing>,
    /// Sessions that may be resumed.
    pub store: Arc<SessionStore>,
    /// The way to the RSA keys' operations.
    pub operations: Arc<RsaOperations>,
}

impl Keys {
    /// The same keys for each of so many workers that read one capture together. What one finds is
    /// what one worker alone would find, as long as each [goes on](Self::advance) in its order.
    #[must_use]
    pub fn of_workers(&self, workers: usize) -> Vec<Self> {
        let views =
            SessionStore::of_workers(workers).into_iter().zip(RsaOperations::of_workers(workers));
        let keys = |(store, operations)| Self {
            ring: Arc::clone(&self.ring),
            store: Arc::new(store),
            operations: Arc::new(operations),
        };
        views.map(keys).collect()
    }

    /// The worker goes on to `place` in the order of everything, where `connection` is at work: what
    /// it has to do before it is done.
    pub fn advance(&self, place: u64, connection: u64) {
        self.store.advance(place, connection);
    }

    /// Says what packets come next: who is sent which payload. Only saves time.
    pub fn look_ahead<'p>(&self, packets: impl Iterator<Item = (SocketAddr, &'p [u8])>) {
        let asks = packets.filter_map(|(to, payload)| Some((to, encrypted_premaster(payload)?)));
        self.operations.look_ahead(asks);
    }

    /// Adds the key log of a Decryption Secrets Block, known from the packet behind the first
    /// `packets` on. Gives what is wrong with it.
    #[must_use]
    pub fn add_secrets_block(&self, data: &[u8], packets: u64) -> Vec<KeyError> {
        let (log, errors) = KeyLog::parse_dsb(data);
        self.ring.keylog().add(log.known_since(packets));
        errors
    }
}
