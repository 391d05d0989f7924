//! What a command changes once its reply is known.

use super::server::is_final;
use super::{Dialogue, Mode, Switch};
use crate::event::{Sink, SmtpEvent};
use crate::facts::{Helo, StartTls};
use crate::message::Summary;
use crate::moment::Moment;
use crate::open::{Kind, Open};
use crate::reply::Reply;
use crate::transaction::Transaction;
use crate::verb::Verb;

impl Dialogue {
    /// What a command and its reply change.
    pub(super) fn apply(
        &mut self,
        mut open: Open,
        answer: Option<(Reply, Moment)>,
        out: &mut Sink<'_>,
    ) {
        if let Some(message) = open.message.take() {
            self.on_message_answered(*message, &mut open, answer.as_ref(), out);
        }
        let reply = answer.as_ref().map(|(reply, _)| reply);
        let is_refused = reply.is_some_and(|reply| !reply.is_positive());
        match open.kind {
            Kind::Hello { verb, name } if !is_refused => self.on_hello(verb, name, reply),
            Kind::StartTls => self.on_starttls_answered(open.holds, answer, out),
            Kind::Auth | Kind::AuthResponse => self.on_auth_answered(open.holds, reply),
            Kind::Mail(path) if !is_refused => self.transaction = Some(Transaction::new(path)),
            Kind::Rcpt(path) => self.transaction.get_or_insert_default().add(path, reply),
            Kind::Data => self.on_data_answered(open.holds, reply),
            Kind::Blob { size } => self.on_blob_answered(size, open.holds, reply),
            Kind::Chunk { last } => self.on_chunk_answered(last, answer),
            Kind::Reset if !is_refused => self.transaction = None,
            _ => {}
        }
    }

    /// The message is over, by its last byte or by a command that gives it up.
    fn on_message_answered(
        &mut self,
        message: Summary,
        open: &mut Open,
        answer: Option<&(Reply, Moment)>,
        out: &mut Sink<'_>,
    ) {
        let its_reply = answer.filter(|_| is_final(&open.kind)).map(|(reply, _)| reply.clone());
        its_reply.into_iter().for_each(|reply| open.keep_reply(reply));
        self.close_mail(message, std::mem::take(&mut open.replies), out);
    }

    fn on_hello(&mut self, verb: Verb, name: String, reply: Option<&Reply>) {
        // RFC 5321 §4.1.4: EHLO in mid-dialogue does what RSET does.
        self.transaction = None;
        self.facts.is_lmtp |= verb == Verb::Lhlo;
        self.facts.helo = Some(Helo { verb, name });
        let Some(reply) = reply else { return };
        self.facts.extensions = reply.texts().skip(1).collect();
        let is_starttls = |keyword: &String| keyword.trim().eq_ignore_ascii_case("STARTTLS");
        if !self.facts.encrypted && self.facts.extensions.iter().any(is_starttls) {
            self.facts.starttls = self.facts.starttls.max(StartTls::Offered);
        }
    }

    /// `held` as for DATA. Behind its 220 a server has nothing to say before TLS (RFC 3207 §4), nor
    /// has a client behind STARTTLS: what they do say is for the caller to judge.
    fn on_starttls_answered(
        &mut self,
        held: bool,
        answer: Option<(Reply, Moment)>,
        out: &mut Sink<'_>,
    ) {
        let Some((reply, at)) = answer.filter(|_| !self.facts.encrypted) else { return };
        if reply.code != 220 {
            self.facts.starttls = self.facts.starttls.max(StartTls::Refused);
            return;
        }
        self.facts.starttls = StartTls::Accepted;
        self.switch = Switch::Due;
        out(SmtpEvent::SwitchToTls { at, stopped_client: held });
    }

    /// `held` as for DATA; a client that has not waited may be past its AUTH.
    fn on_auth_answered(&mut self, held: bool, reply: Option<&Reply>) {
        let Some(reply) = reply else { return };
        if held || matches!(self.mode, Mode::Auth { .. }) {
            let goes_on = reply.code == 334;
            self.mode = if goes_on { Mode::Auth { loose: false } } else { Mode::Command };
        }
        let Some(attempt) = &mut self.attempt else { return };
        attempt.answer(reply.code);
        self.facts.auth = Some(attempt.auth.clone());
    }

    /// `held` tells whether the client's side has waited for this.
    fn on_data_answered(&mut self, held: bool, reply: Option<&Reply>) {
        let Some(reply) = reply else { return };
        self.refused_body = reply.class() >= 4;
        if held && reply.class() == 3 {
            return self.open_body();
        }
        let is_unused = matches!(&self.mode, Mode::Data(body) if body.is_empty());
        if !held && reply.class() != 3 && is_unused {
            self.mode = Mode::Command;
        }
    }

    /// `held` as for DATA.
    fn on_blob_answered(&mut self, size: u64, held: bool, reply: Option<&Reply>) {
        if held && size > 0 && reply.is_some_and(|reply| reply.class() == 3) {
            self.mode = Mode::Blob { left: size };
        }
    }

    /// A chunk answered before its message is over: what that says of the message is kept.
    fn on_chunk_answered(&mut self, last: bool, answer: Option<(Reply, Moment)>) {
        let is_under_way = matches!(self.mode, Mode::Chunk { last: true, .. });
        match answer {
            answer @ Some(_) if last && is_under_way => self.early = answer,
            Some((reply, _)) if !last && !reply.is_positive() => {
                self.transaction.get_or_insert_default().refusal = Some(reply);
            }
            _ => {}
        }
    }

    pub(super) fn close_mail(&mut self, message: Summary, replies: Vec<Reply>, out: &mut Sink<'_>) {
        let transaction = self.transaction.take().unwrap_or_default();
        let mail = transaction.into_mail(message, replies, self.facts.is_lmtp);
        out(SmtpEvent::Mail(Box::new(mail)));
    }
}
