//! Commands that wait for their replies (RFC 2920: they are answered in order).

use std::collections::VecDeque;

use super::command::Path;
use super::event::{Exchange, ExchangeKind, Secret, SecretSpan, WireText};
use super::line::Line;
use super::message::Summary;
use super::reply::Reply;
use super::verb::Verb;
use super::{auth, command};
use crate::moment::Moment;
use crate::role::Role;

/// Most commands that wait at one time: a transaction may have thousands of recipients, all of
/// them pipelined, but not more than windows and a one-sided capture make believe.
pub(super) const MAX_OPEN: usize = 4096;

/// Most bytes of command lines that wait at one time; the largest TCP windows hold more, but then
/// of bodies.
pub(super) const MAX_OPEN_BYTES: usize = 1024 * 1024;

/// Most bytes of LMTP's replies to one message that are kept; a report shows a few.
pub(super) const MAX_REPLY_TEXTS: usize = 256 * 1024;

/// What a command means for the dialogue once its reply is known.
#[derive(Debug)]
pub(super) enum Kind {
    Hello {
        verb: Verb,
        name: String,
    },
    StartTls,
    Auth,
    AuthResponse,
    Mail(Path),
    Rcpt(Path),
    Data,
    Body,
    Chunk {
        last: bool,
    },
    /// XEXCH50, which so many bytes follow behind a 354.
    Blob {
        size: u64,
    },
    Reset,
    Quit,
    /// A PROXY protocol header: whoever expects it does not reply.
    Header,
    Other,
}

/// A command, or a body, that waits for its reply.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) kind: Kind,
    text: Option<WireText>,
    verb: Option<Verb>,
    at: Option<Moment>,
    encrypted: bool,
    secret: Option<Secret>,
    /// Where the whole line stands.
    span: SecretSpan,
    /// What the client's next bytes are depends on the reply.
    pub(super) holds: bool,
    /// It may have been answered within a gap.
    pub(super) suspect: bool,
    /// The message that ended with it.
    pub(super) message: Option<Box<Summary>>,
    /// LMTP's replies so far.
    pub(super) replies: Vec<Reply>,
    /// Bytes of their texts.
    kept: usize,
    /// A header in binary form.
    binary: bool,
}

impl Open {
    /// A command line, masked from `secret_at` on. What is masked is copied nowhere else.
    pub(super) fn line(kind: Kind, line: Line, secret_at: Option<usize>, encrypted: bool) -> Self {
        let span = SecretSpan { from: Role::Client, start: line.start, len: line.len };
        let shown = secret_at.map(|secret_at| auth::mask(&line.bytes, secret_at));
        Self {
            text: Some(shown.unwrap_or_else(|| WireText::from(&line.bytes[..]))),
            verb: match kind {
                Kind::AuthResponse => Some(Verb::AuthResponse),
                // A line that is no command but a secret: its first word is one too.
                Kind::Other if secret_at == Some(0) => None,
                _ => command::verb(&line.bytes),
            },
            at: Some(line.at),
            encrypted,
            span,
            secret: secret_at.map(|secret_at| Secret::new(line.bytes, span.behind(secret_at))),
            ..Self::empty(kind)
        }
    }

    /// A DATA body; `dot` tells whether its final dot line was seen.
    pub(super) fn body(message: Summary, dot: bool) -> Self {
        Self {
            text: dot.then(|| WireText::from(&b"."[..])),
            verb: Some(Verb::Message),
            at: message.last,
            encrypted: message.encrypted,
            message: Some(Box::new(message)),
            ..Self::empty(Kind::Body)
        }
    }

    /// The bytes behind XEXCH50, the last of them at this instant.
    pub(super) fn blob(at: Moment, encrypted: bool) -> Self {
        let verb = Some(Verb::Blob);
        Self { verb, at: Some(at), encrypted, ..Self::empty(Kind::Other) }
    }

    /// A PROXY protocol header in binary form, its last byte at this instant.
    pub(super) fn binary_header(at: Moment, encrypted: bool) -> Self {
        let text = b"PROXY (binary header, version 2)";
        let (text, verb) = (Some(WireText::from(&text[..])), command::verb(text));
        Self { text, verb, at: Some(at), encrypted, binary: true, ..Self::empty(Kind::Header) }
    }

    pub(super) fn is_header(&self) -> bool {
        matches!(self.kind, Kind::Header)
    }

    /// Whether a server that reads lines, and knows no header, has more to say of it: a binary one
    /// is two empty lines, one of NUL, and QUIT (proxy-protocol.txt §2.2).
    pub(super) fn is_header_of_more_lines(&self, code: u16) -> bool {
        self.binary && !matches!(code, 221 | 421) && self.replies.len() < 3
    }

    /// When its last byte was captured.
    pub(super) fn sent_at(&self) -> Option<Moment> {
        self.at
    }

    fn empty(kind: Kind) -> Self {
        Self {
            kind,
            text: None,
            verb: None,
            at: None,
            encrypted: false,
            secret: None,
            span: SecretSpan { from: Role::Client, start: 0, len: 0 },
            holds: false,
            suspect: false,
            message: None,
            replies: Vec::new(),
            kept: 0,
            binary: false,
        }
    }

    /// Masks a line that its reply betrays as part of an AUTH whose beginning was not captured.
    pub(super) fn hide_if_answered_as_auth(&mut self, code: u16) -> Option<SecretSpan> {
        self.doubt().filter(|_| matches!(code, 235 | 334 | 535))?;
        let text = self.text.replace(WireText::from(super::event::MASK))?;
        self.secret = Some(Secret::new(text.into_bytes().into(), self.span));
        self.verb = None;
        Some(self.span)
    }

    /// Where the line stands, if only its reply tells whether it is a secret.
    pub(super) fn doubt(&self) -> Option<SecretSpan> {
        let is_unknown = |text: &WireText| !command::is_known(text.as_bytes());
        let is_other = matches!(self.kind, Kind::Other) && self.secret.is_none();
        (is_other && self.text.as_ref().is_some_and(is_unknown)).then_some(self.span)
    }

    /// Whether it is a line that was sent behind this offset.
    pub(super) fn starts_behind(&self, offset: u64) -> bool {
        self.text.is_some() && !matches!(self.kind, Kind::Body) && self.span.start >= offset
    }

    /// Where its secret stands.
    pub(super) fn secret_span(&self) -> Option<SecretSpan> {
        self.secret.as_ref().map(|secret| secret.span)
    }

    /// The secret itself.
    pub(super) fn secret_bytes(&self) -> Option<&[u8]> {
        let secret = self.secret.as_ref()?;
        let from = secret.span.start.saturating_sub(self.span.start);
        Some(secret.part(usize::try_from(from).ok()?))
    }

    /// Whether a reply of this code may be the answer; asked only where replies may be missing.
    pub(super) fn fits(&self, code: u16) -> bool {
        match (&self.kind, code) {
            (Kind::Header, code) => is_unknown_command(code) || self.is_refused_header(code),
            (_, 400..) => true,
            (Kind::Data | Kind::Blob { .. }, 300..) | (Kind::StartTls, 220) | (Kind::Quit, 221) => {
                true
            }
            (Kind::Auth | Kind::AuthResponse, 235 | 334) => true,
            (
                Kind::Data
                | Kind::Blob { .. }
                | Kind::StartTls
                | Kind::Quit
                | Kind::Auth
                | Kind::AuthResponse,
                _,
            ) => false,
            (Kind::Reset, 220) | (Kind::Other, _) => true,
            (_, 220 | 221 | 235) => false,
            (_, code) => code < 300,
        }
    }

    /// Whether a reply of this code goes on with the refusal of a header.
    fn is_refused_header(&self, code: u16) -> bool {
        !self.replies.is_empty() && matches!(code, 221 | 421 | 501..=504)
    }

    /// The exchange that it makes with `reply`.
    pub(super) fn exchange(&mut self, reply: Option<(Reply, Moment)>) -> Exchange {
        let (reply, reply_at) = reply.unzip();
        Exchange {
            kind: match self.kind {
                Kind::Body => ExchangeKind::Body,
                Kind::AuthResponse => ExchangeKind::AuthResponse,
                _ => ExchangeKind::Command,
            },
            command: self.text.clone(),
            verb: self.verb.clone(),
            reply,
            at: self.at,
            reply_at,
            message_end: self.message.as_ref().filter(|m| m.ended).and_then(|m| m.last),
            encrypted: self.encrypted,
            recipient: None,
            secret: self.secret.take(),
        }
    }

    /// Keeps one of LMTP's replies; of those beyond the cap only the code.
    pub(super) fn keep_reply(&mut self, mut reply: Reply) {
        let texts = reply.lines.iter().map(|line| line.as_bytes().len()).sum::<usize>();
        self.kept = self.kept.saturating_add(texts);
        if self.kept > MAX_REPLY_TEXTS {
            reply.lines = Vec::new();
        }
        self.replies.push(reply);
    }

    /// What it costs to keep, in bytes.
    fn cost(&self) -> usize {
        self.text.as_ref().map_or(0, |text| text.as_bytes().len())
    }
}

/// RFC 5321 §4.2.4: who says so has read a line that is no command of his. No server says it of
/// EHLO, or of what comes before EHLO, but for that.
fn is_unknown_command(code: u16) -> bool {
    matches!(code, 500 | 502)
}

/// The commands that wait, oldest first.
#[derive(Default)]
pub(super) struct Queue {
    open: VecDeque<Open>,
    bytes: usize,
}

impl Queue {
    pub(super) fn push(&mut self, open: Open) {
        self.bytes = self.bytes.saturating_add(open.cost());
        self.open.push_back(open);
    }

    /// Puts back what was popped: more replies are due.
    pub(super) fn put_back(&mut self, open: Open) {
        self.bytes = self.bytes.saturating_add(open.cost());
        self.open.push_front(open);
    }

    pub(super) fn pop(&mut self) -> Option<Open> {
        let open = self.open.pop_front()?;
        self.bytes = self.bytes.saturating_sub(open.cost());
        Some(open)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether the oldest must go unanswered to make room.
    pub(super) fn is_too_long(&self) -> bool {
        self.open.len() > MAX_OPEN || self.bytes > MAX_OPEN_BYTES
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Open> {
        self.open.iter()
    }

    pub(super) fn oldest(&self) -> Option<&Open> {
        self.open.front()
    }

    /// Lets go of a PROXY header that a reply is not about. One that came before the client said
    /// more is about the header, if it refuses anything.
    pub(super) fn pass_over_header(&mut self, code: u16, at: Moment) {
        let Some(header) = self.open.front().filter(|open| open.is_header()) else { return };
        let next = self.open.get(1).and_then(Open::sent_at);
        let is_alone = next.is_none_or(|next| at < next) && matches!(code, 221 | 501..);
        if !header.fits(code) && !is_alone {
            self.pop();
        }
    }

    pub(super) fn youngest(&self) -> Option<&Open> {
        self.open.back()
    }

    pub(super) fn youngest_mut(&mut self) -> Option<&mut Open> {
        self.open.back_mut()
    }

    /// A gap on the server's side: any of these may have been answered in it.
    pub(super) fn suspect_all(&mut self) {
        self.open.iter_mut().for_each(|open| open.suspect = true);
    }

    /// How many are older than the one that a reply of this code answers, where replies may be
    /// missing. What was sent after a gap is the likelier: its client had waited for the others.
    pub(super) fn position_for(&self, code: u16) -> Option<usize> {
        let fresh = self.open.iter().position(|open| !open.suspect && open.fits(code));
        fresh.or_else(|| self.position_before_gap(code))
    }

    /// The same for a reply that had begun before the gap.
    pub(super) fn position_before_gap(&self, code: u16) -> Option<usize> {
        self.open.iter().position(|open| open.fits(code))
    }
}
