//! TCP (RFC 9293).

use std::net::{IpAddr, SocketAddr};

use crate::moment::Moment;

use super::{Layer, Segment, Skip, TcpFlags};

/// The largest window shift; larger ones mean this (RFC 7323 §2.3).
const MAX_WINDOW_SCALE: u8 = 14;

/// Option kinds (RFC 9293 §3.1, RFC 7323 §2.2).
const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const WINDOW_SCALE: u8 = 3;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

/// Reads the header; the payload is what is left of the IP datagram.
pub(super) fn segment(
    layer: Layer<'_>,
    at: Moment,
    source: IpAddr,
    destination: IpAddr,
) -> Result<Segment<'_>, Skip> {
    let header = Header::new(layer.data)?;
    let (options, payload, cut) = header.split(&layer)?;
    let clocks = option(options, TIMESTAMPS).and_then(|clocks| clocks.first_chunk::<8>());
    Ok(Segment {
        at,
        source: SocketAddr::new(source, header.source_port()),
        destination: SocketAddr::new(destination, header.destination_port()),
        seq: header.seq(),
        ack: header.ack(),
        flags: header.flags(),
        window: header.window(),
        window_scale: window_scale(options).filter(|_| header.flags().syn()),
        ip_id: layer.ip_id,
        hops: layer.hops,
        interface: layer.interface,
        timestamp: clocks.map(|&[a, b, c, d, ..]| u32::from_be_bytes([a, b, c, d])),
        echoes: echoes(clocks, option(options, SACK)),
        payload,
        cut,
        cut_by: layer.cut_by,
        bytes: layer.data,
    })
}

/// A checked view of the part without options (RFC 9293 §3.1).
struct Header<'b>(&'b [u8; 20]);

impl<'b> Header<'b> {
    fn new(data: &'b [u8]) -> Result<Self, Skip> {
        let header = Self(data.first_chunk().ok_or(Skip::Truncated { layer: "TCP" })?);
        match header.len() {
            20.. => Ok(header),
            _ => Err(Skip::Malformed { layer: "TCP" }),
        }
    }

    fn source_port(&self) -> u16 {
        u16::from_be_bytes([self.0[0], self.0[1]])
    }

    fn destination_port(&self) -> u16 {
        u16::from_be_bytes([self.0[2], self.0[3]])
    }

    fn seq(&self) -> u32 {
        u32::from_be_bytes([self.0[4], self.0[5], self.0[6], self.0[7]])
    }

    fn ack(&self) -> u32 {
        u32::from_be_bytes([self.0[8], self.0[9], self.0[10], self.0[11]])
    }

    /// With options, in bytes.
    fn len(&self) -> usize {
        usize::from(self.0[12] >> 4) * 4
    }

    fn flags(&self) -> TcpFlags {
        TcpFlags(self.0[13])
    }

    fn window(&self) -> u16 {
        u16::from_be_bytes([self.0[14], self.0[15]])
    }

    /// Options, payload, and the bytes of payload cut. Where the cut is within the options, all
    /// of the payload is gone, but its length is known and the stream goes on behind it.
    fn split(&self, layer: &Layer<'b>) -> Result<(&'b [u8], &'b [u8], u32), Skip> {
        if let Some((header, payload)) = layer.data.split_at_checked(self.len()) {
            return Ok((header.get(20..).unwrap_or_default(), payload, layer.cut));
        }
        let missing = u32::try_from(self.len().saturating_sub(layer.data.len()));
        match missing.ok().and_then(|missing| layer.cut.checked_sub(missing)) {
            Some(cut) => Ok((layer.data.get(20..).unwrap_or_default(), &[], cut)),
            None => Err(Skip::Malformed { layer: "TCP" }),
        }
    }
}

/// The shift count of the first window scale option (RFC 7323 §2.2).
fn window_scale(options: &[u8]) -> Option<u8> {
    match option(options, WINDOW_SCALE) {
        Some(&[shift]) => Some(shift.min(MAX_WINDOW_SCALE)),
        _ => None,
    }
}

/// What stands in the first option of a kind (RFC 9293 §3.1).
fn option(mut options: &[u8], wanted: u8) -> Option<&[u8]> {
    loop {
        options = match *options {
            [] | [END_OF_OPTIONS, ..] => return None,
            [NO_OPERATION, ref rest @ ..] => rest,
            [kind, len @ 2..=255, ..] if kind == wanted => return options.get(2..len.into()),
            // A length below 2 would never end.
            [_, len @ 2..=255, ..] => options.get(len.into()..)?,
            _ => return None,
        };
    }
}

/// A digest (FNV-1a) of the clock that is echoed and the blocks of SACK.
fn echoes(clocks: Option<&[u8; 8]>, sack: Option<&[u8]>) -> u32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let echoed = clocks.map_or(&[][..], |clocks| &clocks[4..]);
    let mut said = echoed.iter().chain(sack.unwrap_or_default()).peekable();
    if said.peek().is_none() {
        return 0;
    }
    said.fold(OFFSET, |digest, &byte| (digest ^ u32::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::super::testframe::{Tcp, layer_of, transport};
    use super::*;

    fn read(data: &[u8], cut: u32) -> Result<Segment<'_>, Skip> {
        let layer = Layer { cut, ..layer_of(data).is(transport(6)) };
        let ends = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        segment(layer, Moment::default(), ends[0], ends[1])
    }

    #[test]
    fn reads_every_field() {
        let bytes = Tcp { seq: 7, ack: 9, flags: 0x18, ..Tcp::new() }.around(b"220 hi");
        let segment = read(&bytes, 0).unwrap();
        assert_eq!(segment.source, "192.0.2.1:40000".parse().unwrap());
        assert_eq!(segment.destination, "192.0.2.2:25".parse().unwrap());
        assert_eq!((segment.seq, segment.ack, segment.window), (7, 9, 502));
        assert!(segment.flags.psh() && segment.flags.ack() && !segment.flags.syn());
        assert_eq!((segment.payload, segment.cut), (&b"220 hi"[..], 0));
    }

    #[test]
    fn reads_the_window_scale_of_a_syn_only() {
        let options = b"\x02\x04\x05\xb4\x01\x03\x03\x07";
        let syn = Tcp { flags: 0x02, options, ..Tcp::new() }.around(b"");
        assert_eq!(read(&syn, 0).unwrap().window_scale, Some(7));
        let later = Tcp { flags: 0x10, options, ..Tcp::new() }.around(b"");
        assert_eq!(read(&later, 0).unwrap().window_scale, None);
    }

    #[test]
    fn holds_the_window_scale_at_fourteen() {
        assert_eq!(window_scale(b"\x03\x03\xff"), Some(14));
    }

    #[test]
    fn gives_up_on_options_that_lie_about_their_length() {
        for options in [&b"\x08\x00\x03\x03\x07"[..], b"\x08\x40", b"\x03", b"\x00\x03\x03\x07"] {
            assert_eq!(window_scale(options), None);
        }
    }

    #[test]
    fn reads_the_senders_clock_and_tells_acknowledgements_apart() {
        let read_with = |options| {
            let bytes = Tcp { options, ..Tcp::new() }.around(b"");
            let segment = read(&bytes, 0).unwrap();
            (segment.timestamp, segment.echoes)
        };
        let clocks = b"\x01\x01\x08\x0a\0\0\x01\x02\0\0\0\x09";
        let (clock, echoes) = read_with(&clocks[..]);
        assert_eq!(clock, Some(0x102));
        assert_ne!(echoes, 0);
        let sack = b"\x01\x01\x05\x0a\0\0\x01\x02\0\0\0\x09";
        let more = b"\x01\x01\x05\x0a\0\0\x01\x02\0\0\0\x0a";
        assert_ne!(read_with(&sack[..]).1, read_with(&more[..]).1);
        assert_eq!(read_with(b""), (None, 0));
        assert_eq!(read_with(b"\x08\x04\0\0"), (None, 0), "too short for a clock");
    }

    #[test]
    fn counts_the_payload_behind_options_that_were_cut() {
        let bytes = Tcp { options: &[1; 8], ..Tcp::new() }.around(b"");
        let segment = read(&bytes[..24], 104).unwrap();
        assert_eq!((segment.payload, segment.cut), (&b""[..], 100));
    }

    #[test]
    fn refuses_a_header_longer_than_its_datagram() {
        let bytes = Tcp { options: &[1; 8], ..Tcp::new() }.around(b"");
        assert_eq!(read(&bytes[..24], 0).unwrap_err(), Skip::Malformed { layer: "TCP" });
        assert_eq!(read(&bytes[..19], 9).unwrap_err(), Skip::Truncated { layer: "TCP" });
    }

    #[test]
    fn tells_whether_all_of_some_flags_are_set() {
        let flags = TcpFlags(0x12);
        assert!(flags.contains(TcpFlags(TcpFlags::SYN.0 | TcpFlags::ACK.0)));
        assert!(!flags.contains(TcpFlags(TcpFlags::SYN.0 | TcpFlags::FIN.0)));
        assert!(!flags.fin() && !flags.rst() && !flags.urg());
    }
}
