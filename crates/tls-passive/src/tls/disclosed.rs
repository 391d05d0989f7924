//! The secrets that opened a connection, kept as lines of a key log if somebody asks for them.

use super::decrypt::{KeyLogLine, TrafficSecret};
use super::machine::Tls;
use crate::keys::{KeyLog, TrafficLabel};

/// Lines kept of one connection: each renegotiation has one of its own, and a connection with more
/// of them is an attack on whoever reads it.
pub(super) const MOST_LINES: usize = 1024;

/// What was found, in the order in which it was proven.
#[derive(Default)]
pub(super) struct Disclosed {
    is_asked_for: bool,
    lines: Vec<KeyLogLine>,
}

impl Disclosed {
    pub(super) fn add(&mut self, line: impl FnOnce() -> KeyLogLine) {
        if self.is_asked_for && self.lines.len() < MOST_LINES {
            self.lines.push(line());
        }
    }

    /// A secret of TLS 1.3 that was derived.
    pub(super) fn add_derived13(
        &mut self,
        label: TrafficLabel,
        random: [u8; 32],
        secret: &TrafficSecret,
    ) {
        self.add(|| KeyLogLine::of_derived(label, random, secret));
    }

    /// The secrets of TLS 1.3 that a key log has for a session in a packet `frame`: also those of
    /// exporters, which open no record.
    pub(super) fn add13(&mut self, log: &KeyLog, random: &[u8; 32], frame: u64) {
        for label in TrafficLabel::ALL {
            let mut known = log.traffic_secret(random, label).filter(|s| s.since() < frame);
            let Some(secret) = known.next() else { continue };
            self.add(|| KeyLogLine::of_traffic(label, *random, secret.as_bytes()));
        }
    }
}

impl Tls {
    /// Keeps the secrets that open this connection, from now on.
    pub fn disclose(&mut self) {
        self.disclosed.is_asked_for = true;
    }

    /// The secrets kept, if they opened anything. SSL 2.0 has none that a key log could hold.
    pub fn take_disclosed(&mut self) -> Vec<KeyLogLine> {
        let lines = std::mem::take(&mut self.disclosed.lines);
        if self.facts.is_tls13() && !self.is_proven() { Vec::new() } else { lines }
    }
}
