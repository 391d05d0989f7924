//! Parts of IPv4 datagrams in any order, with overlaps and gaps: what is put together has each byte
//! from a part that had it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::capture::{LinkType, Packet};
use smtp_decrypt::decode::Decoder;
use smtp_decrypt::moment::Timestamp;

/// RAW: the frame begins with the IP header.
const RAW: LinkType = LinkType(101);

/// Every datagram has these bytes, so that overlaps agree: a TCP header, then its own offsets.
fn content() -> Vec<u8> {
    let header = [0, 25, 4, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5 << 4, 0x10, 1, 0, 0, 0, 0, 0];
    (0..2048_u16).map(|n| header.get(usize::from(n)).copied().unwrap_or((n % 251) as u8)).collect()
}

fn part(id: u8, offset: usize, length: usize, more: bool) -> Vec<u8> {
    let content = content();
    let body = &content[offset.min(content.len())..(offset + length).min(content.len())];
    let place = (offset / 8) as u16 | if more { 0x2000 } else { 0 };
    let mut ip = vec![0x45, 0];
    ip.extend((20 + body.len() as u16).to_be_bytes());
    ip.extend([0, id]);
    ip.extend(place.to_be_bytes());
    ip.extend([64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    [ip.as_slice(), body].concat()
}

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = Decoder::new();
    for (frame, step) in (1..).zip(bytes.chunks_exact(3)) {
        let (offset, length) = (usize::from(step[1]) * 8, usize::from(step[2] >> 1) * 8);
        let data = part(step[0] & 3, offset, length, step[2] & 1 == 1);
        let packet = Packet {
            frame,
            ts: Timestamp(frame as i64),
            link: RAW,
            interface: 0,
            wire_len: data.len() as u32,
            data: &data,
        };
        let Ok(segment) = decoder.decode(&packet) else { continue };
        let expected = content();
        let payload = &expected[20..];
        assert!(segment.payload.len() <= payload.len());
        assert!(payload.starts_with(segment.payload), "bytes that no part had");
    }
});
