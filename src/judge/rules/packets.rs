//! Findings about the packets of a connection.

use crate::flow::{Noted, Oddities, TcpFacts};
use crate::moment::decimal;
use crate::report::codes::{self, Code};
use crate::report::findings::{Finding, finding};
use crate::role::Role;

/// What is odd about the packets of each end.
pub(super) fn odd(tcp: &TcpFacts) -> Vec<Finding> {
    Role::BOTH.into_iter().flat_map(|role| of_end(role, &tcp.odd[role])).collect()
}

fn of_end(role: Role, odd: &Oddities) -> Vec<Finding> {
    let (who, ms) = (role.name(), decimal(odd.largest_step_ns, 1_000_000, 0));
    let rows = [
        (
            codes::TCP_OVERLAP_DIFFERS,
            odd.overlaps_differ,
            "segments of the {} contradict earlier ones",
        ),
        (
            codes::TCP_CLOCK_STEP,
            odd.clock_steps,
            "packets of the {} are older than what they follow",
        ),
        (codes::TCP_DUPLICATE_PACKETS, odd.duplicates, "packets of the {} were captured twice"),
        (codes::TCP_URGENT_DATA, odd.urgent, "segments of the {} have urgent data"),
        (
            codes::TCP_OUTSIDE_WINDOW,
            odd.outside_window,
            "packets of the {} are far outside the window",
        ),
        (
            codes::TCP_RESET_IGNORED,
            odd.resets_ignored,
            "resets of the {} did not end the connection",
        ),
    ];
    let say = |(code, noted, what): (Code, Noted, &str)| {
        let first = noted.first?;
        let mut message = format!("{} {}", noted.packets, what.replace("{}", who));
        if code == codes::TCP_CLOCK_STEP {
            message.push_str(&format!(", by up to {ms} ms"));
        }
        Some(finding(code, message).at(first.frame))
    };
    rows.into_iter().filter_map(say).collect()
}
