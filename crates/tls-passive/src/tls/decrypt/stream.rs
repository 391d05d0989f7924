//! RC4, whose keystream runs on from record to record.

use rc4::{KeyInit, Rc4, StreamCipher};
use zeroize::Zeroizing;

use super::protection::UnsupportedCipher;

/// The keystream of one direction.
pub(super) struct Keystream {
    cipher: Rc4,
    /// Keystream made but not used yet: behind a gap the place in it has to be searched.
    ahead: Zeroizing<Vec<u8>>,
    /// Bytes of keystream used or passed over.
    used: u64,
}

impl Keystream {
    pub(super) fn new(key: &[u8]) -> Result<Self, UnsupportedCipher> {
        let cipher = Rc4::new_from_slice(key).map_err(|_| UnsupportedCipher)?;
        Ok(Self { cipher, ahead: Zeroizing::default(), used: 0 })
    }

    /// Makes sure that the next `len` bytes of keystream are there, and gives them.
    pub(super) fn peek(&mut self, len: usize) -> &[u8] {
        let known = self.ahead.len();
        if known < len {
            self.ahead.resize(len, 0);
            self.cipher.apply_keystream(self.ahead.get_mut(known..).unwrap_or_default());
        }
        self.ahead.get(..len).unwrap_or_default()
    }

    /// Moves on by `len` bytes.
    pub(super) fn advance(&mut self, len: usize) {
        self.peek(len);
        self.ahead.drain(..len);
        self.used += len as u64;
    }

    /// How many bytes of it were used or passed over.
    pub(super) fn used(&self) -> u64 {
        self.used
    }

    /// Decrypts what comes next.
    pub(super) fn apply(&mut self, data: &mut [u8]) {
        if self.ahead.is_empty() {
            self.used += data.len() as u64;
            return self.cipher.apply_keystream(data);
        }
        xor(data, self.peek(data.len()));
        self.advance(data.len());
    }
}

/// XORs `mask` onto `data`.
pub(super) fn xor(data: &mut [u8], mask: &[u8]) {
    data.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_ahead_does_not_change_the_stream() {
        let (mut plain, mut looked) = ([0; 40], [0; 40]);
        Keystream::new(b"Key").unwrap().apply(&mut plain);
        let mut stream = Keystream::new(b"Key").unwrap();
        stream.peek(100);
        let (head, tail) = looked.split_at_mut(7);
        stream.apply(head);
        stream.apply(tail);
        assert_eq!(plain, looked);
        // RFC 6229 has no vector for this key; Wikipedia's "Key" begins EB9F7781B734CA72A719.
        assert_eq!(plain[..4], [0xEB, 0x9F, 0x77, 0x81]);
    }
}
