//! The secrets of sessions that may be resumed on other connections: by session ID
//! (RFC 5246 §7.3) or by ticket (RFC 5077).
//!
//! Several workers share them. What one finds is what one worker alone would find: it waits until
//! the others have come as far as itself ([`Turn`]), and leaves out what they told beyond that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::prf::MasterSecret;
use super::turn::Turn;
use crate::tls::facts::{Origin, Secret};

/// Sessions that are remembered; a busy server makes so many in some minutes, which is as long as
/// its own cache lasts by default (OpenSSL: 5 min, 20,480 sessions). About 15 MB.
pub(super) const MOST_SESSIONS: usize = 50_000;

/// What a client names to resume a session.
#[derive(Clone, Copy, Debug)]
pub(in crate::tls) enum Handle<'a> {
    SessionId(&'a [u8]),
    /// SSL 2.0 has session IDs of its own.
    Ssl2SessionId(&'a [u8]),
    Ticket(&'a [u8]),
}

/// What a [`Handle`] is found by: tickets are long, and are not needed again.
type Name = [u8; 32];

/// A session that may be resumed.
struct Known {
    name: Name,
    /// The connection that was at work when it became known.
    connection: u64,
    master: Zeroizing<[u8; 48]>,
    secret: Secret,
    origin: Origin,
}

/// The sessions of a run as one of its workers sees them.
pub struct SessionStore {
    shared: Arc<Mutex<Sessions>>,
    turn: Turn,
}

/// Where in the run a session became known: the place, and a number where there are several.
type Since = (u64, u32);

#[derive(Default)]
struct Sessions {
    known: BTreeMap<Since, Known>,
    by_name: BTreeSet<(Name, Since)>,
}

impl SessionStore {
    /// A store for so many workers, as each sees it.
    pub(in crate::tls) fn of_workers(workers: usize) -> Vec<Self> {
        let shared = Arc::<Mutex<Sessions>>::default();
        let view = |turn| Self { shared: Arc::clone(&shared), turn };
        Turn::of_workers(workers).into_iter().map(view).collect()
    }

    /// The worker goes on to `place`, where `connection` is at work.
    pub(in crate::tls) fn advance(&self, place: u64, connection: u64) {
        self.turn.advance(place, connection);
    }

    /// Remembers a session under what the server gave out for it.
    pub(in crate::tls) fn remember(
        &self,
        handle: Handle<'_>,
        master: &MasterSecret,
        secret: Secret,
        origin: Origin,
    ) {
        let (name, connection) = (name_of(handle), self.turn.connection());
        let known = Known { name, connection, master: master.0.clone(), secret, origin };
        let mut sessions = self.sessions();
        sessions.add(self.turn.place(), known);
        sessions.forget_before(self.turn.slowest());
    }

    /// The session of a handle, if it was given out in a frame before `frame` (law 4): its master
    /// secret, what opened it, and where it began.
    pub(in crate::tls) fn recall(
        &self,
        handle: Handle<'_>,
        frame: u64,
    ) -> Option<(MasterSecret, Secret, Origin)> {
        self.turn.await_others();
        let mut sessions = self.sessions();
        sessions.forget_before(self.turn.place());
        let known = sessions.latest(name_of(handle), self.turn.place(), self.turn.connection())?;
        let earlier = known.origin.known_since < frame;
        earlier.then(|| (MasterSecret(known.master.clone()), known.secret, known.origin))
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SessionStore {
    /// For one worker.
    fn default() -> Self {
        Self { shared: Arc::default(), turn: Turn::alone() }
    }
}

impl Sessions {
    fn add(&mut self, place: u64, known: Known) {
        let nth = self.known.range((place, 0)..=(place, u32::MAX)).next_back();
        let since = (place, nth.map_or(0, |((_, nth), _)| nth.saturating_add(1)));
        self.by_name.insert((known.name, since));
        self.known.insert(since, known);
    }

    /// The session that became known under a name last, as far as `place`. What another connection
    /// told at the very same place may or may not be there yet, and does not count.
    fn latest(&self, name: Name, place: u64, connection: u64) -> Option<&Known> {
        let since = self.by_name.range((name, (0, 0))..=(name, (place, u32::MAX))).rev();
        let mut known = since.filter_map(|(_, since)| Some((since.0, self.known.get(since)?)));
        let counts = |&(at, known): &(u64, &Known)| at < place || known.connection == connection;
        known.find(counts).map(|(_, known)| known)
    }

    /// Forgets the oldest of those known before `place`, where there are too many. As the others do
    /// not count, it does not matter how often and by whom this is called.
    fn forget_before(&mut self, place: u64) {
        if self.known.len() <= MOST_SESSIONS {
            return;
        }
        let later = self.known.range((place, 0)..).count();
        for _ in MOST_SESSIONS..self.known.len().saturating_sub(later) {
            let Some((since, oldest)) = self.known.pop_first() else { return };
            self.by_name.remove(&(oldest.name, since));
        }
    }
}

fn name_of(handle: Handle<'_>) -> Name {
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

    const SECRET: Secret = Secret::RsaKey(KeyId(0));

    fn master(byte: u8) -> MasterSecret {
        MasterSecret(Zeroizing::new([byte; 48]))
    }

    fn recalled(store: &SessionStore, id: &[u8], frame: u64) -> Option<u8> {
        store.recall(Handle::SessionId(id), frame).map(|(master, ..)| master.0[0])
    }

    #[test]
    fn a_session_is_recalled_only_by_later_frames() {
        let store = SessionStore::default();
        let origin = Origin { known_since: 10, ..Origin::default() };
        store.remember(Handle::SessionId(b"id"), &master(7), SECRET, origin);
        assert_eq!(recalled(&store, b"id", 10), None);
        assert!(store.recall(Handle::Ticket(b"id"), 11).is_none());
        assert_eq!(recalled(&store, b"id", 11), Some(7));
    }

    #[test]
    fn a_worker_sees_what_came_before_its_place_whoever_has_it() {
        let stores = SessionStore::of_workers(2);
        for (place, byte) in [(20, 2), (40, 4)] {
            stores[0].advance(place, 1);
            stores[0].remember(Handle::SessionId(b"id"), &master(byte), SECRET, Origin::default());
        }
        let seen = [10, 20, 30, 40].map(|place| {
            stores[1].advance(place, 2);
            recalled(&stores[1], b"id", 1)
        });
        assert_eq!(seen, [None, None, Some(2), Some(2)]);
    }

    #[test]
    fn the_oldest_is_forgotten_by_place_and_not_by_arrival() {
        let stores = SessionStore::of_workers(2);
        let id = |place: usize| place.to_be_bytes();
        let remember = |worker: usize, place: usize| {
            stores[worker].advance(place as u64, 1);
            let handle = id(place);
            stores[worker].remember(
                Handle::SessionId(&handle),
                &master(1),
                SECRET,
                Origin::default(),
            );
        };
        (MOST_SESSIONS / 2..=MOST_SESSIONS).for_each(|place| remember(0, place));
        (0..MOST_SESSIONS / 2).for_each(|place| remember(1, place));
        for worker in [0, 1] {
            stores[worker].advance(MOST_SESSIONS as u64 + 1, 2);
        }
        assert_eq!(recalled(&stores[0], &id(0), 1), None);
        assert_eq!(recalled(&stores[0], &id(1), 1), Some(1));
        assert_eq!(recalled(&stores[1], &id(MOST_SESSIONS), 1), Some(1));
    }
}
