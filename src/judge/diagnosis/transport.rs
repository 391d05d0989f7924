//! Failures of the network: before anybody spoke, and of packets that do not arrive.

use super::case::Case;
use crate::moment::seconds;
use crate::report::diagnosis::{Cause, Likelihood};
use crate::role::Role;

/// So often one side repeats what does not arrive before it is taken for lost for good.
const MANY_ATTEMPTS: u64 = 4;

/// The least payload that a narrow path stops, in bytes: what IPv4 must be able to carry, less its
/// headers (RFC 791 §3.1: 576 bytes).
const LARGE: u64 = 536;

/// Why no conversation came about, if none did.
pub(super) fn causes(case: &Case<'_>) -> Vec<Cause> {
    let tcp = case.tcp;
    let (Some(syn), None) = (tcp.syn, tcp.established) else {
        return large_packets_lost(case).into_iter().collect();
    };
    if case.session.tcp.bytes.client + case.session.tcp.bytes.server > 0 {
        return Vec::new();
    }
    let server = case.session.server.0;
    if let Some(rst) = tcp.rst.server {
        let message = format!(
            "{server} answered the connection attempt with RST after {}",
            seconds(rst.ts - syn.ts)
        );
        return vec![
            Cause::new("tcp.connection_refused", Likelihood::Certain, message).at(rst.frame),
        ];
    }
    if tcp.syn_ack.is_some() {
        return Vec::new();
    }
    let attempts = tcp.counters.client.packets;
    let waited = tcp.span.map_or(0, |(first, last)| last.ts - first.ts);
    let message = format!(
        "{server} answered none of {attempts} connection attempts within {}",
        seconds(waited)
    );
    // One SYN at the end of a capture may have been answered later.
    let likelihood = if attempts > 1 { Likelihood::Certain } else { Likelihood::Possible };
    vec![Cause::new("tcp.connection_timeout", likelihood, message).at(syn.frame)]
}

/// One side repeats a large packet, the other goes on without it: small ones pass, large ones do
/// not (RFC 2923 §2.1).
pub(super) fn large_packets_lost(case: &Case<'_>) -> Option<Cause> {
    let tcp = case.tcp;
    let is_stuck = |role: &Role| {
        let last = tcp.unacknowledged[*role];
        tcp.established.is_some()
            && last.bytes >= LARGE
            && last.attempts >= MANY_ATTEMPTS
            && tcp.counters[*role].stream_bytes > last.bytes
    };
    let role = Role::BOTH.into_iter().find(is_stuck)?;
    let message = format!(
        "the last {} bytes of the {} were repeated ({} retransmissions) and never acknowledged, while smaller packets arrived: a path MTU problem, or the {} is gone",
        tcp.unacknowledged[role].bytes,
        role.name(),
        tcp.unacknowledged[role].attempts,
        role.peer().name()
    );
    Some(
        Cause::new("tcp.large_packets_lost", Likelihood::Likely, message)
            .at(case.session.frames.last),
    )
}
