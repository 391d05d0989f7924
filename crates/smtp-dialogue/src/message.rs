//! A message passing by: counted, hashed, its header read, handed on, and never kept.

use sha2::{Digest, Sha256};

use super::content::Content;
use super::dkim::Dkim;
use super::event::{Sink, SmtpEvent, Transfer};
use super::fields::Fields;
use super::mime::Part;
use super::unstuff::{BareNewlines, Unstuffer};
use crate::moment::Moment;

/// A message under way.
pub(super) struct Message {
    number: u64,
    transfer: Transfer,
    encrypted: bool,
    hash: Sha256,
    /// Bytes of the message, gaps in chunks included.
    bytes: u64,
    content: Content,
    start: Option<Moment>,
    last: Option<Moment>,
    /// Whether bytes are missing, and whether their number is known all the same.
    loss: Loss,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    None,
    /// In a chunk, a gap has the size of what was in it.
    Counted,
    /// In a DATA body, some of a gap's bytes may be stuffing.
    Uncounted,
}

/// What is left of a message when it is over.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) number: u64,
    pub(super) transfer: Transfer,
    pub(super) encrypted: bool,
    pub(super) bytes: Option<u64>,
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) fields: Fields,
    pub(super) parts: Vec<Part>,
    pub(super) dkim: Vec<Dkim>,
    pub(super) complete: bool,
    /// Its end was captured, whatever is missing before.
    pub(super) ended: bool,
    pub(super) start: Option<Moment>,
    pub(super) last: Option<Moment>,
}

impl Message {
    pub(super) fn new(number: u64, transfer: Transfer, encrypted: bool) -> Self {
        Self {
            number,
            transfer,
            encrypted,
            hash: Sha256::new(),
            bytes: 0,
            content: Content::default(),
            start: None,
            last: None,
            loss: Loss::None,
        }
    }

    /// Notes that a byte on the wire belongs to this message.
    pub(super) fn touch(&mut self, at: Moment, out: &mut Sink<'_>) {
        self.last = self.last.max(Some(at));
        if self.start.is_none() {
            self.start = Some(at);
            out(SmtpEvent::DataStart { mail: self.number, at });
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Sink<'_>) {
        if bytes.is_empty() {
            return;
        }
        self.hash.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.content.push(bytes);
        out(SmtpEvent::Body { mail: self.number, bytes });
    }

    /// A gap whose bytes are all of the message: in a chunk.
    pub(super) fn lose_counted(&mut self, len: u64) {
        self.bytes = self.bytes.saturating_add(len);
        self.lose(Loss::Counted);
    }

    /// A gap of unknown content: in a DATA body.
    pub(super) fn lose_uncounted(&mut self) {
        self.lose(Loss::Uncounted);
    }

    pub(super) fn has_gaps(&self) -> bool {
        self.loss != Loss::None
    }

    /// Ends the message; `complete` tells whether its end was captured.
    pub(super) fn finish(self, complete: bool, out: &mut Sink<'_>) -> Summary {
        if let Some(at) = self.last.filter(|_| complete) {
            out(SmtpEvent::DataEnd { mail: self.number, at });
        }
        let whole = complete && !self.has_gaps();
        let (fields, parts, dkim) = self.content.finish(whole);
        Summary {
            number: self.number,
            transfer: self.transfer,
            encrypted: self.encrypted,
            bytes: (complete && self.loss < Loss::Uncounted).then_some(self.bytes),
            sha256: whole.then(|| self.hash.finalize().into()),
            fields,
            parts,
            dkim,
            complete: whole,
            ended: complete,
            start: self.start,
            last: self.last,
        }
    }

    fn lose(&mut self, loss: Loss) {
        self.loss = self.loss.max(loss);
        self.content.lose();
    }
}

/// A DATA body under way.
pub(super) struct Body {
    message: Message,
    unstuffer: Unstuffer,
}

impl Body {
    pub(super) fn new(message: Message) -> Self {
        Self { message, unstuffer: Unstuffer::default() }
    }

    /// Reads up to the end of the body. Tells how many bytes were taken, and whether the final
    /// dot line was among them.
    pub(super) fn read(&mut self, bytes: &[u8], at: Moment, out: &mut Sink<'_>) -> (usize, bool) {
        self.message.touch(at, out);
        let message = &mut self.message;
        self.unstuffer.read(bytes, &mut |piece| message.push(piece, out))
    }

    /// A gap.
    pub(super) fn lose(&mut self, out: &mut Sink<'_>) {
        let message = &mut self.message;
        self.unstuffer.lose_place(&mut |piece| message.push(piece, out));
        message.lose_uncounted();
    }

    /// Whether a reply may mean that the body is over although no final dot line was seen: it was
    /// in a gap, or the server is content with less.
    pub(super) fn may_have_ended(&self) -> bool {
        self.message.has_gaps() || self.unstuffer.is_at_false_end()
    }

    /// Whether its last line is a dot line that only a lax server takes for the end.
    pub(super) fn is_at_false_end(&self) -> bool {
        self.unstuffer.is_at_false_end()
    }

    /// Whether no byte of it has come.
    pub(super) fn is_empty(&self) -> bool {
        self.message.start.is_none()
    }

    /// When the latest of its bytes was captured.
    pub(super) fn last(&self) -> Option<Moment> {
        self.message.last
    }

    /// How its line ends are wrong.
    pub(super) fn bare_newlines(&self) -> BareNewlines {
        self.unstuffer.bare
    }

    /// Ends the body at its final dot line, or at one that the server took for it.
    pub(super) fn end(self, out: &mut Sink<'_>) -> Summary {
        self.message.finish(true, out)
    }

    /// Ends the body where it stands, unfinished.
    pub(super) fn abandon(mut self, out: &mut Sink<'_>) -> Summary {
        let message = &mut self.message;
        self.unstuffer.finish(&mut |piece| message.push(piece, out));
        self.message.finish(false, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Body {
        Body::new(Message::new(0, Transfer::Data, false))
    }

    #[test]
    fn a_message_is_hashed_as_the_server_stores_it() {
        let mut body = body();
        let out: &mut Sink<'_> = &mut |_| {};
        assert_eq!(body.read(b"a\r\n..b\r\n.\r\nQUIT", Moment::default(), out), (11, true));
        let summary = body.end(out);
        let expected: [u8; 32] = Sha256::digest(b"a\r\n.b\r\n").into();
        assert_eq!((summary.bytes, summary.sha256), (Some(7), Some(expected)));
        assert!(summary.complete);
    }

    #[test]
    fn a_gap_leaves_neither_length_nor_hash() {
        let mut body = body();
        let out: &mut Sink<'_> = &mut |_| {};
        body.read(b"Subject: x\r\n\r\nab", Moment::default(), out);
        body.lose(out);
        assert_eq!(body.read(b"cd\r\n.\r\n", Moment::default(), out), (7, true));
        let summary = body.end(out);
        assert_eq!((summary.bytes, summary.sha256, summary.complete), (None, None, false));
        assert_eq!(summary.fields.subject.as_deref(), Some("x"));
    }

    #[test]
    fn a_gap_in_a_chunk_leaves_the_length() {
        let mut message = Message::new(0, Transfer::Bdat, false);
        let out: &mut Sink<'_> = &mut |_| {};
        message.push(b"abc", out);
        message.lose_counted(7);
        let summary = message.finish(true, out);
        assert_eq!((summary.bytes, summary.sha256), (Some(10), None));
    }

    #[test]
    fn the_pieces_handed_on_are_the_message() {
        let (mut body, mut seen) = (body(), Vec::new());
        let out: &mut Sink<'_> = &mut |event| {
            if let SmtpEvent::Body { bytes, .. } = event {
                seen.extend_from_slice(bytes);
            }
        };
        b"a\r\n..b\n.c\r\n.\r\n".iter().for_each(|&b| {
            body.read(&[b], Moment::default(), out);
        });
        assert_eq!(seen, b"a\r\n.b\n.c\r\n");
    }
}
