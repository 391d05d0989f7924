//! What sessions are opened with, by all workers that read one capture.

use std::net::SocketAddr;
use std::sync::Arc;

use super::awaiting::Room;
use super::decrypt::SessionStore;
use super::rsa_requests::encrypted_premaster;
use crate::keys::{KeyError, KeyLog, KeyRing, RsaOperations};

/// What a capture calls a key log (draft-ietf-opsawg-pcapng §4.7), and what a reader of captures
/// calls the elements of a trailer.
const KEY_LOG: u32 = 0x544c_534b;
const F5_TRAILER: u32 = 0xf5de_b0f5;

/// Everything that may open a session.
#[derive(Clone, Default)]
pub struct Keys {
    /// RSA keys and key logs.
    pub ring: Arc<KeyRing>,
    /// Sessions that may be resumed.
    pub store: Arc<SessionStore>,
    /// The way to the RSA keys' operations.
    pub operations: Arc<RsaOperations>,
    /// The room for resumptions that wait for their origin.
    pub room: Arc<Room>,
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
            room: Arc::default(),
        };
        views.map(keys).collect()
    }

    /// The same with room of its own for resumptions that wait.
    #[must_use]
    pub fn with_room(&self) -> Self {
        Self { room: Arc::default(), ..self.clone() }
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

    /// Adds the secrets that a capture carries, known from the packet behind the first `packets` on:
    /// the key log of a Decryption Secrets Block, or a trailer of F5's. Others are not known. Gives
    /// what is wrong with a log.
    #[must_use]
    pub fn add_secrets(&self, kind: u32, data: &[u8], packets: u64) -> Vec<KeyError> {
        let (log, errors) = match kind {
            KEY_LOG => KeyLog::parse_dsb(data),
            F5_TRAILER => (KeyLog::parse_trailer(data), Vec::new()),
            _ => return Vec::new(),
        };
        self.ring.keylog().add(log.known_since(packets));
        errors
    }
}
