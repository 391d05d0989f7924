//! Waits that TCP shows: windows that were closed, and segments held back.

use crate::flow::TcpFacts;
use crate::judge::diagnosis::too_big;
use crate::moment::seconds;
use crate::report::codes::{self, Severity};
use crate::report::findings::{Finding, finding};
use crate::role::Role;

/// A window that was closed for a shorter time cost nobody anything that shows, in ns (200 ms).
const SHORT: i64 = 200_000_000;

/// One that was closed for so long is what made the session slow, in ns (1 s).
const LONG: i64 = 1_000_000_000;

/// Of so many held-back segments nobody can say that it was chance.
const MANY: u64 = 3;

pub(super) fn findings(tcp: &TcpFacts) -> Vec<Finding> {
    let of_ends = Role::BOTH
        .into_iter()
        .flat_map(|role| closed_window(tcp, role).into_iter().chain(held_back(tcp, role)));
    of_ends.chain(narrow_path(tcp)).collect()
}

/// Who announces no window reads nothing: the wait is its own.
fn closed_window(tcp: &TcpFacts, role: Role) -> Option<Finding> {
    let closures = &tcp.closures[role];
    let total: i64 = closures.iter().map(|closure| closure.ns()).sum();
    let first = closures.first()?;
    let times = match closures.len() {
        1 => String::new(),
        times => format!(" in {times} times"),
    };
    let message = format!(
        "the {} closed its receive window for {}{times} (zero window, first in frame {}): its program had stopped reading",
        role.name(),
        seconds(total),
        first.from.frame
    );
    let found = finding(codes::TCP_ZERO_WINDOW, message).at(first.from.frame);
    let severity = if total >= LONG { Severity::Warning } else { Severity::Info };
    (total >= SHORT).then_some(Finding { severity, ..found })
}

/// Nagle's algorithm and delayed acknowledgements, which wait for each other.
fn held_back(tcp: &TcpFacts, role: Role) -> Option<Finding> {
    let stalls = tcp.stalls[role];
    let first = stalls.first?;
    let (times, sent) = match stalls.count {
        1 => ("once".to_owned(), "a small segment".to_owned()),
        count => (format!("{count} times"), "small segments".to_owned()),
    };
    let message = format!(
        "the {} held {sent} back {times}, {} in all, until a delayed ACK of the {} came (first frame {}): Nagle's algorithm meets delayed ACK",
        role.name(),
        seconds(stalls.ns),
        role.peer().name(),
        first.frame
    );
    let found = finding(codes::TCP_DELAYED_ACK, message).at(first.frame);
    let severity = if stalls.count >= MANY { Severity::Warning } else { Severity::Info };
    Some(Finding { severity, ..found })
}

/// What a router says of the path, where the connection went on.
fn narrow_path(tcp: &TcpFacts) -> Option<Finding> {
    let (error, most) = too_big(&tcp.errors)?;
    let message = format!(
        "{} says by ICMP that its next link takes no more than {most} (fragmentation needed)",
        error.reporter
    );
    Some(finding(codes::TCP_PATH_MTU, message).at(error.at.frame))
}
