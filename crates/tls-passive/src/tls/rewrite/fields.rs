//! The vectors of the presentation language (RFC 5246 §4.3), to be written over in place.

use std::mem;

/// What is left of a structure.
pub(super) struct Fields<'b>(pub(super) &'b mut [u8]);

impl<'b> Fields<'b> {
    pub(super) fn take(&mut self, len: usize) -> Option<&'b mut [u8]> {
        let (taken, rest) = mem::take(&mut self.0).split_at_mut_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'b mut [u8] {
        mem::take(&mut self.0)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        let field = self.take(2)?;
        Some(u16::from_be_bytes([field[0], field[1]]))
    }

    /// A vector with a length of one, two or three bytes.
    pub(super) fn vector(&mut self, length_bytes: usize) -> Option<Self> {
        let length = self.take(length_bytes)?;
        let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        Some(Self(self.take(length)?))
    }
}
