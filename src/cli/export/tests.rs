//! Every capture of `testdata` exported, against what its two ends recorded.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::*;
use crate::cli::args::{Cli, Command};
use crate::hex::hex;
use crate::testdata::{find, scenarios};

/// A file of `testdata/` as an argument.
fn shown(file: &str) -> String {
    find(file).display().to_string()
}

/// A capture and the truth about it.
struct Recorded {
    name: String,
    truth: Value,
}

impl Recorded {
    fn all() -> Vec<Self> {
        let name = |folder: &PathBuf| folder.file_name().unwrap().to_str().unwrap().to_owned();
        scenarios().iter().map(|folder| Self::named(&name(folder))).collect()
    }

    fn named(name: &str) -> Self {
        let text = fs::read(find(&format!("{name}.json"))).unwrap();
        Self { name: name.to_owned(), truth: serde_json::from_slice(&text).unwrap() }
    }

    fn export(&self, kind: &str, more: &[&str]) -> Exported {
        let dir = TempDir::new().unwrap();
        let (exit, list) = self.export_to(dir.path(), kind, more).unwrap();
        Exported { dir, exit, list }
    }

    fn export_to(&self, dir: &Path, kind: &str, more: &[&str]) -> anyhow::Result<(Exit, String)> {
        let mut line = vec!["smtp-decrypt".to_owned(), "export".to_owned(), kind.to_owned()];
        line.extend([
            "-q".to_owned(),
            "--no-sandbox".to_owned(),
            "-o".to_owned(),
            dir.display().to_string(),
        ]);
        line.extend(more.iter().map(ToString::to_string));
        if let Some(keys) = self.truth["keys"].as_str() {
            line.extend(["--keys".to_owned(), shown(keys)]);
        }
        let files = self.truth["files"].as_array().unwrap();
        line.extend(files.iter().map(|file| shown(file.as_str().unwrap())));
        let Some(Command::Export(args)) = Cli::try_parse_from(line).unwrap().command else {
            panic!("no export");
        };
        let mut list = Vec::new();
        let exit = run_to(&args, &mut list)?;
        Ok((exit, String::from_utf8(list).unwrap()))
    }

    fn connections(&self) -> &Vec<Value> {
        self.truth["connections"].as_array().unwrap()
    }

    fn is_complete(&self) -> bool {
        self.truth["complete"].as_bool().unwrap()
    }

    /// What was sent in a direction, `c2s` or `s2c`.
    fn stream(&self, connection: &Value, direction: &str) -> Vec<u8> {
        let path = find(&format!("{}.{}.{direction}", self.name, connection["n"]));
        fs::read(path).unwrap()
    }

    /// A renegotiation changes to keys that the key list does not open.
    fn closes_again(&self, connection: &Value) -> bool {
        let renegotiated = [&connection["renegotiation"], &connection["tls"]["renegotiation"]];
        renegotiated.iter().any(|value| !value.is_null()) && !is_readable(connection)
    }

    /// What can be known of it with the key list.
    fn readable(&self, connection: &Value, direction: &str) -> Vec<u8> {
        let mut stream = self.stream(connection, direction);
        if !is_readable(connection) {
            let plain = connection["plain_bytes"][direction].as_u64().unwrap();
            stream.truncate(plain.try_into().unwrap());
        }
        stream
    }
}

fn is_readable(connection: &Value) -> bool {
    let tls = &connection["tls"];
    tls.is_null() || tls["decryptable_with_keys"] == true
}

struct Exported {
    dir: TempDir,
    exit: Exit,
    list: String,
}

impl Exported {
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (name(&path), fs::read(&path).unwrap()))
            .collect()
    }

    /// A direction of a connection; empty if there is no file.
    fn stream(&self, connection: &Value, direction: &str) -> Vec<u8> {
        let end = |which: &str| connection[which].as_str().unwrap().parse().unwrap();
        let (client, server) = (end("client"), end("server"));
        let (source, destination) =
            if direction == "c2s" { (client, server) } else { (server, client) };
        let (start, session) = (crate::moment::Timestamp(0), 0);
        let stream = crate::render::flow_name::Stream { source, destination, start, session };
        let name = Template::parse(DEFAULT_TEMPLATE).unwrap().name(&stream, 0);
        fs::read(self.dir.path().join(name)).unwrap_or_default()
    }
}

#[test]
fn streams_are_what_both_ends_recorded_and_no_ciphertext_is_among_them() {
    let mut compared = 0;
    for recorded in Recorded::all().iter().filter(|recorded| recorded.is_complete()) {
        let exported = recorded.export("flows", &["--reveal", "auth"]);
        for connection in recorded.connections() {
            for direction in ["c2s", "s2c"] {
                let expected = recorded.readable(connection, direction);
                let found = exported.stream(connection, direction);
                let label = format!("{}.{}.{direction}", recorded.name, connection["n"]);
                // What came before a renegotiation to keys that are not to be had is known too.
                let whole = recorded.stream(connection, direction);
                let is_more = recorded.closes_again(connection) && whole.starts_with(&found);
                let is_right = found == expected || is_more;
                assert!(is_right, "{label}: {} of {}", found.len(), expected.len());
                compared += 1;
            }
        }
    }
    assert!(compared >= 100, "only {compared} streams");
}

#[test]
fn what_a_damaged_capture_gives_is_part_of_what_was_sent() {
    for recorded in Recorded::all().iter().filter(|recorded| !recorded.is_complete()) {
        let exported = recorded.export("flows", &["--reveal", "auth"]);
        for (connection, direction) in
            recorded.connections().iter().flat_map(|c| [(c, "c2s"), (c, "s2c")])
        {
            let found = exported.stream(connection, direction);
            // Nothing but what was sent, in its order, with gaps.
            let mut sent = recorded.stream(connection, direction).into_iter();
            let is_sent = found.iter().all(|byte| sent.any(|sent| sent == *byte));
            assert!(is_sent, "{} {direction}: {found:?}", recorded.name);
        }
    }
}

#[test]
fn secrets_are_masked_byte_for_byte_unless_revealed() {
    let secrets = [("auth_login_ok", &["AUTH LOGIN"][..]), ("auth_plain_failed", &["AUTH PLAIN "])];
    for (name, shown) in secrets {
        let recorded = Recorded::named(name);
        let connection = &recorded.connections()[0];
        let masked = recorded.export("flows", &[]).stream(connection, "c2s");
        let sent = recorded.stream(connection, "c2s");
        assert_eq!(masked.len(), sent.len());
        let hidden: Vec<u8> =
            (0..sent.len()).filter(|&i| masked[i] != sent[i]).map(|i| masked[i]).collect();
        assert!(hidden.len() > 10 && hidden.iter().all(|&byte| byte == b'*'), "{name}");
        let text = String::from_utf8(masked).unwrap();
        assert!(shown.iter().all(|part| text.contains(part)), "{text}");
        for line in String::from_utf8(sent).unwrap().lines() {
            let secret = line.strip_prefix("AUTH PLAIN ").unwrap_or(line);
            let is_command = secret == line && text.contains(line);
            assert!(is_command || !text.contains(secret), "{secret} is shown in {name}");
        }
    }
}

#[test]
fn mails_are_the_bytes_that_the_servers_stored() {
    let mut compared = 0;
    for recorded in Recorded::all().iter().filter(|recorded| recorded.is_complete()) {
        let exported = recorded.export("eml", &[]);
        let files = exported.files();
        let hash = |bytes: &[u8]| hex(&Sha256::digest(bytes));
        let mut found: Vec<_> = files
            .iter()
            .filter(|(name, _)| name.ends_with(".eml"))
            .map(|(_, bytes)| hash(bytes))
            .collect();
        for connection in recorded.connections().iter().filter(|c| is_readable(c)) {
            for message in connection["messages"].as_array().unwrap() {
                // A message that never came to its end was not stored either.
                let Some(sha256) = message["sha256"].as_str() else { continue };
                let at = found.iter().position(|hash| hash == sha256);
                found.remove(at.unwrap_or_else(|| panic!("{}: {message}", recorded.name)));
                compared += 1;
            }
        }
    }
    assert!(compared >= 40, "only {compared} mails");
}

#[test]
fn envelopes_tell_of_each_mail_what_is_not_in_it() {
    let recorded = Recorded::named("several_mails");
    let files = recorded.export("eml", &[]).files();
    let envelopes: Value = serde_json::from_slice(&files["envelopes.json"]).unwrap();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["0001-1.eml", "0001-2.eml", "0001-3.eml", "envelopes.json"]);
    let messages = recorded.connections()[0]["messages"].as_array().unwrap();
    for ((n, message), envelope) in (1..).zip(messages).zip(envelopes.as_array().unwrap()) {
        assert_eq!(envelope["file"], format!("0001-{n}.eml"));
        assert_eq!((&envelope["session"], &envelope["complete"]), (&1.into(), &true.into()));
        for field in ["from", "to", "rejected_to", "bytes", "sha256", "accepted"] {
            assert_eq!(envelope[field], message[field], "{field} of mail {n}");
        }
        assert!(envelope["queue_id"].is_string() && envelope["reply"]["code"] == 250);
    }
}

#[test]
fn a_mail_cut_short_is_marked_so() {
    let files = Recorded::named("truncated_file").export("eml", &[]).files();
    assert!(!files.contains_key("0001-1.eml"));
    let envelopes: Value = serde_json::from_slice(&files["envelopes.json"]).unwrap();
    for envelope in envelopes.as_array().unwrap() {
        assert_eq!((&envelope["complete"], &envelope["sha256"]), (&false.into(), &Value::Null));
        assert!(files.contains_key(envelope["file"].as_str().unwrap()));
    }
}

#[test]
fn files_are_listed_and_nothing_else_stays() {
    let exported = Recorded::named("mixed").export("flows", &["--session", "2", "--name", "%N/%a"]);
    let path = |port: &str| exported.dir.path().join("002").join(port).display().to_string();
    let lines: Vec<Vec<&str>> =
        exported.list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((lines.len(), exported.exit), (2, Exit::Done));
    assert_eq!(lines[1], [path("00025").as_str(), "502", "2"]);
    assert_eq!(fs::read_dir(exported.dir.path()).unwrap().count(), 1);
    assert_eq!(fs::read(lines[1][0]).unwrap().len(), 502);
}

#[test]
fn files_that_exist_stay_without_force() {
    let dir = TempDir::new().unwrap();
    let recorded = Recorded::named("plain");
    recorded.export_to(dir.path(), "flows", &[]).unwrap();
    let files = || -> Vec<PathBuf> {
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let written = files();
    fs::write(&written[0], "mine").unwrap();
    let error = recorded.export_to(dir.path(), "flows", &[]).unwrap_err().to_string();
    assert!(error.contains("exists; --force overwrites"), "{error}");
    assert_eq!(fs::read(&written[0]).unwrap(), b"mine");
    recorded.export_to(dir.path(), "flows", &["--force"]).unwrap();
    assert_ne!(fs::read(&written[0]).unwrap(), b"mine");
    assert_eq!(files().len(), written.len());
}

#[test]
fn a_wrong_name_is_told_before_anything_is_done() {
    let dir = TempDir::new().unwrap();
    let inside = dir.path().join("new");
    for (kind, name) in [("flows", "%x"), ("flows", "../%A"), ("eml", "%A")] {
        assert!(Recorded::named("plain").export_to(&inside, kind, &["--name", name]).is_err());
    }
    assert!(!inside.exists());
}
