//! The Ethernet frames on standard input, one a line in hex, that match:
//! `cargo run -p pcap-filter --example grep -- 'tcp port 25' < FRAMES`

use std::error::Error;
use std::io::{self, Write};

use capture_terms::hex;
use pcap_filter::PacketFilter;

/// LINKTYPE_ETHERNET.
const ETHERNET: u16 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let expression: Vec<_> = std::env::args().skip(1).collect();
    let mut filter = PacketFilter::parse(&expression.join(" "))?;
    let mut out = io::stdout().lock();
    for line in io::stdin().lines() {
        let line = line?;
        let frame = hex::bytes(line.trim()).ok_or("a line is no hex")?;
        if filter.matches(ETHERNET, &frame, u32::try_from(frame.len())?) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
