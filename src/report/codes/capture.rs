//! Findings about the capture files.

use super::{Code, Severity};

pub(super) const CODES: &[Code] = &[
    Code {
        code: "capture.truncated",
        severity: Severity::Warning,
        meaning: "A capture file ends in the middle of a packet.",
        evidence: "The file's last record is longer than what is left of the file; the byte offset is given.",
        causes: &[
            "the recorder was killed, or its disk was full",
            "the file was copied while it was still being written",
        ],
        advice: "all packets before the cut were read; stop the recorder before copying its file, or use `tcpdump -U`",
    },
    Code {
        code: "capture.corrupt",
        severity: Severity::Warning,
        meaning: "A capture file holds a record that cannot be one.",
        evidence: "A length or a block type that no file of this format can have; the byte offset is given.",
        causes: &["a transfer in text mode", "a damaged disk", "two files written into one"],
        advice: "copy the file again in binary mode; `capinfos FILE` and `editcap FILE OUT` may help",
    },
    Code {
        code: "capture.unreadable",
        severity: Severity::Error,
        meaning: "An input could not be read as a capture.",
        evidence: "The error of the system, or the first bytes of the file.",
        causes: &["a wrong path, or missing rights", "a file that is not a capture"],
        advice: "give a pcap or pcapng file; `file FILE` tells what it is",
    },
    Code {
        code: "capture.snaplen",
        severity: Severity::Warning,
        meaning: "Packets were cut when they were recorded.",
        evidence: "The captured length of packets is smaller than their length on the wire.",
        causes: &["tcpdump before 4.0, or an option `-s`", "a probe that keeps headers only"],
        advice: "capture whole packets: `tcpdump -s 0`",
    },
    Code {
        code: "capture.unsupported_link_type",
        severity: Severity::Warning,
        meaning: "Frames of a link type that is not read were left out.",
        evidence: "The link type that the file declares, with the number of frames and the first of them.",
        causes: &["a capture on an unusual interface (USB, Bluetooth, a radio monitor)"],
        advice: "capture on an Ethernet or `any` interface, or convert the file with editcap",
    },
    Code {
        code: "capture.dropped",
        severity: Severity::Warning,
        meaning: "The file says that packets were dropped on their way into it.",
        evidence: "The counters of its statistics blocks and packet options.",
        causes: &["the recorder could not keep up", "a small kernel buffer"],
        advice: "use a larger buffer and whole packets: `tcpdump -B 65536 -s 0`, or a capture filter",
    },
    Code {
        code: "capture.duplicates",
        severity: Severity::Info,
        meaning: "Packets of the sessions were captured twice.",
        evidence: "Packets that are equal but for their link layer, shortly after each other.",
        causes: &[
            "`-i any` on a host with bridges, bonds or VLANs",
            "a mirror of both sides of a switch",
        ],
        advice: "capture on one interface instead of `-i any`, a bond or both sides of a mirror",
    },
    Code {
        code: "capture.checksum_offload",
        severity: Severity::Info,
        meaning: "The TCP checksums of one sender are wrong, those of others right.",
        evidence: "The number of checksums checked and wrong of that sender.",
        causes: &["the network card fills checksums in after the packet was captured"],
        advice: "nothing is wrong with the packets on the wire; `ethtool -K eth0 tx off` shows true checksums",
    },
    Code {
        code: "capture.clock_step",
        severity: Severity::Warning,
        meaning: "The times of packets go back.",
        evidence: "The number of steps, the largest of them and the frame behind it.",
        causes: &[
            "NTP set the clock while packets were recorded",
            "files joined in the wrong order",
        ],
        advice: "let NTP slew the clock of the capturing host, or merge files with `mergecap`",
    },
    Code {
        code: "capture.fragments_differ",
        severity: Severity::Warning,
        meaning: "IP fragments contradict earlier ones about the bytes they share.",
        evidence: "Their number and the first frame; the first bytes were taken.",
        causes: &["an attempt to hide something from whoever looks on"],
        advice: "somebody may be hiding something from whoever looks on",
    },
    Code {
        code: "capture.fragments_missing",
        severity: Severity::Warning,
        meaning: "IP datagrams of TCP came in parts, and a part is missing.",
        evidence: "Their number and the first frame.",
        causes: &["a capture filter by port, which later fragments do not match", "lost packets"],
        advice: "a filter by port drops all parts but the first: add `or (ip[6:2] & 0x1fff != 0)`",
    },
];
