//! The capture reader alone: no panic, no endless loop, and the same packets however the bytes come.
#![no_main]

use std::io::{self, Cursor, Read};

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::capture::Capture;

/// Gives seven bytes at a time.
struct Trickle(Cursor<Vec<u8>>);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let few = buffer.len().min(7);
        self.0.read(&mut buffer[..few])
    }
}

fn packets(mut capture: Capture) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    while let Some(packet) = capture.next_packet() {
        found.push((packet.frame, packet.data.to_vec()));
    }
    assert!(capture.files().all(|file| file.complete == file.damage.is_none()));
    found
}

fuzz_target!(|bytes: &[u8]| {
    let whole = packets(Capture::from_bytes("fuzz", bytes.to_vec()));
    let trickled = Capture::from_reader("fuzz", Trickle(Cursor::new(bytes.to_vec())));
    assert_eq!(packets(trickled), whole);
});
