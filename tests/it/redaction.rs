//! `--redact addresses`: no mailbox, no domain and no address of any test capture is in what is
//! printed. What to look for comes from the truth: what the ends said and where they were.

use std::collections::BTreeSet;
use std::fs;

use assert_cmd::Command;
use serde_json::Value;

use crate::lab::{self, Lab, items, text};

/// Every way to print a capture.
const MODES: &[&[&str]] = &[
    &["--format", "json"],
    &["--format", "text"],
    &["--format", "csv"],
    &["--format", "ndjson"],
    &["--timing"],
];

fn print(lab: &Lab, options: &[&str]) -> String {
    let mut command = Command::cargo_bin("smtp-decrypt").expect("the binary");
    command.current_dir(lab::root()).args(options).args(["--redact", "addresses", "-q"]);
    if let Some(keys) = &lab.keys {
        command.arg("--keys").arg(keys);
    }
    let output = command.args(&lab.files).output().expect("it runs");
    String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
}

/// Words that have the shape of a mailbox, a domain or an IPv4 address.
fn shaped(said: &str) -> impl Iterator<Item = &str> {
    let is_of = |c: char| c.is_ascii_alphanumeric() || "@.-_+".contains(c);
    let words = said.split(move |c: char| !is_of(c)).map(|word| word.trim_matches(['.', '-']));
    words.filter(|word| {
        let labels: Vec<_> = word.split(['.', '@']).collect();
        let last = labels.last().copied().unwrap_or_default();
        let is_name = last.len() > 1 && last.chars().all(|c| c.is_ascii_alphabetic());
        let is_ip = labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok());
        labels.len() > 1 && !labels.contains(&"") && (is_name || is_ip)
    })
}

/// What must not be printed: of the dialogue, the envelopes and the headers. Bodies are not
/// printed anyway.
fn originals(lab: &Lab) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for connection in &lab.connections {
        let said = items(&connection["dialogue"]).iter();
        let said = said.flat_map(|said| items(&said["r"]).iter().chain([&said["c"]]));
        let lines: Vec<_> = said.filter_map(Value::as_str).collect();
        lines.iter().for_each(|line| found.extend(shaped(line).map(str::to_lowercase)));
        let names = lines.iter().filter_map(|line| line.strip_prefix("EHLO "));
        found.extend(names.map(str::to_lowercase));
        for end in ["client", "server"] {
            let (ip, _) = text(&connection[end]).rsplit_once(':').expect("an end");
            found.insert(ip.trim_matches(['[', ']']).to_owned());
        }
        for mail in items(&connection["messages"]) {
            let all = items(&mail["to"]).iter().chain(items(&mail["rejected_to"]));
            found.extend(all.chain([&mail["from"]]).map(|path| text(path).to_lowercase()));
        }
    }
    // A name of two letters is in half of all words.
    found.retain(|name| name.len() > 2 && name != "client" && name != "mail");
    found
}

#[test]
fn no_name_and_no_address_of_a_test_capture_is_printed() {
    let mut looked_for = 0;
    for lab in Lab::all() {
        let originals = originals(&lab);
        looked_for += originals.len();
        for options in MODES {
            let printed = print(&lab, options).to_lowercase();
            assert!(printed.contains("10.0.0.1") || printed.contains("2001:db8"), "{}", lab.name);
            // `::1` ends the pseudonym of an IPv6 address.
            let printed = printed.replace("2001:db8::1", "");
            // Text is wrapped: a long name may be cut at the end of a line.
            let joined = printed.split_whitespace().collect::<String>();
            let found = originals
                .iter()
                .find(|name| printed.contains(*name) || (name.len() > 9 && joined.contains(*name)));
            assert!(found.is_none(), "{} {options:?} prints {found:?}", lab.name);
        }
    }
    assert!(looked_for > 500, "only {looked_for} names looked for");
}

#[test]
fn the_same_name_has_the_same_pseudonym_everywhere_and_the_report_is_valid() {
    let lab = Lab::load("several_mails");
    let report: Value = serde_json::from_str(&print(&lab, &["--format", "json"])).expect("JSON");
    crate::schema::assert_valid(&report);
    let smtp = &report["sessions"][0]["smtp"];
    let sender = text(&smtp["mails"][0]["from"]);
    assert!(sender.contains('@') && sender.ends_with(".invalid"), "{sender}");
    let mails = items(&smtp["exchanges"]).iter().filter(|said| said["verb"] == "MAIL");
    let quoted = mails.filter(|said| text(&said["command"]).contains(&format!("<{sender}>")));
    assert!(quoted.count() >= 1, "{smtp}");
    let name = text(&smtp["helo"]["name"]);
    let greeted =
        items(&smtp["exchanges"]).iter().any(|said| said["command"] == format!("EHLO {name}"));
    assert!(greeted, "{name}");
}

#[test]
fn the_map_tells_whom_the_pseudonyms_stand_for_and_is_the_owners_alone() {
    let lab = Lab::load("plain");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("map");
    let path = path.to_str().expect("UTF-8");
    let printed = print(&lab, &["--format", "json", "--redact-map", path]);
    let report: Value = serde_json::from_str(&printed).expect("JSON");
    let map = fs::read_to_string(path).expect("a map");
    let ip = text(&report["sessions"][0]["client"]["ip"]);
    let truth = text(&lab.connections[0]["client"]).rsplit_once(':').expect("an end").0.to_owned();
    assert!(map.lines().any(|line| line == format!("{ip}\t{truth}")), "{map}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).expect("a map").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn nothing_can_be_revealed_and_redacted_at_once() {
    let lab = Lab::load("plain");
    let said = print(&lab, &["--reveal", "body"]);
    assert!(said.contains("cannot be used with"), "{said}");
}
