//! What a public key is, and how large.

use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Algorithms by OID (RFC 3279 §2.3, RFC 4055 §1.2, RFC 5480 §2.1.1, RFC 8410 §3).
const ALGORITHMS: [(&str, &str); 9] = [
    ("1.2.840.113549.1.1.1", "RSA"),
    ("1.2.840.113549.1.1.10", RSA_PSS),
    ("1.2.840.10045.2.1", "EC"),
    ("1.2.840.10040.4.1", DSA),
    ("1.3.101.112", ED25519),
    ("1.3.101.113", ED448),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

const RSA_PSS: &str = "RSA-PSS";
const DSA: &str = "DSA";
const ED25519: &str = "Ed25519";
const ED448: &str = "Ed448";

/// Bits of a curve's field by OID (SEC 2, RFC 5480 §2.1.1.1), where they are no whole octets, as the
/// coordinates of a point are.
const CURVES: [(&str, u32); 22] = [
    ("1.3.132.0.35", 521),        // secp521r1
    ("1.3.132.0.4", 113),         // sect113r1
    ("1.3.132.0.5", 113),         // sect113r2
    ("1.3.132.0.22", 131),        // sect131r1
    ("1.3.132.0.23", 131),        // sect131r2
    ("1.3.132.0.1", 163),         // sect163k1
    ("1.3.132.0.2", 163),         // sect163r1
    ("1.3.132.0.15", 163),        // sect163r2
    ("1.3.132.0.24", 193),        // sect193r1
    ("1.3.132.0.25", 193),        // sect193r2
    ("1.3.132.0.26", 233),        // sect233k1
    ("1.3.132.0.27", 233),        // sect233r1
    ("1.3.132.0.3", 239),         // sect239k1
    ("1.3.132.0.16", 283),        // sect283k1
    ("1.3.132.0.17", 283),        // sect283r1
    ("1.3.132.0.36", 409),        // sect409k1
    ("1.3.132.0.37", 409),        // sect409r1
    ("1.3.132.0.38", 571),        // sect571k1
    ("1.3.132.0.39", 571),        // sect571r1
    ("1.2.840.10045.3.1.4", 239), // prime239v1
    ("1.2.840.10045.3.1.5", 239), // prime239v2
    ("1.2.840.10045.3.1.6", 239), // prime239v3
];

/// The algorithm's name, or its OID.
pub(super) fn algorithm(oid: &str) -> String {
    let known = ALGORITHMS.iter().find(|(known, _)| *known == oid);
    known.map_or(oid, |(_, name)| *name).to_owned()
}

/// Bits of the key: of RSA's modulus, of DSA's prime `p`, of a curve's field. 0 if they cannot be told.
pub(super) fn bits(spki: &SubjectPublicKeyInfo<'_>) -> u32 {
    match algorithm(&spki.algorithm.algorithm.to_id_string()).as_str() {
        // RFC 8410 §4: a key has 32 or 57 octets, whatever it is.
        ED25519 => 256,
        ED448 => 456,
        RSA_PSS => rsa_pss_bits(&spki.subject_public_key.data),
        DSA => dsa_bits(spki).unwrap_or(0),
        _ => parsed_bits(spki),
    }
}

fn parsed_bits(spki: &SubjectPublicKeyInfo<'_>) -> u32 {
    match spki.parsed() {
        // x509-parser rounds up to whole bytes; the size people speak of is that of the modulus.
        Ok(PublicKey::RSA(rsa)) => bit_length(rsa.modulus),
        Ok(PublicKey::EC(point)) => {
            curve_bits(spki).unwrap_or_else(|| u32::try_from(point.key_size()).unwrap_or(0))
        }
        Ok(other) => u32::try_from(other.key_size()).unwrap_or(0),
        Err(_) => 0,
    }
}

/// RFC 4055 §1.2: the key itself is written as any RSA key.
fn rsa_pss_bits(key: &[u8]) -> u32 {
    let modulus = sequence(key).and_then(integer);
    modulus.map_or(0, |(modulus, _)| bit_length(modulus))
}

/// RFC 3279 §2.3.2: the size is that of the prime `p`, the first of the parameters.
fn dsa_bits(spki: &SubjectPublicKeyInfo<'_>) -> Option<u32> {
    let parameters = spki.algorithm.parameters.as_ref()?;
    Some(bit_length(integer(parameters.data)?.0))
}

fn curve_bits(spki: &SubjectPublicKeyInfo<'_>) -> Option<u32> {
    let curve = spki.algorithm.parameters.as_ref()?.as_oid().ok()?.to_id_string();
    CURVES.iter().find(|(known, _)| *known == curve).map(|&(_, bits)| bits)
}

/// The content of a SEQUENCE in DER.
fn sequence(der: &[u8]) -> Option<&[u8]> {
    Some(element(der, 0x30)?.0)
}

/// An INTEGER's octets and what stands behind it.
fn integer(der: &[u8]) -> Option<(&[u8], &[u8])> {
    element(der, 0x02)
}

/// X.690 §8.1: the content of an element of this tag, and what stands behind it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    let digits = usize::from(if first < 0x80 { 0 } else { first & 0x7f });
    let (octets, rest) = rest.split_at_checked(digits)?;
    let long = octets
        .iter()
        .try_fold(0_usize, |length, &octet| Some(length.checked_mul(256)? | usize::from(octet)))?;
    rest.split_at_checked(if digits == 0 { first.into() } else { long })
}

fn bit_length(number: &[u8]) -> u32 {
    let mut significant = number.iter().skip_while(|&&byte| byte == 0);
    let Some(first) = significant.next() else { return 0 };
    let rest = u32::try_from(significant.count()).unwrap_or(0).saturating_mul(8);
    rest + (8 - first.leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_bits_without_leading_zeros() {
        assert_eq!(bit_length(&[0, 0x80, 0]), 16);
        assert_eq!(bit_length(&[0x01, 0]), 9);
        assert_eq!(bit_length(&[]), 0);
    }

    #[test]
    fn elements_of_der_are_read_in_short_and_long_form() {
        assert_eq!(rsa_pss_bits(&[0x30, 6, 2, 2, 0, 0x80, 2, 0]), 8);
        assert_eq!(rsa_pss_bits(&[0x30, 0x81, 4, 2, 2, 1, 0]), 9);
        assert_eq!(rsa_pss_bits(&[0x30, 0x84, 0xff]), 0);
        assert_eq!(algorithm("1.2.3"), "1.2.3");
    }
}
