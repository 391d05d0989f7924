//! A resumption whose origin is not known yet. The session that gave out its ticket may be open still,
//! with a packet missing ahead of its handshake: what was said there is known when the gap is declared,
//! which is at its end at the latest. So the records wait until their own connection is over.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::machine::{Out, Tls};
use super::record::{Beginning, ContentType, Found, KeptRecord, Record};
use crate::flow::Gap;
use crate::moment::Moment;
use crate::role::Role;

/// Bytes of a connection that wait for its origin, at most; beyond, it is read without one.
pub(super) const MOST_BYTES: usize = 256 << 10;

/// Bytes that wait in all connections that share a [`Room`], at most.
pub(super) const MOST_BYTES_TOGETHER: usize = 1 << 20;

/// What a record or a gap costs beside its bytes.
const OVERHEAD: usize = 128;

/// The room for what waits, shared by some connections.
#[derive(Debug, Default)]
pub struct Room(AtomicUsize);

impl Room {
    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= MOST_BYTES_TOGETHER
    }

    fn give_back(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What has come, and is not read.
pub(super) enum Arrival {
    Record(KeptRecord),
    /// A gap, and the record that it cut.
    Gap(Gap, Moment, Option<Beginning>),
    NotTls(Vec<u8>, Moment),
    MoreOfIt(Vec<u8>),
}

impl Arrival {
    pub(super) fn of(found: &Found<'_>) -> Self {
        match found {
            Found::Record(record) => Self::Record(record.kept()),
            Found::NotTls(bytes, at) => Self::NotTls(bytes.to_vec(), *at),
            Found::MoreOfIt(bytes) => Self::MoreOfIt(bytes.to_vec()),
        }
    }

    fn bytes(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Record(record) => record.bytes(),
                Self::Gap(..) => 0,
                Self::NotTls(bytes, _) | Self::MoreOfIt(bytes) => bytes.len(),
            }
    }
}

/// Whether a connection waits.
#[derive(Default)]
pub(super) enum Awaiting {
    /// It has no cause to.
    #[default]
    Nothing,
    Origin(Waiting),
    /// It has waited: what is not known now never will be.
    Over,
}

/// What waits, in order of arrival, and the room that it takes.
pub(super) struct Waiting {
    arrivals: Vec<(Role, Arrival)>,
    bytes: usize,
    room: Arc<Room>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.room.give_back(self.bytes);
    }
}

impl Tls {
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.awaiting, Awaiting::Origin(_))
    }

    /// The frames before which an origin must be known. Who has waited knows all that was there before
    /// his end, whatever the order in the file.
    pub(super) fn origins_before(&self, frame: u64) -> u64 {
        if matches!(self.awaiting, Awaiting::Over) { u64::MAX } else { frame }
    }

    /// Whether this record is where the secret of an earlier session is wanted, and nobody has told it.
    pub(super) fn begins_to_wait(&mut self, record: &Record<'_>) -> bool {
        let begins = self.wants_origin(record) && !self.knows_origin(record.at());
        if begins {
            let room = Arc::clone(&self.keys.room);
            self.awaiting = Awaiting::Origin(Waiting { arrivals: Vec::new(), bytes: 0, room });
        }
        begins
    }

    fn wants_origin(&self, record: &Record<'_>) -> bool {
        matches!(self.awaiting, Awaiting::Nothing)
            && record.header.content_type == ContentType::CHANGE_CIPHER_SPEC
            && self.facts.client_key_exchange_at.is_none()
            && self.facts.certificates.is_empty()
            && !self.facts.is_tls13()
            && !self.negotiation.has_secret()
            && self.negotiation.resumption().is_some()
            && !(self.keys.ring.is_empty() && self.keys.ring.keylog().is_empty())
    }

    /// Takes what is not read yet; if it is too much, all of it is read now.
    pub(super) fn wait_with(&mut self, from: Role, arrival: Arrival, out: &mut Out<'_>) {
        let Awaiting::Origin(waiting) = &mut self.awaiting else { return };
        let bytes = arrival.bytes();
        waiting.arrivals.push((from, arrival));
        waiting.bytes += bytes;
        if !waiting.room.take(bytes) || waiting.bytes > MOST_BYTES {
            self.settle(out);
        }
    }

    /// Reads what waits: nothing more will be known of its origin.
    pub fn settle(&mut self, out: &mut Out<'_>) {
        if !self.is_waiting() {
            return;
        }
        let awaiting = mem::replace(&mut self.awaiting, Awaiting::Over);
        let Awaiting::Origin(mut waiting) = awaiting else { return };
        for (from, arrival) in mem::take(&mut waiting.arrivals) {
            self.read_arrival(from, &arrival, out);
        }
    }

    fn read_arrival(&mut self, from: Role, arrival: &Arrival, out: &mut Out<'_>) {
        match arrival {
            Arrival::Record(record) => self.on_record(from, &record.as_record(), out),
            &Arrival::Gap(gap, at, cut) => self.on_gap(from, gap, at, cut, out),
            Arrival::NotTls(bytes, at) => self.on_not_tls(from, bytes, *at, out),
            Arrival::MoreOfIt(bytes) => self.quote(from, bytes),
        }
    }
}
