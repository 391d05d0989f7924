//! The other end speaks another protocol, by its first line.

use super::case::Case;
use crate::report::codes;
use crate::report::diagnosis::{Cause, Likelihood};
use crate::smtp::Verb;

/// Bytes of a line that a message quotes.
const QUOTED: usize = 120;

/// What begins a line, and what speaks so.
const SERVICES: [(&str, &str); 17] = [
    ("* OK", "IMAP"),
    ("* PREAUTH", "IMAP"),
    ("* BYE", "IMAP"),
    ("+OK", "POP3"),
    ("-ERR", "POP3"),
    ("SSH-", "SSH"),
    ("HTTP/", "HTTP"),
    ("<!DOCTYPE", "HTTP"),
    ("<html", "HTTP"),
    ("<?xml", "XML"),
    ("RFB ", "VNC"),
    ("AMQP", "AMQP"),
    ("\"IMPLEMENTATION\"", "ManageSieve"),
    ("OK MPD", "MPD"),
    ("-NOAUTH", "Redis"),
    ("-DENIED", "Redis"),
    ("@RSYNCD:", "rsync"),
];

/// Who greets with 220, 200 or 120 too (RFC 959, RFC 3977).
const NUMBERED: [(&str, &str); 3] = [("200 ", "NNTP"), ("201 ", "NNTP"), ("120 ", "FTP")];

/// What no other protocol says.
const SMTP_VERBS: [Verb; 6] =
    [Verb::Ehlo, Verb::Helo, Verb::Lhlo, Verb::Mail, Verb::Rcpt, Verb::StartTls];

/// First words of a client that speaks something else.
const REQUESTS: [(&str, &str); 8] = [
    ("GET ", "HTTP"),
    ("POST ", "HTTP"),
    ("HEAD ", "HTTP"),
    ("PUT ", "HTTP"),
    ("OPTIONS ", "HTTP"),
    ("CONNECT ", "HTTP"),
    ("SSH-", "SSH"),
    ("A001 ", "IMAP"),
];

/// What speaks so.
fn service(line: &str, table: &[(&str, &'static str)]) -> Option<&'static str> {
    let begins =
        |start: &str| line.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
    table.iter().find(|(start, _)| begins(start)).map(|(_, name)| *name)
}

/// A line as a message quotes it.
pub(super) fn quoted(line: &str) -> String {
    let short: String = line.chars().take(QUOTED).collect();
    let more = if short.len() < line.len() { " …" } else { "" };
    format!("\"{}\"{more}", short.trim_end())
}

pub(super) fn cause(case: &Case<'_>) -> Option<Cause> {
    server_is_another(case).or_else(|| client_is_another(case))
}

fn server_is_another(case: &Case<'_>) -> Option<Cause> {
    let line = case.smtp?.foreign.as_ref().filter(|_| wants_mail(case))?;
    let server = case.session.server.0;
    let speaks = service(&line.text, &SERVICES).or_else(|| service(&line.text, &NUMBERED));
    let (likelihood, what) = match speaks {
        Some(name) => (Likelihood::Certain, format!("{name}, not SMTP")),
        None => (Likelihood::Likely, "no SMTP".to_owned()),
    };
    let message = format!(
        "{server} speaks {what}: its first line is {} (frame {})",
        quoted(&line.text),
        line.at.frame
    );
    let cause = Cause::new(codes::SMTP_OTHER_PROTOCOL, likelihood, message).at(line.at.frame);
    Some(cause.hint(format!(
        "the client wants SMTP, and another service listens on port {}: correct the port or the host in the client",
        server.port()
    )))
}

/// Whether the client speaks SMTP, or waits for the server to begin as in SMTP: else two others talk.
fn wants_mail(case: &Case<'_>) -> bool {
    let Some(smtp) = &case.session.smtp else { return false };
    let mut verbs = smtp.exchanges.iter().filter_map(|exchange| exchange.verb.as_ref()).peekable();
    verbs.peek().is_none() || verbs.any(|verb| SMTP_VERBS.contains(verb))
}

fn client_is_another(case: &Case<'_>) -> Option<Cause> {
    let smtp = case.session.smtp.as_ref()?;
    let first = smtp.exchanges.iter().find(|exchange| exchange.command.is_some())?;
    let command = first.command.as_deref()?;
    let name = service(command, &REQUESTS)?;
    // A server that answers in the same language is none of mail's.
    if case.smtp.is_some_and(|facts| facts.foreign.is_some()) {
        return None;
    }
    let message =
        format!("the client speaks {name} to a mail server: its first line is {}", quoted(command));
    let cause =
        Cause::new(codes::SMTP_OTHER_PROTOCOL, Likelihood::Certain, message).at(first.frame);
    Some(cause.hint("correct the port or the host in the client; web pages that are made to send mail do this too"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_known_by_how_they_greet() {
        let known = |line| service(line, &SERVICES).or_else(|| service(line, &NUMBERED));
        assert_eq!(known("* OK [CAPABILITY IMAP4rev1] Dovecot ready."), Some("IMAP"));
        assert_eq!(known("+OK POP3 ready"), Some("POP3"));
        assert_eq!(known("SSH-2.0-OpenSSH_9.2p1"), Some("SSH"));
        assert_eq!(known("HTTP/1.1 400 Bad Request"), Some("HTTP"));
        assert_eq!(known("200 news.example.com InterNetNews ready"), Some("NNTP"));
        assert_eq!(known("220 mail.example.com ESMTP"), None);
    }

    #[test]
    fn a_long_line_is_quoted_in_part() {
        let line = "x".repeat(500);
        assert!(quoted(&line).ends_with("x\" …"));
        assert_eq!(quoted("short"), "\"short\"");
    }
}
