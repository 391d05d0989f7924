//! `--wireshark-profile`, with tshark as the judge of what a profile is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::cli::{code, path, smtp_decrypt, stderr, stdout};
use crate::lab;

const CAPTURE: &str = "@tls12_aes128_gcm_sha256.pcap";
const CAPTURE13: &str = "@tls13.pcap";

/// A configuration of Wireshark with the profile `mail`.
struct Configuration {
    folder: TempDir,
}

impl Configuration {
    /// With these files, by their path in it.
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("profiles/mail")).expect("made");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        Self { folder }
    }

    fn mail(&self) -> PathBuf {
        self.folder.path().join("profiles/mail")
    }

    /// The commands of a capture that tshark sees with the profile; none without tshark.
    fn seen_by_tshark(&self, capture: &str) -> Option<String> {
        let fields = ["-Y", "smtp.req.command", "-T", "fields", "-e", "smtp.req.command"];
        let output = Command::new("tshark")
            .current_dir(lab::root())
            .env("WIRESHARK_CONFIG_DIR", self.folder.path())
            .args(lab::arguments(&["-C", "mail", "-r", capture]))
            .args(fields)
            .output()
            .ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn opens_here(&self, capture: &str) -> bool {
        let output = smtp_decrypt(&["--require-decrypted", "--wireshark-profile", "mail", capture])
            .env("WIRESHARK_CONFIG_DIR", self.folder.path())
            .output()
            .expect("it runs");
        match code(&output) {
            0 => true,
            4 => false,
            other => panic!("{other}: {}", stderr(&output)),
        }
    }

    /// What both say.
    fn opens(&self, capture: &str) -> bool {
        let here = self.opens_here(capture);
        match self.seen_by_tshark(capture) {
            Some(seen) => assert_eq!(seen.contains("MAIL"), here, "tshark saw {seen}"),
            None => println!("skipped: tshark is not installed"),
        }
        here
    }
}

fn testdata(name: &str) -> String {
    lab::testdata(name).display().to_string()
}

/// The path of the key with a character escaped, as Wireshark writes those that need it.
fn key() -> String {
    testdata("pki/server.key").replace("server", r"\x73erver")
}

#[test]
fn a_profile_opens_here_what_it_opens_in_tshark() {
    let uat =
        format!("# made by Wireshark\n\n\"127.0.0.1\",\"start_tls\",\"smtp\",\"{}\",\"\"\n", key());
    let rsa = format!("\"{}\",\"\"\n", key());
    let list = format!("ssl.keys_list: 127.0.0.1,start_tls,smtp,{}\n", testdata("pki/server.key"));
    let log = format!("gui.x: 1\ntls.keylog_file: {}\n", testdata("tls13.keylog"));
    let old_log = log.replace("tls.keylog", "ssl.keylog");
    for (name, text, capture) in [
        ("profiles/mail/ssl_keys", uat, CAPTURE),
        ("rsa_keys", rsa, CAPTURE),
        ("profiles/mail/preferences", list, CAPTURE),
        ("profiles/mail/preferences", log.clone(), CAPTURE13),
        ("profiles/mail/preferences", old_log, CAPTURE13),
        ("profiles/mail/preferences", log.replace(": /", ":\n  /"), CAPTURE13),
    ] {
        let configuration = Configuration::of(&[("profiles/mail/recent", ""), (name, &text)]);
        assert!(configuration.opens(capture), "{name}:\n{text}");
    }
}

#[test]
fn what_a_profile_has_commented_out_opens_nothing() {
    let log = format!("#tls.keylog_file: {}\n", testdata("tls13.keylog"));
    let configuration = Configuration::of(&[("profiles/mail/preferences", &log)]);
    assert!(!configuration.opens(CAPTURE13));
}

fn run_with(folder: &Path) -> std::process::Output {
    smtp_decrypt(&["--wireshark-profile", path(folder), CAPTURE]).output().expect("it runs")
}

#[test]
fn faults_of_a_profile_are_located() {
    let configuration = Configuration::of(&[
        ("profiles/mail/ssl_keys", "\"any\",\"70000\",\"smtp\",\"/k\",\"\"\n"),
        ("rsa_keys", "\n\"/no/such.key\",\"\"\n"),
        ("profiles/mail/preferences", "x: 1\ntls.keylog_file: /no/such.log\n"),
    ]);
    let output = run_with(&configuration.mail());
    assert_eq!(code(&output), 2);
    for place in
        ["ssl_keys:1:7: no port: ", "rsa_keys:2:1: the file ", "preferences:2:18: the file "]
    {
        assert!(stderr(&output).contains(place), "{place}\n{}", stderr(&output));
    }
    assert!(stdout(&output).contains("== Session 1"), "the capture is shown all the same");
}

#[test]
fn what_is_no_profile_or_names_no_key_is_told() {
    let nothing = Configuration::of(&[]);
    let output = run_with(&nothing.mail());
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("no Wireshark profile"), "{}", stderr(&output));
    let output = run_with(Path::new("no-such-profile"));
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("profiles/no-such-profile"), "{}", stderr(&output));
    let no_key = Configuration::of(&[("profiles/mail/preferences", "gui.x: 1\n")]);
    let output = run_with(&no_key.mail());
    assert_eq!(code(&output), 0);
    assert!(stderr(&output).contains("names neither a key nor a key log"), "{}", stderr(&output));
}

#[test]
fn what_a_profile_names_and_is_made_of_is_never_overwritten() {
    let keys = tempfile::tempdir().expect("a folder");
    let (key, log) = (keys.path().join("mail.key"), keys.path().join("mail.keylog"));
    fs::copy(testdata("pki/server.key"), &key).expect("copied");
    fs::copy(testdata("tls13.keylog"), &log).expect("copied");
    let (rsa, preferences) =
        (format!("\"{}\",\"\"\n", path(&key)), format!("tls.keylog_file: {}\n", path(&log)));
    let configuration =
        Configuration::of(&[("rsa_keys", &rsa), ("profiles/mail/preferences", &preferences)]);
    let own = configuration.mail().join("preferences");
    for file in [&key, &log, &own] {
        let before = fs::read(file).expect("a file");
        let line =
            ["--wireshark-profile", path(&configuration.mail()), "-o", path(file), CAPTURE13]
                .map(str::to_owned);
        let output = smtp_decrypt(&line.each_ref().map(String::as_str)).output().expect("it runs");
        assert_eq!(code(&output), 2, "{}: {}", path(file), stderr(&output));
        assert!(stderr(&output).contains("would overwrite the input"), "{}", stderr(&output));
        assert_eq!(fs::read(file).expect("still there"), before);
    }
}
