//! What is kept of a session only where a view shows it: its packets, and what the application
//! said, byte for byte. Secrets and bodies are masked in it already, unless they are to be shown.

use crate::flow::PacketSeen;
use crate::moment::Moment;
use crate::role::Role;

/// Packets of a session that are kept; a line of each would fill a thousand pages.
pub(super) const MOST_PACKETS: usize = 50_000;

/// Bytes of a session that are kept (16 MiB): the largest mails that servers take by default are of
/// 10 to 50 MB, and their bodies are only kept where they are revealed.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// Pieces that are kept: a byte a piece costs fifty.
pub(super) const MOST_PIECES: usize = 200_000;

/// A session as its packets and its bytes.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    packets: Vec<PacketSeen>,
    omitted_packets: u64,
    pieces: Vec<Piece>,
    kept_bytes: usize,
    omitted_bytes: u64,
}

/// What one packet completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Who sent it.
    pub from: Role,
    /// When its last byte was captured.
    pub at: Moment,
    /// Offset of its first byte in what the application of this end said.
    pub offset: u64,
    /// What it is.
    pub content: Content,
}

/// A run of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Bytes as the application read them.
    Bytes(Vec<u8>),
    /// So many bytes of a message body, which is not to be shown.
    Body(u64),
    /// So many bytes that were not captured; inside TLS, so many at most.
    Gap(u64),
}

impl Transcript {
    /// Takes a packet.
    pub fn packet(&mut self, packet: &PacketSeen) {
        match self.packets.len() < MOST_PACKETS {
            true => self.packets.push(*packet),
            false => self.omitted_packets += 1,
        }
    }

    /// Takes what an application said.
    pub fn piece(&mut self, piece: Piece) {
        let len = match &piece.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Body(_) | Content::Gap(_) => 0,
        };
        if self.kept_bytes + len > MOST_BYTES || self.pieces.len() >= MOST_PIECES {
            self.omitted_bytes += len as u64;
            return;
        }
        self.kept_bytes += len;
        match self.pieces.last_mut() {
            Some(last) if last.takes(&piece) => last.extend(piece.content),
            _ => self.pieces.push(piece),
        }
    }

    /// Puts the pieces in order of time: what was in doubt came late.
    pub fn finish(&mut self) {
        self.pieces.sort_by_key(|piece| piece.at);
    }

    /// The packets in order of capture.
    #[must_use]
    pub fn packets(&self) -> &[PacketSeen] {
        &self.packets
    }

    /// What the applications said, by time.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Packets and bytes beyond those kept.
    #[must_use]
    pub fn omitted(&self) -> (u64, u64) {
        (self.omitted_packets, self.omitted_bytes)
    }
}

impl Piece {
    /// A body is one piece however many packets it took.
    fn takes(&self, next: &Self) -> bool {
        match (&self.content, &next.content) {
            (Content::Bytes(_), Content::Bytes(_)) => (self.from, self.at) == (next.from, next.at),
            (Content::Body(_), Content::Body(_)) => self.from == next.from,
            _ => false,
        }
    }

    fn extend(&mut self, more: Content) {
        match (&mut self.content, more) {
            (Content::Bytes(bytes), Content::Bytes(more)) => bytes.extend(more),
            (Content::Body(len), Content::Body(more)) => *len += more,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Timestamp;

    fn piece(from: Role, frame: u64, content: Content) -> Piece {
        let at = Moment { ts: Timestamp(frame.cast_signed()), frame };
        Piece { from, at, offset: 0, content }
    }

    #[test]
    fn what_one_packet_completed_is_one_piece_and_so_is_a_body() {
        let mut transcript = Transcript::default();
        transcript.piece(piece(Role::Client, 1, Content::Bytes(b"a".to_vec())));
        transcript.piece(piece(Role::Client, 1, Content::Bytes(b"b".to_vec())));
        transcript.piece(piece(Role::Client, 2, Content::Body(3)));
        transcript.piece(piece(Role::Client, 3, Content::Body(4)));
        transcript.piece(piece(Role::Client, 3, Content::Bytes(b"c".to_vec())));
        let contents: Vec<_> = transcript.pieces().iter().map(|piece| &piece.content).collect();
        let bytes = |text: &[u8]| Content::Bytes(text.to_vec());
        assert_eq!(contents, [&bytes(b"ab"), &Content::Body(7), &bytes(b"c")]);
    }

    #[test]
    fn what_is_beyond_the_cap_is_counted() {
        let mut transcript = Transcript::default();
        for frame in 0..20 {
            let content = Content::Bytes(vec![b'x'; 1 << 20]);
            transcript.piece(piece(Role::Client, frame, content));
        }
        assert_eq!(transcript.omitted(), (0, 4 << 20));
    }
}
