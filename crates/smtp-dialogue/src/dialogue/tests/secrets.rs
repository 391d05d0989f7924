//! AUTH: who, and that nobody reads how.

use super::*;
use crate::AuthResult;

fn introduced() -> Wire {
    let wire = Wire::new().server("220 foo.com ESMTP\r\n").client("EHLO bar.com\r\n");
    wire.server("250-foo.com\r\n250 AUTH PLAIN LOGIN\r\n")
}

/// The commands as shown, from the third exchange on.
fn shown(seen: &Seen) -> Vec<String> {
    let show = |e: &Exchange| e.command.as_ref().map_or(String::new(), ToString::to_string);
    seen.exchanges[2..].iter().map(show).collect()
}

fn assert_hidden(seen: &Seen, secrets: &[&str]) {
    for secret in secrets {
        assert!(!seen.log.iter().any(|line| line.contains(secret)), "{secret} is shown");
    }
}

#[test]
fn an_initial_response_is_masked_and_tells_the_user() {
    let wire = introduced().client("AUTH PLAIN AHRpbQBzM2NyZXQ=\r\n").server("235 2.7.0 ok\r\n");
    let auth = wire.dialogue.facts().auth.clone().unwrap();
    assert_eq!((auth.mechanism.as_str(), auth.user.as_deref()), ("PLAIN", Some("tim")));
    assert_eq!(auth.result, AuthResult::Accepted);
    let seen = wire.finish();
    assert_eq!(shown(&seen), ["AUTH PLAIN ****"]);
    assert_hidden(&seen, &["AHRpbQBzM2NyZXQ"]);
    let secret = seen.exchanges[2].secret.as_ref().unwrap();
    assert_eq!(secret.reveal(), "AUTH PLAIN AHRpbQBzM2NyZXQ=");
    assert_eq!(seen.spans, [SecretSpan { from: Role::Client, start: 14 + 11, len: 16 }]);
    assert_eq!(seen.findings, [FindingKind::AuthInClear]);
}

#[test]
fn login_in_two_steps_is_masked_line_by_line() {
    let wire = introduced()
        .client("AUTH LOGIN\r\n")
        .server("334 VXNlcm5hbWU6\r\n")
        .client("dGlt\r\n")
        .server("334 UGFzc3dvcmQ6\r\n")
        .client("czNjcmV0\r\n")
        .server("535 5.7.8 no\r\n");
    let auth = wire.dialogue.facts().auth.clone().unwrap();
    assert_eq!((auth.user.as_deref(), auth.result), (Some("tim"), AuthResult::Rejected));
    let seen = wire.client("QUIT\r\n").server("221 bye\r\n").finish();
    assert_eq!(shown(&seen), ["AUTH LOGIN", "****", "****", "QUIT"]);
    assert_eq!(seen.talk()[3..5], ["AUTH-RESPONSE 334", "AUTH-RESPONSE 535"]);
    assert_hidden(&seen, &["dGlt", "czNjcmV0"]);
    let revealed = seen.exchanges[4].secret.as_ref().unwrap().reveal();
    assert_eq!(revealed, "czNjcmV0");
}

#[test]
fn what_is_sent_on_after_a_refused_auth_is_masked() {
    let seen = introduced()
        .client("AUTH LOGIN\r\ndGlt\r\nmy password\r\nQUIT\r\n")
        .server("503 not now\r\n500 what\r\n500 what\r\n221 bye\r\n")
        .finish();
    assert_eq!(shown(&seen), ["AUTH LOGIN", "****", "****", "QUIT"]);
    assert_hidden(&seen, &["dGlt", "DGLT", "password"]);
    assert_eq!(seen.talk()[3], "- 500");
}

#[test]
fn a_cancel_is_shown() {
    let wire = introduced().client("AUTH CRAM-MD5\r\n").server("334 PDE=\r\n").client("*\r\n");
    let wire = wire.server("501 cancelled\r\n");
    assert_eq!(wire.dialogue.facts().auth.as_ref().unwrap().result, AuthResult::Rejected);
    let seen = wire.finish();
    assert_eq!(shown(&seen), ["AUTH CRAM-MD5", "*"]);
    assert!(seen.findings.is_empty() && seen.spans.is_empty());
}

#[test]
fn a_hashed_or_an_encrypted_password_is_not_in_the_clear() {
    let wire = introduced().client("AUTH CRAM-MD5\r\n").server("334 PDE=\r\n");
    let seen = wire.client("dGltIGI5\r\n").server("235 ok\r\n").finish();
    assert!(seen.findings.is_empty());
    let wire = introduced().client("STARTTLS\r\n").server("220 go\r\n").client("EHLO a\r\n");
    let wire = wire.server("250 foo\r\n").client("AUTH PLAIN AHRpbQBzM2NyZXQ=\r\n");
    assert!(wire.server("235 ok\r\n").finish().findings.is_empty());
}

#[test]
fn an_auth_whose_challenge_was_not_captured_is_masked_all_the_same() {
    let wire = introduced().client("AUTH LOGIN\r\ndGlt\r\nczNjcmV0\r\nQUIT\r\n");
    let seen = wire.finish();
    assert_eq!(shown(&seen), ["AUTH LOGIN", "****", "****", "QUIT"]);
    assert_eq!(seen.spans.len(), 2);
}

#[test]
fn an_auth_whose_beginning_was_not_captured_is_masked_all_the_same() {
    let seen = Wire::new().client("czNjcmV0\r\n").server("235 ok\r\n").finish();
    assert_hidden(&seen, &["czNjcmV0", "CZNJCMV0"]);
    let seen = introduced().client("not base64\r\n").server("334 UGFzc3dvcmQ6\r\n").finish();
    assert_hidden(&seen, &["not base64"]);
}

#[test]
fn a_secret_cut_by_a_gap_is_masked_on_both_sides_of_it() {
    let seen = introduced()
        .client("AUTH LOGIN\r\n")
        .server("334 VXNlcm5hbWU6\r\n")
        .client("dGlta")
        .lose(Role::Client, 4)
        .server("334 UGFzc3dvcmQ6\r\n")
        .client("czNjcmV0\r\n")
        .server("235 ok\r\n")
        .finish();
    assert_hidden(&seen, &["dGlta", "czNjcmV0"]);
}

#[test]
fn an_unknown_command_is_shown_where_no_auth_is_about() {
    let seen = introduced().client("XYZZY\r\n").server("500 what\r\n").finish();
    assert_eq!((shown(&seen), seen.talk()[2].as_str()), (vec!["XYZZY".to_owned()], "XYZZY 500"));
}

#[test]
fn where_a_body_stands_is_told_however_it_is_cut() {
    for cut in [1, 3, usize::MAX] {
        let seen = Wire::with_cuts(vec![cut])
            .server("220 foo.com ESMTP\r\n")
            .client("EHLO bar.com\r\n")
            .server("250 foo.com\r\n")
            .client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
            .server("250 ok\r\n250 ok\r\n354 go\r\n")
            .client("hello\r\n.\r\nBDAT 4\r\nmore")
            .server("250 ok\r\n250 ok\r\n")
            .finish();
        let start = |text: &str| text.len() as u64;
        let data = start("EHLO bar.com\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
        let chunk = data + start("hello\r\n.\r\nBDAT 4\r\n");
        let span = |start, len| SecretSpan { from: Role::Client, start, len };
        assert_eq!(seen.body_spans, [span(data, 10), span(chunk, 4)]);
    }
}

/// `\0alice\0S3cr3tPassw0rd`
const PLAIN: &str = "AGFsaWNlAFMzY3IzdFBhc3N3MHJk";
const PASSWORD: &str = "S3cr3tPassw0rd";

/// What of a stream an export may show: its bytes, where no span says otherwise.
fn exported(bytes: &str, from: Role, seen: &Seen) -> String {
    let mut bytes = bytes.as_bytes().to_vec();
    for span in seen.spans.iter().chain(&seen.body_spans).filter(|span| span.from == from) {
        let start = usize::try_from(span.start).unwrap();
        let end = usize::try_from(span.start + span.len).unwrap().min(bytes.len());
        bytes[start..end].fill(b'*');
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_reply_that_repeats_a_secret_is_masked() {
    for echo in [
        format!("502 5.5.1 Unrecognized command \"AUTH PLAIN {PLAIN}\"\r\n"),
        format!("535-5.7.8 Error: {PASSWORD}\r\n535 5.7.8 is no password\r\n"),
        format!("535-{}\r\n535 {}\r\n", &PLAIN[..14], &PLAIN[14..]),
        format!("535 {}{PLAIN}\r\n", " ".repeat(20_000)),
    ] {
        let wire = introduced().client(&format!("AUTH PLAIN {PLAIN}\r\n")).server(&echo);
        let seen = wire.finish();
        assert_hidden(&seen, &[PLAIN, PASSWORD, &PLAIN[..14], &PLAIN[14..]]);
        let said = ["220 foo.com ESMTP\r\n250-foo.com\r\n250 AUTH PLAIN LOGIN\r\n", &echo].concat();
        let shown = exported(&said, Role::Server, &seen);
        for secret in [PLAIN, PASSWORD, &PLAIN[..14]] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[test]
fn a_secret_is_masked_in_lines_of_any_length_and_with_any_slip_of_the_hand() {
    let blanks = " ".repeat(13_000);
    for line in [
        format!("AUTH PLAIN {blanks}{PLAIN}"),
        format!("AUTH PLAIN {PLAIN}{blanks}{PLAIN}"),
        format!("AUHT PLAIN {PLAIN}"),
        format!("AUTHPLAIN PLAIN {PLAIN}"),
        format!("ATH {PLAIN}"),
        format!("AUTHH {PLAIN}"),
        format!("AITH login {PLAIN}"),
        format!("PASS {PASSWORD}"),
        format!("LOGIN alice {PASSWORD}"),
        format!("XCLIENT NAME=a.b ADDR=192.0.2.1 PASSWORD={PASSWORD}"),
        format!("BURL imap://alice:{PASSWORD}@mail.example/Drafts;uid=1 LAST"),
    ] {
        let seen = introduced().client(&format!("{line}\r\n")).server("500 no\r\n").finish();
        assert_hidden(&seen, &[PLAIN, PASSWORD]);
        let said = format!("EHLO bar.com\r\n{line}\r\n");
        let shown = exported(&said, Role::Client, &seen);
        assert!(!shown.contains(PLAIN) && !shown.contains(PASSWORD), "{shown}");
        assert!(shown.ends_with("\r\n") && shown.starts_with("EHLO bar.com\r\n"), "{shown}");
    }
}

#[test]
fn a_body_behind_a_refused_data_is_masked_up_to_its_dot() {
    let body = "Subject: x\r\n\r\nData is SECRETBODY\r\nHelp SECRETBODY\r\nSECRETBODY\r\n.\r\n";
    let envelope = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";
    let seen = introduced()
        .client(&[envelope, body, "QUIT\r\n"].concat())
        .server("250 ok\r\n550 no\r\n554 no\r\n")
        .server("500 bad\r\n500 bad\r\n500 bad\r\n500 bad\r\n500 bad\r\n500 bad\r\n221 bye\r\n")
        .finish();
    assert_hidden(&seen, &["SECRETBODY", "Subject"]);
    let said = ["EHLO bar.com\r\n", envelope, body, "QUIT\r\n"].concat();
    let shown = exported(&said, Role::Client, &seen);
    assert!(!shown.contains("SECRETBODY") && shown.ends_with("QUIT\r\n"), "{shown}");
    assert_eq!(seen.talk().last().map(String::as_str), Some("QUIT 221"));
}

#[test]
fn a_body_whose_data_was_not_captured_is_masked() {
    let body = "From: alice@secret.example\r\n\r\nDear Bob, SECRETBODY\r\n.\r\n";
    let wire = Wire::new().lose(Role::Client, 0).client(body).server("250 ok queued\r\n");
    let seen = wire.client("QUIT\r\n").server("221 bye\r\n").finish();
    let shown = exported(&[body, "QUIT\r\n"].concat(), Role::Client, &seen);
    assert!(!shown.contains("SECRETBODY") && !shown.contains("alice"), "{shown}");
    assert!(shown.ends_with("QUIT\r\n"), "{shown}");
}

#[test]
fn what_stands_behind_the_addresses_of_a_proxy_header_is_masked() {
    let header = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x1c".to_owned()
        + &"\0".repeat(12)
        + "\x02\0\x0dS3cr3tPassw0r";
    let seen = Wire::new().client(&header).server("220 foo.com ESMTP\r\n").finish();
    let shown = exported(&header, Role::Client, &seen);
    assert!(!shown.contains("S3cr3t"), "{shown:?}");
}
