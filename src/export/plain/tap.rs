//! Listens to one connection, and writes aside what becomes its packets.

use std::io;
use std::mem;
use std::sync::mpsc::Sender as Channel;

use super::piece::{Piece, Rank, Sender, What};
use super::stream::Numbers;
use crate::engine::Tap;
use crate::export::lane::{Content, Run};
use crate::export::masked_stream::{MaskedStream, Shows};
use crate::export::runs::{Writer, Written};
use crate::export::segment::{ACK, FIN, PSH, RST, SYN};
use crate::flow::{PacketSeen, TcpEvent};
use crate::moment::Span;
use crate::report::SessionReport;
use crate::role::{PerRole, Role};
use crate::session::Observer;
use crate::smtp::{SecretSpan, SmtpEvent};

/// The urgent pointer goes with the data that it points to.
const URG: u8 = 0x20;

/// One session, written aside.
pub(super) struct Plain {
    /// The session's first frame, which no other session has.
    pub(super) first_frame: u64,
    pub(super) numbers: Numbers,
    pub(super) missing: PerRole<u64>,
    pub(super) written: io::Result<Written<Piece>>,
}

/// Takes the packets that open and close a connection, and what is said in between.
pub(super) struct PlainTap {
    masked: MaskedStream,
    pieces: Pieces,
    done: Channel<Plain>,
}

/// What becomes packets.
struct Pieces {
    /// The bytes of a run that has not come wholly.
    partial: PerRole<Vec<u8>>,
    numbers: Numbers,
    life: Stage,
    missing: PerRole<u64>,
    order: u64,
    out: Writer<Piece>,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    New,
    /// The SYN was answered.
    Answered,
    Open,
    Closing,
}

impl PlainTap {
    pub(super) fn new(shows: Shows, out: Writer<Piece>, done: Channel<Plain>) -> Self {
        let pieces = Pieces {
            partial: PerRole::default(),
            numbers: Numbers { first: None, bases: [None; 2], total: PerRole::default() },
            life: Stage::default(),
            missing: PerRole::default(),
            order: 0,
            out,
        };
        Self { masked: MaskedStream::new(shows), pieces, done }
    }
}

impl Pieces {
    fn push(&mut self, rank: Rank, at: Span, sender: Sender, what: What) {
        self.out.push(Piece::new(rank, self.order, at, sender, what));
        self.order += 1;
    }

    /// Learns where the numbers of each end begin.
    fn learn(&mut self, packet: &PacketSeen) -> Sender {
        let first = *self.numbers.first.get_or_insert(packet.source);
        let [mine, theirs] = match packet.source == first {
            true => [0, 1],
            false => [1, 0],
        };
        let bases = &mut self.numbers.bases;
        match packet.flags & SYN != 0 {
            true => bases[mine] = Some(packet.seq.wrapping_add(1)),
            false => _ = bases[mine].get_or_insert(packet.seq),
        }
        if let Some(ack) = packet.ack {
            bases[theirs].get_or_insert(ack);
        }
        if mine == 0 { Sender::First } else { Sender::Second }
    }

    /// Whether a packet opens or closes the connection. Other acknowledgements are left out: they
    /// acknowledge ciphertext.
    fn rank(&mut self, packet: &PacketSeen) -> Option<Rank> {
        let has = |flag: u8| packet.flags & flag != 0;
        if has(SYN) {
            self.life = if has(ACK) { Stage::Answered } else { self.life };
            return Some(Rank::Opens);
        }
        if has(FIN | RST) {
            self.life = Stage::Closing;
            return Some(Rank::Closes);
        }
        let is_bare = packet.len == 0;
        match self.life {
            Stage::Answered => {
                self.life = Stage::Open;
                is_bare.then_some(Rank::Opens)
            }
            Stage::Closing => is_bare.then_some(Rank::Closes),
            Stage::New | Stage::Open => None,
        }
    }

    /// Takes what is known to be no secret. A record is one segment, however it comes here.
    fn take(&mut self, from: Role, run: &Run<'_, Span>) {
        let total = &mut self.numbers.total[from];
        match run.content {
            Content::Bytes(bytes) => {
                *total = run.offset.saturating_add(bytes.len() as u64);
                let end = *total;
                self.partial[from].extend_from_slice(bytes);
                if run.is_end {
                    let bytes = mem::take(&mut self.partial[from]);
                    let start = end.saturating_sub(bytes.len() as u64);
                    let what = What::Data(start, bytes);
                    self.push(Rank::Says, run.known, Sender::Known(from), what);
                }
            }
            Content::Body(len) | Content::Gap(len) => {
                *total = run.offset.saturating_add(len);
                self.missing[from] = self.missing[from].saturating_add(len);
            }
        }
    }
}

impl Observer for PlainTap {
    fn tcp(&mut self, event: &TcpEvent<'_>) {
        let TcpEvent::Packet(packet) = event else { return };
        let pieces = &mut self.pieces;
        let sender = pieces.learn(packet);
        let rank = pieces.rank(packet).filter(|_| !packet.is_copy);
        let Some(rank) = rank else { return };
        // What it carries comes as data.
        let flags = packet.flags & !(PSH | URG);
        pieces.push(rank, packet.at.into(), sender, What::Flags(flags));
    }

    fn moment(&mut self, at: Span) {
        self.masked.moment(at);
    }

    fn bytes(&mut self, from: Role, bytes: &[u8]) {
        self.masked.bytes(from, bytes);
    }

    fn gap(&mut self, from: Role, bytes: u64) {
        self.masked.gap(from, bytes);
    }

    fn smtp(&mut self, event: &SmtpEvent<'_>) {
        self.masked.smtp(event);
    }

    fn doubts(&mut self, doubts: &[SecretSpan]) {
        let Self { masked, pieces, .. } = self;
        masked.release(doubts, &mut |from, run| pieces.take(from, &run));
    }
}

impl Tap for PlainTap {
    fn finish(self: Box<Self>, session: Option<&SessionReport>) {
        let Self { masked, mut pieces, done } = *self;
        masked.finish(&mut |from, run| pieces.take(from, &run));
        let Pieces { numbers, missing, out, .. } = pieces;
        let Some(session) = session else { return out.discard() };
        let first_frame = session.frames.first;
        // The other end is gone only if the run is over.
        let _ = done.send(Plain { first_frame, numbers, missing, written: out.finish() });
    }
}
