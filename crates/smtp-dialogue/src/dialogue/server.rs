//! The server's side: what its replies make of the commands.

use super::{Dialogue, Mode, Switch};
use crate::event::{Exchange, ExchangeKind, FindingKind, SecretSpan, Sink, SmtpEvent};
use crate::facts::{ForeignLine, Greeting, StartTls};
use crate::line::Line;
use crate::moment::Moment;
use crate::open::{Kind, Open};
use crate::reply::{self, Reply, Step};
use crate::role::Role;
use crate::transaction::Transaction;

impl Dialogue {
    /// Takes some of the server's bytes; none if TLS is due.
    pub(super) fn server_step(&mut self, bytes: &[u8], at: Moment, out: &mut Sink<'_>) -> usize {
        if self.switch == Switch::Due || self.turn.server_yields {
            return 0;
        }
        if self.meets_tls(Role::Server, bytes, at, out) {
            return 0;
        }
        let offset = self.offset[Role::Server];
        let (taken, line) = self.lines[Role::Server].read(bytes, offset, at);
        if let Some(mut line) = line {
            self.mask_echoes(&mut line, out);
            self.on_server_line(&line, out);
        }
        taken
    }

    fn on_server_line(&mut self, line: &Line, out: &mut Sink<'_>) {
        self.allow_tls();
        let is_behind_gap = std::mem::take(&mut self.losses.skip[Role::Server]);
        if is_behind_gap && !reply::is_reply_line(&line.bytes) {
            return;
        }
        if let Some((reply, at)) = self.replies.take_cut_before(&line.bytes) {
            self.on_cut_reply(reply, at, out);
        }
        self.check_line(Role::Server, line, out);
        let step = self.replies.push(line);
        if std::mem::take(&mut self.replies.is_mixed) && !self.losses.replies {
            let message = "the lines of a reply have different codes".to_owned();
            self.note(FindingKind::ProtocolError, line.at, message, out);
        }
        match step {
            Step::More => {}
            Step::Done(reply, at) => self.on_reply(reply, at, out),
            Step::NotAReply => self.on_foreign_line(line, out),
        }
    }

    /// Masks what the server repeats of a secret. Beyond the part of a line that is kept all is masked.
    fn mask_echoes(&self, line: &mut Line, out: &mut Sink<'_>) {
        if self.echoes.is_empty() {
            return;
        }
        let (from, start) = (Role::Server, line.start);
        for range in self.echoes.mask(&mut line.bytes) {
            let len = range.len() as u64;
            let start = start.saturating_add(range.start as u64);
            out(SmtpEvent::SecretSpan(SecretSpan { from, start, len }));
        }
        if line.is_cut() {
            let kept = line.bytes.len() as u64;
            let (start, len) = (start.saturating_add(kept), line.len.saturating_sub(kept));
            out(SmtpEvent::SecretSpan(SecretSpan { from, start, len }));
        }
    }

    fn on_foreign_line(&mut self, line: &Line, out: &mut Sink<'_>) {
        if !self.is_greeted && !self.losses.ever && self.facts.foreign.is_none() {
            let text = String::from_utf8_lossy(&line.bytes).into_owned();
            self.facts.foreign = Some(ForeignLine { text, at: line.at });
        }
        let message = "a line of the server is no reply".to_owned();
        self.note(FindingKind::ProtocolError, line.at, message, out);
    }

    /// The server will say nothing more.
    pub(super) fn finish_server(&mut self, out: &mut Sink<'_>) {
        if let Some(mut line) = self.lines[Role::Server].take_partial() {
            self.mask_echoes(&mut line, out);
            if reply::is_reply_line(&line.bytes) {
                self.on_server_line(&line, out);
            }
        }
        if let Some((reply, at)) = self.replies.take_partial() {
            self.on_reply(reply, at, out);
        }
    }

    pub(super) fn on_reply(&mut self, reply: Reply, at: Moment, out: &mut Sink<'_>) {
        if self.is_greeted {
            self.give_up_preamble(out);
        }
        if self.is_greeting(&reply) {
            return self.on_greeting(reply, at, out);
        }
        self.is_greeted = true;
        self.queue.pass_over_header(reply.code, at);
        let Some(older) = self.older_than_answered(&reply) else {
            return self.on_stray(reply, at, out);
        };
        self.note_passed_over(older, reply.code, at, out);
        self.answer_behind(older, reply, at, out);
        // With nothing left to wait for, both sides agree again on what comes next.
        self.losses.replies &= !self.queue.is_empty();
    }

    /// A reply that had begun before the gap that has its end.
    fn on_cut_reply(&mut self, reply: Reply, at: Moment, out: &mut Sink<'_>) {
        match self.queue.position_before_gap(reply.code) {
            Some(older) => self.answer_behind(older, reply, at, out),
            None => self.on_stray(reply, at, out),
        }
    }

    /// Answers the command behind so many older ones, whose replies were not captured.
    fn answer_behind(&mut self, older: usize, reply: Reply, at: Moment, out: &mut Sink<'_>) {
        for _ in 0..older {
            self.answer(None, out);
        }
        self.answer(Some((reply, at)), out);
    }

    /// RFC 5321 §3.1: 220, or 554 and its kin; but a 220 may answer STARTTLS or XCLIENT where the
    /// capture starts late.
    fn is_greeting(&self, reply: &Reply) -> bool {
        if self.is_greeted {
            return false;
        }
        match self.queue.oldest() {
            None => reply.code == 220 || reply.class() >= 4,
            // The server speaks first: with nothing missing, a refusal is the greeting, however early
            // the client has spoken.
            Some(_) if reply.class() >= 4 && !self.losses.ever && !self.facts.encrypted => true,
            Some(open) => reply.code == 220 && !matches!(open.kind, Kind::StartTls | Kind::Reset),
        }
    }

    fn on_greeting(&mut self, reply: Reply, at: Moment, out: &mut Sink<'_>) {
        self.is_greeted = true;
        let text = reply.texts().collect::<Vec<_>>().join("\n");
        self.facts.is_lmtp |= text.split_whitespace().any(|word| word == "LMTP");
        self.facts.greeting = Some(Greeting { code: reply.code, text });
        let early = self.queue.iter().find(|open| !open.is_header());
        if let Some(early) = early.and_then(Open::sent_at) {
            self.facts.early = Some(early);
            let message = "the client spoke before the greeting".to_owned();
            self.note(FindingKind::EarlyTalker, early, message, out);
        }
        self.reply_alone(ExchangeKind::Greeting, reply, at, out);
    }

    fn reply_alone(&self, kind: ExchangeKind, reply: Reply, at: Moment, out: &mut Sink<'_>) {
        out(SmtpEvent::Exchange(Box::new(Exchange {
            kind,
            command: None,
            verb: None,
            reply: Some(reply),
            at: None,
            reply_at: Some(at),
            message_end: None,
            encrypted: self.facts.encrypted,
            recipient: None,
            secret: None,
        })));
    }

    /// How many of the commands that wait are older than the one answered: none, unless replies
    /// may be missing. A reply that cannot be the oldest's shows that more is missing than was
    /// thought, or that the server has left a command without one.
    fn older_than_answered(&self, reply: &Reply) -> Option<usize> {
        let oldest = self.queue.oldest()?;
        if self.losses.replies {
            return self.queue.position_for(reply.code);
        }
        let is_odd = !oldest.fits(reply.code) && !oldest.is_header();
        is_odd.then(|| self.queue.position_before_gap(reply.code)).flatten().or(Some(0))
    }

    /// Nothing was lost, and yet the server has passed these over.
    fn note_passed_over(&mut self, older: usize, code: u16, at: Moment, out: &mut Sink<'_>) {
        if older > 0 && !self.losses.ever {
            let s = if older == 1 { "" } else { "s" };
            let message = format!("the reply {code} leaves {older} older command{s} unanswered");
            self.note(FindingKind::ProtocolError, at, message, out);
        }
    }

    /// A reply that answers no command that was seen: the body's under way, or a lost command's.
    fn on_stray(&mut self, reply: Reply, at: Moment, out: &mut Sink<'_>) {
        if let Mode::Data(body) = &self.mode
            && self.early.is_none()
            && reply.class() != 3
        {
            let may_have_ended = body.may_have_ended();
            self.early = Some((reply, at));
            if may_have_ended {
                self.end_body_at_reply(out);
            }
            return;
        }
        let is_explained = self.is_explained(&reply);
        let is_between = matches!(self.mode, Mode::Command | Mode::Preamble(_));
        match reply.code {
            354 if is_explained && is_between => self.open_lost_body(out),
            // Whatever the client says next is a secret.
            334 if is_between => self.mode = Mode::Auth { loose: true },
            220 if is_explained => self.facts.starttls = StartTls::Accepted,
            _ => {}
        }
        if !is_explained {
            let message = format!("a reply {} to no command", reply.code);
            self.note(FindingKind::ProtocolError, at, message, out);
        }
        self.reply_alone(ExchangeKind::Stray, reply, at, out);
    }

    /// A 354 whose DATA was not captured: a body follows, or is in the gap.
    fn open_lost_body(&mut self, out: &mut Sink<'_>) {
        self.open_body();
        if let Mode::Data(body) = &mut self.mode {
            body.lose(out);
        }
    }

    /// Whether a reply without a command is no error: RFC 5321 §3.8 allows 421 at any time, and a
    /// command may not have been captured.
    fn is_explained(&self, reply: &Reply) -> bool {
        reply.code == 421 || self.losses.commands || self.offset[Role::Client] == 0
    }

    /// The reply to a body whose end was lost, or is one for a lax server only.
    fn end_body_at_reply(&mut self, out: &mut Sink<'_>) {
        let dot = matches!(&self.mode, Mode::Data(body) if body.is_at_false_end());
        self.end_body(dot, out);
    }

    /// Answers the oldest command that waits; without a reply, none was captured.
    pub(super) fn answer(&mut self, reply: Option<(Reply, Moment)>, out: &mut Sink<'_>) {
        let Some(mut open) = self.queue.pop() else { return };
        if reply.is_none() && open.is_header() {
            return;
        }
        self.turn.server_yields |= open.holds && self.turn.client_held;
        if reply.is_some() && self.losses.doubt_from.is_some_and(|from| open.starts_behind(from)) {
            self.losses.doubt_from = None;
        }
        let answer = reply.clone();
        let code = reply.as_ref().map(|(reply, _)| reply.code);
        if let Some(span) = code.and_then(|code| open.hide_if_answered_as_auth(code)) {
            out(SmtpEvent::SecretSpan(span));
        }
        let mut exchange = open.exchange(reply);
        exchange.recipient = self.recipient_answered(&open);
        out(SmtpEvent::Exchange(Box::new(exchange)));
        match answer {
            Some((reply, _)) if self.owes_more_replies(&open, &reply) => {
                open.keep_reply(reply);
                self.queue.put_back(open);
            }
            answer => self.apply(open, answer, out),
        }
    }

    /// RFC 2033 §4.2: an LMTP server answers a message once for each recipient accepted. One that
    /// knows no PROXY header answers each of its lines.
    fn owes_more_replies(&self, open: &Open, reply: &Reply) -> bool {
        if open.is_header() {
            return open.is_header_of_more_lines(reply.code);
        }
        let due = self.transaction.as_ref().map_or(1, Transaction::accepted);
        let answered = open.replies.len().saturating_add(1);
        self.facts.is_lmtp && is_final(&open.kind) && reply.code != 421 && answered < due
    }

    fn recipient_answered(&self, open: &Open) -> Option<String> {
        let transaction = self.transaction.as_ref().filter(|_| self.facts.is_lmtp)?;
        transaction.recipient(open.replies.len()).filter(|_| is_final(&open.kind)).cloned()
    }
}

/// Whether a reply to this is the reply to a message.
pub(super) fn is_final(kind: &Kind) -> bool {
    matches!(kind, Kind::Body | Kind::Chunk { last: true })
}
