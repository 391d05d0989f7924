//! `--secrets-from`: what a machine still has of its sessions opens them, and nothing else does. The
//! secrets are those of the key logs that the ends wrote; around them stands what OpenSSL, Postfix and
//! memory put there.

use serde_json::Value;

use crate::cli::{code, file, path, run, stderr, stdout};
use crate::lab::{Lab, read_text, text};

/// The bytes that digits spell.
fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// The secrets with this label in a capture's key log.
fn secrets(lab: &Lab, label: &str) -> Vec<Vec<u8>> {
    let log = read_text(lab.keylog.as_deref().expect("a key log"));
    let words = log.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    words.filter(|words| words[0] == label).map(|words| unhex(words[2])).collect()
}

/// A session as `i2d_SSL_SESSION` writes it, up to its time and timeout.
fn session_der(master: &[u8]) -> Vec<u8> {
    let body = [
        &[2, 1, 1, 2, 2, 3, 3, 4, 2, 0xc0, 0x30, 4, 32][..],
        &[0x5a; 32],
        &[4, 48],
        master,
        &[0xa1, 6, 2, 4, 0x6b, 0x0d, 0x7c, 0x7a, 0xa2, 4, 2, 2, 0x1c, 0x20],
        // What stands for the certificate.
        &[0xa3, 0x82, 0, 200],
        &[0; 200],
    ]
    .concat();
    [&[0x30, 0x82][..], &u16::try_from(body.len()).expect("short").to_be_bytes(), &body].concat()
}

/// Bytes that look random and are the same in each run (an xorshift).
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..len / 8).flat_map(|_| next()).collect()
}

/// Memory with secrets in it: a page of zeros, noise, and each secret at the next multiple of 16.
fn memory(secrets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [vec![0; 4096], noise(8192)].concat();
    for secret in secrets {
        bytes.extend_from_slice(secret);
        bytes.extend(vec![0; (16 - bytes.len() % 16) % 16]);
        bytes.extend(noise(1024));
    }
    bytes
}

/// The report of a capture with these bytes as what a machine still has, and what is said beside it.
fn searched(lab: &Lab, name: &str, bytes: Vec<u8>) -> (Value, String) {
    let (_directory, kept) = file(name, bytes);
    let mut arguments = vec!["--format", "json", "--secrets-from", path(&kept)];
    arguments.extend(lab.files.iter().map(|file| path(file)));
    let output = run(&arguments);
    (serde_json::from_str(stdout(&output)).expect("JSON"), stderr(&output).to_owned())
}

fn decryption(report: &Value) -> &Value {
    &report["sessions"][0]["tls"]["decryption"]
}

fn assert_opened(report: &Value, secret: &str, name: &str) {
    let decryption = decryption(report);
    assert_eq!(decryption["status"], "decrypted", "{name}: {}", decryption["evidence"]);
    assert_eq!(decryption["secret"], secret, "{name}");
    let key = text(&decryption["key"]);
    assert!(key.contains(name) && key.contains("at offset"), "{key}");
    let told = report["keys"].as_array().expect("keys").iter().find(|told| told["source"] == key);
    assert_eq!(told.expect("the find")["sessions_opened"], 1, "{name}");
}

#[test]
fn a_session_of_openssl_opens_the_session_that_it_is_of() {
    let lab = Lab::load("ecdhe_tls12");
    let [master] = &secrets(&lab, "CLIENT_RANDOM")[..] else { panic!("one secret") };
    let der = session_der(master);
    let digits: String = der.iter().map(|byte| format!("{byte:02X}")).collect();
    let line: String = master.iter().map(|byte| format!("{byte:02X}")).collect();
    for (name, bytes, secret) in [
        ("session.der", der.clone(), "session_file"),
        ("session.txt", format!("    Master-Key: {line}\n").into_bytes(), "session_file"),
        (
            "smtp_scache.txt",
            format!("smtp&[192.0.2.25]:25\t1E800D6B00000000{digits}\n").into_bytes(),
            "session_cache",
        ),
        ("process.core", memory(&[der]), "memory"),
    ] {
        let (report, _) = searched(&lab, name, bytes);
        assert_opened(&report, secret, name);
        assert_eq!(report["sessions"][0]["outcome"], "delivered", "{name}");
    }
}

#[test]
fn a_master_secret_in_memory_is_found_without_any_structure() {
    let lab = Lab::load("ecdhe_tls12");
    let (report, said) = searched(&lab, "raw.bin", memory(&secrets(&lab, "CLIENT_RANDOM")));
    assert_opened(&report, "memory", "raw.bin");
    assert!(said.contains("secrets of 1 of 1 sessions were found"), "{said}");
    assert_eq!(decryption(&report)["finished_verified"], true);
}

#[test]
fn the_traffic_secrets_of_application_data_open_all_that_was_said_in_tls_1_3() {
    let lab = Lab::load("tls13");
    let labels = ["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"];
    let kept: Vec<_> = labels.iter().flat_map(|label| secrets(&lab, label)).collect();
    let (report, _) = searched(&lab, "raw.bin", memory(&kept));
    assert_opened(&report, "memory", "raw.bin");
    assert_eq!(report["sessions"][0]["outcome"], "delivered");
    let evidence = text(&decryption(&report)["evidence"]);
    assert!(evidence.contains("records of the handshake stay closed"), "{evidence}");
}

#[test]
fn one_side_of_tls_1_3_is_told_as_one_side() {
    let lab = Lab::load("tls13");
    let kept = memory(&secrets(&lab, "SERVER_TRAFFIC_SECRET_0"));
    let (report, _) = searched(&lab, "raw.bin", kept);
    let decryption = decryption(&report);
    assert_eq!(
        (&decryption["status"], &decryption["secret"]),
        (&"partial".into(), &"memory".into())
    );
    assert_eq!(decryption["reason"], "keylog_incomplete");
    let evidence = text(&decryption["evidence"]);
    assert!(evidence.contains("SERVER_TRAFFIC_SECRET_0 was found"), "{evidence}");
}

#[test]
fn memory_of_another_run_opens_nothing_and_is_named() {
    for (name, reason) in [("ecdhe_tls12", "forward_secrecy"), ("tls13", "tls13")] {
        let lab = Lab::load(name);
        let other = memory(&[noise(96)[48..].to_vec(), session_der(&noise(48))]);
        let (report, said) = searched(&lab, "other.core", other);
        let decryption = decryption(&report);
        assert_eq!(
            (&decryption["status"], &decryption["reason"]),
            (&"none".into(), &reason.into())
        );
        let evidence = text(&decryption["evidence"]);
        assert!(evidence.contains("searched without a hit") && evidence.contains("other.core"));
        assert!(said.contains("secrets of 0 of 1 sessions were found"), "{said}");
        assert!(text(&decryption["hint"]).contains("--secrets-from"));
    }
}

#[test]
fn an_empty_file_and_a_missing_one_are_no_failure_of_the_capture() {
    let lab = Lab::load("tls13");
    let (report, _) = searched(&lab, "empty.bin", Vec::new());
    assert_eq!(decryption(&report)["reason"], "tls13");
    let mut arguments = vec!["--format", "json", "--secrets-from", "/nowhere/core"];
    arguments.extend(lab.files.iter().map(|file| path(file)));
    let output = run(&arguments);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("cannot search /nowhere/core"), "{}", stderr(&output));
}

#[test]
fn no_secret_that_was_found_is_printed() {
    let lab = Lab::load("tls13");
    let kept = secrets(&lab, "CLIENT_TRAFFIC_SECRET_0");
    let (report, said) = searched(&lab, "raw.bin", memory(&kept));
    let digits: String = kept[0].iter().map(|byte| format!("{byte:02x}")).collect();
    let printed = format!("{report}{said}").to_lowercase();
    assert!(!printed.contains(&digits[..32]));
}
