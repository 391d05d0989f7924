//! What is written ends well: full disks, readers that go away, links, files that others can read.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::cli::{code, path, run, stderr};
use crate::lab::{self, testdata};

const CAPTURE: &str = "@several_mails.pcap";
const KEYS: &str = "@several_mails.keys";

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("an entry").file_name().into_string().expect("UTF-8")
    };
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

fn to(stdout: Stdio, arguments: &[&str]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("smtp-decrypt"));
    command.current_dir(lab::root()).args(lab::arguments(arguments)).stdout(stdout);
    command.stderr(Stdio::piped()).output().expect("it runs")
}

fn assert_told(output: &Output, label: &str) {
    let said = stderr(output);
    assert_eq!(code(output), 2, "{label}: {said}");
    assert!(said.contains("No space left on device"), "{label}: {said}");
    assert!(!said.contains("panicked") && !said.contains("backtrace"), "{label}: {said}");
}

#[test]
fn a_full_disk_is_told_and_no_panic() {
    let commands: &[&[&str]] = &[
        &["--format", "text"],
        &["--format", "json"],
        &["--format", "ndjson"],
        &["--format", "csv"],
        &["--format", "tcpflow"],
        &["check", "--policy", "modern"],
        &["check", "--policy", "modern", "--format", "junit"],
        &["check", "--policy", "modern", "--format", "github"],
        &["compare"],
    ];
    for command in commands {
        let captures = [CAPTURE, CAPTURE];
        let captures = if command[0] == "compare" { &captures[..] } else { &captures[..1] };
        let arguments = [*command, &["-q", "--keys", KEYS], captures].concat();
        let full = || File::options().write(true).open("/dev/full").expect("/dev/full");
        assert_told(&to(full().into(), &arguments), &format!("{command:?}"));
        let named = [&arguments[..], &["-o", "/dev/full"]].concat();
        assert_told(&to(Stdio::null(), &named), &format!("{command:?} -o"));
    }
    let explained = File::options().write(true).open("/dev/full").expect("/dev/full");
    assert_told(&to(explained.into(), &["--explain", "list"]), "--explain");
}

/// A file system of a few pages, where the tests may mount one.
struct Tiny(tempfile::TempDir);

impl Tiny {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16k", "tiny", path(folder.path())])
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_disk_that_fills_keeps_what_was_there_and_nothing_half() {
    let Some(tiny) = Tiny::mount() else { return println!("skipped: no right to mount") };
    let (folder, report) = (tiny.0.path(), tiny.0.path().join("report"));
    fs::write(&report, "old").expect("written");
    let big = ["--format", "json", "--keys", "@mixed.keys", "@mixed.pcap"];
    assert_told(&run(&[&["-q", "-o", path(&report)], &big[..]].concat()), "-o");
    assert_eq!((names(folder), lab::read_text(&report)), (vec!["report".into()], "old".into()));
    fs::write(folder.join("fill"), vec![0; 8 << 10]).expect("written");
    let out = folder.join("out");
    let export = ["export", "flows", "-q", "-o", path(&out)];
    assert_told(&run(&[&export[..], &big[2..]].concat()), "export");
    assert_eq!(names(&out), [""; 0]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure_for_any_command() {
    for command in [&["check", "--policy", "modern"][..], &["--explain", "list"]] {
        let arguments = match command {
            ["--explain", ..] => command.to_vec(),
            _ => [command, &["-q", "--keys", KEYS, CAPTURE]].concat(),
        };
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("smtp-decrypt"))
            .current_dir(lab::root())
            .args(lab::arguments(&arguments))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert!(code(&output) < 2, "{command:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{command:?}");
    }
}

#[test]
fn an_output_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("report");
    let output =
        run(&["-o", path(&target), "--redact", "addresses", "--format", "tcpflow", CAPTURE]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn export_follows_no_link_out_of_its_directory() {
    let (folder, outside) = (tempfile::tempdir().expect("a"), tempfile::tempdir().expect("b"));
    symlink(outside.path(), folder.path().join("001")).expect("linked");
    let export = ["export", "flows", "-q", "--force", "--keys", KEYS, "--name", "%N/%a"];
    let output = run(&[&export[..], &["-o", path(folder.path()), CAPTURE]].concat());
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("is a link, and not followed"), "{}", stderr(&output));
    assert_eq!((names(folder.path()), names(outside.path())), (vec!["001".into()], vec![]));
}

#[test]
fn files_with_secrets_that_others_can_read_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (key, log) = (folder.path().join("server.key"), folder.path().join("tls.log"));
    fs::copy(testdata("pki/server.key"), &key).expect("copied");
    fs::copy(testdata("tls13.keylog"), &log).expect("copied");
    let allow = |file: &Path, mode| {
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("set");
    };
    let told = |more: &[&str]| {
        let options = ["--key", path(&key), "--keylog", path(&log), "@tls13.pcap"];
        stderr(&run(&[more, &options].concat())).to_owned()
    };
    allow(&key, 0o600);
    allow(&log, 0o600);
    assert!(!told(&[]).contains("chmod"), "{}", told(&[]));
    for (file, mode) in [(&key, 0o640), (&key, 0o604), (&log, 0o644)] {
        allow(file, mode);
        assert!(told(&[]).contains(&format!("can read {}: chmod", path(file))), "{}", told(&[]));
        assert!(!told(&["-q"]).contains("chmod"));
        allow(file, 0o600);
    }
}

/// What stands in a folder, hidden or not.
fn all_below(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn an_interrupted_run_leaves_nothing_unfinished_behind() {
    use std::io::Write as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::time::{Duration, Instant};
    let capture = fs::read(crate::lab::testdata("plain.pcap")).expect("a capture");
    for (number, name) in [(2, "INT"), (15, "TERM"), (1, "HUP")] {
        for line in [
            &["export", "eml", "-o"][..],
            &["export", "flows", "-o"],
            &["split", "--shards", "4", "-o"],
            &["--format", "json", "-o"],
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let out = match line.last() {
                Some(_) if line[0] == "--format" => folder.path().join("report.json"),
                _ => folder.path().to_owned(),
            };
            let mut child = Command::new(assert_cmd::cargo::cargo_bin("smtp-decrypt"))
                .args(line)
                .arg(&out)
                .arg("-")
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("started");
            let mut input = child.stdin.take().expect("a pipe");
            input.write_all(&capture).expect("written");
            let began = Instant::now();
            while all_below(folder.path()).is_empty() && began.elapsed() < Duration::from_secs(30) {
                std::thread::sleep(Duration::from_millis(10));
            }
            assert!(!all_below(folder.path()).is_empty(), "{line:?} has begun nothing");
            let killed = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
            assert!(killed.expect("kill").success());
            let status = child.wait().expect("an end");
            assert_eq!(status.signal(), Some(number), "{line:?}");
            assert_eq!(all_below(folder.path()), Vec::<String>::new(), "{line:?} by SIG{name}");
        }
    }
}

#[test]
fn no_link_leads_an_output_elsewhere_whatever_it_points_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let (inside, outside) = (folder.path().join("inside"), folder.path().join("outside"));
    fs::create_dir(&inside).expect("made");
    fs::create_dir(&outside).expect("made");
    let pipe = outside.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let plain = "@plain.pcap";
    for (name, target) in [("pipe", pipe.as_path()), ("null", Path::new("/dev/null"))] {
        let link = inside.join(name);
        symlink(target, &link).expect("a link");
        let output = run(&["-o", path(&link), plain]);
        assert_eq!(code(&output), 2, "{name}: {}", stderr(&output));
    }
    let link = inside.join("folder");
    symlink(&outside, &link).expect("a link");
    let output = run(&["export", "flows", "-o", path(&link), plain]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert_eq!(all_below(&outside), ["pipe"]);
}

#[cfg(target_os = "linux")]
#[test]
fn shared_memory_is_a_folder_like_any_other() {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let file = folder.path().join("out");
    fs::write(&file, "x".repeat(100_000)).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("set");
    let plain = "@plain.pcap";
    let output = run(&["--reveal", "auth", "-o", path(&file), plain]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let written = fs::read_to_string(&file).expect("text");
    assert!(written.len() < 100_000 && !written.contains("xxxx"), "old bytes stay");
    assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o600);
    let output = run(&["-o", path(&folder.path().join("new")), plain]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}
