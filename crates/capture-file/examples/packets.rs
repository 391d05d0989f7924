//! A line a packet: `cargo run -p capture-file --example packets -- CAPTURE...`

use std::io::{self, Write};

use capture_file::capture::{Capture, Input};
use capture_file::decode::Decoder;

fn main() -> io::Result<()> {
    let files = std::env::args_os().skip(1).map(|path| Input::File(path.into()));
    let mut capture = Capture::open(files.collect());
    let mut decoder = Decoder::new();
    let mut out = io::stdout().lock();
    while let Some(packet) = capture.next_packet() {
        write!(out, "{} {} ", packet.frame, packet.ts)?;
        match decoder.decode(&packet) {
            Ok(segment) => {
                let len = segment.payload.len();
                writeln!(out, "{} > {}, {len} bytes", segment.source, segment.destination)?;
            }
            Err(skip) => writeln!(out, "{skip:?}")?,
        }
    }
    for file in capture.files() {
        if let Some(damage) = &file.damage {
            writeln!(out, "{}: {damage:?}", file.path)?;
        }
    }
    Ok(())
}
