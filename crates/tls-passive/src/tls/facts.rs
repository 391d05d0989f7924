//! What is known of a TLS connection: the machine fills it in, verdicts are made of it.

use std::net::SocketAddr;

use super::Alert;
use super::certificate::Certificate;
use super::hello::{ClientHello, ServerHello};
use super::names::{NamedGroup, ProtocolVersion};
pub use super::proof::Proof;
use super::suite::{CipherKind, Suite, SuiteId};
use crate::keys::{Find, KeyId, Origin as LogOrigin, PreSharedId};
use crate::moment::Moment;
use crate::role::{PerRole, Role};

/// Protected records of TLS 1.3 whose lengths are kept one by one: a client's flight has four at most.
pub(super) const MOST_SEALED: usize = 8;

/// Bytes that are kept of what is no TLS record: a line to quote.
pub(super) const MOST_QUOTED: usize = 200;

/// Everything known of a TLS connection, as far as it got. Of several negotiations (RFC 5746) the
/// last one that got as far as a field counts.
#[derive(Debug, Default)]
pub struct TlsFacts {
    /// The first ClientHello came.
    pub client_hello_at: Option<Moment>,
    /// The client's offer.
    pub client_hello: Option<ClientHello>,
    /// The server's choice.
    pub server_hello: Option<ServerHello>,
    /// The suite of TLS 1.3 that a record proved, where the ServerHello was lost.
    pub proven_suite: Option<SuiteId>,
    /// What the client chose in SSL 2.0, where the client chooses; no suite of TLS then.
    pub ssl2_kind: Option<CipherKind>,
    /// The server's certificates.
    pub certificates: Vec<Certificate>,
    /// The size of the prime in the server's ServerKeyExchange, in bits, if it has one.
    pub dh_prime_bits: Option<u16>,
    /// When the server's Certificate message came.
    pub certificate_at: Option<Moment>,
    /// The server asked for a client certificate.
    pub client_certificate_requested: bool,
    /// The client sent one (not only an empty list).
    pub client_certificate_sent: bool,
    /// The client's certificates, its own first.
    pub client_certificates: Vec<Certificate>,
    /// The OCSP response that the server sent along, in DER (RFC 6066 §8).
    pub ocsp_staple: Option<Vec<u8>>,
    /// Signed certificate timestamps that came in extensions, not in the certificate.
    pub timestamps: usize,
    /// The group of the key exchange.
    pub group: Option<NamedGroup>,
    /// The application protocol that the server chose.
    pub alpn: Option<Vec<u8>>,
    /// The session was resumed.
    pub resumed: Option<Resumption>,
    /// The ticket that the server gave out, up to TLS 1.2; in TLS 1.3 another is sent back.
    pub new_ticket: Option<Vec<u8>>,
    /// A key log was there, but had no line for this session.
    pub log_without_line: bool,
    /// Negotiations after the first that the server took up.
    pub renegotiations: u32,
    /// A ClientHello behind the first handshake that no ServerHello has answered.
    pub renegotiation_asked: Option<Moment>,
    /// The length of the ClientHello message, its header included, in bytes.
    pub client_hello_bytes: usize,
    /// The server's ServerKeyExchange brought an RSA key of its own, as export suites have it.
    pub ephemeral_rsa: bool,
    /// Alerts in order.
    pub alerts: Vec<Alert>,
    /// The ClientKeyExchange came.
    pub client_key_exchange_at: Option<Moment>,
    /// ChangeCipherSpec came.
    pub change_cipher_spec: PerRole<Option<Moment>>,
    /// A Finished message came, readable or not.
    pub finished_at: PerRole<Option<Moment>>,
    /// Whether a Finished message has the right content; None if it could not be read.
    pub finished_verified: PerRole<Option<bool>>,
    /// What came of the search for the keys.
    pub keys: KeySearch,
    /// What came of the search among RSA keys alone, whatever else was given.
    pub keys_alone: KeySearch,
    /// Records under protection.
    pub protected: PerRole<Tally>,
    /// Records of application data opened.
    pub opened: PerRole<Tally>,
    /// Records that had to be openable and were not.
    pub failed: PerRole<u64>,
    /// Protected records for which there was no key.
    pub keyless: PerRole<u64>,
    /// Records of the handshake of TLS 1.3 that stay closed, although all application data is open:
    /// only the secrets of that were found.
    pub handshake_closed: PerRole<u64>,
    /// When the first of them came.
    pub first_failure: Option<Moment>,
    /// The first record behind a gap that was not tried at every place: it would have cost more
    /// than the capture is worth.
    pub search_given_up: Option<Moment>,
    /// The first record of application data that stays closed although others were opened: the
    /// keys were changed in a way that cannot be followed (renegotiation).
    pub closed_again: Option<Moment>,
    /// What of each direction was verified, and what was left over.
    pub proof: PerRole<Proof>,
    /// Records lost with bytes of theirs.
    pub damaged: PerRole<u64>,
    /// Gaps in the ciphertext.
    pub gaps: PerRole<Gaps>,
    /// The direction came to something that is no TLS record.
    pub not_tls: PerRole<Option<Moment>>,
    /// The first bytes of it.
    pub not_tls_bytes: PerRole<Vec<u8>>,
    /// The records of TLS 1.3 that are protected.
    pub sealed: PerRole<Sealed>,
    /// The first bytes of the direction were seen.
    pub seen: PerRole<bool>,
    /// The capture begins after the connection did: its first bytes are not those of TLS.
    pub began_late: bool,
    /// The first record of application data.
    pub first_application_data: PerRole<Option<Moment>>,
}

/// How long the protected records of a direction of TLS 1.3 are: the only thing that they say without
/// keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// The lengths of the first records, in bytes of ciphertext, and when each was complete.
    pub first: Vec<(usize, Moment)>,
    /// The length of the longest.
    pub longest: usize,
    /// The last.
    pub last: Option<(usize, Moment)>,
}

impl Sealed {
    /// Takes a record.
    pub(super) fn note(&mut self, len: usize, at: Moment) {
        if self.first.len() < MOST_SEALED {
            self.first.push((len, at));
        }
        self.longest = self.longest.max(len);
        self.last = Some((len, at));
    }
}

/// A number of records and of content bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records.
    pub records: u64,
    /// Bytes of content; of ciphertext where it was not opened.
    pub bytes: u64,
}

/// Gaps in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Bytes that no captured frame has.
    pub lost: u64,
    /// Bytes that were cut off their packets.
    pub cut: u64,
    /// Of these, bytes cut off inside a tunnel, not by the snap length.
    pub cut_in_tunnel: u64,
    /// When the first was seen.
    pub first: Option<Moment>,
}

/// How a session was resumed (RFC 5246 §7.3, RFC 5077, RFC 8446 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumption {
    /// By the session ID.
    SessionId,
    /// By a ticket.
    Ticket,
    /// By a pre-shared key of TLS 1.3.
    Psk,
}

/// What came of the search for the keys of a negotiation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeySearch {
    /// Nothing was found, and nothing that was given could have helped.
    #[default]
    NotTried,
    /// The secret was found.
    Opened(Secret),
    /// No key is the one in the certificate.
    NoKeyForCertificate,
    /// No certificate was captured, and none of the keys fits.
    NoKeyFits,
    /// The key is the certificate's, but the padding or version in the secret is wrong.
    BadPremaster(KeyId, PremasterNote),
    /// The keys are derived from a transcript that has a gap.
    TranscriptDamaged,
    /// The secret was found, but the suite cannot be opened.
    UnsupportedSuite,
}

/// What opened a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A server's RSA key.
    RsaKey(KeyId),
    /// A pre-shared key, with the server's RSA key where the suite asks for both.
    PreShared(PreSharedId),
    /// A line of a key log.
    KeyLog,
    /// A Decryption Secrets Block of the capture.
    Dsb,
    /// A trailer behind a frame of the capture.
    Trailer,
    /// A secret that was found in what a machine still had.
    Remembered(Find),
    /// The secret of an earlier session that this one resumes.
    Resumed {
        /// What opened that one.
        by: Opener,
        /// Where it began.
        origin: Origin,
    },
}

impl From<LogOrigin> for Secret {
    fn from(origin: LogOrigin) -> Self {
        match origin {
            LogOrigin::File => Self::KeyLog,
            LogOrigin::Dsb => Self::Dsb,
            LogOrigin::Trailer => Self::Trailer,
            LogOrigin::Remembered(find) => Self::Remembered(find),
        }
    }
}

/// What opened the session that another one resumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// A server's RSA key.
    RsaKey(KeyId),
    /// A pre-shared key.
    PreShared(PreSharedId),
    /// A line of a key log.
    KeyLog,
    /// A Decryption Secrets Block of the capture.
    Dsb,
    /// A trailer behind a frame of the capture.
    Trailer,
    /// A secret that was found in what a machine still had.
    Remembered(Find),
}

impl Opener {
    /// As the secret of the session itself.
    #[must_use]
    pub fn secret(self) -> Secret {
        match self {
            Self::RsaKey(key) => Secret::RsaKey(key),
            Self::PreShared(key) => Secret::PreShared(key),
            Self::KeyLog => Secret::KeyLog,
            Self::Dsb => Secret::Dsb,
            Self::Trailer => Secret::Trailer,
            Self::Remembered(find) => Secret::Remembered(find),
        }
    }
}

impl Secret {
    /// What opened this session, or the one that it goes back to.
    #[must_use]
    pub fn opener(self) -> Opener {
        match self {
            Self::RsaKey(key) => Opener::RsaKey(key),
            Self::PreShared(key) => Opener::PreShared(key),
            Self::KeyLog => Opener::KeyLog,
            Self::Dsb => Opener::Dsb,
            Self::Trailer => Opener::Trailer,
            Self::Remembered(find) => Opener::Remembered(find),
            Self::Resumed { by, .. } => by,
        }
    }

    /// The secret of a session that resumes one opened by this.
    #[must_use]
    pub fn resumed(self, origin: Origin) -> Self {
        Self::Resumed { by: self.opener(), origin }
    }
}

/// Where a session that was resumed began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its client.
    pub client: Option<SocketAddr>,
    /// Its ClientHello.
    pub began: Moment,
    /// The frame with which its secret, or the ticket in question, became known.
    pub known_since: u64,
}

/// What is wrong with a premaster secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PremasterNote {
    /// No PKCS #1 v1.5 padding around a secret of the right length.
    Padding,
    /// The ciphertext has another length than the key.
    Length,
    /// The version inside is none that was offered.
    Version(ProtocolVersion),
}

impl TlsFacts {
    /// The version agreed on.
    #[must_use]
    pub fn version(&self) -> Option<ProtocolVersion> {
        let agreed = self.server_hello.as_ref().map(ServerHello::agreed_version);
        agreed.or_else(|| self.proven_suite.map(|_| ProtocolVersion::TLS13))
    }

    /// SSL 2.0 was agreed on.
    #[must_use]
    pub fn is_ssl2(&self) -> bool {
        self.version() == Some(ProtocolVersion::SSL2)
    }

    fn suite_id(&self) -> Option<SuiteId> {
        let agreed = self.server_hello.as_ref().filter(|_| !self.is_ssl2());
        agreed.map(|hello| hello.cipher_suite).or(self.proven_suite)
    }

    /// The name of the suite agreed on, or its code point if it has none.
    #[must_use]
    pub fn suite_name(&self) -> Option<String> {
        let kind = self.ssl2_kind.map(|kind| kind.to_string());
        kind.or_else(|| self.suite_id().map(|id| id.to_string()))
    }

    /// The code point of the suite agreed on: `0x009C`, or `0x010080` in SSL 2.0.
    #[must_use]
    pub fn suite_code(&self) -> Option<String> {
        let kind = self.ssl2_kind.map(CipherKind::hex);
        kind.or_else(|| self.suite_id().map(|id| format!("0x{:04X}", id.0)))
    }

    /// The suite agreed on, if the table knows it.
    #[must_use]
    pub fn suite(&self) -> Option<&'static Suite> {
        match self.ssl2_kind {
            Some(kind) => kind.suite(),
            None => self.suite_id()?.suite(),
        }
    }

    /// Both sides agreed that they have the same keys: both Finished messages came, or, where they
    /// cannot be told from other records, application data of both.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let both = |moments: &PerRole<Option<Moment>>| {
            moments.client.is_some() && moments.server.is_some()
        };
        let finished = both(&self.finished_at);
        let failed = self.finished_verified.client == Some(false)
            || self.finished_verified.server == Some(false);
        !failed && (finished || (self.is_tls13() && both(&self.first_application_data)))
    }

    /// The key log lacks the secret of what one side of TLS 1.3 said, or of what both did.
    #[must_use]
    pub fn stays_closed(&self, role: Role) -> bool {
        let nothing = self.opened[role].records == 0 && self.keyless[role] > 0;
        self.is_tls13() && nothing && matches!(self.keys, KeySearch::Opened(_))
    }

    /// TLS 1.3 was agreed on.
    #[must_use]
    pub fn is_tls13(&self) -> bool {
        self.version() == Some(ProtocolVersion::TLS13)
    }

    /// A record was verified: the secret is the session's.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.proof.client.verified + self.proof.server.verified > 0
    }

    /// The first thing that nothing vouches for, in either direction.
    #[must_use]
    pub fn first_left_over(&self) -> Option<(Role, Moment)> {
        let found = Role::BOTH.iter().filter_map(|&r| Some((self.proof[r].first_left_over?, r)));
        found.min_by_key(|(at, _)| *at).map(|(at, role)| (role, at))
    }

    /// Both Finished messages proven right, or one of them wrong; None if one was not read.
    #[must_use]
    pub fn finished_verdict(&self) -> Option<bool> {
        match (self.finished_verified.client, self.finished_verified.server) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }
    }
}
