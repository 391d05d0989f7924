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
    assert_eq!(seen.findings, ["smtp.auth_in_clear"]);
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
