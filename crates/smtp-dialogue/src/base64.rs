//! Base64 (RFC 4648 §4) as SASL over SMTP uses it (RFC 4954 §4).

use std::ops::BitOr;

use zeroize::Zeroizing;

/// Decodes; none if a character is foreign. Missing padding is forgiven, as servers do.
pub(super) fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    // Room for all, so that no copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len()));
    for group in digits.chunks(4) {
        let mut word = 0_u32;
        for &digit in group {
            word = word << 6 | u32::from(value(digit)?);
        }
        let missing = 4_u32.saturating_sub(u32::try_from(group.len()).unwrap_or(4));
        let [_, octets @ ..] = (word << missing.saturating_mul(6)).to_be_bytes();
        bytes.extend(octets.iter().take(group.len().saturating_sub(1)));
    }
    Some(bytes)
}

/// Whether every character is base64's.
pub(super) fn is_base64(text: &[u8]) -> bool {
    text.iter().all(|&b| b == b'=' || value(b).is_some())
}

pub(super) fn value(digit: u8) -> Option<u8> {
    u8::try_from(*BITS[3].get(usize::from(digit))?).ok()
}

/// The three octets of four digits; none if one is foreign.
pub(super) fn octets(digits: [u8; 4]) -> Option<[u8; 3]> {
    let bits = |(of_place, digit): (&[u32; 256], u8)| of_place.get(usize::from(digit)).copied();
    let word = BITS.iter().zip(digits).filter_map(bits).fold(0, BitOr::bitor);
    let [0, octets @ ..] = word.to_be_bytes() else { return None };
    Some(octets)
}

/// Stands above the three octets of a group.
const FOREIGN: u32 = 1 << 24;

/// The value of each character (RFC 4648, table 1) where it stands in a group's 24 bits, for each of
/// the four places.
#[allow(clippy::indexing_slicing, reason = "the compiler does it, and would refuse a wrong index")]
static BITS: [[u32; 256]; 4] = {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = [[FOREIGN; 256]; 4];
    let mut value = 0;
    while value < DIGITS.len() {
        let mut place = 0;
        while place < bits.len() {
            bits[place][DIGITS[value] as usize] = (value as u32) << (18 - 6 * place);
            place += 1;
        }
        value += 1;
    }
    bits
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_decode() {
        let vectors = [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ];
        for (encoded, plain) in vectors {
            assert_eq!(&decode(encoded.as_bytes()).unwrap()[..], plain.as_bytes());
        }
    }

    #[test]
    fn missing_padding_is_forgiven_and_foreign_characters_are_not() {
        assert_eq!(&decode(b"Zm9vYg").unwrap()[..], b"foob");
        assert!(decode(b"Zm9v Yg").is_none());
    }
}
