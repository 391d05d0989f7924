//! The order in which a connection's bytes are handed on: one in which it can have happened.
//!
//! Files lie about order: two network queues swap packets, rotated files overlap, people sort. What
//! does not lie are the numbers in the packets. A segment is handed on when all bytes of its own
//! direction before it have been, and all bytes of the other direction that it acknowledges.
//! What is missing is waited for, but not for ever: the limits below say how long.

use super::connection::Connection;
use super::half::HeldBody;
use super::holes::Filler;
use super::key::Side;
use super::sightings::Sent;
use super::{Body, Chunk, Conversation, Gap, GapCause, TcpEvent};
use crate::moment::Moment;
use capture_terms::segment::{CutBy, Segment};

/// How much may wait, and for how long, before what it waits for is declared lost.
pub(super) struct WaitLimit {
    pub(super) segments: usize,
    pub(super) bytes: usize,
    pub(super) ns: i64,
}

/// For bytes that the peer has acknowledged: they arrived, so no retransmission will come. Only a
/// capture out of order can still bring them, and 256 packets is more than any queue swaps.
pub(super) const ARRIVED: WaitLimit =
    WaitLimit { segments: 256, bytes: 512 << 10, ns: 10_000_000_000 };

/// For bytes not acknowledged: a retransmission may come after two minutes (RFC 6298 §2.4 lets
/// the timer grow beyond 60 s), and a window of 4 MiB may be under way behind the gap.
pub(super) const UNDER_WAY: WaitLimit =
    WaitLimit { segments: 4096, bytes: 4 << 20, ns: 120_000_000_000 };

/// What of a segment has a place in the stream.
#[derive(Clone, Copy)]
pub(super) struct Piece<'p> {
    pub(super) at: Moment,
    /// The sequence number of the first payload byte.
    pub(super) seq: u32,
    pub(super) ack: Option<u32>,
    /// The window that comes with the acknowledgement, in bytes.
    pub(super) window: u32,
    pub(super) fin: bool,
    pub(super) payload: &'p [u8],
    /// Bytes behind the payload that were cut off.
    pub(super) cut: u32,
    /// Who cut them off.
    pub(super) cut_by: CutBy,
    /// The packet was captured before: it was sent once, and says nothing about its sender.
    pub(super) is_copy: bool,
    /// What tells when it was sent.
    pub(super) sent: Sent,
}

impl<'p> Piece<'p> {
    /// `shift` is that of the windows that the sender announces (RFC 7323 §2.3).
    pub(super) fn of(segment: &Segment<'p>, shift: u8) -> Self {
        let window = u32::from(segment.window);
        // Text in a reset is a diagnosis, and no byte of the stream (RFC 9293 §3.10.7.3).
        let is_reset = segment.flags.rst();
        Self {
            at: segment.at,
            // A SYN has a number of its own (RFC 9293 §3.4).
            seq: segment.seq.wrapping_add(u32::from(segment.flags.syn())),
            ack: segment.flags.ack().then_some(segment.ack),
            window: if segment.flags.syn() { window } else { window << shift },
            fin: segment.flags.fin(),
            payload: if is_reset { &[] } else { segment.payload },
            cut: if is_reset { 0 } else { segment.cut },
            cut_by: segment.cut_by,
            is_copy: false,
            sent: Sent::of(segment),
        }
    }

    /// Payload and FIN have a place; a stray SYN or RST must not make one.
    fn has_place(&self) -> bool {
        !self.payload.is_empty() || self.cut > 0 || self.fin
    }
}

/// What keeps the earliest waiting segment from being handed on.
enum Obstacle {
    /// Bytes of this side are missing, up to the offset.
    Gap(Side, u64),
    /// Each side's next segment acknowledges the other's: no true connection does that.
    Circle(Side),
}

impl<C: Conversation> Connection<C> {
    /// Puts a piece where it belongs, and hands on what has become ready.
    pub(super) fn place(&mut self, side: Side, piece: &Piece<'_>) {
        if let Some(ack) = piece.ack {
            self.check_clock(side, ack, piece.at);
            self.halves[side.peer().index()].acknowledge(ack, piece.window, piece.at);
        }
        if !piece.has_place() {
            return self.pump();
        }
        let half = &mut self.halves[side.index()];
        half.base.get_or_insert(piece.seq);
        let Some(offset) = half.offset_of(piece.seq) else { return };
        let end = offset + piece.payload.len() as i64 + i64::from(piece.cut);
        if let Ok(end) = u64::try_from(end)
            && half.is_within_window(end)
        {
            half.saw_end(end, piece.fin);
        }
        // What lies before the start of the stream is a keep-alive or was delivered long ago.
        let early = usize::try_from(-offset.min(0)).unwrap_or(usize::MAX);
        let payload = piece.payload.get(early..).unwrap_or_default();
        self.deliver_or_hold(side, offset.max(0).cast_unsigned(), &Piece { payload, ..*piece });
        self.pump();
    }

    /// What acknowledges a byte comes after it.
    fn check_clock(&mut self, side: Side, ack: u32, at: Moment) {
        let sent = &self.halves[side.peer().index()];
        let is_newest = sent.top > 0 && sent.read_before(ack).is_some_and(|read| read >= sent.top);
        if is_newest {
            let sent_at = sent.top_ts;
            self.halves[side.index()].odd.check_clock(sent_at, at);
        }
    }

    fn deliver_or_hold(&mut self, side: Side, offset: u64, piece: &Piece<'_>) {
        let Piece { at, ack, payload, cut, .. } = *piece;
        let end = offset.saturating_add(payload.len() as u64);
        let half = &mut self.halves[side.index()];
        if half.contradicts(offset, payload) {
            half.odd.overlaps_differ.note(at);
        }
        let alone = half.head().is_none_or(|(first, _)| first >= end);
        let straight = cut == 0 && alone && offset <= half.next;
        let delivered = half.next;
        if straight && end > delivered && self.has_read(side, ack) {
            let old = usize::try_from(delivered - offset).unwrap_or(usize::MAX);
            let bytes = payload.get(old..).unwrap_or_default();
            self.classify(side, piece, offset, bytes.len() as u64);
            return self.emit_bytes(side, at, bytes);
        }
        if self.nothing_waits() {
            self.progress = at.ts;
        }
        let half = &mut self.halves[side.index()];
        let fresh = half.hold(offset, payload, at, ack);
        let gap = Gap { bytes: cut.into(), cause: piece.cut_by.into() };
        half.hold_cut(end, gap, at, ack);
        self.classify(side, piece, offset, fresh);
        let half = &mut self.halves[side.index()];
        let end = end.saturating_add(u64::from(cut));
        if half.is_within_window(end) {
            half.top = half.top.max(end);
        }
    }

    /// Tells new bytes from bytes sent again and from bytes overtaken on their way.
    fn classify(&mut self, side: Side, piece: &Piece<'_>, offset: u64, fresh: u64) {
        let (at, end) = (piece.at, offset.saturating_add(piece.payload.len() as u64));
        let round_trip = self.round_trip();
        let half = &mut self.halves[side.index()];
        if offset == end || (piece.is_copy && fresh == 0) || !half.is_within_window(end) {
            return;
        }
        half.counters.stream_bytes += fresh;
        let filler = Filler { at, sent: piece.sent, asked: half.times_asked(piece.seq) };
        if offset >= half.top {
            return half.moves_on(offset, end, filler);
        }
        // A keep-alive repeats the last byte, or one before the first (RFC 9293 §3.8.4).
        let keep_alive = fresh == 0 && end - offset == 1 && end == half.next;
        if keep_alive {
            return;
        }
        let fills = fresh > 0 && end <= half.top;
        let count = half.sightings.count;
        if fills && half.holes.fill((offset, end), filler, &count, round_trip) {
            half.counters.out_of_order += 1;
            return;
        }
        half.under_way.sent_again(offset, end);
        half.top = half.top.max(end);
        half.counters.retransmissions += 1;
        half.repeated += 1;
        self.tell_retransmission(side, at);
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
            HeldBody::Cut(len, cause) => {
                let bytes = len.saturating_sub(old as u64);
                self.emit_gap(side, held.at, Gap { bytes, cause });
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
        if self.conversation.is_deaf() {
            return;
        }
        half.handed_on.remember(offset, bytes);
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
        if gap.cause != GapCause::Lost {
            half.counters.cut_bytes += gap.bytes;
        }
        let chunk = Chunk { from: self.role(side), offset, at, body: Body::Gap(gap) };
        self.conversation.on_tcp(TcpEvent::Data(chunk));
    }

    /// Stops waiting where the limits say so.
    pub(super) fn force_if_overdue(&mut self) {
        if !self.settled && self.is_beyond(&ARRIVED, self.unplaced.len(), self.unplaced_bytes) {
            self.settle();
        }
        while self.is_overdue() && self.force() {}
    }

    fn is_overdue(&self) -> bool {
        let wait = match self.obstacle() {
            None => return false,
            Some(Obstacle::Gap(side, _)) => {
                let half = &self.halves[side.index()];
                if half.acked > half.next { &ARRIVED } else { &UNDER_WAY }
            }
            Some(Obstacle::Circle(_)) => &ARRIVED,
        };
        let segments = self.halves.iter().map(|half| half.held.len()).sum();
        let bytes = self.halves.iter().map(|half| half.allocated).sum();
        self.is_beyond(wait, segments, bytes)
    }

    fn is_beyond(&self, wait: &WaitLimit, segments: usize, bytes: usize) -> bool {
        let waits = segments > 0 && self.newest - self.progress > wait.ns;
        waits || segments > wait.segments || bytes > wait.bytes
    }

    /// What the earliest captured of the waiting segments waits for.
    fn obstacle(&self) -> Option<Obstacle> {
        let heads = Side::BOTH.map(|side| Some((self.halves[side.index()].head()?.1.at, side)));
        let (_, side) = heads.into_iter().flatten().min_by_key(|&(at, _)| at)?;
        let half = &self.halves[side.index()];
        let (offset, held) = half.head()?;
        if offset > half.next {
            return Some(Obstacle::Gap(side, offset));
        }
        let peer = &self.halves[side.peer().index()];
        let read = held.ack.and_then(|ack| peer.read_before(ack)).unwrap_or(peer.next);
        let until = peer.head().map_or(read, |(first, _)| first.min(read));
        if until > peer.next {
            return Some(Obstacle::Gap(side.peer(), until));
        }
        Some(Obstacle::Circle(side))
    }

    /// Declares the obstacle lost and goes on. False when nothing waits.
    pub(super) fn force(&mut self) -> bool {
        let Some(obstacle) = self.obstacle() else { return false };
        match obstacle {
            Obstacle::Gap(side, until) if self.is_false(side, until) => self.discard(side, until),
            Obstacle::Gap(side, until) if self.halves[side.index()].is_unseen_fin(until) => {
                self.halves[side.index()].end_at(until - 1);
            }
            Obstacle::Gap(side, until) => {
                let at = self.revealed_at(side);
                let bytes = until.saturating_sub(self.halves[side.index()].next);
                self.emit_gap(side, at, Gap { bytes, cause: GapCause::Lost });
            }
            Obstacle::Circle(side) => self.deliver_head(side),
        }
        self.pump();
        true
    }

    /// Whether what shows a gap up to `until` cannot be meant: a segment far beyond the window, or
    /// an acknowledgement that its sender went back on.
    fn is_false(&self, side: Side, until: u64) -> bool {
        let half = &self.halves[side.index()];
        match half.head() {
            Some((first, _)) if first <= until => !half.is_within_window(first),
            _ => !half.is_acknowledged(until),
        }
    }

    /// Goes on as if it had not been there.
    fn discard(&mut self, side: Side, until: u64) {
        let half = &mut self.halves[side.index()];
        if half.head().is_some_and(|(first, _)| first <= until) {
            if let Some((_, held)) = half.take_head() {
                half.odd.outside_window.note(held.at);
            }
            return;
        }
        half.forget_false_acks();
        let peer = &mut self.halves[side.peer().index()];
        if let Some((_, held)) = peer.head() {
            let at = held.at;
            peer.odd.outside_window.note(at);
        }
        self.deliver_head(side.peer());
    }

    /// The packet that showed a gap: the first behind it, or the one that acknowledged it. Where the
    /// peer went back on that, it is the one of the peer's that waits for it.
    fn revealed_at(&self, side: Side) -> Moment {
        let half = &self.halves[side.index()];
        let behind = half.head().map(|(_, held)| held.at);
        let acked = (half.acked > half.next).then_some(half.acked_at);
        let waiting = || Some(self.halves[side.peer().index()].head()?.1.at);
        behind.into_iter().chain(acked).min().or_else(waiting).unwrap_or_default()
    }

    /// At the end, bytes that the peer acknowledged and no frame had are a gap as well.
    pub(super) fn declare_unseen_tail(&mut self, side: Side) {
        self.halves[side.index()].forget_false_acks();
        let half = &self.halves[side.index()];
        let bytes = half.acked.saturating_sub(half.next);
        if bytes > 0 && !half.is_unseen_fin(half.acked) {
            self.emit_gap(side, half.acked_at, Gap { bytes, cause: GapCause::Lost });
        }
    }
}
