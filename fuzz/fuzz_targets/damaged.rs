//! Captures of real servers with damaged packets, through the whole chain: what random bytes never
//! reach. The input names a capture, then what is done to its packets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::capture::Capture;
use smtp_decrypt_fuzz::{CAPTURES, number, whole_chain};

struct Frame {
    ts: i64,
    link: u32,
    bytes: Vec<u8>,
    wire_len: u32,
}

fn frames(capture: &[u8]) -> Vec<Frame> {
    let mut capture = Capture::from_bytes("seed", capture.to_vec());
    let mut frames = Vec::new();
    while let Some(packet) = capture.next_packet() {
        let (link, bytes) = (u32::from(packet.link.0), packet.data.to_vec());
        frames.push(Frame { ts: packet.ts.0, link, bytes, wire_len: packet.wire_len });
    }
    frames
}

fn pcap(frames: &[Frame]) -> Vec<u8> {
    let mut file = 0xa1b2_3c4d_u32.to_le_bytes().to_vec();
    file.extend([2_u16, 4].map(u16::to_le_bytes).concat());
    let link = frames.first().map_or(1, |frame| frame.link);
    file.extend([0, 0, 1 << 18, link].map(u32::to_le_bytes).concat());
    for Frame { ts, bytes, wire_len, .. } in frames {
        let (seconds, ns) = (ts.div_euclid(1_000_000_000), ts.rem_euclid(1_000_000_000));
        let kept = bytes.len() as u32;
        let fields = [seconds as u32, ns as u32, kept, (*wire_len).max(kept)];
        file.extend(fields.map(u32::to_le_bytes).concat());
        file.extend(bytes);
    }
    file
}

/// One thing done to the packet at `index`, and to its byte at `at`.
fn damage(frames: &mut Vec<Frame>, index: usize, at: usize, [what, value]: [u8; 2]) {
    let other = (index + usize::from(value)) % frames.len();
    match what % 6 {
        0 => frames.swap(index, other),
        1 if frames.len() > 1 => drop(frames.remove(index)),
        2 => frames[index].bytes.truncate(at),
        3 => {
            let copy = Frame { bytes: frames[index].bytes.clone(), ..frames[index] };
            frames.insert(other, copy);
        }
        4 => frames[index].ts = frames[index].ts.wrapping_add(i64::from(value) << (at % 40)),
        _ => {
            if let Some(byte) = frames[index].bytes.get_mut(at) {
                *byte ^= value;
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let Some(which) = number(&mut rest) else { return };
    let mut frames = frames(&CAPTURES[usize::from(which) % CAPTURES.len()]);
    while let (Some(index), Some(at), Some(what)) =
        (number(&mut rest), number(&mut rest), number(&mut rest))
    {
        if frames.is_empty() {
            return;
        }
        let index = usize::from(index) % frames.len();
        let at = usize::from(at) % frames[index].bytes.len().max(1);
        damage(&mut frames, index, at, what.to_le_bytes());
    }
    whole_chain(pcap(&frames));
});
