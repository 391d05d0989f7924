//! Every command of ours in a `console` block of the documentation is run, and has to end and to
//! print as the page says.
//!
//! * A line `$ ...` is a command; a `\` at its end goes on in the next line. It is run, by `sh`, if
//!   `smtp-decrypt` is one of its programs.
//! * `# 2` behind it is its exit code; without a number there it is 0.
//! * Lines below it are what it prints, on either stream: all of them, one below the other, as they
//!   are. A line `...` stands for any number of lines, and `...` in a line for any text.
//!
//! A page is run in a folder of its own, which looks like a clone of the project and also has the
//! files of [`fixtures`], so that a page may say `keys.list` and `capture.pcap`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use tempfile::TempDir;

use crate::lab::{self, testdata};

/// Longer than any command takes; one that waits for more is a mistake of the page.
const PATIENCE: Duration = Duration::from_secs(60);

/// A shell's code for a program that is not installed (jq, openssl).
const NOT_FOUND: i32 = 127;

/// What may stand in front of `smtp-decrypt` in a pipe, and is played by a capture.
const REMOTE: &str = "ssh";

/// What a page may name, and what it is.
fn fixtures() -> BTreeMap<&'static str, PathBuf> {
    BTreeMap::from([
        // Plain, RSA, ECDHE and TLS 1.3, one session each, and the secrets of the latter two.
        ("capture.pcap", testdata("mixed.pcap")),
        ("mail.pcap", testdata("mixed.pcap")),
        ("session.keylog", testdata("mixed.keylog")),
        ("captures/1.pcap", testdata("rotated.0.pcap")),
        ("captures/2.pcap", testdata("rotated.1.pcap")),
        ("captures/3.pcap", testdata("rotated.2.pcap")),
        ("captures/4.pcap", testdata("rotated.3.pcap")),
        ("capture_1.pcap", testdata("rotated.0.pcap")),
        ("capture_2.pcap", testdata("rotated.1.pcap")),
        ("good.pcap", testdata("tls12_aes128_sha.pcap")),
        ("bad.pcap", testdata("starttls_refused.pcap")),
        ("server.key", testdata("pki/server.key")),
        ("server.crt", testdata("pki/server.crt")),
    ])
}

/// Files of a page that are written, and their text.
const WRITTEN: &[(&str, &str)] = &[
    ("keys.list", "any,any,smtp,server.key\n"),
    ("passwords", "x\n"),
    (
        "home/.config/wireshark/profiles/mail/ssl_keys",
        "\"\",\"\",\"\",\"../../../../../server.key\",\"\"\n",
    ),
    ("home/.config/wireshark/rsa_keys", "\"../../../server.key\",\"\"\n"),
    ("bin/ssh", "#!/bin/sh\nexec cat capture.pcap\n"),
];

/// Folders of the project that pages name.
const LINKED: &[&str] = &["testdata", "policies", "keys-example", "docs", "benches"];

/// A command of a page.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    /// Where its first line is, from 1.
    line: usize,
    command: String,
    code: i32,
    output: Vec<String>,
}

/// The commands in the `console` blocks of `page`.
fn commands(page: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let (mut in_block, mut goes_on) = (false, false);
    for (number, line) in (1..).zip(page.lines()) {
        match line.strip_prefix("$ ") {
            _ if line.starts_with("```") => {
                (in_block, goes_on) = (line == "```console", false);
            }
            _ if !in_block => {}
            Some(command) => {
                found.push(Shown {
                    line: number,
                    command: command.into(),
                    code: 0,
                    output: vec![],
                });
                goes_on = command.ends_with('\\');
            }
            None => {
                let Some(last) = found.last_mut() else { continue };
                match goes_on {
                    true => last.command += &format!("\n{line}"),
                    false => last.output.push(line.into()),
                }
                goes_on &= line.ends_with('\\');
            }
        }
    }
    for shown in &mut found {
        shown.code = code_behind(&shown.command).unwrap_or(0);
    }
    found
}

/// The number in a comment at the end of a command.
fn code_behind(command: &str) -> Option<i32> {
    let (_, comment) = command.rsplit_once(" # ")?;
    let digits: String = comment.trim().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Whether one of the programs of a command is ours: the first word of a part of a pipe, behind
/// variables that are set.
fn is_ours(command: &str) -> bool {
    command.split('|').any(|part| {
        let is_set =
            |word: &&str| word.split_once('=').is_some_and(|(name, _)| !name.contains('-'));
        part.split_whitespace().find(|word| !is_set(word)) == Some("smtp-decrypt")
    })
}

/// Whether `printed` has the lines of `shown`, one below the other, but for what `...` stands for.
fn shows(printed: &str, shown: &[String]) -> bool {
    let lines: Vec<_> = printed.lines().map(str::trim_end).collect();
    (0..=lines.len()).any(|start| begins_with(&lines[start..], shown))
}

fn begins_with(lines: &[&str], shown: &[String]) -> bool {
    match shown {
        [] => true,
        [dots, rest @ ..] if dots.trim() == "..." => {
            (0..=lines.len()).any(|skipped| begins_with(&lines[skipped..], rest))
        }
        [first, rest @ ..] => {
            lines.first().is_some_and(|line| is_line(line, first)) && begins_with(&lines[1..], rest)
        }
    }
}

fn is_line(line: &str, shown: &str) -> bool {
    let mut parts = shown.trim_end().split("...");
    let Some(mut rest) = parts.next().and_then(|head| line.strip_prefix(head)) else {
        return false;
    };
    let mut last = "";
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = part;
    }
    rest.is_empty() || (shown.contains("...") && (last.is_empty() || line.ends_with(last)))
}

/// A folder in which a page is run.
fn stage() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        path
    };
    for name in LINKED {
        symlink(lab::root().join(name), place(name)).expect("linked");
    }
    for (name, origin) in fixtures() {
        fs::copy(&origin, place(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    for (name, text) in WRITTEN {
        fs::write(place(name), text).expect("written");
    }
    fs::create_dir(folder.path().join("target")).expect("made");
    executable(&folder.path().join("bin").join(REMOTE));
    folder
}

fn executable(path: &Path) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
}

/// What is wrong with a command, run in `folder`.
fn fault(shown: &Shown, folder: &Path) -> Option<String> {
    let ours = assert_cmd::cargo::cargo_bin("smtp-decrypt");
    let ours = ours.parent().expect("a folder").display().to_string();
    let stubs = folder.join("bin").display().to_string();
    let others = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {}\n}} 2>&1", shown.command)])
        .current_dir(folder)
        .env("PATH", [stubs, ours, others].join(":"))
        .env("HOME", folder.join("home"))
        .env("NO_COLOR", "1")
        .env_remove("WIRESHARK_CONFIG_DIR")
        .env_remove("XDG_CONFIG_HOME")
        .timeout(PATIENCE)
        .output()
        .expect("sh");
    let printed = String::from_utf8_lossy(&output.stdout);
    let code = output.status.code();
    if code == Some(NOT_FOUND) {
        println!("skipped, a program is not installed: {}\n{printed}", shown.command);
        return None;
    }
    let is_right = code == Some(shown.code) && shows(&printed, &shown.output);
    (!is_right).then(|| format!("$ {}\nended with {code:?} and printed\n{printed}", shown.command))
}

/// The README and the pages of `docs/`.
fn pages() -> Vec<PathBuf> {
    let root = lab::root();
    let docs =
        fs::read_dir(root.join("docs")).expect("docs").map(|entry| entry.expect("a file").path());
    let mut pages: Vec<_> =
        docs.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    pages.extend([root.join("README.md"), root.join("keys-example/README.md")]);
    pages.sort();
    pages
}

#[test]
fn the_commands_of_every_page_end_and_print_as_it_says() {
    let (mut faults, mut run) = (Vec::new(), 0);
    for page in pages() {
        let stage = stage();
        for shown in commands(&lab::read_text(&page)).iter().filter(|shown| is_ours(&shown.command))
        {
            run += 1;
            let found = fault(shown, stage.path());
            faults.extend(found.map(|fault| format!("{}:{}: {fault}", page.display(), shown.line)));
        }
    }
    assert!(run > 40, "only {run} commands found");
    assert!(faults.is_empty(), "{} of {run}:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_reader_of_pages_sees_codes_continuations_and_output() {
    let page = "$ no block\n```console\n$ a \\\n  b    # 3\none\n...\n$ smtp-decrypt x  # a word\n```\n```text\n$ c\n```\n";
    let [first, second] = &commands(page)[..] else { panic!("two commands") };
    assert_eq!((first.line, first.code, first.command.as_str()), (3, 3, "a \\\n  b    # 3"));
    assert_eq!(first.output, ["one", "..."]);
    assert_eq!((second.code, second.output.len()), (0, 0));
}

#[test]
fn ours_is_what_runs_smtp_decrypt_and_not_what_names_it() {
    for ours in ["smtp-decrypt x", "A=b smtp-decrypt x", "ssh h cat | smtp-decrypt - | jq ."] {
        assert!(is_ours(ours), "{ours}");
    }
    for other in
        ["cargo install smtp-decrypt", "SSLKEYLOGFILE=x client", "tshark -o 'smtp-decrypt'"]
    {
        assert!(!is_ours(other), "{other}");
    }
}

#[test]
fn what_is_shown_is_held_but_for_its_dots() {
    let printed = "one\ntwo words\nthree\nfour";
    let shows =
        |lines: &[&str]| shows(printed, &lines.iter().map(|&l| l.into()).collect::<Vec<_>>());
    assert!(shows(&[]) && shows(&["one", "two words"]) && shows(&["three"]));
    assert!(shows(&["one", "...", "four"]) && shows(&["tw... words", "th..."]));
    assert!(!shows(&["one", "three"]) && !shows(&["two"]) && !shows(&["four", "one"]));
    assert!(!shows(&["tw...x"]) && !shows(&["...x"]));
}
