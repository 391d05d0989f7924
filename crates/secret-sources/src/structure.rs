//! In what a candidate was found.

/// The structure around a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Structure {
    /// `SSL_SESSION` of OpenSSL in DER, up to TLS 1.2: the master secret.
    Session,
    /// The same, of which the beginning is overwritten.
    SessionRest,
    /// The same in hexadecimal digits, as Postfix keeps it.
    HexSession,
    /// The same in base64, as PEM files have it.
    Base64Session,
    /// A line `Master-Key:` as `openssl sess_id -text` prints it.
    Text,
    /// `SSL_SESSION` of OpenSSL as it lies in memory.
    OpenSslMemory,
    /// An array of bytes in the heap of Java.
    JavaArray,
    /// Nothing known: bytes that are random enough.
    Window,
}

impl Structure {
    /// What a sentence calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "a session of OpenSSL",
            Self::SessionRest => "the rest of a session of OpenSSL",
            Self::HexSession => "a session of OpenSSL in hexadecimal digits",
            Self::Base64Session => "a session of OpenSSL in base64",
            Self::Text => "a Master-Key line",
            Self::OpenSslMemory => "a session in OpenSSL's memory",
            Self::JavaArray => "an array of a Java heap",
            Self::Window => "no known structure",
        }
    }
}
