//! One direction's runs in order, each with what is known of it (a time, a place). Bytes that may still
//! turn out to be a secret wait in the mask, and what follows them waits behind them.

use std::collections::VecDeque;

use super::mask::Mask;
use crate::smtp::SecretSpan;

/// A direction; `T` is what is known of each run.
#[derive(Default)]
pub(super) struct Lane<T> {
    mask: Mask,
    queue: VecDeque<Waiting<T>>,
    /// Bytes and gaps taken so far.
    taken: u64,
    /// Bytes and gaps given so far.
    given: u64,
    bodies: VecDeque<SecretSpan>,
    /// Bodies are given, not left out.
    shows_bodies: bool,
}

struct Waiting<T> {
    known: T,
    kind: Kind,
    len: u64,
    /// It was taken to its end here.
    is_end: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bytes,
    ShownBody,
    Body,
    Gap,
}

/// A run, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run<'b, T> {
    /// What is known of it.
    pub(super) known: T,
    /// Offset of its first byte, gaps counted.
    pub(super) offset: u64,
    /// What it has.
    pub(super) content: Content<'b>,
    /// It is of a message's body.
    pub(super) is_body: bool,
    /// Nothing of the run comes behind it.
    pub(super) is_end: bool,
}

/// What a [`Run`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content<'b> {
    /// Bytes, secrets masked.
    Bytes(&'b [u8]),
    /// So many bytes of a body that is not to be shown.
    Body(u64),
    /// So many bytes that are missing.
    Gap(u64),
}

impl<T: Copy> Lane<T> {
    /// Takes the next bytes.
    pub(super) fn bytes(&mut self, mut bytes: &[u8], known: T) {
        while !bytes.is_empty() {
            let (len, is_body) = self.run(bytes.len());
            let (now, later) = bytes.split_at(len);
            let kind = match (is_body, self.shows_bodies) {
                (false, _) => Kind::Bytes,
                (true, true) => Kind::ShownBody,
                (true, false) => Kind::Body,
            };
            match kind {
                Kind::Body => self.mask.skip(len as u64),
                _ => self.mask.push(now),
            }
            self.wait(known, kind, len as u64, later.is_empty());
            bytes = later;
        }
    }

    /// Takes a gap.
    pub(super) fn gap(&mut self, bytes: u64, known: T) {
        self.mask.skip(bytes);
        self.wait(known, Kind::Gap, bytes, true);
    }

    fn wait(&mut self, known: T, kind: Kind, len: u64, is_end: bool) {
        self.taken = self.taken.saturating_add(len);
        self.queue.push_back(Waiting { known, kind, len, is_end });
    }

    /// Masks a secret.
    pub(super) fn hide(&mut self, span: SecretSpan) {
        self.mask.hide(span);
    }

    /// Leaves out a body.
    pub(super) fn leave_out(&mut self, span: SecretSpan) {
        self.bodies.push_back(span);
    }

    /// Tells a body from the rest.
    pub(super) fn set_apart(&mut self, span: SecretSpan) {
        self.shows_bodies = true;
        self.bodies.push_back(span);
    }

    /// How many of the next bytes are of a body, or of none.
    fn run(&mut self, most: usize) -> (usize, bool) {
        let taken = self.taken;
        self.bodies.retain(|body| body.start.saturating_add(body.len) > taken);
        let Some(body) = self.bodies.front() else { return (most, false) };
        let until = match taken < body.start {
            true => body.start,
            false => body.start.saturating_add(body.len),
        };
        let len = usize::try_from(until - taken).unwrap_or(usize::MAX).min(most);
        (len, taken >= body.start)
    }

    /// Gives `out` what is not in doubt any more.
    pub(super) fn release(&mut self, doubts: &[SecretSpan], out: &mut dyn FnMut(Run<'_, T>)) {
        let Self { mask, queue, given, .. } = self;
        give_unmasked(queue, given, out);
        mask.release(doubts, &mut |mut bytes| {
            while let Some(first) = queue.front_mut().filter(|_| !bytes.is_empty()) {
                let len = usize::try_from(first.len).unwrap_or(usize::MAX).min(bytes.len());
                let (now, later) = bytes.split_at(len);
                first.len -= len as u64;
                let is_done = first.len == 0;
                let (is_body, is_end) = (first.kind == Kind::ShownBody, is_done && first.is_end);
                let content = Content::Bytes(now);
                out(Run { known: first.known, offset: *given, content, is_body, is_end });
                *given += len as u64;
                bytes = later;
                if is_done {
                    queue.pop_front();
                    give_unmasked(queue, given, out);
                }
            }
        });
    }
}

/// Gives what stands first in the queue and has no bytes to wait for.
fn give_unmasked<T: Copy>(
    queue: &mut VecDeque<Waiting<T>>,
    given: &mut u64,
    out: &mut dyn FnMut(Run<'_, T>),
) {
    let has_none = |first: &&Waiting<T>| matches!(first.kind, Kind::Body | Kind::Gap);
    while let Some(first) = queue.front().filter(has_none) {
        let content = match first.kind {
            Kind::Gap => Content::Gap(first.len),
            _ => Content::Body(first.len),
        };
        let is_body = first.kind == Kind::Body;
        out(Run { known: first.known, offset: *given, content, is_body, is_end: first.is_end });
        *given = given.saturating_add(first.len);
        queue.pop_front();
    }
}
