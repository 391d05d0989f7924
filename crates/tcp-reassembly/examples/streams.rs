//! What each connection of a capture carried: `cargo run -p tcp-reassembly --example streams -- CAPTURE...`

use std::io::{self, Write};
use std::net::SocketAddr;

use capture_file::capture::{Capture, Input};
use capture_file::decode::Decoder;
use capture_terms::role::PerRole;
use tcp_reassembly::{Body, CaptureClock, Conversation, FlowTable, TableLimits, TcpEvent};

/// Bytes and gaps of one connection.
#[derive(Default)]
struct Tally {
    ends: Option<(SocketAddr, SocketAddr)>,
    bytes: PerRole<u64>,
    missing: PerRole<u64>,
}

impl Conversation for Tally {
    /// No SYN was captured: the lower port is the server's.
    fn client_of(&self, ends: [SocketAddr; 2], _first: [&[u8]; 2]) -> usize {
        usize::from(ends[0].port() < ends[1].port())
    }

    fn on_tcp(&mut self, event: TcpEvent<'_>) {
        match event {
            TcpEvent::Opened { client, server, .. } => self.ends = Some((client, server)),
            TcpEvent::Data(chunk) => match chunk.body {
                Body::Bytes(bytes) => self.bytes[chunk.from] += bytes.len() as u64,
                Body::Gap(gap) => self.missing[chunk.from] += gap.bytes,
            },
            _ => {}
        }
    }
}

fn main() -> io::Result<()> {
    let files = std::env::args_os().skip(1).map(|path| Input::File(path.into()));
    let mut capture = Capture::open(files.collect());
    let (mut decoder, mut clock) = (Decoder::new(), CaptureClock::default());
    let mut table = FlowTable::new(TableLimits::NONE);
    let mut ended = Vec::new();
    while let Some(packet) = capture.next_packet() {
        let Ok(segment) = decoder.decode(&packet) else { continue };
        let now = clock.advance(segment.at.ts);
        while table.first_over(now).is_some() {
            ended.extend(table.end_first());
        }
        table.feed(&segment, packet.frame, Tally::default, |tally| ended.push(tally));
    }
    for _ in table.rest() {
        ended.extend(table.end_first());
    }
    let mut out = io::stdout().lock();
    for Tally { ends, bytes, missing } in ended {
        let Some((client, server)) = ends else { continue };
        let (sent, answered) = (bytes.client, bytes.server);
        let missing = missing.client + missing.server;
        writeln!(out, "{client} > {server}: {sent} and {answered} bytes, {missing} missing")?;
    }
    Ok(())
}
