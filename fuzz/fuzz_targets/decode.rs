//! Frames of any link type, and datagrams in parts: a segment lies within what was captured.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::capture::{LinkType, Packet};
use smtp_decrypt::decode::Decoder;
use smtp_decrypt::moment::Timestamp;
use smtp_decrypt_fuzz::{number, piece};

/// A datagram put together is no longer than an IP datagram can be.
const LONGEST: usize = 0xffff;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let Some(link) = number(&mut rest).map(LinkType) else { return };
    let mut decoder = Decoder::new();
    let mut frame = 0;
    while let Some(data) = piece(&mut rest) {
        frame += 1;
        let wire_len = data.len() as u32;
        let packet = Packet { frame, ts: Timestamp(0), link, interface: 0, wire_len, data };
        if let Ok(segment) = decoder.decode(&packet) {
            assert!(segment.payload.len() <= data.len().max(LONGEST));
            assert!(segment.at.frame == frame);
        }
    }
});
