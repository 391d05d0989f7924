//! What a session says to its dialogue, and what waits to be said.
//!
//! The dialogue stops a direction whose next bytes depend on the other one; those bytes, and gaps
//! in their place, wait here.

use super::border::{Border, Sides};
use super::{Observer, Session, Text};
use crate::flow::{Body, Gap, GapCause};
use crate::moment::Span;
use crate::role::Role;
use crate::smtp::{Dialogue, Input, SmtpEvent};

/// Bytes that wait for the other direction, at most: a client that pipelines a mail behind DATA
/// stays far below, and beyond it the missing reply is taken for lost.
pub(super) const MOST_PENDING: usize = 256 << 10;

/// A piece of one direction that waits for its turn.
pub(super) enum Piece {
    Bytes(Vec<u8>, Span),
    Gap(u64, Span),
}

impl Piece {
    pub(super) fn of(body: &Body<'_>, at: Span) -> Self {
        match body {
            Body::Bytes(bytes) => Self::Bytes(bytes.to_vec(), at),
            Body::Gap(gap) => Self::Gap(gap.bytes, at),
        }
    }

    pub(super) fn body(&self) -> Body<'_> {
        match self {
            Self::Bytes(bytes, _) => Body::Bytes(bytes),
            &Self::Gap(bytes, _) => Body::Gap(Gap { bytes, cause: GapCause::Lost }),
        }
    }

    pub(super) fn at(&self) -> Span {
        match self {
            Self::Bytes(_, at) | Self::Gap(_, at) => *at,
        }
    }

    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes, _) => Some(bytes),
            Self::Gap(..) => None,
        }
    }
}

impl<O: Observer> Session<O> {
    /// Hands text to the dialogue, behind what already waits.
    pub(super) fn talk(&mut self, from: Role, body: &Body<'_>, at: Span) {
        if matches!(self.border, Border::Open(_)) {
            return self.say_at_border(from, body, at);
        }
        if self.begins_tls_unasked(from, body) {
            self.keep(from, body, at);
            return self.start_tls();
        }
        let mut rest = *body;
        if self.pending[from].is_empty() {
            rest = self.say(from, body, at);
        }
        self.keep(from, &rest, at);
        self.drive();
        if self.pending_bytes > MOST_PENDING {
            self.stop_waiting();
        }
    }

    /// What the dialogue did not take.
    pub(super) fn say<'b>(&mut self, from: Role, body: &Body<'b>, at: Span) -> Body<'b> {
        let (input, len) = match body {
            Body::Bytes(bytes) => (Input::Bytes(bytes), bytes.len()),
            Body::Gap(gap) => {
                (Input::Gap(gap.bytes), usize::try_from(gap.bytes).unwrap_or(usize::MAX))
            }
        };
        let taken = self.tell(|dialogue, out| dialogue.feed(from, input, at.last, out));
        match body {
            Body::Bytes(bytes) => {
                self.give_text(from, &Body::Bytes(bytes.get(..taken).unwrap_or(bytes)), at);
            }
            Body::Gap(_) if taken >= len => self.give_text(from, body, at),
            Body::Gap(_) => {}
        }
        match body {
            Body::Bytes(bytes) => Body::Bytes(bytes.get(taken..).unwrap_or_default()),
            Body::Gap(_) if taken >= len => Body::Bytes(&[]),
            Body::Gap(gap) => Body::Gap(*gap),
        }
    }

    /// Asks the dialogue for something, and takes the events that come of it.
    pub(super) fn tell<R>(
        &mut self,
        ask: impl FnOnce(&mut Dialogue, &mut crate::smtp::Sink<'_>) -> R,
    ) -> R
    where
        R: Default,
    {
        let Text::Talking(dialogue) = &mut self.text else { return R::default() };
        let (observer, border) = (&mut self.observer, &mut self.border);
        ask(dialogue, &mut |event| {
            match event {
                SmtpEvent::SwitchToTls { stopped_client, .. } => {
                    *border = Border::Open(Box::new(Sides::behind_reply(stopped_client)));
                }
                SmtpEvent::TlsUnasked { .. } => *border = Border::Met,
                _ => {}
            }
            observer.take_smtp(event);
        })
    }

    pub(super) fn keep(&mut self, from: Role, body: &Body<'_>, at: Span) {
        match body {
            Body::Bytes([]) => {}
            Body::Bytes(bytes) => {
                self.pending_bytes += bytes.len();
                self.pending[from].push_back(Piece::Bytes(bytes.to_vec(), at));
            }
            Body::Gap(gap) => self.pending[from].push_back(Piece::Gap(gap.bytes, at)),
        }
    }

    /// Lets the dialogue have what waits, until it takes nothing more.
    pub(super) fn drive(&mut self) {
        loop {
            match self.border {
                Border::Open(_) => return self.open_border(),
                Border::Met => return self.start_tls(),
                Border::Clear | Border::Crossed(_) => {}
            }
            let may_talk = matches!(self.text, Text::Talking(_));
            // Server first: what it said decides what the client's next bytes are.
            if !may_talk || !(self.offer(Role::Server) | self.offer_all(Role::Client)) {
                return;
            }
        }
    }

    /// Offers the waiting pieces of a direction, however the packets cut them: a server that
    /// yields to the client yields to a whole line. True if anything was taken.
    fn offer_all(&mut self, from: Role) -> bool {
        let mut taken = false;
        while self.offer(from) {
            taken = true;
        }
        taken
    }

    /// Offers the first waiting piece of a direction. True if any of it was taken.
    pub(super) fn offer(&mut self, from: Role) -> bool {
        if matches!(self.border, Border::Open(_) | Border::Met) {
            return false;
        }
        let Some(piece) = self.pending[from].pop_front() else { return false };
        let (rest, taken) = match piece {
            Piece::Bytes(mut bytes, at) => {
                let rest = match self.say(from, &Body::Bytes(&bytes), at) {
                    Body::Bytes(rest) => rest.len(),
                    Body::Gap(_) => 0,
                };
                let taken = bytes.len() - rest;
                self.pending_bytes = self.pending_bytes.saturating_sub(taken);
                bytes.drain(..taken);
                (Piece::Bytes(bytes, at), taken > 0)
            }
            Piece::Gap(bytes, at) => {
                let gap = Body::Gap(Gap { bytes, cause: GapCause::Lost });
                let taken = matches!(self.say(from, &gap, at), Body::Bytes(_));
                let left = if taken { 0 } else { bytes };
                (Piece::Gap(left, at), taken)
            }
        };
        if !matches!(&rest, Piece::Bytes(bytes, _) if bytes.is_empty())
            && !matches!(rest, Piece::Gap(0, _))
        {
            self.pending[from].push_front(rest);
        }
        taken
    }

    /// Nothing more will be said: whatever waits has its turn.
    pub(super) fn stop_all_waiting(&mut self) {
        while self.waiting() > 0 && matches!(self.text, Text::Talking(_)) {
            let before = self.waiting();
            self.stop_waiting();
            if self.waiting() == before {
                break;
            }
        }
    }

    /// Bytes that wait.
    fn waiting(&self) -> usize {
        let at_border = match &self.border {
            Border::Open(sides) => sides.bytes(),
            Border::Clear | Border::Met | Border::Crossed(_) => 0,
        };
        self.pending_bytes + at_border
    }

    /// The other side will say nothing more, or too much has piled up.
    pub(super) fn stop_waiting(&mut self) {
        if matches!(self.border, Border::Open(_)) {
            self.settle_border();
        } else if self.hello_waits() {
            return self.start_tls();
        }
        if matches!(self.border, Border::Open(_)) {
            return;
        }
        if let Text::Talking(dialogue) = &mut self.text {
            dialogue.stop_waiting();
        }
        self.drive();
    }
}
