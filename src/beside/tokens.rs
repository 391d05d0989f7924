//! Names and addresses in the bytes of a request, whatever its protocol: a policy request, a milter's
//! macros, an SQL statement and an LDAP filter all name the client or the addresses that they are about.

/// Bytes of a request that are looked at.
pub(super) const MOST_BYTES: usize = 4096;

/// Tokens that are kept of it.
pub(super) const MOST_TOKENS: usize = 32;

/// The least and the most bytes of one: `a@b.c`, and an address (RFC 5321 §4.5.3.1).
const SHORTEST: usize = 5;
const LONGEST: usize = 320;

/// Adds the tokens of `bytes` to those known.
pub(super) fn collect(bytes: &[u8], known: &mut Vec<Box<str>>) {
    let bytes = bytes.get(..MOST_BYTES).unwrap_or(bytes);
    for word in bytes.split(|byte| !is_part(*byte)) {
        if known.len() >= MOST_TOKENS {
            return;
        }
        let Ok(word) = std::str::from_utf8(word) else { continue };
        let word = word.trim_matches(['.', ':', '-']);
        if is_token(word) && !known.iter().any(|other| other.eq_ignore_ascii_case(word)) {
            known.push(word.to_ascii_lowercase().into());
        }
    }
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".@_:+-".contains(&byte)
}

/// An address of mail or of a host, or a name with a domain.
fn is_token(word: &str) -> bool {
    let dots = word.matches(['.', ':']).count();
    (SHORTEST..=LONGEST).contains(&word.len()) && (dots > 1 || (dots == 1 && word.contains('@')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(bytes: &[u8]) -> Vec<Box<str>> {
        let mut known = Vec::new();
        collect(bytes, &mut known);
        known
    }

    #[test]
    fn a_request_names_whom_it_is_about() {
        let policy =
            b"request=smtpd_access_policy\nclient_address=192.0.2.10\nsender=A@Example.org\n\n";
        assert_eq!(tokens(policy), ["192.0.2.10".into(), Box::from("a@example.org")]);
        let milter = b"\0\0\0\x20DR<b@example.net>\0{client_addr}\x002001:db8::10\0";
        assert_eq!(tokens(milter), ["b@example.net".into(), Box::from("2001:db8::10")]);
        assert_eq!(tokens(b"SELECT 1 FROM t WHERE u='c@d.example'"), [Box::from("c@d.example")]);
        assert_eq!(tokens(&[0x16, 3, 3, 0, 200, b'.', 0xff]), Vec::<Box<str>>::new());
    }

    #[test]
    fn a_long_request_gives_so_many_and_no_more() {
        let long: String = (0..100).map(|n| format!("u{n}@example.org ")).collect();
        assert_eq!(tokens(long.as_bytes()).len(), MOST_TOKENS);
    }
}
