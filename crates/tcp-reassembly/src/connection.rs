//! One connection: what its packets say of its life, and where its streams start.

use std::net::SocketAddr;

use super::analysis::TcpFacts;
use super::delivery::Piece;
use super::half::Half;
use super::key::{FlowKey, Side};
use super::nagle::Paths;
use super::sightings::Around;
use super::{Conversation, PacketSeen, TcpEvent};
use crate::moment::{Moment, Timestamp};
use crate::role::{PerRole, Role};
use capture_terms::segment::{IcmpError, Segment};

/// A connection that was closed from both ends is kept so long, in ns of capture time, for packets
/// that come late (10 s).
pub(super) const LINGER: i64 = 10_000_000_000;

/// One that was reset, or whose FIN nobody acknowledged, is kept longer: an end that has not heard of
/// it sends again, up to two minutes later (RFC 6298 §2.4), and is no new connection (130 s).
pub(super) const LINGER_UNHEARD: i64 = 130_000_000_000;

/// A connection that never got further than its SYN is given up after so long (5 min: Linux stops
/// trying after 127 s).
pub(super) const SYN_TIMEOUT: i64 = 300_000_000_000;

/// An open connection without a packet is given up after so long (30 min; the longest timeout of
/// SMTP is 10 min, RFC 5321 §4.5.3.2.6).
pub(super) const IDLE_TIMEOUT: i64 = 1_800_000_000_000;

/// So many bytes may lie between a SYN that comes late and the first byte that was captured: more
/// than may wait for it (`delivery`: 512 KiB).
const FURTHEST_START: u32 = 1 << 20;

/// ICMP errors that are kept of a connection: each attempt may bring one, and the first tell.
pub(super) const MOST_ERRORS: usize = 8;

/// The largest shift of a window (RFC 7323 §2.3), assumed where no SYN tells.
const LARGEST_SHIFT: u8 = 14;

/// A piece that cannot be placed yet, because where its direction starts is not known.
pub(super) struct Unplaced {
    side: Side,
    /// Without its payload, which is kept beside it.
    piece: Piece<'static>,
    payload: Box<[u8]>,
}

impl Unplaced {
    fn piece(&self) -> Piece<'_> {
        Piece { payload: &self.payload, ..self.piece }
    }
}

/// A connection, and the conversation on it. How its segments find their turn is told in `delivery`.
pub(super) struct Connection<C> {
    /// Order of creation, which is the order of first packets.
    pub(super) number: u64,
    ends: [SocketAddr; 2],
    pub(super) halves: [Half; 2],
    client: Option<Side>,
    /// No more waiting for a SYN: what is known of the starts is all there will be.
    pub(super) settled: bool,
    pub(super) unplaced: Vec<Unplaced>,
    pub(super) unplaced_bytes: usize,
    pub(super) newest: Timestamp,
    /// When something was last handed on, or began to wait.
    pub(super) progress: Timestamp,
    span: Option<(Moment, Moment)>,
    last_sent: Option<Moment>,
    frames: Option<(u64, u64)>,
    syn: Option<Moment>,
    syns: u64,
    syn_ack: Option<Moment>,
    errors: Vec<IcmpError>,
    /// When the table looks at this connection again.
    pub(super) scheduled: Timestamp,
    pub(super) conversation: C,
}

impl<C: Conversation> Connection<C> {
    pub(super) fn new(number: u64, key: &FlowKey, conversation: C) -> Self {
        Self {
            number,
            ends: key.ends(),
            halves: [Half::default(), Half::default()],
            client: None,
            settled: false,
            unplaced: Vec::new(),
            unplaced_bytes: 0,
            newest: Timestamp(i64::MIN),
            progress: Timestamp(i64::MIN),
            span: None,
            last_sent: None,
            frames: None,
            syn: None,
            syns: 0,
            syn_ack: None,
            errors: Vec::new(),
            scheduled: Timestamp(i64::MAX),
            conversation,
        }
    }

    /// Whether a segment opens another connection between the same ends.
    pub(super) fn is_replaced_by(&self, side: Side, segment: &Segment<'_>) -> bool {
        if !segment.flags.syn() || segment.flags.rst() {
            return false;
        }
        let first = segment.seq.wrapping_add(1);
        match self.halves[side.index()].base {
            // A SYN-ACK that answers the SYN of this connection belongs to it.
            Some(base) if segment.flags.ack() => {
                let answered = self.halves[side.peer().index()].base;
                base != first
                    && answered.map_or_else(|| self.is_closed(), |base| base != segment.ack)
            }
            Some(base) => base != first,
            None => self.is_closed() && !self.may_begin_at(side, first),
        }
    }

    /// Whether what waits for a SYN of this side can have begun with one that comes so late.
    fn may_begin_at(&self, side: Side, first: u32) -> bool {
        let seen = first_number(side, &self.unplaced);
        seen.is_none_or(|seen| seen.wrapping_sub(first) <= FURTHEST_START)
    }

    /// When the connection is over unless another packet comes.
    pub(super) fn deadline(&self) -> Timestamp {
        let is_silent = self.halves.iter().all(|half| half.top == 0);
        let patience = if self.is_closed() {
            let heard = self.halves.iter().all(|half| half.fin_acked);
            if heard || is_silent { LINGER } else { LINGER_UNHEARD }
        } else if is_silent {
            SYN_TIMEOUT
        } else {
            IDLE_TIMEOUT
        };
        self.newest.plus(patience)
    }

    /// Nothing more is to come but what is late.
    pub(super) fn is_closed(&self) -> bool {
        self.halves.iter().any(|half| half.rst_at.is_some())
            || self.halves.iter().all(|half| half.fin_at.is_some())
    }

    /// Takes a packet.
    pub(super) fn accept(&mut self, side: Side, segment: &Segment<'_>) {
        let is_copy = self.count(side, segment);
        let packet = PacketSeen {
            at: segment.at,
            source: segment.source,
            seq: segment.seq,
            ack: segment.flags.ack().then_some(segment.ack),
            flags: segment.flags.0,
            window: segment.window,
            window_scale: segment.window_scale,
            len: segment.payload.len() as u64 + u64::from(segment.cut),
            cut: segment.cut,
            ip_id: segment.ip_id,
            is_copy,
        };
        self.conversation.on_tcp(TcpEvent::Packet(&packet));
        self.learn(side, segment);
        if !is_copy {
            self.note_repetition(side, segment);
            self.syns += u64::from(segment.flags.syn() && !segment.flags.ack());
            self.watch_stalls(side, segment);
        }
        let shift = self.halves[side.index()].window_shift.unwrap_or(LARGEST_SHIFT);
        let piece = Piece { is_copy, ..Piece::of(segment, shift) };
        let half = &self.halves[side.index()];
        let peer = &self.halves[side.peer().index()];
        let unknown = half.base.is_none() || (segment.flags.ack() && peer.base.is_none());
        if unknown && !self.settled {
            self.postpone(side, segment, &piece);
        } else {
            self.place(side, &piece);
        }
        self.force_if_overdue();
    }

    /// Takes an error about one of its packets.
    pub(super) fn note(&mut self, error: &IcmpError) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(*error);
        }
    }

    /// Nothing more will come: what waits is handed on, what is missing is declared lost.
    pub(super) fn finish(mut self) -> C {
        self.settle();
        while self.force() {}
        for side in Side::BOTH {
            self.declare_unseen_tail(side);
        }
        let facts = self.facts();
        self.conversation.on_tcp(TcpEvent::Finished(&facts));
        self.conversation
    }

    /// Counts the packet and notes what its flags say of the connection's life. True if it was
    /// captured before.
    fn count(&mut self, side: Side, segment: &Segment<'_>) -> bool {
        let at = segment.at;
        self.newest = self.newest.max(at.ts);
        self.span = Some(self.span.map_or((at, at), |(a, z)| (a.min(at), z.max(at))));
        let frame = at.frame;
        self.frames =
            Some(self.frames.map_or((frame, frame), |(a, z)| (a.min(frame), z.max(frame))));
        let round_trip = self.round_trip();
        let half = &mut self.halves[side.index()];
        half.counters.packets += 1;
        let flags = segment.flags;
        half.doubt_reset(segment);
        if flags.fin() {
            half.fin_at = earliest(half.fin_at, at);
            if half.fin_at == Some(at) {
                half.fin_ack = segment.ack;
            }
        }
        if flags.rst() {
            half.rst_at = earliest(half.rst_at, at);
            half.rst_seq = segment.seq;
        }
        let around = Around { asked: half.times_asked(segment.seq), round_trip };
        if half.sightings.is_copy(segment, around) || half.is_late_copy(segment) {
            half.counters.duplicate_packets += 1;
            half.odd.duplicates.note(at);
            return true;
        }
        self.last_sent = self.last_sent.max(Some(at));
        half.hops.note(segment.hops, flags.rst());
        half.first_at = earliest(half.first_at, at);
        if !flags.syn() && !flags.rst() {
            half.window.announce(segment.window, at);
            half.counters.zero_windows += u64::from(segment.window == 0 && !flags.fin());
        }
        if flags.urg() && !segment.payload.is_empty() {
            half.odd.urgent.note(at);
        }
        false
    }

    /// The smallest round trip so far, both sides of the point of capture together, in ns.
    pub(super) fn round_trip(&self) -> i64 {
        self.halves.iter().filter_map(|half| half.quickest_ack_ns).sum()
    }

    /// Counts a SYN or FIN that was sent again, and requests for bytes that the sender of this packet
    /// misses. Bytes sent again are counted where they have a place.
    fn note_repetition(&mut self, side: Side, segment: &Segment<'_>) {
        let (flags, seq) = (segment.flags, segment.seq);
        let len = segment.payload.len() as u32 + segment.cut;
        let is_bare = len == 0 && !flags.syn() && !flags.fin() && !flags.rst();
        if is_bare && flags.ack() {
            self.halves[side.peer().index()].is_asked_for(segment.ack);
        }
        let half = &mut self.halves[side.index()];
        let mut is_again = false;
        if flags.syn() && !flags.rst() {
            is_again = half.syn_seq.replace(seq) == Some(seq);
        } else if flags.fin() {
            // Modulo 2^32 is meant: sequence numbers wrap.
            let end = seq.wrapping_add(len);
            half.fin_again |= half.fin_seq.replace(end) == Some(end);
            is_again = half.fin_again && len == 0;
        }
        if is_again {
            half.counters.retransmissions += 1;
            self.tell_retransmission(side, segment.at);
        }
    }

    /// Nobody is told before who is who is known.
    pub(super) fn tell_retransmission(&mut self, side: Side, at: Moment) {
        if self.client.is_some() {
            let role = self.role(side);
            self.conversation.on_tcp(TcpEvent::Retransmission(role, at));
        }
    }

    /// Sees whether a small segment was held back until an acknowledgement came.
    fn watch_stalls(&mut self, side: Side, segment: &Segment<'_>) {
        let (flags, at) = (segment.flags, segment.at);
        if flags.syn() || flags.rst() {
            return;
        }
        let quickest = |side: Side| self.halves[side.index()].quickest_ack_ns.unwrap_or(0);
        let paths =
            |sender: Side| Paths { sender: quickest(sender.peer()), receiver: quickest(sender) };
        let (mine, theirs) = (paths(side), paths(side.peer()));
        let len = segment.payload.len() as u64 + u64::from(segment.cut);
        if flags.ack() {
            let peer = &mut self.halves[side.peer().index()];
            peer.nagle.is_acknowledged(segment.ack, len == 0 && !flags.fin(), at, theirs);
        }
        if len > 0 {
            self.halves[side.index()].nagle.sends(segment.seq, len, at, mine);
        }
    }

    /// Learns from SYN and SYN-ACK who is the client and where the streams start.
    fn learn(&mut self, side: Side, segment: &Segment<'_>) {
        let (flags, at) = (segment.flags, segment.at);
        if !flags.syn() {
            return self.learn_first_ack(side, segment);
        }
        let (me, peer) = (side.index(), side.peer().index());
        if flags.ack() {
            self.syn_ack = earliest(self.syn_ack, at);
            self.halves[peer].base.get_or_insert(segment.ack);
        } else {
            self.syn = earliest(self.syn, at);
        }
        let first = segment.seq.wrapping_add(1);
        let half = &mut self.halves[me];
        half.base.get_or_insert(first);
        half.window_shift = Some(segment.window_scale.unwrap_or(0));
        if let (Some(syn), Some(syn_ack)) = (self.syn, self.syn_ack) {
            let client = if flags.ack() { peer } else { me };
            self.halves[client].saw_answer(syn_ack.ts - syn.ts);
        }
        self.identify_client(if flags.ack() { side.peer() } else { side }, true);
        if self.halves.iter().all(|half| half.base.is_some()) {
            self.settle();
        }
    }

    /// The client's first acknowledgement completes the handshake (RFC 9293 §3.5).
    fn learn_first_ack(&mut self, side: Side, segment: &Segment<'_>) {
        if !segment.flags.ack() || segment.flags.rst() {
            return;
        }
        let half = &mut self.halves[side.index()];
        let is_first = half.first_ack_at.is_none();
        half.first_ack_at = earliest(half.first_ack_at, segment.at);
        if let Some(syn_ack) = self.syn_ack.filter(|_| is_first && self.client == Some(side)) {
            self.halves[side.peer().index()].saw_answer(segment.at.ts - syn_ack.ts);
        }
    }

    fn identify_client(&mut self, side: Side, from_start: bool) {
        if self.client.is_some() {
            return;
        }
        self.client = Some(side);
        let client = self.ends[side.index()];
        let server = self.ends[side.peer().index()];
        self.conversation.on_tcp(TcpEvent::Opened { client, server, from_start });
    }

    pub(super) fn role(&self, side: Side) -> Role {
        if self.client == Some(side) { Role::Client } else { Role::Server }
    }

    /// Keeps a segment until it is known where the streams start. An RST, and an acknowledgement
    /// alone, tell nothing that would have to wait.
    fn postpone(&mut self, side: Side, segment: &Segment<'_>, piece: &Piece<'_>) {
        if segment.flags.rst() || segment.flags.syn() && segment.payload.is_empty() {
            return;
        }
        if self.unplaced.is_empty() {
            self.progress = segment.at.ts;
        }
        self.unplaced_bytes += segment.payload.len();
        self.unplaced.push(Unplaced {
            side,
            piece: Piece { payload: &[], ..*piece },
            payload: segment.payload.into(),
        });
    }

    /// Stops waiting for a SYN: the streams start with the first byte seen or acknowledged.
    pub(super) fn settle(&mut self) {
        self.settled = true;
        let unplaced = std::mem::take(&mut self.unplaced);
        self.unplaced_bytes = 0;
        for side in Side::BOTH {
            let base = first_number(side, &unplaced);
            let half = &mut self.halves[side.index()];
            half.base = half.base.or(base);
        }
        if self.client.is_none() && self.span.is_some() {
            let first = Side::BOTH.map(|side| first_bytes(side, &unplaced));
            let client = self.conversation.client_of(self.ends, first);
            self.identify_client(if client == 0 { Side::A } else { Side::B }, false);
        }
        for segment in &unplaced {
            self.place(segment.side, &segment.piece());
        }
    }

    fn facts(&self) -> TcpFacts {
        let side = |role| match (self.client, role) {
            (Some(Side::B), Role::Client) | (Some(Side::A) | None, Role::Server) => 1,
            _ => 0,
        };
        let half = |role| &self.halves[side(role)];
        TcpFacts {
            first_seq: PerRole::new(|role| half(role).base),
            syn: self.syn,
            syns: self.syns,
            syn_ack: self.syn_ack,
            established: self.syn_ack.and_then(|_| half(Role::Client).first_ack_at),
            fin: PerRole::new(|role| half(role).fin_at),
            fin_heard_all: PerRole::new(|role| half(role.peer()).ends_by(half(role).fin_ack)),
            rst: PerRole::new(|role| half(role).rst_at),
            span: self.span,
            last_sent: self.last_sent,
            frames: self.frames,
            counters: PerRole::new(|role| half(role).counters),
            odd: PerRole::new(|role| half(role).odd),
            unacknowledged: PerRole::new(|role| half(role).unacknowledged()),
            quickest_ack_ns: PerRole::new(|role| half(role).quickest_ack_ns),
            closures: PerRole::new(|role| {
                half(role).window.closures(self.span.map(|(_, last)| last))
            }),
            stalls: PerRole::new(|role| half(role).nagle.stalls),
            errors: self.errors.clone(),
            hops: PerRole::new(|role| half(role).hops),
            first_packet: PerRole::new(|role| half(role).first_at),
        }
    }
}

fn earliest(known: Option<Moment>, at: Moment) -> Option<Moment> {
    Some(known.map_or(at, |known| known.min(at)))
}

/// The lowest sequence number that was seen of a side or acknowledged by its peer.
fn first_number(side: Side, unplaced: &[Unplaced]) -> Option<u32> {
    let sent = unplaced.iter().filter(|s| s.side == side).map(|s| s.piece.seq);
    // An acknowledgement says where a direction starts only if that direction was seen at all.
    let own: Vec<u32> = sent.collect();
    let &anchor = own.first()?;
    let acked = unplaced.iter().filter(|s| s.side != side).filter_map(|s| s.piece.ack);
    own.iter().copied().chain(acked).min_by_key(|n| n.wrapping_sub(anchor).cast_signed())
}

/// The first payload of a side in stream order.
fn first_bytes(side: Side, unplaced: &[Unplaced]) -> &[u8] {
    let mine = || unplaced.iter().filter(|s| s.side == side && !s.payload.is_empty());
    let Some(anchor) = mine().next() else { return &[] };
    let first = mine().min_by_key(|s| s.piece.seq.wrapping_sub(anchor.piece.seq).cast_signed());
    first.map_or(&[], |s| &s.payload)
}
