//! Captures in pieces, as fleets have them: private keys stay on one machine, and what it tells the
//! others opens as much as the keys would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::{code, path, run, stderr, stdout};
use crate::lab::{self, Lab, items, text};
use crate::wire::{self, Frame, Talk};

/// The report of captures as JSON.
fn report(captures: &[PathBuf], more: &[&str]) -> Value {
    let mut line = vec!["--format", "json"];
    line.extend(more);
    line.extend(captures.iter().map(|file| path(file)));
    serde_json::from_str(stdout(&run(&line))).expect("JSON")
}

/// Makes a key log of captures by way of their handshakes, which are all that the keys see. A session
/// that is negotiated anew shows its second handshake only to who has opened the first.
fn unlock(captures: &[PathBuf], keys: &Path, folder: &Path) -> PathBuf {
    let (handshakes, log) = (folder.join("handshakes.jsonl"), folder.join("fleet.keylog"));
    for known in [None, Some(&log)] {
        let mut line = vec!["handshakes", "-o", path(&handshakes)];
        known.iter().for_each(|known| line.extend(["--keylog", path(known)]));
        line.extend(captures.iter().map(|file| path(file)));
        run(&line);
        let line = ["unlock", "--keys", path(keys), "-o", path(&log), path(&handshakes)];
        assert!(run(&line).stdout.is_empty());
    }
    log
}

/// The sessions that were wholly opened, without the words on where the secrets came from. SSL 2.0
/// has no client random, and so no line in a key log.
fn opened(report: &Value) -> Vec<Value> {
    let is_opened = |session: &&Value| {
        let tls = &session["tls"];
        tls["decryption"]["reason"].is_null() && text(&tls["version"]) != "SSLv2"
    };
    let mut sessions: Vec<_> =
        items(&report["sessions"]).iter().filter(is_opened).cloned().collect();
    for session in &mut sessions {
        let Some(tls) = session["tls"].as_object_mut() else { continue };
        let decryption = tls["decryption"].as_object_mut().expect("an object");
        ["secret", "key", "evidence"].iter().for_each(|field| drop(decryption.remove(*field)));
        tls.remove("resumption");
    }
    sessions
}

#[test]
fn a_key_log_of_unlocked_handshakes_opens_what_the_keys_open() {
    let mut compared = 0;
    for lab in Lab::all() {
        let Some(keys) = &lab.keys else { continue };
        let folder = TempDir::new().expect("a folder");
        let log = unlock(&lab.files, keys, folder.path());
        let by_keys = opened(&report(&lab.files, &["--keys", path(keys)]));
        let by_log = opened(&report(&lab.files, &["--keylog", path(&log)]));
        assert_eq!(by_log, by_keys, "{}", lab.name);
        compared += by_keys.len();
    }
    assert!(compared > 100, "only {compared} sessions were opened");
}

#[test]
fn a_resumption_is_opened_without_the_capture_of_the_session_that_it_resumes() {
    let lab = Lab::load("resume_other_file");
    let [first, second] = &lab.files[..] else { panic!("two files") };
    let folder = TempDir::new().expect("a folder");
    let [one, two] = ["1.jsonl", "2.jsonl"].map(|name| folder.path().join(name));
    run(&["handshakes", "-o", path(&one), path(first)]);
    run(&["handshakes", "-o", path(&two), path(second)]);
    let log = folder.path().join("fleet.keylog");
    let keys = lab.keys.as_ref().expect("a key list");
    // The resumption stands before its origin, as shards come in any order.
    let unlocked = run(&["unlock", "--keys", path(keys), "-o", path(&log), path(&two), path(&one)]);
    assert_eq!(code(&unlocked), 0, "{}", stderr(&unlocked));
    assert!(stderr(&unlocked).contains("2 handshakes unlocked"), "{}", stderr(&unlocked));
    let alone = report(std::slice::from_ref(second), &["--keylog", path(&log)]);
    let decryption = &alone["sessions"][0]["tls"]["decryption"];
    assert_eq!((text(&decryption["status"]), text(&decryption["secret"])), ("decrypted", "keylog"));
}

#[test]
fn handshakes_hold_no_secret_and_the_key_log_is_for_its_owner_alone() {
    let lab = Lab::load("tls12_aes128_sha");
    let folder = TempDir::new().expect("a folder");
    let log = unlock(&lab.files, lab.keys.as_ref().expect("a key list"), folder.path());
    let master = lab::read_text(&log).trim_end().rsplit(' ').next().expect("a secret").to_owned();
    let handshakes = lab::read_text(&folder.path().join("handshakes.jsonl"));
    assert!(handshakes.starts_with("{\"schema\":\"smtp-decrypt/handshakes/v1\","), "{handshakes}");
    assert_eq!(master.len(), 96);
    assert!(!handshakes.contains(&master) && !handshakes.contains("EHLO"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(log.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_line_that_is_no_handshake_is_told_with_its_place() {
    let folder = TempDir::new().expect("a folder");
    let (bad, log) = (folder.path().join("bad.jsonl"), folder.path().join("log"));
    std::fs::write(&bad, "{\"schema\":\"other\"}\n").expect("written");
    let output = run(&["unlock", "-o", path(&log), path(&bad)]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("bad.jsonl:1: "), "{}", stderr(&output));
}

/// Splits captures. Gives the folder of the shards.
fn split(captures: &[PathBuf], shards: &str, folder: PathBuf, more: &[&str]) -> PathBuf {
    let mut line = vec!["split", "-q", "--shards", shards, "-o", path(&folder)];
    line.extend(more);
    line.extend(captures.iter().map(|file| path(file)));
    run(&line);
    folder
}

#[test]
fn one_shard_has_the_sessions_that_the_captures_have() {
    for lab in Lab::all() {
        let folder = TempDir::new().expect("a folder");
        let shards = split(&lab.files, "1", folder.path().join("shards"), &[]);
        let mut secrets: Vec<&str> = Vec::new();
        lab.keys.iter().for_each(|keys| secrets.extend(["--keys", path(keys)]));
        lab.keylog.iter().for_each(|log| secrets.extend(["--keylog", path(log)]));
        let whole = report(&lab.files, &secrets);
        let sharded = report(std::slice::from_ref(&shards), &secrets);
        for part in ["sessions", "summary", "keys"] {
            assert_eq!(sharded[part], whole[part], "{}: {part}", lab.name);
        }
    }
}

/// A report's sessions by their ends and start, without what counts over a whole capture.
fn without_numbers(sessions: Vec<Value>) -> BTreeMap<String, Value> {
    let name = |session: &Value| format!("{} {}", session["client"], session["start"]);
    sessions
        .into_iter()
        .map(|mut session| {
            strip_numbers(&mut session);
            (name(&session), session)
        })
        .collect()
}

fn strip_numbers(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let counts =
                ["id", "frame", "reply_frame", "end_frame", "frames", "evidence", "message"];
            counts.iter().for_each(|name| drop(fields.remove(*name)));
            fields.values_mut().for_each(strip_numbers);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_numbers),
        _ => {}
    }
}

/// Pieces of captures as three hosts would have rotated them, each with its own part of the packets.
fn pieces_of(labs: &[Lab], folder: &Path) -> Vec<PathBuf> {
    const PIECES: usize = 9;
    let files: Vec<_> = labs.iter().flat_map(|lab| lab.files.clone()).collect();
    let frames = wire::frames_of(&files);
    let pieces = frames.chunks(frames.len().div_ceil(PIECES)).enumerate();
    let write = |(index, frames): (usize, &[Frame])| {
        let file = folder.join(format!("host{}-{index}.pcap", index % 3));
        std::fs::write(&file, wire::pcap(frames)).expect("written");
        file
    };
    pieces.map(write).collect()
}

#[test]
fn a_connection_in_pieces_meets_itself_in_one_shard_and_its_origin_in_the_key_log() {
    const SHARDS: usize = 4;
    let names = ["resume_session_id", "resume_ticket", "port465_s_client", "tls12_aes128_sha"];
    let labs = names.map(Lab::load);
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path();
    let pieces = pieces_of(&labs, folder);
    let keys = path(labs[0].keys.as_ref().expect("a key list"));
    let split_alone = |(index, piece): (usize, &PathBuf)| {
        split(std::slice::from_ref(piece), &SHARDS.to_string(), folder.join(index.to_string()), &[])
    };
    let folders: Vec<_> = pieces.iter().enumerate().map(split_alone).collect();
    let of_shard = |index: usize| -> Vec<PathBuf> {
        let name = format!("shard-{index:05}.pcapng");
        folders.iter().map(|folder| folder.join(&name)).filter(|file| file.exists()).collect()
    };
    let shards: Vec<_> = (0..SHARDS).map(of_shard).filter(|files| !files.is_empty()).collect();
    assert!(shards.len() > 1, "all in one shard");
    let mut handshakes = Vec::new();
    for (index, files) in shards.iter().enumerate() {
        let out = folder.join(format!("{index}.jsonl"));
        let mut line = vec!["handshakes", "-o", path(&out)];
        line.extend(files.iter().map(|file| path(file)));
        run(&line);
        handshakes.push(out);
    }
    let log = folder.join("fleet.keylog");
    let mut line = vec!["unlock", "--keys", keys, "-o", path(&log)];
    line.extend(handshakes.iter().map(|file| path(file)));
    assert_eq!(code(&run(&line)), 0);
    let sharded = shards.iter().flat_map(|files| opened(&report(files, &["--keylog", path(&log)])));
    let whole = opened(&report(&pieces, &["--keys", keys]));
    assert_eq!(whole.len(), 6);
    assert_eq!(without_numbers(sharded.collect()), without_numbers(whole));
}

#[test]
fn what_concerns_nobody_stays_behind_and_what_a_key_may_open_does_not() {
    let folder = TempDir::new().expect("a folder");
    let web = Talk::between("10.0.0.1:40000", "10.0.0.2:80")
        .client("GET / HTTP/1.0\r\n\r\n")
        .server("HTTP/1.0 200 OK\r\n\r\nhello");
    let mut frames = web.close().frames();
    let web_packets = frames.len();
    let hidden = |mut frame: Frame| {
        for end in [&mut frame.source, &mut frame.destination] {
            if end.port() == 465 {
                end.set_port(9465);
            }
        }
        frame
    };
    let mail = wire::frames_of(&Lab::load("port465_s_client").files);
    let mail_packets = mail.len();
    frames.extend(mail.into_iter().map(hidden));
    let capture = folder.path().join("both.pcap");
    std::fs::write(&capture, wire::pcap(&frames)).expect("written");
    let shards = |name: &str, more: &[&str]| {
        let folder = split(std::slice::from_ref(&capture), "1", folder.path().join(name), more);
        let report = report(std::slice::from_ref(&folder), &["--all-tls"]);
        usize::try_from(report["summary"]["packets"].as_u64().expect("a count")).expect("few")
    };
    assert_eq!(shards("by-content", &[]), mail_packets);
    assert_eq!(shards("by-port", &["--port", "80"]), mail_packets + web_packets);
}

#[test]
fn a_packet_tells_its_file_and_its_number_there() {
    let lab = Lab::load("plain");
    let folder = TempDir::new().expect("a folder");
    let shards = split(&lab.files, "1", folder.path().join("shards"), &[]);
    let written = std::fs::read(shards.join("shard-00000.pcapng")).expect("a shard");
    let told = format!("{}:2", path(&lab.files[0]));
    assert!(written.windows(told.len()).any(|bytes| bytes == told.as_bytes()));
}

#[cfg(feature = "parquet")]
#[test]
fn the_tables_of_a_report_are_files_of_a_folder() {
    let lab = Lab::load("tls12_aes128_sha");
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("tables");
    let keys = path(lab.keys.as_ref().expect("a key list"));
    let files = path(&lab.files[0]);
    let output = run(&["--format", "parquet", "-o", path(&out), "--keys", keys, files]);
    assert_eq!((code(&output), stdout(&output)), (0, ""), "{}", stderr(&output));
    for name in ["sessions", "exchanges", "mails", "findings", "timeline", "keys"] {
        let table = std::fs::read(out.join(format!("{name}.parquet"))).expect("a table");
        assert!(table.starts_with(b"PAR1") && table.ends_with(b"PAR1"), "{name}");
    }
}

/// The lines that `handshakes` writes of a capture.
fn handshake_lines(lab: &Lab) -> Vec<Value> {
    let output = run(&["handshakes", "-q", path(&lab.files[0])]);
    stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What `unlock` says of lines, its exit code, and how many secrets it wrote.
fn unlocked(keys: &str, lines: &[Value]) -> (String, i32, usize) {
    let folder = TempDir::new().expect("a folder");
    let (file, log) = (folder.path().join("in.jsonl"), folder.path().join("out.keylog"));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&file, text).expect("written");
    let output = run(&["unlock", "--keys", keys, "-o", path(&log), path(&file)]);
    let secrets = lab::read_text(&log).lines().count();
    (stderr(&output).to_owned(), code(&output), secrets)
}

#[test]
fn a_chain_of_resumptions_is_unlocked_from_either_end_or_the_middle() {
    const LINKS: usize = 3_000;
    let lab = Lab::load("auth_login_ok");
    let origin = &handshake_lines(&lab)[0];
    let ticket = |n: usize| format!("{n:064x}");
    let link = |n: usize| {
        let mut line = origin.clone();
        let fields = line.as_object_mut().expect("an object");
        fields.insert("new_ticket_sha256".into(), ticket(n).into());
        fields.insert("session_id".into(), "".into());
        if n > 0 {
            fields.remove("key_exchange");
            let resumed = serde_json::json!({ "ticket_sha256": ticket(n - 1) });
            fields.insert("resumption".into(), resumed);
        }
        line
    };
    let keys = path(lab.keys.as_ref().expect("a key list"));
    let forward: Vec<_> = (0..LINKS).map(link).collect();
    let backward: Vec<_> = forward.iter().rev().cloned().collect();
    let middle = [&forward[LINKS / 2..], &forward[..LINKS / 2]].concat();
    for lines in [&forward, &backward, &middle] {
        let (said, exit, secrets) = unlocked(keys, lines);
        assert_eq!((exit, secrets), (0, LINKS), "{said}");
    }
    let (said, _, secrets) = unlocked(keys, &forward[1..]);
    assert_eq!(secrets, 0, "a chain without its origin");
    assert!(said.contains(&format!("{} closed: resumed", LINKS - 1)), "{said}");
}

#[test]
fn a_key_is_asked_so_often_in_vain_and_no_more_and_says_so() {
    let lab = Lab::load("auth_login_ok");
    let good = handshake_lines(&lab).remove(0);
    let keys = path(lab.keys.as_ref().expect("a key list"));
    let body = text(&good["key_exchange"]["encrypted_premaster_secret"]).to_owned();
    let chosen = |n: usize| {
        let mut line = good.clone();
        let ciphertext = format!("{}{n:08x}", &body[..body.len() - 8]);
        line["key_exchange"]["encrypted_premaster_secret"] = ciphertext.into();
        line
    };
    let few: Vec<_> = (0..20).map(chosen).chain([good.clone()]).collect();
    let (said, _, secrets) = unlocked(keys, &few);
    assert_eq!(secrets, 1, "{said}");
    assert!(said.contains("1 answered of ") && said.contains(" 20 in vain, 0 refused"), "{said}");
    // One ciphertext, and a session hash of the asker's choice each time.
    let bound = |n: u64| {
        let mut line = good.clone();
        line["key_exchange"]["extended_master_secret"] = true.into();
        line["key_exchange"]["session_hash"] = format!("{n:064x}").into();
        line
    };
    let (said, _, secrets) = unlocked(keys, &(0..50).map(bound).collect::<Vec<_>>());
    assert_eq!(secrets, 4, "{said}");
    assert!(said.contains("46 refused"), "{said}");
}

#[test]
fn a_field_of_a_handshake_is_no_longer_than_such_a_field_is() {
    let lab = Lab::load("auth_login_ok");
    let good = handshake_lines(&lab).remove(0);
    let keys = path(lab.keys.as_ref().expect("a key list"));
    let longer = |place: &str, bytes: usize| {
        let mut line = good.clone();
        *line.pointer_mut(place).expect(place) = "ab".repeat(bytes).into();
        line
    };
    for line in [
        longer("/session_id", 33),
        longer("/session_id", 520_000),
        longer("/key_exchange/encrypted_premaster_secret", 3_000),
        longer("/key_exchange/certificate/modulus", 3_000),
        longer("/key_exchange/certificate/exponent", 3_000),
    ] {
        let (said, exit, secrets) = unlocked(keys, &[good.clone(), line]);
        assert_eq!((exit, secrets), (3, 1), "{said}");
        assert!(said.contains("in.jsonl:2"), "{said}");
    }
    let of_nobody = |n: u64| {
        let mut line = good.clone();
        line["key_exchange"]["certificate"]["spki_sha256"] = format!("{n:064x}").into();
        line["key_exchange"]["certificate"]["modulus"] = "03".into();
        line
    };
    let (said, ..) = unlocked(keys, &(0..2_000).map(of_nobody).collect::<Vec<_>>());
    assert!(said.len() < 20_000, "{} bytes of standard error", said.len());
}
