//! The stretches of a session in which the server owed a reply.

use crate::moment::Timestamp;
use crate::report::codes::{self, Code};
use crate::report::{ConversationExchange, SessionReport, Verb};

/// Shorter ones need no explanation, in ns (500 ms).
const LEAST: i64 = 500_000_000;

/// A reply that was waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// The field of `timing`.
    pub(super) phase: &'static str,
    /// The code of the finding that tells it if it is slow.
    pub(super) code: Code,
}

impl Stretch {
    pub(super) fn ns(&self) -> i64 {
        self.until - self.from
    }

    /// How much of it lies between two instants.
    pub(super) fn shared(&self, from: Timestamp, until: Timestamp) -> i64 {
        (until.min(self.until) - from.max(self.from)).max(0)
    }
}

/// A reply to a command, and when it was asked for and came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'s> {
    pub(super) exchange: &'s ConversationExchange,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

/// The replies of a session with their times, in order. A pipelined command waits from the reply
/// before its own (RFC 2920 §3.2).
pub(super) fn replies(session: &SessionReport) -> Vec<Asked<'_>> {
    let exchanges = session.smtp.iter().flat_map(|smtp| &smtp.exchanges);
    let mut last = session.start;
    let mut found = Vec::new();
    for exchange in exchanges {
        let Some(t_ns) = exchange.t_ns else { continue };
        let said = session.start.plus(t_ns);
        let (from, until) = match (exchange.verb.as_ref(), exchange.latency_ns) {
            // The greeting has the time of the reply.
            (None, _) => (said.plus(-session.timing.greeting_ns.unwrap_or_default()), said),
            (Some(_), Some(ns)) => (said.max(last), said.plus(ns)),
            (Some(_), None) => continue,
        };
        last = last.max(until);
        found.push(Asked { exchange, from, until });
    }
    found
}

/// The stretches that someone would notice.
pub(super) fn stretches(session: &SessionReport) -> Vec<Stretch> {
    let found = replies(session).into_iter().filter_map(|asked| {
        let (phase, code) = phase(asked.exchange.verb.as_ref())?;
        let stretch = Stretch { from: asked.from, until: asked.until, phase, code };
        (stretch.ns() >= LEAST).then_some(stretch)
    });
    found.chain(unanswered_end(session)).collect()
}

/// A reply that never came, up to the client's leaving: what was waited for in vain.
fn unanswered_end(session: &SessionReport) -> Option<Stretch> {
    let exchanges = &session.smtp.as_ref()?.exchanges;
    let last = exchanges.last()?;
    let (phase, code) = phase(last.verb.as_ref())?;
    let from = session.start.plus(last.t_ns?);
    let until = session.start.plus(session.duration_ns);
    let is_open = last.reply.is_none() && last.verb.is_some() && until - from >= LEAST;
    is_open.then_some(Stretch { from, until, phase, code })
}

fn phase(verb: Option<&Verb>) -> Option<(&'static str, Code)> {
    Some(match verb {
        None => ("greeting_ns", codes::SMTP_SLOW_GREETING),
        Some(Verb::Auth | Verb::AuthResponse) => ("auth_ns", codes::SMTP_SLOW_AUTH),
        Some(Verb::Mail) => ("mail_ns", codes::SMTP_SLOW_MAIL),
        Some(Verb::Rcpt) => ("rcpt_ns", codes::SMTP_SLOW_RCPT),
        Some(Verb::Data) => ("data_go_ahead_ns", codes::SMTP_SLOW_DATA),
        Some(Verb::Message | Verb::Bdat) => ("data_accept_ns", codes::SMTP_SLOW_ACCEPT),
        Some(Verb::StartTls) => ("starttls_ns", codes::SMTP_SLOW_STARTTLS),
        _ => return None,
    })
}
