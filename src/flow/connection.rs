//! One connection: both directions, put into an order in which they can have happened.
//!
//! Files lie about order: two network queues swap packets, rotated files overlap, people sort. What
//! does not lie are the numbers in the packets. A segment is handed on when all bytes of its own
//! direction before it have been, and all bytes of the other direction that it acknowledges.
//! What is missing is waited for, but not for ever: the limits below say how long.

use std::net::SocketAddr;

use super::analysis::{Fingerprint, TcpFacts};
use super::half::{Half, HeldBody};
use super::key::{FlowKey, Side};
use super::{Body, Chunk, Conversation, Gap, GapCause, TcpEvent};
use crate::decode::Segment;
use crate::moment::{Moment, Timestamp};
use crate::role::{PerRole, Role};

/// How much may wait, and for how long, before what it waits for is declared lost.
struct Patience {
    segments: usize,
    bytes: usize,
    ns: i64,
}

/// For bytes that the peer has acknowledged: they arrived, so no retransmission will come. Only a
/// capture out of order can still bring them, and 256 packets is more than any queue swaps.
const ARRIVED: Patience = Patience { segments: 256, bytes: 512 << 10, ns: 10_000_000_000 };

/// For bytes not acknowledged: a retransmission may come after two minutes (RFC 6298 §2.4 lets
/// the timer grow beyond 60 s), and a window of 4 MiB may be under way behind the hole.
const UNDER_WAY: Patience = Patience { segments: 4096, bytes: 4 << 20, ns: 120_000_000_000 };

/// A filler this long after its successor, in ns, was sent again rather than overtaken, where no
/// round trip is known (3 ms, as Wireshark's `tcp.analysis.out_of_order`).
const OVERTAKEN: i64 = 3_000_000;

/// A connection that was reset or closed from both ends is kept so long, in ns of capture time,
/// for packets that come late (10 s).
const LINGER: i64 = 10_000_000_000;

/// A connection that never got further than its SYN is given up after so long (5 min: Linux stops
/// trying after 127 s).
const SYN_TIMEOUT: i64 = 300_000_000_000;

/// An open connection without a packet is given up after so long (30 min; the longest timeout of
/// SMTP is 10 min, RFC 5321 §4.5.3.2.6).
const IDLE_TIMEOUT: i64 = 1_800_000_000_000;

/// A segment that cannot be placed yet, because where its direction starts is not known.
struct Unplaced {
    side: Side,
    at: Moment,
    seq: u32,
    ack: Option<u32>,
    fin: bool,
    payload: Box<[u8]>,
    cut: u32,
}

/// What keeps the earliest waiting segment from being handed on.
enum Obstacle {
    /// Bytes of this side are missing, up to the offset.
    Hole(Side, u64),
    /// Each side's next segment acknowledges the other's: no true connection does that.
    Circle(Side),
}

pub(super) struct Connection<C> {
    /// Order of creation, which is the order of first packets.
    pub(super) number: u64,
    ends: [SocketAddr; 2],
    halves: [Half; 2],
    client: Option<Side>,
    /// No more waiting for a SYN: what is known of the starts is all there will be.
    settled: bool,
    unplaced: Vec<Unplaced>,
    unplaced_bytes: usize,
    newest: Timestamp,
    /// When something was last handed on, or began to wait.
    progress: Timestamp,
    span: Option<(Moment, Moment)>,
    frames: Option<(u64, u64)>,
    syn: Option<Moment>,
    syn_ack: Option<Moment>,
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
            frames: None,
            syn: None,
            syn_ack: None,
            scheduled: Timestamp(i64::MAX),
            conversation,
        }
    }

    /// Whether a segment opens another connection between the same ends.
    pub(super) fn is_replaced_by(&self, side: Side, segment: &Segment<'_>) -> bool {
        let opens = segment.flags.syn() && !segment.flags.ack();
        let base = self.halves[side.index()].base;
        opens && base.is_some_and(|base| base != segment.seq.wrapping_add(1))
    }

    /// When the connection is over unless another packet comes.
    pub(super) fn deadline(&self) -> Timestamp {
        let patience = if self.is_closed() {
            LINGER
        } else if self.halves.iter().all(|half| half.top == 0) {
            SYN_TIMEOUT
        } else {
            IDLE_TIMEOUT
        };
        self.newest.plus(patience)
    }

    fn is_closed(&self) -> bool {
        self.halves.iter().any(|half| half.rst_at.is_some())
            || self.halves.iter().all(|half| half.fin_at.is_some())
    }

    /// Takes a packet.
    pub(super) fn accept(&mut self, side: Side, segment: &Segment<'_>) {
        self.count(side, segment);
        self.learn(side, segment);
        let half = &self.halves[side.index()];
        let peer = &self.halves[side.peer().index()];
        let unknown = half.base.is_none() || (segment.flags.ack() && peer.base.is_none());
        if unknown && !self.settled {
            self.postpone(side, segment);
        } else {
            let ack = segment.flags.ack().then_some(segment.ack);
            let start = segment.seq.wrapping_add(u32::from(segment.flags.syn()));
            let fin = segment.flags.fin();
            self.place(side, segment.at, start, ack, fin, segment.payload, segment.cut);
        }
        self.force_if_overdue();
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

    /// Counts the packet and notes what its flags say of the connection's life.
    fn count(&mut self, side: Side, segment: &Segment<'_>) {
        let at = segment.at;
        self.newest = self.newest.max(at.ts);
        self.span = Some(self.span.map_or((at, at), |(a, z)| (a.min(at), z.max(at))));
        let frame = at.frame;
        self.frames =
            Some(self.frames.map_or((frame, frame), |(a, z)| (a.min(frame), z.max(frame))));
        let half = &mut self.halves[side.index()];
        half.counters.packets += 1;
        let flags = segment.flags;
        if segment.window == 0 && !flags.syn() && !flags.rst() && !flags.fin() {
            half.counters.zero_windows += 1;
        }
        if flags.fin() {
            half.fin_at = earliest(half.fin_at, at);
        }
        if flags.rst() {
            half.rst_at = earliest(half.rst_at, at);
        }
        let print = Fingerprint {
            seq: segment.seq,
            ack: segment.ack,
            flags: flags.0,
            window: segment.window,
            len: segment.payload.len(),
            ip_id: segment.ip_id,
        };
        if half.recent.is_copy(print, at.ts) {
            half.counters.duplicate_packets += 1;
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
        self.halves[me].base.get_or_insert(segment.seq.wrapping_add(1));
        if let (Some(syn), Some(syn_ack)) = (self.syn, self.syn_ack) {
            let client = if flags.ack() { peer } else { me };
            self.halves[client].saw_answer(syn_ack.ts - syn.ts);
        }
        self.identify_client(if flags.ack() { side.peer() } else { side });
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

    fn identify_client(&mut self, side: Side) {
        if self.client.is_some() {
            return;
        }
        self.client = Some(side);
        let client = self.ends[side.index()];
        let server = self.ends[side.peer().index()];
        self.conversation.on_tcp(TcpEvent::Opened { client, server });
    }

    fn role(&self, side: Side) -> Role {
        if self.client == Some(side) { Role::Client } else { Role::Server }
    }

    /// Keeps a segment until it is known where the streams start. An RST, and an acknowledgement
    /// alone, tell nothing that would have to wait.
    fn postpone(&mut self, side: Side, segment: &Segment<'_>) {
        if segment.flags.rst() || segment.flags.syn() && segment.payload.is_empty() {
            return;
        }
        if self.unplaced.is_empty() {
            self.progress = segment.at.ts;
        }
        self.unplaced_bytes += segment.payload.len();
        self.unplaced.push(Unplaced {
            side,
            at: segment.at,
            seq: segment.seq.wrapping_add(u32::from(segment.flags.syn())),
            ack: segment.flags.ack().then_some(segment.ack),
            fin: segment.flags.fin(),
            payload: segment.payload.into(),
            cut: segment.cut,
        });
    }

    /// Stops waiting for a SYN: the streams start with the first byte seen or acknowledged.
    fn settle(&mut self) {
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
            self.identify_client(if client == 0 { Side::A } else { Side::B });
        }
        for segment in &unplaced {
            let Unplaced { side, at, seq, ack, fin, payload, cut } = segment;
            self.place(*side, *at, *seq, *ack, *fin, payload, *cut);
        }
    }

    /// Puts a segment where it belongs, and hands on what has become ready.
    #[expect(clippy::too_many_arguments, reason = "the fields of a segment, owned or borrowed")]
    fn place(
        &mut self,
        side: Side,
        at: Moment,
        seq: u32,
        ack: Option<u32>,
        fin: bool,
        payload: &[u8],
        cut: u32,
    ) {
        if let Some(ack) = ack {
            self.halves[side.peer().index()].acknowledge(ack, at);
        }
        // Only data and FIN have a place in the stream: a stray SYN or RST must not make one.
        if payload.is_empty() && cut == 0 && !fin {
            return self.pump();
        }
        let half = &mut self.halves[side.index()];
        half.base.get_or_insert(seq);
        let Some(offset) = half.offset_of(seq) else { return };
        let end = offset + payload.len() as i64 + i64::from(cut);
        if fin && end >= 0 {
            half.fin.get_or_insert(end.cast_unsigned());
        }
        // What lies before the start of the stream is a keep-alive or was delivered long ago.
        let early = usize::try_from(-offset.min(0)).unwrap_or(usize::MAX);
        let payload = payload.get(early..).unwrap_or_default();
        let offset = offset.max(0).cast_unsigned();
        self.deliver_or_hold(side, at, offset, ack, payload, cut);
        self.pump();
    }

    fn deliver_or_hold(
        &mut self,
        side: Side,
        at: Moment,
        offset: u64,
        ack: Option<u32>,
        payload: &[u8],
        cut: u32,
    ) {
        let end = offset.saturating_add(payload.len() as u64);
        let half = &self.halves[side.index()];
        let straight = cut == 0 && half.held.is_empty() && offset <= half.next;
        let delivered = half.next;
        if straight && end > delivered && self.has_read(side, ack) {
            let fresh = usize::try_from(delivered - offset).unwrap_or(usize::MAX);
            let bytes = payload.get(fresh..).unwrap_or_default();
            self.classify(side, at, offset, end, bytes.len() as u64);
            return self.emit_bytes(side, at, bytes);
        }
        if self.nothing_waits() {
            self.progress = at.ts;
        }
        let half = &mut self.halves[side.index()];
        let fresh = half.hold(offset, payload, at, ack);
        half.hold_cut(end, u64::from(cut), at, ack);
        self.classify(side, at, offset, end, fresh);
        let half = &mut self.halves[side.index()];
        half.top = half.top.max(end.saturating_add(u64::from(cut)));
    }

    /// Tells new bytes from bytes sent again and from bytes overtaken on their way.
    fn classify(&mut self, side: Side, at: Moment, offset: u64, end: u64, fresh: u64) {
        let round_trip = self.halves.iter().filter_map(|half| half.quickest_ack_ns).sum();
        let half = &mut self.halves[side.index()];
        if offset == end {
            return;
        }
        half.counters.stream_bytes += fresh;
        let late = (at.ts - half.top_ts).saturating_abs();
        if offset >= half.top {
            (half.top, half.top_ts) = (end, at.ts);
            half.sample.get_or_insert((end, at.ts));
            return;
        }
        half.sample = None;
        // A keep-alive repeats the last byte, or one before the first (RFC 9293 §3.8.4).
        let keep_alive = fresh == 0 && end - offset == 1 && end == half.next;
        if keep_alive {
            return;
        }
        if fresh > 0 && end <= half.top && late <= OVERTAKEN.max(round_trip) {
            half.counters.out_of_order += 1;
            return;
        }
        half.top = half.top.max(end);
        half.counters.retransmissions += 1;
        let role = self.role(side);
        self.conversation.on_tcp(TcpEvent::Retransmission(role, at));
    }

    /// Whether everything that a segment of `side` acknowledges has been handed on.
    fn has_read(&self, side: Side, ack: Option<u32>) -> bool {
        let peer = &self.halves[side.peer().index()];
        let read = ack.and_then(|ack| peer.read_before(ack));
        read.is_none_or(|read| read <= peer.next)
    }

    fn nothing_waits(&self) -> bool {
        self.halves.iter().all(|half| half.held.is_empty())
    }

    /// Hands on whatever is in turn, until nothing moves.
    fn pump(&mut self) {
        while self.deliver_ready(Side::A) | self.deliver_ready(Side::B) {
            self.progress = self.newest;
        }
    }

    fn deliver_ready(&mut self, side: Side) -> bool {
        let mut moved = false;
        loop {
            let half = &self.halves[side.index()];
            let ready = half
                .head()
                .is_some_and(|(offset, held)| offset <= half.next && self.has_read(side, held.ack));
            if !ready {
                return moved;
            }
            self.deliver_head(side);
            moved = true;
        }
    }

    fn deliver_head(&mut self, side: Side) {
        let half = &mut self.halves[side.index()];
        let Some((offset, held)) = half.take_head() else { return };
        let old = usize::try_from(half.next.saturating_sub(offset)).unwrap_or(usize::MAX);
        match held.body {
            HeldBody::Bytes(bytes) => {
                self.emit_bytes(side, held.at, bytes.get(old..).unwrap_or_default());
            }
            HeldBody::Cut(len) => {
                let bytes = len.saturating_sub(old as u64);
                self.emit_gap(side, held.at, Gap { bytes, cause: GapCause::SnapLength });
            }
        }
    }

    fn emit_bytes(&mut self, side: Side, at: Moment, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let half = &mut self.halves[side.index()];
        let offset = half.next;
        half.next += bytes.len() as u64;
        let chunk = Chunk { from: self.role(side), offset, at, body: Body::Bytes(bytes) };
        self.conversation.on_tcp(TcpEvent::Data(chunk));
    }

    fn emit_gap(&mut self, side: Side, at: Moment, gap: Gap) {
        if gap.bytes == 0 {
            return;
        }
        let half = &mut self.halves[side.index()];
        let offset = half.next;
        half.next = half.next.saturating_add(gap.bytes);
        half.counters.lost_bytes += gap.bytes;
        if gap.cause == GapCause::SnapLength {
            half.counters.cut_bytes += gap.bytes;
        }
        let chunk = Chunk { from: self.role(side), offset, at, body: Body::Gap(gap) };
        self.conversation.on_tcp(TcpEvent::Data(chunk));
    }

    /// Stops waiting where the limits say so.
    fn force_if_overdue(&mut self) {
        if !self.settled && self.is_beyond(&ARRIVED, self.unplaced.len(), self.unplaced_bytes) {
            self.settle();
        }
        while self.is_overdue() && self.force() {}
    }

    fn is_overdue(&self) -> bool {
        let patience = match self.obstacle() {
            None => return false,
            Some(Obstacle::Hole(side, _)) => {
                let half = &self.halves[side.index()];
                if half.acked > half.next { &ARRIVED } else { &UNDER_WAY }
            }
            Some(Obstacle::Circle(_)) => &ARRIVED,
        };
        let segments = self.halves.iter().map(|half| half.held.len()).sum();
        let bytes = self.halves.iter().map(|half| half.allocated).sum();
        self.is_beyond(patience, segments, bytes)
    }

    fn is_beyond(&self, patience: &Patience, segments: usize, bytes: usize) -> bool {
        let waits = segments > 0 && self.newest - self.progress > patience.ns;
        waits || segments > patience.segments || bytes > patience.bytes
    }

    /// What the earliest captured of the waiting segments waits for.
    fn obstacle(&self) -> Option<Obstacle> {
        let heads = Side::BOTH.map(|side| Some((self.halves[side.index()].head()?.1.at, side)));
        let (_, side) = heads.into_iter().flatten().min_by_key(|&(at, _)| at)?;
        let half = &self.halves[side.index()];
        let (offset, held) = half.head()?;
        if offset > half.next {
            return Some(Obstacle::Hole(side, offset));
        }
        let peer = &self.halves[side.peer().index()];
        let read = held.ack.and_then(|ack| peer.read_before(ack)).unwrap_or(peer.next);
        let until = peer.head().map_or(read, |(first, _)| first.min(read));
        if until > peer.next {
            return Some(Obstacle::Hole(side.peer(), until));
        }
        Some(Obstacle::Circle(side))
    }

    /// Declares the obstacle lost and goes on. False when nothing waits.
    fn force(&mut self) -> bool {
        let Some(obstacle) = self.obstacle() else { return false };
        match obstacle {
            Obstacle::Hole(side, until) => {
                let at = self.revealed_at(side);
                let bytes = until.saturating_sub(self.halves[side.index()].next);
                self.emit_gap(side, at, Gap { bytes, cause: GapCause::Lost });
            }
            Obstacle::Circle(side) => self.deliver_head(side),
        }
        self.pump();
        true
    }

    /// The packet that showed a hole: the first behind it, or the one that acknowledged it.
    fn revealed_at(&self, side: Side) -> Moment {
        let half = &self.halves[side.index()];
        let behind = half.head().map(|(_, held)| held.at);
        let acked = (half.acked > half.next).then_some(half.acked_at);
        behind.into_iter().chain(acked).min().unwrap_or_default()
    }

    /// At the end, bytes that the peer acknowledged and no frame had are a hole as well. One byte
    /// beyond the data of a direction without FIN is the number of a FIN that was not captured.
    fn declare_unseen_tail(&mut self, side: Side) {
        let half = &self.halves[side.index()];
        let bytes = half.acked.saturating_sub(half.next);
        let is_fin = half.fin.is_none() && bytes == 1;
        if bytes > 0 && !is_fin {
            self.emit_gap(side, half.acked_at, Gap { bytes, cause: GapCause::Lost });
        }
    }

    fn facts(&self) -> TcpFacts {
        let side = |role| match (self.client, role) {
            (Some(Side::B), Role::Client) | (Some(Side::A) | None, Role::Server) => 1,
            _ => 0,
        };
        let half = |role| &self.halves[side(role)];
        TcpFacts {
            syn: self.syn,
            syn_ack: self.syn_ack,
            established: self.syn_ack.and(half(Role::Client).first_ack_at),
            fin: PerRole::new(|role| half(role).fin_at),
            rst: PerRole::new(|role| half(role).rst_at),
            span: self.span,
            frames: self.frames,
            counters: PerRole::new(|role| half(role).counters),
            quickest_ack_ns: PerRole::new(|role| half(role).quickest_ack_ns),
        }
    }
}

fn earliest(known: Option<Moment>, at: Moment) -> Option<Moment> {
    Some(known.map_or(at, |known| known.min(at)))
}

/// The lowest sequence number that was seen of a side or acknowledged by its peer.
fn first_number(side: Side, unplaced: &[Unplaced]) -> Option<u32> {
    let sent = unplaced.iter().filter(|s| s.side == side).map(|s| s.seq);
    // An acknowledgement says where a direction starts only if that direction was seen at all.
    let own: Vec<u32> = sent.collect();
    let &anchor = own.first()?;
    let acked = unplaced.iter().filter(|s| s.side != side).filter_map(|s| s.ack);
    own.iter().copied().chain(acked).min_by_key(|n| n.wrapping_sub(anchor).cast_signed())
}

/// The first payload of a side in stream order.
fn first_bytes(side: Side, unplaced: &[Unplaced]) -> &[u8] {
    let mine = || unplaced.iter().filter(|s| s.side == side && !s.payload.is_empty());
    let Some(anchor) = mine().next() else { return &[] };
    let first = mine().min_by_key(|s| s.seq.wrapping_sub(anchor.seq).cast_signed());
    first.map_or(&[], |s| &s.payload)
}
