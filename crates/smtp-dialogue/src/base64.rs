//! Base64 (RFC 4648 §4) as mail has it: what is no digit, missing padding and loose bits at the end are
//! somebody's habit. The crate `base64_simd` decodes; which digits it gets is decided here.

use base64_simd::{AsOut as _, STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

/// Decodes a message of SASL (RFC 4954 §4); none if a character is foreign. Missing padding is
/// forgiven, as servers do.
pub(super) fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    if !digits.iter().copied().all(is_digit) {
        return None;
    }
    // In its own room, so that no copy is left behind.
    let mut bytes = Zeroizing::new(digits.to_vec());
    if bytes.len() % 4 == 1 {
        bytes.pop();
    }
    let len = base64_simd::forgiving_decode_inplace(&mut bytes).ok()?.len();
    bytes.truncate(len);
    Some(bytes)
}

/// Whether every character is base64's.
pub(super) fn is_base64(text: &[u8]) -> bool {
    text.iter().all(|&b| b == b'=' || is_digit(b))
}

/// Whether a character is one of the 64.
pub(super) fn is_digit(character: u8) -> bool {
    STANDARD.charset().contains(&character)
}

/// Adds the octets of groups of four digits; false, and nothing added, if a character is foreign.
pub(super) fn decode_groups(digits: &[u8], octets: &mut Vec<u8>) -> bool {
    STANDARD_NO_PAD.decode_append(digits, octets).is_ok()
}

/// Adds the octets of up to four digits: of a digit alone there is none.
pub(super) fn decode_group(digits: &[u8], octets: &mut Vec<u8>) {
    let mut room = [0; 4];
    let digits = digits.get(..room.len()).unwrap_or(digits);
    if let Ok(group) = base64_simd::forgiving_decode(digits, room.as_mut_slice().as_out()) {
        octets.extend_from_slice(group);
    }
}

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
        assert!(decode(b"Zm9v\r\n").is_none());
    }

    #[test]
    fn loose_bits_and_a_loose_digit_are_dropped() {
        // The last digit of `Zm9=` and `Zm8=` differ in the two bits that stand for nothing.
        assert_eq!(&decode(b"Zm9=").unwrap()[..], b"fo");
        assert_eq!(&decode(b"Zm9vY").unwrap()[..], b"foo");
        assert_eq!(&decode(b"Z").unwrap()[..], b"");
    }
}
