//! The reasons why a session was not opened: the contract's codes.

use serde::Serialize;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $name:literal),* $(,)?) => {
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
            pub fn finding(self) -> &'static str {
                match self { $(Self::$variant => concat!("tls.", $name),)* }
            }
        }
    };
}

reasons! {
    /// The key exchange leaves nothing that the server's key could open.
    ForwardSecrecy "forward_secrecy",
    /// TLS 1.3, which always has forward secrecy.
    Tls13 "tls13",
    /// No key fits the server's certificate.
    NoKey "no_key",
    /// A row names this server, but its key is not the certificate's.
    KeyMismatch "key_mismatch",
    /// No certificate was captured and no key verifies.
    NoCertificate "no_certificate",
    /// The session was resumed, and its origin is not in the capture.
    ResumedWithoutOrigin "resumed_without_origin",
    /// The capture begins after the handshake.
    HandshakeMissing "handshake_missing",
    /// The handshake was not finished.
    HandshakeIncomplete "handshake_incomplete",
    /// One direction alone was captured.
    OneSided "one_sided",
    /// Packets are missing.
    LostPackets "lost_packets",
    /// The snap length cut packets.
    SnapLength "snaplen",
    /// Packets were cut when they were put into a tunnel.
    TruncatedInTunnel "truncated_in_tunnel",
    /// The premaster secret has the wrong padding or version.
    BadPremaster "bad_premaster",
    /// A key log was given, but has no line for this session.
    KeylogWithoutSession "keylog_without_session",
    /// A key log has lines for this session, but not those that it needs.
    KeylogIncomplete "keylog_incomplete",
    /// The suite or version is not one that can be opened.
    UnsupportedCipherSuite "unsupported_cipher_suite",
    /// A MAC or tag does not fit.
    IntegrityFailed "integrity_failed",
}
