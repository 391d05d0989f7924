//! One session as plaintext TCP: sequence numbers that count the plaintext, from where the original
//! began.

use std::net::SocketAddr;

use super::piece::{Piece, Sender, What};
use crate::export::segment::{ACK, FIN, LONGEST, PSH, RST, SYN, Segment};
use crate::role::{PerRole, Role};
use crate::session::Ends;

/// The window that each segment offers, and the scale that a SYN gives it (RFC 7323 §2.2): no window
/// closes, for the acknowledgements that would open it again are left out.
const WINDOW: u16 = 0xffff;
const WINDOW_SCALE: [u8; 4] = [3, 3, 14, 1];

/// What is known of a session's packets when all have come.
pub(super) struct Numbers {
    /// The end that sent the first packet.
    pub(super) first: Option<SocketAddr>,
    /// The sequence number of each end's first byte: of who sent first, and of the other.
    pub(super) bases: [Option<u32>; 2],
    /// Bytes that each end said, gaps counted.
    pub(super) total: PerRole<u64>,
}

/// A session whose packets are being written.
pub(super) struct Stream {
    ends: Ends,
    /// Who sent the first packet.
    first: Role,
    base: PerRole<u32>,
    total: PerRole<u64>,
    /// Bytes that each end has said so far, gaps counted.
    sent: PerRole<u64>,
    finished: PerRole<bool>,
}

impl Stream {
    pub(super) fn new(ends: Ends, shown: Ends, numbers: &Numbers) -> Self {
        let is_server = numbers.first == Some(ends.server) && ends.server != ends.client;
        let first = if is_server { Role::Server } else { Role::Client };
        let base = |role| numbers.bases[usize::from(role != first)].unwrap_or(1);
        Self {
            ends: shown,
            first,
            base: PerRole::new(base),
            total: numbers.total,
            sent: PerRole::default(),
            finished: PerRole::default(),
        }
    }

    /// The datagrams that a piece becomes: one, unless it is longer than any.
    pub(super) fn datagrams(&mut self, piece: &Piece) -> Vec<Vec<u8>> {
        let from = match piece.sender {
            Sender::Known(role) => role,
            Sender::First => self.first,
            Sender::Second => self.first.peer(),
        };
        match &piece.what {
            What::Flags(flags) => vec![self.flags(from, *flags)],
            What::Data(offset, bytes) => {
                let parts = (*offset..).step_by(LONGEST).zip(bytes.chunks(LONGEST));
                parts.map(|(offset, part)| self.data(from, offset, part)).collect()
            }
        }
    }

    fn flags(&mut self, from: Role, flags: u8) -> Vec<u8> {
        let base = self.base[from];
        let next = at(base, self.sent[from]).wrapping_add(u32::from(self.finished[from]));
        let seq = match flags {
            flags if flags & SYN != 0 => base.wrapping_sub(1),
            flags if flags & RST == 0 && flags & FIN != 0 => at(base, self.total[from]),
            _ => next,
        };
        let datagram = self.datagram(from, seq, flags, &[]);
        if flags & FIN != 0 {
            self.finished[from] = true;
            self.sent[from] = self.total[from];
        }
        datagram
    }

    fn data(&mut self, from: Role, offset: u64, bytes: &[u8]) -> Vec<u8> {
        let datagram = self.datagram(from, at(self.base[from], offset), PSH | ACK, bytes);
        self.sent[from] = self.sent[from].max(offset.saturating_add(bytes.len() as u64));
        datagram
    }

    fn datagram(&self, from: Role, seq: u32, flags: u8, data: &[u8]) -> Vec<u8> {
        let peer = from.peer();
        let heard = at(self.base[peer], self.sent[peer]);
        let acked = heard.wrapping_add(u32::from(self.finished[peer]));
        let ack = if flags & ACK != 0 { acked } else { 0 };
        let (source, destination) = match from {
            Role::Client => (self.ends.client, self.ends.server),
            Role::Server => (self.ends.server, self.ends.client),
        };
        let options = if flags & SYN != 0 { &WINDOW_SCALE[..] } else { &[] };
        let (window, ip_id, cut) = (WINDOW, 0, 0);
        Segment { source, destination, seq, ack, flags, window, options, ip_id, data, cut }
            .datagram()
    }
}

/// The sequence number of an offset; both wrap (RFC 9293 §3.4).
fn at(base: u32, offset: u64) -> u32 {
    base.wrapping_add(offset as u32)
}
