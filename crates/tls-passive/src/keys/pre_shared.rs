//! Pre-shared keys (RFC 4279, RFC 8446 §4.2.11), from the command line or a file: hexadecimal digits, alone or
//! behind an identity, one a line. `gnutls-serv --pskpasswd` and stunnel's `PSKsecrets` keep them so.

use std::fmt;

use zeroize::Zeroizing;

/// Lines that are read of one file.
pub(super) const MOST_KEYS: usize = 10_000;

/// The longest key, in bytes: OpenSSL's limit (`PSK_MAX_PSK_LEN`).
pub(super) const LONGEST_KEY: usize = 512;

/// The shortest key that is no hexadecimal number, in bytes: stunnel takes none below.
const SHORTEST_TEXT: usize = 16;

/// A pre-shared key's place in its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PreSharedId(pub usize);

/// A key that both ends were given by other ways than TLS. It is wiped when it is dropped; `Debug` shows
/// where it came from alone.
#[derive(PartialEq, Eq)]
pub struct PreSharedKey {
    identity: Option<Vec<u8>>,
    key: Zeroizing<Vec<u8>>,
    source: String,
}

impl PreSharedKey {
    /// What is written in `text`: digits, or an identity, a colon and the key. None if it is neither.
    pub(super) fn parse(text: &[u8], source: &str) -> Option<Self> {
        let text = text.trim_ascii();
        let named = |(identity, key): (Vec<u8>, Zeroizing<Vec<u8>>)| Self {
            identity: Some(identity),
            key,
            source: source.to_owned(),
        };
        let Some(colon) = text.iter().rposition(|&byte| byte == b':') else {
            let key = digits(text)?;
            return Some(Self { identity: None, key, source: source.to_owned() });
        };
        let (name, key) = (text.get(..colon)?, text.get(colon + 1..)?);
        let key = digits(key).or_else(|| characters(key))?;
        Some(named((identity(name), key)))
    }

    /// Whether it may be the key of who calls himself `identity`: one without a name may be anybody's.
    pub(crate) fn fits(&self, identity: &[u8]) -> bool {
        self.identity.as_ref().is_none_or(|own| own == identity)
    }

    /// It belongs to an identity.
    pub(crate) fn is_named(&self) -> bool {
        self.identity.is_some()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.key
    }

    /// Where it was given: `--psk 1`, `psk.txt:3`. No part of the key.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for PreSharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreSharedKey").field("source", &self.source).finish_non_exhaustive()
    }
}

/// GnuTLS writes an identity that is no plain text in digits behind a `#`.
fn identity(name: &[u8]) -> Vec<u8> {
    let spelt = name.strip_prefix(b"#").and_then(digits);
    spelt.map_or_else(|| name.to_vec(), |bytes| bytes.to_vec())
}

/// The bytes that hexadecimal digits spell, if they are a key's.
fn digits(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    let is_key = !text.is_empty() && text.len().is_multiple_of(2) && text.len() <= 2 * LONGEST_KEY;
    let value =
        |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = text.chunks_exact(2).filter(|_| is_key);
    let mut key = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in pairs {
        key.push(value(*pair.first()?)? << 4 | value(*pair.last()?)?);
    }
    (!key.is_empty()).then_some(key)
}

/// stunnel takes what is no hexadecimal number for the key itself.
fn characters(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_key = (SHORTEST_TEXT..=LONGEST_KEY).contains(&text.len());
    is_key.then(|| Zeroizing::new(text.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
        let key = PreSharedKey::parse(text.as_bytes(), "test")?;
        Some((key.identity.clone(), key.key.to_vec()))
    }

    #[test]
    fn a_key_stands_alone_or_behind_its_identity() {
        assert_eq!(parsed("00fF10\r"), Some((None, vec![0, 255, 16])));
        assert_eq!(parsed("mail:relay:0a0b"), Some((Some(b"mail:relay".to_vec()), vec![10, 11])));
        assert_eq!(parsed("#6c6162:0a"), Some((Some(b"lab".to_vec()), vec![10])));
        let text = "relay:sixteen bytes of";
        assert_eq!(parsed(text), Some((Some(b"relay".to_vec()), b"sixteen bytes of".to_vec())));
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in ["", "0", "xy", "name:", "name:short", &"00".repeat(LONGEST_KEY + 1)] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let key = PreSharedKey::parse(b"lab:c0ffee", "psk.txt:1").expect("a key");
        assert_eq!(format!("{key:?}"), "PreSharedKey { source: \"psk.txt:1\", .. }");
    }
}
