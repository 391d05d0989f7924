//! The cause of each kind of failure is named, and a session that only looks like it stays silent.

use serde_json::Value;
use smtp_decrypt::role::Role::{Client, Server};

use crate::lab::{items, text};
use crate::run::Runner;
use crate::wire::{self, ACK, FIN, PSH, RST, Talk};

const SECOND: i64 = 1_000_000_000;
const MS: i64 = 1_000_000;

fn report(talk: Talk) -> Value {
    Runner::keyless().report(wire::pcap(&talk.frames()))
}

fn session(talk: Talk) -> Value {
    let report = report(talk);
    assert_eq!(items(&report["sessions"]).len(), 1, "{}", report["summary"]);
    report["sessions"][0].clone()
}

fn has(session: &Value, code: &str) -> bool {
    items(&session["findings"]).iter().any(|finding| text(&finding["code"]) == code)
}

/// Outcome and the code of the diagnosis, `-` without one.
fn verdict(session: &Value) -> (&str, &str) {
    (text(&session["outcome"]), session["diagnosis"]["code"].as_str().unwrap_or("-"))
}

fn message(session: &Value) -> &str {
    text(&session["diagnosis"]["message"])
}

fn greeted() -> Talk {
    Talk::open().server("220 mx.example.com ESMTP\r\n")
}

fn introduced() -> Talk {
    greeted().client("EHLO client.example.org\r\n").server("250-mx.example.com\r\n250 SIZE\r\n")
}

#[test]
fn a_final_reply_that_the_client_never_acknowledged_is_unconfirmed() {
    let sent = introduced()
        .client("MAIL FROM:<a@b>\r\n")
        .server("250 ok\r\n")
        .client("RCPT TO:<c@d>\r\n")
        .server("250 ok\r\n")
        .client("DATA\r\n")
        .server("354 go\r\n")
        .client("Subject: x\r\n\r\n.\r\n");
    let late = session(
        sent.clone()
            .wait(3 * SECOND)
            .with(Client, FIN | ACK, b"")
            .with(Server, ACK, b"")
            .wait(3 * SECOND)
            .with(Server, PSH | ACK, b"250 queued as 1\r\n")
            .with(Client, RST, b""),
    );
    assert_eq!(verdict(&late), ("delivered", "smtp.unconfirmed_message"));
    assert_eq!(late["smtp"]["mails"][0]["confirmed"], false);
    assert!(message(&late).contains("after the client had left"), "{}", message(&late));
    let heard = session(sent.server("250 queued as 1\r\n").close());
    assert_eq!(verdict(&heard), ("delivered", "-"));
    assert_eq!(heard["smtp"]["mails"][0]["confirmed"], true);
}

#[test]
fn a_capture_that_ends_at_the_final_reply_does_not_say_whether_it_was_confirmed() {
    let talk = introduced().one_mail("Subject: x\r\n\r\n");
    let mut frames = talk.frames();
    frames.pop();
    let report = Runner::keyless().report(wire::pcap(&frames));
    assert!(report["sessions"][0]["smtp"]["mails"][0]["confirmed"].is_null());
}

#[test]
fn a_connection_that_was_cut_while_idle_and_used_again_is_told() {
    let cut = |idle: i64| {
        introduced()
            .one_mail("Subject: x\r\n\r\n")
            .wait(idle)
            .with(Server, FIN | ACK, b"")
            .with(Client, ACK, b"")
            .wait(2 * SECOND)
            .with(Client, PSH | ACK, b"MAIL FROM:<a@b>\r\n")
            .with(Server, RST, b"")
    };
    let reused = session(cut(60 * SECOND));
    assert_eq!(verdict(&reused), ("delivered", "tcp.idle_cut"));
    assert!(message(&reused).contains("used it again"), "{}", message(&reused));
    assert!(!has(&session(cut(MS)), "tcp.idle_cut"), "nobody was idle");
}

#[test]
fn a_server_that_closes_before_its_greeting_is_no_timeout() {
    let closed = session(Talk::open().with(Server, FIN | ACK, b"").with(Client, FIN | ACK, b""));
    assert_eq!(verdict(&closed), ("dropped", "smtp.closed_before_greeting"));
    let waited = session(Talk::open().wait(5 * SECOND).close());
    assert_eq!(verdict(&waited), ("dropped", "smtp.timeout"));
}

#[test]
fn a_greeting_that_had_only_begun_is_told() {
    let begun = Talk::open().server("220-mx.example.com ESMTP\r\n");
    let left = session(begun.clone().wait(4 * SECOND).close());
    assert_eq!(verdict(&left), ("dropped", "smtp.greeting_unfinished"));
    let whole = session(begun.wait(6 * SECOND).server("220 go\r\n").client("QUIT\r\n").close());
    assert!(!has(&whole, "smtp.greeting_unfinished"));
}

#[test]
fn a_server_that_closes_in_place_of_a_reply_is_named() {
    let crashed = session(introduced().client("MAIL FROM:<a@b>\r\n").with(Server, FIN | ACK, b""));
    assert_eq!(verdict(&crashed), ("dropped", "smtp.server_closed"));
    assert!(message(&crashed).contains("without a reply to MAIL"), "{}", message(&crashed));
    let orderly = introduced().client("QUIT\r\n").server("221 bye\r\n").close();
    assert_eq!(verdict(&session(orderly)), ("no_mail", "-"));
}

#[test]
fn a_421_behind_the_clients_fin_is_not_why_it_left() {
    let gone = introduced().with(Client, FIN | ACK, b"").wait(SECOND);
    let told = session(gone.with(Server, PSH | ACK, b"421 timeout exceeded\r\n"));
    assert_ne!(verdict(&told).1, "smtp.service_closing");
    let idle = session(introduced().wait(SECOND).server("421 timeout exceeded\r\n").close());
    assert_eq!(verdict(&idle).1, "smtp.service_closing");
}

#[test]
fn a_421_in_the_middle_of_a_session_is_no_greeting() {
    let late = Talk::midway().server("421 4.7.0 too many errors\r\n").with(Client, RST, b"");
    let late = session(late);
    assert_eq!(verdict(&late).1, "smtp.service_closing");
    assert!(!has(&late, "smtp.greeting_refused"));
}

#[test]
fn another_service_is_named_with_its_first_line() {
    for (line, name) in [
        ("* OK IMAP4rev1 ready\r\n", "IMAP"),
        ("+OK POP3 ready\r\n", "POP3"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        ("HTTP/1.1 400 Bad Request\r\n", "HTTP"),
    ] {
        let session = session(Talk::open().server(line).close());
        assert_eq!(verdict(&session), ("dropped", "smtp.other_protocol"), "{line}");
        assert!(message(&session).contains(name), "{}", message(&session));
    }
    assert!(!has(&session(introduced().close()), "smtp.other_protocol"));
}

#[test]
fn health_checks_are_no_failures() {
    let looks = [
        Talk::open().close(),
        Talk::open().with(Client, RST | ACK, b""),
        greeted().close(),
        greeted().client("HELO check\r\n").server("250 mx\r\n").client("QUIT\r\n").close(),
    ];
    for talk in looks {
        assert_eq!(verdict(&session(talk)), ("probe", "-"));
    }
    assert_eq!(verdict(&session(introduced().close())).0, "no_mail", "EHLO may want something");
}

#[test]
fn a_refused_ehlo_is_a_rejection_and_helo_may_still_help() {
    let refused = greeted()
        .client("EHLO box\r\n")
        .server("504 5.5.2 <box>: need fully-qualified hostname\r\n")
        .client("QUIT\r\n")
        .server("221 bye\r\n")
        .close();
    let refused = session(refused);
    assert_eq!(text(&refused["outcome"]), "rejected");
    assert!(message(&refused).contains("fully-qualified"), "{}", message(&refused));
    let old = greeted()
        .client("EHLO a.example.org\r\n")
        .server("502 no\r\n")
        .client("HELO a.example.org\r\n")
        .server("250 mx\r\n")
        .one_mail("Subject: x\r\n\r\n")
        .close();
    assert_eq!(text(&session(old)["outcome"]), "delivered");
}

#[test]
fn the_whole_of_a_reply_is_quoted() {
    let refused = introduced().client("MAIL FROM:<a@b>\r\n").server(
        "550-5.7.26 This mail is unauthenticated by its domain's DMARC policy,\r\n550 5.7.26 see example.com/help\r\n",
    );
    let refused = session(refused.close());
    assert!(message(&refused).contains("DMARC policy, see example.com"), "{}", message(&refused));
}

#[test]
fn a_full_mailbox_is_no_limit_of_size() {
    let answered = |reply: &str| {
        let talk = introduced().client("MAIL FROM:<a@b>\r\n").server("250 ok\r\n");
        session(talk.client("RCPT TO:<c@d>\r\n").server(reply).close())
    };
    assert_eq!(verdict(&answered("552 Mailbox full\r\n")).1, "smtp.mailbox_full");
    assert_eq!(verdict(&answered("452 4.2.2 over quota\r\n")).1, "smtp.mailbox_full");
    assert_eq!(verdict(&answered("552 5.3.4 too big\r\n")).1, "smtp.size_exceeded");
    let own = "451 4.7.1 Service unavailable - try again later\r\n";
    assert_eq!(verdict(&answered(own)).1, "smtp.server_trouble");
    let policy = "451 4.7.1 rejected by SPF policy\r\n";
    assert_eq!(verdict(&answered(policy)).1, "smtp.policy_refused");
}

#[test]
fn a_message_that_is_accepted_for_nobody_is_rejected() {
    let talk = introduced()
        .client("MAIL FROM:<a@b>\r\n")
        .server("250 ok\r\n")
        .client("RCPT TO:<c@d>\r\n")
        .server("550 no such user\r\n")
        .client("DATA\r\n")
        .server("354 go\r\n")
        .client("x\r\n.\r\n")
        .server("250 ok\r\n")
        .close();
    let session = session(talk);
    assert_eq!(text(&session["outcome"]), "rejected");
    assert_eq!(session["smtp"]["transactions"][0]["outcome"], "rejected");
}

#[test]
fn mechanisms_without_a_password_are_told_when_the_client_leaves() {
    let offer = |words: &str| {
        let reply = format!("250-mx\r\n250 AUTH {words}\r\n");
        let talk = greeted().client("EHLO c.example.org\r\n").server(reply);
        session(talk.client("QUIT\r\n").server("221 bye\r\n").close())
    };
    assert_eq!(verdict(&offer("XOAUTH2 OAUTHBEARER")).1, "smtp.no_shared_mechanism");
    assert!(!has(&offer("XOAUTH2 PLAIN"), "smtp.no_shared_mechanism"));
}

#[test]
fn a_firewall_that_masks_words_is_told() {
    let masked = Talk::open()
        .server("220 ********************************************\r\n")
        .client("XXXX client.example.org\r\n")
        .server("500 unrecognized\r\n")
        .close();
    let session_of_masked = session(masked);
    assert!(has(&session_of_masked, "smtp.inspected"), "{session_of_masked}");
    assert!(!has(&session(introduced().close()), "smtp.inspected"));
}

#[test]
fn an_address_beyond_ascii_needs_smtputf8() {
    let to = |address: &str| {
        let talk = introduced().client("MAIL FROM:<a@b>\r\n").server("250 ok\r\n");
        session(talk.client(format!("RCPT TO:<{address}>\r\n")).server("250 ok\r\n").close())
    };
    assert!(has(&to("j\u{f6}rg@example.com"), "smtp.smtputf8_missing"));
    assert!(!has(&to("joerg@example.com"), "smtp.smtputf8_missing"));
}

#[test]
fn a_zero_window_is_its_owners_wait() {
    let talk = introduced()
        .client("MAIL FROM:<a@b>\r\n")
        .server("250 ok\r\n")
        .client("RCPT TO:<c@d>\r\n")
        .server("250 ok\r\n")
        .client("DATA\r\n")
        .server("354 go\r\n")
        .client("Subject: x\r\n\r\n");
    let mut shut = talk.clone().with(Server, ACK, b"").wait(8 * SECOND).with(Server, ACK, b"");
    shut = shut.client("body\r\n.\r\n").server("250 queued\r\n").close();
    let mut frames = shut.frames();
    let bare = |frame: &&mut wire::Frame| frame.source.port() == 25 && !frame.has_data();
    let count = frames.iter_mut().filter(bare).count();
    assert!(count > 2);
    let gap = frames.windows(2).position(|two| two[1].ts - two[0].ts > SECOND).expect("a wait");
    frames[gap].window = 0;
    let report = Runner::keyless().report(wire::pcap(&frames));
    let session_of_shut = &report["sessions"][0];
    assert!(has(session_of_shut, "tcp.zero_window"));
    let split = &session_of_shut["timing"]["attribution"];
    assert!(split["server_ns"].as_i64() > Some(7 * SECOND), "{split}");
    let slow_client = talk.wait(8 * SECOND).client("body\r\n.\r\n").server("250 queued\r\n");
    let open = session(slow_client.close());
    assert!(!has(&open, "tcp.zero_window"));
    assert!(open["timing"]["attribution"]["client_ns"].as_i64() > Some(7 * SECOND));
}

#[test]
fn small_segments_that_wait_for_a_delayed_acknowledgement_are_told() {
    let mail = |talk: Talk, delay: i64| {
        talk.client("MAIL FROM:<a@b>\r\n")
            .server("250 ok\r\n")
            .client("RCPT TO:<c@d>\r\n")
            .server("250 ok\r\n")
            .client("DATA\r\n")
            .server("354 go\r\n")
            .with(Client, PSH | ACK, &[b'x'; 1400])
            .wait(delay)
            .with(Server, ACK, b"")
            .with(Client, PSH | ACK, b"\r\n.\r\n")
            .server("250 queued\r\n")
    };
    let stalls = |delay| {
        let talk = (0..3).fold(introduced(), |talk, _| mail(talk, delay));
        session(talk.close())
    };
    assert!(has(&stalls(40 * MS), "tcp.delayed_ack"));
    assert!(!has(&stalls(0), "tcp.delayed_ack"));
}

#[test]
fn attempts_that_nobody_answers_have_hints_that_fit_their_port() {
    let dial = |port: u16| {
        let server = format!("192.0.2.25:{port}");
        let talk = Talk::between("192.0.2.1:40000", &server);
        let mut frames = talk.frames();
        frames.truncate(1);
        let mut again = frames[0].clone();
        again.ts += SECOND;
        again.id += 1;
        frames.push(again);
        let report = Runner::keyless().report(wire::pcap(&frames));
        report["sessions"][0].clone()
    };
    for port in [25, 465, 587] {
        let session = dial(port);
        assert_eq!(verdict(&session), ("unanswered", "tcp.connection_timeout"), "{port}");
        let hint = text(&session["findings"][0]["hint"]);
        assert_eq!(hint.contains("port 25"), port == 25, "{hint}");
    }
}

#[test]
fn a_server_that_answered_a_moment_ago_has_a_full_backlog() {
    let answered = Talk::open().mail("Subject: x\r\n\r\n").close().frames();
    let mut frames = answered.clone();
    let last = frames.last().expect("a frame").ts;
    let mut syn = Talk::between("192.0.2.1:40001", "192.0.2.25:25").frames().remove(0);
    for attempt in 1..4 {
        syn.ts = last + attempt * SECOND;
        syn.id += 1;
        frames.push(syn.clone());
    }
    let report = Runner::keyless().report(wire::pcap(&frames));
    let unanswered = &report["sessions"][1];
    assert_eq!(verdict(unanswered), ("unanswered", "tcp.connection_timeout"));
    assert!(message(unanswered).contains("backlog"), "{}", message(unanswered));
    let alone: Vec<_> = frames[answered.len()..].to_vec();
    let report = Runner::keyless().report(wire::pcap(&alone));
    assert!(!message(&report["sessions"][0]).contains("backlog"));
}

#[test]
fn the_same_message_accepted_twice_is_told() {
    let mail = |port: u16, id: &str| {
        let client = format!("192.0.2.1:{port}");
        let talk = Talk::between(&client, "192.0.2.25:25");
        talk.mail(&format!("Message-ID: <{id}@example.org>\r\n\r\nx\r\n")).close().frames()
    };
    let both = |id: &str| {
        let mut frames = mail(40_000, "1");
        let later = frames.last().expect("a frame").ts - frames[0].ts + SECOND;
        frames.extend(
            mail(40_001, id).into_iter().map(|frame| wire::Frame { ts: frame.ts + later, ..frame }),
        );
        Runner::keyless().report(wire::pcap(&frames))["sessions"][1].clone()
    };
    assert!(has(&both("1"), "smtp.duplicate_mail"));
    assert!(!has(&both("2"), "smtp.duplicate_mail"));
}

#[test]
fn what_the_capture_cut_is_incomplete_and_nobodys_fault() {
    let open = session(introduced());
    assert_eq!(verdict(&open), ("incomplete", "-"));
    let mut frames = Talk::open().mail("Subject: x\r\n\r\n").close().frames();
    frames.retain(|frame| frame.source.port() != 25);
    let report = Runner::keyless().report(wire::pcap(&frames));
    assert_eq!(text(&report["sessions"][0]["outcome"]), "incomplete");
}

#[test]
fn attempts_on_any_port_are_told_where_nothing_else_was_captured() {
    let syn = Talk::between("192.0.2.1:40001", "192.0.2.25:8025").frames().remove(0);
    let report = Runner::keyless().report(wire::pcap(std::slice::from_ref(&syn)));
    assert_eq!(text(&report["sessions"][0]["outcome"]), "unanswered");
    assert_eq!(report["summary"]["sessions"], 1);
    let mut frames = Talk::open().mail("Subject: x\r\n\r\n").close().frames();
    frames.push(syn);
    let report = Runner::keyless().report(wire::pcap(&frames));
    assert_eq!(items(&report["sessions"]).len(), 1);
    assert_eq!(text(&report["sessions"][0]["outcome"]), "delivered");
}
