//! What a session says to its dialogue, and what waits to be said.
//!
//! The dialogue stops a direction whose next bytes depend on the other one; those bytes, and gaps
//! in their place, wait here.

use super::tap::Trust;
use super::{Session, Text};
use crate::flow::{Body, Gap, GapCause};
use crate::moment::Span;
use crate::role::Role;
use crate::smtp::{Dialogue, Input, SmtpEvent};
use crate::tls::looks_like_tls;

/// Bytes that wait for the other direction, at most: a client that pipelines a mail behind DATA
/// stays far below, and beyond it the missing reply is taken for lost.
pub(super) const MOST_PENDING: usize = 256 << 10;

/// A piece of one direction that waits for its turn.
pub(super) enum Piece {
    Bytes(Vec<u8>, Span),
    Gap(u64, Span),
}

impl Piece {
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes, _) => Some(bytes),
            Self::Gap(..) => None,
        }
    }
}

impl Session {
    /// Hands text to the dialogue, behind what already waits.
    pub(super) fn talk(&mut self, from: Role, body: &Body<'_>, at: Span) {
        if self.begins_tls_unasked(from, body) {
            self.keep(from, body, at);
            return self.start_tls();
        }
        let mut rest = *body;
        if self.pending[from].is_empty() && self.switch.is_none() {
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
                self.tap_body(from, &Body::Bytes(bytes.get(..taken).unwrap_or(bytes)), at);
            }
            Body::Gap(_) if taken >= len => self.tap_body(from, body, at),
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
        let (recorder, tap, switch) = (&mut self.recorder, &mut self.tap, &mut self.switch);
        let before = self.pending.client.len();
        ask(dialogue, &mut |event| {
            if matches!(event, SmtpEvent::SwitchToTls { .. }) {
                *switch = Some(before);
            }
            if let Some(tap) = tap {
                tap.smtp(&event);
            }
            recorder.on_smtp(event);
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
            if self.switch.is_some() {
                self.decide_switch();
            }
            let may_talk = matches!(self.text, Text::Talking(_)) && self.switch.is_none();
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
    fn offer(&mut self, from: Role) -> bool {
        let Some(piece) = self.pending[from].pop_front() else { return false };
        if self.switch.is_some() {
            self.pending[from].push_front(piece);
            return false;
        }
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

    /// After the 220: does TLS follow? What the client says next tells. What it said before the
    /// reply came was injected, unless it is TLS.
    fn decide_switch(&mut self) {
        let Some(before) = self.switch else { return };
        let begins_tls = |piece: &Piece| piece.bytes().is_some_and(looks_like_tls);
        if self.pending.client.iter().any(begins_tls)
            || self.pending.server.front().is_some_and(begins_tls)
            || self.switched_in_a_gap(before) == Some(true)
        {
            return self.start_tls();
        }
        match self.pending.client.get(before) {
            Some(Piece::Bytes(..)) => self.stay_plain(),
            _ if self.switched_in_a_gap(before) == Some(false) => self.stay_plain(),
            _ => {}
        }
    }

    fn stay_plain(&mut self) {
        self.switch = None;
        self.trust = Trust::Doubtful;
        if let Text::Talking(dialogue) = &mut self.text {
            dialogue.resume_plain();
        }
    }

    /// The other side will say nothing more, or too much has piled up.
    pub(super) fn stop_waiting(&mut self) {
        if self.hello_waits() {
            return self.start_tls();
        }
        match self.switch {
            Some(before) if self.switched_to_ciphertext(before) => return self.start_tls(),
            Some(_) => self.stay_plain(),
            None => {}
        }
        if let Text::Talking(dialogue) = &mut self.text {
            dialogue.stop_waiting();
        }
        self.drive();
    }
}
