//! Base64 (RFC 4648 §4) as SASL over SMTP uses it (RFC 4954 §4).

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
    let offset = |base: u8, plus: u8| Some(digit.wrapping_sub(base).wrapping_add(plus));
    match digit {
        b'A'..=b'Z' => offset(b'A', 0),
        b'a'..=b'z' => offset(b'a', 26),
        b'0'..=b'9' => offset(b'0', 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
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
    }
}
