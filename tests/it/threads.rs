//! Any number of threads tells the same, byte for byte and in the same order, and exports the same
//! files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::lab::{self, Lab};
use crate::run::Runner;

const THREADS: [usize; 3] = [2, 3, 8];

/// Captures of others that are not part of the project, where they are at hand.
const SHARED: [&str; 2] = ["/work/shared/captures", "/work/shared/corpus"];

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let is_capture = |name: &str| name.contains(".pcap") || name.contains(".cap");
        match path.file_name().and_then(|name| name.to_str()) {
            _ if path.is_dir() => collect(&path, found),
            Some(name) if is_capture(name) => found.push(path),
            _ => {}
        }
    }
}

#[test]
fn each_capture_of_ours_is_told_alike_by_any_number_of_threads() {
    for lab in Lab::all() {
        let told = |threads| {
            Runner::with_keys_and_log_of(&lab).on(threads).everything_in_order(&lab.files)
        };
        let alone = told(1);
        for threads in THREADS {
            assert!(told(threads) == alone, "{} with {threads} threads", lab.name);
        }
    }
}

#[test]
fn captures_of_others_are_told_alike_by_any_number_of_threads() {
    let mut files = Vec::new();
    SHARED.iter().for_each(|folder| collect(Path::new(folder), &mut files));
    for file in files {
        let log = file.with_extension("keylog");
        let told = |threads| {
            let runner = Runner::with_log(log.is_file().then(|| log.clone())).on(threads);
            runner.everything_in_order(std::slice::from_ref(&file))
        };
        let alone = told(1);
        for threads in THREADS {
            assert!(told(threads) == alone, "{} with {threads} threads", file.display());
        }
    }
}

#[test]
fn flows_are_exported_alike_by_any_number_of_threads() {
    for name in ["mixed", "several_mails", "resume_ticket"] {
        let lab = Lab::load(name);
        let exported = |threads: &str| {
            let folder = tempfile::tempdir().expect("a folder");
            let mut command = assert_cmd::Command::cargo_bin("smtp-decrypt").expect("a binary");
            command.args(["export", "flows", "-q", "--threads", threads, "-o"]).arg(folder.path());
            command.arg("--keys").arg(lab.keys.as_ref().expect("keys")).args(&lab.files);
            command.assert().success();
            let files = fs::read_dir(folder.path()).expect("a folder");
            let file =
                |entry: fs::DirEntry| (entry.file_name(), fs::read(entry.path()).expect("it"));
            files.map(|entry| file(entry.expect("an entry"))).collect::<BTreeMap<_, _>>()
        };
        let alone = exported("1");
        assert!(alone.len() > 1, "{name}");
        assert!(["2", "8"].iter().all(|threads| exported(threads) == alone), "{name}");
    }
}

#[test]
fn the_walk_over_captures_of_others_finds_ours() {
    let mut files = Vec::new();
    collect(&lab::root().join("testdata"), &mut files);
    assert!(files.len() > 100);
}
