//! The secrets of sessions that may be resumed on other connections: by session ID
//! (RFC 5246 §7.3) or by ticket (RFC 5077).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::prf::MasterSecret;
use crate::tls::facts::{Origin, Secret};

/// Sessions that are remembered; a busy server makes so many in some minutes, which is as long as
/// its own cache lasts by default (OpenSSL: 5 min, 20,480 sessions). About 20 MB.
pub(super) const MOST_SESSIONS: usize = 100_000;

/// What a client names to resume a session.
#[derive(Clone, Copy, Debug)]
pub(in crate::tls) enum Handle<'a> {
    SessionId(&'a [u8]),
    /// SSL 2.0 has session IDs of its own.
    Ssl2SessionId(&'a [u8]),
    Ticket(&'a [u8]),
}

/// A session that may be resumed.
struct Known {
    master: Zeroizing<[u8; 48]>,
    secret: Secret,
    origin: Origin,
}

/// The sessions of a run, shared by all its connections.
#[derive(Default)]
pub struct SessionStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    sessions: HashMap<[u8; 32], Known>,
    /// In order of arrival, to forget the oldest.
    order: VecDeque<[u8; 32]>,
}

impl SessionStore {
    /// Remembers a session under what the server gave out for it.
    pub(in crate::tls) fn remember(
        &self,
        handle: Handle<'_>,
        master: &MasterSecret,
        secret: Secret,
        origin: Origin,
    ) {
        let known = Known { master: master.0.clone(), secret, origin };
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let name = name_of(handle);
        if inner.sessions.insert(name, known).is_none() {
            inner.order.push_back(name);
        }
        if inner.order.len() > MOST_SESSIONS
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.sessions.remove(&oldest);
        }
    }

    /// The session of a handle, if it was given out in a frame before `frame` (law 4): its master
    /// secret, what opened it, and where it began.
    pub(in crate::tls) fn recall(
        &self,
        handle: Handle<'_>,
        frame: u64,
    ) -> Option<(MasterSecret, Secret, Origin)> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let known = inner.sessions.get(&name_of(handle))?;
        let earlier = known.origin.known_since < frame;
        earlier.then(|| (MasterSecret(known.master.clone()), known.secret, known.origin))
    }
}

/// Tickets are long, and are not needed again: a hash names all kinds.
fn name_of(handle: Handle<'_>) -> [u8; 32] {
    let (kind, bytes) = match handle {
        Handle::SessionId(id) => (b'i', id),
        Handle::Ssl2SessionId(id) => (b'2', id),
        Handle::Ticket(ticket) => (b't', ticket),
    };
    Sha256::new_with_prefix([kind]).chain_update(bytes).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyId;

    #[test]
    fn a_session_is_recalled_only_by_later_frames() {
        let store = SessionStore::default();
        let master = MasterSecret(Zeroizing::new([7; 48]));
        let origin = Origin { known_since: 10, ..Origin::default() };
        store.remember(Handle::SessionId(b"id"), &master, Secret::RsaKey(KeyId(0)), origin);
        assert!(store.recall(Handle::SessionId(b"id"), 10).is_none());
        assert!(store.recall(Handle::Ticket(b"id"), 11).is_none());
        assert!(store.recall(Handle::SessionId(b"id"), 11).is_some());
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let store = SessionStore::default();
        let master = MasterSecret(Zeroizing::new([7; 48]));
        for i in 0..=MOST_SESSIONS {
            let id = i.to_be_bytes();
            let secret = Secret::RsaKey(KeyId(0));
            store.remember(Handle::Ticket(&id), &master, secret, Origin::default());
        }
        assert!(store.recall(Handle::Ticket(&0_usize.to_be_bytes()), 1).is_none());
        assert!(store.recall(Handle::Ticket(&1_usize.to_be_bytes()), 1).is_some());
    }
}
