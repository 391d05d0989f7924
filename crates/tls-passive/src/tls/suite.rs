//! THE table of cipher suites: what each code point is called and made of. Everything that depends
//! on the suite (keys, record protection, names, verdicts) is driven by a row of it.

mod ssl2;
mod table;

use std::fmt;

pub use ssl2::CipherKind;
use table::SUITES;

/// A cipher suite's code point as it stands on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SuiteId(pub u16);

/// How the premaster secret comes about (RFC 5246 §7.4.7 and its successors).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the registry's own words")]
pub enum KeyExchange {
    NoExchange,
    Rsa,
    RsaExport,
    RsaPsk,
    Dh,
    Dhe,
    DhAnon,
    DhePsk,
    Ecdh,
    Ecdhe,
    EcdhAnon,
    EcdhePsk,
    Psk,
    Srp,
    Krb5,
    Tls13,
    Eccpwd,
}

impl KeyExchange {
    /// The name that the report uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoExchange => "NULL",
            Self::Rsa => "RSA",
            Self::RsaExport => "RSA_EXPORT",
            Self::RsaPsk => "RSA_PSK",
            Self::Dh => "DH",
            Self::Dhe => "DHE",
            Self::DhAnon => "DH_anon",
            Self::DhePsk => "DHE_PSK",
            Self::Ecdh => "ECDH",
            Self::Ecdhe => "ECDHE",
            Self::EcdhAnon => "ECDH_anon",
            Self::EcdhePsk => "ECDHE_PSK",
            Self::Psk => "PSK",
            Self::Srp => "SRP",
            Self::Krb5 => "KRB5",
            Self::Tls13 => "TLS 1.3",
            Self::Eccpwd => "ECCPWD",
        }
    }
}

/// What protects the records, with its key size in bits where a family has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the registry's own words")]
pub enum Cipher {
    Null,
    Rc4Bits40,
    Rc4Bits56,
    Rc4Bits128,
    Rc2Bits40Cbc,
    Rc2Bits56Cbc,
    Rc2Bits128Cbc,
    Des40Cbc,
    DesCbc,
    TripleDesCbc,
    IdeaCbc,
    SeedCbc,
    Aes128Cbc,
    Aes256Cbc,
    Aes128Gcm,
    Aes256Gcm,
    Aes128Ccm,
    Aes256Ccm,
    Aes128Ccm8,
    Aes256Ccm8,
    Camellia128Cbc,
    Camellia256Cbc,
    Camellia128Gcm,
    Camellia256Gcm,
    Aria128Cbc,
    Aria256Cbc,
    Aria128Gcm,
    Aria256Gcm,
    ChaCha20Poly1305,
    Other,
}

/// The hash at the end of a suite's name: of the record MAC, or of the PRF for AEAD ciphers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the registry's own words")]
pub enum Hash {
    NoHash,
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    Sm3,
}

/// One row of the table.
#[derive(Debug)]
pub struct Suite {
    /// The code point.
    pub id: SuiteId,
    /// IANA's name.
    pub name: &'static str,
    /// OpenSSL's name, or empty.
    pub openssl_name: &'static str,
    /// The key exchange.
    pub key_exchange: KeyExchange,
    /// The record protection.
    pub cipher: Cipher,
    /// The hash in its name.
    pub hash: Hash,
}

impl Suite {
    /// The hash of the TLS 1.2 PRF: SHA-256 unless the name says something stronger (RFC 5246 §5,
    /// RFC 5289 §3).
    #[must_use]
    pub fn prf_hash(&self) -> Hash {
        match self.hash {
            Hash::Sha384 => Hash::Sha384,
            _ => Hash::Sha256,
        }
    }

    /// Its keys were weakened for export (RFC 2246 §6.3.1).
    #[must_use]
    pub fn is_export(&self) -> bool {
        self.name.contains("_EXPORT")
    }

    /// One of the two suites of the FIPS drafts.
    #[must_use]
    pub fn is_fips(&self) -> bool {
        matches!(self.id.0, 0xFEFE | 0xFEFF)
    }

    /// OpenSSL's name, where it has one.
    #[must_use]
    pub fn openssl(&self) -> Option<&'static str> {
        (!self.openssl_name.is_empty()).then_some(self.openssl_name)
    }
}

impl SuiteId {
    /// The name that IANA registered, and OpenSSL's where it is another: people know either.
    #[must_use]
    pub fn both_names(self) -> String {
        match self.suite().and_then(|suite| suite.openssl().filter(|&name| name != suite.name)) {
            Some(openssl) => format!("{self} = {openssl}"),
            None => self.to_string(),
        }
    }

    /// The row of this code point, if it is known.
    #[must_use]
    pub fn suite(self) -> Option<&'static Suite> {
        let index = SUITES.binary_search_by_key(&self, |suite| suite.id).ok()?;
        SUITES.get(index)
    }

    /// GREASE: a value sent to see that it is ignored (RFC 8701 §2).
    #[must_use]
    pub fn is_grease(self) -> bool {
        super::names::is_grease(self.0)
    }

    /// A signal, not a suite: it can be offered, never chosen (RFC 5746 §3.3, RFC 7507 §2).
    fn signal(self) -> Option<&'static str> {
        match self.0 {
            0x00FF => Some("TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
            0x5600 => Some("TLS_FALLBACK_SCSV"),
            _ => None,
        }
    }
}

impl fmt::Display for SuiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.suite(), self.signal()) {
            (Some(suite), _) => f.write_str(suite.name),
            (None, Some(signal)) => f.write_str(signal),
            (None, None) if self.is_grease() => write!(f, "GREASE (0x{:04X})", self.0),
            (None, None) => write!(f, "0x{:04X}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_unique() {
        assert!(SUITES.windows(2).all(|pair| pair[0].id < pair[1].id));
    }

    #[test]
    fn tells_ccm_from_ccm_8() {
        assert_eq!(SuiteId(0xC09C).suite().unwrap().cipher, Cipher::Aes128Ccm);
        assert_eq!(SuiteId(0xC0A0).suite().unwrap().cipher, Cipher::Aes128Ccm8);
        assert_eq!(SuiteId(0x1305).suite().unwrap().cipher, Cipher::Aes128Ccm8);
    }

    #[test]
    fn names_what_has_no_row() {
        assert_eq!(SuiteId(0x00FF).to_string(), "TLS_EMPTY_RENEGOTIATION_INFO_SCSV");
        assert_eq!(SuiteId(0x1A1A).to_string(), "GREASE (0x1A1A)");
        assert_eq!(SuiteId(0xE011).to_string(), "0xE011");
    }
}
