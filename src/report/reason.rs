//! The reasons why a session was not opened: the contract's codes.

use serde::Serialize;

use super::codes::{self, Code};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $name:literal $code:ident),* $(,)?) => {
        /// Why a session was not opened, or not wholly.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code in the report.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The code of the finding that goes with it.
            #[must_use]
            pub fn finding(self) -> Code {
                match self { $(Self::$variant => codes::$code,)* }
            }
        }
    };
}

reasons! {
    /// The key exchange leaves nothing that the server's key could open.
    ForwardSecrecy "forward_secrecy" TLS_FORWARD_SECRECY,
    /// TLS 1.3, which always has forward secrecy.
    Tls13 "tls13" TLS_TLS13,
    /// No key fits the server's certificate.
    NoKey "no_key" TLS_NO_KEY,
    /// A row names this server, but its key is not the certificate's.
    KeyMismatch "key_mismatch" TLS_KEY_MISMATCH,
    /// No certificate was captured and no key verifies.
    NoCertificate "no_certificate" TLS_NO_CERTIFICATE,
    /// The session was resumed, and its origin is not in the capture.
    ResumedWithoutOrigin "resumed_without_origin" TLS_RESUMED_WITHOUT_ORIGIN,
    /// The capture begins after the handshake.
    HandshakeMissing "handshake_missing" TLS_HANDSHAKE_MISSING,
    /// The handshake was not finished.
    HandshakeIncomplete "handshake_incomplete" TLS_HANDSHAKE_INCOMPLETE,
    /// One direction alone was captured.
    OneSided "one_sided" TLS_ONE_SIDED,
    /// Packets are missing.
    LostPackets "lost_packets" TLS_LOST_PACKETS,
    /// The snap length cut packets.
    SnapLength "snaplen" TLS_SNAPLEN,
    /// Packets were cut when they were put into a tunnel.
    TruncatedInTunnel "truncated_in_tunnel" TLS_TRUNCATED_IN_TUNNEL,
    /// The premaster secret has the wrong padding or version.
    BadPremaster "bad_premaster" TLS_BAD_PREMASTER,
    /// A key log was given, but has no line for this session.
    KeylogWithoutSession "keylog_without_session" TLS_KEYLOG_WITHOUT_SESSION,
    /// A key log has lines for this session, but not those that it needs.
    KeylogIncomplete "keylog_incomplete" TLS_KEYLOG_INCOMPLETE,
    /// The suite or version is not one that can be opened.
    UnsupportedCipherSuite "unsupported_cipher_suite" TLS_UNSUPPORTED_CIPHER_SUITE,
    /// A MAC or tag does not fit.
    IntegrityFailed "integrity_failed" TLS_INTEGRITY_FAILED,
}
