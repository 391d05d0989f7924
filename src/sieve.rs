//! Packets of the connections that concern us, out of all that a capture has: what of a fleet's
//! captures is worth carrying to where it is read. No key is needed for that.
//!
//! Ports of mail are known at once; what another connection is, its first bytes tell, and until then
//! its packets wait, and those behind them.

mod sifted;
mod waiting;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::capture::{Capture, FileFacts, LinkType, Packet, Secrets};
use crate::decode::{self, Decoder, Segment, Skip};
use crate::flow::{CaptureClock, FlowKey, FlowTable, TableLimits};
use crate::limits::{Limit, limits};
use crate::moment::Timestamp;
use crate::session::{Retention, Session};
use crate::tls::Keys;
use sifted::{Fate, Sifted};
use waiting::{Queue, Waiting};

/// Bytes of packets that wait. When there are more, the oldest are kept though nothing is known of
/// their connection: of 10 Gbit/s this is the last twentieth of a second, and handshakes take less.
const MOST_WAITING: usize = 64 << 20;

/// Connections that may be open at one time. A half-open one costs about 2.6 KiB, so a flood of them is
/// held to 85 MiB; one more ends that which would end first, and what follows of it is looked at anew.
const MOST_OPEN: usize = 32 << 10;

/// Closed connections that are kept for late packets: those cost little here, for their fate is known.
const MOST_CLOSED: usize = 4 << 10;

const TABLE: TableLimits = TableLimits { open: MOST_OPEN, closed: MOST_CLOSED };

/// The limits of this room.
pub(crate) const LIMITS: &[Limit] = limits! { "sieve":
    MOST_WAITING => Bytes, "packets of connections of which `split` does not know yet what they are", "then the oldest are kept";
    MOST_OPEN => Count, "connections open at one time in `split`", "a flood is held to 85 MiB";
    MOST_CLOSED => Count, "closed connections that `split` keeps for late packets", "their fate is known, and they cost little";
};

/// What comes through.
#[derive(Debug)]
pub enum Kept {
    /// A packet of a connection.
    Packet(Origin, Shard),
    /// A part of an IP datagram: whose, only the last part tells.
    Part(Origin),
    /// Secrets, which serve the packets behind them.
    Secrets(Secrets),
}

/// A packet, and where it came from.
#[derive(Debug)]
pub struct Origin {
    /// When it was captured.
    pub ts: Timestamp,
    /// What its frame begins with.
    pub link: LinkType,
    /// Bytes on the wire.
    pub wire_len: u32,
    /// The bytes captured.
    pub data: Vec<u8>,
    /// The file that it was in.
    pub file: Arc<str>,
    /// Its number there, from 1.
    pub number: u64,
}

/// What decides to which shard a connection belongs: the same in both directions, in every file and
/// on every machine. Not [`FlowKey::spread`], by which the engine deals connections to its threads: a
/// shard would be the work of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard(u64);

impl Shard {
    /// Of a connection between two ends.
    #[must_use]
    pub fn of(key: &FlowKey) -> Self {
        let mut hash = Sha256::new();
        for end in key.ends() {
            hash.update(end.to_string());
            hash.update(b" ");
        }
        let first = hash.finalize().first_chunk().copied().unwrap_or_default();
        Self(u64::from_be_bytes(first))
    }

    /// Which one of so many shards, from 0.
    #[must_use]
    pub fn among(self, shards: u64) -> u64 {
        self.0 % shards.max(1)
    }
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Packets read.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packets that came through.
    pub kept_packets: u64,
    /// Their bytes.
    pub kept_bytes: u64,
    /// Connections seen.
    pub connections: u64,
}

/// Reads `capture` to its end and gives what concerns us to `take`, in order of time. Connections to
/// or from one of `ports` do, whatever they say; with `all_tls`, those that carry TLS do too.
pub fn run(
    capture: &mut Capture,
    all_tls: bool,
    ports: &[u16],
    take: &mut dyn FnMut(Kept),
) -> Tally {
    let (mut decoder, mut sieve) = (Decoder::new(), Sieve::new(all_tls, ports));
    let mut queue = Queue::default();
    let mut file: Arc<str> = "".into();
    loop {
        let waiting_secrets = capture.take_secrets();
        waiting_secrets.into_iter().for_each(|block| queue.push(Waiting::Secrets(block)));
        let Some(packet) = capture.next_packet() else { break };
        let Some(place) = look(&packet, &mut decoder, &mut sieve) else { continue };
        let mut origin = origin_of(&packet);
        if let Some(FileFacts { path, packets, .. }) = capture.whence() {
            if *file != **path {
                file = path.as_str().into();
            }
            (origin.file, origin.number) = (Arc::clone(&file), *packets);
        }
        queue.push(match place {
            Place::Of(fate, shard) => Waiting::Packet(origin, fate, shard),
            Place::Part => Waiting::Part(origin),
        });
        queue.release(MOST_WAITING, &mut sieve.tally, take);
    }
    let mut tally = sieve.finish();
    queue.release(0, &mut tally, take);
    tally
}

/// A packet without its place, which the capture tells when it is given back.
fn origin_of(packet: &Packet<'_>) -> Origin {
    let Packet { ts, link, wire_len, data, .. } = *packet;
    Origin { ts, link, wire_len, data: data.to_vec(), file: "".into(), number: 0 }
}

/// Where a packet belongs.
enum Place {
    Of(Fate, Shard),
    Part,
}

/// Where a packet belongs, if anywhere. One that carries several segments is of the last connection
/// that may concern us.
fn look(packet: &Packet<'_>, decoder: &mut Decoder, sieve: &mut Sieve<'_>) -> Option<Place> {
    sieve.count(packet);
    let mut place = None;
    for frame in decode::frames(packet) {
        match decoder.decode(&frame) {
            Ok(segment) => place = sieve.sift(&segment).or(place),
            Err(Skip::Fragment) => place = Some(Place::Part),
            Err(_) => {}
        }
    }
    place
}

/// Looks at connections until it knows whether they concern us.
struct Sieve<'s> {
    /// None: whoever has some reads what is kept.
    keys: Keys,
    all_tls: bool,
    ports: &'s [u16],
    clock: CaptureClock,
    table: FlowTable<Sifted>,
    tally: Tally,
}

impl<'s> Sieve<'s> {
    fn new(all_tls: bool, ports: &'s [u16]) -> Self {
        let (clock, table) = (CaptureClock::default(), FlowTable::new(TABLE));
        Self { keys: Keys::default(), all_tls, ports, clock, table, tally: Tally::default() }
    }

    /// Counts a packet, and ends the connections that are over before it.
    fn count(&mut self, packet: &Packet<'_>) {
        self.tally.packets += 1;
        self.tally.bytes += packet.data.len() as u64;
        let now = self.clock.advance(packet.ts);
        while self.table.first_over(now).is_some() {
            self.table.end_first();
        }
    }

    fn sift(&mut self, segment: &Segment<'_>) -> Option<Place> {
        let number = self.tally.connections + 1;
        let begin = || {
            self.tally.connections = number;
            let key = FlowKey::new(segment.source, segment.destination);
            let session = Session::new(number, self.keys.clone(), self.all_tls, ());
            Sifted::new(session, Shard::of(&key))
        };
        let sifted = self.table.feed(segment, number, begin, drop);
        let ends = [segment.source, segment.destination];
        let is_named = ends.iter().any(|end| self.ports.contains(&end.port()));
        let fate = sifted.look(is_named);
        (fate.get() != Retention::Dropped).then_some(Place::Of(fate, sifted.shard))
    }

    /// Nothing more will come.
    fn finish(mut self) -> Tally {
        for (_, key) in self.table.rest() {
            self.table.end(&key);
        }
        self.tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_has_one_shard_in_both_directions_and_on_every_machine() {
        let (x, y) = ("10.0.0.1:25".parse().unwrap(), "[2001:db8::1]:40000".parse().unwrap());
        let shard = Shard::of(&FlowKey::new(x, y));
        assert_eq!(shard, Shard::of(&FlowKey::new(y, x)));
        // `printf '10.0.0.1:25 [2001:db8::1]:40000 ' | sha256sum | cut -c1-16`
        assert_eq!(shard.0, 0x22db_5400_79f8_17f2);
        assert_eq!(shard.among(0), 0);
    }
}
