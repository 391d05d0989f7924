//! Findings about the packets of a connection.

use crate::flow::{Noted, Oddities, TcpFacts};
use crate::report::codes::finding;
use crate::moment::decimal;
use crate::report::findings::Finding;
use crate::role::Role;

/// What is odd about the packets of each end.
pub(super) fn odd(tcp: &TcpFacts) -> Vec<Finding> {
    Role::BOTH.into_iter().flat_map(|role| of_end(role, &tcp.odd[role])).collect()
}

fn of_end(role: Role, odd: &Oddities) -> Vec<Finding> {
    let (who, ms) = (role.name(), decimal(odd.largest_step_ns, 1_000_000, 0));
    let rows = [
        ("tcp.overlap_differs", odd.overlaps_differ, "segments of the {} contradict earlier ones"),
        ("tcp.clock_step", odd.clock_steps, "packets of the {} are older than what they follow"),
        ("tcp.duplicate_packets", odd.duplicates, "packets of the {} were captured twice"),
        ("tcp.urgent_data", odd.urgent, "segments of the {} have urgent data"),
        ("tcp.outside_window", odd.outside_window, "packets of the {} are far outside the window"),
        ("tcp.reset_ignored", odd.resets_ignored, "resets of the {} did not end the connection"),
    ];
    let say = |(code, noted, what): (&'static str, Noted, &str)| {
        let first = noted.first?;
        let mut message = format!("{} {}", noted.packets, what.replace("{}", who));
        if code == "tcp.clock_step" {
            message.push_str(&format!(", by up to {ms} ms"));
        }
        Some(finding(code, message).at(first.frame))
    };
    rows.into_iter().filter_map(say).collect()
}
