//! Does this look like SMTP? Asked of the first bytes of both directions, on any port.

use super::proxy::{HeaderStart, header_start};
use super::verb::Verb;
use super::{command, reply};

/// Bytes of either side that are looked at: a greeting's first line, or a command.
const WINDOW: usize = 512;

/// How much a connection's first bytes look like SMTP or LMTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detection {
    /// They are.
    Yes,
    /// They are not, whatever follows.
    No,
    /// More bytes will tell.
    Unsure,
}

/// Judges the first bytes of a connection, as many as there are of each side.
///
/// FTP greets with 220 too, and NNTP and POP3 have verbs in common with SMTP: a greeting that
/// names no protocol waits for the client's first verb, and a verb for a reply.
#[must_use]
pub fn sniff(client: &[u8], server: &[u8]) -> Detection {
    let client = behind_proxy_header(client);
    let client = client.get(..WINDOW).unwrap_or(client);
    let server = server.get(..WINDOW).unwrap_or(server);
    match (server_greets(server), client_speaks(client)) {
        (Detection::Yes, _) => Detection::Yes,
        (Detection::No, _) | (_, Detection::No) => Detection::No,
        (_, Detection::Yes) if first_line(server).is_some() => Detection::Yes,
        _ => strong_verb(client),
    }
}

/// A PROXY protocol header may come first; it says nothing of what follows.
fn behind_proxy_header(client: &[u8]) -> &[u8] {
    match header_start(client) {
        HeaderStart::None if client.starts_with(b"PROXY ") => behind_line(client),
        HeaderStart::None => client,
        HeaderStart::Unsure => &[],
        HeaderStart::Found(len) => client.get(len..).unwrap_or(&[]),
    }
}

/// Behind a line that should have been a header, and is none.
fn behind_line(client: &[u8]) -> &[u8] {
    let end = client.iter().position(|&b| b == b'\n').map_or(client.len(), |i| i.saturating_add(1));
    client.get(end..).unwrap_or(&[])
}

/// A verb that no other protocol has is enough by itself: only one side may have been captured.
fn strong_verb(client: &[u8]) -> Detection {
    match first_line(client).and_then(command::verb) {
        Some(Verb::Ehlo | Verb::Helo | Verb::Lhlo) => Detection::Yes,
        Some(Verb::Mail | Verb::Rcpt) if first_line(client).is_some_and(command::is_certain) => {
            Detection::Yes
        }
        _ => Detection::Unsure,
    }
}

fn client_speaks(client: &[u8]) -> Detection {
    let Some(line) = first_line(client) else {
        return if client.first().is_some_and(u8::is_ascii_control) {
            Detection::No
        } else {
            Detection::Unsure
        };
    };
    if command::is_known(line) { Detection::Yes } else { Detection::No }
}

fn server_greets(server: &[u8]) -> Detection {
    let Some(line) = first_line(server) else {
        return if could_be_code(server) { Detection::Unsure } else { Detection::No };
    };
    if !reply::is_reply_line(line) {
        return Detection::No;
    }
    let text = String::from_utf8_lossy(line).to_ascii_uppercase();
    let is_greeting =
        ["220", "421", "450", "521", "550", "554"].iter().any(|c| text.starts_with(c));
    match is_greeting {
        _ if text.contains("SMTP") || text.contains("LMTP") => Detection::Yes,
        _ if text.contains("FTP") => Detection::No,
        true if !text.starts_with("220") => Detection::Yes,
        _ => Detection::Unsure,
    }
}

/// Whether the start of a line may become a reply code.
fn could_be_code(start: &[u8]) -> bool {
    let is_separator = |b: Option<&u8>| b.is_none_or(|b| matches!(b, b' ' | b'-'));
    start.iter().take(3).all(u8::is_ascii_digit)
        && start.first().is_none_or(|b| matches!(b, b'2'..=b'5'))
        && is_separator(start.get(3))
}

/// The first line without its end, if it has ended.
fn first_line(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|&b| b == b'\n')?;
    let line = bytes.get(..end)?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_that_names_itself_is_enough() {
        assert_eq!(sniff(b"", b"220 mail.example.com ESMTP Postfix\r\n"), Detection::Yes);
        assert_eq!(sniff(b"", b"220 mail LMTP ready\r\n"), Detection::Yes);
        assert_eq!(sniff(b"", b"554 no service here\r\n"), Detection::Yes);
        assert_eq!(sniff(b"", b"421 4.3.2 too busy\r\n"), Detection::Yes);
    }

    #[test]
    fn a_bare_greeting_waits_for_the_clients_verb() {
        assert_eq!(sniff(b"", b"220 mail.example.com\r\n"), Detection::Unsure);
        assert_eq!(sniff(b"EHLO a\r\n", b"220 mail.example.com\r\n"), Detection::Yes);
        assert_eq!(sniff(b"USER a\r\n", b"220 files.example.com\r\n"), Detection::No);
    }

    #[test]
    fn other_protocols_are_told_apart() {
        assert_eq!(sniff(b"", b"220 (vsFTPd 3.0.3)\r\n"), Detection::No);
        assert_eq!(sniff(b"", b"+OK POP3 ready\r\n"), Detection::No);
        assert_eq!(sniff(b"", b"* OK IMAP4\r\n"), Detection::No);
        assert_eq!(sniff(b"GET / HTTP/1.1\r\n", b""), Detection::No);
        assert_eq!(sniff(b"\x16\x03\x01\x02", b""), Detection::No);
    }

    #[test]
    fn one_side_alone_may_be_enough() {
        assert_eq!(sniff(b"EHLO client\r\n", b""), Detection::Yes);
        assert_eq!(sniff(b"PROXY UNKNOWN\r\nEHLO a\r\n", b"220 x\r\n"), Detection::Yes);
        assert_eq!(sniff(b"QUIT\r\n", b""), Detection::Unsure);
    }

    #[test]
    fn a_binary_header_says_nothing_of_what_follows() {
        let header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\0\0\x01\x0a\0\0\x02\x9c\x40\0\x19";
        assert_eq!(sniff(header, b""), Detection::Unsure);
        assert_eq!(sniff(&[header, &b"EHLO a\r\n"[..]].concat(), b"220 x\r\n"), Detection::Yes);
        assert_eq!(sniff(&[header, &b"GET / HTTP/1.1\r\n"[..]].concat(), b""), Detection::No);
    }

    #[test]
    fn little_is_not_judged() {
        for (client, server) in
            [(&b""[..], &b""[..]), (b"EH", b""), (b"", b"22"), (b"PROXY TCP4", b"220 x\r\n")]
        {
            assert_eq!(sniff(client, server), Detection::Unsure);
        }
    }
}
