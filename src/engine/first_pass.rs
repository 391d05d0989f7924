//! Secrets that a capture has behind the packets that they open: recorders write them when they come
//! to know them. A file can be read twice, and is, where it may have any.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::setup::Setup;
use crate::capture::{Capture, Format, Packet, Secrets};
use crate::decode::trailer;

/// Packets of a file without blocks for secrets in which the trailers of frames must show that it has
/// any: each frame has one, from the end of the first handshake on.
pub(super) const MOST_WITHOUT_TRAILER: u64 = 10_000;

/// Trailers that are told from each other. A session repeats its own with every packet.
pub(super) const MOST_TRAILERS: usize = 1 << 20;

/// The trailers with secrets that were not there before.
#[derive(Default)]
pub(super) struct Trailers {
    seen: HashSet<u64>,
}

impl Trailers {
    /// The secrets in the trailer of a packet, if they are new.
    pub(super) fn new_in(&mut self, packet: &Packet<'_>) -> Option<Secrets> {
        let elements = trailer::secrets(packet)?;
        let mut hasher = DefaultHasher::new();
        elements.hash(&mut hasher);
        let is_new = self.seen.len() < MOST_TRAILERS && self.seen.insert(hasher.finish());
        is_new.then(|| Secrets { kind: Secrets::F5_TRAILER, data: elements.to_vec() })
    }
}

/// Adds the secrets that stand behind packets to the keys, as known from the first packet on.
pub(super) fn add_secrets(capture: &Capture, setup: &Setup) {
    for mut file in capture.again() {
        add_secrets_of(&mut file, setup);
    }
}

fn add_secrets_of(file: &mut Capture, setup: &Setup) {
    let mut trailers = Trailers::default();
    let mut packets = 0;
    while let Some(packet) = file.next_packet() {
        packets += 1;
        if let Some(trailer) = trailers.new_in(&packet) {
            add(&trailer, setup);
        }
        // Those ahead of all packets need no second look.
        file.take_secrets().iter().filter(|_| packets > 1).for_each(|block| add(block, setup));
        let has_blocks = file.files().any(|file| file.format == Some(Format::Pcapng));
        if !has_blocks && trailers.seen.is_empty() && packets > MOST_WITHOUT_TRAILER {
            return;
        }
    }
    file.take_secrets().iter().for_each(|block| add(block, setup));
}

/// What is wrong with them is told when their place is reached.
fn add(secrets: &Secrets, setup: &Setup) {
    let _ = setup.keys.add_secrets(secrets.kind, &secrets.data, 0);
}
