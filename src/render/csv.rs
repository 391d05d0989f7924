//! CSV (RFC 4180): a header row, then a row a session as sessions end. Lists stand in one cell,
//! separated by spaces; what there is not is empty. Lists about mails keep a place for each mail, so
//! that the first of one list belongs to the first of the others.

use std::io::{self, Write};

use super::{Conclusion, Renderer, term};
use crate::report::{MailReport, SessionReport, SmtpReport, TlsReport};

/// A column: its title, and what stands in it.
type Column = (&'static str, fn(&SessionReport) -> String);

/// Columns may be added behind the last one; scripts may go by their titles or their numbers.
const COLUMNS: &[Column] = &[
    ("id", |s| s.id.to_string()),
    ("start", |s| s.start.to_string()),
    ("duration_ns", |s| s.duration_ns.to_string()),
    ("client_ip", |s| s.client.0.ip().to_string()),
    ("client_port", |s| s.client.0.port().to_string()),
    ("server_ip", |s| s.server.0.ip().to_string()),
    ("server_port", |s| s.server.0.port().to_string()),
    ("protocol", |s| s.protocol.name().to_owned()),
    ("outcome", |s| s.outcome.name().to_owned()),
    ("first_frame", |s| s.frames.first.to_string()),
    ("last_frame", |s| s.frames.last.to_string()),
    ("frames", |s| s.frames.count.to_string()),
    ("tls_version", |s| of_tls(s, |tls| tls.version.clone())),
    ("cipher_suite", |s| of_tls(s, |tls| tls.cipher_suite.clone())),
    ("server_name", |s| of_tls(s, |tls| tls.client_hello.as_ref()?.server_name.clone())),
    ("resumed", |s| of_tls(s, |tls| tls.resumed.map(|by| by.name().to_owned()))),
    ("decryption", |s| of_tls(s, |tls| Some(tls.decryption.status.name().to_owned()))),
    ("reason", |s| of_tls(s, |tls| Some(tls.decryption.reason?.name().to_owned()))),
    ("key", |s| of_tls(s, |tls| tls.decryption.key.clone())),
    ("helo", |s| of_smtp(s, |smtp| Some(smtp.helo.as_ref()?.name.clone()))),
    ("auth_mechanism", |s| of_smtp(s, |smtp| Some(smtp.auth.as_ref()?.mechanism.clone()))),
    ("auth_user", |s| of_smtp(s, |smtp| smtp.auth.as_ref()?.user.clone())),
    ("auth_result", |s| of_smtp(s, |smtp| Some(smtp.auth.as_ref()?.result.name().to_owned()))),
    ("mails_sent", |s| mails(s).len().to_string()),
    ("mails_accepted", |s| mails(s).iter().filter(|mail| mail.is_accepted()).count().to_string()),
    ("mail_from", |s| of_mails(s, |mail| mail.from.clone())),
    ("mail_to", |s| list(mails(s).iter().flat_map(|mail| &mail.to))),
    ("mail_rejected_to", |s| list(mails(s).iter().flat_map(|mail| &mail.rejected_to))),
    ("mail_bytes", |s| of_mails(s, |mail| Some(mail.bytes?.to_string()))),
    ("queue_ids", |s| of_mails(s, |mail| mail.queue_id.clone())),
    ("message_ids", |s| of_mails(s, |mail| mail.message_id.clone())),
    ("rtt_ns", |s| number(s.tcp.rtt_ns)),
    ("retransmissions", |s| {
        (s.tcp.retransmissions.client + s.tcp.retransmissions.server).to_string()
    }),
    ("lost_bytes", |s| (s.tcp.lost_bytes.client + s.tcp.lost_bytes.server).to_string()),
    ("tcp_connect_ns", |s| number(s.timing.tcp_connect_ns)),
    ("greeting_ns", |s| number(s.timing.greeting_ns)),
    ("starttls_ns", |s| number(s.timing.starttls_ns)),
    ("tls_handshake_ns", |s| number(s.timing.tls_handshake_ns)),
    ("auth_ns", |s| number(s.timing.auth_ns)),
    ("mail_ns", |s| number(s.timing.mail_ns)),
    ("rcpt_ns", |s| number(s.timing.rcpt_ns)),
    ("data_go_ahead_ns", |s| number(s.timing.data_go_ahead_ns)),
    ("data_transfer_ns", |s| number(s.timing.data_transfer_ns)),
    ("data_accept_ns", |s| number(s.timing.data_accept_ns)),
    ("network_ns", |s| s.timing.attribution.network_ns.to_string()),
    ("client_ns", |s| s.timing.attribution.client_ns.to_string()),
    ("server_ns", |s| s.timing.attribution.server_ns.to_string()),
    ("third_party_ns", |s| s.timing.attribution.third_party_ns.to_string()),
    ("findings", |s| list(s.findings.iter().map(|finding| finding.code))),
];

/// Writes the rows.
#[derive(Default)]
pub struct Rows {
    has_header: bool,
}

impl Renderer for Rows {
    fn session(&mut self, session: SessionReport, out: &mut dyn Write) -> io::Result<()> {
        self.header(out)?;
        row(COLUMNS.iter().map(|(_, cell)| cell(&session)), out)
    }

    fn finish(&mut self, _: Conclusion, out: &mut dyn Write) -> io::Result<()> {
        self.header(out)
    }
}

impl Rows {
    fn header(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_header, true) {
            return Ok(());
        }
        row(COLUMNS.iter().map(|(title, _)| (*title).to_owned()), out)
    }
}

fn row(cells: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<_> = cells.map(|cell| quoted(&harmless(&cell))).collect();
    out.write_all(cells.join(",").as_bytes())?;
    out.write_all(b"\r\n")
}

/// Without line ends and other control characters, and nothing that a spreadsheet takes for a
/// formula: those get an apostrophe in front (OWASP, "CSV Injection"). A whole number is none, whatever
/// its sign.
fn harmless(cell: &str) -> String {
    let cell = term::escaped(cell);
    let begins_formula = |c: char| "=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c);
    match cell.trim_start().starts_with(begins_formula) && cell.parse::<i64>().is_err() {
        true => format!("'{cell}"),
        false => cell.into_owned(),
    }
}

/// RFC 4180 section 2, rules 5 to 7; where the comma is the decimal sign, `;` separates cells.
fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', ';']) || cell.trim() != cell {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

fn of_tls(session: &SessionReport, ask: impl Fn(&TlsReport) -> Option<String>) -> String {
    session.tls.as_ref().and_then(ask).unwrap_or_default()
}

fn of_smtp(session: &SessionReport, ask: impl Fn(&SmtpReport) -> Option<String>) -> String {
    session.smtp.as_ref().and_then(ask).unwrap_or_default()
}

fn mails(session: &SessionReport) -> &[MailReport] {
    session.smtp.as_ref().map_or(&[], |smtp| &smtp.mails)
}

/// A place for each mail, empty where it is unknown.
fn of_mails(session: &SessionReport, ask: impl Fn(&MailReport) -> Option<String>) -> String {
    list(mails(session).iter().map(|mail| ask(mail).unwrap_or_default()))
}

fn list<T: ToString>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(" ")
}

fn number(ns: Option<i64>) -> String {
    ns.map_or_else(String::new, |ns| ns.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(cells: &[&str]) -> String {
        let mut out = Vec::new();
        row(cells.iter().map(|&cell| cell.to_owned()), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// A reader of RFC 4180, written from its grammar.
    fn read(line: &str) -> Vec<String> {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        let mut chars = line.strip_suffix("\r\n").unwrap().chars().peekable();
        while let Some(c) = chars.next() {
            let cell = cells.last_mut().unwrap();
            match c {
                '"' if !quoted => quoted = true,
                '"' if chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
                '"' => quoted = false,
                ',' if !quoted => cells.push(String::new()),
                c => cell.push(c),
            }
        }
        assert!(!quoted, "{line:?}");
        cells
    }

    #[test]
    fn cells_are_quoted_where_rfc_4180_says_so() {
        let line = written(&["a", "b,c", "say \"hi\"", "", "d\r\ne"]);
        assert_eq!(line, "a,\"b,c\",\"say \"\"hi\"\"\",,d\\r\\ne\r\n");
    }

    #[test]
    fn no_cell_begins_a_formula() {
        let line = written(&["=cmd|'/C calc'!A0", "+1-1", "-2+3", "@SUM(A1)", " =1", "a=b"]);
        let cells = ["'=cmd|'/C calc'!A0", "'+1-1", "'-2+3", "'@SUM(A1)", "' =1", "a=b"];
        assert_eq!(line, format!("{}\r\n", cells.join(",")));
    }

    #[test]
    fn a_negative_number_stays_one() {
        assert_eq!(written(&["-2", "-", "-1.5|x"]), "-2,'-,'-1.5|x\r\n");
    }

    proptest! {
        #[test]
        fn any_cell_is_read_back_and_stays_on_its_line(cells in proptest::collection::vec(any::<String>(), 1..6)) {
            let line = written(&cells.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert!(!line.trim_end_matches("\r\n").chars().any(char::is_control));
            let expected: Vec<_> = cells.iter().map(|cell| harmless(cell)).collect();
            prop_assert_eq!(read(&line), expected);
        }
    }
}
