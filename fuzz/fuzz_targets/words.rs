//! The renderers: any text as what server and client say, in every format and through the whole chain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_decrypt_fuzz::{piece, whole_chain};

/// A segment of a plain session between two hosts, in a record of a capture of raw IP.
fn record(file: &mut Vec<u8>, from_client: bool, next: &mut [u32; 2], words: &[u8], flags: u8) {
    let me = usize::from(!from_client);
    let ports: [u16; 2] = if from_client { [40_000, 25] } else { [25, 40_000] };
    let mut packet = vec![0x45, 0];
    packet.extend((40 + words.len() as u16).to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, me as u8, 192, 0, 2, 1 - me as u8]);
    packet.extend(ports.map(u16::to_be_bytes).concat());
    packet.extend([next[me], next[1 - me]].map(u32::to_be_bytes).concat());
    packet.extend([5 << 4, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(words);
    next[me] = next[me].wrapping_add(words.len() as u32 + u32::from(flags & 2 != 0));
    let len = packet.len() as u32;
    file.extend([1, 0, len, len].map(u32::to_le_bytes).concat());
    file.extend(packet);
}

fuzz_target!(|bytes: &[u8]| {
    let mut file = 0xa1b2_3c4d_u32.to_le_bytes().to_vec();
    file.extend([2_u16, 4].map(u16::to_le_bytes).concat());
    file.extend([0_u32, 0, 1 << 18, 101].map(u32::to_le_bytes).concat());
    let (mut next, mut rest, mut from_client) = ([1, 1], bytes, false);
    record(&mut file, true, &mut next, b"", 0x02);
    record(&mut file, false, &mut next, b"", 0x12);
    record(&mut file, false, &mut next, b"220 x ESMTP\r\n", 0x18);
    while let Some(words) = piece(&mut rest) {
        from_client = !from_client;
        record(&mut file, from_client, &mut next, &words[..words.len().min(4096)], 0x18);
        record(&mut file, from_client, &mut next, b"\r\n", 0x18);
    }
    whole_chain(file);
});
