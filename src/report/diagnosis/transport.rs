//! Failures before anybody spoke.

use super::{Case, Cause, Likelihood, seconds};

/// Why no conversation came about, if none did.
pub(super) fn causes(case: &Case<'_>) -> Vec<Cause> {
    let tcp = case.tcp;
    let (Some(syn), None) = (tcp.syn, tcp.established) else { return Vec::new() };
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
