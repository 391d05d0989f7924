//! The border between text and TLS (RFC 3207 §4): the one place that decides where TLS begins, what
//! is discarded ahead of it, and what somebody has injected.
//!
//! The dialogue opens the border when it has read the 220 to STARTTLS. From then on what both sides
//! say waits here. The client's stream decides: TLS begins in it, behind text or not; or it has more
//! text than anybody injects, and the connection stays plain. The server's stream counts where the
//! client's is not captured. What is found depends on the content and order of the two streams, and
//! never on how packets cut them.
//!
//! Text of a side is an injection if its own TLS begins behind it; if it stands behind STARTTLS
//! before the 220; or if the server says it behind its 220 while the client is silent.

use std::collections::VecDeque;
use std::mem;

use super::hearing::{Trust, is_text};
use super::talk::{MOST_PENDING, Piece};
use super::{LATEST_TLS, Observer, Session, Text};
use crate::flow::Body;
use crate::moment::{Moment, Span};
use crate::role::{PerRole, Role};
use crate::tls::{Sniffed, Sniffer, holds_border, sniffed};

/// How a connection speaks.
#[derive(Default)]
pub(super) enum Border {
    /// In text, if in any way that is known.
    #[default]
    Clear,
    /// In text; TLS may begin with the next byte of each side.
    Open(Box<Sides>),
    /// In text, and the dialogue has met TLS that nobody asked for.
    Met,
    /// In TLS. A side that has not begun it is still here.
    Crossed(PerRole<Option<Box<Side>>>),
}

/// What becomes of an open border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Tls,
    Plain,
}

/// What both sides say at the border.
#[derive(Default)]
pub(super) struct Sides {
    sides: PerRole<Side>,
    pieces: u64,
}

impl Sides {
    /// Behind a 220; `stopped_client` tells that the client's side begins right behind STARTTLS.
    pub(super) fn behind_reply(stopped_client: bool) -> Self {
        let mut sides = Self::default();
        sides.sides.client.is_due = stopped_client;
        sides.sides.server.is_due = true;
        sides
    }

    fn push(&mut self, from: Role, piece: Piece) {
        self.sides[from].push(self.pieces, piece);
        self.pieces += 1;
    }

    pub(super) fn bytes(&self) -> usize {
        self.sides.client.bytes + self.sides.server.bytes
    }

    /// Text of the server that nothing of the client can have asked for. One that refuses after all,
    /// or gives up waiting, may say so (RFC 5321 §3.8).
    fn unbidden(&mut self) -> Option<Moment> {
        let Self { sides: PerRole { client, server }, .. } = self;
        let is_refusal = server.first().is_some_and(|byte| matches!(byte, b'4' | b'5'));
        if !client.pieces.is_empty() || is_refusal {
            return None;
        }
        server.tell_text()
    }

    /// `allowed` bytes of text at most are waited with.
    fn decide(&self, allowed: u64) -> Option<Decision> {
        let PerRole { client, server } = &self.sides;
        if client.begins_tls() {
            return Some(Decision::Tls);
        }
        if client.text().max(server.text()) > allowed {
            return Some(Decision::Plain);
        }
        if client.is_text() {
            return None;
        }
        if server.begins_tls() {
            return Some(Decision::Tls);
        }
        self.decide_by_gap()
    }

    /// TLS may have begun in a gap: what comes behind it tells.
    fn decide_by_gap(&self) -> Option<Decision> {
        let sides = [&self.sides.client, &self.sides.server];
        if !sides.iter().any(|side| side.has_gap) {
            return None;
        }
        if sides.iter().any(|side| side.shows_records) {
            return Some(Decision::Tls);
        }
        sides.iter().any(|side| side.shows_lines).then_some(Decision::Plain)
    }

    /// When nothing more will tell.
    fn settle(&self) -> Decision {
        let sides = [&self.sides.client, &self.sides.server];
        let is_tls = sides.iter().any(|side| side.begins_like_tls())
            || (sides.iter().any(|side| side.has_gap)
                && is_ciphertext(sides.iter().flat_map(|side| side.undecided())));
        if is_tls { Decision::Tls } else { Decision::Plain }
    }

    /// What was said, in order of arrival.
    fn into_pieces(self) -> Vec<(Role, Piece)> {
        let PerRole { client, server } = self.sides;
        let of =
            |role, side: Side| side.pieces.into_iter().map(move |(nr, piece)| (nr, role, piece));
        let mut pieces: Vec<_> = of(Role::Client, client).chain(of(Role::Server, server)).collect();
        pieces.sort_by_key(|(nr, ..)| *nr);
        pieces.into_iter().map(|(_, role, piece)| (role, piece)).collect()
    }
}

/// What one side says where TLS may begin.
#[derive(Default)]
pub(super) struct Side {
    /// TLS is all that may stand here: text is an injection.
    is_due: bool,
    pieces: VecDeque<(u64, Piece)>,
    bytes: usize,
    /// Of what stands ahead of the first gap.
    sniffer: Sniffer,
    began_at: Option<Moment>,
    has_gap: bool,
    /// A record header stands behind the gap.
    shows_records: bool,
    /// Lines of text came, behind the gap if there is one.
    shows_lines: bool,
}

impl Side {
    fn push(&mut self, nr: u64, piece: Piece) {
        match &piece {
            Piece::Gap(..) => {
                self.has_gap = true;
                self.shows_lines = false;
            }
            Piece::Bytes(bytes, at) => {
                self.bytes += bytes.len();
                self.shows_lines |= is_line(bytes);
                if self.has_gap {
                    self.shows_records |= holds_border(bytes);
                } else {
                    self.began_at.get_or_insert(at.last);
                    self.sniffer.feed(bytes);
                }
            }
        }
        self.pieces.push_back((nr, piece));
    }

    fn begins_tls(&self) -> bool {
        self.sniffer.begins_behind().is_some()
    }

    /// As far as it goes: a byte or two.
    fn begins_like_tls(&self) -> bool {
        self.began_at.is_some() && self.text() == 0
    }

    /// Bytes of text ahead of TLS.
    fn text(&self) -> u64 {
        self.sniffer.text()
    }

    /// Text, and nothing that may be something else.
    fn is_text(&self) -> bool {
        self.text() > 0 && !self.has_gap
    }

    fn first(&self) -> Option<u8> {
        self.pieces.front()?.1.bytes()?.first().copied()
    }

    /// Its text as an injection, if it is one and was not told yet.
    fn tell_text(&mut self) -> Option<Moment> {
        self.began_at.filter(|_| self.text() > 0 && mem::take(&mut self.is_due))
    }

    /// The same, once its TLS has begun behind it. What was lost in a gap may explain text.
    fn tell_text_ahead_of_tls(&mut self) -> Option<Moment> {
        if self.begins_tls() { self.tell_text() } else { None }
    }

    /// Whether it has come to TLS, or to a gap where that may have begun.
    fn is_across(&self) -> bool {
        self.begins_tls() || self.has_gap
    }

    /// What is neither text nor records for certain.
    fn undecided(&self) -> impl Iterator<Item = &[u8]> {
        let is_gap = |(_, piece): &&(u64, Piece)| piece.bytes().is_none();
        let ahead =
            if self.has_gap { self.pieces.iter().take_while(|p| !is_gap(p)).count() } else { 0 };
        self.pieces.iter().skip(ahead).filter_map(|(_, piece)| piece.bytes())
    }

    /// What is for TLS: the text ahead of it is discarded, as the ends should (RFC 3207 §4.2).
    fn into_tls(mut self) -> impl Iterator<Item = Piece> {
        let mut text = usize::try_from(self.text()).unwrap_or(usize::MAX);
        while let Some((_, Piece::Bytes(bytes, _))) = self.pieces.front_mut().filter(|_| text > 0) {
            let cut = text.min(bytes.len());
            bytes.drain(..cut);
            text -= cut;
            if bytes.is_empty() {
                self.pieces.pop_front();
            }
        }
        self.into_all()
    }

    fn into_all(self) -> impl Iterator<Item = Piece> {
        self.pieces.into_iter().map(|(_, piece)| piece)
    }
}

impl<O: Observer> Session<O> {
    /// The dialogue has opened the border: what waits stands behind it.
    pub(super) fn open_border(&mut self) {
        let Border::Open(sides) = &mut self.border else { return };
        for role in Role::BOTH {
            mem::take(&mut self.pending[role]).into_iter().for_each(|p| sides.push(role, p));
        }
        self.pending_bytes = 0;
        let early = sides.sides.client.tell_text();
        self.tell_injected(Role::Client, early);
        self.tell_unbidden();
        self.decide_border();
    }

    /// Something is said at the open border.
    pub(super) fn say_at_border(&mut self, from: Role, body: &Body<'_>, at: Span) {
        let Border::Open(sides) = &mut self.border else { return };
        sides.push(from, Piece::of(body, at));
        if from == Role::Server {
            self.tell_unbidden();
        }
        self.decide_border();
    }

    fn tell_unbidden(&mut self) {
        let Border::Open(sides) = &mut self.border else { return };
        let unbidden = sides.unbidden();
        self.tell_injected(Role::Server, unbidden);
    }

    fn tell_injected(&mut self, from: Role, at: Option<Moment>) {
        let Some(at) = at else { return };
        self.tell(|dialogue, out| dialogue.injected(from, at, out));
    }

    fn decide_border(&mut self) {
        let Border::Open(sides) = &self.border else { return };
        match sides.decide(self.text_allowed) {
            Some(decision) => self.leave_border(decision),
            None if sides.bytes() > MOST_PENDING => self.settle_border(),
            None => {}
        }
    }

    /// Nothing more will tell.
    pub(super) fn settle_border(&mut self) {
        let Border::Open(sides) = &self.border else { return };
        self.leave_border(sides.settle());
    }

    fn leave_border(&mut self, decision: Decision) {
        match decision {
            Decision::Tls => self.start_tls(),
            Decision::Plain => self.stay_plain(),
        }
    }

    /// Both sides go on in text: it is read as if the border had not been there.
    fn stay_plain(&mut self) {
        let Border::Open(sides) = mem::take(&mut self.border) else { return };
        let text = sides.sides.client.text().max(sides.sides.server.text());
        self.text_allowed = self.text_allowed.saturating_sub(text);
        self.trust = Trust::Doubtful;
        if let Text::Talking(dialogue) = &mut self.text {
            dialogue.resume_plain();
        }
        for (from, piece) in sides.into_pieces() {
            self.talk(from, &piece.body(), piece.at());
        }
    }

    /// TLS begins: what waits goes to it, the client's first, whose hello was the first to be sent.
    pub(super) fn cross(&mut self, is_late: bool) {
        let mut sides = match mem::take(&mut self.border) {
            Border::Open(sides) => *sides,
            _ => Sides::default(),
        };
        for role in Role::BOTH {
            mem::take(&mut self.pending[role]).into_iter().for_each(|p| sides.push(role, p));
        }
        self.pending_bytes = 0;
        self.border = Border::Crossed(PerRole::default());
        let PerRole { client, server } = sides.sides;
        for (role, side) in [(Role::Client, client), (Role::Server, server)] {
            match is_late {
                true => self.feed_pieces(role, side.into_all()),
                false => self.cross_if_across(role, Box::new(side)),
            }
        }
    }

    /// Bytes of a connection that is in TLS.
    pub(super) fn feed_crossed(&mut self, from: Role, body: &Body<'_>, at: Span) {
        let Border::Crossed(here) = &mut self.border else { return };
        let Some(mut side) = here[from].take() else { return self.feed_tls(from, body, at.last) };
        let is_tls = matches!(body, Body::Bytes(bytes) if sniffed(bytes) == Sniffed::Tls);
        if side.pieces.is_empty() && is_tls {
            return self.feed_tls(from, body, at.last);
        }
        side.push(0, Piece::of(body, at));
        self.cross_if_across(from, side);
    }

    fn cross_if_across(&mut self, from: Role, mut side: Box<Side>) {
        let injected = side.tell_text_ahead_of_tls();
        self.tell_injected(from, injected);
        if side.is_across() {
            return self.feed_pieces(from, side.into_tls());
        }
        if side.text() > LATEST_TLS {
            return self.feed_pieces(from, side.into_all());
        }
        if let Border::Crossed(here) = &mut self.border {
            here[from] = Some(side);
        }
    }

    /// A side that has never begun TLS says what is none: TLS tells.
    pub(super) fn leave_nothing_at_border(&mut self) {
        for role in Role::BOTH {
            let Border::Crossed(here) = &mut self.border else { return };
            if let Some(side) = here[role].take() {
                self.feed_pieces(role, side.into_all());
            }
        }
    }

    fn feed_pieces(&mut self, from: Role, pieces: impl Iterator<Item = Piece>) {
        for piece in pieces {
            self.feed_tls(from, &piece.body(), piece.at().last);
        }
    }
}

/// Text, and not by chance: few bytes at random often are.
fn is_line(bytes: &[u8]) -> bool {
    is_text(bytes) && (bytes.len() >= 16 || bytes.ends_with(b"\r\n"))
}

/// Some of it is binary, and none of it text.
pub(super) fn is_ciphertext<'a>(said: impl IntoIterator<Item = &'a [u8]>) -> bool {
    let mut said = said.into_iter().filter(|bytes| !bytes.is_empty());
    let mut is_any_binary = false;
    let is_no_text = said.all(|bytes| {
        is_any_binary |= is_binary(bytes);
        !is_text(bytes)
    });
    is_no_text && is_any_binary
}

/// Control characters that no mail has: escape, as in ISO-2022-JP, is none of them.
fn is_binary(bytes: &[u8]) -> bool {
    let is_odd = |&byte: &u8| byte.is_ascii_control() && byte != 0x1B;
    bytes.iter().any(|byte| is_odd(byte) && !byte.is_ascii_whitespace())
}
