//! Messages on their way, by DATA and by BDAT.

use super::{Dialogue, Mode};
use crate::event::{FindingKind, Sink, Transfer};
use crate::message::{Body, Message};
use crate::moment::Moment;
use crate::open::{Kind, Open};
use crate::unstuff::BareNewlines;

impl Dialogue {
    fn new_message(&mut self, transfer: Transfer) -> Message {
        let number = self.messages;
        self.messages = self.messages.saturating_add(1);
        Message::new(number, transfer, self.facts.encrypted)
    }

    pub(super) fn open_body(&mut self) {
        let message = self.new_message(Transfer::Data);
        self.mode = Mode::Data(Box::new(Body::new(message)));
    }

    /// RFC 3030 §2: so many bytes follow, whatever the server says to them.
    pub(super) fn begin_chunk(&mut self, size: u64, last: bool, at: Moment, out: &mut Sink<'_>) {
        if self.chunked.is_none() {
            let mut message = self.new_message(Transfer::Bdat);
            // A chunk before this one may be in a gap: how long it was nobody knows.
            if self.losses.chunks {
                message.lose_uncounted();
            }
            self.chunked = Some(Box::new(message));
        }
        self.early = None;
        self.mode = Mode::Chunk { left: size, last };
        if size > 0 {
            return;
        }
        if let Some(message) = self.chunked.as_mut().filter(|_| last) {
            message.touch(at, out);
        }
        self.end_chunk(out);
    }

    pub(super) fn chunk_step(&mut self, bytes: &[u8], at: Moment, out: &mut Sink<'_>) -> usize {
        let Mode::Chunk { left, .. } = &mut self.mode else { return 0 };
        let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
        *left = left.saturating_sub(taken as u64);
        let is_over = *left == 0;
        if let Some(message) = &mut self.chunked {
            message.touch(at, out);
            message.push(bytes.get(..taken).unwrap_or(bytes), out);
        }
        if is_over {
            self.end_chunk(out);
        }
        taken
    }

    pub(super) fn end_chunk(&mut self, out: &mut Sink<'_>) {
        let Mode::Chunk { last, .. } = std::mem::replace(&mut self.mode, Mode::Command) else {
            return;
        };
        let Some(message) = self.chunked.take_if(|_| last) else { return };
        let summary = message.finish(true, out);
        match self.queue.youngest_mut() {
            Some(open) if matches!(open.kind, Kind::Chunk { last: true }) => {
                open.message = Some(Box::new(summary));
            }
            _ => {
                let replies = self.early.take().map(|(reply, _)| reply);
                self.close_mail(summary, Vec::from_iter(replies), out);
            }
        }
    }

    /// Bytes behind XEXCH50: nobody but Exchange knows what they mean.
    pub(super) fn blob_step(&mut self, bytes: &[u8], at: Moment, out: &mut Sink<'_>) -> usize {
        let Mode::Blob { left } = &mut self.mode else { return 0 };
        let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
        *left = left.saturating_sub(taken as u64);
        if *left == 0 {
            self.mode = Mode::Command;
            self.push(Open::blob(at, self.facts.encrypted), out);
        }
        taken
    }

    pub(super) fn data_step(&mut self, bytes: &[u8], at: Moment, out: &mut Sink<'_>) -> usize {
        let Mode::Data(body) = &mut self.mode else { return 0 };
        let (taken, ended) = body.read(bytes, at, out);
        if ended {
            self.end_body(true, out);
        }
        taken
    }

    /// Ends a DATA body; `dot` tells whether by a final dot line.
    pub(super) fn end_body(&mut self, dot: bool, out: &mut Sink<'_>) {
        let Mode::Data(body) = std::mem::replace(&mut self.mode, Mode::Command) else { return };
        let (bare, last) = (body.bare_newlines(), body.last());
        let summary = if dot { body.end(out) } else { body.abandon(out) };
        if let Some(at) = last.filter(|_| !bare.is_empty()) {
            self.note(FindingKind::BareNewline, at, bare_newlines(bare), out);
        }
        self.push(Open::body(summary, dot), out);
        if let Some((reply, at)) = self.early.take() {
            self.on_reply(reply, at, out);
        }
    }

    /// The client will say nothing more.
    pub(super) fn end_body_unfinished(&mut self, out: &mut Sink<'_>) {
        match &self.mode {
            Mode::Data(body) if body.is_empty() => self.mode = Mode::Command,
            Mode::Data(_) => self.end_body(false, out),
            _ => {}
        }
    }
}

fn bare_newlines(bare: BareNewlines) -> String {
    let BareNewlines { lf, cr, false_ends, first_false_end } = bare;
    let smuggled = first_false_end.map_or_else(String::new, |form| {
        format!(
            ", and {false_ends} dot lines that only a lax server takes for the end, the first {form}"
        )
    });
    format!("the message has {lf} LF without CR and {cr} CR without LF{smuggled}")
}
