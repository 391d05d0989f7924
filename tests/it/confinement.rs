//! What the program cannot do: other files, the network, other programs. Each is tried, in a child
//! process that has confined itself as the program does.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use smtp_decrypt::sandbox::{Access, Confined, confine};

use crate::cli::{code, file, path, run, stderr, stdout};
use crate::lab::{self, testdata};
use crate::walls;

/// In the environment of the child: the folder to try things in.
const FOLDER: &str = "SMTP_DECRYPT_TEST_FOLDER";

const CAPTURE: &str = "@tls12_aes128_sha.pcap";
const KEYS: &str = "@tls12_aes128_sha.keys";

/// The folder of the child has `given/`, `named/` and `written/`, and a file `other`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["given", "named", "written"] {
        fs::create_dir(folder.path().join(name)).expect("made");
    }
    for name in ["given/a.pcap", "other", "named/.report.aside"] {
        fs::write(folder.path().join(name), "x").expect("written");
    }
    std::os::unix::fs::symlink("../other", folder.path().join("given/link")).expect("linked");
    folder
}

/// Runs in the child alone: confines itself, and tries.
#[test]
fn the_child_that_tries_what_must_fail() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let at = |name: &str| folder.join(name);
    let access =
        Access { read: vec![at("given")], rename: vec![at("named")], write: vec![at("written")] };
    let Confined { files, calls } = confine(&access);
    // A thread that is started afterwards is held too.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            println!("confined {files} {calls}");
            if files {
                tries_files(&at);
            }
            if calls {
                tries_calls();
            }
        });
    });
}

fn tries_files(at: &dyn Fn(&str) -> PathBuf) {
    // The link was there before, and so what it leads to may be read.
    for name in ["given/a.pcap", "given/link"] {
        assert!(File::open(at(name)).is_ok(), "{name} cannot be read");
    }
    fs::rename(at("named/.report.aside"), at("named/report")).expect("it gets its name");
    fs::write(at("written/new"), "x").expect("written below");
    fs::create_dir(at("written/deep")).expect("made below");
    fs::rename(at("written/new"), at("written/deep/new")).expect("moved below");
    let refused = |what: &str, done: std::io::Result<()>| {
        let error = done.expect_err(what);
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{what}: {error}");
    };
    refused("reading another file", File::open("/etc/passwd").map(drop));
    refused("reading its own environment", File::open("/proc/self/environ").map(drop));
    refused("writing what is read", fs::write(at("given/a.pcap"), "y"));
    refused("a new file beside what is read", fs::write(at("given/new"), "y"));
    refused("a new file with content beside the report", fs::write(at("named/x"), "y"));
    refused("overwriting a file beside the report", fs::write(at("named/report"), "y"));
    refused("removing what is read", fs::remove_file(at("given/a.pcap")));
    refused("reading what was written away", File::open(at("named/report")).map(drop));
}

fn tries_calls() {
    let refused = |what: &str, error: Option<std::io::Error>| {
        let error = error.unwrap_or_else(|| panic!("{what} is possible"));
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{what}: {error}");
    };
    refused("a connection", TcpStream::connect("127.0.0.1:9").err());
    refused("a datagram socket", std::net::UdpSocket::bind("127.0.0.1:0").err());
    refused("a local socket", std::os::unix::net::UnixStream::pair().err());
    refused("a program", Command::new("/bin/true").status().err());
}

#[test]
fn a_confined_process_can_do_no_more_than_it_was_given() {
    let folder = folder();
    let name = "confinement::the_child_that_tries_what_must_fail";
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", stderr(&output));
    if !said.contains("confined true true") {
        println!("skipped in part: this kernel has not all that confines: {said}");
    }
    assert_eq!(fs::read(folder.path().join("other")).expect("there"), b"x");
}

#[test]
fn the_output_is_the_same_with_and_without() {
    let folder = tempfile::tempdir().expect("a folder");
    for (n, options) in [&["--time", "local"][..], &["--format", "json"], &["--packets", "--hex"]]
        .iter()
        .enumerate()
    {
        let shown = |more: &[&str]| run(&[*options, more, &["--keys", KEYS, CAPTURE]].concat());
        let (with, without) = (shown(&[]), shown(&["--no-sandbox"]));
        assert_eq!((code(&with), stdout(&with)), (0, stdout(&without)));
        let target = folder.path().join(n.to_string());
        assert_eq!(code(&shown(&["-o", path(&target)])), 0);
        assert_eq!(lab::read_text(&target), stdout(&with));
    }
    // Directories, links in them, and names relative to the place where it is started.
    std::os::unix::fs::symlink(testdata(CAPTURE), folder.path().join("link.pcap")).expect("linked");
    let output = run(&["-q", "--keys", KEYS, path(folder.path())]);
    assert!(stdout(&output).contains("MAIL FROM"), "{}", stderr(&output));
}

#[test]
fn pipes_are_read_by_every_name_that_they_have() {
    let binary = assert_cmd::cargo::cargo_bin("smtp-decrypt");
    for name in ["-", "/dev/stdin", "/proc/self/fd/0"] {
        for is_pipe in [true, false] {
            let mut command = Command::new(&binary);
            command.current_dir(lab::root()).args(lab::arguments(&["-q", "--keys", KEYS, name]));
            let capture = testdata(CAPTURE);
            let output = match is_pipe {
                false => command.stdin(File::open(capture).expect("there")).output(),
                true => {
                    let mut cat = Command::new("cat")
                        .arg(capture)
                        .stdout(Stdio::piped())
                        .spawn()
                        .expect("cat");
                    let output = command.stdin(cat.stdout.take().expect("piped")).output();
                    cat.wait().expect("it ends");
                    output
                }
            };
            let output = output.expect("it runs");
            assert!(stdout(&output).contains("MAIL FROM"), "{name}: {}", stderr(&output));
        }
    }
}

/// What no part of the program may name, and the parts that may.
const FAR_FROM_HOME: &[(&str, &[&str])] = &[
    ("TcpStream", &[]),
    ("TcpListener", &[]),
    ("UdpSocket", &[]),
    ("UnixStream", &[]),
    ("UnixListener", &[]),
    ("ToSocketAddrs", &[]),
    ("process::Command", &[]),
    ("env::var", &["cli/output.rs", "cli/profile.rs", "keys/ring.rs"]),
    ("env::vars", &[]),
    ("env::temp_dir", &[]),
    ("home_dir", &[]),
];

#[test]
fn no_part_of_the_program_names_networks_programs_or_other_environment() {
    for source in walls::sources() {
        let code = walls::without_tests(&source);
        for (name, allowed) in FAR_FROM_HOME {
            let is_allowed = allowed.iter().any(|place| source.ends_with(place));
            assert!(is_allowed || !code.contains(name), "{} names {name}", source.display());
        }
    }
}

#[test]
fn the_system_sees_no_network_and_no_other_program() {
    let (_folder, log) = file("calls", "");
    let traced = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=network,execve,execveat,fork,vfork", "-o", path(&log)])
        .arg(assert_cmd::cargo::cargo_bin("smtp-decrypt"))
        .args(lab::arguments(&["--no-sandbox", "-q", "--format", "json", "--keys", KEYS, CAPTURE]))
        .current_dir(lab::root())
        .stdout(Stdio::null())
        .status();
    if !traced.is_ok_and(|status| status.success()) {
        return println!("skipped: no strace that works here");
    }
    let calls = lab::read_text(&log);
    let calls: Vec<_> = calls.lines().filter(|line| line.contains('(')).collect();
    assert_eq!(calls.len(), 1, "{calls:#?}");
    assert!(calls[0].contains("execve("), "{calls:?}");
}

#[test]
fn no_memory_of_the_program_reaches_a_core_file() {
    let fifo = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("smtp-decrypt"))
        .args(["-q", "-"])
        .current_dir(fifo.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let limits = Path::new("/proc").join(child.id().to_string()).join("limits");
    // The limit is set before the capture is opened; the process waits for that.
    let is_off = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let limits = fs::read_to_string(&limits).unwrap_or_default();
        let core = limits.lines().find(|line| line.starts_with("Max core file size"));
        core.is_some_and(|line| line.split_whitespace().filter(|word| *word == "0").count() == 2)
    });
    drop(child.stdin.take());
    child.wait().expect("it ends");
    assert!(is_off, "{limits:?} allows a core file");
}
