//! Every capture of `testdata/` against the truth beside it, which was taken from the servers and
//! clients and never from our own output.

use std::collections::BTreeSet;

use assert_cmd::Command;
use serde_json::Value;

use crate::lab::{self, Lab, items, text};
use crate::run::Runner;

/// Connections that their keys open, but we do not yet: capture, connection, what is missing. One
/// that begins to open fails its test until it has left this list.
const NOT_YET: &[(&str, usize, &str)] = &[];

/// Where the contract allows two names for one ending: capture, truth's, ours, why ours.
const OUTCOMES: &[(&str, &str, &str, &str)] = &[
    (
        "snaplen",
        "incomplete",
        "unknown",
        "the ciphertext was not opened; that bytes are missing is the reason told for it",
    ),
    ("loss_in_mail", "incomplete", "delivered", "the server's 250 to the mail was captured"),
    ("midstream", "unknown", "incomplete", "the contract's `incomplete`: starts mid-way"),
    ("bad_message_cut", "incomplete", "dropped", "the client left in the middle of the message"),
    ("bad_slow_recipient", "no_mail", "dropped", "the client left before RCPT was answered"),
    ("bad_syn_unanswered", "incomplete", "unanswered", "no SYN+ACK came"),
    (
        "rst_after_clienthello",
        "reset",
        "tls_failed",
        "the reset came within the handshake; `tcp.close` says that it was one",
    ),
];

macro_rules! captures {
    ($($name:ident)*) => {
        const NAMED: &[&str] = &[$(stringify!($name)),*];

        mod agrees_with_its_truth {
            $(#[test]
            fn $name() {
                super::check(stringify!($name));
            })*
        }
    };
}

captures! {
    auth_login_ok auth_plain_failed bdat dhe_tls12 ecdhe_tls12 ecdsa_tls12
    ext_tls10_ems0_etm0 ext_tls10_ems0_etm1 ext_tls10_ems1_etm0 ext_tls10_ems1_etm1
    ext_tls12_ems0_etm0 ext_tls12_ems0_etm1 ext_tls12_ems1_etm0 ext_tls12_ems1_etm1
    format_gzip format_lz4 format_nano format_pcapng format_pcapng_secrets format_swapped
    format_xz format_zstd
    greeting_554 ipv6 key_rsa1024 key_rsa4096 lmtp midstream mixed no_key pipelining plain
    port25_postfix port465_s_client port465_wrapper port587_swaks proxy_v1 proxy_v2
    rcpt_rejected resume_orphan resume_session_id resume_ticket rotated rst_after_clienthello
    several_mails sll2 snaplen ssl2 starttls_refused tiny_segments
    tls10_aes128_sha tls10_aes256_sha tls11_aes128_sha tls11_aes256_sha
    tls12_aes128_gcm_sha256 tls12_aes128_sha tls12_aes128_sha256
    tls12_aes256_gcm_sha384 tls12_aes256_sha tls12_aes256_sha256
    tls13 tls_handshake_failed tls_unknown_ca truncated_file wrong_key
    client_certificate client_certificate_ssl30 compression_ssl30 compression_tls10
    compression_tls12 empty_fragments loss_certificate loss_client loss_finished
    loss_finished_cbc loss_gcm loss_in_mail loss_rc4 loss_server loss_ssl30_3des loss_tls10_cbc
    loss_tls13 max_fragment_length record_size_limit renegotiation_client renegotiation_server
    renegotiation_to_ecdhe resume_other_file resume_ssl30_session_id several_records
    split_records sslv2 sslv2_hello suites_export1024 suites_export40 suites_fips_pike
    suites_ssl30_rsa suites_tls10_forward_secrecy suites_tls10_rsa suites_tls11_rsa
    suites_tls12_ecdsa suites_tls12_forward_secrecy suites_tls12_psk suites_tls12_rsa
    suites_tls12_rsa_gnutls suites_tls12_rsa_mbedtls suites_tls13 ticket_renewal
    tls13_client_certificate tls13_early_data tls13_hello_retry tls13_key_update
    tls13_post_handshake_auth tls13_record_size_limit tls13_resumption
    bad_alpn bad_altered_record bad_auth_before_tls bad_auth_not_offered bad_auth_required
    bad_certificate_expired bad_certificate_expired_gnutls bad_certificate_issuer_gnutls
    bad_certificate_name bad_certificate_not_yet_valid bad_certificate_self_signed
    bad_certificate_weak_key bad_cipher bad_client_certificate bad_client_certificate_missing
    bad_closed_at_client_hello bad_connection_refused bad_content bad_fallback bad_greeting_421
    bad_greylisted bad_group bad_idle bad_mail_before_tls bad_message_cut
    bad_message_unconfirmed bad_mtu bad_no_close_notify bad_no_greeting bad_no_quit
    bad_no_server_name bad_plain_to_tls_port bad_relay bad_renegotiation_info
    bad_reset_at_certificate bad_server_name bad_signature_algorithm bad_silence bad_size
    bad_slow_recipient bad_starttls_501 bad_starttls_503 bad_starttls_answer
    bad_starttls_injection bad_starttls_stripped bad_syn_unanswered bad_tls_to_plain_port
    bad_version_new_client bad_version_old_client bad_weak_dh
}

#[test]
fn no_capture_of_testdata_is_forgotten() {
    let named: BTreeSet<_> = NAMED.iter().map(ToString::to_string).collect();
    let there: BTreeSet<_> = lab::names().into_iter().collect();
    assert_eq!(named, there);
}

#[test]
fn the_plaintext_of_each_opened_connection_is_what_its_ends_recorded_byte_for_byte() {
    let mut compared = 0;
    for lab in Lab::all().iter().filter(|lab| lab.complete) {
        let (_, streams) = Runner::with_keys_of(lab).report_and_streams(&lab.files);
        for (index, truth) in lab.connections.iter().enumerate().filter(|(_, c)| is_open(c)) {
            if waits(&lab.name, index).is_some() {
                continue;
            }
            for (side, direction) in ["c2s", "s2c"].into_iter().enumerate() {
                let recorded = lab.stream(index, direction);
                assert_eq!(truth["stream"][direction]["len"], recorded.len());
                let ours = &streams[index][side];
                let name = format!("{} {index} {direction}", lab.name);
                assert!(*ours == recorded, "{name}: {} of {}", ours.len(), recorded.len());
                compared += 1;
            }
        }
    }
    assert!(compared > 90, "only {compared} streams were compared");
}

#[test]
fn with_the_key_log_beside_it_the_plaintext_of_every_connection_is_known() {
    let mut compared = 0;
    for lab in Lab::all().iter().filter(|lab| lab.complete && lab.keylog.is_some()) {
        let (_, streams) = Runner::with_keys_and_log_of(lab).report_and_streams(&lab.files);
        assert_eq!(streams.len(), lab.connections.len(), "{}", lab.name);
        for (index, both) in streams.iter().enumerate() {
            for (side, direction) in ["c2s", "s2c"].into_iter().enumerate() {
                let recorded = lab.stream(index, direction);
                let ours = &both[side];
                let name = format!("{} {index} {direction}", lab.name);
                assert!(*ours == recorded, "{name}: {} of {}", ours.len(), recorded.len());
                compared += 1;
            }
        }
    }
    assert!(compared > 150, "only {compared} streams were compared");
}

/// What the binary says of a capture, AUTH revealed.
fn report(lab: &Lab) -> Value {
    let mut command = Command::cargo_bin("smtp-decrypt").expect("the binary");
    command.current_dir(lab::root()).args(["--format", "json", "--reveal", "auth"]);
    if let Some(keys) = &lab.keys {
        command.arg("--keys").arg(keys);
    }
    let output = command.args(&lab.files).output().expect("it runs");
    serde_json::from_slice(&output.stdout).expect("JSON on standard output")
}

fn check(name: &str) {
    let lab = Lab::load(name);
    let report = report(&lab);
    let sessions = items(&report["sessions"]);
    assert_eq!(sessions.len(), lab.connections.len(), "number of sessions");
    let mut differences = Vec::new();
    for (index, (session, truth)) in sessions.iter().zip(&lab.connections).enumerate() {
        let mut comparison = Comparison { lab: &lab, index, session, truth, found: Vec::new() };
        comparison.run();
        differences.extend(comparison.found);
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

/// The keys beside the capture are enough, or none are needed.
fn is_open(truth: &Value) -> bool {
    match truth["tls"]["established"].as_bool() {
        Some(true) => truth["tls"]["decryptable_with_keys"] == true,
        _ => true,
    }
}

/// Why a connection is not opened yet.
fn waits(name: &str, index: usize) -> Option<&'static str> {
    let row = NOT_YET.iter().find(|row| row.0 == name && row.1 == index)?;
    Some(row.2)
}

struct Comparison<'a> {
    lab: &'a Lab,
    index: usize,
    session: &'a Value,
    truth: &'a Value,
    found: Vec<String>,
}

impl Comparison<'_> {
    fn run(&mut self) {
        for end in ["client", "server"] {
            self.equal(end, &endpoint(&self.session[end]), text(&self.truth[end]));
        }
        if self.truth["tls"]["established"] == true {
            self.tls();
        }
        if let Some(why) = waits(&self.lab.name, self.index) {
            println!("{} {} is not opened yet: {why}", self.lab.name, self.index);
            return self.equal("decrypted (NOT_YET)", &self.status(), "none");
        }
        self.outcome();
        if self.lab.name.starts_with("loss_") && is_open(self.truth) {
            return self.survives();
        }
        self.verdict();
        if self.closes_again() {
            return;
        }
        self.dialogue();
        self.mails();
        self.lengths();
    }

    fn equal(&mut self, what: &str, ours: &(impl ToString + ?Sized), truth: &str) {
        let ours = ours.to_string();
        if ours != truth {
            self.found.push(format!("{} {what}: ours {ours:?}, truth {truth:?}", self.index));
        }
    }

    fn status(&self) -> String {
        text(&self.session["tls"]["decryption"]["status"]).to_string()
    }

    /// What was negotiated. A capture that lacks the negotiation may leave it open.
    fn tls(&mut self) {
        let (tls, truth) = (&self.session["tls"], &self.truth["tls"]);
        if !self.lab.complete && tls["version"].is_null() {
            return;
        }
        let mode = text(&truth["mode"]).replace("wrapper", "implicit");
        self.equal("mode", text(&tls["mode"]), &mode);
        self.equal("version", text(&tls["version"]), text(&truth["version"]));
        // Of two handshakes the last one counts here, the first one there.
        let renegotiated = [&self.truth["renegotiation"], &truth["renegotiation"]];
        if renegotiated.iter().any(|renegotiation| !renegotiation.is_null()) {
            return;
        }
        self.equal("suite", text(&tls["cipher_suite"]), text(&truth["cipher_iana"]));
        let tls13 = ["TLS_AES", "TLS_CHACHA20"];
        if !tls13.iter().any(|prefix| text(&tls["cipher_suite"]).starts_with(prefix)) {
            // OpenSSL 1.0 said EDH for DHE; other stacks have no name of OpenSSL's.
            if let Some(openssl) = truth["cipher_openssl"].as_str() {
                let ours = text(&tls["cipher_suite_openssl"]);
                self.equal("OpenSSL's name", ours, &openssl.replace("EDH-", "DHE-"));
            }
            // SSL 2.0 has neither, and its truth says so by null.
            let said = |field: &str| truth[field].as_bool().unwrap_or_default().to_string();
            self.equal("ems", &tls["extended_master_secret"], &said("ems"));
            self.equal("etm", &tls["encrypt_then_mac"], &said("etm"));
        }
        self.equal("resumed", &!tls["resumed"].is_null(), &truth["resumed"].to_string());
        if self.lab.complete {
            self.equal("established", &tls["handshake_complete"], "true");
        }
    }

    fn verdict(&mut self) {
        let reason = match text(&self.truth["expected_reason"]) {
            "no_handshake" => "handshake_missing",
            "resumed_without_handshake" => "resumed_without_origin",
            reason => reason,
        };
        let ours = text(&self.session["tls"]["decryption"]["reason"]);
        match self.truth["tls"]["established"].as_bool() {
            None => self.equal("tls", &self.session["tls"], "null"),
            Some(false) if reason.is_empty() => self.equal("reason", ours, "handshake_incomplete"),
            Some(false) => self.equal("reason", ours, reason),
            Some(true) if is_open(self.truth) => self.equal("status", &self.status(), "decrypted"),
            Some(true) if self.closes_again() => {
                self.equal("status", &self.status(), "partial");
                self.equal("reason", ours, reason);
            }
            Some(true) => {
                self.equal("status", &self.status(), "none");
                self.equal("reason", ours, reason);
            }
        }
    }

    /// A renegotiation changes to keys that are not to be had.
    fn closes_again(&self) -> bool {
        let renegotiated = [&self.truth["renegotiation"], &self.truth["tls"]["renegotiation"]];
        renegotiated.iter().any(|renegotiation| !renegotiation.is_null()) && !is_open(self.truth)
    }

    /// Packets are missing: what there is was said, the rest is called lost.
    fn survives(&mut self) {
        self.equal("status", &self.status(), "partial");
        let truth = dialogue(self.truth);
        let said = |line: &String| {
            truth.iter().any(|(command, lines)| command == line || lines.contains(line))
        };
        let ours = exchanges(self.session);
        let lines = ours.iter().flat_map(|(command, lines)| lines.iter().chain([command]));
        let invented: Vec<_> = lines.filter(|line| !line.is_empty() && !said(line)).collect();
        if !invented.is_empty() || ours.len() < truth.len() / 2 {
            self.found.push(format!("{} of {} exchanges, {invented:?}", ours.len(), truth.len()));
        }
    }

    fn outcome(&mut self) {
        let truth = text(&self.truth["expected_outcome"]);
        let other = OUTCOMES.iter().find(|row| row.0 == self.lab.name && row.1 == truth);
        let expected = other.map_or(truth, |row| row.2);
        self.equal("outcome", text(&self.session["outcome"]), expected);
    }

    /// Where TLS stays closed or the capture ends early, what we have must be how it began.
    fn dialogue(&mut self) {
        let ours = exchanges(self.session);
        let mut truth = dialogue(self.truth);
        if !is_open(self.truth) {
            let starttls = truth.iter().position(|(command, _)| command == "STARTTLS");
            truth.truncate(starttls.map_or(0, |place| place + 1));
        }
        if !self.lab.complete && ours.len() < truth.len() {
            truth.truncate(ours.len());
        }
        self.equal("exchanges", &ours.len(), &truth.len().to_string());
        for (ours, truth) in ours.iter().zip(&truth) {
            self.equal("command", &ours.0, &truth.0);
            let damaged = !self.lab.complete && ours.1.iter().all(|line| truth.1.contains(line));
            if !damaged {
                self.equal("reply", &ours.1.join("\n"), &truth.1.join("\n"));
            }
        }
    }

    fn mails(&mut self) {
        let ours = items(&self.session["smtp"]["mails"]);
        let truth: &[Value] = match self.lab.complete && is_open(self.truth) {
            true => items(&self.truth["messages"]),
            false => &[],
        };
        self.equal("mails", &ours.len(), &truth.len().to_string());
        for (ours, truth) in ours.iter().zip(truth) {
            for field in ["from", "to", "rejected_to", "sha256"] {
                self.equal(field, &ours[field], &truth[field].to_string());
            }
            // A message that never ended has no length and no digest.
            let is_whole = !truth["sha256"].is_null();
            let bytes = if is_whole { truth["bytes"].to_string() } else { "null".to_owned() };
            self.equal("bytes", &ours["bytes"], &bytes);
            self.equal("transfer", text(&ours["transfer"]), text(&truth["how"]));
            let accepted = ours["reply"]["code"].as_u64().is_some_and(|code| code / 100 == 2);
            self.equal("accepted", &accepted, &truth["accepted"].to_string());
        }
    }

    /// How many bytes came out of TLS; without TLS, how many went over the wire.
    fn lengths(&mut self) {
        if !self.lab.complete || !is_open(self.truth) {
            return;
        }
        for (role, direction) in [("client", "c2s"), ("server", "s2c")] {
            let all = self.truth["stream"][direction]["len"].as_u64().unwrap_or_default();
            let plain = self.truth["plain_bytes"][direction].as_u64().unwrap_or_default();
            match self.truth["tls"]["established"].as_bool() {
                Some(true) => {
                    let ours = &self.session["tls"]["decryption"]["bytes"][role];
                    self.equal("bytes opened", ours, &(all - plain).to_string());
                }
                Some(false) => {}
                None => {
                    let ours = &self.session["tcp"]["bytes"][role];
                    self.equal("bytes", ours, &all.to_string());
                }
            }
        }
    }
}

fn endpoint(end: &Value) -> String {
    match text(&end["ip"]) {
        ip if ip.contains(':') => format!("[{ip}]:{}", end["port"]),
        ip => format!("{ip}:{}", end["port"]),
    }
}

/// Commands and reply lines. The replies of LMTP to one mail, one for each recipient, are one here.
fn exchanges(session: &Value) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for exchange in items(&session["smtp"]["exchanges"]) {
        let lines = strings(&exchange["reply"]["lines"]);
        let command = match text(&exchange["verb"]) {
            "." => "<message>",
            _ => text(&exchange["command"]),
        };
        match all.last_mut() {
            Some(last) if last.0 == "<message>" && command == "<message>" => last.1.extend(lines),
            _ => all.push((command.to_string(), lines)),
        }
    }
    all
}

fn dialogue(truth: &Value) -> Vec<(String, Vec<String>)> {
    let line = |said: &Value| (text(&said["c"]).to_string(), strings(&said["r"]));
    items(&truth["dialogue"]).iter().map(line).collect()
}

fn strings(values: &Value) -> Vec<String> {
    items(values).iter().map(|value| text(value).to_string()).collect()
}
