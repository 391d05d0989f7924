//! The same packets in tunnels, under tags, in parts and captured twice are the same conversation.

use crate::lab::Lab;
use crate::run::Runner;
use crate::shuffle::{REAL, conversation, differences};
use crate::wire::{self, Frame};

/// What becomes of one Ethernet frame on its way into the file.
type Wrapping = fn(&[u8]) -> Vec<Vec<u8>>;

const WRAPPINGS: &[(&str, Wrapping)] = &[
    ("two tags", |frame| vec![tagged(frame)]),
    ("MPLS", |frame| vec![[&wire::ethernet(0x8847)[..], &[0, 1, 1, 64], &frame[14..]].concat()]),
    ("PPPoE", |frame| vec![pppoe(frame)]),
    ("IP in IP", |frame| vec![outer(4, &frame[14..])]),
    ("GRE with key and sequence number", |frame| vec![gre(b"\x30\0\x08\0........", &frame[14..])]),
    ("ERSPAN", |frame| vec![gre(b"\x10\0\x88\xbe....\x10.......", frame)]),
    ("VXLAN", |frame| vec![vxlan(frame)]),
    ("VXLAN in VXLAN", |frame| vec![vxlan(&vxlan(frame))]),
    ("parts", |frame| parts(frame, 24)),
    ("parts in the wrong order", |frame| parts(frame, 64).into_iter().rev().collect()),
    ("parts in a tunnel", |frame| parts(frame, 64).iter().map(|part| vxlan(part)).collect()),
    ("a tunnel in parts", |frame| parts(&vxlan(frame), 64)),
    ("two copies", |frame| vec![frame.to_vec(), tagged(frame)]),
    ("a tunnel and what is in it", |frame| vec![vxlan(frame), frame.to_vec()]),
];

fn tagged(frame: &[u8]) -> Vec<u8> {
    [&frame[..12], b"\x88\xa8\0\x01\x81\0\0\x02", &frame[12..]].concat()
}

fn pppoe(frame: &[u8]) -> Vec<u8> {
    let ip = &frame[14..];
    let [high, low] = u16::try_from(ip.len() + 2).expect("a packet").to_be_bytes();
    [&wire::ethernet(0x8864)[..], &[0x11, 0, 0, 7, high, low, 0, 0x21], ip].concat()
}

/// A packet of another pair of hosts. The identification is a sum of what it carries: parts of two
/// packets must not have the same.
fn outer(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(20 + payload.len()).expect("a packet").to_be_bytes();
    let sum = |id: u16, byte: &u8| id.wrapping_mul(31).wrapping_add((*byte).into());
    let [id_high, id_low] = payload.iter().fold(0, sum).to_be_bytes();
    let ip = [0x45, 0, high, low, id_high, id_low, 0, 0, 64, protocol, 0, 0];
    [&wire::ethernet(0x0800)[..], &ip, &[198, 51, 100, 1, 198, 51, 100, 2], payload].concat()
}

fn gre(header: &[u8], payload: &[u8]) -> Vec<u8> {
    outer(47, &[header, payload].concat())
}

fn vxlan(frame: &[u8]) -> Vec<u8> {
    let len = u16::try_from(frame.len() + 16).expect("a packet");
    let udp = [50_000, 4789, len, 0].map(u16::to_be_bytes).concat();
    outer(17, &[&udp[..], b"\x08\0\0\0\0\0\x2a\0", frame].concat())
}

/// The payload of an IPv4 packet cut every `size` bytes.
fn parts(frame: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (header, payload) = frame.split_at(34);
    let pieces: Vec<_> = payload.chunks(size).collect();
    let part = |(index, piece): (usize, &&[u8])| {
        let mut part = [header, piece].concat();
        let len = u16::try_from(20 + piece.len()).expect("a packet");
        let more = if index + 1 < pieces.len() { 0x2000 } else { 0 };
        let field = u16::try_from(index * size / 8).expect("an offset") | more;
        part[16..18].copy_from_slice(&len.to_be_bytes());
        part[20..22].copy_from_slice(&field.to_be_bytes());
        part
    };
    pieces.iter().enumerate().map(part).collect()
}

fn wrapped(frames: &[Frame], wrap: Wrapping) -> Vec<u8> {
    let mut file = wire::pcap_header(1);
    for frame in frames {
        for bytes in wrap(&frame.bytes()) {
            wire::record(&mut file, frame.ts, &bytes, bytes.len());
        }
    }
    file
}

#[test]
fn real_captures_in_tunnels_and_parts_say_the_same() {
    for name in REAL {
        let lab = Lab::load(name);
        let frames = wire::frames_of(&lab.files);
        let runner = Runner::with_keys_of(&lab);
        let expected = conversation(&runner.report(wire::pcap(&frames)));
        for (how, wrap) in WRAPPINGS {
            let found = conversation(&runner.report(wrapped(&frames, *wrap)));
            let differences = differences(&found, &expected);
            assert!(differences.is_empty(), "{name} in {how}: {differences:#?}");
        }
    }
}
