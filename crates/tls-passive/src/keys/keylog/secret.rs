//! One secret of a key log, and what finds it.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::keys::error::printable;

/// The secrets of TLS 1.3 that a key log can hold (RFC 9850 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrafficLabel {
    /// client_early_traffic_secret: 0-RTT data.
    ClientEarly,
    /// client_handshake_traffic_secret.
    ClientHandshake,
    /// server_handshake_traffic_secret.
    ServerHandshake,
    /// client_application_traffic_secret_0.
    ClientApplication,
    /// server_application_traffic_secret_0.
    ServerApplication,
    /// early_exporter_secret; opens no record.
    EarlyExporter,
    /// exporter_secret; opens no record.
    Exporter,
}

impl TrafficLabel {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ClientEarly,
        Self::ClientHandshake,
        Self::ServerHandshake,
        Self::ClientApplication,
        Self::ServerApplication,
        Self::EarlyExporter,
        Self::Exporter,
    ];

    /// The word that begins its line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientEarly => "CLIENT_EARLY_TRAFFIC_SECRET",
            Self::ClientHandshake => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            Self::ServerHandshake => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            Self::ClientApplication => "CLIENT_TRAFFIC_SECRET_0",
            Self::ServerApplication => "SERVER_TRAFFIC_SECRET_0",
            Self::EarlyExporter => "EARLY_EXPORTER_SECRET",
            Self::Exporter => "EXPORTER_SECRET",
        }
    }
}

/// Where a secret came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A file given with `--keylog`.
    File,
    /// A Decryption Secrets Block of the capture.
    Dsb,
    /// A trailer that an F5 BIG-IP puts behind its frames.
    Trailer,
    /// What a machine still had, and was searched.
    Remembered(Find),
}

/// A secret that was found: which of the finds of the log, and in what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Find {
    /// What held it.
    pub kept: Kept,
    pub(super) number: u32,
}

/// What held a secret after its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// A file of a session.
    SessionFile,
    /// A cache of sessions.
    SessionCache,
    /// Memory.
    Memory,
}

/// What a secret is found by.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum SecretId {
    /// The random of the ClientHello (with Encrypted Client Hello, the one that counts).
    ClientRandom([u8; 32]),
    /// The first bytes of the encrypted premaster secret, behind its length in TLS.
    EncryptedPremaster([u8; 8]),
    /// The session ID of the ServerHello; never empty.
    SessionId(Box<[u8]>),
}

impl SecretId {
    /// What a message calls it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::ClientRandom(_) => "client random",
            Self::EncryptedPremaster(_) => "encrypted premaster secret",
            Self::SessionId(_) => "session ID",
        }
    }
}

/// Which secret of a session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys) enum Kind {
    Master,
    Premaster,
    Traffic(TrafficLabel),
}

impl Kind {
    /// The word that begins its line.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Master => "CLIENT_RANDOM",
            Self::Premaster => "PMS_CLIENT_RANDOM",
            Self::Traffic(label) => label.as_str(),
        }
    }
}

/// The bytes of a secret; wiped when dropped.
#[derive(PartialEq, Eq)]
pub(super) struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    pub(super) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

/// One secret of a key log. Neither `Clone` nor `Serialize`, and its `Debug` shows the place alone.
pub struct LoggedSecret {
    bytes: SecretBytes,
    pub(super) kind: Kind,
    pub(super) file: Arc<str>,
    pub(super) line: u32,
    pub(super) origin: Origin,
    pub(super) since: u64,
    /// Lines that say the same, this one included.
    pub(super) lines: usize,
    /// Its writer put zeros behind it.
    pub(super) is_padded: bool,
}

impl LoggedSecret {
    pub(super) fn new(
        bytes: SecretBytes,
        kind: Kind,
        (file, line): (Arc<str>, u32),
        origin: Origin,
    ) -> Self {
        Self { bytes, kind, file, line, origin, since: 0, lines: 1, is_padded: false }
    }

    /// The secret. A master secret has 48 bytes, as has a premaster secret found by its encrypted
    /// form; a TLS 1.3 secret has 32 or 48; a premaster secret found by the random has any length.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes.0
    }

    /// The secret if it has 48 bytes.
    #[must_use]
    pub fn as_48(&self) -> Option<&[u8; 48]> {
        self.as_bytes().try_into().ok()
    }

    /// Where it came from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The packet from which on the secret is known (see [`super::KeyLog::known_since`]); 0 if it
    /// always was.
    #[must_use]
    pub fn since(&self) -> u64 {
        self.since
    }

    /// `file:line`, fit for a terminal.
    #[must_use]
    pub fn place(&self) -> String {
        printable(&format!("{}:{}", self.file, self.line))
    }

    /// The finds before its own have become so many more.
    pub(super) fn renumber(&mut self, more: u32) {
        if let Origin::Remembered(find) = &mut self.origin {
            find.number = find.number.saturating_add(more);
        }
    }

    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        self.kind == other.kind && self.bytes == other.bytes
    }
}

impl fmt::Debug for LoggedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LoggedSecret").field(&self.place()).finish()
    }
}
