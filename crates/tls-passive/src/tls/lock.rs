//! Locks: what of a handshake whoever holds the server's key must know to open the session. None of
//! it is secret and none of it is content, so it may travel where keys may not.

mod prover;
pub(super) mod record_lock;
pub(super) mod seen;
pub(super) mod unlock;

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::hex::{Hex, HexArray};
use crate::moment::Timestamp;
pub use prover::{Proven, Prover};
pub use record_lock::RecordLock;
pub(super) use record_lock::RecordLocks;
pub(super) use seen::Locks;
pub use unlock::{Asked, LockFate, Unlocker};

/// A handshake of SSL 3.0 to TLS 1.2 whose secret a server's RSA key decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The client.
    pub client: End,
    /// The server.
    pub server: End,
    /// The frame that completed it, counted over the files of one reading.
    pub frame: u64,
    /// When that was.
    #[serde(skip_deserializing)]
    pub time: Timestamp,
    /// The version agreed on.
    pub version: Code,
    /// The version that the client offered, which stands in the secret (RFC 5246 §7.4.7.1).
    pub offered_version: Code,
    /// The suite.
    pub cipher_suite_id: Code,
    /// By what the line of a key log is found.
    pub client_random: HexArray<32>,
    /// Half of what the master secret is made from.
    pub server_random: HexArray<32>,
    /// The server's session ID; empty if it gives none.
    pub session_id: Hex,
    /// SHA-256 of the ticket that it gave out (RFC 5077 §3.3).
    pub new_ticket_sha256: Option<HexArray<32>>,
    /// How both sides came to the secret.
    #[serde(flatten)]
    pub way: Way,
}

/// How client and server came to their secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The client chose it, and encrypted it to the server's key.
    KeyExchange(KeyExchange),
    /// It is that of an earlier session.
    Resumption(Resumed),
}

/// A secret under way from client to server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyExchange {
    /// The body of the ClientKeyExchange.
    pub encrypted_premaster_secret: Hex,
    /// Whose key it is encrypted to; none if no certificate was captured.
    pub certificate: Option<CertificateKey>,
    /// The master secret is bound to the handshake (RFC 7627).
    pub extended_master_secret: bool,
    /// The hash that it is bound to then; none if messages of the handshake were lost.
    pub session_hash: Option<Hex>,
}

/// The key of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateKey {
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub spki_sha256: HexArray<32>,
    /// Its modulus, big-endian.
    pub modulus: Hex,
    /// Its public exponent, big-endian.
    pub exponent: Hex,
}

/// What the client names of the earlier session, beside its session ID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// SHA-256 of the ticket.
    pub ticket_sha256: Option<HexArray<32>>,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Its address.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
}

/// Bytes of a number of RSA: those of the largest key (`keys::problem::MAX_BITS`), and a sign or length.
pub(super) const MOST_NUMBER: usize = 16_384 / 8 + 2;

/// Bytes of a session ID (RFC 5246 section 7.4.1.2).
const SESSION_ID: usize = 32;

/// Bytes of a hash: SHA-512.
const HASH: usize = 64;

impl Lock {
    /// The field that is longer than such a field ever is. What was captured has none; a file may.
    #[must_use]
    pub fn oversize(&self) -> Option<&'static str> {
        let mut fields = vec![("session_id", self.session_id.0.len(), SESSION_ID)];
        if let Way::KeyExchange(exchange) = &self.way {
            let ciphertext = exchange.encrypted_premaster_secret.0.len();
            fields.push(("encrypted_premaster_secret", ciphertext, MOST_NUMBER));
            let hash = exchange.session_hash.as_ref();
            fields.push(("session_hash", hash.map_or(0, |hash| hash.0.len()), HASH));
            if let Some(key) = &exchange.certificate {
                fields.push(("modulus", key.modulus.0.len(), MOST_NUMBER));
                fields.push(("exponent", key.exponent.0.len(), MOST_NUMBER));
            }
        }
        fields.into_iter().find(|(_, len, most)| len > most).map(|(name, ..)| name)
    }
}

impl From<SocketAddr> for End {
    fn from(end: SocketAddr) -> Self {
        Self { ip: end.ip(), port: end.port() }
    }
}

/// A code point: `0x009C`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u16);

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("0x{:04X}", self.0))
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number =
            text.strip_prefix("0x").and_then(|digits| u16::from_str_radix(digits, 16).ok());
        number.map(Self).ok_or_else(|| de::Error::custom("expected a code point such as 0x009C"))
    }
}
