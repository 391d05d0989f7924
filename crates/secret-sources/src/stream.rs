//! A stream as overlapping pieces: each has some bytes of what came before it and of what follows.

use std::io::{self, Read};

use zeroize::Zeroizing;

/// Bytes that a piece is asked about.
pub(crate) const PIECE: usize = 1 << 20;

/// Bytes before them that are kept.
pub(crate) const BEHIND: usize = 256;

/// Bytes behind them that are there: a session in base64 or digits is shorter.
pub(crate) const AHEAD: usize = 1024;

/// A part of the stream.
pub(crate) struct Piece<'a> {
    pub(crate) bytes: &'a [u8],
    /// The part of `bytes` that this piece is about; each byte of the stream is in one such part.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Where `bytes` begins in the stream.
    pub(crate) offset: u64,
}

/// Gives the stream piece by piece, and at last its length. The buffer is wiped.
pub(crate) fn each_piece(
    mut stream: impl Read,
    take: &mut dyn FnMut(&Piece<'_>),
) -> io::Result<u64> {
    let mut buffer = Zeroizing::new(vec![0; BEHIND + PIECE + AHEAD]);
    let (mut filled, mut from, mut offset) = (0, 0, 0_u64);
    loop {
        filled += fill(&mut stream, &mut buffer[filled..])?;
        let is_last = filled < buffer.len();
        let to = if is_last { filled } else { filled - AHEAD };
        take(&Piece { bytes: &buffer[..filled], from, to, offset });
        if is_last {
            return Ok(offset + filled as u64);
        }
        let keep = to - BEHIND;
        buffer.copy_within(keep..filled, 0);
        (filled, from, offset) = (filled - keep, BEHIND, offset + keep as u64);
    }
}

/// Reads until the buffer is full or the stream ends.
fn fill(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_in_one_piece() {
        for len in [0, 1, PIECE, PIECE + BEHIND + AHEAD, 3 * PIECE + 7] {
            let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let mut seen = Vec::new();
            let told = each_piece(&bytes[..], &mut |piece| {
                assert_eq!(piece.offset + piece.from as u64, seen.len() as u64);
                seen.extend_from_slice(&piece.bytes[piece.from..piece.to]);
            });
            assert_eq!(told.unwrap(), len as u64);
            assert_eq!(seen, bytes);
        }
    }
}
