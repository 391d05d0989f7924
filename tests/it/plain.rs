//! `export pcapng-plain`: the capture in the clear against what the two ends recorded, against our
//! report of the original, and against tshark.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::code;
use crate::lab::{Lab, items, text};
use crate::run::Runner;
use crate::share::Exported;
use crate::tshark;

const PLAIN: &str = "plaintext.pcapng";

/// A lab's capture in the clear, everything revealed.
fn exported(lab: &Lab) -> Exported {
    let exported = Exported::of("pcapng-plain", lab, &["--reveal", "auth"]);
    // 2: a key list that has an EC key. 3: a capture that is damaged on purpose.
    assert!(code(&exported.output) != 1, "{}: {}", lab.name, exported.said());
    exported
}

/// Whether all of a connection can be read with the key list and the key log.
fn is_readable(session: &Value) -> bool {
    let status = &session["tls"]["decryption"]["status"];
    session["tls"].is_null() || *status == "decrypted"
}

/// What the report tells of a dialogue, but for the places of frames and what was inside TLS.
fn dialogue(session: &Value) -> Value {
    let smtp = &session["smtp"];
    let exchange = |exchange: &Value| {
        let said = [&exchange["command"], &exchange["verb"], &exchange["reply"]];
        let when = [&exchange["t_ns"], &exchange["latency_ns"]];
        json!([said, when])
    };
    let mail = |mail: &Value| json!([mail["from"], mail["to"], mail["bytes"], mail["sha256"]]);
    json!([
        items(&smtp["exchanges"]).iter().map(exchange).collect::<Vec<_>>(),
        items(&smtp["mails"]).iter().map(mail).collect::<Vec<_>>(),
        [&session["client"], &session["server"], &session["start"], &session["outcome"]],
        [&session["tcp"]["closed_by"], &session["tcp"]["close"], &session["tcp"]["handshake_ns"]],
    ])
}

#[test]
fn the_capture_in_the_clear_says_what_was_said_at_the_same_times() {
    let mut compared = 0;
    for lab in Lab::all().iter().filter(|lab| lab.complete) {
        let (before, streams) = Runner::with_keys_and_log_of(lab).report_and_streams(&lab.files);
        let exported = exported(lab);
        if exported.names().is_empty() {
            continue;
        }
        let (after, plain) = Runner::keyless().report_and_streams(&[exported.file(PLAIN)]);
        let mut after = items(&after["sessions"]).iter();
        let mut plain = plain.into_iter();
        for (index, session) in items(&before["sessions"]).iter().enumerate() {
            let is_empty = streams[index].iter().all(Vec::is_empty);
            if is_empty && !is_readable(session) {
                continue;
            }
            let said = plain.next().expect("a connection");
            assert!(said == streams[index], "{} {index}", lab.name);
            let Some(after) = after.next() else { panic!("{} {index}", lab.name) };
            if is_readable(session) {
                let label = format!("{} {index}", lab.name);
                assert_eq!(dialogue(after), dialogue(session), "{label}");
                compared += 1;
            }
        }
    }
    assert!(compared > 150, "only {compared} sessions");
}

#[test]
fn the_capture_in_the_clear_has_the_bytes_that_the_ends_recorded() {
    let mut compared = 0;
    for lab in Lab::all().iter().filter(|lab| lab.complete) {
        let whole = |c: &Value| c["tls"].is_null() || c["tls"]["decryptable_with_keys"] == true;
        if !lab.connections.iter().all(whole) {
            continue;
        }
        let (_, plain) = Runner::keyless().report_and_streams(&[exported(lab).file(PLAIN)]);
        assert_eq!(plain.len(), lab.connections.len(), "{}", lab.name);
        for (index, plain) in plain.iter().enumerate() {
            for (side, direction) in ["c2s", "s2c"].into_iter().enumerate() {
                let expected = lab.stream(index, direction);
                assert!(plain[side] == expected, "{} {index} {direction}", lab.name);
                compared += 1;
            }
        }
    }
    assert!(compared > 150, "only {compared} streams");
}

/// tshark on a file; the ports of the servers are those of SMTP, with and without TLS.
fn tshark_on(file: &Path, lab: &Lab, protocol: Option<&str>, arguments: &[&str]) -> String {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(arguments);
    for connection in &lab.connections {
        let port = text(&connection["server"]).rsplit(':').next().expect("a port");
        let inside = if port == "465" { "tls" } else { "smtp" };
        command.arg("-d").arg(format!("tcp.port=={port},{}", protocol.unwrap_or(inside)));
    }
    if let Some(log) = &lab.keylog {
        command.arg("-o").arg(format!("tls.keylog_file:{}", log.display()));
    }
    let output = command.output().expect("tshark runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What tshark reads of SMTP by the original frame: time, receiver, commands, parameters, codes.
fn smtp_frames(told: &str, frame: impl Fn(&str) -> u64) -> BTreeMap<u64, Vec<String>> {
    let mut frames = BTreeMap::new();
    for line in told.lines() {
        let fields: Vec<_> = line.split('|').collect();
        let [place, time, port, commands, parameters, codes, texts] = fields[..] else {
            panic!("{line}")
        };
        if [commands, codes].iter().all(|field| field.is_empty()) {
            continue;
        }
        let said = [time, port, commands, parameters, codes, texts].map(str::to_owned);
        // Two records of one frame are two packets in the clear, and one of the original.
        let entry: &mut Vec<String> = frames.entry(frame(place)).or_default();
        match entry.is_empty() {
            true => *entry = said.to_vec(),
            false => {
                entry.iter_mut().zip(&said).skip(2).for_each(|(all, more)| {
                    *all = [all.as_str(), more].join(",").trim_matches(',').to_owned();
                });
            }
        }
    }
    frames
}

const SMTP_FIELDS: [&str; 13] = [
    "-e",
    "frame.time_epoch",
    "-e",
    "tcp.dstport",
    "-e",
    "smtp.req.command",
    "-e",
    "smtp.req.parameter",
    "-e",
    "smtp.response.code",
    "-e",
    "smtp.rsp.parameter",
    "-Tfields",
];

#[test]
fn tshark_reads_the_same_smtp_frame_for_frame_as_in_the_original_with_keys() {
    if !tshark::is_installed() {
        return;
    }
    let names = [
        "tls12_aes128_sha",
        "tls10_aes256_sha",
        "resume_ticket",
        "resume_session_id",
        "port587_swaks",
        "rcpt_rejected",
        // Not several_records: tshark takes records of the body for commands in the original.
        "tls13",
        "tls13_key_update",
        "ipv6",
        "sll2",
        "plain",
    ];
    for lab in names.map(Lab::load) {
        let secrets = Exported::of("pcapng-dsb", &lab, &[]);
        let decrypted = match lab.keys {
            Some(_) => secrets.file("with-secrets.pcapng"),
            None => lab.files[0].clone(),
        };
        let fields =
            |place: &'static str| [&["-E", "separator=|", "-e", place], &SMTP_FIELDS[..]].concat();
        let original = tshark_on(&decrypted, &lab, None, &fields("frame.number"));
        let original = smtp_frames(&original, |number| number.parse().expect("a number"));
        let exported = exported(&lab);
        let told = tshark_on(&exported.file(PLAIN), &lab, Some("smtp"), &fields("frame.comment"));
        let plain = smtp_frames(&told, |comment| {
            let last = comment.rsplit([' ', '-']).next().expect("a word");
            last.parse().unwrap_or_else(|_| panic!("{comment}"))
        });
        assert!(plain.len() > 5, "{}", lab.name);
        assert_eq!(plain, original, "{}", lab.name);
    }
}

#[test]
fn tshark_finds_nothing_wrong_with_the_packets() {
    if !tshark::is_installed() {
        return;
    }
    let check = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
    let wrong = "tcp.checksum.status==0 || ip.checksum.status==0 || _ws.malformed \
                 || tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment \
                 || tcp.analysis.out_of_order || tcp.analysis.window_full \
                 || tcp.analysis.retransmission";
    for name in ["tls12_aes128_sha", "bdat", "ipv6", "resume_ticket", "mixed", "tls13", "rotated"] {
        let lab = Lab::load(name);
        let exported = exported(&lab);
        let file = exported.file(PLAIN);
        let arguments = [&check[..], &["-Y", wrong]].concat();
        assert_eq!(tshark_on(&file, &lab, Some("smtp"), &arguments), "", "{name}");
        let sums = ["-Y", "tcp.checksum.status==1"];
        let good = tshark_on(&file, &lab, Some("smtp"), &[&check[..], &sums].concat());
        assert!(good.lines().count() > 10, "{name}");
    }
}

#[test]
fn what_is_missing_is_a_lost_segment() {
    let lab = Lab::load("loss_in_mail");
    let exported = exported(&lab);
    assert!(exported.said().contains("bytes are not in the capture"), "{}", exported.said());
    let (report, _) = Runner::keyless().report_and_streams(&[exported.file(PLAIN)]);
    let lost = &report["sessions"][0]["tcp"]["lost_bytes"]["client"];
    assert!(lost.as_u64().expect("a count") > 0, "{lost}");
    if tshark::is_installed() {
        let lost = ["-Y", "tcp.analysis.lost_segment"];
        let told = tshark_on(&exported.file(PLAIN), &lab, Some("smtp"), &lost);
        assert!(told.lines().count() > 0);
    }
}

#[test]
fn secrets_are_masked_in_the_capture_in_the_clear_byte_for_byte() {
    let lab = Lab::load("auth_login_ok");
    let stream = |more: &[&str]| {
        let exported = Exported::of("pcapng-plain", &lab, more);
        let (_, streams) = Runner::keyless().report_and_streams(&[exported.file(PLAIN)]);
        streams[0][0].clone()
    };
    let (masked, shown) = (stream(&[]), stream(&["--reveal", "auth"]));
    assert_eq!((shown.clone(), masked.len()), (lab.stream(0, "c2s"), shown.len()));
    let hidden: Vec<_> =
        masked.iter().zip(&shown).filter(|(a, b)| a != b).map(|(a, _)| *a).collect();
    assert!(hidden.len() > 10 && hidden.iter().all(|byte| *byte == b'*'), "{hidden:?}");
}

#[test]
fn only_sessions_that_are_chosen_are_in_it_and_ciphertext_never() {
    let lab = Lab::load("mixed");
    let file = |more: &[&str]| -> (Exported, PathBuf) {
        let exported = Exported::of("pcapng-plain", &lab, more);
        let path = exported.file(PLAIN);
        (exported, path)
    };
    let (_kept, two) = file(&["--session", "2"]);
    let sessions = Runner::keyless().sessions_of_files(&[two]);
    let all = Runner::with_keys_and_log_of(&lab).sessions_of_files(&lab.files);
    assert_eq!((sessions.len(), sessions[0].client), (1, all[1].client));
    assert!(sessions[0].tls.is_none());
    // Without keys there is what was plain before TLS, and nothing else.
    let keyless = Lab { keys: None, keylog: None, ..Lab::load("tls12_aes128_sha") };
    let exported = Exported::of("pcapng-plain", &keyless, &[]);
    let (_, streams) = Runner::keyless().report_and_streams(&[exported.file(PLAIN)]);
    let plain = keyless.connections[0]["plain_bytes"]["c2s"].as_u64().expect("a count");
    let expected = &keyless.stream(0, "c2s")[..usize::try_from(plain).expect("a length")];
    assert_eq!(streams[0][0], expected);
    let implicit = Lab { keys: None, ..Lab::load("port465_s_client") };
    assert!(Exported::of("pcapng-plain", &implicit, &[]).names().is_empty());
}

/// What a shared capture still tells of a dialogue: who waited for whom, what was refused, how much.
fn shape(session: &Value) -> Value {
    let exchange = |exchange: &Value| {
        let reply = [&exchange["reply"]["code"], &exchange["reply"]["enhanced"]];
        json!([exchange["verb"], reply, exchange["t_ns"], exchange["latency_ns"]])
    };
    let mail = |mail: &Value| json!([mail["bytes"], items(&mail["to"]).len()]);
    json!([
        items(&session["smtp"]["exchanges"]).iter().map(exchange).collect::<Vec<_>>(),
        items(&session["smtp"]["mails"]).iter().map(mail).collect::<Vec<_>>(),
        [&session["start"], &session["outcome"], &session["smtp"]["starttls"]],
    ])
}

/// Whether a file has a word in any case.
fn holds(file: &Path, word: &str) -> bool {
    let bytes = std::fs::read(file).expect("a file").to_ascii_lowercase();
    bytes.windows(word.len()).any(|window| window == word.to_ascii_lowercase().as_bytes())
}

#[test]
fn a_redacted_capture_has_no_name_and_the_same_course() {
    let mut compared = 0;
    for lab in &Lab::all() {
        let exported = Exported::of("pcapng-plain", lab, &["--redact", "addresses"]);
        if exported.names().is_empty() {
            continue;
        }
        let file = exported.file(PLAIN);
        for word in ["example", "sender@", "rcpt@", "percival", "127.0.0.1", "subject:", "hello"] {
            assert!(!holds(&file, word), "{}: {word}", lab.name);
        }
        if !lab.complete {
            continue;
        }
        let (before, _) = Runner::with_keys_and_log_of(lab).report_and_streams(&lab.files);
        let (after, _) = Runner::keyless().report_and_streams(&[file]);
        let readable = items(&before["sessions"]).iter();
        let mut readable = readable.filter(|s| is_readable(s) && !s["smtp"].is_null());
        for after in items(&after["sessions"]) {
            let Some(session) = readable.find(|s| s["start"] == after["start"]) else { continue };
            assert_eq!(shape(after), shape(session), "{}", lab.name);
            assert!(!text(&after["client"]["ip"]).starts_with("127."), "{}", lab.name);
            compared += 1;
        }
    }
    assert!(compared > 120, "only {compared} sessions");
}

#[test]
fn a_redacted_capture_is_marked_as_modified_and_other_kinds_are_refused() {
    let lab = Lab::load("tls12_aes128_sha");
    let redacted = Exported::of("pcapng-plain", &lab, &["--redact", "addresses"]);
    assert!(redacted.said().contains("modified, IP addresses are pseudonyms"));
    assert!(holds(&redacted.file(PLAIN), "modified, IP addresses are pseudonyms"));
    for kind in ["keylog", "pcapng-dsb", "eml", "flows"] {
        let refused = Exported::of(kind, &lab, &["--redact", "addresses"]);
        assert_eq!((code(&refused.output), refused.names().len()), (2, 0), "{kind}");
        assert!(refused.said().contains("export pcapng-plain --redact"), "{}", refused.said());
    }
}
