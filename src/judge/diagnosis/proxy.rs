//! A PROXY protocol header that the server does not expect, or that it waits for
//! (<https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt>).

use super::case::Case;
use super::reply::{line, whole};
use crate::moment::seconds;
use crate::report::codes;
use crate::report::diagnosis::{Cause, Likelihood};
use crate::report::exchange::{ConversationExchange, ReplyReport};
use crate::report::session::SessionReport;
use crate::report::smtp::SmtpReport;
use crate::report::timeline::{Layer, TimelineEntry};
use crate::role::Role;
use crate::tls::{Alert, TlsFacts};

/// What the header is in the list of commands.
const VERB: &str = "PROXY";

/// A wait before a refusal that shows that the server had waited for something, in ns (1 s).
const WAITED: i64 = 1_000_000_000;

/// Where the header is switched on and off.
const BOTH_ENDS: &str = "let both agree: switch the header off in the proxy for this server (HAProxy: no send-proxy or send-proxy-v2; load balancers of clouds: \"proxy protocol\"), or let the server expect it (Postfix: smtpd_upstream_proxy_protocol or postscreen_upstream_proxy_protocol = haproxy; Exim: hosts_proxy; HAProxy: accept-proxy)";

/// What a server that waits for a header does without one.
pub(super) const MISSING: &str = "if the server expects a PROXY protocol header (Postfix: smtpd_upstream_proxy_protocol, Exim: hosts_proxy, HAProxy: accept-proxy), it waits for one without a greeting: then connect through the proxy, or let the client send the header";

/// The server read the header as a command.
pub(in crate::judge) fn header_refused(session: &SessionReport) -> Option<Cause> {
    let smtp = session.smtp.as_ref()?;
    let is_header = |exchange: &&ConversationExchange| {
        exchange.verb.as_ref().is_some_and(|verb| verb.name() == VERB)
    };
    let refused = smtp.exchanges.iter().find(is_header)?;
    let reply = refused.reply.as_ref()?;
    let version = session.proxy.as_ref()?.version;
    let is_next = |other: &&ConversationExchange| other.command.is_some() && !is_header(other);
    let next = smtp.exchanges.iter().find(is_next);
    let answered = refused.t_ns.zip(refused.latency_ns).map(|(asked, waited)| asked + waited);
    let is_ahead = next.is_none_or(|next| next.t_ns > answered);
    let likelihood = if is_ahead { Likelihood::Certain } else { Likelihood::Likely };
    let behind = match next {
        Some(_) => {
            "; who speaks through the proxy takes each reply for the answer to its next command"
        }
        None => "",
    };
    let message = format!(
        "the connection begins with a PROXY protocol header (version {version}), which the server does not expect: it read it as a command and refused it: {}{behind}",
        whole(reply)
    );
    let cause = Cause::new(codes::SMTP_PROXY_HEADER_UNEXPECTED, likelihood, message);
    Some(cause.at(refused.reply_frame).hint(BOTH_ENDS))
}

pub(super) fn unexpected(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    header_refused(case.session)
        .or_else(|| refused_as_early(case, smtp))
        .or_else(|| refused_ahead_of_client(case, smtp))
}

/// A server that looks whether the client speaks too early meets the header instead.
fn refused_as_early(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let version = case.session.proxy.as_ref()?.version;
    let greeting = smtp.exchanges.first().filter(|first| first.verb.is_none())?;
    let reply = greeting.reply.as_ref().filter(|reply| is_about_protocol(reply))?;
    let message = format!(
        "the connection begins with a PROXY protocol header (version {version}), and the server's first word is a complaint about the protocol: {}; it does not expect the header",
        line(reply)
    );
    let cause = Cause::new(codes::SMTP_PROXY_HEADER_UNEXPECTED, Likelihood::Likely, message);
    Some(cause.at(greeting.reply_frame).hint(BOTH_ENDS))
}

/// Exim: "554 SMTP synchronization error"; postscreen(8): "521 5.5.1 Protocol error" (RFC 3463
/// §3.6: x.5.x is about the protocol).
fn is_about_protocol(reply: &ReplyReport) -> bool {
    let said = reply.lines.join(" ").to_ascii_lowercase();
    reply.class() == 5 && ["synchroni", "protocol", "5.5."].iter().any(|word| said.contains(word))
}

/// The client's side of such a proxy: the server refuses a line before the client has said any.
fn refused_ahead_of_client(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let lost = case.session.tcp.lost_bytes;
    let is_whole = case.tcp.syn.is_some() && lost.client + lost.server == 0;
    let greeting = smtp.greeting.as_ref().filter(|greeting| greeting.code == 220 && is_whole);
    let second = smtp.exchanges.get(1).filter(|second| second.command.is_none())?;
    let reply = second.reply.as_ref().filter(|reply| matches!(reply.code, 500..=504))?;
    greeting?;
    let refused_at = case.said_at(second.reply_frame?)?.ts;
    let is_clients = |entry: &&TimelineEntry| {
        entry.from == Some(Role::Client) && entry.event.layer() == Layer::Smtp
    };
    let first_word = case.session.timeline.iter().find(is_clients);
    if first_word.is_some_and(|word| word.at.ts < refused_at) {
        return None;
    }
    let message = format!(
        "the server refused a line that this client had not sent ({}, frame {}), so each reply is taken for the answer to the next command: a proxy between the two begins with a PROXY protocol header that the server does not expect, or something else speaks ahead of the client",
        whole(reply),
        second.reply_frame.unwrap_or_default()
    );
    let cause = Cause::new(codes::SMTP_PROXY_HEADER_UNEXPECTED, Likelihood::Likely, message);
    Some(cause.at(second.reply_frame).hint(BOTH_ENDS))
}

/// A server that waits for a header gives up after a while, and says so in place of a greeting.
pub(super) fn may_be_missing(case: &Case<'_>, smtp: &SmtpReport) -> bool {
    let waited = case.session.timing.greeting_ns.is_some_and(|ns| ns >= WAITED);
    let refused = smtp.greeting.as_ref().is_some_and(|greeting| greeting.code == 421);
    waited && refused && case.session.proxy.is_none()
}

/// The header stands ahead of TLS, and the server ends the handshake before its ServerHello.
pub(super) fn ahead_of_tls(
    case: &Case<'_>,
    facts: &TlsFacts,
    alert: Option<&Alert>,
) -> Option<Cause> {
    let version = case.session.proxy.as_ref()?.version;
    if facts.server_hello.is_some() || case.session.smtp.is_some() {
        return None;
    }
    let (deed, at) = match alert {
        Some(alert) => (format!("answered {}", alert.description.unwrap_or_default()), alert.at),
        None => {
            let end = case.end().filter(|end| end.by == Role::Server)?;
            (format!("{} the connection", end.deed), end.at)
        }
    };
    let since = case.tcp.established.map_or(0, |up| at.ts - up.ts);
    let message = format!(
        "the connection begins with a PROXY protocol header (version {version}) ahead of TLS, and the server {deed} before it had said hello, {} after the connection was made (frame {}): it does not expect the header, and took it for TLS",
        seconds(since),
        at.frame
    );
    let cause = Cause::new(codes::SMTP_PROXY_HEADER_UNEXPECTED, Likelihood::Likely, message);
    Some(cause.at(at.frame).hint(BOTH_ENDS))
}
