//! Magic numbers: what a file is, by its first bytes.

use super::Compression;

/// First bytes that [`wrapping`] looks at.
pub(super) const WRAPPING_MAGIC: usize = 6;

/// First bytes that [`describe`] looks at: a tar archive shows itself late.
pub(super) const DESCRIBED: usize = 512;

/// No ERF file is older than this (1995).
const ERF_EARLIEST: u32 = 788_918_400;

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
        [0x02, 0x21, 0x4c, 0x18, ..] => Some(Other("lz4 in its legacy format")),
        [b'L', b'Z', b'I', b'P', ..] => Some(Other("lzip")),
        [0x5d, 0x00, 0x00, _, _, ..] => Some(Other("lzma")),
        // Parallel compressors of zstd begin with one.
        _ if is_skippable(head) => Some(Known(Compression::Zstd)),
        _ => None,
    }
}

/// Whether a frame of zstd or lz4 begins here that holds no content (RFC 8878 §3.1.2).
pub(super) fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
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
    if is_erf(head) {
        return "an Endace ERF capture, convert it with `editcap -F pcapng`";
    }
    match is_text(head) {
        true => text(head),
        false => "unknown binary data",
    }
}

fn text(head: &[u8]) -> &'static str {
    if head.windows(11).any(|window| window == b"-----BEGIN ") {
        return "a PEM file; a key is given with --key, each with one of its own";
    }
    let encoded = ENCODED.iter().find(|(start, _)| head.trim_ascii_start().starts_with(start));
    if let Some((_, kind)) = encoded {
        return kind;
    }
    if is_json(head) {
        return "JSON text; tshark's JSON does not hold whole packets, give the capture itself";
    }
    "text; a hex dump would have to go through `text2pcap` first"
}

/// An object or a list, as far as it can be seen.
fn is_json(head: &[u8]) -> bool {
    if !matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return false;
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(head) {
        Ok(_) => true,
        Err(error) => error.is_eof() || error.to_string().starts_with("trailing characters"),
    }
}

/// Two records in a row (Endace's "Extensible Record Format": time, type, flags, length), or one
/// that reaches beyond what is seen. The format has no magic number.
fn is_erf(head: &[u8]) -> bool {
    let record = |at: usize| {
        let fields = head.get(at..)?.first_chunk::<16>()?;
        let seconds = u32::from_le_bytes([fields[4], fields[5], fields[6], fields[7]]);
        let len = u16::from_be_bytes([fields[10], fields[11]]);
        ((1..=48).contains(&(fields[8] & 0x7f)) && len >= 16).then_some((seconds, usize::from(len)))
    };
    let Some((first, len)) = record(0) else { return false };
    let pause = |(second, _): (u32, usize)| second.abs_diff(first);
    first > ERF_EARLIEST && record(len).is_some_and(|next| pause(next) < 86_400)
}

/// Cut anywhere, even within a character.
pub(super) fn is_text(head: &[u8]) -> bool {
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

/// PowerShell's `>` takes a program's output for text and writes it as UTF-16 with line ends of its
/// own: which ones stood there is lost.
const UTF_16: &str = "UTF-16 text, as PowerShell makes of a program's output with `>`; it changes line \
     ends too, so the bytes cannot be restored: let the recorder write the file (`tcpdump -w FILE`)";

/// Captures turned into text, by how they begin, and what turns them back.
const ENCODED: &[(&[u8], &str)] = &[
    (b"1MOyoQ", BASE64),
    (b"obLD1A", BASE64),
    (b"TTyyoQ", BASE64),
    (b"obI8TQ", BASE64),
    (b"Cg0NC", BASE64),
    (b"H4sI", BASE64),
    (b"00000000: ", "a hex dump of xxd, turn it back with `xxd -r`"),
    (b"begin ", "uuencoded text, turn it back with `uudecode`"),
];

const BASE64: &str = "a capture in base64, turn it back with `base64 -d`";

/// Files that get mistaken for captures, and captures of other programs.
const KNOWN: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"#!", "a script"),
    (b"PK\x03\x04", "a ZIP archive, unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive, unpack it first"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\x30\x82", "a DER file, such as a key or a certificate"),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (b"CLIENT_RANDOM", "a TLS key log"),
    (b"# SSL/TLS secrets", "a TLS key log"),
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
    (b"\x7fver", "an EtherPeek capture, convert it with `editcap -F pcapng`"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_what_is_no_capture() {
        assert_eq!(describe(b"\x7fELF\x02"), "starts with 7f 45 4c 46: an ELF program");
        assert!(describe(b"-----BEGIN RSA PRIVATE KEY-----").contains("a key is given with --key"));
        assert!(describe(b"  -----BEGIN CERTIFICATE-----").contains(": a PEM file;"));
        assert!(describe(b"{}").contains(": JSON text"));
        assert!(describe(b"[\n  {\n    \"_index\": \"pack").contains(": JSON text"));
        assert!(describe(b"[2026-11-21 23:58:54] started").contains(": text;"));
        assert!(describe(b"[main]\nkey = 1").contains(": text;"));
        assert!(describe(&[0; 64]).contains("zero bytes"));
        assert!(describe(b"\x01\x02\x03").ends_with("unknown binary data"));
        assert!(describe(b"\xff\xfe\xd4\0\xc3\0").contains("PowerShell"));
        assert!(describe(b"1MOyoQIABAAAAAAA").contains("`base64 -d`"));
        assert!(describe(b"00000000: d4c3 b2a1 0200").contains("`xxd -r`"));
        assert!(describe("grüße".as_bytes()).contains(": text"));
    }

    #[test]
    fn sees_text_that_is_cut_within_a_character() {
        let text = "ü".as_bytes();
        assert!(is_text(&[b"gr", &text[..1]].concat()));
    }

    #[test]
    fn sees_erf_by_two_records_in_a_row() {
        let record = b"\0\0\0\0\x00\x00\x00\x60\x02\x04\0\x14\0\0\0\x40....";
        assert!(describe(&[*record, *record].concat()).contains("ERF"));
        assert!(!describe(&[&record[..], &[0xff; 20]].concat()).contains("ERF"));
    }

    #[test]
    fn sees_a_tar_archive_by_its_late_magic() {
        let mut head = vec![b'a'; 512];
        head.splice(257..262, *b"ustar");
        assert!(describe(&head).contains("tar archive"));
    }
}
