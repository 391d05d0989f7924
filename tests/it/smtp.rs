//! Dialogues that the RFCs allow and that servers and middleboxes make, as whole captures.

use serde_json::{Value, json};

use crate::lab::{items, text};
use crate::run::Runner;
use crate::wire::{self, Talk};

const EHLO_REPLY: &str = "250-mx.example.com\r\n250-STARTTLS\r\n250 SIZE 1000\r\n";

/// A ClientHello of TLS 1.2 with one suite and no extension (RFC 5246 §7.4.1.2).
fn client_hello() -> Vec<u8> {
    let head = b"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03";
    [&head[..], &[7; 32], b"\x00\x00\x02\x00\x2f\x01\x00"].concat()
}

fn session(talk: Talk) -> Value {
    let report = Runner::keyless().report(wire::pcap(&talk.close().frames()));
    assert_eq!(items(&report["sessions"]).len(), 1, "{}", report["summary"]);
    report["sessions"][0].clone()
}

fn codes(session: &Value) -> Vec<&str> {
    items(&session["findings"]).iter().map(|finding| text(&finding["code"])).collect()
}

fn said(session: &Value) -> Vec<String> {
    let exchanges = items(&session["smtp"]["exchanges"]).iter();
    exchanges
        .map(|exchange| {
            let verb = exchange["verb"].as_str().unwrap_or("-");
            format!("{verb} {}", exchange["reply"]["code"])
        })
        .collect()
}

fn introduced(ehlo_reply: &str) -> Talk {
    Talk::open()
        .server("220 mx.example.com ESMTP\r\n")
        .client("EHLO client.example.org\r\n")
        .server(ehlo_reply)
}

#[test]
fn smtp_behind_socks5_is_read() {
    let talk = Talk::between("10.0.0.2:53709", "10.0.0.1:1080")
        .client(b"\x05\x01\x00")
        .server(b"\x05\x00")
        .client(b"\x05\x01\x00\x03\x0emx.example.com\x00\x19")
        .server(b"\x05\x00\x00\x01\x0a\x00\x00\x01\xd1\xcd")
        .mail("Subject: x\r\n\r\nbody\r\n");
    let session = session(talk);
    assert_eq!(session["outcome"], "delivered");
    let tunnel = json!({ "protocol": "socks5", "target": "mx.example.com:25" });
    assert_eq!(session["tunnel"], tunnel);
}

#[test]
fn smtp_behind_socks4_and_connect_is_read_however_it_is_cut() {
    let socks4 = Talk::between("10.0.0.2:53709", "10.0.0.1:1080").segments_of(3);
    let socks4 = socks4.client(b"\x04\x01\x02\x4b\xc0\x00\x02\x19tim\0");
    let socks4 = socks4.server(b"\0\x5a\0\0\0\0\0\0");
    let connect = Talk::between("10.0.0.2:53709", "10.0.0.1:3128").segments_of(7);
    let connect = connect.client("CONNECT [2001:db8::25]:587 HTTP/1.1\r\nUser-Agent: x\r\n\r\n");
    let connect = connect.server("HTTP/1.1 200 OK\r\n\r\n");
    for (talk, target) in [(socks4, "192.0.2.25:587"), (connect, "[2001:db8::25]:587")] {
        let session = session(talk.mail("Subject: x\r\n\r\nbody\r\n"));
        assert_eq!(session["outcome"], "delivered", "{target}");
        assert_eq!(session["tunnel"]["target"], target);
    }
}

#[test]
fn a_proxy_that_refuses_makes_no_session() {
    let talk = Talk::between("10.0.0.2:53709", "10.0.0.1:1080")
        .client(b"\x05\x01\x00")
        .server(b"\x05\xff");
    let report = Runner::keyless().report(wire::pcap(&talk.close().frames()));
    assert!(items(&report["sessions"]).is_empty());
}

#[test]
fn an_offer_of_starttls_that_was_overwritten_is_told() {
    let reply = "250-mx.example.com\r\n250-SIZE 1000\r\n250 XXXXXXXA\r\n";
    let talk = introduced(reply).client("QUIT\r\n").server("221 bye\r\n");
    let session = session(talk);
    assert_eq!(codes(&session), ["smtp.starttls_stripped", "smtp.inspected"]);
    assert_eq!(session["smtp"]["starttls"], "not_offered");
}

#[test]
fn a_starttls_that_was_accepted_and_not_offered_was_stripped() {
    let reply = "250-mx.example.com\r\n250 SIZE 1000\r\n";
    let talk = introduced(reply).client("STARTTLS\r\n").server("220 go\r\n");
    let session = session(talk.client(client_hello()));
    assert!(codes(&session).contains(&"smtp.starttls_stripped"), "{session}");
}

#[test]
fn a_starttls_that_is_answered_and_never_begun_is_told() {
    let talk = introduced(EHLO_REPLY).client("STARTTLS\r\n").server("220 go\r\n");
    let session = session(talk);
    assert_eq!(codes(&session), ["smtp.starttls_not_begun"]);
    assert_eq!((&session["tls"], &session["smtp"]["starttls"]), (&Value::Null, &json!("accepted")));
}

#[test]
fn what_a_decrypting_tap_captured_is_read_to_its_end() {
    let talk = introduced(EHLO_REPLY).client("STARTTLS\r\n").server("220 go\r\n");
    let session = session(talk.client("EHLO again\r\n").server("250 mx\r\n").one_mail("x\r\n"));
    assert_eq!(session["outcome"], "delivered");
    assert_eq!(session["smtp"]["helo"]["name"], "again");
    assert_eq!(codes(&session), ["smtp.starttls_not_begun"]);
}

#[test]
fn error_lines_that_answer_a_client_hello_are_shown() {
    let talk = introduced(EHLO_REPLY).client("STARTTLS\r\n").server("220 go\r\n");
    let session = session(talk.client(client_hello()).server("454 4.3.0 TLS not available\r\n"));
    assert_eq!(session["outcome"], "tls_failed");
    let found = items(&session["findings"]).iter().find(|found| found["code"] == "tls.not_tls");
    assert!(text(&found.expect("it is told")["message"]).contains("454 4.3.0 TLS not available"));
}

#[test]
fn exchanges_own_starttls_goes_over_to_tls() {
    let reply = "250-mx.example.com\r\n250-X-ANONYMOUSTLS\r\n250 X-EXPS GSSAPI NTLM\r\n";
    let talk =
        introduced(reply).client("X-ANONYMOUSTLS\r\n").server("220 2.0.0 SMTP server ready\r\n");
    let session = session(talk.client(client_hello()));
    assert_eq!(session["protocol"], "smtp+starttls");
    assert_eq!(session["smtp"]["starttls"], "accepted");
    let events: Vec<_> = items(&session["timeline"]).iter().map(|e| text(&e["event"])).collect();
    assert!(events.contains(&"smtp.starttls_reply"), "{events:?}");
}

#[test]
fn recipients_are_told_one_by_one_with_what_was_asked_for() {
    let talk = introduced(EHLO_REPLY)
        .client("MAIL FROM:<a@example.org> SIZE=12 RET=HDRS\r\nRCPT TO:<b@x> NOTIFY=NEVER\r\n")
        .client("RCPT TO:<c@x>\r\nDATA\r\n")
        .server("250 ok\r\n550 5.1.1 no\r\n250 ok\r\n354 go\r\n")
        .client("x\r\n.\r\n")
        .server("250 2.0.0 Ok: queued as 7\r\n");
    let session = session(talk);
    let mail = &session["smtp"]["mails"][0];
    assert_eq!(mail["parameters"], json!({ "SIZE": "12", "RET": "HDRS" }));
    let told: Vec<_> = items(&mail["recipients"])
        .iter()
        .map(|r| (text(&r["address"]), &r["accepted"], &r["reply"]["code"], &r["parameters"]))
        .collect();
    let (yes, no) = (json!(true), json!(false));
    let (accepted, refused, notify) = (json!(250), json!(550), json!({ "NOTIFY": "NEVER" }));
    assert_eq!(told[0], ("b@x", &no, &refused, &notify));
    assert_eq!(told[1], ("c@x", &yes, &accepted, &json!({})));
}

#[test]
fn lmtp_tells_the_delivery_to_each_recipient() {
    let talk = Talk::open()
        .server("220 mx LMTP\r\n")
        .client("LHLO a\r\n")
        .server("250 mx\r\n")
        .client("MAIL FROM:<>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n")
        .server("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
        .client("x\r\n.\r\n")
        .server("250 2.0.0 b saved\r\n552 5.2.2 c is full\r\n");
    let session = session(talk);
    let mail = &session["smtp"]["mails"][0];
    assert_eq!((&mail["to"], &mail["rejected_to"]), (&json!(["b@x"]), &json!(["c@x"])));
    let codes: Vec<_> = items(&mail["recipients"]).iter().map(|r| &r["delivery"]["code"]).collect();
    assert_eq!(codes, [&json!(250), &json!(552)]);
}

#[test]
fn a_mail_that_nobody_answered_before_the_connection_ended_is_dropped() {
    let talk = Talk::open()
        .server("220 mx ESMTP\r\n")
        .client("HELO a\r\n")
        .server("250 mx\r\n")
        .client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
        .server("250 ok\r\n250 ok\r\n354 go\r\n")
        .client("x\r\n.\r\n");
    let session = session(talk);
    assert_eq!(session["outcome"], "dropped");
    assert_eq!(session["smtp"]["mails"][0]["reply"], Value::Null);
    assert_eq!(session["smtp"]["transactions"][0]["outcome"], "dropped");
}

#[test]
fn a_password_behind_a_command_that_was_never_answered_is_masked() {
    // The EHLO here is never answered, as in a capture that Suricata had as a bug (6053).
    let talk = Talk::open()
        .server("220-smtp.example.com ESMTP")
        .client("EHLO Simone\r\n")
        .server("\r\n220 ready\r\n")
        .client("AUTH LOGIN\r\n")
        .server("334 VXNlcm5hbWU6\r\n")
        .client("Z2FsdW50\r\n")
        .server("334 UGFzc3dvcmQ6\r\n")
        .client("VjF2MXRyMG4=\r\n")
        .server("235 ok\r\n")
        .client("MAIL FROM:<a@b>\r\n")
        .server("250 ok\r\n");
    let session = session(talk);
    let timeline = session["timeline"].to_string();
    assert!(timeline.contains("****") && !timeline.contains("VjF2MXRyMG4"), "{timeline}");
    let expected = ["- 220", "EHLO null", "AUTH 334", "AUTH-RESPONSE 334", "AUTH-RESPONSE 235"];
    assert_eq!(said(&session)[..5], expected);
    assert_eq!(session["smtp"]["auth"]["user"], "galunt");
}

#[test]
fn a_chunk_that_the_server_does_not_understand_has_no_bytes() {
    let talk = introduced(EHLO_REPLY)
        .client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 5 X\r\n")
        .server("250 ok\r\n250 ok\r\n521 5.5.4 Syntax: BDAT count [LAST]\r\n")
        .client("BDAT 3 LAST\r\nabcQUIT\r\n")
        .server("250 ok\r\n221 bye\r\n");
    let session = session(talk);
    let expected = ["BDAT 521", "BDAT 250", "QUIT 221"];
    assert_eq!(said(&session)[4..], expected);
    assert_eq!(session["smtp"]["mails"][0]["bytes"], 3);
}

#[test]
fn each_way_to_smuggle_a_mail_is_a_finding() {
    for end in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r.\n", "\r.\r\n", "\r\n.\r"] {
        let body = format!("Subject: x\r\n\r\na{end}MAIL FROM:<smuggled@x>\r\n");
        let session = session(Talk::open().mail(&body));
        assert_eq!(codes(&session), ["smtp.bare_newline"], "{end:?}");
        assert!(text(&session["findings"][0]["message"]).contains("lax server"), "{end:?}");
        assert_eq!(items(&session["smtp"]["mails"]).len(), 1);
    }
}

/// RFC 6376 §A.2: a signed message, as the RFC prints it (its `b=` is not looked at).
const SIGNED: &str = "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n \
    c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n \
    h=Received : From : To : Subject : Date : Message-ID;\r\n \
    bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6e\r\n\
    From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n\
    Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
    Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n\
    Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n";

#[test]
fn a_signature_that_matches_proves_the_mail_and_one_byte_less_does_not() {
    let mail = |text: &str, mss: usize| {
        let session = session(Talk::open().segments_of(mss).mail(text));
        session["smtp"]["mails"][0].clone()
    };
    for mss in [7, 1460] {
        let signed = mail(SIGNED, mss);
        let expected = json!([{ "domain": "example.com", "selector": "brisbane",
            "algorithm": "rsa-sha256", "body_hash": "match" }]);
        assert_eq!(signed["dkim"], expected);
        assert_eq!(signed["date"], "Fri, 11 Jul 2003 21:00:37 -0700 (PDT)");
        assert_eq!(signed["header_from"], json!(["Joe SixPack <joe@football.example.com>"]));
        assert_eq!(signed["header_to"], json!(["Suzie Q <suzie@shopping.example.net>"]));
        let part = &signed["parts"][0];
        assert_eq!((&part["part"], &part["content_type"]), (&json!("1"), &json!("text/plain")));
    }
    let altered = mail(&SIGNED.replace("hungry", "angry"), 1460);
    assert_eq!(altered["dkim"][0]["body_hash"], "mismatch");
}

#[test]
fn a_body_with_a_gap_proves_nothing() {
    let mut frames = Talk::open().segments_of(40).mail(SIGNED).close().frames();
    let has =
        |frame: &wire::Frame| String::from_utf8_lossy(&frame.payload).contains("lost the game");
    let gap = frames.iter().position(has).expect("the frame");
    frames.remove(gap);
    let report = Runner::keyless().report(wire::pcap(&frames));
    let mail = &report["sessions"][0]["smtp"]["mails"][0];
    assert_eq!((&mail["dkim"][0]["body_hash"], &mail["complete"]), (&Value::Null, &json!(false)));
    assert_eq!(mail["parts"][0]["sha256"], Value::Null);
    assert_eq!(mail["subject"], "Is dinner ready?");
}
