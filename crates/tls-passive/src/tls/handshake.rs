//! Handshake records become whole handshake messages: a record may hold many, a message may span
//! many (RFC 5246 §6.2.1).

use super::record::Record;
use crate::moment::Moment;

/// Length of a message header in bytes: type and a length of 24 bits.
pub(super) const HEADER: usize = 4;

/// Longer messages are taken for noise. Certificate lists are the longest there are; 512 KiB is a
/// hundred certificates.
pub(super) const LARGEST_MESSAGE: usize = 512 << 10;

/// The type of a handshake message (RFC 5246 §7.4, RFC 8446 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeType(pub u8);

#[allow(missing_docs, reason = "the RFC's own words")]
impl HandshakeType {
    pub const HELLO_REQUEST: Self = Self(0x00);
    pub const CLIENT_HELLO: Self = Self(0x01);
    pub const SERVER_HELLO: Self = Self(0x02);
    pub const NEW_SESSION_TICKET: Self = Self(0x04);
    pub const END_OF_EARLY_DATA: Self = Self(0x05);
    pub const ENCRYPTED_EXTENSIONS: Self = Self(0x08);
    pub const CERTIFICATE: Self = Self(0x0B);
    pub const SERVER_KEY_EXCHANGE: Self = Self(0x0C);
    pub const CERTIFICATE_REQUEST: Self = Self(0x0D);
    pub const SERVER_HELLO_DONE: Self = Self(0x0E);
    pub const CERTIFICATE_VERIFY: Self = Self(0x0F);
    pub const CLIENT_KEY_EXCHANGE: Self = Self(0x10);
    pub const FINISHED: Self = Self(0x14);
    pub const CERTIFICATE_STATUS: Self = Self(0x16);
    pub const KEY_UPDATE: Self = Self(0x18);
}

/// One whole message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) kind: HandshakeType,
    pub(super) body: &'a [u8],
    /// With its header: what the transcript hash covers.
    pub(super) bytes: &'a [u8],
    pub(super) at: Moment,
}

/// The stream of handshake messages of one direction.
#[derive(Debug, Default)]
pub(super) struct MessageJoiner {
    partial: Vec<u8>,
    /// The latest instant among the bytes in `partial`.
    at: Option<Moment>,
}

/// A handshake message announced more bytes than any message has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl MessageJoiner {
    /// Bytes of an unfinished message.
    pub(super) fn pending(&self) -> usize {
        self.partial.len()
    }

    /// Forgets an unfinished message, whose rest was lost.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes the content of a handshake record. `fragment` is the record's own, or what it held
    /// under its protection.
    pub(super) fn feed(
        &mut self,
        record: &Record<'_>,
        fragment: &[u8],
        mut on_message: impl FnMut(Message<'_>),
    ) -> Result<(), TooLong> {
        // Positions inside protected content say nothing about positions on the wire.
        let in_clear = std::ptr::eq(fragment, record.fragment);
        let moment = |from, to| if in_clear { record.at_of(from, to) } else { record.at() };
        let mut position = 0;
        while position < fragment.len() {
            let rest = fragment.get(position..).unwrap_or_default();
            if self.partial.is_empty()
                && let Some(total) = message_length(rest)?
                && let Some(bytes) = rest.get(..total)
            {
                on_message(message(bytes, moment(position, position + total)));
                position += total;
                continue;
            }
            let wanted = match message_length(&self.partial)? {
                Some(total) => total - self.partial.len(),
                None => HEADER - self.partial.len(),
            };
            let taken = wanted.min(rest.len());
            self.partial.extend_from_slice(rest.get(..taken).unwrap_or_default());
            self.at = self.at.max(Some(moment(position, position + taken)));
            position += taken;
            self.complete(&mut on_message)?;
        }
        Ok(())
    }

    fn complete(&mut self, on_message: &mut impl FnMut(Message<'_>)) -> Result<(), TooLong> {
        if message_length(&self.partial)? != Some(self.partial.len()) {
            return Ok(());
        }
        on_message(message(&self.partial, self.at.take().unwrap_or_default()));
        self.partial.clear();
        Ok(())
    }
}

/// The length of a message with its header, once the header is there.
pub(super) fn message_length(bytes: &[u8]) -> Result<Option<usize>, TooLong> {
    let Some(&[_, a, b, c]) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let total = HEADER + usize::from(a) * 65536 + usize::from(b) * 256 + usize::from(c);
    if total > LARGEST_MESSAGE { Err(TooLong) } else { Ok(Some(total)) }
}

fn message(bytes: &[u8], at: Moment) -> Message<'_> {
    let (&kind, _) = bytes.split_first().unwrap_or((&0, &[]));
    let body = bytes.get(HEADER..).unwrap_or_default();
    Message { kind: HandshakeType(kind), body, bytes, at }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tls::record::{Found, RecordReader};

    /// What the joiner makes of `content`, sent in records of `size` bytes.
    fn joined(content: &[u8], size: usize) -> Vec<(u8, Vec<u8>)> {
        let mut joiner = MessageJoiner::default();
        let mut seen = Vec::new();
        for piece in content.chunks(size) {
            let mut record = vec![22, 3, 3, 0, piece.len() as u8];
            record.extend_from_slice(piece);
            RecordReader::default().feed(&record, Moment::default(), &mut |found| {
                let Found::Record(record) = found else { panic!("{found:?}") };
                let fed = joiner.feed(&record, record.fragment, |message| {
                    seen.push((message.kind.0, message.body.to_vec()));
                });
                assert_eq!(fed, Ok(()));
            });
        }
        seen
    }

    proptest! {
        #[test]
        fn any_cut_into_records_gives_the_same_messages(size in 1_usize..30) {
            let content = [&[2, 0, 0, 3, 7, 8, 9, 14, 0, 0, 0, 11, 0, 0, 20], &[5; 20][..]].concat();
            let expected = vec![(2, vec![7, 8, 9]), (14, vec![]), (11, vec![5; 20])];
            prop_assert_eq!(joined(&content, size), expected);
        }
    }

    #[test]
    fn an_absurd_length_is_refused_before_anything_is_kept() {
        let mut joiner = MessageJoiner::default();
        RecordReader::default().feed(
            &[22, 3, 3, 0, 4, 1, 0xFF, 0, 0],
            Moment::default(),
            &mut |found| {
                let Found::Record(record) = found else { panic!("{found:?}") };
                assert_eq!(joiner.feed(&record, record.fragment, |_| ()), Err(TooLong));
            },
        );
        assert_eq!(joiner.pending(), 0);
    }
}
