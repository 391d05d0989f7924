//! Magic numbers: what a file is, by its first bytes.

use super::Compression;

/// First bytes that [`wrapping`] looks at.
pub(super) const WRAPPING_MAGIC: usize = 6;

/// First bytes that [`describe`] looks at: a tar archive shows itself late.
pub(super) const DESCRIBED: usize = 512;

/// Something around the content.
pub(super) enum Wrapping {
    /// One the report has a word for.
    Compression(Compression),
    /// Any other, by name.
    Other(&'static str),
}

/// The compression that a file starting with `head` is in.
pub(super) fn wrapping(head: &[u8]) -> Option<Wrapping> {
    use Wrapping::{Compression as Known, Other};
    match head {
        [0x1f, 0x8b, ..] => Some(Known(Compression::Gzip)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Known(Compression::Zstd)),
        [0x04, 0x22, 0x4d, 0x18, ..] => Some(Known(Compression::Lz4)),
        [0xfd, b'7', b'z', b'X', b'Z', 0x00, ..] => Some(Known(Compression::Xz)),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Other("bzip2")),
        [0x1f, 0x9d, ..] => Some(Other("compress (.Z)")),
        _ => None,
    }
}

/// "starts with 7f 45 4c 46: an ELF program". Bytes are shown in hexadecimal only, never as they
/// are: they may be meant for a terminal.
pub(super) fn describe(head: &[u8]) -> String {
    let first: Vec<_> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("starts with {}: {}", first.join(" "), kind(head))
}

fn kind(head: &[u8]) -> &'static str {
    let known = KNOWN.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((_, kind)) = known {
        return kind;
    }
    if head.get(257..262) == Some(b"ustar") {
        return "a tar archive, unpack it first";
    }
    if head.iter().all(|&byte| byte == 0) {
        return "zero bytes, as a copy that failed leaves behind";
    }
    match is_text(head) {
        true => "text; a hex dump would have to go through text2pcap first",
        false => "unknown binary data",
    }
}

/// Cut anywhere, even within a character.
fn is_text(head: &[u8]) -> bool {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_some() => return false,
        Err(error) => head
            .get(..error.valid_up_to())
            .and_then(|valid| str::from_utf8(valid).ok())
            .unwrap_or_default(),
    };
    !text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace() && c != '\x1b')
}

/// Files that get mistaken for captures, and captures of other programs.
const KNOWN: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"#!", "a script"),
    (b"PK\x03\x04", "a ZIP archive, unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive, unpack it first"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"-----BEGIN ", "a PEM file with keys or certificates"),
    (b"\x30\x82", "a DER file, such as a key or a certificate"),
    (b"CLIENT_RANDOM", "a TLS key log"),
    (b"# SSL/TLS secrets", "a TLS key log"),
    (b"{", "JSON text"),
    (b"[", "JSON text"),
    (b"<", "XML or HTML text"),
    (b"From ", "a mailbox"),
    (b"Return-Path:", "a mail message"),
    (b"Received:", "a mail message"),
    (b"SQLite format 3", "an SQLite database"),
    (b"snoop\0\0\0", "a Solaris snoop capture, convert it with `editcap -F pcapng`"),
    (b"GMBU", "a Microsoft Network Monitor capture, convert it with `editcap -F pcapng`"),
    (b"RTSS", "a Microsoft Network Monitor capture, convert it with `editcap -F pcapng`"),
    (b"XCP\0", "a Sniffer capture, convert it with `editcap -F pcapng`"),
    (b"TRSNIFF data", "a Sniffer capture, convert it with `editcap -F pcapng`"),
    (b"iptrace", "an AIX iptrace capture, convert it with `editcap -F pcapng`"),
    (b"btsnoop\0", "a Bluetooth capture, which carries no TCP"),
    (b"\xa1\xb2\xcd\x34", "a big-endian `modified` pcap, convert it with `editcap -F pcap`"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_what_is_no_capture() {
        assert_eq!(describe(b"\x7fELF\x02"), "starts with 7f 45 4c 46: an ELF program");
        assert!(describe(b"-----BEGIN RSA PRIVATE KEY-----").ends_with("keys or certificates"));
        assert!(describe(b"{}").ends_with("JSON text"));
        assert!(describe(&[0; 64]).contains("zero bytes"));
        assert!(describe(b"\x01\x02\x03").ends_with("unknown binary data"));
        assert!(describe("grüße".as_bytes()).contains(": text"));
    }

    #[test]
    fn sees_text_that_is_cut_within_a_character() {
        let text = "ü".as_bytes();
        assert!(is_text(&[b"gr", &text[..1]].concat()));
    }

    #[test]
    fn sees_a_tar_archive_by_its_late_magic() {
        let mut head = vec![b'a'; 512];
        head.splice(257..262, *b"ustar");
        assert!(describe(&head).contains("tar archive"));
    }
}
