//! What a DER value is, told by the tags of its fields: enough to decode the right thing, and to
//! call by its name what cannot be used. PEM labels are often wrong; shapes are not.

use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Decode, Reader, SliceReader, Tag, Tagged};

/// As many fields as tell the shapes apart (RSAPrivateKey has nine or ten).
const MAX_FIELDS: usize = 10;

/// How a PKCS#12 file in BER begins, as Windows and Java write it: indefinite lengths, version 3.
const BER_PKCS12: [u8; 5] = [0x30, 0x80, 0x02, 0x01, 0x03];

/// The shapes that a key file can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// RSAPrivateKey (RFC 8017 §A.1.2).
    Pkcs1,
    /// PrivateKeyInfo, OneAsymmetricKey (RFC 5958 §2).
    Pkcs8,
    /// EncryptedPrivateKeyInfo (RFC 5958 §3).
    EncryptedPkcs8,
    /// ECPrivateKey (RFC 5915 §3).
    Sec1,
    /// OpenSSL's DSA key: version, p, q, g, y, x.
    Dsa,
    /// PFX (RFC 7292 §4).
    Pkcs12,
    /// Certificate, or a request for one (RFC 5280 §4.1, RFC 2986 §4).
    Certificate,
    /// SubjectPublicKeyInfo, or RSAPublicKey (RFC 8017 §A.1.1).
    PublicKey,
    /// Anything else.
    Unknown,
}

impl Shape {
    /// The shape of a DER value.
    pub(super) fn of(der: &[u8]) -> Self {
        use Tag::{BitString, Integer, OctetString, Sequence};
        if der.starts_with(&BER_PKCS12) {
            return Self::Pkcs12;
        }
        match fields(der).unwrap_or_default().as_slice() {
            [Integer, Sequence, OctetString, ..] => Self::Pkcs8,
            [Integer, OctetString, ..] => Self::Sec1,
            [Integer, Sequence] | [Integer, Sequence, Sequence] => Self::Pkcs12,
            [Sequence, OctetString] => Self::EncryptedPkcs8,
            [Sequence, Sequence, BitString] => Self::Certificate,
            [Sequence, BitString] | [Integer, Integer] => Self::PublicKey,
            [head @ .., _] if head.len() >= 8 && head.iter().all(|&tag| tag == Integer) => {
                Self::Pkcs1
            }
            [Integer, Integer, Integer, Integer, Integer, Integer] => Self::Dsa,
            _ => Self::Unknown,
        }
    }
}

/// Whether the bytes begin as a DER (or BER) file longer than 127 bytes does, or are one DER value
/// exactly. The first byte alone is not enough: it is also the digit 0.
pub(super) fn looks_like_der(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, 0x80..=0x84, ..])
        || AnyRef::from_der(bytes).is_ok_and(|any| any.tag() == Tag::Sequence)
}

/// The tags of the fields of a SEQUENCE.
fn fields(der: &[u8]) -> Option<Vec<Tag>> {
    let sequence = AnyRef::decode(&mut SliceReader::new(der).ok()?).ok()?;
    if sequence.tag() != Tag::Sequence {
        return None;
    }
    let mut reader = SliceReader::new(sequence.value()).ok()?;
    let mut tags = Vec::new();
    while !reader.is_finished() && tags.len() < MAX_FIELDS {
        tags.push(AnyRef::decode(&mut reader).ok()?.tag());
    }
    Some(tags)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_that_begins_with_a_zero_is_not_der() {
        assert!(!looks_like_der(b"0.0.0.0,587,smtp,/tmp/a.key\n"));
        assert!(looks_like_der(&[0x30, 0x82, 0x01]) && looks_like_der(&[0x30, 0x02, 0x05, 0x00]));
    }

    #[test]
    fn windows_pkcs12_is_known_by_its_beginning() {
        assert_eq!(Shape::of(&[0x30, 0x80, 2, 1, 3, 0x30, 0x80]), Shape::Pkcs12);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            let _ = (looks_like_der(&bytes), Shape::of(&bytes));
            let length = u8::try_from(bytes.len() & 0x7f).unwrap();
            let framed = [&[0x30, length], &bytes[..length.into()]].concat();
            let _ = Shape::of(&framed);
        }
    }
}
