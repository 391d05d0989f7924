//! `keys`: what each key opens, which are missing, and what cannot be used; held against the report,
//! against what the missing key then opens, and against openssl.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::cli::{code, file, path, run, smtp_decrypt, stderr, stdout};
use crate::lab::{self, Lab, items, testdata, text};
use crate::secrets::{KEYS, passwords, private_numbers};

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let schema = lab::json(&lab::root().join("docs/keys.schema.json"));
    assert!(jsonschema::meta::is_valid(&schema));
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).expect("built")
});

/// The document of a run with these arguments, which is as the schema says.
fn audit(arguments: &[&str]) -> Value {
    let output = run(&[&["keys", "--format", "json"], arguments].concat());
    let audit = serde_json::from_str(stdout(&output)).expect("JSON on standard output");
    let complaints: Vec<_> = VALIDATOR.iter_errors(&audit).map(|e| e.to_string()).collect();
    assert!(complaints.is_empty(), "{arguments:?} is not as the schema says: {complaints:#?}");
    audit
}

fn report(arguments: &[&str]) -> Value {
    serde_json::from_str(stdout(&run(&[&["--format", "json"], arguments].concat()))).expect("JSON")
}

fn files(lab: &Lab) -> Vec<&str> {
    lab.files.iter().map(|file| path(file)).collect()
}

/// A capture's files with its key list.
fn with_keys(lab: &Lab) -> Vec<&str> {
    let keys = lab.keys.iter().flat_map(|keys| ["--keys", path(keys)]);
    keys.chain(files(lab)).collect()
}

fn ids(list: &Value) -> BTreeSet<u64> {
    items(list).iter().filter_map(Value::as_u64).collect()
}

/// The sessions of a report that this key opened.
fn opened_by(report: &Value, source: &Value) -> BTreeSet<u64> {
    let is_opened = |session: &&Value| session["tls"]["decryption"]["key"] == *source;
    items(&report["sessions"]).iter().filter(is_opened).filter_map(|s| s["id"].as_u64()).collect()
}

#[test]
fn the_sessions_that_a_key_opens_are_those_of_the_report() {
    let mut opened = 0;
    for lab in Lab::all().iter().filter(|lab| lab.keys.is_some()) {
        let arguments = with_keys(lab);
        let (audit, report) = (audit(&arguments), report(&arguments));
        for key in items(&audit["keys"]) {
            let expected = opened_by(&report, &key["source"]);
            assert_eq!(ids(&key["sessions"]), expected, "{}", lab.name);
            assert_eq!(key["sessions_opened"], expected.len(), "{}", lab.name);
            opened += expected.len();
        }
        assert_eq!(audit["decryption"], report["summary"]["decryption"], "{}", lab.name);
        assert_eq!(audit["reasons"], report["summary"]["reasons"], "{}", lab.name);
    }
    assert!(opened > 100, "only {opened} sessions were opened");
}

/// The proof of the pudding: what is said to open with a missing key does, when it is given.
#[test]
fn a_missing_key_opens_what_it_is_said_to_open() {
    let mut promised = 0;
    for lab in Lab::all().iter().filter(|lab| lab.keys.is_some()) {
        let without = audit(&files(lab));
        let with = audit(&with_keys(lab));
        for key in items(&with["keys"]) {
            let is_it = |missing: &&Value| missing["spki_sha256"] == key["spki_sha256"];
            let missing = items(&without["missing_keys"]).iter().find(is_it);
            let Some(missing) = missing else {
                // The secrets inside a pcapng file may have opened all.
                let is_open = without["reasons"] == serde_json::json!({});
                assert!(is_open || !lab.complete || key["sessions_opened"] == 0, "{}", lab.name);
                continue;
            };
            let said = &ids(&missing["sessions"]) | &ids(&missing["resumed_sessions"]);
            let opened = ids(&key["sessions"]);
            assert!(said.is_subset(&opened), "{}: {said:?} of {opened:?}", lab.name);
            // SSL 2.0 gives out the ID of a session under protection: nobody sees what is resumed.
            let is_told = lab.complete && lab.name != "ssl2";
            assert!(!is_told || said == opened, "{}: {said:?} != {opened:?}", lab.name);
            assert_eq!(missing["would_open"], said.len(), "{}", lab.name);
            promised += said.len();
        }
    }
    assert!(promised > 100, "only {promised} sessions were promised");
}

#[test]
fn sessions_resumed_by_ticket_or_id_are_promised_with_the_session_that_they_resume() {
    for name in ["resume_ticket", "resume_session_id"] {
        let audit = audit(&files(&Lab::load(name)));
        let missing = &audit["missing_keys"][0];
        assert_eq!((ids(&missing["sessions"]).len(), &missing["would_open"]), (1, &2.into()));
        assert_eq!(ids(&missing["resumed_sessions"]), BTreeSet::from([2]), "{name}");
        assert_eq!(items(&audit["missing_origins"]), [] as [Value; 0], "{name}");
        assert_eq!(audit["missing_secrets_total"], 0, "{name}");
    }
    let orphan = audit(&files(&Lab::load("resume_orphan")));
    assert_eq!(items(&orphan["missing_origins"]).len(), 1);
    assert_eq!(orphan["missing_secrets"][0]["reason"], "resumed_without_origin");
}

fn openssl(arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("openssl").args(arguments).current_dir(lab::root()).output();
    let Ok(output) = output else {
        println!("skipped: openssl is not installed");
        return None;
    };
    assert!(output.status.success(), "openssl {arguments:?}");
    Some(output.stdout)
}

#[test]
fn a_missing_key_is_named_as_openssl_names_it() {
    let audit = audit(&["@tls12_aes128_sha.pcap"]);
    let missing = &audit["missing_keys"][0];
    let certificate = ["x509", "-in", "testdata/pki/server.crt", "-noout"];
    let subject = [&certificate[..], &["-subject", "-nameopt", "RFC2253"]].concat();
    let Some(subject) = openssl(&subject) else { return };
    let subject = String::from_utf8(subject).expect("UTF-8");
    assert_eq!(subject.trim_end().strip_prefix("subject="), missing["subject"].as_str());
    let key = ["pkey", "-in", "testdata/pki/server.key", "-pubout", "-outform", "der"];
    let Some(public) = openssl(&key) else { return };
    let hash: String = Sha256::digest(public).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(missing["spki_sha256"], hash);
    assert_eq!(missing["servers"][0]["port"], 587);
    assert_eq!(missing["bits"], 2048);
}

#[test]
fn what_cannot_be_used_is_told_with_its_place_beside_the_keys_that_can() {
    let list = format!(
        "127.0.0.1,587,smtp,nope.key\n127.0.0.300,1,x,y\nany,any,any,{}\n",
        path(&testdata("pki/server.key"))
    );
    let (_folder, list) = file("keys.list", list);
    let log = file("bad.keylog", "CLIENT_RANDOM 00 zz\n");
    let capture = "@tls12_aes128_sha.pcap";
    let arguments = ["--keys", path(&list), "--keylog", path(&log.1), capture];
    let audit = audit(&arguments);
    let places: Vec<_> = items(&audit["errors"])
        .iter()
        .map(|e| (e["line"].as_u64(), e["column"].as_u64()))
        .collect();
    assert_eq!(places[..2], [(Some(1), Some(20)), (Some(2), Some(1))]);
    assert_eq!(places.len(), 3);
    assert_eq!(audit["errors"][0]["file"], path(&list));
    assert_eq!(audit["errors"][2]["file"], path(&log.1));
    assert_eq!(ids(&audit["keys"][0]["sessions"]), BTreeSet::from([1]));
    assert_eq!(audit["keys"][0]["rows"][0]["source"], format!("{}:3", path(&list)));
    let output = run(&[&["keys"], &arguments[..]].concat());
    assert_eq!(code(&output), 2);
    for shown in [stdout(&output), stderr(&output)] {
        // The text is wrapped at 80 columns.
        let shown: String = shown.split_whitespace().collect();
        assert!(shown.contains(&format!("{}:1:20:", path(&list))), "{shown}");
        assert!(shown.contains(&format!("{}:2:1:", path(&list))), "{shown}");
    }
}

#[test]
fn key_material_is_validated_without_a_capture() {
    // (Whether others can read the key is up to who cloned it.)
    let output = run(&["keys", "-q", "--key", "testdata/pki/server.key"]);
    assert_eq!((code(&output), stderr(&output)), (0, ""));
    assert!(!stdout(&output).contains("session"), "{}", stdout(&output));
    let log = ["--keylog", "@tls13.keylog"];
    assert_eq!(audit(&log)["keys"][0]["source"], "keylog:5 lines");
    assert_eq!(items(&audit(&log)["unmatched_lines"]).len(), 0);
    let output = run(&["keys", "--key", "testdata/pki/ec.key"]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains("testdata/pki/ec.key:1: an EC key"), "{}", stdout(&output));
    assert_eq!(code(&run(&["keys"])), 2);
}

#[test]
fn a_capture_that_cannot_be_read_to_its_end_exits_with_3_and_shows_what_was_read() {
    let whole = fs::read(testdata("tls12_aes128_sha.pcap")).expect("a capture");
    let (_folder, cut) = file("cut.pcap", &whole[..whole.len() - 10]);
    let output = run(&["keys", "--key", "testdata/pki/server.key", path(&cut)]);
    assert_eq!(code(&output), 3);
    assert!(stdout(&output).contains("1 session: 1"), "{}", stdout(&output));
}

/// The random of the capture is in the log that was recorded with it.
#[test]
fn the_randoms_that_a_key_log_lacks_are_told_and_the_lines_that_no_session_asks_for() {
    let log = lab::read_text(&testdata("tls13.keylog"));
    let line = log.lines().find(|line| line.starts_with("CLIENT_TRAFFIC")).expect("a line");
    let random = line.split(' ').nth(1).expect("a random");
    let audit = audit(&[
        "--keylog",
        "@ecdhe_tls12.keylog",
        "--keylog",
        "@dhe_tls12.keylog",
        "@ecdhe_tls12.pcap",
        "@tls13.pcap",
    ]);
    assert_eq!(audit["missing_secrets"][0]["client_random"], random);
    assert_eq!(audit["missing_secrets"][0]["reason"], "keylog_without_session");
    assert_eq!((&audit["missing_secrets_total"], &audit["tls_sessions"]), (&1.into(), &2.into()));
    let unmatched: Vec<_> = items(&audit["unmatched_lines"]).iter().map(text).collect();
    let dhe = lab::read_text(&testdata("dhe_tls12.keylog"));
    let secrets = dhe.lines().enumerate().filter(|(_, line)| line.starts_with("CLIENT_RANDOM"));
    let expected: Vec<_> =
        secrets.map(|(i, _)| format!("{}:{}", lab::shown("dhe_tls12.keylog"), i + 1)).collect();
    assert_eq!(unmatched, expected);
    assert_eq!(audit["unmatched_lines_total"], expected.len());
}

#[test]
fn nothing_secret_is_printed() {
    let secrets: Vec<_> = KEYS.iter().flat_map(|name| private_numbers(name)).collect();
    for lab in Lab::all() {
        let secrets = secrets.iter().cloned().chain(passwords(&lab)).chain(logged(&lab));
        let secrets: Vec<_> = secrets.collect();
        let log = lab.keylog.iter().flat_map(|log| ["--keylog", path(log)]);
        let arguments: Vec<_> = log.chain(with_keys(&lab)).collect();
        for mode in [&["keys", "-v"][..], &["keys", "--format", "json"]] {
            let output = run(&[mode, &arguments].concat());
            let printed = [stdout(&output), stderr(&output)].concat();
            let found = secrets.iter().find(|secret| printed.contains(*secret));
            assert!(found.is_none(), "{} {mode:?} prints {found:?}", lab.name);
        }
    }
}

/// The secrets in a capture's key log.
fn logged(lab: &Lab) -> Vec<String> {
    let log = lab.keylog.as_deref().map(lab::read_text).unwrap_or_default();
    log.lines()
        .filter_map(|line| line.split(' ').nth(2))
        .filter(|word| word.len() >= 64)
        .map(String::from)
        .collect()
}

#[test]
fn no_password_of_a_key_list_is_printed() {
    let key =
        lab::root().join("crates/tls-passive/src/keys/testkeys/encrypted/pbes2-aes-256-cbc.pem");
    let key = path(&key);
    let (_folder, list) =
        file("keys.list", format!("any,587,smtp,{key},hunter22\nany,25,smtp,{key},secret\n"));
    for format in ["text", "json"] {
        let output = run(&["keys", "-q", "--keys", path(&list), "--format", format]);
        let printed = [stdout(&output), stderr(&output)].concat();
        assert!(printed.contains("RSA 1024") || printed.contains("\"bits\": 1024"), "{printed}");
        assert!(printed.contains("password is wrong"), "{printed}");
        assert!(!printed.contains("hunter22") && !printed.contains("secret\n"), "{printed}");
    }
}

#[test]
fn the_manual_explains_every_field() {
    let manual = lab::read_text(&lab::root().join("docs/keys.md"));
    let schema = lab::json(&lab::root().join("docs/keys.schema.json"));
    let kinds = schema["$defs"].as_object().expect("definitions").values().chain([&schema]);
    let names = kinds.filter_map(|kind| kind["properties"].as_object()).flat_map(|p| p.keys());
    let missing: Vec<_> = names
        .filter(|name| !manual.contains(&format!("`{name}`")))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    assert!(missing.is_empty(), "docs/keys.md does not name {missing:?}");
}

/// Each command of the page, with the text behind it.
#[test]
fn the_manual_shows_what_is_printed() {
    let manual = lab::read_text(&lab::root().join("docs/keys.md"));
    let blocks = manual.split("```console\n$ smtp-decrypt ").skip(1);
    let shown = blocks.map(|block| {
        let (command, rest) = block.split_once("\n```\n").expect("an end");
        let (_, rest) = rest.split_once("```text\n").expect("what is printed");
        (command, rest.split_once("```").expect("an end").0)
    });
    for (command, expected) in shown.clone() {
        // The exit code stands behind it (see `docs`).
        let arguments: Vec<_> =
            command.split_whitespace().take_while(|word| *word != "#").collect();
        assert_eq!(stdout(&run(&arguments)), expected, "{command}");
    }
    assert_eq!(shown.count(), 2);
}

#[test]
fn a_key_log_may_be_compressed_in_a_folder_or_on_standard_input() {
    let log = testdata("tls13.keylog");
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(&log, folder.path().join("1.log")).expect("copied");
    fs::write(folder.path().join(".hidden"), [0, 159, 146]).expect("written");
    let packed = folder.path().join("packed");
    let gzip = Command::new("gzip").arg("-c").arg(&log).output().expect("gzip");
    let folder_of_one = folder.path().join("logs");
    fs::create_dir(&folder_of_one).expect("made");
    fs::rename(folder.path().join("1.log"), folder_of_one.join("1.log")).expect("moved");
    fs::write(&packed, gzip.stdout).expect("written");
    let status = |log: &Path| {
        let arguments = ["--format", "json", "--keylog", path(log), "@tls13.pcap"];
        let mut command = smtp_decrypt(&arguments);
        command.pipe_stdin(testdata("tls13.keylog")).expect("a log");
        let output = command.output().expect("it runs");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        report["sessions"][0]["tls"]["decryption"]["status"].clone()
    };
    for log in [&*packed, &*folder_of_one, Path::new("-")] {
        assert_eq!(status(log), "decrypted", "{}", log.display());
    }
}

#[test]
fn a_key_that_cannot_be_used_was_given_all_the_same() {
    let (_folder, key) = file("server.key", "junk");
    let output = run(&["--format", "json", "--key", path(&key), "@port25_postfix.pcap"]);
    assert_eq!(code(&output), 2);
    assert!(!stdout(&output).contains("no RSA key was given"));
}

/// The log of a TLS 1.3 session, line by line, with each changed.
fn changed_log(change: impl Fn(&str) -> Vec<String>) -> String {
    let log = lab::read_text(&testdata("tls13.keylog"));
    log.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(change)
        .map(|line| line + "\n")
        .collect()
}

fn examined(log: String) -> Value {
    let (_folder, log) = file("changed.keylog", log);
    let capture = testdata("tls13.pcap");
    let audit = audit(&["--keylog", path(&log), path(&capture)]);
    items(&audit["logged_sessions"]).first().cloned().unwrap_or_default()
}

#[test]
fn a_key_log_is_examined_session_by_session() {
    let as_it_is = |line: &str| vec![line.to_owned()];
    assert_eq!(examined(changed_log(as_it_is)), Value::Null, "nothing is wrong with it");

    let handshake_alone = |line: &str| match line.contains("TRAFFIC_SECRET_0") {
        true => vec![],
        false => vec![line.to_owned()],
    };
    let found = examined(changed_log(handshake_alone));
    assert_eq!(ids_of(&found["missing"]), ["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"]);
    assert!(text(&found["writer"]).contains("before the handshake was over"), "{found}");

    let clients_alone = |line: &str| match line.starts_with("SERVER_") {
        true => vec![],
        false => vec![line.to_owned()],
    };
    let found = examined(changed_log(clients_alone));
    let missing = ["SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"];
    assert_eq!(ids_of(&found["missing"]), missing);
    assert!(text(&found["writer"]).contains("one direction"), "{found}");

    let padded = |line: &str| {
        let secret = line.rsplit(' ').next().expect("a secret");
        vec![format!("{line}{}", "0".repeat(128 - secret.len()))]
    };
    let found = examined(changed_log(padded));
    assert_eq!(items(&found["padded"]), items(&found["present"]));
    assert_eq!(items(&found["missing"]), [] as [Value; 0]);

    let twice = |line: &str| {
        let (head, secret) = line.rsplit_once(' ').expect("a secret");
        vec![line.to_owned(), format!("{head} {}", "ab".repeat(secret.len() / 2))]
    };
    let found = examined(changed_log(twice));
    assert!(ids_of(&found["contradictory"]).contains(&"CLIENT_TRAFFIC_SECRET_0"), "{found}");

    let of_tls12 = |line: &str| {
        let random = line.split(' ').nth(1).expect("a random");
        vec![format!("CLIENT_RANDOM {random} {}", "cd".repeat(48))]
    };
    let found = examined(changed_log(of_tls12));
    assert_eq!(ids_of(&found["wrong_version"]), ["CLIENT_RANDOM"]);
    assert_eq!(items(&found["missing"]).len(), 4);
    assert!(text(&found["writer"]).contains("made for TLS 1.2"), "{found}");
}

fn ids_of(list: &Value) -> Vec<&str> {
    items(list).iter().map(text).collect()
}
