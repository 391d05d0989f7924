//! Sides that speak out of turn, or another language.

use super::*;

#[test]
fn what_exchange_sends_behind_xexch50_is_no_command() {
    let seen = Wire::new()
        .server("220 ex ESMTP\r\n")
        .client("EHLO c\r\n")
        .server("250-ex\r\n250 XEXCH50\r\n")
        .client("MAIL FROM:<a@b>\r\n")
        .server("250 ok\r\n")
        .client("XEXCH50 16 2\r\n")
        .server("354 Send binary data\r\n")
        .client("QUIT\r\n.\r\nRCPT \r\n")
        .server("250 XEXCH50 OK\r\n")
        .client("QUIT\r\n")
        .server("221 bye\r\n")
        .finish();
    let talk = ["- 220", "EHLO 250", "MAIL 250", "XEXCH50 354", "XEXCH50-BLOB 250", "QUIT 221"];
    assert_eq!(seen.talk(), talk);
    assert!(seen.findings.is_empty(), "{:?}", seen.findings);
}

#[test]
fn a_refused_xexch50_has_nothing_behind_it() {
    let seen = Wire::new()
        .server("220 ex ESMTP\r\n")
        .client("XEXCH50 16 2\r\n")
        .server("504 Need to authenticate first\r\n")
        .client("QUIT\r\n")
        .server("221 bye\r\n")
        .finish();
    assert_eq!(seen.talk(), ["- 220", "XEXCH50 504", "QUIT 221"]);
}

#[test]
fn a_refusal_of_whoever_spoke_too_early_is_the_greeting() {
    let wire = Wire::new().client("EHLO a\r\n").server("554 SMTP synchronization error\r\n");
    assert_eq!(wire.dialogue.facts().greeting.as_ref().map(|greeting| greeting.code), Some(554));
    assert!(wire.dialogue.facts().early.is_some());
    let seen = wire.finish();
    assert_eq!(seen.talk(), ["- 554", "EHLO -"]);
    assert_eq!(seen.findings, [FindingKind::EarlyTalker]);
}

#[test]
fn where_the_greeting_may_be_missing_a_refusal_answers_the_command() {
    let seen =
        Wire::new().lose(Role::Server, 20).client("EHLO a\r\n").server("554 no\r\n").finish();
    assert_eq!(seen.talk(), ["EHLO 554"]);
    assert!(seen.findings.is_empty(), "{:?}", seen.findings);
}

#[test]
fn the_first_line_of_another_service_is_kept() {
    let wire = Wire::new().server("* OK IMAP4rev1 ready\r\n");
    let foreign = wire.dialogue.facts().foreign.as_ref().map(|line| line.text.as_str());
    assert_eq!(foreign, Some("* OK IMAP4rev1 ready"));
    let wire = Wire::new().server("220 mail\r\n").client("HELP\r\n").server("see below\r\n");
    assert_eq!(wire.dialogue.facts().foreign, None, "a greeting has come");
}
