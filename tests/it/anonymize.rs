//! `anonymize`: the capture that is written against our report of the original, against what the two
//! ends recorded, and against tshark.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{LazyLock, OnceLock};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{code, path, run, stderr};
use crate::lab::{Lab, items};
use crate::run::{Runner, Streams};
use crate::tshark;
use crate::wire::{self, Frame};

/// Captures that are known to differ, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("ssl2", "SSL 2.0 is left out"),
    ("sslv2", "SSL 2.0 is left out"),
    ("wrong_key", "there is no key list that could name a wrong key"),
    ("compression_ssl30", "compressed records are zeros"),
    ("compression_tls10", "compressed records are zeros"),
    ("compression_tls12", "compressed records are zeros"),
];

/// A lab's capture as it may be shared.
struct Anonymized {
    file: PathBuf,
    output: Output,
    /// Where the file is, if it is to go with this.
    _folder: Option<TempDir>,
}

/// The labs, and what is to be shared of each, made by the first test that asks: four look at them all.
static ALL: LazyLock<Vec<(Lab, OnceLock<Anonymized>)>> =
    LazyLock::new(|| Lab::all().into_iter().map(|lab| (lab, OnceLock::new())).collect());

impl Anonymized {
    fn of(lab: &Lab, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let shared = Self::at(folder.path().join("shared.pcapng"), lab, more);
        Self { _folder: Some(folder), ..shared }
    }

    fn at(file: PathBuf, lab: &Lab, more: &[&str]) -> Self {
        let mut line = vec!["anonymize", "-o", path(&file)];
        line.extend(more);
        line.extend(lab.arguments());
        let output = run(&line);
        Self { file, output, _folder: None }
    }

    /// Every lab, with what is shared of it.
    fn all() -> impl Iterator<Item = (&'static Lab, &'static Self)> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("anonymized");
        fs::create_dir_all(&folder).expect("a folder");
        ALL.iter().map(move |(lab, shared)| {
            let file = folder.join(&lab.name).with_extension("pcapng");
            (lab, shared.get_or_init(|| Self::anew(file, lab)))
        })
    }

    /// What an earlier run of the tests left is no answer.
    fn anew(file: PathBuf, lab: &Lab) -> Self {
        if file.exists() {
            fs::remove_file(&file).expect("removed");
        }
        Self::at(file, lab, &[])
    }

    fn file(&self) -> PathBuf {
        self.file.clone()
    }

    fn report_and_streams(&self) -> (Value, Streams) {
        Runner::keyless().report_and_streams(&[self.file()])
    }
}

fn alike() -> impl Iterator<Item = (&'static Lab, &'static Anonymized)> {
    Anonymized::all().filter(|(lab, _)| DIFFERENT.iter().all(|(name, _)| *name != lab.name))
}

/// What of a session is to be the same.
fn shape(session: &Value) -> Value {
    let (tls, smtp) = (&session["tls"], &session["smtp"]);
    let finding = |finding: &Value| json!([finding["code"], finding["severity"], finding["frame"]]);
    let entry =
        |entry: &Value| json!([entry["event"], entry["from"], entry["frame"], entry["t_ns"]]);
    let reply = |reply: &Value| json!([reply["code"], reply["enhanced"]]);
    let exchange = |e: &Value| {
        json!([
            e["verb"],
            reply(&e["reply"]),
            e["t_ns"],
            e["latency_ns"],
            e["encrypted"],
            e["frame"]
        ])
    };
    let mail = |mail: &Value| {
        json!([mail["bytes"], mail["transfer"], items(&mail["to"]).len(), reply(&mail["reply"])])
    };
    let certificate =
        |c: &Value| json!([c["not_before"], c["not_after"], c["key_algorithm"], c["key_bits"]]);
    // The key of a certificate says of a session in which nothing verifies more than the secret that
    // the copy has: that one may be another session's.
    let is_unproven = tls["decryption"]["status"] == "none";
    let is_verdict =
        |finding: &&Value| is_unproven && finding["message"] == tls["decryption"]["evidence"];
    // That a message came again is known by its Message-ID, and that is a name.
    let is_by_name = |finding: &&Value| finding["code"] == "smtp.duplicate_mail";
    // A certificate under other names is not what its issuer signed.
    let is_of_names = |finding: &&Value| finding["code"] == "tls.bad_signature";
    let findings = items(&session["findings"]).iter().filter(|finding| !is_of_names(finding));
    let told = findings.filter(|finding| !is_verdict(finding) && !is_by_name(finding));
    let mut findings: Vec<_> = told.map(|f| finding(f).to_string()).collect();
    findings.sort();
    let mut hello = tls["client_hello"].clone();
    if let Some(hello) = hello.as_object_mut() {
        ["server_name", "session_id"].iter().for_each(|field| _ = hello.remove(*field));
    }
    let mut decryption = tls["decryption"].clone();
    if let Some(decryption) = decryption.as_object_mut() {
        // The keys are others, and sentences name names.
        ["secret", "key", "evidence", "hint"]
            .iter()
            .for_each(|field| _ = decryption.remove(*field));
        if is_unproven {
            decryption.remove("reason");
        }
    }
    json!([
        [&session["id"], &session["protocol"], &session["start"], &session["outcome"]],
        [&session["duration_ns"], &session["tcp"], &session["timing"]],
        items(&session["timeline"]).iter().map(entry).collect::<Vec<_>>(),
        findings,
        [&tls["mode"], &tls["version"], &tls["cipher_suite"], &tls["resumed"], &tls["alerts"]],
        [&tls["extended_master_secret"], &tls["encrypt_then_mac"], &tls["renegotiations"]],
        [&tls["server_hello"]["ja3s"], &tls["handshake_complete"], &hello, &decryption],
        items(&tls["certificates"]).iter().map(certificate).collect::<Vec<_>>(),
        [
            &smtp["extensions"],
            &smtp["starttls"],
            &smtp["auth"]["mechanism"],
            &smtp["auth"]["result"]
        ],
        items(&smtp["exchanges"]).iter().map(exchange).collect::<Vec<_>>(),
        items(&smtp["mails"]).iter().map(mail).collect::<Vec<_>>(),
    ])
}

#[test]
fn the_report_of_what_is_shared_is_that_of_the_original_but_for_names() {
    let mut sessions = 0;
    for (lab, shared) in alike() {
        let (before, _) = Runner::with_keys_and_log_of(lab).report_and_streams(&lab.files);
        let (after, _) = shared.report_and_streams();
        // Frames of other connections are not there, so the numbers of frames are theirs alone if there
        // are none.
        let renumbered = before["summary"]["packets"] != after["summary"]["packets"];
        let pairs = items(&before["sessions"]).iter().zip(items(&after["sessions"]));
        assert_eq!(
            items(&before["sessions"]).len(),
            items(&after["sessions"]).len(),
            "{}",
            lab.name
        );
        for (original, anonymous) in pairs.filter(|_| !renumbered) {
            let [expected, found] = [original, anonymous].map(shape);
            for (part, (expected, found)) in items(&expected).iter().zip(items(&found)).enumerate()
            {
                assert_eq!(expected, found, "{} {} part {part}", lab.name, original["id"]);
            }
            sessions += 1;
        }
    }
    assert!(sessions > 60, "{sessions}");
}

/// Words of the client that are to stay: verbs, parameters, mechanisms.
fn is_smtp(word: &str) -> bool {
    const STAY: [&str; 14] = [
        "STARTTLS",
        "8BITMIME",
        "BODY=8BITMIME",
        "BODY=7BIT",
        "SMTPUTF8",
        "CRAM-MD5",
        "RET=HDRS",
        "NOTIFY=SUCCESS",
        "NOTIFY=NEVER",
        "SUCCESS",
        "FAILURE",
        "RET=FULL",
        "DIGEST-MD5",
        "FROM",
    ];
    let is_size = word.strip_prefix("SIZE=").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    is_size || STAY.contains(&word) || word.bytes().all(|b| b.is_ascii_digit())
}

/// Longer words are no accident where they come again.
const SHORTEST_SECRET: usize = 6;

/// What must not be found: each word of the client's, and each of the server's that has the look of a
/// name or an address.
fn secrets(lab: &Lab) -> BTreeSet<Vec<u8>> {
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"@._=+/-".contains(byte);
    let mut found = BTreeSet::new();
    for index in 0..lab.connections.len() {
        for direction in ["c2s", "s2c"] {
            let said = lab.stream(index, direction);
            let words = said.split(|byte| !is_of_word(byte)).filter(|w| w.len() >= SHORTEST_SECRET);
            let words = words.map(|word| String::from_utf8_lossy(word).into_owned());
            let is_name = |w: &str| w.contains('@') || (w.contains('.') && w.contains("example"));
            let wanted = words.filter(|w| !is_smtp(w) && (direction == "c2s" || is_name(w)));
            found.extend(wanted.map(String::into_bytes));
        }
    }
    found
}

/// Bytes as letters, a byte each: what searches text is quick.
fn letters(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[test]
fn no_word_of_the_client_and_no_name_is_in_the_file_or_in_what_it_decrypts_to() {
    let mut looked_for = 0;
    for (lab, shared) in Anonymized::all() {
        let Ok(file) = fs::read(shared.file()).map(|file| letters(&file)) else { continue };
        let (_, streams) = shared.report_and_streams();
        let said = letters(&streams.concat().concat());
        for secret in secrets(lab) {
            let name = letters(&secret);
            assert!(!file.contains(&name), "{}: {name} in the file", lab.name);
            assert!(!said.contains(&name), "{}: {name} in the text", lab.name);
            looked_for += 1;
        }
    }
    assert!(looked_for > 2000, "{looked_for}");
}

/// Records of application data that lie whole in a packet: what they hold, from a part of it that no
/// nonce and no IV is in.
fn ciphertext(frames: &[Frame]) -> Vec<Vec<u8>> {
    const PAST_THE_NONCE: usize = 16;
    const ENOUGH: usize = 16;
    let mut found = Vec::new();
    for frame in frames {
        let mut rest = frame.payload.as_slice();
        while let [23, 3, _, high, low, after @ ..] = rest {
            let len = usize::from(*high) << 8 | usize::from(*low);
            let Some((fragment, behind)) = after.split_at_checked(len) else { break };
            found.extend(fragment.get(PAST_THE_NONCE..PAST_THE_NONCE + ENOUGH).map(<[u8]>::to_vec));
            rest = behind;
        }
    }
    found
}

#[test]
fn nothing_of_the_ciphertext_stays_that_the_real_secrets_would_open() {
    let mut records = 0;
    for (lab, shared) in Anonymized::all() {
        let Ok(file) = fs::read(shared.file()).map(|file| letters(&file)) else { continue };
        for fragment in ciphertext(&wire::frames_of(&lab.files)) {
            // Zeros, or the text that suites without encryption show.
            let is_none = fragment.is_ascii();
            assert!(is_none || !file.contains(&letters(&fragment)), "{}", lab.name);
            records += 1;
        }
    }
    assert!(records > 300, "{records}");
}

#[test]
fn packets_have_their_times_numbers_and_lengths_and_other_addresses() {
    for (lab, shared) in alike() {
        let before = wire::frames_of(&lab.files);
        let after = wire::frames_of(&[shared.file()]);
        let kept = |frame: &Frame| {
            let ports = (frame.source.port(), frame.destination.port());
            let numbers = (frame.seq, frame.flags, frame.window, frame.id);
            (frame.ts, ports, numbers, frame.payload.len(), frame.captured)
        };
        let expected: Vec<_> = before.iter().map(kept).collect();
        // Of other connections there is nothing.
        let mut rest = expected.iter();
        for frame in &after {
            let found = kept(frame);
            assert!(rest.any(|original| *original == found), "{} {found:?}", lab.name);
        }
        let ips: BTreeSet<_> = before.iter().map(|frame| frame.source.ip()).collect();
        let is_other = |frame: &Frame| !ips.contains(&frame.source.ip());
        assert!(after.iter().all(is_other), "{}", lab.name);
    }
}

#[test]
fn tshark_decrypts_what_is_shared_without_any_option() {
    if !tshark::is_installed() {
        return;
    }
    for name in OPENED_BY_TSHARK {
        let lab = Lab::load(name);
        let shared = Anonymized::of(&lab, &[]);
        let (_, streams) = shared.report_and_streams();
        for (index, found) in tshark::inside(&shared.file(), &lab, &[]).iter().enumerate() {
            let tls = &lab.connections[index]["tls"];
            if !tls.is_object() {
                continue;
            }
            let ours = ["c2s", "s2c"].iter().zip(&streams[index]).map(|(direction, stream)| {
                let plain = lab.connections[index]["plain_bytes"][direction].as_u64().unwrap();
                stream[usize::try_from(plain).unwrap()..].to_vec()
            });
            let ours: Vec<_> = ours.collect();
            // Who is the client is told by the address of the original, which tshark does not see.
            let is_same = found[..] == ours || [&found[1], &found[0]] == [&ours[0], &ours[1]];
            assert!(is_same && !ours[0].is_empty(), "{name} {index}");
        }
    }
}

/// A suite of each kind, and resumption in each way.
const OPENED_BY_TSHARK: &[&str] = &[
    "tls12_aes128_sha",
    "tls10_aes256_sha",
    "tls12_aes256_gcm_sha384",
    "client_certificate_ssl30",
    "resume_session_id",
    "resume_ticket",
    "port465_s_client",
    "ipv6",
    "ecdhe_tls12",
    "dhe_tls12",
    "tls13",
    "tls13_resumption",
    "tls13_key_update",
    "tls13_hello_retry",
];

#[test]
fn tshark_finds_nothing_malformed() {
    if !tshark::is_installed() {
        return;
    }
    for name in OPENED_BY_TSHARK {
        let shared = Anonymized::of(&Lab::load(name), &[]);
        let told = malformed(&shared.file());
        assert!(told.is_empty(), "{name}: {told}");
    }
}

fn malformed(file: &Path) -> String {
    let output = Command::new("tshark")
        .args([
            "-r",
            path(file),
            "-Y",
            "_ws.malformed || tls.handshake.extensions_server_name_len == 0",
        ])
        .output()
        .expect("tshark runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn it_is_told_what_leaves_and_nothing_is_overwritten() {
    let lab = Lab::load("no_key");
    let shared = Anonymized::of(&lab, &[]);
    assert_eq!(code(&shared.output), 0, "{}", stderr(&shared.output));
    let told = "what lies in TLS that is not opened, or cannot be written anew, is zeros";
    assert!(stderr(&shared.output).contains(told), "{}", stderr(&shared.output));
    fs::write(shared.file(), "mine").expect("written");
    let file = shared.file();
    let again = |more: &[&str]| {
        run(&[&["anonymize", "-o", path(&file), path(&lab.files[0])], more].concat())
    };
    assert_eq!(code(&again(&[])), 2);
    assert_eq!(fs::read(&file).expect("a file"), b"mine");
    assert_eq!(code(&again(&["--force"])), 0);
    assert!(fs::read(&file).expect("a file").starts_with(&0x0a0d_0d0a_u32.to_le_bytes()));
}

#[test]
fn any_number_of_threads_writes_the_same_file() {
    let lab = Lab::load("mixed");
    let files = ["1", "4"].map(|threads| {
        fs::read(Anonymized::of(&lab, &["--threads", threads]).file()).expect("a file")
    });
    assert!(files[0] == files[1]);
}

#[test]
fn the_sessions_that_are_left_out_are_named() {
    let shared = Anonymized::of(&Lab::load("sslv2"), &[]);
    assert!(stderr(&shared.output).contains("left out"), "{}", stderr(&shared.output));
    assert!(!shared.file().exists());
}
