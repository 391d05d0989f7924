//! Findings about TCP.

use super::{Code, Severity};

pub(super) const CODES: &[Code] = &[
    Code {
        code: "tcp.connection_refused",
        severity: Severity::Error,
        meaning: "The server, or something before it, refused the connection.",
        evidence: "An RST answers the SYN.",
        causes: &["nothing listens on that port", "a firewall rejects the connection"],
        advice: "look on the server whether something listens on that port (`ss -ltn`), and at the firewalls between",
    },
    Code {
        code: "tcp.connection_timeout",
        severity: Severity::Error,
        meaning: "Nobody answered the connection attempt.",
        evidence: "A SYN, usually several, and no SYN-ACK.",
        causes: &[
            "a firewall or security group drops the packets",
            "many networks and cloud providers block port 25 to the outside",
            "a wrong address, or a host that is down",
        ],
        advice: "try port 587 or 465 if 25 is blocked; look at the security groups and routes between",
    },
    Code {
        code: "tcp.reset",
        severity: Severity::Warning,
        meaning: "The connection was cut with an RST before its conversation was over.",
        evidence: "The first RST of a side, after data was exchanged and before QUIT was answered.",
        causes: &[
            "the program at that end crashed or closed with data unread",
            "a firewall or load balancer dropped its state and cut the connection",
        ],
        advice: "see who sent the RST, and the time since the packet before it: a round number of seconds is a timeout in between",
    },
    Code {
        code: "tcp.lost_segment",
        severity: Severity::Warning,
        meaning: "The capture lacks bytes that a side sent and the other acknowledged.",
        evidence: "A hole in the sequence numbers that no captured packet fills.",
        causes: &["the recorder could not keep up", "packets took another path or interface"],
        advice: "the capture lacks packets that were delivered: use a larger buffer (`tcpdump -B 16384`), or capture closer",
    },
    Code {
        code: "tcp.one_sided",
        severity: Severity::Warning,
        meaning: "Only one direction of the connection was captured.",
        evidence: "One side's bytes are acknowledged, or must have been there, and none was captured.",
        causes: &[
            "a capture filter with `src` or `dst`",
            "a mirror port of one direction",
            "asymmetric routing",
        ],
        advice: "capture both directions: check the filter, the mirror port, and asymmetric routing",
    },
    Code {
        code: "tcp.idle_cut",
        severity: Severity::Warning,
        meaning: "The connection was cut after nobody had spoken for a long time.",
        evidence: "The silence before the first FIN or RST, when no QUIT was sent.",
        causes: &[
            "the server's idle timeout (Amazon SES and others close idle connections within seconds to minutes)",
            "a NAT gateway or load balancer that forgets idle connections (often 350 s or 10 min)",
        ],
        advice: "let the client close connections that it does not use, or keep them shorter than the timeout (RFC 5321 §4.5.3.2)",
    },
];
