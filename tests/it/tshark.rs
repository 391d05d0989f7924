//! tshark as the judge from outside: what it reads in a capture and decrypts with the same key.
//! Where it is not installed, these tests say so and pass.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::lab::{self, Lab, items, text};
use crate::run::{Runner, Streams};

/// What tshark is asked of each packet.
const FIELDS: &[&str] = &[
    "frame.number",
    "frame.time_epoch",
    "tcp.stream",
    "tcp.len",
    "tcp.dstport",
    "tls.handshake.type",
    "tls.handshake.ja3",
    "tcp.analysis.retransmission",
];

/// Handshake messages by number (RFC 5246 §7.4) and by our name.
const MESSAGES: &[(u64, &str)] = &[
    (1, "tls.client_hello"),
    (2, "tls.server_hello"),
    (4, "tls.new_session_ticket"),
    (11, "tls.certificate"),
    (12, "tls.server_key_exchange"),
    (13, "tls.certificate_request"),
    (14, "tls.server_hello_done"),
    (16, "tls.client_key_exchange"),
    (15, "tls.certificate_verify"),
    (20, "tls.finished"),
];

/// Captures that tshark 4.0.17 does not open or not wholly (testdata/README.md tells each), or that
/// have two handshakes, of which it tells other numbers than we do.
const NOT_JUDGED: &[&str] = &[
    "renegotiation_client",
    "renegotiation_server",
    "renegotiation_to_ecdhe",
    "suites_export1024",
    "suites_fips_pike",
    "suites_tls12_rsa",
    "suites_tls12_rsa_mbedtls",
    "ticket_renewal",
    "format_xz",
    "sslv2",
    "sslv2_hello",
];

/// A packet as tshark reads it.
struct Packet {
    frame: u64,
    ns: i64,
    stream: usize,
    len: u64,
    to_server: bool,
    messages: Vec<u64>,
    ja3: String,
    /// tshark has seen its bytes before.
    again: bool,
}

/// A capture as both see it.
struct Case {
    lab: Lab,
    packets: Vec<Packet>,
    /// The plaintext inside TLS of each connection: client, then server.
    inside: Vec<[Vec<u8>; 2]>,
    report: Value,
    streams: Streams,
}

/// Every complete capture of one file whose RSA sessions its keys open. None without tshark.
static CASES: LazyLock<Option<Vec<Case>>> = LazyLock::new(|| {
    if !is_installed() {
        return None;
    }
    // tshark reads SSL 2.0, but does not decrypt it.
    let opens = |c: &Value| {
        let tls = &c["tls"];
        tls["decryptable_with_keys"] == true && tls["resumed"] == false && tls["version"] != "SSLv2"
    };
    let wanted =
        |lab: &Lab| lab.complete && lab.files.len() == 1 && lab.connections.iter().any(opens);
    let is_judged = |lab: &Lab| !NOT_JUDGED.contains(&lab.name.as_str());
    Some(Lab::all().into_iter().filter(wanted).filter(is_judged).map(Case::new).collect())
});

/// The captures to compare; none, and a word about it, where there is no judge.
fn cases() -> &'static [Case] {
    let Some(cases) = &*CASES else { return &[] };
    assert!(cases.len() > 35, "only {} captures", cases.len());
    cases
}

impl Case {
    fn new(lab: Lab) -> Self {
        let told = ask(&lab);
        let ports: Vec<_> = lab.connections.iter().map(|c| port(text(&c["server"]))).collect();
        let packets = told.lines().filter_map(|line| packet(line, &ports)).collect();
        let inside = (0..lab.connections.len()).map(|index| followed(&told, index, &lab)).collect();
        let (report, streams) = Runner::with_keys_of(&lab).report_and_streams(&lab.files);
        Self { lab, packets, inside, report, streams }
    }

    fn session(&self, index: usize) -> &Value {
        &self.report["sessions"][index]
    }

    /// The connections that are decrypted, each with its session.
    fn opened(&self) -> impl Iterator<Item = (usize, &Value)> {
        let sessions = items(&self.report["sessions"]).iter().enumerate();
        sessions.filter(|(_, s)| s["tls"]["decryption"]["status"] == "decrypted")
    }

    fn packets_of(&self, stream: usize) -> impl Iterator<Item = &Packet> {
        self.packets.iter().filter(move |packet| packet.stream == stream)
    }
}

fn port(end: &str) -> &str {
    end.rsplit(':').next().unwrap_or_default()
}

/// One run of tshark: the fields of each packet, then what it follows of each connection.
fn ask(lab: &Lab) -> String {
    let path = lab.keys.as_deref().expect("keys");
    let list = lab::read_text(path);
    let keys = list.lines().flat_map(|row| {
        let key = path.with_file_name(row.split(',').nth(3).expect("a path"));
        ["-o".to_owned(), format!("uat:rsa_keys:\"{}\",\"\"", key.display())]
    });
    follow(&lab.files[0], lab, &keys.collect::<Vec<_>>())
}

/// What tshark decrypts of each connection in `file`, a form of the capture, given `options`.
pub(crate) fn inside(file: &Path, lab: &Lab, options: &[String]) -> Vec<[Vec<u8>; 2]> {
    let told = follow(file, lab, options);
    (0..lab.connections.len()).map(|index| followed(&told, index, lab)).collect()
}

pub(crate) fn is_installed() -> bool {
    let found = Command::new("tshark").arg("--version").output().is_ok();
    if !found {
        println!("skipped: tshark is not installed (apt-get install tshark)");
    }
    found
}

fn follow(file: &Path, lab: &Lab, options: &[String]) -> String {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["-T", "fields", "-E", "separator=|"]).args(options);
    FIELDS.iter().for_each(|field| _ = command.args(["-e", field]));
    for (index, connection) in lab.connections.iter().enumerate() {
        let port = port(text(&connection["server"]));
        let protocol = if port == "465" { "tls" } else { "smtp" };
        command.arg("-d").arg(format!("tcp.port=={port},{protocol}"));
        command.arg("-z").arg(format!("follow,tls,raw,{index}"));
    }
    let output = command.output().expect("tshark runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn packet(line: &str, server_ports: &[&str]) -> Option<Packet> {
    let fields: Vec<_> = line.split('|').collect();
    let [frame, time, stream, len, to, messages, ja3, again] = fields.as_slice() else {
        return None;
    };
    let (seconds, decimals) = time.split_once('.')?;
    let ns = seconds.parse::<i64>().ok()? * 1_000_000_000
        + format!("{decimals:0<9}").parse::<i64>().ok()?;
    Some(Packet {
        frame: frame.parse().ok()?,
        ns,
        stream: stream.parse().ok()?,
        len: len.parse().ok()?,
        to_server: server_ports.contains(to),
        messages: messages.split(',').filter_map(|kind| kind.parse().ok()).collect(),
        ja3: (*ja3).to_string(),
        again: !again.is_empty(),
    })
}

/// The block of `-z follow,tls,raw,INDEX`. Node 0 is whoever spoke first inside TLS; what the other
/// said is indented.
fn followed(told: &str, index: usize, lab: &Lab) -> [Vec<u8>; 2] {
    let begins = format!("Filter: tcp.stream eq {index}\n");
    let (_, block) = told.split_once(&begins).expect("what tshark follows");
    let (block, _) = block.split_once("=====").expect("its end");
    let mut sides = [Vec::new(), Vec::new()];
    for line in block.lines().skip(2) {
        let side = usize::from(line.starts_with('\t'));
        sides[side].extend(bytes(line.trim()));
    }
    if !block.starts_with(&format!("Node 0: {}\n", text(&lab.connections[index]["client"]))) {
        sides.reverse();
    }
    sides
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(pair, 16).expect("hex")
    };
    hex.as_bytes().chunks(2).map(byte).collect()
}

#[test]
fn tshark_decrypts_the_same_bytes() {
    let mut compared = 0;
    for case in cases() {
        for (index, session) in case.opened() {
            for (side, role) in ["client", "server"].into_iter().enumerate() {
                let ours = &case.streams[index][side];
                let inside = session["tls"]["decryption"]["bytes"][role].as_u64().expect("a count");
                let ours = &ours[ours.len() - usize::try_from(inside).expect("a length")..];
                let theirs = &case.inside[index][side];
                assert!(ours == theirs, "{} {index} {role}", case.lab.name);
                compared += 1;
            }
        }
    }
    assert!(cases().is_empty() || compared > 70, "{compared} streams");
}

#[test]
fn tshark_counts_the_same_packets_and_bytes() {
    for case in cases() {
        for (index, session) in items(&case.report["sessions"]).iter().enumerate() {
            let name = &case.lab.name;
            let count = case.packets_of(index).count();
            assert_eq!(session["frames"]["count"], count, "{name} {index}");
            for (role, to_server) in [("client", true), ("server", false)] {
                let sent = || case.packets_of(index).filter(|p| p.to_server == to_server);
                let bytes: u64 = sent().filter(|packet| !packet.again).map(|p| p.len).sum();
                assert_eq!(session["tcp"]["bytes"][role], bytes, "{name} {index} {role}");
                let again = sent().filter(|packet| packet.again).count();
                let ours = &session["tcp"]["retransmissions"][role];
                assert_eq!(*ours, again, "{name} {index} {role} retransmissions");
            }
        }
    }
}

#[test]
fn tshark_sees_the_handshake_messages_in_the_same_frames() {
    for case in cases() {
        for (index, session) in case.opened() {
            let mut theirs = BTreeMap::<(u64, &str), usize>::new();
            for packet in case.packets_of(index) {
                for kind in &packet.messages {
                    // The contract has no name for some (hello_request, certificate_status).
                    let Some(name) = MESSAGES.iter().find(|row| row.0 == *kind) else { continue };
                    *theirs.entry((packet.frame, name.1)).or_default() += 1;
                }
            }
            let mut ours = BTreeMap::<(u64, &str), usize>::new();
            for entry in items(&session["timeline"]) {
                // tshark tells the certificate of either end by one number.
                let event = match text(&entry["event"]) {
                    "tls.client_certificate" => "tls.certificate",
                    event => event,
                };
                if MESSAGES.iter().any(|row| row.1 == event) {
                    let frame = entry["frame"].as_u64().expect("a frame");
                    *ours.entry((frame, event)).or_default() += 1;
                }
            }
            assert_eq!(ours, theirs, "{} {index}", case.lab.name);
        }
    }
}

#[test]
fn tshark_has_the_same_times_of_the_handshake() {
    for case in cases() {
        for (index, session) in case.opened() {
            let at = |kind: u64| {
                let has = move |packet: &&Packet| packet.messages.contains(&kind);
                case.packets_of(index).filter(has).map(|packet| packet.ns)
            };
            let hello = at(1).min().expect("a ClientHello");
            // A resumed handshake has none: the server's flight ends with its Finished.
            let of_server = |packet: &&Packet| packet.messages.contains(&20) && !packet.to_server;
            let server_finished = || case.packets_of(index).find(of_server).map(|packet| packet.ns);
            let done = at(14).max().or_else(server_finished).expect("the end of the flight");
            let finished = at(20).max().expect("a Finished");
            let timing = &session["timing"];
            let name = &case.lab.name;
            assert_eq!(timing["tls_handshake_ns"], finished - hello, "{name} {index}");
            assert_eq!(timing["tls_server_flight_ns"], done - hello, "{name} {index}");
        }
    }
}

#[test]
fn tshark_has_the_same_ja3() {
    for case in cases() {
        for (index, connection) in case.lab.connections.iter().enumerate() {
            if connection["tls"].is_null() {
                continue;
            }
            let theirs = case.packets_of(index).find(|packet| !packet.ja3.is_empty());
            let theirs = theirs.map(|packet| packet.ja3.as_str()).expect("a JA3");
            let ours = &case.session(index)["tls"]["client_hello"]["ja3"];
            assert_eq!(ours, theirs, "{} {index}", case.lab.name);
        }
    }
}
