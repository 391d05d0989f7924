//! Failures of the network: before anybody spoke, and of packets that do not arrive.

use super::case::Case;
use crate::flow::{IcmpError, Trouble};
use crate::moment::seconds;
use crate::report::codes;
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
    if tcp.syn.is_none() || tcp.syn_ack.is_some() || tcp.established.is_some() {
        return large_packets_lost(case).into_iter().collect();
    }
    if case.session.tcp.bytes.client + case.session.tcp.bytes.server > 0 {
        return Vec::new();
    }
    refused(case).or_else(|| forbidden(case)).or_else(|| unanswered(case)).into_iter().collect()
}

fn refused(case: &Case<'_>) -> Option<Cause> {
    let (syn, rst) = (case.tcp.syn?, case.tcp.rst.server?);
    let server = case.session.server.0;
    let message = format!(
        "{server} answered the connection attempt with RST after {}",
        seconds(rst.ts - syn.ts)
    );
    let port = server.port();
    let hint = format!(
        "look on the server whether something listens on port {port} (`ss -ltn`), and at the firewalls between"
    );
    let cause =
        Cause::new(codes::TCP_CONNECTION_REFUSED, Likelihood::Certain, message).at(rst.frame);
    Some(cause.hint(hint))
}

/// A router, a firewall or the host itself says by ICMP that the SYN cannot go on.
fn forbidden(case: &Case<'_>) -> Option<Cause> {
    let (syn, error) = (case.tcp.syn?, hard_error(&case.tcp.errors)?);
    let server = case.session.server.0;
    let who = match error.reporter == server.ip() {
        true => "the host itself, or a firewall in its name,".to_owned(),
        false => format!("{}, on the way to {server},", error.reporter),
    };
    let message = format!(
        "{who} answered the connection attempt to {server} with ICMP \"{}\" after {} (frame {})",
        meaning(error.trouble),
        seconds(error.at.ts - syn.ts),
        error.at.frame
    );
    let cause = Cause::new(codes::TCP_ICMP_UNREACHABLE, Likelihood::Certain, message);
    Some(cause.at(error.at.frame).hint(advice(error.trouble, server.port())))
}

/// An error that ends an attempt to connect; of a packet that was too big a smaller one follows.
pub(in crate::judge) fn hard_error(errors: &[IcmpError]) -> Option<&IcmpError> {
    errors.iter().find(|error| !matches!(error.trouble, Trouble::TooBig { .. }))
}

fn meaning(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Prohibited => "communication administratively prohibited",
        Trouble::HostUnreachable => "host or network unreachable",
        Trouble::PortUnreachable => "port unreachable",
        Trouble::TooBig { .. } => "fragmentation needed",
        Trouble::TimeExceeded => "time to live exceeded",
    }
}

fn advice(trouble: Trouble, port: u16) -> String {
    match trouble {
        Trouble::Prohibited | Trouble::PortUnreachable => format!(
            "a firewall rejects connections to port {port} (REJECT with ICMP): see its rules, and those of the server"
        ),
        Trouble::TimeExceeded => {
            "packets go round in circles: see the routes between (`traceroute -T`)".into()
        }
        _ => "no route to the server, or it is down: see the routes between".into(),
    }
}

fn unanswered(case: &Case<'_>) -> Option<Cause> {
    let (tcp, server) = (case.tcp, case.session.server.0);
    let syn = tcp.syn?;
    let waited = tcp.span.map_or(0, |(first, last)| last.ts - first.ts);
    // One SYN at the end of a capture may have been answered later.
    let (likelihood, message) = match tcp.syns {
        0 | 1 => (
            Likelihood::Possible,
            format!("{server} did not answer the one connection attempt that was captured"),
        ),
        attempts => (
            Likelihood::Certain,
            format!(
                "{server} answered none of {attempts} connection attempts (SYN) within {}",
                seconds(waited)
            ),
        ),
    };
    let hint = match server.port() {
        25 => {
            "many networks and cloud providers drop connections to port 25: submission on port 587 or 465 is not affected; else look at the firewalls, security groups and routes between"
        }
        _ => {
            "look at the firewalls, security groups and routes between, and whether the host is up"
        }
    };
    Some(Cause::new(codes::TCP_CONNECTION_TIMEOUT, likelihood, message).at(syn.frame).hint(hint))
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
    let (told, likelihood, cause) = match too_big(&tcp.errors) {
        Some((error, mtu)) => (
            format!(
                "{} says by ICMP (frame {}) that its next link takes no more than {mtu}",
                error.reporter, error.at.frame
            ),
            Likelihood::Certain,
            Some(error.at.frame),
        ),
        None => (
            format!(
                "a path MTU black hole (no ICMP in the capture says which size passes), or the {} is gone",
                role.peer().name()
            ),
            Likelihood::Likely,
            None,
        ),
    };
    let message = format!(
        "the last {} bytes of the {} were repeated ({} retransmissions) and never acknowledged, while smaller packets arrived: {told}",
        tcp.unacknowledged[role].bytes,
        role.name(),
        tcp.unacknowledged[role].attempts,
    );
    let frame = cause.unwrap_or(case.session.frames.last);
    Some(Cause::new(codes::TCP_LARGE_PACKETS_LOST, likelihood, message).at(frame))
}

/// A packet that was too big for a link, and what that link takes.
pub(in crate::judge) fn too_big(errors: &[IcmpError]) -> Option<(&IcmpError, String)> {
    errors.iter().find_map(|error| match error.trouble {
        Trouble::TooBig { mtu: Some(mtu) } => Some((error, format!("{mtu} bytes"))),
        Trouble::TooBig { mtu: None } => Some((error, "a size that it does not name".to_owned())),
        _ => None,
    })
}

/// Who seems to have sent a reset in the name of this side: hosts are as far away as their other
/// packets.
pub(super) fn reset_origin(case: &Case<'_>, by: Role) -> String {
    let Some((reset, usual)) = case.tcp.hops[by].foreign_reset() else { return String::new() };
    format!(
        "; the RST has {reset} hops left (TTL) where the {0}'s other packets have {usual}: most likely something between the ends sent it, not the {0}",
        by.name()
    )
}
