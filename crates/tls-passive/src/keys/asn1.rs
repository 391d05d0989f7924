//! The few moves in ASN.1 that containers of keys need: into the fields of a value, and from BER,
//! which PKCS#12 files may be in, to DER.

use der_parser::asn1_rs::{FromBer, Header, Length};
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Decode, Reader, SliceReader, Tag, Tagged};
use zeroize::Zeroizing;

/// A PFX is some ten levels deep; each costs a copy.
pub(super) const MAX_DEPTH: usize = 24;

/// The DER values that follow each other in `contents`.
pub(super) fn children(contents: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(contents).ok()?;
    let mut children = Vec::new();
    while !reader.is_finished() {
        children.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(children)
}

/// The fields of a SEQUENCE.
pub(super) fn fields(value: AnyRef<'_>) -> Option<Vec<AnyRef<'_>>> {
    (value.tag() == Tag::Sequence).then(|| children(value.value()))?
}

/// The contents of an OCTET STRING.
pub(super) fn octets(value: AnyRef<'_>) -> Option<&[u8]> {
    (value.tag() == Tag::OctetString).then(|| value.value())
}

/// The contents of a field tagged `[0]`.
pub(super) fn tagged_zero(value: AnyRef<'_>) -> Option<&[u8]> {
    let is_zero = matches!(value.tag(), Tag::ContextSpecific { number, .. } if number.value() == 0);
    is_zero.then(|| value.value())
}

/// The first value of `ber` in DER as far as its lengths and strings go: lengths definite and
/// minimal, OCTET STRINGs in one piece (X.690 §8.1.3, §8.7.3). Nothing else is changed.
pub(super) fn to_der(mut ber: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut der = Zeroizing::new(Vec::with_capacity(ber.len() + 8));
    convert(&mut ber, &mut der, 0)?;
    Some(der)
}

/// A BER value that has been begun.
struct Head {
    tag: u8,
    /// `None` if it is indefinite.
    length: Option<usize>,
}

/// Moves one value from `ber` to `der`.
fn convert(ber: &mut &[u8], der: &mut Zeroizing<Vec<u8>>, depth: usize) -> Option<()> {
    let head = head(ber)?;
    if head.tag & 0x20 == 0 {
        let contents = ber.split_off(..head.length?)?;
        return write(der, head.tag, contents);
    }
    let contents = constructed(ber, head.length, depth)?;
    if head.tag == 0x24 {
        let pieces = children(&contents)?.into_iter().map(octets).collect::<Option<Vec<_>>>()?;
        return write(der, 0x04, &Zeroizing::new(pieces.concat()));
    }
    write(der, head.tag, &contents)
}

/// The contents of a constructed value, in DER.
fn constructed(ber: &mut &[u8], length: Option<usize>, depth: usize) -> Option<Zeroizing<Vec<u8>>> {
    if depth >= MAX_DEPTH {
        return None;
    }
    let mut contents =
        Zeroizing::new(Vec::with_capacity(ber.len().min(length.unwrap_or(usize::MAX))));
    if let Some(length) = length {
        let mut inner = ber.split_off(..length)?;
        while !inner.is_empty() {
            convert(&mut inner, &mut contents, depth + 1)?;
        }
        return Some(contents);
    }
    while !ber.starts_with(&[0, 0]) {
        convert(ber, &mut contents, depth + 1)?;
    }
    *ber = &ber[2..];
    Some(contents)
}

/// Tag and length; tags of more than one byte are nowhere in a container of keys.
fn head(ber: &mut &[u8]) -> Option<Head> {
    let tag = *ber.first().filter(|tag| **tag & 0x1f != 0x1f)?;
    let (rest, header) = Header::from_ber(ber).ok()?;
    *ber = rest;
    let length = match header.length() {
        Length::Definite(length) => Some(length),
        Length::Indefinite => None,
    };
    Some(Head { tag, length })
}

fn write(der: &mut Vec<u8>, tag: u8, contents: &[u8]) -> Option<()> {
    let length = u32::try_from(contents.len()).ok()?.to_be_bytes();
    der.push(tag);
    let skip = length.iter().take_while(|byte| **byte == 0).count();
    match length[skip..] {
        [] => der.push(0),
        [short @ ..0x80] => der.push(short),
        ref long => {
            der.push(0x80 | u8::try_from(long.len()).ok()?);
            der.extend_from_slice(long);
        }
    }
    der.extend_from_slice(contents);
    Some(())
}

#[cfg(test)]
pub(super) mod tests {
    use pkcs8::der::Encode;
    use proptest::prelude::*;

    use super::*;

    /// BER as Windows writes it: indefinite lengths, OCTET STRINGs in pieces.
    pub(in crate::keys) fn to_ber(der: &[u8]) -> Vec<u8> {
        let mut ber = Vec::new();
        for value in children(der).unwrap() {
            let tag = value.to_der().unwrap()[0];
            let contents = value.value();
            if tag & 0x20 != 0 {
                ber.extend([&[tag, 0x80], &to_ber(contents)[..], &[0, 0]].concat());
            } else if tag == 0x04 {
                ber.extend([0x24, 0x80]);
                for piece in contents.chunks(100) {
                    write(&mut ber, 0x04, piece).unwrap();
                }
                ber.extend([0, 0]);
            } else {
                write(&mut ber, tag, contents).unwrap();
            }
        }
        ber
    }

    #[test]
    fn ber_becomes_the_der_it_was_made_of() {
        let mut der = Vec::new();
        write(&mut der, 0x04, &[7; 300]).unwrap();
        write(&mut der, 0x02, &[1]).unwrap();
        let mut sequence = Vec::new();
        write(&mut sequence, 0x30, &der).unwrap();
        assert_eq!(to_der(&to_ber(&sequence)).unwrap().as_slice(), sequence);
    }

    #[test]
    fn what_does_not_end_or_is_too_deep_is_refused() {
        assert!(to_der(&[0x30, 0x80, 0x02, 0x01, 0x05]).is_none());
        assert!(to_der(&[0x04, 0x80, 0, 0]).is_none());
        assert!(to_der(&[0x30, 0x05, 0x02, 0x01, 0x05]).is_none());
        assert!(to_der(&[0x30, 0x80].repeat(1000)).is_none());
        assert!(to_der(&[0x1f, 0x01, 0x00]).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            let _ = (to_der(&bytes), children(&bytes));
            let _ = to_der(&[&[0x30, 0x80, 0x24, 0x80], &bytes[..]].concat());
        }
    }
}
