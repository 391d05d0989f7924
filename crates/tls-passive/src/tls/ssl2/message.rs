//! The messages of SSL 2.0 that are sent in clear (Hickman 1995, §2.5 to §2.7).

use crate::tls::suite::CipherKind;

pub(super) const ERROR: u8 = 0;
pub(super) const CLIENT_MASTER_KEY: u8 = 2;
pub(super) const CLIENT_FINISHED: u8 = 3;
pub(super) const SERVER_HELLO: u8 = 4;
pub(super) const SERVER_VERIFY: u8 = 5;
pub(super) const SERVER_FINISHED: u8 = 6;
pub(super) const REQUEST_CERTIFICATE: u8 = 7;
pub(super) const CLIENT_CERTIFICATE: u8 = 8;

/// What of a CLIENT-HELLO goes into the keys.
#[derive(Debug)]
pub(in crate::tls) struct Offer {
    pub(super) session_id: Vec<u8>,
    pub(super) challenge: Vec<u8>,
}

/// A SERVER-HELLO.
#[derive(Debug)]
pub(super) struct ServerHello {
    /// The session that the client named is taken up again: no master key will be sent.
    pub(super) is_hit: bool,
    pub(super) certificate: Vec<u8>,
    pub(super) connection_id: Vec<u8>,
}

/// A CLIENT-MASTER-KEY.
#[derive(Debug)]
pub(super) struct MasterKey<'a> {
    pub(super) kind: CipherKind,
    /// The part of the master key that export rules wanted in clear.
    pub(super) clear: &'a [u8],
    pub(super) encrypted: &'a [u8],
    pub(super) key_arg: &'a [u8],
}

/// What the first bytes of the server say of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Ssl2,
    /// TLS, or none of the two.
    Other,
    TooShort,
}

impl Answer {
    /// Judges what a server says to an SSL 2.0 CLIENT-HELLO.
    pub(super) fn of(bytes: &[u8]) -> Self {
        match bytes {
            // A TLS record, all of whose types are below the top bit.
            [20..=24, 3, ..] => Self::Other,
            [high, _, SERVER_HELLO, ..] if high & 0x80 != 0 => Self::Ssl2,
            [0x80, 3, ERROR, ..] => Self::Ssl2,
            [high, rest @ ..] if high & 0x80 != 0 && rest.len() < 2 => Self::TooShort,
            [high, _, _, SERVER_HELLO, ..] if high & 0xC0 == 0 => Self::Ssl2,
            [high, rest @ ..] if high & 0xC0 == 0 && rest.len() < 3 => Self::TooShort,
            [] => Self::TooShort,
            _ => Self::Other,
        }
    }
}

/// A SERVER-HELLO of version 2 from its record's header on, as far as it tells without the
/// CLIENT-HELLO.
pub(super) fn is_server_hello(bytes: &[u8]) -> bool {
    matches!(bytes, [high, _, SERVER_HELLO, 0 | 1, 0 | 1, 0, 2, ..] if high & 0x80 != 0)
}

/// A CLIENT-MASTER-KEY from its record's header on.
pub(super) fn is_master_key(bytes: &[u8]) -> bool {
    matches!(bytes, [high, _, CLIENT_MASTER_KEY, 1..=7, 0, 0x40..=0xC0, ..] if high & 0x80 != 0)
}

impl Offer {
    /// Of a CLIENT-HELLO that was not captured.
    pub(super) fn lost() -> Self {
        Self { session_id: Vec::new(), challenge: Vec::new() }
    }

    /// Whether it was not captured: the challenge, which goes into the keys, is never empty (§2.5).
    pub(super) fn is_lost(&self) -> bool {
        self.challenge.is_empty()
    }

    /// Reads a CLIENT-HELLO from its message type on.
    pub(in crate::tls) fn parse(message: &[u8]) -> Option<Self> {
        let mut rest = Fields(message.get(3..)?);
        let [kinds, session_id, challenge] = rest.lengths()?;
        rest.take(kinds)?;
        Some(Self {
            session_id: rest.take(session_id)?.to_vec(),
            challenge: rest.take(challenge)?.to_vec(),
        })
    }
}

impl ServerHello {
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let is_hit = *message.get(1)? != 0;
        // Between them stand the certificate type (there is one) and the version.
        let mut rest = Fields(message.get(5..)?);
        let [certificate, kinds, connection_id] = rest.lengths()?;
        let certificate = rest.take(certificate)?.to_vec();
        rest.take(kinds)?;
        Some(Self { is_hit, certificate, connection_id: rest.take(connection_id)?.to_vec() })
    }
}

impl<'a> MasterKey<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = message.get(1..)?.split_first_chunk()?;
        let mut rest = Fields(rest);
        let [clear, encrypted, key_arg] = rest.lengths()?;
        Some(Self {
            kind: CipherKind::from_wire(kind),
            clear: rest.take(clear)?,
            encrypted: rest.take(encrypted)?,
            key_arg: rest.take(key_arg)?,
        })
    }
}

/// Three lengths of two bytes each stand ahead of the three fields of each of these messages.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn lengths(&mut self) -> Option<[usize; 3]> {
        let (&[a, b, c, d, e, f], rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some([[a, b], [c, d], [e, f]].map(|length| usize::from(u16::from_be_bytes(length))))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tells_the_answer_of_ssl_2_from_that_of_tls() {
        assert_eq!(Answer::of(&[0x84, 0x10, 4]), Answer::Ssl2);
        assert_eq!(Answer::of(&[0x04, 0x10, 0, 4]), Answer::Ssl2);
        assert_eq!(Answer::of(&[0x80, 3, 0, 0, 1]), Answer::Ssl2);
        assert_eq!(Answer::of(&[0x84, 0x10]), Answer::TooShort);
        assert_eq!(Answer::of(&[22, 3, 1, 4, 4]), Answer::Other);
        assert_eq!(Answer::of(b"500 what?"), Answer::Other);
    }

    #[test]
    fn reads_a_master_key() {
        let message = [2, 2, 0, 0x80, 0, 1, 0, 2, 0, 1, 9, 7, 8, 6];
        let key = MasterKey::parse(&message).unwrap();
        assert_eq!((key.kind, key.clear), (CipherKind(0x02_0080), &[9][..]));
        assert_eq!((key.encrypted, key.key_arg), (&[7, 8][..], &[6][..]));
        assert!(MasterKey::parse(&message[..13]).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_them_panic(bytes: Vec<u8>) {
            let _ = Answer::of(&bytes);
            let _ = Offer::parse(&bytes);
            let _ = ServerHello::parse(&bytes);
            let _ = MasterKey::parse(&bytes);
        }
    }
}
