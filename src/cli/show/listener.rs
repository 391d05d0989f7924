//! Listens to a connection for the views that show its packets or its bytes.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;

use crate::moment::Moment;
use crate::render::mask::Mask;
use crate::report::{Content, PacketSeen, Piece, Reveal, SessionReport, Transcript};
use crate::role::{PerRole, Role};
use crate::session::Tap;
use crate::smtp::{SecretSpan, SmtpEvent};

/// What of a session is listened to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wants {
    pub(super) packets: bool,
    pub(super) bytes: bool,
}

impl Wants {
    pub(super) fn anything(self) -> bool {
        self.packets || self.bytes
    }
}

/// A transcript, and the first frame of the session that it is of, which no other session has.
pub(super) type Heard = (u64, Transcript);

/// Makes the transcript of one connection.
pub(super) struct Listener {
    wants: Wants,
    reveal: Reveal,
    now: Moment,
    lanes: PerRole<Lane>,
    transcript: Transcript,
    done: Sender<Heard>,
}

/// One direction. Bytes that may still turn out to be a secret are in the mask; what follows them
/// waits in `queue`, so that all stays in order.
#[derive(Default)]
struct Lane {
    mask: Mask,
    queue: VecDeque<Waiting>,
    /// Bytes and holes taken so far.
    taken: u64,
    /// Bytes and holes given so far.
    given: u64,
    bodies: VecDeque<SecretSpan>,
}

struct Waiting {
    at: Moment,
    kind: Kind,
    len: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bytes,
    Body,
    Gap,
}

impl Listener {
    pub(super) fn new(wants: Wants, reveal: Reveal, done: Sender<Heard>) -> Self {
        Self {
            wants,
            reveal,
            now: Moment::default(),
            lanes: PerRole::default(),
            transcript: Transcript::default(),
            done,
        }
    }

    fn give(&mut self, role: Role, doubts: &[SecretSpan]) {
        let (lane, transcript) = (&mut self.lanes[role], &mut self.transcript);
        let Lane { mask, queue, given, .. } = lane;
        let mut out = |piece| transcript.piece(piece);
        give_unmasked(queue, role, given, &mut out);
        mask.release(doubts, &mut |mut bytes| {
            while let Some(first) = queue.front_mut().filter(|_| !bytes.is_empty()) {
                let len = usize::try_from(first.len).unwrap_or(usize::MAX).min(bytes.len());
                let (now, later) = bytes.split_at(len);
                let content = Content::Bytes(now.to_vec());
                out(Piece { from: role, at: first.at, offset: *given, content });
                *given += len as u64;
                first.len -= len as u64;
                bytes = later;
                if first.len == 0 {
                    queue.pop_front();
                    give_unmasked(queue, role, given, &mut out);
                }
            }
        });
    }
}

/// Gives what stands first in the queue and has no bytes to wait for.
fn give_unmasked(
    queue: &mut VecDeque<Waiting>,
    from: Role,
    given: &mut u64,
    out: &mut impl FnMut(Piece),
) {
    while let Some(first) = queue.front().filter(|first| first.kind != Kind::Bytes) {
        let content = match first.kind {
            Kind::Gap => Content::Gap(first.len),
            _ => Content::Body(first.len),
        };
        out(Piece { from, at: first.at, offset: *given, content });
        *given += first.len;
        queue.pop_front();
    }
}

impl Lane {
    fn bytes(&mut self, mut bytes: &[u8], at: Moment) {
        while !bytes.is_empty() {
            let (len, is_body) = self.run(bytes.len());
            let (now, later) = bytes.split_at(len);
            if is_body {
                self.mask.skip(len as u64);
            } else {
                self.mask.push(now);
            }
            let kind = if is_body { Kind::Body } else { Kind::Bytes };
            self.queue.push_back(Waiting { at, kind, len: len as u64 });
            self.taken += len as u64;
            bytes = later;
        }
    }

    /// How many of the next bytes are of a body, or of none.
    fn run(&mut self, most: usize) -> (usize, bool) {
        let taken = self.taken;
        self.bodies.retain(|body| body.start.saturating_add(body.len) > taken);
        let Some(body) = self.bodies.front() else { return (most, false) };
        let until = match taken < body.start {
            true => body.start,
            false => body.start.saturating_add(body.len),
        };
        let len = usize::try_from(until - taken).unwrap_or(usize::MAX).min(most);
        (len, taken >= body.start)
    }
}

impl Tap for Listener {
    fn packet(&mut self, packet: &PacketSeen) {
        if self.wants.packets {
            self.transcript.packet(packet);
        }
    }

    fn moment(&mut self, at: Moment) {
        self.now = at;
    }

    fn bytes(&mut self, from: Role, bytes: &[u8]) {
        if self.wants.bytes {
            self.lanes[from].bytes(bytes, self.now);
        }
    }

    fn gap(&mut self, from: Role, bytes: u64) {
        let lane = &mut self.lanes[from];
        lane.mask.skip(bytes);
        lane.taken = lane.taken.saturating_add(bytes);
        if self.wants.bytes {
            lane.queue.push_back(Waiting { at: self.now, kind: Kind::Gap, len: bytes });
        }
    }

    fn smtp(&mut self, event: &SmtpEvent<'_>) {
        match event {
            SmtpEvent::SecretSpan(span) if !self.reveal.auth => {
                self.lanes[span.from].mask.hide(*span);
            }
            SmtpEvent::BodySpan(span) if !self.reveal.body => {
                self.lanes[span.from].bodies.push_back(*span);
            }
            _ => {}
        }
    }

    fn doubts(&mut self, doubts: &[SecretSpan]) {
        for role in Role::BOTH {
            let is_mine = |doubt: &&SecretSpan| doubt.from == role && !self.reveal.auth;
            let mine: Vec<_> = doubts.iter().filter(is_mine).copied().collect();
            self.give(role, &mine);
        }
    }

    fn finish(mut self: Box<Self>, session: Option<&SessionReport>) {
        let Some(session) = session else { return };
        // Whatever was a secret has been told by now.
        self.doubts(&[]);
        self.transcript.finish();
        // The other end is gone only if the run is over.
        let _ = self.done.send((session.frames.first, self.transcript));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::moment::Timestamp;

    fn at(frame: u64) -> Moment {
        Moment { ts: Timestamp(frame.cast_signed()), frame }
    }

    fn listener() -> Listener {
        let wants = Wants { packets: false, bytes: true };
        Listener::new(wants, Reveal::default(), channel().0)
    }

    fn span(start: u64, len: u64) -> SecretSpan {
        SecretSpan { from: Role::Client, start, len }
    }

    fn contents(listener: &Listener) -> Vec<String> {
        let text = |piece: &Piece| match &piece.content {
            Content::Bytes(bytes) => {
                format!("{} {} {}", piece.at.frame, piece.offset, String::from_utf8_lossy(bytes))
            }
            Content::Body(len) => format!("{} {} body {len}", piece.at.frame, piece.offset),
            Content::Gap(len) => format!("{} {} gap {len}", piece.at.frame, piece.offset),
        };
        listener.transcript.pieces().iter().map(text).collect()
    }

    #[test]
    fn a_secret_keeps_its_packet_and_a_body_its_place() {
        let mut listener = listener();
        let doubt = span(0, 8);
        listener.moment(at(3));
        listener.bytes(Role::Client, b"c2VjcmV0");
        listener.doubts(&[doubt]);
        assert_eq!(contents(&listener), Vec::<String>::new());
        listener.moment(at(4));
        listener.smtp(&SmtpEvent::SecretSpan(doubt));
        listener.smtp(&SmtpEvent::BodySpan(span(14, 5)));
        listener.bytes(Role::Client, b"DATA\r\nhello.QU");
        listener.moment(at(5));
        listener.gap(Role::Client, 7);
        listener.bytes(Role::Client, b"IT");
        listener.doubts(&[]);
        let expected =
            ["3 0 ********", "4 8 DATA\r\n", "4 14 body 5", "4 19 .QU", "5 22 gap 7", "5 29 IT"];
        assert_eq!(contents(&listener), expected);
    }
}
