//! Whole dialogues, as the RFCs tell them.

use sha2::{Digest, Sha256};

use super::*;
use crate::{ExchangeKind, StartTls, Transfer};

const GREETING: &str = "220 foo.com ESMTP ready\r\n";
const EHLO_REPLY: &str =
    "250-foo.com greets bar.com\r\n250-8BITMIME\r\n250-SIZE\r\n250 STARTTLS\r\n";

fn introduced() -> Wire {
    Wire::new().server(GREETING).client("EHLO bar.com\r\n").server(EHLO_REPLY)
}

fn sha256(text: &str) -> Option<[u8; 32]> {
    Some(Sha256::digest(text.as_bytes()).into())
}

#[test]
fn rfc_5321_d1_a_typical_transaction() {
    let wire = introduced()
        .client("MAIL FROM:<Smith@bar.com>\r\n")
        .server("250 OK\r\n")
        .client("RCPT TO:<Jones@foo.com>\r\n")
        .server("250 OK\r\n")
        .client("RCPT TO:<Green@foo.com>\r\n")
        .server("550 No such user here\r\n")
        .client("RCPT TO:<Brown@foo.com>\r\n")
        .server("250 OK\r\n")
        .client("DATA\r\n")
        .server("354 Start mail input; end with <CRLF>.<CRLF>\r\n")
        .client(
            "Subject: hi\r\nMessage-ID: <1@bar.com>\r\n\r\nBlah blah blah...\r\n..etc.\r\n.\r\n",
        )
        .server("250 2.0.0 Ok: queued as 4LAB01\r\n")
        .client("QUIT\r\n")
        .server("221 foo.com Service closing transmission channel\r\n");
    assert_eq!(wire.dialogue.facts().extensions, ["8BITMIME", "SIZE", "STARTTLS"]);
    assert_eq!(wire.dialogue.facts().starttls, StartTls::Offered);
    let seen = wire.finish();
    let talk = ["- 220", "EHLO 250", "MAIL 250", "RCPT 250", "RCPT 550", "RCPT 250", "DATA 354"];
    assert_eq!(seen.talk()[..7], talk);
    assert_eq!(seen.talk()[7..], [". 250", "QUIT 221"]);
    let body = "Subject: hi\r\nMessage-ID: <1@bar.com>\r\n\r\nBlah blah blah...\r\n.etc.\r\n";
    let [mail] = &seen.mails[..] else { panic!("{:?}", seen.mails) };
    assert_eq!(mail.from.as_deref(), Some("Smith@bar.com"));
    assert_eq!(mail.to, ["Jones@foo.com", "Brown@foo.com"]);
    assert_eq!(mail.rejected_to, ["Green@foo.com"]);
    assert_eq!((mail.bytes, mail.sha256), (Some(body.len() as u64), sha256(body)));
    assert_eq!(mail.queue_id.as_deref(), Some("4LAB01"));
    assert_eq!(mail.fields.message_id.as_deref(), Some("<1@bar.com>"));
    assert_eq!(mail.fields.subject.as_deref(), Some("hi"));
    assert!(mail.complete && !mail.encrypted);
    assert_eq!(seen.body, body.as_bytes());
    assert!(seen.findings.is_empty());
}

#[test]
fn rfc_5321_d2_an_aborted_transaction_is_no_mail() {
    let seen = introduced()
        .client("MAIL FROM:<Smith@bar.com>\r\n")
        .server("250 OK\r\n")
        .client("RCPT TO:<Green@foo.com>\r\n")
        .server("550 No such user here\r\n")
        .client("RSET\r\n")
        .server("250 OK\r\n")
        .client("QUIT\r\n")
        .server("221 closing\r\n")
        .finish();
    assert_eq!(seen.talk()[4..], ["RSET 250", "QUIT 221"]);
    assert!(seen.mails.is_empty() && seen.findings.is_empty());
}

#[test]
fn rfc_5321_d3_a_relayed_mail_with_a_source_route() {
    let seen = introduced()
        .client("MAIL FROM:<JQP@bar.com>\r\n")
        .server("250 OK\r\n")
        .client("RCPT TO:<@foo.com:Jones@XYZ.COM>\r\n")
        .server("250 OK\r\n")
        .client("DATA\r\n")
        .server("354 go\r\n")
        .client("Date: x\r\n\r\ntext\r\n.\r\n")
        .server("250 OK\r\n")
        .finish();
    assert_eq!(seen.mails[0].to, ["Jones@XYZ.COM"]);
}

#[test]
fn rfc_5321_d4_verifying_and_sending() {
    let seen = introduced()
        .client("VRFY Crispin\r\n")
        .server("250 Mark Crispin <Admin.MRC@foo.com>\r\n")
        .client("MAIL FROM:<>\r\n")
        .server("250 OK\r\n")
        .client("RCPT TO:<Admin.MRC@foo.com>\r\n")
        .server("250 OK\r\n")
        .client("DATA\r\n")
        .server("354 go\r\n")
        .client(".\r\n")
        .server("554 5.6.0 empty\r\n")
        .finish();
    assert_eq!(seen.talk()[2], "VRFY 250");
    let mail = &seen.mails[0];
    assert_eq!((mail.from.as_deref(), mail.bytes, mail.sha256), (Some(""), Some(0), sha256("")));
    assert_eq!(mail.reply.as_ref().unwrap().code, 554);
    assert_eq!(mail.queue_id, None);
}

#[test]
fn an_exchange_has_the_instants_of_its_last_bytes() {
    let seen = Wire::new().server("220").server(" x\r\n").client("NOO").client("P\r\n").finish();
    assert_eq!(seen.exchanges[0].reply_at.unwrap().frame, 2);
    assert_eq!((seen.exchanges[0].at, seen.exchanges[1].at.unwrap().frame), (None, 4));
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let seen = introduced()
        .client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n")
        .server("250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n")
        .client("text\r\n.\r\nMAIL FROM:<g@h>\r\nRCPT TO:<i@j>\r\nDATA\r\nmore\r\n.\r\nQUIT\r\n")
        .server("250 OK id=1a\r\n250 ok\r\n250 ok\r\n354 go\r\n250 OK id=2b\r\n221 bye\r\n")
        .finish();
    let talk = ["MAIL 250", "RCPT 550", "RCPT 250", "DATA 354", ". 250", "MAIL 250", "RCPT 250"];
    assert_eq!(seen.talk()[2..9], talk);
    assert_eq!(seen.talk()[9..], ["DATA 354", ". 250", "QUIT 221"]);
    let ids = seen.mails.iter().map(|m| m.queue_id.as_deref().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids, ["1a", "2b"]);
    assert_eq!(seen.mails[0].rejected_to, ["c@d"]);
    assert_eq!(seen.mails[1].from.as_deref(), Some("g@h"));
}

#[test]
fn after_a_refused_data_commands_follow() {
    let seen = introduced()
        .client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\nQUIT\r\n")
        .server("250 ok\r\n550 no\r\n554 no valid recipients\r\n250 ok\r\n221 bye\r\n")
        .finish();
    assert_eq!(seen.talk()[4..], ["DATA 554", "RSET 250", "QUIT 221"]);
    assert!(seen.mails.is_empty() && seen.findings.is_empty());
}

#[test]
fn starttls_stops_both_sides_behind_its_reply() {
    let mut wire = introduced();
    wire.after_switch = AfterSwitch::Wait;
    let wire = wire.client("STARTTLS\r\n\x16\x03\x01").server("220 go\r\n\x16\x03\x03");
    assert_eq!(wire.seen.switches, 1);
    assert_eq!((wire.held[Role::Client][0].1.len(), wire.held[Role::Server][0].1.len()), (3, 3));
    assert_eq!(wire.dialogue.facts().starttls, StartTls::Accepted);
    assert!(wire.seen.findings.is_empty());
}

#[test]
fn inside_tls_all_is_encrypted_and_begins_anew() {
    let wire = introduced()
        .client("STARTTLS\r\n")
        .server("220 go\r\n")
        .client("EHLO bar.com\r\n")
        .server("250-foo.com\r\n250 SIZE\r\n")
        .client("MAIL FROM:<a@b>\r\n")
        .server("250 ok\r\n");
    assert_eq!(wire.dialogue.facts().extensions, ["SIZE"]);
    assert_eq!(wire.dialogue.facts().starttls, StartTls::Accepted);
    let seen = wire.finish();
    let encrypted = seen.exchanges.iter().map(|e| e.encrypted).collect::<Vec<_>>();
    assert_eq!(encrypted, [false, false, false, true, true]);
    assert!(seen.findings.is_empty());
}

#[test]
fn mail_inside_tls_without_a_new_ehlo_is_a_finding() {
    let wire = introduced().client("STARTTLS\r\n").server("220 go\r\n");
    let seen = wire.client("MAIL FROM:<a@b>\r\n").server("503 hello first\r\n").finish();
    assert_eq!(seen.findings, [FindingKind::EhloNotRepeated]);
}

#[test]
fn after_a_refused_starttls_the_plain_dialogue_goes_on() {
    let wire = introduced().client("STARTTLS\r\nMAIL FROM:<a@b>\r\n");
    let wire = wire.server("454 4.7.0 not now\r\n250 ok\r\n");
    assert_eq!(wire.dialogue.facts().starttls, StartTls::Refused);
    let seen = wire.finish();
    assert_eq!(seen.talk()[2..], ["STARTTLS 454", "MAIL 250"]);
    assert!(seen.findings.is_empty() && seen.switches == 0);
}

#[test]
fn the_caller_says_what_was_injected() {
    let mut wire = introduced().client("STARTTLS\r\n").server("220 go\r\n");
    for role in Role::BOTH {
        wire.dialogue.injected(role, Moment::default(), &mut |event| wire.seen.note(event));
    }
    assert_eq!(
        wire.finish().findings,
        [FindingKind::StarttlsInjection, FindingKind::StarttlsInjection]
    );
}

#[test]
fn tls_in_the_place_of_a_line_stops_both_sides() {
    let mut wire = introduced();
    wire.after_switch = AfterSwitch::Wait;
    let wire = wire.client("NOOP\r\n\x16\x03\x01").server("250 ok\r\n");
    assert_eq!(wire.seen.switches, 1);
    assert_eq!((wire.held[Role::Client][0].1.len(), wire.held[Role::Server][0].1.len()), (3, 8));
}

#[test]
fn a_decrypting_tap_goes_on_in_the_plain() {
    let mut wire = introduced();
    wire.after_switch = AfterSwitch::Plain;
    let wire = wire.client("STARTTLS\r\n").server("220 go\r\n").client("EHLO bar.com\r\n");
    let seen = wire.server("250 foo.com\r\n").client("QUIT\r\n").server("221 bye\r\n").finish();
    assert_eq!(seen.talk()[2..], ["STARTTLS 220", "EHLO 250", "QUIT 221"]);
    assert!(seen.findings.is_empty());
}

#[test]
fn chunks_may_look_like_commands_and_replies_may_come_late() {
    let body = "Subject: c\r\n\r\nQUIT\r\n.\r\nDATA\r\nSTARTTLS\r\n";
    let (first, second) = body.split_at(20);
    let seen = introduced()
        .client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n")
        .client(&format!("BDAT 20\r\n{first}BDAT {} LAST\r\n{second}QUIT\r\n", second.len()))
        .server("250 ok\r\n250 ok\r\n250 20 bytes\r\n250 OK id=7\r\n221 bye\r\n")
        .finish();
    let talk = ["MAIL 250", "RCPT 250", "BDAT 250", "BDAT 250", "QUIT 221"];
    assert_eq!(seen.talk()[2..], talk);
    let mail = &seen.mails[0];
    assert_eq!((mail.transfer, mail.sha256), (Transfer::Bdat, sha256(body)));
    assert_eq!(mail.queue_id.as_deref(), Some("7"));
    assert!(seen.findings.is_empty());
}

/// Each word of the dialogue takes a nanosecond.
#[test]
fn a_reply_is_timed_from_the_end_of_its_own_message() {
    let envelope = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";
    let seen = introduced()
        .client(&format!("{envelope}DATA\r\n"))
        .server("250 ok\r\n250 ok\r\n354 go\r\n")
        .client("hi\r\n.\r\n")
        .client(&format!("{envelope}BDAT 2\r\nab"))
        .client("BDAT 2 LAST\r\ncd")
        .server("250 OK id=1\r\n250 ok\r\n250 ok\r\n250 ok\r\n")
        .server("250 OK id=2\r\n")
        .finish();
    let took = |exchange: &Exchange| Some(exchange.reply_at?.ts - exchange.message_end?.ts);
    assert_eq!(seen.exchanges.iter().filter_map(took).collect::<Vec<_>>(), [3, 2]);
}

#[test]
fn a_message_whose_end_is_missing_has_no_length_and_no_end() {
    let data = introduced()
        .client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
        .server("250 ok\r\n250 ok\r\n354 go\r\n")
        .client("Subject: x\r\n\r\nab")
        .finish();
    let chunk = introduced().client("MAIL FROM:<a@b>\r\nBDAT 4 LAST\r\nab").finish();
    for seen in [data, chunk] {
        let mail = &seen.mails[0];
        assert_eq!((mail.bytes, mail.sha256, mail.data_end), (None, None, None));
        assert!(seen.exchanges.iter().all(|exchange| exchange.message_end.is_none()));
    }
}

#[test]
fn a_message_may_end_with_an_empty_chunk() {
    let seen = introduced()
        .client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2\r\nhiBDAT 0 LAST\r\n")
        .server("250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n")
        .finish();
    assert_eq!((seen.mails.len(), seen.mails[0].sha256), (1, sha256("hi")));
}

#[test]
fn a_chunk_refused_while_it_is_sent_is_a_mail_refused() {
    let wire = introduced().client("MAIL FROM:<a@b>\r\nBDAT 4 LAST\r\nab");
    let seen = wire.server("250 ok\r\n552 too big\r\n").client("cdQUIT\r\n").finish();
    let mail = &seen.mails[0];
    assert_eq!((mail.sha256, mail.reply.as_ref().unwrap().code), (sha256("abcd"), 552));
    assert_eq!(seen.talk().last().unwrap(), "QUIT -");
}

#[test]
fn chunks_given_up_are_a_mail_that_is_not_complete() {
    let wire = introduced().client("MAIL FROM:<a@b>\r\nBDAT 2\r\nabRSET\r\n");
    let seen = wire.server("250 ok\r\n451 disk full\r\n250 ok\r\n").finish();
    let mail = &seen.mails[0];
    assert_eq!((mail.complete, mail.bytes, mail.sha256), (false, None, None));
    assert_eq!(mail.reply.as_ref().unwrap().code, 451);
}

#[test]
fn lmtp_answers_recipient_by_recipient() {
    let wire = Wire::new()
        .server("220 foo.edu LMTP server ready\r\n")
        .client("LHLO foo.edu\r\n")
        .server("250-foo.edu\r\n250 PIPELINING\r\n")
        .client("MAIL FROM:<c@b>\r\nRCPT TO:<pat@f>\r\nRCPT TO:<j@f>\r\nRCPT TO:<g@f>\r\nDATA\r\n")
        .server("250 OK\r\n250 OK\r\n550 no\r\n250 OK\r\n354 go\r\n")
        .client("Blah\r\n.\r\nQUIT\r\n")
        .server("452 pat is full\r\n250 OK id=9\r\n221 bye\r\n");
    assert!(wire.dialogue.facts().is_lmtp);
    let seen = wire.finish();
    assert_eq!(seen.talk()[7..], [". 452", ". 250", "QUIT 221"]);
    assert_eq!(seen.exchanges[7].recipient.as_deref(), Some("pat@f"));
    assert_eq!(seen.exchanges[8].recipient.as_deref(), Some("g@f"));
    let mail = &seen.mails[0];
    assert_eq!(
        (&mail.to[..], &mail.rejected_to[..]),
        (&["g@f".into()][..], &["pat@f".into(), "j@f".into()][..])
    );
    assert_eq!(mail.queue_id.as_deref(), Some("9"));
    let codes = mail.recipients.iter().map(|recipient| {
        let code = |reply: &Option<Reply>| reply.as_ref().map(|reply| reply.code);
        (recipient.address.as_str(), code(&recipient.reply), code(&recipient.delivery))
    });
    let told =
        [("pat@f", Some(250), Some(452)), ("j@f", Some(550), None), ("g@f", Some(250), Some(250))];
    assert!(codes.eq(told));
}

#[test]
fn a_421_in_mid_dialogue_needs_no_command() {
    let wire = introduced().server("421 4.4.2 timeout\r\n");
    let seen = wire.finish();
    assert_eq!(seen.talk()[2..], ["- 421"]);
    assert_eq!(seen.exchanges[2].kind, ExchangeKind::Stray);
    assert!(seen.findings.is_empty());
}

#[test]
fn a_421_in_a_body_is_the_answer_to_it() {
    let seen = introduced()
        .client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
        .server("250 ok\r\n250 ok\r\n354 go\r\n")
        .client("half a mes")
        .server("421 timeout\r\n")
        .finish();
    assert_eq!(seen.talk().last().unwrap(), ". 421");
    let mail = &seen.mails[0];
    assert_eq!((mail.complete, mail.bytes), (false, None));
    assert_eq!(mail.reply.as_ref().unwrap().code, 421);
}

#[test]
fn a_refusing_greeting_is_a_greeting() {
    let seen =
        Wire::new().server("554 5.7.1 go away\r\n").client("QUIT\r\n").server("221 b\r\n").finish();
    assert_eq!(seen.talk(), ["- 554", "QUIT 221"]);
    assert_eq!(seen.exchanges[0].kind, ExchangeKind::Greeting);
}

#[test]
fn a_client_that_does_not_wait_for_the_greeting_is_found_out() {
    let seen = Wire::new()
        .server("220-wait\r\n")
        .client("EHLO bot\r\n")
        .server("220 foo.com\r\n521 5.5.1 Protocol error\r\n")
        .finish();
    assert_eq!(seen.talk(), ["- 220", "EHLO 521"]);
    assert_eq!(seen.findings, [FindingKind::EarlyTalker]);
}

#[test]
fn a_proxy_header_comes_before_all_else() {
    let v2 = "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";
    for (header, version) in [("PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n", 1), (v2, 2)] {
        let wire =
            Wire::new().client(header).server(GREETING).client("NOOP\r\n").server("250 ok\r\n");
        assert_eq!(wire.dialogue.facts().proxy.unwrap().version.number(), version);
        let seen = wire.finish();
        assert_eq!(seen.talk(), ["- 220", "NOOP 250"]);
        assert!(seen.findings.is_empty());
    }
}

#[test]
fn bare_newlines_are_findings() {
    let seen = introduced()
        .client("NOOP\nMAIL FROM:<a@b>\r\nDATA\r\n")
        .server("250 ok\r\n250 ok\r\n354 go\r\n")
        .client("a\n.\r\nMAIL FROM:<smuggled@x>\r\n.\r\n")
        .server("250 ok\r\n")
        .finish();
    assert_eq!(seen.findings, [FindingKind::BareNewline, FindingKind::BareNewline]);
    assert_eq!(seen.mails[0].sha256, sha256("a\n.\r\nMAIL FROM:<smuggled@x>\r\n"));
    assert!(seen.log.iter().any(|line| line.contains("only a lax server")));
}

#[test]
fn a_body_that_only_a_lax_server_takes_for_ended_ends_with_its_reply() {
    let seen = introduced()
        .client("MAIL FROM:<a@b>\nDATA\n")
        .server("250 ok\r\n354 go\r\n")
        .client("a\n.\n")
        .server("250 ok\r\n")
        .client("QUIT\n")
        .server("221 bye\r\n")
        .finish();
    assert_eq!(seen.talk()[2..], ["MAIL 250", "DATA 354", ". 250", "QUIT 221"]);
    assert_eq!(seen.mails[0].sha256, sha256("a\n"));
}

#[test]
fn an_overlong_line_is_cut_and_the_dialogue_goes_on() {
    let line = format!("NOOP {}\r\n", "x".repeat(40_000));
    let seen = introduced().client(&line).server("250 ok\r\n").finish();
    assert_eq!(seen.talk()[2], "NOOP 250");
    assert_eq!(seen.findings, [FindingKind::ProtocolError]);
    assert!(seen.exchanges[2].command.as_ref().unwrap().as_bytes().len() < 20_000);
}

#[test]
fn commands_open_at_the_end_are_exchanges_without_reply() {
    let seen = introduced().client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nQUI").finish();
    assert_eq!(seen.talk()[2..], ["MAIL -", "RCPT -", "QUI -"]);
}

#[test]
fn tls_may_begin_without_any_starttls_seen() {
    let wire = Wire::new().client("\x16\x03\x01");
    assert_eq!(wire.seen.switches, 1);
}
