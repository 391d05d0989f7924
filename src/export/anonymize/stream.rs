//! One session's packets with the streams that were written for it.

use std::io;
use std::net::SocketAddr;

use super::packet::Seen;
use super::sparse::Sparse;
use crate::export::segment::{RST, SYN, Segment};
use crate::role::{PerRole, Role};
use crate::session::{Ends, StreamParts};

/// No segment has more: what IPv4 can say, several times over, as offload leaves it.
const LONGEST_PAYLOAD: u64 = 1 << 20;

/// One direction's bytes as they are written.
pub(super) struct Parts {
    pub(super) layout: StreamParts,
    /// Ahead of TLS.
    pub(super) plain: Sparse,
    /// TLS; offsets count from its first byte.
    pub(super) tls: Sparse,
}

impl Parts {
    /// Fills `bytes` with what stands from an offset on. Nothing stands before the first byte.
    fn read(&self, offset: i64, bytes: &mut [u8]) -> io::Result<()> {
        let early = usize::try_from(-offset.min(0)).unwrap_or(usize::MAX).min(bytes.len());
        let (early, bytes) = bytes.split_at_mut(early);
        early.fill(0);
        let (offset, tls_from) = (offset.max(0).cast_unsigned(), self.layout.tls_from);
        let plain = usize::try_from(tls_from.saturating_sub(offset)).unwrap_or(usize::MAX);
        let (plain, tls) = bytes.split_at_mut(plain.min(bytes.len()));
        self.plain.read_at(offset, plain)?;
        self.tls.read_at(offset.saturating_sub(tls_from), tls)
    }
}

/// A session whose packets are being written.
pub(super) struct Stream {
    ends: Ends,
    shown: Ends,
    parts: PerRole<io::Result<Parts>>,
    /// The end of what was sent of each direction.
    next: PerRole<u64>,
}

impl Stream {
    pub(super) fn new(ends: Ends, shown: Ends, parts: PerRole<io::Result<Parts>>) -> Self {
        Self { ends, shown, parts, next: PerRole::default() }
    }

    /// The datagram of a packet.
    pub(super) fn datagram(&mut self, seen: &Seen) -> io::Result<Vec<u8>> {
        let client = self.ends.client;
        let is_client = seen.source == SocketAddr::new(client.ip().to_canonical(), client.port());
        let from = if is_client { Role::Client } else { Role::Server };
        let (source, destination) = match from {
            Role::Client => (self.shown.client, self.shown.server),
            Role::Server => (self.shown.server, self.shown.client),
        };
        let len = seen.len.saturating_sub(seen.cut.into()).min(LONGEST_PAYLOAD);
        let mut data = vec![0; usize::try_from(len).unwrap_or_default()];
        // Text in a reset is no byte of the stream (RFC 9293 §3.10.7.3).
        if seen.flags & RST == 0 && !data.is_empty() {
            self.read(from, seen, &mut data)?;
        }
        let &Seen { seq, ack, flags, window, ip_id, .. } = seen;
        // A shift of windows, and an option of one byte that says nothing (RFC 7323 §2.2).
        let scale = seen.window_scale.map(|shift| [3, 3, shift, 1]);
        let options = scale.as_ref().map_or(&[][..], <[u8; 4]>::as_slice);
        let cut = usize::try_from(seen.cut).unwrap_or_default();
        let data = &data;
        let segment =
            Segment { source, destination, seq, ack, flags, window, options, ip_id, data, cut };
        Ok(segment.datagram())
    }

    fn read(&mut self, from: Role, seen: &Seen, data: &mut [u8]) -> io::Result<()> {
        let parts = self.parts[from].as_ref().map_err(|error| io::Error::from(error.kind()))?;
        let Some(first) = parts.layout.first_seq else { return Ok(()) };
        let seq = seen.seq.wrapping_add(u32::from(seen.flags & SYN != 0));
        // The nearest to what is expected: numbers wrap, offsets do not (RFC 9293 §3.4).
        let next = self.next[from];
        let distance = i64::from(seq.wrapping_sub(first.wrapping_add(next as u32)).cast_signed());
        let offset = next.cast_signed().saturating_add(distance);
        let end = offset.saturating_add(data.len() as i64).max(0).cast_unsigned();
        self.next[from] = next.max(end);
        parts.read(offset, data)
    }
}
