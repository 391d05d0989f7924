//! PROXY protocol headers as HAProxy sends them before Postfix (`testdata/generate/haproxy.py`): wanted
//! and not, there and missing. Who called, and what was stored, is known from the clients' own
//! sockets and Postfix's mailboxes.

use std::path::PathBuf;

use serde_json::Value;

use crate::lab::{items, json, root, testdata, text};
use crate::run::Runner;
use crate::shuffle::assert_any_order_is_as_good;
use crate::wire::{self, Talk};

/// Captures where the server expects the header, and which version it is.
const EXPECTED: [(&str, u64); 6] = [
    ("v1_starttls", 1),
    ("v2_plain", 2),
    ("v2_tlvs_before_tls", 2),
    ("v1_before_tls", 1),
    ("postscreen", 2),
    ("v1_inside_tls", 1),
];

fn capture(name: &str) -> PathBuf {
    root().join(format!("testdata/transport/haproxy/{name}.pcap"))
}

fn truth(name: &str) -> Value {
    json(&root().join("testdata/transport/haproxy/truth.json"))[name].clone()
}

/// Reads a capture with the server's key and no row of a key list that names a port.
fn sessions(name: &str) -> Vec<Value> {
    let runner = Runner::with_bare_key(testdata("pki/server.key"));
    let (report, _) = runner.report_and_streams(&[capture(name)]);
    items(&report["sessions"]).to_vec()
}

fn behind_the_proxy(name: &str) -> Value {
    let found = sessions(name);
    found.into_iter().find(|session| !session["proxy"].is_null()).unwrap_or_else(|| {
        panic!("{name}: no session has a header");
    })
}

fn cause(session: &Value) -> &str {
    text(&session["diagnosis"]["code"])
}

#[test]
fn a_header_before_text_or_tls_on_any_port_names_the_caller_and_loses_no_mail() {
    for (name, version) in EXPECTED {
        let session = behind_the_proxy(name);
        assert_eq!(session["proxy"]["version"], version, "{name}");
        if name != "v1_inside_tls" {
            assert_eq!(session["proxy"]["source"], truth(name)["client"], "{name}");
        }
        assert_eq!(session["outcome"], "delivered", "{name}");
        assert_eq!(items(&session["smtp"]["mails"]).len() as u64, truth(name)["stored"], "{name}");
        assert_eq!(session["smtp"]["mails"][0]["subject"], name);
        let codes: Vec<_> =
            items(&session["findings"]).iter().map(|found| text(&found["code"])).collect();
        assert!(!codes.contains(&"smtp.proxy_header_unexpected"), "{name}: {codes:?}");
        assert!(!codes.contains(&"smtp.early_talker"), "{name}: {codes:?}");
    }
}

#[test]
fn a_header_that_the_server_does_not_expect_is_named_on_both_sides_of_the_proxy() {
    for name in ["unexpected_v2", "unexpected_before_tls"] {
        let session = behind_the_proxy(name);
        assert_eq!(cause(&session), "smtp.proxy_header_unexpected", "{name}");
    }
    let near = sessions("unexpected_v2").remove(0);
    assert!(near["proxy"].is_null());
    assert_eq!(cause(&near), "smtp.proxy_header_unexpected");
    assert_eq!(near["diagnosis"]["likelihood"], "likely");
}

#[test]
fn replies_behind_a_refused_header_belong_to_the_commands_that_they_answer() {
    let session = behind_the_proxy("unexpected_v1");
    let replies: Vec<_> = items(&session["smtp"]["exchanges"])
        .iter()
        .map(|exchange| (exchange["verb"].as_str(), exchange["reply"]["code"].as_u64()))
        .collect();
    assert_eq!(replies[0], (None, Some(220)));
    assert_eq!(replies[1], (Some("PROXY"), Some(500)));
    assert_eq!(replies[2], (Some("EHLO"), Some(250)));
    assert_eq!(session["outcome"], "delivered");
    let codes = items(&session["findings"]).iter().map(|found| text(&found["code"]));
    assert_eq!(codes.filter(|code| *code == "smtp.proxy_header_unexpected").count(), 1);
}

#[test]
fn a_header_that_is_missing_is_named_as_what_the_server_may_wait_for() {
    for name in ["missing", "missing_before_tls"] {
        let (report, _) = Runner::keyless().on_all_tls().report_and_streams(&[capture(name)]);
        let session = &report["sessions"][0];
        let hint = text(&session["findings"][0]["hint"]);
        assert!(hint.contains("PROXY protocol header"), "{name}: {hint}");
    }
}

#[test]
fn a_header_is_read_however_it_is_cut_and_in_any_order() {
    let header =
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x14\x0a\0\0\x01\x0a\0\0\x02\x9c\x40\0\x19\x04\0\x05*****";
    let line = b"PROXY TCP4 192.0.2.77 192.0.2.25 41234 25\r\n";
    for header in [&header[..], &line[..]] {
        let expected = Talk::between("10.0.0.1:40000", "10.0.0.2:10025").segments_of(9);
        let talk = expected.client(header).mail("Subject: x\r\n\r\nbody\r\n").close();
        assert_any_order_is_as_good(&Runner::keyless(), &talk.frames(), 24, false);
        let refused = Talk::between("10.0.0.1:40000", "10.0.0.2:25");
        let refused = refused.client(header).server("220 mx ESMTP\r\n500 5.5.2 what?\r\n");
        let refused = refused.client("EHLO a\r\n").server("250 mx\r\n").client("QUIT\r\n");
        let refused = refused.server("221 bye\r\n").close();
        assert_any_order_is_as_good(&Runner::keyless(), &refused.frames(), 24, false);
    }
    let behind_tls = wire::frames_of(&[capture("v2_tlvs_before_tls")]);
    let server =
        |frame: &wire::Frame| frame.source.port() == 10465 || frame.destination.port() == 10465;
    let frames: Vec<_> = behind_tls.into_iter().filter(server).collect();
    let runner = Runner::with_bare_key(testdata("pki/server.key"));
    assert_any_order_is_as_good(&runner, &frames, 16, false);
}

#[test]
fn a_refused_hello_behind_an_expected_header_is_the_hellos() {
    let talk = Talk::between("10.0.0.1:40000", "10.0.0.2:10025")
        .client("PROXY TCP4 192.0.2.77 192.0.2.25 41234 25\r\n")
        .server("220 mx ESMTP\r\n")
        .client("EHLO a\r\n")
        .server("550 5.7.1 not you\r\n")
        .close();
    let report = Runner::keyless().report(talk.pcap());
    let session = &report["sessions"][0];
    assert_eq!(session["outcome"], "rejected");
    assert_eq!(session["smtp"]["exchanges"][1]["verb"], "EHLO");
    assert_ne!(cause(session), "smtp.proxy_header_unexpected");
}
