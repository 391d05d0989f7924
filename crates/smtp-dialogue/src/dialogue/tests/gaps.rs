//! A gap in every state, of either side.

use super::*;

const TAIL: [&str; 2] = ["NOOP 250", "QUIT 221"];

/// The dialogue goes on as if nothing had been.
fn assert_recovers(wire: Wire) -> Seen {
    let wire = wire.client("NOOP\r\n").server("250 ok\r\n").client("QUIT\r\n").server("221 b\r\n");
    let seen = wire.finish();
    let talk = seen.talk();
    assert!(talk.ends_with(&TAIL.map(str::to_owned)), "{talk:?}");
    seen
}

fn introduced() -> Wire {
    let wire = Wire::new().server("220 foo.com ESMTP\r\n").client("EHLO bar.com\r\n");
    wire.server("250-foo.com\r\n250 PIPELINING\r\n")
}

fn in_data() -> Wire {
    let wire = introduced().client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    wire.server("250 ok\r\n250 ok\r\n354 go\r\n").client("Subject: x\r\n\r\nab")
}

#[test]
fn the_greeting_is_lost() {
    let seen = assert_recovers(Wire::new().lose(Role::Server, 30));
    assert_eq!(seen.talk(), TAIL);
}

#[test]
fn the_capture_starts_midway() {
    let wire = Wire::new().lose(Role::Client, 0).lose(Role::Server, 0);
    let wire = wire.client("lf a line\r\nRCPT TO:<a@b>\r\n").server("ok\r\n550 no\r\n");
    let seen = assert_recovers(wire);
    assert_eq!(seen.talk()[0], "RCPT 550");
    assert!(seen.findings.is_empty());
}

#[test]
fn commands_are_lost() {
    let wire = introduced().client("MAIL FR").lose(Role::Client, 30).client(":<c@d>\r\n");
    let seen = assert_recovers(wire.server("250 ok\r\n250 ok\r\n"));
    assert_eq!(seen.talk()[2..4], ["MAIL 250", "- 250"]);
    assert!(seen.findings.is_empty());
}

#[test]
fn a_line_whose_line_feed_is_lost_has_no_carriage_return_in_its_text() {
    let wire = introduced().client("NOOP\r").lose(Role::Client, 1).server("250 ok\r\n");
    let seen = wire.finish();
    assert_eq!(seen.exchanges[2].command.as_ref().unwrap().as_bytes(), b"NOOP");
}

#[test]
fn replies_are_lost() {
    let wire = introduced().client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    let wire = wire.server("250 o").lose(Role::Server, 9).server("k\r\n354 go\r\n");
    let seen = assert_recovers(wire.client("text\r\n.\r\n").server("250 ok\r\n"));
    assert_eq!(seen.talk()[2..6], ["MAIL -", "RCPT -", "DATA 354", ". 250"]);
    assert!(seen.mails[0].complete);
}

#[test]
fn the_end_of_a_reply_is_lost_and_the_next_is_not_taken_for_it() {
    let wire = Wire::new().server("220 foo.com ESMTP\r\n").client("EHLO bar.com\r\n");
    let wire = wire.server("250-foo.com\r\n250-ST").lose(Role::Server, 9).client("STARTTLS\r\n");
    let seen = wire.server("\r\n454 no\r\n").finish();
    assert_eq!(seen.talk()[1..], ["EHLO 250", "STARTTLS 454"]);
    assert!(seen.findings.is_empty());
}

#[test]
fn the_go_ahead_is_lost() {
    let wire = introduced().client("MAIL FROM:<a@b>\r\n").server("250 ok\r\n").client("DATA\r\n");
    let wire = wire.lose(Role::Server, 8).client("text\r\n.\r\n").server("250 ok\r\n");
    let seen = assert_recovers(wire);
    assert_eq!(seen.talk()[3..5], ["DATA -", ". 250"]);
    assert!(seen.mails[0].complete);
}

#[test]
fn a_lost_refusal_of_data_leaves_a_mail_that_is_not_complete() {
    let wire = introduced().client("MAIL FROM:<a@b>\r\n").server("250 ok\r\n").client("DATA\r\n");
    let wire = wire.lose(Role::Server, 8).client("RSET\r\n").server("250 ok\r\n");
    let seen = wire.client("QUIT\r\n").server("221 bye\r\n").finish();
    assert!(seen.mails.len() == 1 && !seen.mails[0].complete);
}

#[test]
fn a_reply_is_lost_before_the_next_command() {
    let wire = introduced().client("MAIL FROM:<a@b>\r\n").lose(Role::Server, 8);
    let seen = assert_recovers(wire.client("RCPT TO:<c@d>\r\n").server("550 no\r\n"));
    assert_eq!(seen.talk()[2..4], ["MAIL -", "RCPT 550"]);
}

#[test]
fn the_middle_of_a_body_is_lost() {
    let wire = in_data().lose(Role::Client, 100).client("yz\r\n.\r\n").server("250 OK id=5\r\n");
    let seen = assert_recovers(wire);
    let mail = &seen.mails[0];
    assert_eq!((mail.bytes, mail.sha256, mail.complete), (None, None, false));
    assert_eq!((mail.fields.subject.as_deref(), mail.queue_id.as_deref()), (Some("x"), Some("5")));
}

#[test]
fn the_end_of_a_body_is_lost() {
    let seen = assert_recovers(in_data().lose(Role::Client, 100).server("250 OK id=5\r\n"));
    assert_eq!(seen.talk()[4..6], ["DATA 354", ". 250"]);
    assert_eq!(seen.mails[0].queue_id.as_deref(), Some("5"));
}

#[test]
fn data_and_the_beginning_of_a_body_are_lost() {
    let wire = introduced().client("MAIL FROM:<a@b>\r\n").server("250 ok\r\n");
    let wire = wire.lose(Role::Client, 50).server("354 go\r\n").client("e text\r\nQUIT\r\n.\r\n");
    let seen = assert_recovers(wire.server("250 ok\r\n"));
    assert_eq!(seen.talk()[3..5], ["- 354", ". 250"]);
    assert!(!seen.mails[0].complete);
}

#[test]
fn a_body_whose_data_and_go_ahead_were_lost_is_not_taken_for_commands() {
    let wire = introduced().client("MAIL FROM:<a@b>\r\n").server("250 ok\r\n");
    let wire = wire.lose(Role::Client, 6).lose(Role::Server, 8);
    let wire = wire.client("Dear reader\r\nRSET\r\nsecret words\r\n.\r\n").server("250 ok\r\n");
    let seen = assert_recovers(wire);
    assert!(seen.talk().iter().all(|said| !said.contains("SECRET")), "{:?}", seen.talk());
    let wire = introduced().lose(Role::Client, 6).client("NOOP\r\n").server("250 ok\r\n");
    let seen = assert_recovers(wire.client("XYZZY, please\r\n").server("500 what\r\n"));
    assert_eq!(seen.talk()[3], "XYZZY, 500");
}

#[test]
fn a_gap_in_a_chunk_derails_nothing() {
    let wire = introduced().client("MAIL FROM:<a@b>\r\nBDAT 20 LAST\r\nabc").lose(Role::Client, 10);
    let wire = wire.client("defghijQUIT\r\n").server("250 ok\r\n250 OK id=3\r\n221 b\r\n");
    let seen = wire.finish();
    assert_eq!(seen.talk()[2..], ["MAIL 250", "BDAT 250", "QUIT 221"]);
    let mail = &seen.mails[0];
    assert_eq!((mail.bytes, mail.sha256, mail.complete), (Some(20), None, false));
}

#[test]
fn the_first_chunk_is_lost_and_the_message_is_not_taken_for_whole() {
    let wire = introduced().client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
    let wire = wire.server("250 ok\r\n250 ok\r\n").lose(Role::Client, 31);
    let wire = wire.client("BDAT 5 LAST\r\nabcde").server("250 ok\r\n250 OK id=7\r\n");
    let seen = assert_recovers(wire);
    let [mail] = &seen.mails[..] else { panic!("{:?}", seen.mails) };
    assert_eq!((mail.complete, mail.bytes, mail.sha256), (false, None, None));
    assert_eq!(mail.from.as_deref(), Some("a@b"));
}

#[test]
fn the_end_of_a_chunk_and_more_is_lost() {
    let wire = introduced().client("MAIL FROM:<a@b>\r\nBDAT 20 LAST\r\nabc").lose(Role::Client, 30);
    let seen = assert_recovers(wire.client("lf\r\n").server("250 ok\r\n250 ok\r\n250 ok\r\n"));
    assert_eq!(seen.talk()[2..5], ["MAIL 250", "BDAT 250", "- 250"]);
    assert_eq!(seen.mails.len(), 1);
}

#[test]
fn a_challenge_is_lost() {
    let wire = introduced().client("AUTH LOGIN\r\n").lose(Role::Server, 18).client("dGlt\r\n");
    let seen = assert_recovers(wire.server("535 no\r\n"));
    assert_eq!(seen.talk()[2..4], ["AUTH -", "AUTH-RESPONSE 535"]);
}

#[test]
fn the_reply_to_starttls_is_lost() {
    let wire = introduced().client("STARTTLS\r\n").lose(Role::Server, 12);
    let wire = wire.client("\x16\x03\x01");
    assert_eq!(wire.seen.switches, 1);
    let wire = introduced().client("STARTTLS\r\n").lose(Role::Server, 12);
    assert_recovers(wire);
}

#[test]
fn a_gap_where_a_side_waits_is_not_taken() {
    let mut wire = introduced().client("DATA\r\n");
    let at = wire.tick();
    assert!(wire.dialogue.is_waiting(Role::Client));
    assert_eq!(wire.dialogue.feed(Role::Client, Input::Gap(5), at, &mut |_| {}), 0);
}

#[test]
fn only_the_server_was_captured() {
    let seen = Wire::new()
        .server("220 foo.com ESMTP\r\n250-foo.com\r\n250 SIZE\r\n250 ok\r\n250 ok\r\n354 go\r\n")
        .server("250 OK id=8\r\n221 bye\r\n")
        .finish();
    assert_eq!(seen.talk(), ["- 220", "- 250", "- 250", "- 250", "- 354", ". 250", "- 221"]);
    assert_eq!(seen.mails[0].queue_id.as_deref(), Some("8"));
    assert!(seen.findings.is_empty());
}

#[test]
fn only_the_client_was_captured() {
    let seen = Wire::new()
        .client("EHLO bar.com\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
        .client("Subject: x\r\n\r\ntext\r\n.\r\nQUIT\r\n")
        .finish();
    assert_eq!(seen.talk(), ["EHLO -", "MAIL -", "RCPT -", "DATA -", ". -", "QUIT -"]);
    let mail = &seen.mails[0];
    assert_eq!((mail.from.as_deref(), &mail.to[..]), (Some("a@b"), &["c@d".to_owned()][..]));
    assert!(mail.complete && mail.reply.is_none());
}

#[test]
fn a_side_fed_before_the_other_does_no_harm() {
    let server = "220 foo.com\r\n250 foo\r\n250 ok\r\n354 go\r\n250 ok\r\n221 bye\r\n";
    let seen = Wire::new()
        .server(server)
        .client("EHLO a\r\nMAIL FROM:<a@b>\r\nDATA\r\ntext\r\n.\r\nQUIT\r\n")
        .finish();
    assert!(!seen.exchanges.is_empty());
}
