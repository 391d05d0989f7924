//! Is this TLS? The one answer for everyone who asks, by content and never by how packets cut it.

use super::border::header_at;
use super::handshake::HandshakeType;
use super::record::{ContentType, HEADER};
use crate::role::Role;

// As bytes, to match slices with.
const CHANGE_CIPHER_SPEC: u8 = ContentType::CHANGE_CIPHER_SPEC.0;
const HANDSHAKE: u8 = ContentType::HANDSHAKE.0;
const APPLICATION_DATA: u8 = ContentType::APPLICATION_DATA.0;
const CLIENT_HELLO: u8 = HandshakeType::CLIENT_HELLO.0;
const SERVER_HELLO: u8 = HandshakeType::SERVER_HELLO.0;

/// The first byte of every version from SSL 3.0 to TLS 1.3 (RFC 5246 §6.2.1).
const MAJOR: u8 = 0x03;

/// The second byte of the newest one.
const NEWEST_MINOR: u8 = 0x04;

/// What bytes are at a place where TLS may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// A record, or a hello of SSL 2.0.
    Tls,
    /// As far as they go they may be one: more bytes tell.
    Unsure,
    /// Something else.
    Other,
}

/// What the bytes at the start of a direction are: a handshake or alert record, a hello of SSL 2.0,
/// or something else. No line of SMTP begins as these do.
#[must_use]
pub fn sniffed(bytes: &[u8]) -> Sniffed {
    match bytes {
        [high, rest @ ..] if high & 0x80 != 0 => sniffed_ssl2(rest),
        _ => sniffed_record(bytes),
    }
}

/// Whether bytes at the start of a direction look like TLS, as far as they go.
#[must_use]
pub(super) fn looks_like_tls(bytes: &[u8]) -> bool {
    !bytes.is_empty() && sniffed(bytes) != Sniffed::Other
}

/// Whether a line of text is none but the record that begins a direction: a handshake or, of a
/// server, an alert. The types are control characters, which begin no line (RFC 5246 §6.2.1).
#[must_use]
pub fn begins_in_text(from: Role, bytes: &[u8]) -> bool {
    let first = bytes.first().map(|&kind| ContentType(kind));
    let may_be_first = first == Some(ContentType::HANDSHAKE)
        || (first == Some(ContentType::ALERT) && from == Role::Server);
    may_be_first && sniffed_record(bytes) != Sniffed::Other
}

/// Whose hello a direction begins with, if it is one (RFC 5246 §7.4).
#[must_use]
pub fn hello_of(bytes: &[u8]) -> Option<Role> {
    match bytes {
        [HANDSHAKE, MAJOR, _, _, _, CLIENT_HELLO, ..] => Some(Role::Client),
        [HANDSHAKE, MAJOR, _, _, _, SERVER_HELLO, ..] => Some(Role::Server),
        _ => None,
    }
}

/// Whether a record header stands anywhere in bytes: asked behind a gap. In text there is none, and
/// in random bytes one in some two million places looks like one.
#[must_use]
pub fn holds_border(bytes: &[u8]) -> bool {
    bytes.windows(HEADER).any(|header| header_at(header, None).is_some())
}

fn sniffed_record(bytes: &[u8]) -> Sniffed {
    match bytes {
        [] => Sniffed::Unsure,
        [CHANGE_CIPHER_SPEC..=APPLICATION_DATA, rest @ ..] => match rest {
            [] | [MAJOR] => Sniffed::Unsure,
            [MAJOR, ..=NEWEST_MINOR, ..] => Sniffed::Tls,
            _ => Sniffed::Other,
        },
        _ => Sniffed::Other,
    }
}

/// What follows the first byte of an SSL 2.0 hello (RFC 5246 §E.2): of the client, which may offer
/// TLS in it, or of the server.
fn sniffed_ssl2(rest: &[u8]) -> Sniffed {
    match rest {
        [] | [_] | [_, 1] | [_, 1, 0 | 3] | [_, 4] | [_, 4, 0 | 1] => Sniffed::Unsure,
        [_, 1, 0, 2, ..] | [_, 1, 3, _, ..] | [_, 4, 0 | 1, 0 | 1, ..] => Sniffed::Tls,
        _ => Sniffed::Other,
    }
}

/// Looks for the first byte of TLS in a direction that may have text ahead of it.
#[derive(Debug)]
pub struct Sniffer {
    /// Bytes known to be text.
    text: u64,
    /// What stands behind them, and may be the beginning of TLS: a few bytes.
    unsure: Vec<u8>,
    is_line_start: bool,
    is_found: bool,
}

impl Default for Sniffer {
    fn default() -> Self {
        Self { text: 0, unsure: Vec::new(), is_line_start: true, is_found: false }
    }
}

impl Sniffer {
    /// Takes the next bytes of the direction.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.is_found {
            return;
        }
        self.unsure.extend_from_slice(bytes);
        let window = std::mem::take(&mut self.unsure);
        for (place, &byte) in window.iter().enumerate() {
            let rest = window.get(place..).unwrap_or_default();
            // In the middle of a line a byte of a word may have its first bit set.
            let found = if self.is_line_start { sniffed(rest) } else { sniffed_record(rest) };
            match found {
                Sniffed::Other => {}
                Sniffed::Tls => return self.is_found = true,
                Sniffed::Unsure => return self.unsure = rest.to_vec(),
            }
            self.text = self.text.saturating_add(1);
            self.is_line_start = byte == b'\n';
        }
    }

    /// How many bytes of text stand ahead of TLS, once it has begun.
    #[must_use]
    pub fn begins_behind(&self) -> Option<u64> {
        self.is_found.then_some(self.text)
    }

    /// Bytes that are certainly text so far.
    #[must_use]
    pub fn text(&self) -> u64 {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tells_tls_from_smtp_by_the_first_bytes() {
        assert!(looks_like_tls(&[22, 3, 1, 0, 200]));
        let hello = [0x80, 46, 1, 3, 1];
        assert!((1..=hello.len()).all(|end| looks_like_tls(&hello[..end])));
        assert!(looks_like_tls(&[0x84, 16, 4, 0, 1, 0, 2]));
        assert!(!looks_like_tls(&[0x8F, 2, 0x11, 0xFE]));
        for line in [&b"220 mail.example.com"[..], b"EHLO x\r\n", b"\r\n", b""] {
            assert!(!looks_like_tls(line));
        }
    }

    #[test]
    fn a_line_begins_tls_by_a_handshake_or_by_the_alert_of_a_server() {
        assert!(begins_in_text(Role::Client, &[22, 3, 1]));
        assert!(begins_in_text(Role::Server, &[21, 3, 3]));
        assert!(!begins_in_text(Role::Client, &[21, 3, 3]));
        assert!(!begins_in_text(Role::Server, b"\x16\x20"));
        assert!(!begins_in_text(Role::Server, b""));
    }

    fn begins_behind(pieces: &[&[u8]]) -> Option<u64> {
        let mut sniffer = Sniffer::default();
        pieces.iter().for_each(|piece| sniffer.feed(piece));
        sniffer.begins_behind()
    }

    #[test]
    fn text_may_stand_ahead_of_tls() {
        assert_eq!(begins_behind(&[b"\x16\x03\x01"]), Some(0));
        assert_eq!(begins_behind(&[b"RSET\r\n\x16\x03\x01"]), Some(6));
        assert_eq!(begins_behind(&[b"RSET\x16\x03\x01"]), Some(4));
        assert_eq!(begins_behind(&[b"RSET\r\n\x80\x2e\x01\x03\x01"]), Some(6));
        assert_eq!(begins_behind(&[b"RSET\r\n", b"\x16", b"\x03", b"\x03"]), Some(6));
    }

    #[test]
    fn text_is_not_tls() {
        let utf8 = "MAIL FROM:<j\u{f6}rg@b> \u{e4}\u{1}\u{3}\u{1}\r\n".as_bytes();
        assert_eq!(begins_behind(&[utf8]), None);
        assert_eq!(begins_behind(&[b"RSET\r\n\x16\x16\x16 x\r\n"]), None);
    }

    proptest! {
        #[test]
        fn how_it_is_cut_does_not_matter(
            bytes in prop::collection::vec(
                prop_oneof![Just(22_u8), Just(3), Just(1), Just(0x80), Just(b'\n'), any::<u8>()],
                0..40,
            ),
            cut in 1_usize..6,
        ) {
            let pieces: Vec<_> = bytes.chunks(cut).collect();
            prop_assert_eq!(begins_behind(&pieces), begins_behind(&[&bytes]));
        }
    }
}
