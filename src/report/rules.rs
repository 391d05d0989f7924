//! Rules that judge a session, and the one table of what each finding's code means.

use super::findings::{Finding, Severity};
use super::session::SessionReport;
use super::starttls;
use crate::flow::TcpFacts;
use crate::moment::Moment;
use crate::role::{PerRole, Role};
use crate::tls::TlsFacts;
use crate::tls::names::{AlertDescription, ProtocolVersion};
use crate::tls::suite::{Cipher, Suite};

/// A greeting that takes longer than this is slow, in ns (1 s): people notice, and some clients
/// give up after a few of these.
const SLOW_GREETING: i64 = 1_000_000_000;

/// A handshake that takes longer than this is slow, in ns (500 ms).
const SLOW_HANDSHAKE: i64 = 500_000_000;

/// Severity and hint of each code that is not a reason of the verdict.
const CODES: &[(&str, Severity, &str)] = &[
    (
        "tcp.lost_segment",
        Severity::Warning,
        "the capture lacks packets that were delivered: use a larger buffer (`tcpdump -B`), or capture closer",
    ),
    (
        "tcp.one_sided",
        Severity::Warning,
        "capture both directions: check the filter, the mirror port, and asymmetric routing",
    ),
    (
        "tls.alert",
        Severity::Error,
        "the alert names what its sender did not accept; the timeline shows when",
    ),
    (
        "tls.no_shared_cipher",
        Severity::Error,
        "compare `client_hello.cipher_suites` and the versions offered with what the server allows",
    ),
    ("tls.certificate_expired", Severity::Warning, "renew the server's certificate"),
    ("tls.weak_cipher", Severity::Warning, "prefer AES-GCM suites with ECDHE"),
    (
        "tls.old_version",
        Severity::Warning,
        "TLS 1.0 and 1.1 are deprecated (RFC 8996): use TLS 1.2 or 1.3",
    ),
    (
        "tls.slow_handshake",
        Severity::Warning,
        "see `timing` for the phase and the side that took the time",
    ),
    (
        "tls.not_tls",
        Severity::Warning,
        "one side speaks TLS where the other does not: check port and security mode",
    ),
    (
        "tls.search_given_up",
        Severity::Info,
        "capture without loss: what is missing hides where the records begin and which number they have",
    ),
    (
        "smtp.starttls_injection",
        Severity::Warning,
        "somebody between the ends may be adding commands, or a client does not wait for the reply to STARTTLS (CVE-2011-0411)",
    ),
    (
        "smtp.starttls_stripped",
        Severity::Warning,
        "something between the ends hides STARTTLS: a firewall's SMTP inspection (Cisco `fixup` or `inspect esmtp`), or an attacker",
    ),
    (
        "smtp.starttls_not_begun",
        Severity::Warning,
        "the server said 220 and no ClientHello followed: see the client's log",
    ),
    (
        "smtp.starttls_refused",
        Severity::Warning,
        "the server has no usable certificate or key, or refuses TLS for now: see its log",
    ),
    (
        "smtp.auth_in_clear",
        Severity::Warning,
        "let the client demand STARTTLS before AUTH, and the server offer AUTH inside TLS only",
    ),
    ("smtp.rejected", Severity::Warning, "the reply's text and enhanced status code say why"),
    (
        "smtp.slow_greeting",
        Severity::Warning,
        "reverse DNS, tarpitting and pregreet tests are the usual causes",
    ),
    (
        "smtp.bare_newline",
        Severity::Warning,
        "RFC 5321 §2.3.8 forbids bare CR and LF; lax servers can be made to smuggle mails with them",
    ),
    (
        "smtp.ehlo_not_repeated",
        Severity::Warning,
        "RFC 3207 §4.2: the client must send EHLO again inside TLS",
    ),
    ("smtp.protocol_error", Severity::Warning, ""),
];

/// A finding with the severity and hint that its code has.
pub(super) fn finding(code: &'static str, message: impl Into<String>) -> Finding {
    let row = CODES.iter().find(|row| row.0 == code);
    let (severity, hint) = row.map_or((Severity::Warning, ""), |row| (row.1, row.2));
    let finding = Finding::new(code, severity, message);
    if hint.is_empty() { finding } else { finding.hint(hint) }
}

/// Adds to a finished session what its parts show together, and puts the worst first.
pub(super) fn judge(
    session: &mut SessionReport,
    tcp: &TcpFacts,
    tls: Option<&TlsFacts>,
    lost: &PerRole<Option<(Moment, u64)>>,
) {
    let mut found = Vec::new();
    found.extend(lost_segments(lost));
    found.extend(one_sided(session, tcp));
    if let Some(facts) = tls {
        found.extend(verdict(session));
        found.extend(fatal_alert(facts));
        found.extend(certificate_expired(session, facts));
        found.extend(weak(facts));
        found.extend(slow_handshake(session));
        found.extend(search_given_up(facts));
    }
    found.extend(starttls_refused(session));
    found.extend(starttls::findings(session));
    found.extend(rejected(session));
    found.extend(slow_greeting(session));
    found.append(&mut session.findings);
    found.sort_by_key(|finding| (finding.severity, finding.frame.is_none(), finding.frame));
    session.findings = found;
}

fn lost_segments(lost: &PerRole<Option<(Moment, u64)>>) -> impl Iterator<Item = Finding> {
    Role::BOTH.into_iter().filter_map(|role| {
        let (at, bytes) = lost[role]?;
        let message = format!("{bytes} bytes of the {} are in no captured frame", role.name());
        Some(finding("tcp.lost_segment", message).at(at.frame))
    })
}

fn one_sided(session: &SessionReport, tcp: &TcpFacts) -> Option<Finding> {
    let bytes = session.tcp.bytes;
    let silent = match (bytes.client > 0, bytes.server > 0) {
        (true, false) => Role::Server,
        (false, true) => Role::Client,
        _ => return None,
    };
    // A peer whose packets are there, and nothing of whose bytes was acknowledged, was silent.
    let was_seen = tcp.counters[silent].packets > 0;
    if was_seen && session.tcp.lost_bytes[silent] == 0 {
        return None;
    }
    let message = format!("nothing that the {} sent was captured", silent.name());
    Some(finding("tcp.one_sided", message).at(session.frames.first))
}

fn verdict(session: &SessionReport) -> Option<Finding> {
    let tls = session.tls.as_ref()?;
    let hello = session.timeline.iter().find(|entry| entry.event.starts_with("tls."));
    tls.decryption.finding(hello.map(|entry| entry.frame))
}

/// An alert other than close_notify; a ServerHello that never came names the usual cause.
fn fatal_alert(facts: &TlsFacts) -> Vec<Finding> {
    let told = |alert: &&crate::tls::Alert| alert.description.is_some_and(|d| d.0 != 0);
    let Some(alert) = facts.alerts.iter().find(told) else { return Vec::new() };
    let description = alert.description.unwrap_or_default();
    let level = alert.level.map_or("unknown", super::tls::level_name);
    let message = format!("the {} sent the alert {level} {description}", alert.from.name());
    let mut found = vec![finding("tls.alert", message).at(alert.at.frame)];
    if alert.level == Some(1) {
        found[0].severity = Severity::Info;
    }
    let refused_offer = alert.from == Role::Server
        && description == AlertDescription(40)
        && facts.server_hello.is_none();
    if refused_offer {
        let offered = facts.client_hello.as_ref().map_or(0, |hello| hello.cipher_suites.len());
        let message = format!(
            "the server accepts none of the {offered} cipher suites offered, or none of the versions"
        );
        found.insert(0, finding("tls.no_shared_cipher", message).at(alert.at.frame));
    }
    found
}

fn certificate_expired(session: &SessionReport, facts: &TlsFacts) -> Option<Finding> {
    let certificate = facts.certificates.first()?;
    if certificate.not_after >= session.start {
        return None;
    }
    let message = format!(
        "the certificate of \"{}\" expired on {}",
        certificate.subject, certificate.not_after
    );
    Some(finding("tls.certificate_expired", message).at(facts.certificate_at.map(|at| at.frame)))
}

fn weak(facts: &TlsFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(version) = facts.version().filter(|&version| version < ProtocolVersion::TLS12) {
        found.push(finding("tls.old_version", format!("{version} was agreed on")));
    }
    if let Some(suite) = facts.suite().filter(|suite| is_weak(suite)) {
        found.push(finding("tls.weak_cipher", format!("{} was agreed on", suite.name)));
    }
    found
}

fn is_weak(suite: &Suite) -> bool {
    use Cipher::{
        Des40Cbc, DesCbc, IdeaCbc, Null, Rc2Bits40Cbc, Rc2Bits56Cbc, Rc2Bits128Cbc, Rc4Bits40,
        Rc4Bits56, Rc4Bits128, TripleDesCbc,
    };
    matches!(
        suite.cipher,
        Null | Rc4Bits40
            | Rc4Bits56
            | Rc4Bits128
            | Rc2Bits40Cbc
            | Rc2Bits56Cbc
            | Rc2Bits128Cbc
            | Des40Cbc
            | DesCbc
            | IdeaCbc
            | TripleDesCbc
    )
}

fn slow_handshake(session: &SessionReport) -> Option<Finding> {
    let ns = session.timing.tls_handshake_ns.filter(|&ns| ns > SLOW_HANDSHAKE)?;
    let phases = [
        ("the server's first flight", session.timing.tls_server_flight_ns),
        ("the client's flight", session.timing.tls_client_flight_ns),
        ("the server's Finished", session.timing.tls_server_finish_ns),
    ];
    let slowest = phases.into_iter().filter_map(|(name, ns)| Some((ns?, name))).max()?;
    let message =
        format!("the handshake took {}, {} of it for {}", ms(ns), ms(slowest.0), slowest.1);
    let hello = session.timeline.iter().find(|entry| entry.event == "tls.client_hello")?;
    Some(finding("tls.slow_handshake", message).at(hello.frame))
}

fn search_given_up(facts: &TlsFacts) -> Option<Finding> {
    let at = facts.search_given_up?;
    let message = "not every record behind a hole was tried with every number that it may have";
    Some(finding("tls.search_given_up", message).at(at.frame))
}

fn starttls_refused(session: &SessionReport) -> Option<Finding> {
    let smtp = session.smtp.as_ref()?;
    let refused = smtp.exchanges.iter().find(|exchange| {
        exchange.verb.as_deref().is_some_and(|verb| starttls::VERBS.contains(&verb))
            && exchange.reply.as_ref().is_some_and(|reply| reply.code != 220)
    })?;
    let reply = refused.reply.as_ref()?.lines.last()?;
    let message = format!("the server refused STARTTLS: {reply}");
    Some(finding("smtp.starttls_refused", message).at(refused.reply_frame))
}

/// Replies of refusal to anything that a mail needs.
fn rejected(session: &SessionReport) -> Vec<Finding> {
    let Some(smtp) = &session.smtp else { return Vec::new() };
    let is_refused = |exchange: &&super::ConversationExchange| {
        matches!(
            exchange.verb.as_deref(),
            None | Some("AUTH" | "AUTH-RESPONSE" | "MAIL" | "RCPT" | "DATA" | "BDAT" | ".")
        ) && exchange.reply.as_ref().is_some_and(|reply| reply.class() >= 4)
    };
    let say = |exchange: &super::ConversationExchange| {
        let what = exchange.command.as_deref().or(exchange.verb.as_deref());
        let line = exchange.reply.as_ref().and_then(|reply| reply.lines.last());
        let line = line.map_or("", String::as_str);
        let message = match what {
            Some(".") => format!("the message was refused: {line}"),
            Some(what) => format!("{what} was refused: {line}"),
            None => format!("the server refused: {line}"),
        };
        finding("smtp.rejected", message).at(exchange.reply_frame)
    };
    smtp.exchanges.iter().filter(is_refused).take(8).map(say).collect()
}

fn slow_greeting(session: &SessionReport) -> Option<Finding> {
    let ns = session.timing.greeting_ns.filter(|&ns| ns > SLOW_GREETING)?;
    let frame = session.smtp.as_ref()?.exchanges.first()?.reply_frame;
    Some(finding("smtp.slow_greeting", format!("the greeting took {}", ms(ns))).at(frame))
}

fn ms(ns: i64) -> String {
    format!("{}.{:03} s", ns / 1_000_000_000, ns / 1_000_000 % 1000)
}
