//! Packets of the connections that concern us, out of all that a capture has: what of a fleet's
//! captures is worth carrying to where it is read. No key is needed for that.
//!
//! Ports of mail are known at once; what another connection is, its first bytes tell, and until then
//! its packets wait, and those behind them.

use std::cell::Cell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::capture::{Capture, FileFacts, LinkType, Packet, Secrets};
use crate::decode::{self, Decoder, Segment, Skip};
use crate::flow::{Conversation, FlowKey, FlowTable, TcpEvent};
use crate::moment::Timestamp;
use crate::session::{Prospect, Session, Setup};

/// Bytes of packets that wait. When there are more, the oldest are kept though nothing is known of
/// their connection: of 10 Gbit/s this is the last twentieth of a second, and handshakes take less.
const MOST_WAITING: usize = 64 << 20;

/// What a packet that waits costs beside its bytes.
const WAITING: usize = std::mem::size_of::<Waiting>();

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
/// on every machine.
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
/// or from one of `ports` do, whatever they say.
pub fn run(
    capture: &mut Capture,
    setup: &Arc<Setup>,
    ports: &[u16],
    take: &mut dyn FnMut(Kept),
) -> Tally {
    let mut decoder = Decoder::new();
    let mut table = FlowTable::default();
    let mut queue = Queue::default();
    let mut tally = Tally::default();
    let mut file: Arc<str> = "".into();
    loop {
        let waiting_secrets = capture.take_secrets();
        waiting_secrets.into_iter().for_each(|block| queue.push(Waiting::Secrets(block)));
        let Some(packet) = capture.next_packet() else { break };
        tally.packets += 1;
        tally.bytes += packet.data.len() as u64;
        let Some(place) = look(&packet, &mut decoder, &mut table, setup, ports) else { continue };
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
        queue.release(MOST_WAITING, &mut tally, take);
    }
    tally.connections = table.created();
    table.finish(Sifted::end);
    queue.release(0, &mut tally, take);
    tally
}

/// Where a packet belongs.
enum Place {
    Of(Fate, Shard),
    Part,
}

/// Where a packet belongs, if anywhere. One that carries several segments is of the last connection
/// that may concern us.
fn look(
    packet: &Packet<'_>,
    decoder: &mut Decoder,
    table: &mut FlowTable<Sifted>,
    setup: &Arc<Setup>,
    ports: &[u16],
) -> Option<Place> {
    let mut place = None;
    for frame in decode::frames(packet) {
        match decoder.decode(&frame) {
            Ok(segment) => place = sift(&segment, table, setup, ports).or(place),
            Err(Skip::Fragment) => place = Some(Place::Part),
            Err(_) => {}
        }
    }
    place
}

fn sift(
    segment: &Segment<'_>,
    table: &mut FlowTable<Sifted>,
    setup: &Arc<Setup>,
    ports: &[u16],
) -> Option<Place> {
    let begin = |number| Sifted::new(Session::new(number, Arc::clone(setup), None));
    let sifted = table.feed(segment, begin, Sifted::end);
    let is_named =
        [segment.source, segment.destination].iter().any(|end| ports.contains(&end.port()));
    let key = FlowKey::new(segment.source, segment.destination);
    let fate = sifted.look(is_named);
    (fate.0.get() != Prospect::Dropped).then(|| Place::Of(fate, Shard::of(&key)))
}

/// A packet without its place, which the capture tells when it is given back.
fn origin_of(packet: &Packet<'_>) -> Origin {
    let Packet { ts, link, wire_len, data, .. } = *packet;
    Origin { ts, link, wire_len, data: data.to_vec(), file: "".into(), number: 0 }
}

/// What becomes of the packets of a connection; they and it share one.
#[derive(Clone)]
struct Fate(Rc<Cell<Prospect>>);

/// A connection that is looked at until its fate is known.
struct Sifted {
    session: Session,
    fate: Fate,
}

impl Sifted {
    fn new(session: Session) -> Self {
        Self { session, fate: Fate(Rc::new(Cell::new(Prospect::Unknown))) }
    }

    fn look(&self, is_named: bool) -> Fate {
        if self.fate.0.get() == Prospect::Unknown {
            let prospect = if is_named { Prospect::Kept } else { self.session.prospect() };
            self.fate.0.set(prospect);
        }
        self.fate.clone()
    }

    /// It is over, and what it is has been decided.
    fn end(self) {
        self.fate.keep_the_unknown();
    }
}

impl Fate {
    fn keep_the_unknown(&self) {
        if self.0.get() == Prospect::Unknown {
            self.0.set(Prospect::Kept);
        }
    }
}

impl Conversation for Sifted {
    fn client_of(&self, ends: [SocketAddr; 2], first: [&[u8]; 2]) -> usize {
        self.session.client_of(ends, first)
    }

    fn on_tcp(&mut self, event: TcpEvent<'_>) {
        let is_over = matches!(event, TcpEvent::Finished(_));
        if is_over && self.fate.0.get() == Prospect::Unknown {
            self.fate.0.set(self.session.last_prospect());
        }
        self.session.on_tcp(event);
    }
}

/// What waits for its turn: packets come out in the order in which they came in.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

enum Waiting {
    Packet(Origin, Fate, Shard),
    Part(Origin),
    Secrets(Secrets),
}

impl Waiting {
    fn bytes(&self) -> usize {
        WAITING
            + match self {
                Self::Packet(origin, ..) | Self::Part(origin) => origin.data.len(),
                Self::Secrets(secrets) => secrets.data.len(),
            }
    }

    fn is_decided(&self) -> bool {
        !matches!(self, Self::Packet(_, fate, _) if fate.0.get() == Prospect::Unknown)
    }

    fn keep(self) -> Option<Kept> {
        match self {
            Self::Packet(origin, fate, shard) => {
                fate.keep_the_unknown();
                (fate.0.get() == Prospect::Kept).then_some(Kept::Packet(origin, shard))
            }
            Self::Part(origin) => Some(Kept::Part(origin)),
            Self::Secrets(secrets) => Some(Kept::Secrets(secrets)),
        }
    }
}

impl Queue {
    fn push(&mut self, waiting: Waiting) {
        self.bytes += waiting.bytes();
        self.waiting.push_back(waiting);
    }

    /// Lets go what is decided, and what is too much.
    fn release(&mut self, most: usize, tally: &mut Tally, take: &mut dyn FnMut(Kept)) {
        while self.waiting.front().is_some_and(|next| next.is_decided() || self.bytes > most) {
            let Some(next) = self.waiting.pop_front() else { return };
            self.bytes -= next.bytes();
            let Some(kept) = next.keep() else { continue };
            if let Kept::Packet(origin, _) | Kept::Part(origin) = &kept {
                tally.kept_packets += 1;
                tally.kept_bytes += origin.data.len() as u64;
            }
            take(kept);
        }
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
