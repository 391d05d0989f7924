//! Does this look like TLS? Asked of the first bytes of a direction.

/// Whether bytes at the start of a direction look like TLS: a handshake or alert record, or a
/// hello of SSL 2.0. The answer to a few bytes may be wrong, since SMTP begins with none of them.
#[must_use]
pub fn looks_like_tls(bytes: &[u8]) -> bool {
    match bytes {
        [20..=23, 3, minor, ..] => *minor <= 4,
        [20..=23, 3] | [22] => true,
        [high, ssl2 @ ..] if high & 0x80 != 0 => looks_like_ssl2(ssl2),
        _ => false,
    }
}

/// What follows the first byte of an SSL 2.0 hello, as far as it came: of the client, which may
/// offer TLS in it, or of the server.
fn looks_like_ssl2(rest: &[u8]) -> bool {
    matches!(rest, [] | [_] | [_, 1] | [_, 1, 0 | 3] | [_, 1, 0, 2, ..] | [_, 1, 3, _, ..])
        || matches!(rest, [_, 4] | [_, 4, 0 | 1] | [_, 4, 0 | 1, 0 | 1, ..])
}

#[cfg(test)]
mod tests {
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
}
