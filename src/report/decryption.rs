//! Whether a TLS session was opened, and if not, why not.

use serde::{Deserialize, Serialize};

use super::named::named;
use super::reason::Reason;
use crate::role::PerRole;

/// Whether a session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DecryptionStatus {
    /// From its first protected record to its last.
    Decrypted,
    /// With gaps.
    Partial,
    /// Not at all.
    None,
    /// It carries nothing to open.
    NotNeeded,
}

impl DecryptionStatus {
    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Decrypted => "decrypted",
            Self::Partial => "partial",
            Self::None => "none",
            Self::NotNeeded => "not_needed",
        }
    }
}

named! {
    /// Where the secret came from that opened a session.
    SecretOrigin {
        /// The RSA key of the server.
        RsaKey "rsa_key",
        /// A pre-shared key, with the RSA key of the server where the suite takes both.
        Psk "psk",
        /// A key log.
        Keylog "keylog",
        /// A Decryption Secrets Block of the capture.
        Dsb "dsb",
        /// The trailers that F5 writes behind packets.
        Trailer "trailer",
        /// A file of a session that a machine still had.
        SessionFile "session_file",
        /// A cache of sessions that a machine still had.
        SessionCache "session_cache",
        /// Memory, or a dump of it.
        Memory "memory",
        /// The session that this one resumes.
        Resumption "resumption",
    }
}

/// What came of the decryption of a session.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Decryption {
    /// Whether it was opened.
    pub status: DecryptionStatus,
    /// If not wholly, why.
    pub reason: Option<Reason>,
    /// What opened it.
    pub secret: Option<SecretOrigin>,
    /// The key that opened it, by its `source`.
    pub key: Option<String>,
    /// Whether the Finished messages have the right content; null if none was read.
    pub finished_verified: Option<bool>,
    /// Records of application data opened, by sender.
    pub records: PerRole<u64>,
    /// Bytes of application data in them.
    pub bytes: PerRole<u64>,
    /// Protected records seen, by sender.
    pub protected_records: PerRole<u64>,
    /// Records that had to be openable and were not, or were damaged by a gap.
    pub records_failed: u64,
    /// The facts, in a sentence.
    pub evidence: String,
    /// What to do about it.
    pub hint: Option<String>,
}
