//! The binary as its users meet it: exit codes, messages, streams.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

use crate::lab::{self, Lab, items, testdata};
use crate::schema;
use crate::wire::{self, Talk};

const CAPTURE: &str = "@tls12_aes128_sha.pcap";
const KEYS: &str = "@tls12_aes128_sha.keys";

pub(crate) fn smtp_decrypt(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("smtp-decrypt").expect("the binary");
    command.current_dir(lab::root()).env("NO_COLOR", "").args(lab::arguments(arguments));
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    smtp_decrypt(arguments).output().expect("it runs")
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("no signal")
}

pub(crate) fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

pub(crate) fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

/// What was said on standard error, but for the rights of the test keys, which a checkout decides.
pub(crate) fn complaints(output: &Output) -> String {
    let lines = stderr(output).lines().filter(|line| !line.ends_with("keeps secrets secret"));
    lines.collect()
}

fn report(output: &Output) -> Value {
    let report = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
    schema::assert_valid(&report);
    report
}

/// A file of this content in a folder of its own.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("written");
    (folder, path)
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A key list with the row of a capture's server, between `before` and `after`.
fn key_list(before: &str, after: &str) -> (TempDir, PathBuf) {
    let key = testdata("pki/server.key");
    file("keys.list", format!("{before}127.0.0.1,587,smtp,{}\n{after}", path(&key)))
}

#[test]
fn the_main_job_shows_the_mail_and_exits_with_0() {
    let output = run(&["--keys", KEYS, CAPTURE]);
    assert_eq!((code(&output), complaints(&output)), (0, String::new()));
    for words in ["MAIL FROM:<sender@example.org>", "TLS_RSA_WITH_AES_128_CBC_SHA"] {
        assert!(stdout(&output).contains(words), "{words:?} is not in {}", stdout(&output));
    }
}

#[test]
fn show_is_the_command_without_a_name() {
    let named = run(&["show", "--keys", KEYS, CAPTURE]);
    assert_eq!(stdout(&named), stdout(&run(&["--keys", KEYS, CAPTURE])));
}

#[test]
fn a_session_that_cannot_be_opened_is_no_failure_unless_asked_for() {
    let arguments = ["--keys", "@tls13.keys", "@tls13.pcap"];
    assert_eq!(code(&run(&arguments)), 0);
    let strict = [&["--require-decrypted"], arguments.as_slice()].concat();
    assert_eq!(code(&run(&strict)), 4);
    assert_eq!(code(&run(&["--require-decrypted", "--keys", KEYS, CAPTURE])), 0);
}

#[test]
fn plaintext_and_failed_handshakes_satisfy_require_decrypted() {
    for name in ["plain", "starttls_refused", "tls_handshake_failed", "greeting_554"] {
        let capture = format!("@{name}.pcap");
        assert_eq!(code(&run(&["--require-decrypted", &capture])), 0, "{name}");
    }
}

#[test]
fn misuse_exits_with_2_and_says_how_it_is_done() {
    for arguments in [&[][..], &["--no-such-option", CAPTURE], &["--format", "xml", CAPTURE]] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stderr(&output).contains("--help"), "{}", stderr(&output));
    }
}

#[test]
fn a_bad_row_is_located_and_the_good_ones_are_used() {
    let (_folder, list) = key_list("# servers\n127.0.0.1,smtp,587,server.key\n", "nonsense\n");
    let output = run(&["--format", "json", "--keys", path(&list), CAPTURE]);
    assert_eq!(code(&output), 2);
    for place in ["keys.list:2:", "keys.list:4:"] {
        assert!(stderr(&output).contains(place), "no {place} in {}", stderr(&output));
    }
    let report = report(&output);
    assert_eq!(report["sessions"][0]["tls"]["decryption"]["status"], "decrypted");
    assert_eq!(report["keys"][0]["sessions_opened"], 1);
}

#[test]
fn a_missing_key_file_is_located_by_its_row() {
    let (_folder, list) = key_list("", "192.0.2.1,25,smtp,/no/such.key\n");
    let output = run(&["--keys", path(&list), CAPTURE]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("keys.list:2:19: "), "{}", stderr(&output));
    // Columns change places, and what stands here may be a password.
    assert!(!stderr(&output).contains("/no/such.key"), "{}", stderr(&output));
    assert!(stdout(&output).contains("MAIL FROM"));
}

#[test]
fn key_files_that_are_no_rsa_key_exit_with_2_and_say_what_they_are() {
    let cases = [
        ("testdata/pki/ec.key", "EC"),
        ("testdata/pki/server.crt", "certificate"),
        ("testdata/no-such.key", "No such file"),
        ("@plain.pcap", "plain.pcap"),
    ];
    for (key, words) in cases {
        let output = run(&["--key", key, CAPTURE]);
        assert_eq!(code(&output), 2, "{key}");
        assert!(stderr(&output).contains(words), "{key}: {}", stderr(&output));
        // What cannot be read at all is the one thing that is told.
        let is_shown = !words.contains("No such file");
        assert_eq!(stdout(&output).is_empty(), !is_shown, "{key}");
    }
}

#[test]
fn a_missing_key_list_exits_with_2() {
    let output = run(&["--keys", "no-such.list", CAPTURE]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("no-such.list"), "{}", stderr(&output));
}

#[test]
fn bare_keys_in_each_format_open_the_session() {
    for key in ["server.key", "server.pkcs1.key", "server.der"] {
        let key = format!("testdata/pki/{key}");
        let output = run(&["--require-decrypted", "--key", &key, CAPTURE]);
        assert_eq!((code(&output), complaints(&output)), (0, String::new()), "{key}");
    }
}

#[test]
fn what_is_no_capture_exits_with_3_and_says_what_it_is_instead() {
    let (_one, text) = file("notes.txt", "Dear reader, this is no capture at all.\n");
    let (_two, empty) = file("empty.pcap", "");
    for (capture, words) in [(path(&text), "text"), (path(&empty), "empty")] {
        let output = run(&[capture]);
        assert_eq!(code(&output), 3, "{capture}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert!(stderr(&output).contains(capture), "{}", stderr(&output));
    }
}

#[test]
fn a_missing_capture_exits_with_3_and_the_others_are_shown() {
    let output = run(&["--keys", KEYS, "no-such.pcap", CAPTURE]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("no-such.pcap"), "{}", stderr(&output));
    assert!(stdout(&output).contains("MAIL FROM"));
}

#[test]
fn a_truncated_capture_exits_with_3_and_what_was_read_is_shown() {
    let keys = "@truncated_file.keys";
    let output = run(&["--format", "json", "--keys", keys, "@truncated_file.pcap"]);
    assert_eq!(code(&output), 3);
    let report = report(&output);
    assert_eq!(report["captures"][0]["complete"], false);
    assert_eq!(report["findings"][0]["code"], "capture.truncated");
    let exchanges = items(&report["sessions"][0]["smtp"]["exchanges"]);
    assert_eq!(exchanges.last().map(|last| &last["verb"]), Some(&Value::from("DATA")));
}

#[test]
fn a_capture_cut_anywhere_is_read_up_to_there() {
    let whole = Talk::open().mail("Subject: x\r\n\r\nbody\r\n").close().pcap();
    for len in (0..whole.len()).step_by(97) {
        let output = smtp_decrypt(&["--format", "json", "-"])
            .write_stdin(&whole[..len])
            .output()
            .expect("it runs");
        let report = report(&output);
        let complete = report["captures"][0]["complete"] == true;
        assert_eq!(code(&output), if complete { 0 } else { 3 }, "cut at {len}");
        assert!(!stderr(&output).is_empty() || complete, "cut at {len}");
    }
}

#[test]
fn standard_input_is_a_capture_too() {
    let bytes = fs::read(testdata("tls12_aes128_sha.pcap")).expect("readable");
    let output = smtp_decrypt(&["--keys", KEYS, "-"]).write_stdin(bytes).output().expect("it runs");
    assert_eq!(code(&output), 0);
    assert_eq!(stdout(&output), stdout(&run(&["--keys", KEYS, CAPTURE])));
}

#[test]
fn output_goes_to_the_file_that_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("report.txt");
    let output = run(&["--keys", KEYS, "-o", path(&target), CAPTURE]);
    assert_eq!((code(&output), stdout(&output)), (0, ""));
    assert_eq!(lab::read_text(&target), stdout(&run(&["--keys", KEYS, CAPTURE])));
}

#[test]
fn an_output_that_cannot_be_written_is_told() {
    let output = run(&["-o", "/no/such/folder/report", CAPTURE]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("/no/such/folder/report"), "{}", stderr(&output));
}

#[test]
fn only_the_sessions_asked_for_are_shown() {
    let arguments = ["--format", "json", "--keys", "@mixed.keys", "@mixed.pcap"];
    let all = report(&run(&arguments));
    assert_eq!(items(&all["sessions"]).len(), 4);
    let some = report(&run(&[&["--session", "2", "--session", "4"], &arguments[..]].concat()));
    let ids: Vec<_> = items(&some["sessions"]).iter().map(|session| &session["id"]).collect();
    assert_eq!(ids, [2, 4]);
}

#[test]
fn colours_come_when_they_are_asked_for_and_never_to_a_pipe_by_themselves() {
    let escapes = |when: &str| {
        let output = run(&["--color", when, "--keys", KEYS, CAPTURE]);
        stdout(&output).matches('\x1b').count()
    };
    assert_eq!((escapes("never"), escapes("auto")), (0, 0));
}

#[test]
fn an_unknown_link_type_is_named() {
    let mut capture = wire::pcap_header(147);
    capture.extend([0, 0, 4, 4].map(u32::to_le_bytes).concat());
    capture.extend(b"abcd");
    let (_folder, capture) = file("user0.pcap", capture);
    let output = run(&["--format", "json", path(&capture)]);
    let report = report(&output);
    let finding = &report["findings"][0];
    assert_eq!(finding["code"], "capture.unsupported_link_type");
    assert!(lab::text(&finding["message"]).contains("147"), "{finding}");
    assert!(stderr(&output).contains("1 packets"), "{}", stderr(&output));
}

#[test]
fn a_capture_without_mail_says_what_was_seen_instead() {
    let talk = Talk::between("192.0.2.1:50000", "192.0.2.2:80");
    let talk = talk.client("GET / HTTP/1.1\r\n\r\n").server("HTTP/1.1 200 OK\r\n\r\n").close();
    let (_folder, capture) = file("web.pcap", talk.pcap());
    let output = run(&[path(&capture)]);
    assert_eq!(code(&output), 0);
    assert!(stderr(&output).contains("1 TCP connections"), "{}", stderr(&output));
    assert!(stderr(&run(&["-q", path(&capture)])).is_empty());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let talks: Vec<_> = (0..400)
        .flat_map(|n| {
            let client = format!("192.0.2.1:{}", 20_000 + n);
            Talk::between(&client, "192.0.2.2:25").mail("Subject: x\r\n\r\nbody\r\n").frames()
        })
        .collect();
    let (_folder, capture) = file("many.pcap", wire::pcap(&talks));
    for format in ["text", "json"] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("smtp-decrypt"))
            .args(["--format", format, path(&capture)])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        drop(child.stdout.take());
        let mut errors = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut errors).expect("UTF-8");
        let status = child.wait().expect("it ends");
        assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{format}");
    }
}

#[test]
fn two_runs_and_any_number_of_threads_print_the_same_bytes() {
    for name in ["mixed", "rotated", "several_mails"] {
        let lab = Lab::load(name);
        let files: Vec<_> = lab.files.iter().map(|file| path(file)).collect();
        let keys = lab.keys.as_deref().map(path).expect("keys");
        for format in ["text", "json", "tcpflow"] {
            let print = |threads: &str| {
                let options = ["--format", format, "--keys", keys, "--threads", threads];
                run(&[&options[..], &files].concat()).stdout
            };
            let once = print("1");
            assert!(!once.is_empty());
            assert!(print("1") == once, "{name} {format}: two runs differ");
            assert!(print("8") == once, "{name} {format}: eight threads differ");
        }
    }
}

#[test]
fn rotated_files_are_one_capture_however_they_are_listed() {
    let lab = Lab::load("rotated");
    let keys = lab.keys.as_deref().map(path).expect("keys");
    let mut files: Vec<_> = lab.files.iter().map(|file| path(file)).collect();
    let print = |files: &[&str]| {
        let output = run(&[&["--format", "json", "--keys", keys], files].concat());
        report(&output)["sessions"].clone()
    };
    let forward = print(&files);
    assert_eq!(forward[0]["outcome"], "delivered");
    files.reverse();
    assert_eq!(print(&files), forward);
}

#[test]
fn no_capture_and_no_mode_yields_silence() {
    for lab in Lab::all() {
        let files: Vec<_> = lab.files.iter().map(|file| path(file)).collect();
        let keys: Vec<_> = lab.keys.iter().flat_map(|keys| ["--keys", path(keys)]).collect();
        for options in [&["--format", "text"][..], &["--format", "json"], &["--timing"], &["-v"]] {
            let with = run(&[options, &keys, &files].concat());
            assert!(stdout(&with).len() > 200, "{} {options:?}: {}", lab.name, stdout(&with));
        }
        let without = run(&files);
        assert!(stdout(&without).len() > 200, "{} without keys", lab.name);
    }
}

#[test]
fn the_help_is_as_it_was() {
    for (name, command) in [("help", &["--help"][..]), ("help_of_export", &["export", "--help"])] {
        let output = smtp_decrypt(command).env("COLUMNS", "100").output().expect("it runs");
        assert_eq!(code(&output), 0);
        insta::assert_snapshot!(name, stdout(&output));
    }
}

#[test]
fn a_code_is_explained_with_and_without_its_area() {
    let [whole, name] =
        ["tls.forward_secrecy", "forward_secrecy"].map(|code| run(&["--explain", code]));
    assert!(stdout(&whole).starts_with("tls.forward_secrecy ("));
    assert_eq!(stdout(&whole), stdout(&name));
    assert_eq!(code(&run(&["--explain", "secrecy"])), 2);
}

#[test]
fn key_material_given_with_the_wrong_option_is_told_the_right_one() {
    for (option, file, right) in [
        ("--key", KEYS, "--keys"),
        ("--key", "@tls13.keylog", "--keylog"),
        ("--keys", "testdata/pki/server.key", "--key"),
        ("--keys", "@tls13.keylog", "--keylog"),
        ("--keylog", "testdata/pki/server.key", "--key,"),
        ("--keylog", KEYS, "--keys"),
    ] {
        let output = run(&[option, file, CAPTURE]);
        assert_eq!(code(&output), 2, "{option} {file}");
        let hint = stderr(&output).lines().find(|line| line.contains("hint: ")).unwrap_or_default();
        assert!(hint.contains(right), "{option} {file}: {}", stderr(&output));
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let output = run(&["--version"]);
    assert_eq!(stdout(&output), format!("smtp-decrypt {}\n", env!("CARGO_PKG_VERSION")));
}

/// What a run that follows says of a capture that comes through a pipe in two pieces.
#[test]
fn a_capture_that_grows_gives_the_report_of_the_whole() {
    let whole = run(&["--format", "json", "--keys", KEYS, CAPTURE]);
    let bytes = fs::read(testdata(CAPTURE)).expect("read");
    let binary = assert_cmd::cargo::cargo_bin("smtp-decrypt");
    let mut child = std::process::Command::new(binary)
        .current_dir(lab::root())
        .args(lab::arguments(&["--follow", "--format", "json", "--keys", KEYS, "-"]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("its input");
    // Within a record.
    let (first, rest) = bytes.split_at(1001);
    for piece in [first, rest] {
        input.write_all(piece).expect("written");
        input.flush().expect("flushed");
    }
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("an interrupt (Ctrl-C) ends it"), "{}", stderr(&output));
    let sessions = |output: &Output| report(output)["sessions"].clone();
    assert_eq!(sessions(&output), sessions(&whole));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_run_that_follows_with_its_report() {
    let binary = assert_cmd::cargo::cargo_bin("smtp-decrypt");
    let mut child = std::process::Command::new(binary)
        .current_dir(lab::root())
        .args(lab::arguments(&["--follow", "--keys", KEYS, CAPTURE]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // The first session is shown as soon as it is over, though the file goes on.
    let mut shown = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    shown.read_line(&mut line).expect("a session");
    assert!(line.contains("Session 1"), "{line}");
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill");
    assert!(interrupt.success());
    shown.read_to_string(&mut line).expect("the rest");
    assert!(line.contains("== Summary"), "{line}");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn follow_takes_one_capture() {
    for arguments in [&["--follow", CAPTURE, CAPTURE][..], &["--follow", "testdata"]] {
        let output = run(arguments);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains("--follow takes"), "{}", stderr(&output));
    }
    assert_eq!(code(&run(&["--idle", "3", CAPTURE])), 2);
}

#[test]
fn a_missing_file_is_all_there_is_to_say() {
    let output = run(&["no-such.pcap"]);
    assert_eq!(code(&output), 3);
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
}

#[test]
fn what_is_no_capture_in_a_directory_is_passed_over_and_named() {
    let (folder, _) = file("notes.txt", "[2026-11-21] captured");
    fs::copy(testdata(CAPTURE), folder.path().join("a.pcap")).expect("copied");
    let output = run(&["--keys", KEYS, path(folder.path())]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("notes.txt"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("JSON"), "{}", stderr(&output));
}

/// More files than a process may have open by default, each with a few packets of one session.
#[test]
fn a_session_over_three_hundred_files_is_one() {
    let bytes = fs::read(testdata("several_mails.pcap")).expect("read");
    let (head, mut records) = bytes.split_at(24);
    let folder = tempfile::tempdir().expect("a folder");
    let mut paths = Vec::new();
    while let Some(len) = records.get(8..12).and_then(|len| len.try_into().ok()) {
        let (record, rest) = records.split_at(16 + u32::from_le_bytes(len) as usize);
        // Listed by a name that has nothing to do with time.
        let path = folder.path().join(format!("{:03}.pcap", paths.len() * 7 % 300));
        fs::write(&path, [head, record].concat()).expect("written");
        paths.push(path);
        records = rest;
    }
    let shell =
        format!("ulimit -n 32; exec \"$0\" --format json --keys \"$1\" {}", path(folder.path()));
    let binary = assert_cmd::cargo::cargo_bin("smtp-decrypt");
    let output = std::process::Command::new("sh")
        .args(["-c", &shell])
        .arg(binary)
        .arg(testdata("several_mails.keys"))
        .output()
        .expect("it runs");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let several = report(&output);
    let whole = report(&run(&[
        "--format",
        "json",
        "--keys",
        path(&testdata("several_mails.keys")),
        path(&testdata("several_mails.pcap")),
    ]));
    assert!(paths.len() > 32, "{} files", paths.len());
    assert_eq!(items(&several["captures"]).len(), paths.len());
    assert_eq!(several["sessions"], whole["sessions"]);
}
