//! One direction's bytes with their secrets masked byte for byte. What may still turn out to be a
//! secret is held back, so that it never reaches a disk.

use std::collections::VecDeque;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::smtp::SecretSpan;

/// Bytes held back at most; beyond it whatever is in doubt is masked. The longest line that an
/// extension of SMTP knows has 12 KiB (RFC 4954 §4); bodies are never in doubt, but wait behind a
/// line that is.
pub(super) const MOST_HELD: usize = 256 << 10;

/// What stands in the place of each byte of a secret.
const MASK: u8 = b'*';

/// Masks one direction.
#[derive(Default)]
pub(super) struct Mask {
    /// Bytes held back, each run with the offset of its first byte; gaps lie between the runs.
    held: VecDeque<(u64, Zeroizing<Vec<u8>>)>,
    held_bytes: usize,
    /// Offset of the next byte.
    next: u64,
    /// Secrets whose end has not come yet.
    ahead: Vec<SecretSpan>,
}

impl Mask {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let start = self.next;
        self.next = start.saturating_add(bytes.len() as u64);
        self.held_bytes = self.held_bytes.saturating_add(bytes.len());
        match self.held.back_mut() {
            Some((at, run)) if *at + run.len() as u64 == start => run.extend_from_slice(bytes),
            _ => self.held.push_back((start, Zeroizing::new(bytes.to_vec()))),
        }
        let mut ahead = std::mem::take(&mut self.ahead);
        ahead.iter().for_each(|span| self.cover(*span));
        ahead.retain(|span| end(*span) > self.next);
        self.ahead = ahead;
    }

    /// Takes a gap.
    pub(super) fn skip(&mut self, bytes: u64) {
        self.next = self.next.saturating_add(bytes);
        self.ahead.retain(|span| end(*span) > self.next);
    }

    /// Masks a secret: what of it is held, and what is still to come.
    pub(super) fn hide(&mut self, span: SecretSpan) {
        self.cover(span);
        if end(span) > self.next {
            self.ahead.push(span);
        }
    }

    /// Gives `out` what is not in doubt any more.
    pub(super) fn release(&mut self, doubts: &[SecretSpan], out: &mut dyn FnMut(&[u8])) {
        let first = doubts.iter().map(|span| span.start).min().unwrap_or(u64::MAX);
        if first == u64::MAX || self.held_bytes <= MOST_HELD {
            return self.let_go(first, out);
        }
        doubts.iter().for_each(|span| self.cover(*span));
        self.let_go(u64::MAX, out);
    }

    /// Lets go what stands ahead of `limit`.
    fn let_go(&mut self, limit: u64, out: &mut dyn FnMut(&[u8])) {
        while let Some((start, run)) = self.held.front_mut() {
            let free = within(0..limit, *start, run.len()).len();
            if free == 0 {
                return;
            }
            out(&run[..free]);
            self.held_bytes = self.held_bytes.saturating_sub(free);
            if free == run.len() {
                self.held.pop_front();
            } else {
                run.drain(..free);
                *start += free as u64;
            }
        }
    }

    fn cover(&mut self, span: SecretSpan) {
        for (start, run) in &mut self.held {
            let secret = within(span.start..end(span), *start, run.len());
            run[secret].fill(MASK);
        }
    }
}

fn end(span: SecretSpan) -> u64 {
    span.start.saturating_add(span.len)
}

/// The part of a run of `len` bytes at `start` that lies in `range`, as indices into the run.
fn within(range: Range<u64>, start: u64, len: usize) -> Range<usize> {
    let index =
        |offset: u64| usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX).min(len);
    index(range.start)..index(range.end).max(index(range.start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;

    fn span(start: u64, len: u64) -> SecretSpan {
        SecretSpan { from: Role::Client, start, len }
    }

    fn released(mask: &mut Mask, doubts: &[SecretSpan]) -> String {
        let mut out = Vec::new();
        mask.release(doubts, &mut |bytes| out.extend_from_slice(bytes));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_secret_is_masked_byte_for_byte_whenever_it_is_told() {
        let mut mask = Mask::default();
        mask.push(b"AUTH PLAIN AHR");
        assert_eq!(released(&mut mask, &[span(0, 14)]), "");
        mask.hide(span(11, 8));
        mask.push(b"pbQBz");
        mask.push(b"\r\nQUIT");
        assert_eq!(released(&mut mask, &[span(21, 4)]), "AUTH PLAIN ********\r\n");
        mask.push(b"\r\n");
        assert_eq!(released(&mut mask, &[]), "QUIT\r\n");
    }

    #[test]
    fn what_only_its_reply_betrays_waits_for_it() {
        let mut mask = Mask::default();
        mask.push(b"czNjcmV0\r\nQUIT\r\n");
        assert_eq!(released(&mut mask, &[span(0, 8)]), "");
        mask.hide(span(0, 8));
        assert_eq!(released(&mut mask, &[]), "********\r\nQUIT\r\n");
    }

    #[test]
    fn offsets_count_the_gaps() {
        let mut mask = Mask::default();
        mask.push(b"NOOP\r\ndGl");
        assert_eq!(released(&mut mask, &[span(6, 3)]), "NOOP\r\n");
        mask.push(b"");
        mask.skip(100);
        mask.push(b"");
        mask.push(b"ta\r\n");
        mask.hide(span(6, 3));
        mask.hide(span(109, 2));
        assert_eq!(released(&mut mask, &[]), "*****\r\n");
    }

    #[test]
    fn a_line_without_end_is_masked_rather_than_kept() {
        let mut mask = Mask::default();
        mask.push(b"ok\r\n");
        let text = vec![b'x'; MOST_HELD + 1];
        mask.push(&text);
        let out = released(&mut mask, &[span(4, text.len() as u64)]);
        assert_eq!(out, format!("ok\r\n{}", "*".repeat(text.len())));
        assert_eq!((mask.held_bytes, mask.held.len()), (0, 0));
    }

    #[test]
    fn a_body_behind_a_line_in_doubt_is_not_masked_with_it() {
        let mut mask = Mask::default();
        mask.push(b"abcd\r\n");
        mask.push(&vec![b'x'; MOST_HELD]);
        let out = released(&mut mask, &[span(0, 4)]);
        assert!(out.starts_with("****\r\nxxx") && out.len() == MOST_HELD + 6);
    }
}
