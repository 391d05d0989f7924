//! The cipher kinds of SSL 2.0, which have three bytes (Hickman, "The SSL Protocol", 1995, §C.4).

use std::fmt;

use super::{Cipher, Hash, KeyExchange, Suite, SuiteId};

/// A cipher kind's code point in the low three bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CipherKind(pub u32);

const fn kind(code: u32, name: &'static str, openssl_name: &'static str, cipher: Cipher) -> Row {
    // Kinds are found by their own code; the field for the code point of TLS stays empty.
    let (id, key_exchange, hash) = (SuiteId(0), KeyExchange::Rsa, Hash::Md5);
    (CipherKind(code), Suite { id, name, openssl_name, key_exchange, cipher, hash })
}

type Row = (CipherKind, Suite);

#[rustfmt::skip]
static KINDS: [Row; 7] = [
    kind(0x01_0080, "SSL_CK_RC4_128_WITH_MD5", "RC4-MD5", Cipher::Rc4Bits128),
    kind(0x02_0080, "SSL_CK_RC4_128_EXPORT40_WITH_MD5", "EXP-RC4-MD5", Cipher::Rc4Bits40),
    kind(0x03_0080, "SSL_CK_RC2_128_CBC_WITH_MD5", "RC2-CBC-MD5", Cipher::Rc2Bits128Cbc),
    kind(0x04_0080, "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5", "EXP-RC2-CBC-MD5", Cipher::Rc2Bits40Cbc),
    kind(0x05_0080, "SSL_CK_IDEA_128_CBC_WITH_MD5", "IDEA-CBC-MD5", Cipher::IdeaCbc),
    kind(0x06_0040, "SSL_CK_DES_64_CBC_WITH_MD5", "DES-CBC-MD5", Cipher::DesCbc),
    kind(0x07_00C0, "SSL_CK_DES_192_EDE3_CBC_WITH_MD5", "DES-CBC3-MD5", Cipher::TripleDesCbc),
];

impl CipherKind {
    /// The kind of three bytes as they stand on the wire.
    #[must_use]
    pub fn from_wire([high, middle, low]: [u8; 3]) -> Self {
        Self(u32::from_be_bytes([0, high, middle, low]))
    }

    /// What it is called and made of, if it is known.
    #[must_use]
    pub fn suite(self) -> Option<&'static Suite> {
        KINDS.iter().find(|row| row.0 == self).map(|row| &row.1)
    }

    /// A hybrid hello lists suites of TLS among the kinds, behind a zero (RFC 5246 §E.2).
    #[must_use]
    pub fn is_ssl2(self) -> bool {
        self.0 > 0xFFFF
    }

    /// In hex, as the report shows it: `0x010080`.
    #[must_use]
    pub fn hex(self) -> String {
        format!("0x{:06X}", self.0)
    }
}

impl fmt::Display for CipherKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.suite() {
            Some(suite) => f.write_str(suite.name),
            None => f.write_str(&self.hex()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names_and_unknown_ones_are_hex() {
        assert_eq!(CipherKind::from_wire([1, 0, 0x80]).to_string(), "SSL_CK_RC4_128_WITH_MD5");
        assert_eq!(CipherKind::from_wire([8, 0, 0x80]).to_string(), "0x080080");
        assert!(!CipherKind::from_wire([0, 0, 0x2F]).is_ssl2());
    }
}
