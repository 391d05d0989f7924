//! Answers raw RSA operations: each once, and several at a time where several are wanted.
//!
//! Engines do eight in little more than the time of one, but a session asks for one. So whoever reads
//! the packets says what is coming, and an operation that must be done takes others along. Nobody
//! waits for that, and no answer depends on it.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rsa_batch::Answer;
use sha2::{Digest, Sha256};

use super::ring::{KeyId, KeyRing};

/// Operations that are done together: the lanes of the widest engine.
const TOGETHER: usize = 8;

/// Answers that are remembered, for a message that comes again or that was looked ahead to; those
/// of RSA-2048 are 2 MB.
pub(super) const MOST_ANSWERS: usize = 4096;

/// Ciphertexts that may be waited for: more than a batch of packets has of short sessions.
pub(super) const MOST_COMING: usize = 1024;

/// Servers whose key is known; those of a large operator.
pub(super) const MOST_SERVERS: usize = 4096;

/// Does raw RSA private operations, many at once.
pub trait RawDecrypt: Send + Sync {
    /// The answers to `requests`, in their order.
    fn raw_decrypt_batch(&self, requests: &[(KeyId, &[u8])]) -> Vec<Answer>;
}

impl RawDecrypt for KeyRing {
    fn raw_decrypt_batch(&self, requests: &[(KeyId, &[u8])]) -> Vec<Answer> {
        Self::raw_decrypt_batch(self, requests)
    }
}

/// A worker's way to the operations of a key ring. Answers are shared by the workers of a run.
#[derive(Default)]
pub struct RsaOperations {
    answers: Arc<Mutex<Answers>>,
    ahead: Mutex<Upcoming>,
}

/// Answers that were given, or will be asked for.
#[derive(Default)]
struct Answers {
    known: HashMap<Name, Answer>,
    /// In order of arrival, to forget the oldest.
    order: VecDeque<Name>,
}

/// What a request is known by.
type Name = [u8; 32];

/// What may be asked for soon.
#[derive(Default)]
struct Upcoming {
    coming: VecDeque<(SocketAddr, Box<[u8]>)>,
    /// The key of each server's certificate.
    keys: HashMap<SocketAddr, KeyId>,
}

impl RsaOperations {
    /// The ways of so many workers.
    #[must_use]
    pub fn of_workers(workers: usize) -> Vec<Self> {
        let answers = Arc::<Mutex<Answers>>::default();
        let way = |_| Self { answers: Arc::clone(&answers), ..Self::default() };
        (0..workers).map(way).collect()
    }

    /// Says what is coming next: who is sent which ciphertext. Replaces what was said before.
    pub fn look_ahead<'c>(&self, coming: impl Iterator<Item = (SocketAddr, &'c [u8])>) {
        let coming = coming.take(MOST_COMING).map(|(server, bytes)| (server, bytes.into()));
        let mut ahead = lock(&self.ahead);
        ahead.coming.clear();
        ahead.coming.extend(coming);
    }

    /// Notes that `key` is the one that stands in the certificate of `server`.
    pub fn has_key(&self, server: SocketAddr, key: KeyId) {
        let mut ahead = lock(&self.ahead);
        if ahead.keys.len() < MOST_SERVERS || ahead.keys.contains_key(&server) {
            ahead.keys.insert(server, key);
        }
    }

    /// The answer of `key` to `ciphertext` (see [`RsaKey::raw_decrypt`]).
    ///
    /// # Errors
    ///
    /// If the ciphertext cannot have been made for this key.
    ///
    /// [`RsaKey::raw_decrypt`]: super::RsaKey::raw_decrypt
    pub fn raw_decrypt(&self, ring: &dyn RawDecrypt, key: KeyId, ciphertext: &[u8]) -> Answer {
        let name = name_of(key, ciphertext);
        if let Some(answer) = self.answers().known.get(&name) {
            return answer.clone();
        }
        let others = self.companions(name, ciphertext.len());
        let mut requests = vec![(key, ciphertext)];
        requests.extend(others.iter().map(|(key, ciphertext)| (*key, &**ciphertext)));
        let found = ring.raw_decrypt_batch(&requests);
        let mut answers = self.answers();
        for (&(key, ciphertext), answer) in requests.iter().zip(&found) {
            answers.add(name_of(key, ciphertext), answer.clone());
        }
        drop(answers);
        found.into_iter().next().unwrap_or(Err(rsa_batch::RawError::OutOfRange))
    }

    /// Takes what will be asked for next and can go along: of the same length, to servers whose key is
    /// known.
    fn companions(&self, asked: Name, len: usize) -> Vec<(KeyId, Box<[u8]>)> {
        let answers = self.answers();
        let mut ahead = lock(&self.ahead);
        let Upcoming { coming, keys } = &mut *ahead;
        let mut taken: Vec<(KeyId, Box<[u8]>)> = Vec::new();
        let mut names = vec![asked];
        coming.retain_mut(|(server, ciphertext)| {
            let may_go = ciphertext.len() == len && names.len() < TOGETHER;
            let Some(&key) = keys.get(server).filter(|_| may_go) else { return true };
            let name = name_of(key, ciphertext);
            if names.contains(&name) || answers.known.contains_key(&name) {
                return false;
            }
            names.push(name);
            taken.push((key, std::mem::take(ciphertext)));
            false
        });
        taken
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        lock(&self.answers)
    }
}

impl Answers {
    fn add(&mut self, name: Name, answer: Answer) {
        if self.known.insert(name, answer).is_none() {
            self.order.push_back(name);
        }
        if self.order.len() > MOST_ANSWERS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked while it held the lock left at worst less than there was.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name_of(key: KeyId, ciphertext: &[u8]) -> Name {
    Sha256::new_with_prefix(key.0.to_be_bytes()).chain_update(ciphertext).finalize().into()
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    /// Answers with the ciphertext and the key, and notes what it was asked together.
    #[derive(Default)]
    struct FakeKeys(Mutex<Vec<usize>>);

    impl RawDecrypt for FakeKeys {
        fn raw_decrypt_batch(&self, requests: &[(KeyId, &[u8])]) -> Vec<Answer> {
            lock(&self.0).push(requests.len());
            let answer = |&(key, bytes): &(KeyId, &[u8])| Ok(echo(key, bytes));
            requests.iter().map(answer).collect()
        }
    }

    fn echo(key: KeyId, ciphertext: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([ciphertext, &[key.0 as u8]].concat())
    }

    fn server(host: u8) -> SocketAddr {
        ([192, 0, 2, host], 25).into()
    }

    #[test]
    fn an_operation_takes_along_what_is_coming() {
        let (operations, engine) = (RsaOperations::default(), FakeKeys::default());
        let messages: Vec<[u8; 2]> = (0..20).map(|n| [1, n]).collect();
        let coming = messages.iter().map(|bytes| (server(1), &bytes[..]));
        operations
            .look_ahead(coming.chain([(server(1), &[1, 2, 3][..]), (server(2), &[9, 9][..])]));
        operations.has_key(server(1), KeyId(5));
        for message in &messages {
            let answer = operations.raw_decrypt(&engine, KeyId(5), message);
            assert_eq!(answer, Ok(echo(KeyId(5), message)));
        }
        assert_eq!(*lock(&engine.0), [8, 8, 4], "not those of another length or server");
    }

    #[test]
    fn the_same_message_is_computed_once_for_all_workers() {
        let (oracles, engine) = (RsaOperations::of_workers(2), FakeKeys::default());
        for operations in oracles.iter().chain(&oracles) {
            assert_eq!(operations.raw_decrypt(&engine, KeyId(1), b"x"), Ok(echo(KeyId(1), b"x")));
        }
        assert_eq!(*lock(&engine.0), [1]);
        assert_eq!(oracles[0].raw_decrypt(&engine, KeyId(2), b"x"), Ok(echo(KeyId(2), b"x")));
    }

    #[test]
    fn a_server_that_has_changed_its_key_is_answered_right() {
        let (operations, engine) = (RsaOperations::default(), FakeKeys::default());
        operations.has_key(server(1), KeyId(1));
        operations.look_ahead([&b"x"[..], b"y"].map(|bytes| (server(1), bytes)).into_iter());
        assert_eq!(operations.raw_decrypt(&engine, KeyId(1), b"x"), Ok(echo(KeyId(1), b"x")));
        operations.has_key(server(1), KeyId(2));
        assert_eq!(operations.raw_decrypt(&engine, KeyId(2), b"y"), Ok(echo(KeyId(2), b"y")));
    }

    #[test]
    fn the_oldest_answer_is_forgotten() {
        let mut answers = Answers::default();
        for n in 0..=MOST_ANSWERS {
            answers.add(name_of(KeyId(n), b""), Ok(Zeroizing::default()));
        }
        assert_eq!(answers.known.len(), MOST_ANSWERS);
        assert!(!answers.known.contains_key(&name_of(KeyId(0), b"")));
    }
}
