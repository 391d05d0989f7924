//! What a session is and what came of it, before anything else is said of it.

use std::io;

use super::duration::Duration;
use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use super::{certificate, mails, tls};
use crate::report::{
    AuthResult, CloseKind, Decryption, DecryptionStatus, MailReport, Outcome, SeenAs,
    SessionReport, TcpReport,
};
use crate::role::Role;

/// The title: what a pager finds with `/^==`, and who with whom and when.
pub(super) fn title(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::hanging(3);
    line.ink(Ink::Strong).own("== Session ").text(session.id).own(": ");
    line.own(session.protocol.name()).own(", ");
    line.inked(ink(session.outcome), session.outcome.name()).own(", ");
    let (ink, verdict) = verdict(session);
    line.inked(ink, verdict).own(" ").fill(page.width(), '=');
    page.put(&line)?;
    page.put(
        Line::hanging(3)
            .own("   ")
            .ink(Ink::Client)
            .text(session.client.0)
            .ink(Ink::Plain)
            .own(" -> ")
            .ink(Ink::Server)
            .text(session.server.0)
            .ink(Ink::Plain)
            .own("  ")
            .text(page.times().start(session.start)),
    )
}

/// The facts of a session, a labelled line each.
pub(in crate::render) fn facts(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    outcome(session, page)?;
    if let Some(tls) = &session.tls {
        decryption(&tls.decryption, page)?;
    }
    mails::facts(session, page)?;
    login(session, page)?;
    if let Some(report) = &session.tls {
        tls::facts(report, page)?;
        certificate::facts(report, session.start, page)?;
    }
    proxy(session, page)?;
    tunnel(session, page)?;
    also_seen(session, page)?;
    tcp(session, page)
}

/// What became of the ciphertext, in two words.
pub(in crate::render) fn verdict(session: &SessionReport) -> (Ink, &'static str) {
    let status = session.tls.as_ref().map(|tls| tls.decryption.status);
    status.map_or((Ink::Strong, "not encrypted"), status_words)
}

pub(in crate::render) fn status_words(status: DecryptionStatus) -> (Ink, &'static str) {
    match status {
        DecryptionStatus::Decrypted => (Ink::Good, "decrypted"),
        DecryptionStatus::Partial => (Ink::Warn, "partly decrypted"),
        DecryptionStatus::None => (Ink::Bad, "not decrypted"),
        DecryptionStatus::NotNeeded => (Ink::Strong, "nothing to decrypt"),
    }
}

/// The ink of an outcome.
pub(in crate::render) fn ink(outcome: Outcome) -> Ink {
    match outcome {
        Outcome::Delivered => Ink::Good,
        Outcome::NoMail | Outcome::Probe => Ink::Strong,
        Outcome::Incomplete | Outcome::Unknown => Ink::Warn,
        _ => Ink::Bad,
    }
}

fn outcome(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::labelled("Outcome");
    line.inked(ink(session.outcome), session.outcome.name()).own(": ");
    match session.outcome {
        Outcome::Delivered => accepted(session, &mut line),
        outcome => line.own(meaning(outcome)),
    };
    page.put(&line)
}

fn accepted<'l>(session: &SessionReport, line: &'l mut Line) -> &'l mut Line {
    let mails = session.smtp.as_ref().map_or(&[][..], |smtp| &smtp.mails);
    let accepted = mails.iter().filter(|mail| MailReport::is_accepted(mail)).count();
    match (accepted, mails.len()) {
        (1, 1) => line.own("1 mail accepted"),
        (accepted, sent) if accepted == sent => line.text(sent).own(" mails accepted"),
        (accepted, sent) => line.text(accepted).own(" of ").text(sent).own(" mails accepted"),
    }
}

pub(in crate::render) fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "a mail was accepted",
        Outcome::Rejected => "no mail was accepted, and at least one was refused",
        Outcome::NoMail => "no mail was tried",
        Outcome::AuthFailed => "the authentication was refused, and no mail followed",
        Outcome::StarttlsRefused => "STARTTLS was refused, and no mail followed",
        Outcome::TlsFailed => "the TLS handshake failed",
        Outcome::Refused => "the server did not want the connection",
        Outcome::Unanswered => "nobody answered the connection attempt",
        Outcome::Dropped => "the connection ended too early, and no reply says why",
        Outcome::Probe => "a health check or port check, no mail was meant",
        Outcome::Reset => "the connection was reset",
        Outcome::Incomplete => "the capture begins or ends in the middle",
        Outcome::Unknown => "what passed inside TLS is not known",
    }
}

fn decryption(decryption: &Decryption, page: &mut Page<'_>) -> io::Result<()> {
    let (ink, words) = status_words(decryption.status);
    let mut line = Line::labelled("Decryption");
    line.inked(ink, words);
    if let Some(reason) = decryption.reason {
        line.own(" (").own(reason.name()).own(")");
    }
    page.put(line.own(": ").text(&decryption.evidence))?;
    opened(decryption, page)?;
    let Some(hint) = &decryption.hint else { return Ok(()) };
    page.put(Line::unlabelled().inked(Ink::Dim, "hint: ").text(hint))
}

/// How much was opened.
fn opened(decryption: &Decryption, page: &mut Page<'_>) -> io::Result<()> {
    let (records, bytes) = (decryption.records, decryption.bytes);
    if records.client + records.server == 0 {
        return Ok(());
    }
    let mut line = Line::unlabelled();
    line.text(records.client).own(" records of the client (");
    line.text(bytes.client).own(" bytes), ").text(records.server).own(" of the server (");
    line.text(bytes.server).own(" bytes)");
    if decryption.records_failed > 0 {
        line.inked(Ink::Bad, "; failed: ").text(decryption.records_failed);
    }
    page.put(&line)
}

fn login(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let Some(auth) = session.smtp.as_ref().and_then(|smtp| smtp.auth.as_ref()) else {
        return Ok(());
    };
    let mut line = Line::labelled("Auth");
    let ink = if auth.result == AuthResult::Accepted { Ink::Good } else { Ink::Bad };
    line.inked(ink, auth.result.name()).own(": ").text(&auth.mechanism);
    if let Some(user) = &auth.user {
        line.own(" as ").text(user);
    }
    page.put(&line)
}

fn proxy(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let Some(proxy) = &session.proxy else { return Ok(()) };
    let name = |address: &Option<String>| address.clone().unwrap_or_else(|| "unknown".into());
    let mut line = Line::labelled("Proxied");
    line.text(name(&proxy.source)).own(" -> ").text(name(&proxy.destination));
    page.put(line.own(" (PROXY protocol v").text(proxy.version).own(")"))
}

fn tunnel(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let Some(tunnel) = &session.tunnel else { return Ok(()) };
    page.put(Line::labelled("Tunnel").own(tunnel.protocol.name()).own(" to ").text(&tunnel.target))
}

fn also_seen(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    for seen in &session.also_seen {
        let mut line = Line::labelled("Also seen");
        line.text(seen.client.0).own(" -> ").text(seen.server.0);
        match seen.kind {
            SeenAs::Copy => line.own(" (at another point"),
            SeenAs::Replies => line.own(" (the replies"),
        };
        if let Some(ns) = seen.latency_ns.client {
            line.own(", ").text(Duration(ns)).own(" later");
        }
        page.put(line.own(")"))?;
    }
    Ok(())
}

fn tcp(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let frames = session.frames;
    let mut line = Line::labelled("TCP");
    line.text(Duration(session.duration_ns)).own(", ").text(frames.count).own(" frames (");
    line.text(frames.first).own("-").text(frames.last).own(")");
    if let Some(ns) = session.tcp.rtt_ns {
        line.own(", RTT ").text(Duration(ns));
    }
    closed(&session.tcp, &mut line);
    page.put(&line)?;
    vantage(&session.tcp, page)?;
    Role::BOTH.into_iter().try_for_each(|role| trouble(&session.tcp, role, page))
}

/// Where the capture was taken; nothing where nothing tells.
fn vantage(tcp: &TcpReport, page: &mut Page<'_>) -> io::Result<()> {
    let vantage = tcp.vantage;
    let Some((client, server)) = vantage.client_rtt_ns.zip(vantage.server_rtt_ns) else {
        return Ok(());
    };
    let mut line = Line::unlabelled();
    line.own("captured ").own(vantage.position.words()).own(" (RTT: client ");
    line.text(Duration(client)).own(", server ").text(Duration(server));
    page.put(line.own(")"))
}

fn closed(tcp: &TcpReport, line: &mut Line) {
    let how = match tcp.close {
        CloseKind::Fin => " (FIN)",
        CloseKind::Rst => " (RST)",
        CloseKind::None => "",
    };
    match tcp.closed_by {
        Some(role) => line.own(", closed by ").own(role.name()).own(how),
        None => line.own(", not closed in the capture"),
    };
}

/// What went wrong with the packets of one side; nothing, as a rule.
fn trouble(tcp: &TcpReport, role: Role, page: &mut Page<'_>) -> io::Result<()> {
    let counts = [
        (tcp.retransmissions[role], " sent again"),
        (tcp.out_of_order[role], " out of order"),
        (tcp.duplicate_packets[role], " captured twice"),
        (tcp.zero_windows[role], " with a closed window"),
        (tcp.lost_bytes[role], " bytes not captured"),
    ];
    let mut line = Line::unlabelled();
    line.own("of the ").own(role.name());
    let some: Vec<_> = counts.into_iter().filter(|&(count, _)| count > 0).collect();
    for (i, &(count, what)) in some.iter().enumerate() {
        line.own(if i == 0 { ": " } else { ", " }).text(count).own(what);
    }
    if some.is_empty() { Ok(()) } else { page.put(&line) }
}
