//! What `export` writes for other programs, judged by tshark: secrets, captures with secrets, and
//! captures in the clear.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use smtp_decrypt::capture::{Capture, Input};
use tempfile::TempDir;

use crate::cli::{code, path, run, stderr};
use crate::lab::Lab;
use crate::tshark;

/// Captures whose sessions are opened by RSA key, by resumption in both ways, and by key log.
const OPENED: &[&str] = &[
    "tls12_aes128_sha",
    "tls10_aes256_sha",
    "tls12_aes256_gcm_sha384",
    "client_certificate_ssl30",
    "resume_session_id",
    "resume_ssl30_session_id",
    "resume_ticket",
    "port465_s_client",
    "ipv6",
    "sll2",
    "format_gzip",
    "format_pcapng_secrets",
    "ecdhe_tls12",
    "dhe_tls12",
    "tls13",
    "tls13_resumption",
    "tls13_key_update",
    "tls13_early_data",
    "tls13_hello_retry",
    "mixed",
];

/// A folder that an export was written to.
pub(crate) struct Exported {
    folder: TempDir,
    pub(crate) output: Output,
}

impl Exported {
    pub(crate) fn of(kind: &str, lab: &Lab, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut line = vec!["export", kind, "-o", path(folder.path())];
        line.extend(more);
        line.extend(lab.arguments());
        let output = run(&line);
        Self { folder, output }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn said(&self) -> &str {
        stderr(&self.output)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("a folder");
        let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
        entries.map(|entry| name(entry.expect("an entry"))).collect()
    }
}

/// What each end said inside TLS: client, then server.
fn said_inside(lab: &Lab, index: usize) -> [Vec<u8>; 2] {
    ["c2s", "s2c"].map(|direction| {
        let plain = lab.connections[index]["plain_bytes"][direction].as_u64().expect("a count");
        lab.stream(index, direction).split_off(usize::try_from(plain).expect("a length"))
    })
}

/// Holds what tshark decrypts of `file` against what the two ends recorded.
fn assert_decrypted(file: &Path, lab: &Lab, options: &[String]) {
    for (index, found) in tshark::inside(file, lab, options).iter().enumerate() {
        if lab.connections[index]["tls"].is_object() {
            assert!(*found == said_inside(lab, index), "{} {index}", lab.name);
        }
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().expect("a file").permissions().mode() & 0o777
}

#[test]
fn tshark_decrypts_with_the_key_log_that_is_exported() {
    if !tshark::is_installed() {
        return;
    }
    for lab in OPENED.iter().map(|name| Lab::load(name)) {
        let exported = Exported::of("keylog", &lab, &[]);
        assert_eq!(code(&exported.output), 0, "{}: {}", lab.name, exported.said());
        let log = exported.file("sessions.keylog");
        let option = format!("tls.keylog_file:{}", log.display());
        assert_decrypted(&lab.files[0], &lab, &["-o".to_owned(), option]);
    }
}

#[test]
fn secrets_are_for_their_owner_alone_and_nothing_is_overwritten() {
    let lab = Lab::load("tls12_aes128_sha");
    let exported = Exported::of("keylog", &lab, &[]);
    assert_eq!(exported.names(), ["sessions.keylog"]);
    let log = exported.file("sessions.keylog");
    #[cfg(unix)]
    assert_eq!(mode(&log), 0o600);
    let told = "to be written: the secrets of session 1 (1 line); whoever has them";
    assert!(exported.said().contains(told), "{}", exported.said());
    fs::write(&log, "mine").expect("written");
    let folder = path(exported.folder.path());
    let again = |more: &[&str]| run(&[&EXPORT_KEY_LOG[..], &["-o", folder], more].concat());
    assert_eq!(code(&again(&[])), 2);
    assert_eq!(fs::read(&log).expect("a file"), b"mine");
    assert_eq!(code(&again(&["--force"])), 0);
    assert!(fs::read(&log).expect("a file").starts_with(b"CLIENT_RANDOM "));
}

/// One session with its key.
const EXPORT_KEY_LOG: [&str; 5] =
    ["export", "keylog", "@tls12_aes128_sha.pcap", "--keys", "@tls12_aes128_sha.keys"];

/// The lines of a key log that was exported.
fn lines(lab: &Lab, more: &[&str]) -> Vec<String> {
    let exported = Exported::of("keylog", lab, more);
    let log = fs::read_to_string(exported.file("sessions.keylog")).expect("a key log");
    log.lines().map(str::to_owned).collect()
}

#[test]
fn only_the_secrets_of_the_sessions_chosen_are_exported_each_once() {
    // One master secret, and a random of its own for each connection.
    let lab = Lab::load("resume_ticket");
    let all = lines(&lab, &[]);
    let master = |line: &String| line.rsplit(' ').next().expect("a secret").to_owned();
    assert_eq!((all.len(), master(&all[0])), (2, master(&all[1])));
    assert_ne!(all[0], all[1]);
    assert_eq!(lines(&lab, &["--session", "2"]), all[1..]);
    let port = lab.connections[0]["client"].as_str().expect("an end").rsplit(':').next();
    let filter = format!("port {}", port.expect("a port"));
    assert_eq!(lines(&lab, &["--filter", &filter]), all[..1]);
    let twice = [path(&lab.files[0]), path(&lab.files[0])];
    assert_eq!(lines(&lab, &twice), all);
}

#[test]
fn the_lines_of_tls_1_3_are_those_of_the_log_that_opened_it() {
    let lab = Lab::load("tls13");
    let given = fs::read_to_string(lab.keylog.as_ref().expect("a key log")).expect("text");
    let mut given: Vec<_> =
        given.lines().filter(|line| !line.starts_with('#')).map(str::to_lowercase).collect();
    let mut found: Vec<_> = lines(&lab, &[]).iter().map(|line| line.to_lowercase()).collect();
    given.sort();
    found.sort();
    assert_eq!(found, given);
}

#[test]
fn without_a_session_opened_there_is_no_file_and_a_word_about_it() {
    for name in ["no_key", "plain", "sslv2"] {
        let exported = Exported::of("keylog", &Lab::load(name), &[]);
        assert_eq!((code(&exported.output), exported.names().len()), (0, 0), "{name}");
        let told = "no secret to write: no session was opened";
        assert!(exported.said().contains(told), "{name}: {}", exported.said());
    }
}

#[test]
fn a_line_that_opens_nothing_is_not_exported() {
    let lab = Lab::load("tls13");
    let log = fs::read_to_string(lab.keylog.as_ref().expect("a key log")).expect("text");
    // The last byte of each secret is another.
    let wrong: String = log
        .lines()
        .map(|line| match line.strip_suffix('0') {
            _ if line.starts_with('#') => format!("{line}\n"),
            Some(rest) => format!("{rest}1\n"),
            None => format!("{}0\n", &line[..line.len() - 1]),
        })
        .collect();
    let (_folder, wrong) = crate::cli::file("wrong.keylog", wrong);
    let exported = Exported::of("keylog", &Lab { keylog: Some(wrong), ..lab }, &[]);
    assert!(exported.names().is_empty(), "{}", exported.said());
}

/// A packet as our own reader has it.
type Read = (i64, u16, u32, Vec<u8>);

/// The packets of files, in order of time.
fn packets(files: &[PathBuf]) -> Vec<Read> {
    let mut capture = Capture::open(files.iter().cloned().map(Input::File).collect());
    let mut packets = Vec::new();
    while let Some(packet) = capture.next_packet() {
        packets.push((packet.ts.0, packet.link.0, packet.wire_len, packet.data.to_vec()));
    }
    packets
}

#[test]
fn tshark_decrypts_a_capture_with_its_secrets_inside_without_options() {
    if !tshark::is_installed() {
        return;
    }
    for lab in OPENED.iter().map(|name| Lab::load(name)) {
        let exported = Exported::of("pcapng-dsb", &lab, &[]);
        assert_eq!(code(&exported.output), 0, "{}: {}", lab.name, exported.said());
        assert_decrypted(&exported.file(WITH_SECRETS), &lab, &[]);
    }
}

const WITH_SECRETS: &str = "with-secrets.pcapng";

#[test]
fn every_packet_is_in_the_capture_with_secrets_as_it_was() {
    let mut compared = 0;
    for lab in Lab::all() {
        let exported = Exported::of("pcapng-dsb", &lab, &[]);
        let written = exported.file(WITH_SECRETS);
        if exported.names().is_empty() {
            continue;
        }
        assert_eq!(exported.names(), [WITH_SECRETS], "{}", lab.name);
        assert!(packets(&[written]) == packets(&lab.files), "{}", lab.name);
        compared += 1;
    }
    assert!(compared > 80, "only {compared} captures");
}

/// A block of a pcapng file of a machine with the other byte order.
fn big_endian(kind: u32, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(12 + body.len()).expect("a short block").to_be_bytes();
    [&kind.to_be_bytes()[..], &len, body, &len].concat()
}

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).expect("a short value").to_be_bytes();
    let mut option = [&code.to_be_bytes()[..], &len, value].concat();
    option.resize(option.len().next_multiple_of(4), 0);
    option
}

/// A capture again as one of two interfaces, in the other byte order, with clocks that count
/// milliseconds and 2^-20 s, with comments, flags, and a snap length.
fn rewritten(lab: &Lab) -> Vec<u8> {
    let end = [0; 4];
    let mut file =
        big_endian(0x0a0d_0d0a, &[&[0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0][..], &[0xff; 8]].concat());
    for (name, tsresol) in [("left", 3_u8), ("right", 0x80 | 20)] {
        let head = [0, 1, 0, 0, 0, 4, 0, 0];
        let speed = option(8, &1_000_000_000_u64.to_be_bytes());
        let options = [option(2, name.as_bytes()), option(9, &[tsresol]), speed].concat();
        file.extend(big_endian(1, &[&head[..], &options, &end].concat()));
    }
    for (n, (ns, _, wire_len, data)) in (0_u32..).zip(packets(&lab.files)) {
        let unit = if n % 2 == 0 { 1_000 } else { 1 << 20 };
        let ticks = u64::try_from(i128::from(ns) * unit / 1_000_000_000).expect("after 1970");
        let len = u32::try_from(data.len()).expect("a short frame");
        let mut body = (n % 2).to_be_bytes().to_vec();
        body.extend(ticks.to_be_bytes());
        body.extend(len.to_be_bytes());
        body.extend(wire_len.to_be_bytes());
        body.extend(&data);
        body.resize(body.len().next_multiple_of(4), 0);
        if n == 3 {
            body.extend(option(1, b"the fourth"));
            body.extend(option(2, &[0, 0, 0, 2]));
            body.extend(end);
        }
        file.extend(big_endian(6, &body));
    }
    file
}

/// What tshark reads of a file, a line a packet.
fn told(file: &Path, fields: &[&str]) -> String {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["-T", "fields"]);
    fields.iter().for_each(|field| _ = command.args(["-e", field]));
    let output = command.output().expect("tshark runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn interfaces_clocks_comments_and_flags_are_copied() {
    if !tshark::is_installed() {
        return;
    }
    let lab = Lab::load("tls12_aes128_sha");
    let (_folder, file) = crate::cli::file("big.pcapng", rewritten(&lab));
    let lab = Lab { files: vec![file], ..lab };
    let exported = Exported::of("pcapng-dsb", &lab, &[]);
    let fields = [
        "frame.time_epoch",
        "frame.interface_name",
        "frame.comment",
        "frame.packet_flags",
        "frame.len",
        "frame.cap_len",
        "tcp.payload",
    ];
    let before = told(&lab.files[0], &fields);
    assert!(before.contains("the fourth") && before.contains("right"), "{before}");
    assert_eq!(told(&exported.file(WITH_SECRETS), &fields), before);
    assert!(packets(&[exported.file(WITH_SECRETS)]) == packets(&lab.files));
}

#[test]
fn a_capture_with_secrets_is_made_of_standard_input_too() {
    let lab = Lab::load("tls12_aes128_sha");
    let folder = tempfile::tempdir().expect("a folder");
    let keys = path(lab.keys.as_deref().expect("keys"));
    let line = ["export", "pcapng-dsb", "-o", path(folder.path()), "--keys", keys, "-"];
    let input = fs::read(&lab.files[0]).expect("a capture");
    let output = crate::cli::smtp_decrypt(&line).write_stdin(input).output().expect("it runs");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(packets(&[folder.path().join(WITH_SECRETS)]) == packets(&lab.files));
}

#[test]
fn secrets_inside_the_input_stay_only_if_their_sessions_are_chosen() {
    let all = Exported::of("pcapng-dsb", &Lab::load("resume_ticket"), &[]);
    let lab = Lab { keys: None, files: vec![all.file(WITH_SECRETS)], ..Lab::load("resume_ticket") };
    assert_eq!(lines(&lab, &[]).len(), 2);
    let one = Exported::of("pcapng-dsb", &lab, &["--session", "2"]);
    let lab = Lab { files: vec![one.file(WITH_SECRETS)], ..lab };
    assert_eq!(packets(&lab.files).len(), packets(&[all.file(WITH_SECRETS)]).len());
    assert_eq!(lines(&lab, &[]).len(), 1);
    assert_eq!(Exported::of("keylog", &lab, &["--session", "1"]).names().len(), 0);
}

/// The commands of `docs/export.md` with the lines that follow each.
fn commands_of_the_manual() -> Vec<(String, Vec<String>)> {
    let manual = fs::read_to_string(crate::lab::root().join("docs/export.md")).expect("a page");
    let blocks = manual.split("```console\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().expect("its end").lines());
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command.to_owned(), Vec::new())),
            None => commands.last_mut().expect("a command").1.push(line.to_owned()),
        }
    }
    commands
}

#[test]
fn the_commands_of_the_manual_print_what_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = format!("{}/share", path(folder.path()));
    let commands = commands_of_the_manual();
    assert!(commands.len() > 5, "{} commands", commands.len());
    for (command, expected) in commands {
        let is_ours = command.starts_with("smtp-decrypt ");
        if !is_ours && !tshark::is_installed() {
            continue;
        }
        let program = assert_cmd::cargo::cargo_bin("smtp-decrypt");
        let line = command.replacen("smtp-decrypt", path(&program), usize::from(is_ours));
        let line = line
            .replace("-o share", &format!("-o {place}"))
            .replace(":share/", &format!(":{place}/"));
        let line = line.replace("-r share/", &format!("-r {place}/"));
        let mut shell = Command::new("sh");
        let output = shell.current_dir(crate::lab::root()).args(["-c", &line]).output();
        let output = output.expect("a shell");
        let said = [&output.stderr[..], &output.stdout].map(String::from_utf8_lossy).concat();
        let said = said.replace(&place, "share");
        // (Whether others can read the test key is up to who cloned it.)
        let beside = ["Running as user", "smtp-decrypt: warning: others than the owner can read"];
        let wanted = |line: &&str| !beside.iter().any(|beside| line.starts_with(beside));
        let said: Vec<_> = said.lines().filter(wanted).map(str::trim_end).collect();
        assert_eq!(said, expected, "{command}");
    }
}
