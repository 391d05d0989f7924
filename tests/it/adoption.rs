//! What others put into their CI does what it says: the steps are run as they stand in the files,
//! against a release that a folder plays.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::cli::{path, stderr, stdout};
use crate::lab;

const PROGRAM: &str = "smtp-decrypt-x86_64-unknown-linux-musl";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A folder that stands for the project's address, with the release `v1`.
fn project(sum: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let release = folder.path().join("releases/download/v1");
    fs::create_dir_all(&release).expect("made");
    fs::copy(assert_cmd::cargo::cargo_bin("smtp-decrypt"), release.join(PROGRAM)).expect("copied");
    let sums = Command::new("sha256sum").arg(PROGRAM).current_dir(&release).output().expect("sums");
    let sums = sum.map_or_else(|| stdout(&sums).to_owned(), |sum| format!("{sum}  {PROGRAM}\n"));
    fs::write(release.join(format!("{PROGRAM}.sha256")), sums).expect("written");
    folder
}

fn address(project: &Path) -> String {
    format!("file://{}", path(project))
}

fn has_curl() -> bool {
    let is_there = Command::new("curl").arg("--version").output().is_ok();
    if !is_there {
        println!("skipped: curl is not installed");
    }
    is_there
}

/// Commands of a file, in order: the scalars of `run:`, and those of the lists of scripts.
fn commands(file: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(file)).expect(file);
    let scalar = |line: &str| {
        let line = line.trim();
        let quoted = line.strip_prefix("run: '").or_else(|| line.strip_prefix("- '"))?;
        Some(quoted.strip_suffix('\'')?.to_owned())
    };
    text.lines().filter_map(scalar).collect()
}

fn sh(command: &str, folder: &Path, variables: &[(&str, &str)]) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder).envs(variables.iter().copied());
    shell.output().expect("a shell")
}

#[test]
fn the_action_installs_the_release_and_holds_the_policy() {
    if !has_curl() {
        return;
    }
    let project = project(None);
    let temporary = tempfile::tempdir().expect("a folder");
    let (root, address) = (root(), address(project.path()));
    let [install, check] = &commands("action.yml")[..] else { panic!("two steps") };
    let run = |command: &str, capture: &str| {
        let capture = lab::testdata(capture);
        sh(
            command,
            &root,
            &[
                ("GITHUB_ACTION_PATH", path(&root)),
                ("RUNNER_TEMP", path(temporary.path())),
                ("REPOSITORY", &address),
                ("TAG", "v1"),
                ("POLICY", "delivered"),
                ("OPTIONS", "-q"),
                ("CAPTURES", path(&capture)),
            ],
        )
    };
    let installed = run(install, "plain.pcap");
    assert!(installed.status.success(), "{}", stderr(&installed));
    assert_eq!(run(check, "plain.pcap").status.code(), Some(0));
    let failed = run(check, "greeting_554.pcap");
    assert_eq!(failed.status.code(), Some(1));
    assert!(stdout(&failed).starts_with("::error "), "{}", stdout(&failed));
}

#[test]
fn a_program_with_another_sum_is_not_installed() {
    if !has_curl() {
        return;
    }
    let project = project(Some(&"0".repeat(64)));
    let target = tempfile::tempdir().expect("a folder");
    let install = root().join("packaging/install.sh");
    let output = Command::new(install)
        .args([&address(project.path()), "v1", path(target.path())])
        .output()
        .expect("run");
    assert!(!output.status.success());
    assert!(stderr(&output).contains("is not that of the release"), "{}", stderr(&output));
    assert!(!target.path().join("smtp-decrypt").exists());
}

/// A `cargo` that writes down what it is asked stands for the real one, which would build for minutes.
#[test]
fn without_a_release_the_program_is_built_at_the_tag() {
    if !has_curl() {
        return;
    }
    let project = project(None);
    let folder = tempfile::tempdir().expect("a folder");
    let cargo = folder.path().join("cargo");
    let script = "#!/bin/sh\necho \"$@\" > \"$ASKED\"\nwhile [ \"$1\" != --root ]; do shift; done\n\
                  mkdir -p \"$2/bin\"\necho built > \"$2/bin/smtp-decrypt\"\n";
    fs::write(&cargo, script).expect("written");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("made executable");
    let asked = folder.path().join("asked");
    let paths = format!("{}:{}", path(folder.path()), std::env::var("PATH").expect("a PATH"));
    let output = Command::new(root().join("packaging/install.sh"))
        .args([&address(project.path()), "v2", path(&folder.path().join("bin"))])
        .env("PATH", paths)
        .env("ASKED", &asked)
        .output()
        .expect("run");
    assert!(output.status.success(), "{}", stderr(&output));
    let asked = fs::read_to_string(asked).expect("asked");
    assert!(asked.contains("install --locked --git") && asked.contains("--tag v2"), "{asked}");
    assert!(folder.path().join("bin/smtp-decrypt").exists());
}

#[test]
fn the_template_for_gitlab_writes_the_results() {
    if !has_curl() {
        return;
    }
    let project = project(None);
    let folder = tempfile::tempdir().expect("a folder");
    // The clone brings the script; its folder stands for it.
    let source = folder.path().join("smtp-decrypt-source");
    std::os::unix::fs::symlink(root(), source).expect("linked");
    let capture = lab::testdata("plain.pcap");
    let address = address(project.path());
    let variables = [
        ("SMTP_DECRYPT_REPOSITORY", address.as_str()),
        ("SMTP_DECRYPT_TAG", "v1"),
        ("SMTP_DECRYPT_POLICY", "delivered"),
        ("SMTP_DECRYPT_OPTIONS", "-q"),
        ("SMTP_DECRYPT_CAPTURES", path(&capture)),
    ];
    let steps = commands("integrations/gitlab/smtp-decrypt.yml");
    assert!(steps[0].starts_with("git clone "), "{steps:?}");
    for step in &steps[1..] {
        let output = sh(step, folder.path(), &variables);
        assert!(output.status.success(), "{step}: {}", stderr(&output));
    }
    let results = fs::read_to_string(folder.path().join("smtp-decrypt.xml")).expect("results");
    assert!(results.contains("<testsuite name=\"delivered\""), "{results}");
}

#[test]
fn the_hook_for_commits_runs_the_check() {
    let text = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).expect("the hook");
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
        line.expect(name).trim().trim_matches(['[', ']']).replace(',', "")
    };
    let words = format!("{} {}", value("entry:"), value("args:"));
    let mut words = words.split_whitespace();
    assert_eq!(words.next(), Some("smtp-decrypt"));
    let given: Vec<_> = words.collect();
    for (capture, expected) in [("plain.pcap", 0), ("greeting_554.pcap", 1)] {
        let capture = lab::testdata(capture);
        let output = Command::new(assert_cmd::cargo::cargo_bin("smtp-decrypt"))
            .args(&given)
            .arg(capture)
            .output()
            .expect("run");
        assert_eq!(output.status.code(), Some(expected), "{}", stderr(&output));
    }
}
