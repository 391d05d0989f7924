//! Secrets stay home: nothing that is printed has a private number, and a password or a message
//! body only where `--reveal` names it.

use std::collections::BTreeSet;

use assert_cmd::Command;
use pkcs8::DecodePrivateKey as _;
use rsa::RsaPrivateKey;
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
    let output = command.args(&lab.files).output().expect("it runs");
    let printed = [output.stdout, output.stderr].concat();
    String::from_utf8(printed).expect("UTF-8")
}

/// What the private numbers of a key look like in print: hex, and a list of bytes.
pub(crate) fn private_numbers(name: &str) -> Vec<String> {
    let pem = lab::read_text(&testdata(&format!("pki/{name}")));
    let key = RsaPrivateKey::from_pkcs8_pem(&pem).expect("a key of the test captures");
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
        for options in MODES {
            let options = [options, &["--reveal", "auth,body"][..]].concat();
            let printed = print(&lab, &options, true);
            let found = secrets.iter().find(|secret| printed.contains(*secret));
            assert!(found.is_none(), "{} {options:?} prints {found:?}", lab.name);
        }
    }
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
