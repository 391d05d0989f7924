//! A certificate with pseudonyms for the names in it, and other numbers: as long as it was, with the
//! same structure, dates, algorithms and sizes (X.690, RFC 5280).

use super::aliases::Aliases;

/// Structures inside structures that are followed; real certificates have ten.
const DEEPEST: usize = 32;

/// An integer or a bit string of so many bytes identifies nothing: a version, an exponent, the uses of
/// a key.
const SMALL: usize = 4;

/// The bit of a tag that says that values are inside, and the bits of its class (X.690 §8.1.2).
const CONSTRUCTED: u8 = 0x20;
const CLASS: u8 = 0xC0;
const CONTEXT: u8 = 0x80;

/// How deep the serial number stands in a certificate, where no other integer does (RFC 5280 §4.1).
const OF_THE_SERIAL_NUMBER: usize = 2;

/// What an INTEGER begins with.
const INTEGER: u8 = 2;

/// What a SEQUENCE begins with.
const SEQUENCE: u8 = 0x30;

/// What a point of an elliptic curve begins with (SEC 1 §2.3.3).
const POINT: [u8; 3] = [2, 3, 4];

/// The certificate under its pseudonyms.
pub(super) fn rewritten(der: &[u8], aliases: &mut Aliases) -> Vec<u8> {
    values(der, 0, aliases).unwrap_or_else(|| aliases.number(der))
}

/// Values one behind the other, to the last byte; None if they are not that.
fn values(mut der: &[u8], depth: usize, aliases: &mut Aliases) -> Option<Vec<u8>> {
    if depth > DEEPEST || der.is_empty() {
        return None;
    }
    let mut safe = Vec::with_capacity(der.len());
    while let Some(&tag) = der.first() {
        let (start, len) = header(der)?;
        let (head, rest) = der.split_at_checked(start)?;
        let (content, rest) = rest.split_at_checked(len)?;
        safe.extend(head);
        safe.extend(match tag == INTEGER && depth == OF_THE_SERIAL_NUMBER {
            true => serial(content, aliases),
            false => value(tag, content, depth, aliases),
        });
        der = rest;
    }
    Some(safe)
}

/// Where the content begins, and how long it is (X.690 §8.1.3). None for tags and lengths that no
/// certificate has.
fn header(der: &[u8]) -> Option<(usize, usize)> {
    const LONG_TAG: u8 = 0x1F;
    match *der {
        [tag, ..] if tag & LONG_TAG == LONG_TAG => None,
        [_, len @ ..=0x7F, ..] => Some((2, len.into())),
        [_, 0x81, len, ..] => Some((3, len.into())),
        [_, 0x82, high, low, ..] => Some((4, usize::from(high) << 8 | usize::from(low))),
        [_, 0x83, a, b, c, ..] => {
            Some((5, usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)))
        }
        _ => None,
    }
}

fn value(tag: u8, content: &[u8], depth: usize, aliases: &mut Aliases) -> Vec<u8> {
    if tag & CONSTRUCTED != 0 {
        let is_empty = content.is_empty();
        let inner = (!is_empty).then(|| values(content, depth + 1, aliases)).flatten();
        return inner.unwrap_or_else(|| aliases.number(content));
    }
    let is_text = content.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    match (tag & CLASS, tag & !CLASS) {
        // BOOLEAN, NULL, OBJECT IDENTIFIER, ENUMERATED, UTCTime, GeneralizedTime.
        (0, 1 | 5 | 6 | 10 | 23 | 24) => content.to_vec(),
        // INTEGER, BIT STRING.
        (0, 2 | 3) if content.len() <= SMALL => content.to_vec(),
        (0, 2) => integer(content, aliases),
        (0, 3) => bits(content, depth, aliases),
        // OCTET STRING: of an extension, whose content is another value.
        (0, 4) => wrapped(content, depth, aliases).unwrap_or_else(|| aliases.number(content)),
        // BMPString, UniversalString: letters of two and four bytes.
        (0, 28 | 30) => content.iter().map(|byte| if *byte == 0 { 0 } else { b'x' }).collect(),
        // UTF8String, NumericString to GeneralString.
        (0, 12 | 18..=27) => aliases.text(content),
        // Of a GeneralName, names are text, and addresses are not (RFC 5280 §4.2.1.6).
        (CONTEXT, 0..=1) if is_text && content.contains(&b'@') => aliases.text(content),
        (CONTEXT, 2) if is_text && content.iter().all(is_of_host) => aliases.text(content),
        (CONTEXT, 6) if is_text && content.contains(&b':') => aliases.text(content),
        // The bounds of basicConstraints and policyConstraints, and flags of distribution points.
        (CONTEXT, _) if content.len() <= 1 => content.to_vec(),
        _ => aliases.number(content),
    }
}

/// What host names are made of, a wildcard among them (RFC 5280 §4.2.1.6, RFC 6125 §6.4.3).
fn is_of_host(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_*".contains(byte)
}

/// Another serial number of as many bytes: it finds the certificate in public logs, however short it is.
fn serial(content: &[u8], aliases: &mut Aliases) -> Vec<u8> {
    let mut number = aliases.number(content);
    if let Some(first) = number.first_mut() {
        // Not negative, and no longer than it has to be (X.690 §8.3.2).
        *first = *first & 0x3F | 0x40;
    }
    if number == content
        && let Some(last) = number.last_mut()
    {
        *last ^= 1;
    }
    number
}

/// Values in the place of bytes, if a SEQUENCE or a string is what the bytes begin with.
fn wrapped(content: &[u8], depth: usize, aliases: &mut Aliases) -> Option<Vec<u8>> {
    let is_likely = matches!(content.first(), Some(2..=4 | 12 | 22 | &SEQUENCE));
    is_likely.then(|| values(content, depth + 1, aliases)).flatten()
}

/// Another number of as many bits.
fn integer(content: &[u8], aliases: &mut Aliases) -> Vec<u8> {
    let mut number = aliases.number(content);
    let zeros = content.iter().take_while(|byte| **byte == 0).count();
    number.iter_mut().take(zeros).for_each(|byte| *byte = 0);
    if let (Some(first), Some(was)) = (number.get_mut(zeros), content.get(zeros)) {
        let top = 1 << was.ilog2();
        *first = top | *first & (top - 1);
    }
    if let Some(last) = number.last_mut() {
        *last |= 1;
    }
    number
}

/// A key, which has a structure of its own, a point of a curve, or a signature.
fn bits(content: &[u8], depth: usize, aliases: &mut Aliases) -> Vec<u8> {
    let Some((&unused, inner)) = content.split_first() else { return Vec::new() };
    let sequence = inner.starts_with(&[SEQUENCE]).then(|| values(inner, depth + 1, aliases));
    let safe = sequence.flatten().unwrap_or_else(|| {
        let mut number = aliases.number(inner);
        if let (Some(first), Some(was)) = (number.first_mut(), inner.first())
            && POINT.contains(was)
        {
            *first = *was;
        }
        number
    });
    [&[unused], safe.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    /// As much of a certificate as is needed: a version, a serial number, and an extension with names.
    fn certificate(serial: &[u8], names: &[u8]) -> Vec<u8> {
        let version = der(0xA0, &der(INTEGER, &[2]));
        let names = der(4, &der(SEQUENCE, names));
        let extensions = der(0xA3, &der(SEQUENCE, &der(SEQUENCE, &names)));
        der(SEQUENCE, &der(SEQUENCE, &[version, der(INTEGER, serial), extensions].concat()))
    }

    proptest! {
        #[test]
        fn no_address_and_no_serial_number_stays_whatever_its_bytes(
            serial in prop::collection::vec(1..0x7F_u8, 1..20),
            address in prop_oneof![prop::collection::vec(any::<u8>(), 4), prop::collection::vec(0x21..0x7F_u8, 16)],
        ) {
            let names = [der(0x82, b"mx.example.com"), der(0x87, &address)].concat();
            let whole = certificate(&serial, &names);
            let safe = rewritten(&whole, &mut Aliases::default());
            prop_assert_eq!(safe.len(), whole.len());
            // The lengths of two headers, the version, and the header of the number.
            let at = 2 + 2 + 5 + 2;
            prop_assert_ne!(&safe[at..at + serial.len()], &serial[..]);
            prop_assert_eq!(&safe[4..9], &whole[4..9]);
            prop_assert_ne!(&safe[safe.len() - address.len()..], &address[..]);
            prop_assert!(!safe.windows(7).any(|run| run == b"example"));
        }
    }
}
