//! How fast the stages of the pipeline are, each with those before it, on captures that
//! `benches/generate.py` makes once under `target/`.
//!
//! `cargo bench`; with a filter, `cargo bench -- plain`.

use std::hint::black_box;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::BytesCount;
use smtp_decrypt::capture::{Capture, Input};
use smtp_decrypt::decode::{self, Decoder};
use smtp_decrypt::engine::{self, Setup};
use smtp_decrypt::flow::{Conversation, FlowTable, TableLimits, TcpEvent};
use smtp_decrypt::keys::{KeyRing, KeySource};
use smtp_decrypt::tls::Keys;

/// What is read: a kind of `generate.py` and how many sessions of it.
const CAPTURES: [(&str, &str); 5] =
    [("handshakes", "500"), ("gcm", "20"), ("cbc", "20"), ("plain", "20"), ("unrelated", "1000")];

fn main() {
    divan::main();
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The capture of a kind, made if it is not there.
fn made((kind, sessions): (&str, &str)) -> PathBuf {
    let path = root().join(format!("target/bench-{kind}-{sessions}.pcap"));
    if !path.exists() {
        let script = root().join("benches/generate.py");
        let status = Command::new(script).arg(kind).arg(&path).arg(sessions).status();
        assert!(status.is_ok_and(|status| status.success()), "generate.py made no {kind}");
    }
    path
}

/// Runs `stage` on the capture of a kind, and counts the bytes of the file.
fn measure(
    bencher: Bencher<'_, '_>,
    kind: (&str, &str),
    stage: impl Fn(&mut Capture) -> u64 + Sync,
) {
    let path = made(kind);
    let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| black_box(stage(&mut Capture::open(vec![Input::File(path.clone())]))));
}

#[divan::bench(args = CAPTURES)]
fn read(bencher: Bencher<'_, '_>, kind: (&str, &str)) {
    measure(bencher, kind, |capture| {
        let mut bytes = 0;
        while let Some(packet) = capture.next_packet() {
            bytes += packet.data.len() as u64;
        }
        bytes
    });
}

#[divan::bench(args = CAPTURES)]
fn read_and_decode(bencher: Bencher<'_, '_>, kind: (&str, &str)) {
    measure(bencher, kind, |capture| {
        let (mut decoder, mut bytes) = (Decoder::new(), 0);
        while let Some(packet) = capture.next_packet() {
            for frame in decode::frames(&packet) {
                bytes += decoder.decode(&frame).map_or(0, |segment| segment.payload.len() as u64);
            }
        }
        bytes
    });
}

/// A conversation that counts what it is told, and understands nothing.
#[derive(Default)]
struct Counter {
    bytes: u64,
}

impl Conversation for Counter {
    fn client_of(&self, _ends: [SocketAddr; 2], _first: [&[u8]; 2]) -> usize {
        0
    }

    fn on_tcp(&mut self, event: TcpEvent<'_>) {
        let TcpEvent::Data(chunk) = event else { return };
        self.bytes += chunk.body.len();
    }
}

#[divan::bench(args = CAPTURES)]
fn read_decode_and_reassemble(bencher: Bencher<'_, '_>, kind: (&str, &str)) {
    measure(bencher, kind, |capture| {
        let (mut decoder, mut bytes) = (Decoder::new(), 0);
        let (mut table, mut segments) = (FlowTable::new(TableLimits::NONE), 0);
        while let Some(packet) = capture.next_packet() {
            for frame in decode::frames(&packet) {
                let Ok(segment) = decoder.decode(&frame) else { continue };
                segments += 1;
                table.feed(&segment, segments, Counter::default, |over| bytes += over.bytes);
            }
        }
        let over = table.rest().into_iter().filter_map(|(_, key)| table.end(&key));
        bytes + over.map(|over| over.bytes).sum::<u64>()
    });
}

#[divan::bench(args = CAPTURES)]
fn everything(bencher: Bencher<'_, '_>, kind: (&str, &str)) {
    let key = KeySource::KeyFile(root().join("testdata/pki/server.key"));
    let (ring, errors) = KeyRing::load(&[key]);
    assert!(errors.is_empty(), "{errors:?}");
    let ring = Arc::new(ring);
    measure(bencher, kind, |capture| {
        let keys = Keys { ring: Arc::clone(&ring), ..Keys::default() };
        let setup = Arc::new(Setup { keys, ..Setup::default() });
        let mut mails = 0;
        engine::run(
            capture,
            &setup,
            |_| None,
            |session| {
                mails += session.smtp.map_or(0, |smtp| smtp.mails.len() as u64);
                ControlFlow::Continue(())
            },
        );
        mails
    });
}
