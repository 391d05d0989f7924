//! Listens to a connection for the views that show its packets or its bytes.

use std::sync::mpsc::Sender;

use crate::engine::Tap;
use crate::export::lane::{self, Lane};
use crate::flow::TcpEvent;
use crate::moment::{Moment, Span};
use crate::record::Reveal;
use crate::report::{Content, Piece, SessionReport, Transcript};
use crate::role::{PerRole, Role};
use crate::session::Observer;
use crate::smtp::{SecretSpan, SmtpEvent};

/// What of a session is listened to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Interest {
    pub(crate) packets: bool,
    pub(crate) bytes: bool,
}

impl Interest {
    pub(crate) fn is_any(self) -> bool {
        self.packets || self.bytes
    }
}

/// A transcript, and the first frame of the session that it is of, which no other session has.
pub(crate) type Heard = (u64, Transcript);

/// Makes the transcript of one connection.
pub(crate) struct Listener {
    interest: Interest,
    reveal: Reveal,
    now: Moment,
    lanes: PerRole<Lane<Moment>>,
    transcript: Transcript,
    done: Sender<Heard>,
}

impl Listener {
    pub(crate) fn new(interest: Interest, reveal: Reveal, done: Sender<Heard>) -> Self {
        Self {
            interest,
            reveal,
            now: Moment::default(),
            lanes: PerRole::default(),
            transcript: Transcript::default(),
            done,
        }
    }

    fn give(&mut self, from: Role, doubts: &[SecretSpan]) {
        let transcript = &mut self.transcript;
        self.lanes[from].release(doubts, &mut |run| {
            let content = match run.content {
                lane::Content::Bytes(bytes) => Content::Bytes(bytes.to_vec()),
                lane::Content::Body(len) => Content::Body(len),
                lane::Content::Gap(len) => Content::Gap(len),
            };
            transcript.piece(Piece { from, at: run.known, offset: run.offset, content });
        });
    }
}

impl Observer for Listener {
    fn tcp(&mut self, event: &TcpEvent<'_>) {
        if let TcpEvent::Packet(packet) = event
            && self.interest.packets
        {
            self.transcript.packet(packet);
        }
    }

    fn moment(&mut self, at: Span) {
        self.now = at.last;
    }

    fn bytes(&mut self, from: Role, bytes: &[u8]) {
        if self.interest.bytes {
            self.lanes[from].bytes(bytes, self.now);
        }
    }

    fn gap(&mut self, from: Role, bytes: u64) {
        if self.interest.bytes {
            self.lanes[from].gap(bytes, self.now);
        }
    }

    fn smtp(&mut self, event: &SmtpEvent<'_>) {
        match event {
            SmtpEvent::SecretSpan(span) if !self.reveal.auth => {
                self.lanes[span.from].hide(*span);
            }
            SmtpEvent::BodySpan(span) if !self.reveal.body => {
                self.lanes[span.from].leave_out(*span);
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
}

impl Tap for Listener {
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
        let interest = Interest { packets: false, bytes: true };
        Listener::new(interest, Reveal::default(), channel().0)
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
        listener.moment(at(3).into());
        listener.bytes(Role::Client, b"c2VjcmV0");
        listener.doubts(&[doubt]);
        assert_eq!(contents(&listener), Vec::<String>::new());
        listener.moment(at(4).into());
        listener.smtp(&SmtpEvent::SecretSpan(doubt));
        listener.smtp(&SmtpEvent::BodySpan(span(14, 5)));
        listener.bytes(Role::Client, b"DATA\r\nhello.QU");
        listener.moment(at(5).into());
        listener.gap(Role::Client, 7);
        listener.bytes(Role::Client, b"IT");
        listener.doubts(&[]);
        let expected =
            ["3 0 ********", "4 8 DATA\r\n", "4 14 body 5", "4 19 .QU", "5 22 gap 7", "5 29 IT"];
        assert_eq!(contents(&listener), expected);
    }
}
