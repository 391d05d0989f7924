//! `SSL_SESSION` of OpenSSL in DER (`i2d_SSL_SESSION`): what of it opens a capture.
//!
//! ```text
//! SEQUENCE {
//!   INTEGER 1                 version of the structure
//!   INTEGER 0x0303            version of TLS
//!   OCTET STRING (2)          cipher suite
//!   OCTET STRING (0..32)      session ID
//!   OCTET STRING (48)         master secret; in TLS 1.3 the resumption secret, of 32 or 48 bytes
//!   [1] { INTEGER } ...       time
//! ```

use std::ops::Range;

/// The structure's version and the first half of that of TLS: by these a session is found.
pub(crate) const NEEDLE: [u8; 6] = [2, 1, 1, 2, 2, 3];

/// The time behind the master secret: an INTEGER of four bytes in the tag \[1\].
pub(crate) const TIME: [u8; 4] = [0xa1, 6, 2, 4];

/// Bytes of a master secret.
pub(crate) const MASTER: usize = 48;

/// Bytes from [`NEEDLE`] to the end of the secret, at most.
pub(crate) const LONGEST: usize = NEEDLE.len() + 1 + 4 + 2 + 32 + 2 + MASTER;

/// The secret of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secret {
    /// Where it lies, counted from the needle.
    pub(crate) at: Range<usize>,
    /// It resumes a session of TLS 1.3, and opens none.
    pub(crate) is_resumption: bool,
}

/// Reads a session from its needle on.
pub(crate) fn secret(bytes: &[u8]) -> Option<Secret> {
    let rest = bytes.strip_prefix(&NEEDLE)?;
    let (&minor, rest) = rest.split_first()?;
    let is_resumption = minor == 4;
    let rest = octets(rest, |len| len == 2)?.1;
    let rest = octets(rest, |len| len <= 32)?.1;
    let fits = |len| len == MASTER || (is_resumption && len == 32);
    let (secret, rest) = octets(rest, fits)?;
    let end = bytes.len() - rest.len();
    (minor <= 4).then_some(Secret { at: end - secret.len()..end, is_resumption })
}

/// An OCTET STRING whose length is told in one byte, and what follows it.
fn octets(bytes: &[u8], fits: impl Fn(usize) -> bool) -> Option<(&[u8], &[u8])> {
    let (&[tag, len], rest) = bytes.split_first_chunk()?;
    let len = usize::from(len);
    (tag == 4 && fits(len)).then(|| rest.split_at_checked(len))?
}

/// Whether a session begins here.
pub(crate) fn is_session(bytes: &[u8]) -> bool {
    let ([0x30, 0x82, _, _, body @ ..] | [0x30, 0x81, _, body @ ..]) = bytes else {
        return false;
    };
    body.starts_with(&NEEDLE)
}

#[cfg(test)]
pub(crate) fn made(minor: u8, id: &[u8], secret: &[u8]) -> Vec<u8> {
    let id_len = u8::try_from(id.len()).unwrap();
    let secret_len = u8::try_from(secret.len()).unwrap();
    let body = [
        &NEEDLE[..],
        &[minor, 4, 2, 0xc0, 0x30, 4, id_len],
        id,
        &[4, secret_len],
        secret,
        &TIME,
        &[0x6b, 13, 124, 122],
        &[0; 200],
    ]
    .concat();
    [&[0x30, 0x82][..], &u16::try_from(body.len()).unwrap().to_be_bytes(), &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_secret_of_a_session_is_found() {
        let session = made(3, &[7; 32], &[9; 48]);
        assert!(is_session(&session));
        let found = secret(&session[4..]).unwrap();
        assert_eq!(session[4..][found.at], [9; 48]);
        assert!(!found.is_resumption);
        assert!(secret(&made(4, &[], &[9; 32])[4..]).unwrap().is_resumption);
    }

    #[test]
    fn a_secret_of_another_length_is_none() {
        assert_eq!(secret(&made(3, &[7; 32], &[9; 32])[4..]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_behind_a_needle_are_read(bytes: Vec<u8>) {
            let _ = secret(&[&NEEDLE[..], &bytes].concat());
        }
    }
}
