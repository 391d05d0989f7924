//! Secrets stay home: nothing that is printed has a private number, and a password or a message
//! body only where `--reveal` names it.

use std::collections::BTreeSet;

use assert_cmd::Command;
use pkcs8::DecodePrivateKey as _;
use rsa::PrivateKey;
use rsa::traits::PrivateKeyParts as _;

use crate::lab::{self, Lab, items, testdata, text};

/// The keys whose private halves must not appear.
pub(crate) const KEYS: &[&str] = &["server.key", "other.key", "rsa1024.key", "rsa4096.key"];

/// Every way to print a capture.
const MODES: &[&[&str]] = &[
    &["--format", "json"],
    &["--format", "ndjson"],
    &["--format", "csv"],
    &["--format", "text", "-v"],
    &["--timing"],
    &["--packets", "--hex"],
    &["--hex"],
    &["--format", "tcpflow"],
];

fn print(lab: &Lab, options: &[&str], with_keys: bool) -> String {
    let mut command = Command::cargo_bin("smtp-decrypt").expect("the binary");
    command.current_dir(lab::root()).args(options);
    if let Some(keys) = lab.keys.as_ref().filter(|_| with_keys) {
        command.arg("--keys").arg(keys);
    }
    if let Some(log) = lab.keylog.as_ref().filter(|_| with_keys) {
        command.arg("--keylog").arg(log);
    }
    let output = command.args(&lab.files).output().expect("it runs");
    let printed = [output.stdout, output.stderr].concat();
    String::from_utf8(printed).expect("UTF-8")
}

/// The other commands: what they print has no secret either.
const COMMANDS: &[&[&str]] = &[
    &["check", "--policy", "modern", "--policy", "ses", "--format", "text"],
    &["check", "--policy", "no-plaintext-auth", "--format", "json"],
    &["check", "--policy", "modern", "--format", "junit"],
    &["check", "--policy", "modern", "--format", "github"],
    &["compare", "-v"],
    &["compare", "--format", "json"],
    &["export", "flows"],
    &["export", "eml"],
];

/// What a command says on a capture, and what it writes.
fn said_and_written(lab: &Lab, command: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Command::cargo_bin("smtp-decrypt").expect("the binary");
    program.current_dir(lab::root()).args(command);
    match command[0] {
        "export" => _ = program.arg("-o").arg(folder.path()),
        "compare" => _ = program.arg(&lab.files[0]),
        _ => {}
    }
    if let Some(keys) = &lab.keys {
        program.arg("--keys").arg(keys);
    }
    if let Some(log) = &lab.keylog {
        program.arg("--keylog").arg(log);
    }
    let files = if command[0] == "compare" { &lab.files[..1] } else { &lab.files[..] };
    let output = program.args(files).output().expect("it runs");
    let entries = std::fs::read_dir(folder.path()).expect("a folder");
    let written = entries.map(|entry| std::fs::read(entry.expect("one").path()).expect("a file"));
    let all = [output.stdout, output.stderr].into_iter().chain(written).collect::<Vec<_>>();
    String::from_utf8_lossy(&all.concat()).into_owned()
}

/// The secrets of a key log, as it has them and in capitals.
fn logged_secrets(lab: &Lab) -> Vec<String> {
    let text = lab.keylog.as_deref().map(lab::read_text).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let secrets = lines.filter_map(|line| line.split_whitespace().nth(2));
    secrets.flat_map(|secret| [secret.to_lowercase(), secret.to_uppercase()]).collect()
}

/// What the private numbers of a key look like in print: hex, and a list of bytes.
pub(crate) fn private_numbers(name: &str) -> Vec<String> {
    let pem = lab::read_text(&testdata(&format!("pki/{name}")));
    let key = PrivateKey::from_pkcs8_pem(&pem).expect("a key of the test captures");
    let primes = key.primes().iter().map(|prime| prime.to_be_bytes());
    let numbers = primes.chain([key.d().to_be_bytes()]);
    let shown = |bytes: Box<[u8]>| {
        let first = bytes.iter().skip_while(|byte| **byte == 0).take(12);
        let hex: String = first.clone().map(|byte| format!("{byte:02x}")).collect();
        let list: Vec<_> = first.map(ToString::to_string).collect();
        [hex.to_uppercase(), hex, list.join(", ")]
    };
    numbers.flat_map(shown).chain(base64_lines(&pem)).collect()
}

/// The lines of a PEM file that are as long as lines can be.
fn base64_lines(pem: &str) -> Vec<String> {
    let lines: Vec<_> = pem.lines().filter(|line| line.len() == 64).map(String::from).collect();
    assert!(lines.len() > 5);
    lines
}

/// What AUTH carried in a capture, as sent and decoded. Users are no secret.
pub(crate) fn passwords(lab: &Lab) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    for said in lab.connections.iter().flat_map(|connection| items(&connection["dialogue"])) {
        let line = text(&said["c"]);
        if said["auth"] == true {
            secrets.insert(line.to_string());
        }
        if let Some(initial) = line.strip_prefix("AUTH PLAIN ") {
            secrets.insert(initial.to_string());
        }
    }
    let decoded = ["not-a-secret"].map(String::from);
    if secrets.is_empty() { secrets } else { secrets.into_iter().chain(decoded).collect() }
}

/// Lines of the messages of a connection, headers apart, that are long enough to be no accident.
fn body_lines(lab: &Lab, connection: usize) -> Vec<String> {
    let said = lab.stream(connection, "c2s");
    let said = String::from_utf8_lossy(&said).into_owned();
    let messages = said.split("\r\nDATA\r\n").skip(1);
    let bodies = messages.filter_map(|message| {
        let (message, _) = message.split_once("\r\n.\r\n")?;
        Some(message.split_once("\r\n\r\n")?.1)
    });
    bodies.flat_map(str::lines).filter(|line| line.len() > 16).map(String::from).collect()
}

#[test]
fn no_private_number_is_printed() {
    let secrets: Vec<_> = KEYS.iter().flat_map(|name| private_numbers(name)).collect();
    assert!(secrets.len() > 60, "only {} things to look for", secrets.len());
    for lab in Lab::all() {
        let logged = logged_secrets(&lab);
        for options in MODES {
            let options = [options, &["--reveal", "auth,body"][..]].concat();
            let printed = print(&lab, &options, true);
            let found = secrets.iter().chain(&logged).find(|secret| printed.contains(*secret));
            assert!(found.is_none(), "{} {options:?} prints {found:?}", lab.name);
        }
    }
}

#[test]
fn no_command_says_or_writes_a_secret() {
    let private: Vec<_> = KEYS.iter().flat_map(|name| private_numbers(name)).collect();
    let mut looked_for = 0;
    for (n, lab) in Lab::all().into_iter().enumerate() {
        let logged = logged_secrets(&lab);
        looked_for += logged.len();
        // All of them where there is more to tell; elsewhere one after the other.
        let is_rich = !logged.is_empty() || !passwords(&lab).is_empty();
        let turn = n % COMMANDS.len();
        let commands = if is_rich { COMMANDS } else { &COMMANDS[turn..=turn] };
        // Mails are what `export eml` is for; of AUTH nothing is in them.
        let secrets: Vec<_> =
            private.iter().chain(&logged).cloned().chain(passwords(&lab)).collect();
        for command in commands {
            let said = said_and_written(&lab, command);
            let found = secrets.iter().find(|secret| said.contains(*secret));
            assert!(found.is_none(), "{} {command:?} tells {found:?}", lab.name);
        }
    }
    assert!(looked_for > 100, "only {looked_for} secrets of key logs to look for");
}

#[test]
fn passwords_are_printed_only_where_they_are_asked_for() {
    let labs: Vec<_> = Lab::all().into_iter().filter(|lab| !passwords(lab).is_empty()).collect();
    assert_eq!(labs.len(), 4);
    for lab in &labs {
        let secrets = passwords(lab);
        for (options, with_keys) in MODES.iter().flat_map(|mode| [(mode, true), (mode, false)]) {
            let printed = print(lab, &[options, &["--reveal", "body"][..]].concat(), with_keys);
            let found = secrets.iter().find(|secret| printed.contains(*secret));
            assert!(found.is_none(), "{} {options:?} prints {found:?}", lab.name);
        }
        let revealed = print(lab, &["--format", "json", "--reveal", "auth"], true);
        let shown = secrets.iter().filter(|secret| revealed.contains(*secret)).count();
        assert!(shown >= 1, "{}: --reveal auth reveals nothing", lab.name);
    }
}

#[test]
fn message_bodies_are_printed_only_where_they_are_asked_for() {
    let mut looked_for = 0;
    for lab in Lab::all() {
        let connections = 0..lab.connections.len();
        let lines: Vec<_> = connections.flat_map(|index| body_lines(&lab, index)).collect();
        looked_for += lines.len();
        for (options, with_keys) in MODES.iter().flat_map(|mode| [(mode, true), (mode, false)]) {
            let printed = print(&lab, &[options, &["--reveal", "auth"][..]].concat(), with_keys);
            let found = lines.iter().find(|line| printed.contains(*line));
            assert!(found.is_none(), "{} {options:?} prints {found:?}", lab.name);
        }
    }
    assert!(looked_for > 60, "only {looked_for} lines to look for");
}

#[test]
fn a_body_that_is_asked_for_is_shown() {
    let lab = Lab::load("several_mails");
    let lines = body_lines(&lab, 0);
    let printed = print(&lab, &["--format", "json", "--reveal", "body"], true);
    assert!(lines.iter().any(|line| printed.contains(line)), "{lines:?}");
}
