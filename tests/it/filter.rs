//! Filters: packet by packet against tcpdump, connection by connection against what was captured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use smtp_decrypt::capture::{Capture, Input};
use smtp_decrypt::filter::PacketFilter;

use crate::lab::{self, items};
use crate::wire;

/// Every primitive, with values that the captures of `testdata/` have.
const PRIMITIVES: &[&str] = &[
    "",
    "tcp",
    "udp",
    "icmp",
    "icmp6",
    "sctp",
    "igmp",
    "pim",
    "vrrp",
    "ah",
    "esp",
    "ip",
    "ip6",
    "arp",
    "rarp",
    "stp",
    "ipx",
    "netbeui",
    "iso",
    "atalk",
    "aarp",
    "decnet",
    "host 10.0.0.1",
    "host 127.0.0.1",
    "src host 127.0.0.1",
    "dst 192.168.1.1",
    "src and dst host 127.0.0.1",
    "net 10",
    "net 192.168",
    "net 10.0.0.0/8 or 192.168.0.0/16 or 127.0.0.0/8",
    "src net 172.16.0.0 mask 255.240.0.0",
    "net 0.0.0.0/0",
    "arp host 10.0.0.1",
    "ip host 127.0.0.1",
    "host ::1",
    "net fe80::/10",
    "src net 2001::/16",
    "ip6 host ::1",
    "port 25",
    "port smtp or submission or submissions",
    "dst port 587 or 465 or 25",
    "src port 25",
    "src and dst port 53",
    "tcp port 80",
    "udp port domain",
    "port (53 or 80 or 443)",
    "portrange 1-1023",
    "tcp dst portrange 20-600",
    "udp src portrange 1024-65535",
    "not port 22",
    "proto 6",
    "proto \\udp",
    "ip proto 17",
    "ip6 proto 6",
    "ip proto 47 or 4 or 41",
    "ether proto 0x0800",
    "ether proto \\ip6",
    "ether proto 0x42",
    "ether host ff:ff:ff:ff:ff:ff",
    "ether src 00:00:00:00:00:00",
    "broadcast",
    "ether multicast",
    "ip multicast",
    "ip6 multicast",
    "inbound",
    "outbound",
    "vlan",
    "vlan 100",
    "vlan and tcp",
    "vlan and vlan and ip",
    "not vlan and tcp",
    "mpls",
    "mpls and ip",
    "mpls and mpls and host 10.0.0.1",
    "mpls 16",
    "pppoed",
    "pppoes",
    "pppoes and ip",
    "pppoes 1 and tcp port 80",
    "geneve",
    "geneve and tcp",
    "geneve 10 and ip",
    "less 100",
    "greater 1000",
    "len >= 60 and len < 200",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "tcp[tcpflags] & tcp-syn != 0 and tcp[tcpflags] & tcp-ack == 0",
    "tcp[13] = 0x18",
    "tcp[2:2] = 25 or tcp[0:2] = 25",
    "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x32323020",
    "ip[0] & 0xf != 5",
    "ip[6:2] & 0x1fff != 0",
    "ip[2:2] - ((ip[0] & 0xf) << 2) > 100",
    "ip6[6] = 6",
    "ip6[4:2] * 2 > 200",
    "udp[4:2] > 100",
    "(udp[8] / 2) % 8 = 3",
    "icmp[icmptype] = icmp-echo or icmp[icmptype] = icmp-echoreply",
    "icmp6[icmp6type] = icmp6-neighborsolicit",
    "ether[12:2] = 0x0800",
    "ether[0] & 1 = 1",
    "ether[0:4] ^ 0xffffffff != 0",
    "arp[6:2] = 1",
    "ip[8] - 1 < 63 and - ip[8] > 1",
    "tcp[4] / (tcp[4] - tcp[4]) = 0",
    "ip[tcp[4:4]] = 0",
];

/// Combinations of the primitives, the same in every run. Without Geneve: behind one that is not
/// there libpcap 1.10 reads registers that it never wrote.
fn combinations() -> Vec<String> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = move |most: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % most as u64) as usize
    };
    let known: Vec<_> = PRIMITIVES.iter().skip(1).filter(|text| !text.contains("geneve")).collect();
    let joined = |below: &mut dyn FnMut(usize) -> usize| {
        let mut part = || {
            let primitive = known[below(known.len())];
            ["", "not "][below(2)].to_owned() + "(" + primitive + ")"
        };
        let (a, b, c) = (part(), part(), part());
        match below(4) {
            0 => format!("{a} and {b} or {c}"),
            1 => format!("{a} or {b} and {c}"),
            2 => format!("{a} or not ({b} or {c})"),
            _ => format!("not ({a} and {b}) and {c}"),
        }
    };
    (0..60).map(|_| joined(&mut below)).collect()
}

/// How a program judged the packets of a file.
enum Answer {
    /// The packets that it took: their bytes.
    Took(Vec<Vec<u8>>),
    /// It does not do this for the file.
    Refused,
}

/// A packet: link type, bytes captured, length on the wire.
type Packet = (u16, Vec<u8>, u32);

fn packets(mut capture: Capture) -> Vec<Packet> {
    let mut all = Vec::new();
    while let Some(packet) = capture.next_packet() {
        all.push((packet.link.0, packet.data.to_vec(), packet.wire_len));
    }
    all
}

fn bytes(packets: impl IntoIterator<Item = Packet>) -> Vec<Vec<u8>> {
    packets.into_iter().map(|(_, data, _)| data).collect()
}

/// Without libpcap's optimizer: it leaves out loads of which nothing depends, and with them that a
/// packet which was cut off before the field does not match.
fn ask_tcpdump(file: &Path, expression: &str) -> Answer {
    let output = Command::new("tcpdump")
        .args(["-O", "-Z", "root", "-w", "-", "-r"])
        .args([file, Path::new(expression)])
        .stderr(Stdio::piped())
        .output()
        .expect("tcpdump runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("expression rejects all packets") {
        return Answer::Took(Vec::new());
    }
    if !output.status.success() {
        return Answer::Refused;
    }
    Answer::Took(bytes(packets(Capture::from_bytes("tcpdump", output.stdout))))
}

fn ask_us(all: &[Packet], expression: &str) -> Vec<Vec<u8>> {
    let mut filter = PacketFilter::parse(expression).expect(expression);
    let takes = |(link, data, len): &&Packet| filter.matches(*link, data, *len);
    bytes(all.iter().filter(takes).cloned())
}

/// What came of comparing.
#[derive(Default)]
struct Tally {
    files: u64,
    questions: u64,
    packets: u64,
    refused: u64,
    differences: Vec<String>,
}

impl Tally {
    fn compare(&mut self, file: &Path, expressions: &[String]) {
        let all = match ask_tcpdump(file, "") {
            Answer::Took(all) => all,
            Answer::Refused => return self.refused += expressions.len() as u64,
        };
        let read = packets(Capture::open(vec![Input::File(file.to_owned())]));
        if all != bytes(read.iter().cloned()) {
            self.differences.push(format!("{}: read differently", file.display()));
            return;
        }
        self.files += 1;
        for expression in expressions {
            match ask_tcpdump(file, expression) {
                Answer::Refused => self.refused += 1,
                Answer::Took(theirs) => {
                    self.questions += 1;
                    self.packets += all.len() as u64;
                    let ours = ask_us(&read, expression);
                    if ours != theirs {
                        let (ours, theirs) = (ours.len(), theirs.len());
                        self.differences.push(format!(
                            "{}: {expression}: {ours} packets, tcpdump {theirs}",
                            file.display()
                        ));
                    }
                }
            }
        }
    }

    fn print(&self) {
        println!(
            "{} files, {} questions, {} verdicts on packets, {} refused by tcpdump, {} differ",
            self.files,
            self.questions,
            self.packets,
            self.refused,
            self.differences.len()
        );
        self.differences.iter().for_each(|difference| println!("  {difference}"));
    }
}

fn expressions() -> Vec<String> {
    PRIMITIVES.iter().map(|text| (*text).to_owned()).chain(combinations()).collect()
}

fn has_tcpdump() -> bool {
    let found = Command::new("tcpdump").arg("--version").output().is_ok();
    if !found {
        println!("skipped: no tcpdump here");
    }
    found
}

/// Ethernet, cooked, IPv6, cut by the snap length.
#[test]
fn packets_are_taken_as_tcpdump_takes_them() {
    if !has_tcpdump() {
        return;
    }
    let mut tally = Tally::default();
    for name in ["ipv6.pcap", "sll2.pcap", "snaplen.pcap"] {
        tally.compare(&lab::testdata(name), &expressions());
    }
    tally.print();
    assert!(tally.questions > 400, "few questions: {}", tally.questions);
    assert!(tally.differences.is_empty(), "{:#?}", tally.differences);
}

/// The same over a folder of captures: `FILTER_CORPUS=DIR cargo test --test it corpus -- --nocapture`.
#[test]
fn packets_of_a_corpus_are_taken_as_tcpdump_takes_them() {
    let Some(folder) = std::env::var_os("FILTER_CORPUS") else {
        println!("skipped: FILTER_CORPUS names no folder");
        return;
    };
    if !has_tcpdump() {
        return;
    }
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files);
    files.sort();
    let mut tally = Tally::default();
    for file in files {
        tally.compare(&file, &expressions());
    }
    tally.print();
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.to_string_lossy().into_owned();
        match path.is_dir() {
            true => collect(&path, found),
            false if [".pcap", ".pcapng", ".cap"].iter().any(|end| name.ends_with(end)) => {
                found.push(path);
            }
            false => {}
        }
    }
}

/// Four interleaved sessions, of the client's ports 54178, 54190, 54196 and 54198.
const MIXED: [&str; 3] = ["--keys", "@mixed.keys", "@mixed.pcap"];

fn run(arguments: &[&str]) -> Output {
    let mut command = assert_cmd::Command::cargo_bin("smtp-decrypt").expect("the binary");
    command.current_dir(lab::root()).env("NO_COLOR", "").args(lab::arguments(arguments));
    command.output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The report of the mixed capture with more arguments.
fn mixed(arguments: &[&str]) -> Value {
    let output = run(&[&MIXED[..], &["--format", "json"], arguments].concat());
    let report = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
    crate::schema::assert_valid(&report);
    report
}

fn sessions(report: &Value) -> Vec<Value> {
    items(&report["sessions"]).to_vec()
}

/// The sessions without their numbers.
fn unnumbered(report: &Value) -> Vec<Value> {
    let mut sessions = sessions(report);
    sessions.iter_mut().for_each(|session| session["id"] = Value::Null);
    sessions
}

#[test]
fn a_connection_is_taken_whole_if_one_of_its_packets_matches() {
    let all = mixed(&[]);
    for expression in [
        "port 54190",
        "src port 54190",
        "dst port 54190",
        "src port 54190 and tcp[tcpflags] & tcp-syn != 0",
        "not port 54178 and not port (54196 or 54198)",
    ] {
        let one = mixed(&["--filter", expression]);
        assert_eq!(unnumbered(&one), unnumbered(&all)[1..2], "{expression}");
        assert_eq!(one["summary"]["connections"], 1, "{expression}");
        let taken = one["sessions"][0]["frames"]["count"].as_u64().expect("a count");
        let packets = one["summary"]["packets"].as_u64().expect("a count");
        assert_eq!(one["summary"]["filtered_packets"], packets - taken, "{expression}");
    }
}

#[test]
fn a_filter_on_one_packet_alone_takes_whole_connections_too() {
    let all = mixed(&[]);
    assert_eq!(unnumbered(&mixed(&["--filter", "tcp[tcpflags] & tcp-fin != 0"])), unnumbered(&all));
    let output = run(&[&MIXED[..], &["--filter", "udp"]].concat());
    assert!(said(&output).contains("not taken by the filters"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn sessions_that_a_filter_takes_are_numbered_from_one() {
    let some = mixed(&["--filter", "port 54190 or 54198"]);
    let ids: Vec<_> = sessions(&some).iter().map(|session| session["id"].as_u64()).collect();
    assert_eq!(ids, [Some(1), Some(2)]);
}

#[test]
fn a_session_is_asked_for_by_the_number_that_the_same_command_prints() {
    let all = mixed(&[]);
    assert_eq!(sessions(&mixed(&["--session", "3"])), sessions(&all)[2..3]);
    let some = ["--filter", "port 54190 or 54198"];
    let second = mixed(&[&some[..], &["--session", "2"]].concat());
    assert_eq!(sessions(&second), sessions(&mixed(&some))[1..2]);
    let output = run(&[&MIXED[..], &["--session", "7", "--session", "1"]].concat());
    assert!(said(&output).contains("there is no session 7; there are sessions 1 to 4"));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn export_writes_the_sessions_that_are_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, arguments, ports) in [
        ("filter", ["--filter", "port 54190"], ["54190"]),
        ("session", ["--session", "3"], ["54196"]),
    ] {
        let to = folder.path().join(name);
        let to = to.to_str().expect("UTF-8");
        let output = run(&[&["export", "flows", "-o", to], &MIXED[..], &arguments].concat());
        let listed = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(listed.lines().count(), 2, "{listed}");
        assert!(listed.lines().all(|line| ports.iter().any(|port| line.contains(port))));
        assert_eq!(fs::read_dir(to).expect("a folder").count(), 2);
    }
}

#[test]
fn a_packet_filter_takes_packets_and_nothing_else() {
    let one_way = mixed(&["--packet-filter", "src port 54190"]);
    let sessions = sessions(&one_way);
    let findings = items(&sessions[0]["findings"]);
    assert!(findings.iter().any(|finding| finding["code"] == "tcp.one_sided"), "{findings:?}");
    // Frames are counted as without a filter.
    assert_eq!(sessions[0]["frames"]["first"], mixed(&[])["sessions"][1]["frames"]["first"]);
}

#[test]
fn a_span_of_time_takes_the_connections_with_a_packet_in_it() {
    let all = mixed(&[]);
    let start = all["sessions"][2]["start"].as_str().expect("a time");
    assert_eq!(unnumbered(&mixed(&["--until", start])), unnumbered(&all)[..2]);
    assert_eq!(unnumbered(&mixed(&["--since", start])), unnumbered(&all));
    let first_end = sessions(&all).iter().map(ended).min().expect("sessions");
    let behind = format!("{}.{:09}", first_end / 1_000_000_000, first_end % 1_000_000_000 + 1);
    assert_eq!(unnumbered(&mixed(&["--since", &behind])), unnumbered(&all)[1..]);
    assert_eq!(
        unnumbered(&mixed(&["--since", "01:54:49", "--until", "01:54:51"])),
        unnumbered(&all)
    );
    assert!(sessions(&mixed(&["--since", "01:54:51"])).is_empty());
}

/// When a session ends, in ns after the first packet; all of them start in the same second.
fn ended(session: &Value) -> u64 {
    let nanoseconds = |text: &str| text[20..29].parse::<u64>().expect("nine decimals");
    let start = nanoseconds(session["start"].as_str().expect("a time"));
    let first = nanoseconds("2026-11-22T01:54:49.681298000Z");
    start - first + session["duration_ns"].as_u64().expect("a duration")
}

#[test]
fn what_is_inside_a_tag_is_found_with_and_without_naming_the_tag() {
    let tag = |frame: &[u8]| [&frame[..12], &[0x81, 0, 0, 100], &frame[12..]].concat();
    assert_taken(
        &rewritten(tag),
        &[
            ("port 54190", 1),
            ("vlan 100 and port 54190", 1),
            ("port 54190 and vlan", 1),
            ("vlan 101 and port 54190", 0),
            ("not port 54190", 3),
            ("not vlan", 0),
            ("tcp[0:2] = 54190", 1),
            ("host 127.0.0.1 and ether host 00:00:00:00:00:00", 4),
        ],
    );
}

#[test]
fn what_is_inside_a_tunnel_is_found_and_its_ends_too() {
    assert_taken(
        &rewritten(in_vxlan),
        &[
            ("port 54190", 1),
            ("not port 54190", 3),
            ("host 192.0.2.9", 4),
            ("src host 192.0.2.9 and tcp port 54190", 1),
            ("udp port 4789", 4),
            ("not udp", 0),
            ("host 192.0.2.77", 0),
        ],
    );
}

/// Holds how many of the four sessions a filter takes.
fn assert_taken(capture: &[u8], expected: &[(&str, usize)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rewritten.pcap");
    fs::write(&path, capture).expect("written");
    let path = path.to_str().expect("UTF-8");
    for (expression, expected) in expected {
        let output = run(&["--format", "json", "--filter", expression, path]);
        let report = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
        assert_eq!(sessions(&report).len(), *expected, "{expression}");
    }
}

/// A frame behind Ethernet, IPv4 from 192.0.2.9, UDP and VXLAN (RFC 7348 section 5).
fn in_vxlan(frame: &[u8]) -> Vec<u8> {
    let length = |more: usize| u16::try_from(frame.len() + more).expect("16 bits").to_be_bytes();
    let ip = [&[0x45, 0][..], &length(36), &[0, 0, 0, 0, 64, 17, 0, 0]].concat();
    let ends = [192, 0, 2, 9, 192, 0, 2, 10];
    let udp = [&[0xc0, 0, 0x12, 0xb5][..], &length(16), &[0, 0]].concat();
    let vxlan = [8, 0, 0, 0, 0, 0, 7, 0];
    [&[0; 12][..], &[8, 0], &ip, &ends, &udp, &vxlan, frame].concat()
}

/// The mixed capture, each frame made another.
fn rewritten(rewrite: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let file = lab::testdata("mixed.pcap");
    let mut capture = Capture::open(vec![Input::File(file)]);
    let mut written = wire::pcap_header(1);
    while let Some(packet) = capture.next_packet() {
        let frame = rewrite(packet.data);
        let len = frame.len() as u32;
        let ts = packet.ts.0 as u64;
        for field in [(ts / 1_000_000_000) as u32, (ts % 1_000_000_000) as u32, len, len] {
            written.extend(field.to_le_bytes());
        }
        written.extend(frame);
    }
    written
}

#[test]
fn a_link_type_that_a_packet_filter_cannot_look_into_is_told() {
    let mut bluetooth = wire::pcap_header(187);
    bluetooth.extend([1, 2, 3, 3].map(u32::to_le_bytes).concat());
    bluetooth.extend(b"\x01\x02\x03");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bluetooth.pcap");
    fs::write(&path, bluetooth).expect("written");
    let path = path.to_str().expect("UTF-8");
    let output = run(&["--format", "json", "--packet-filter", "port 25", path]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
    let codes = items(&report["findings"]).iter().map(|finding| finding["code"].clone());
    assert!(codes.collect::<Vec<_>>().contains(&"capture.opaque_to_filter".into()), "{report}");
}

#[test]
fn a_wrong_filter_is_told_with_its_column_and_a_mark() {
    for option in ["--filter", "--packet-filter"] {
        let output = run(&[option, "tcp and host and port 25", "@plain.pcap"]);
        assert_eq!(output.status.code(), Some(2));
        let said = said(&output);
        assert!(said.contains("1:14: expected an address, found `and`"), "{said}");
        assert!(said.contains("  tcp and host and port 25\n               ^^^"), "{said}");
    }
    let output = run(&["--since", "soon", "@plain.pcap"]);
    assert_eq!(output.status.code(), Some(2));
}
