//! Captures made in memory: what becomes of sessions that lose packets, begin late, meet refusal.

use serde_json::{Value, json};
use smtp_decrypt::role::Role::{Client, Server};

use crate::lab::{items, text};
use crate::run::Runner;
use crate::wire::{self, ACK, FIN, Frame, PSH, RST, SYN, Talk};

fn report(frames: &[Frame]) -> Value {
    Runner::keyless().report(wire::pcap(frames))
}

/// The one session of a capture.
fn session(frames: &[Frame]) -> Value {
    let report = report(frames);
    assert_eq!(items(&report["sessions"]).len(), 1, "{}", report["summary"]);
    report["sessions"][0].clone()
}

fn a_mail() -> Vec<Frame> {
    Talk::open().mail("Subject: x\r\n\r\nbody\r\n").close().frames()
}

fn codes(session: &Value) -> Vec<&str> {
    items(&session["findings"]).iter().map(|finding| text(&finding["code"])).collect()
}

fn verbs(session: &Value) -> Vec<&str> {
    let exchanges = items(&session["smtp"]["exchanges"]);
    exchanges.iter().filter_map(|exchange| exchange["verb"].as_str()).collect()
}

fn reply_lines(session: &Value) -> Vec<&str> {
    let exchanges = items(&session["smtp"]["exchanges"]).iter();
    exchanges.flat_map(|exchange| items(&exchange["reply"]["lines"])).map(text).collect()
}

fn without(frames: &[Frame], index: usize) -> Vec<Frame> {
    let mut frames = frames.to_vec();
    frames.remove(index);
    frames
}

/// The data packets of the server, or of the client, by index.
fn data_of(frames: &[Frame], server: bool) -> Vec<usize> {
    let is_ours = |frame: &Frame| frame.has_data() && (frame.source.port() == 25) == server;
    (0..frames.len()).filter(|&index| is_ours(&frames[index])).collect()
}

#[test]
fn a_whole_mail_is_delivered_without_a_finding() {
    let session = session(&a_mail());
    assert_eq!(session["outcome"], "delivered");
    assert_eq!(session["protocol"], "smtp");
    assert_eq!(session["tcp"]["close"], "fin");
    assert_eq!(session["tcp"]["closed_by"], "client");
    assert_eq!(session["smtp"]["mails"][0]["bytes"], 20);
    assert_eq!(codes(&session), Vec::<&str>::new());
}

#[test]
fn a_lost_packet_of_the_client_never_loses_what_the_server_said() {
    let frames = a_mail();
    let whole = session(&frames);
    for index in data_of(&frames, false) {
        let session = session(&without(&frames, index));
        assert_eq!(reply_lines(&session), reply_lines(&whole), "without packet {index}");
        assert_lost(&session, "client", &frames[index]);
    }
}

#[test]
fn a_lost_packet_of_the_server_never_loses_what_the_client_said() {
    let frames = a_mail();
    let whole = session(&frames);
    for index in data_of(&frames, true) {
        let session = session(&without(&frames, index));
        assert_eq!(verbs(&session), verbs(&whole), "without packet {index}");
        assert_lost(&session, "server", &frames[index]);
    }
}

/// The gap is counted, noted and told.
fn assert_lost(session: &Value, side: &str, frame: &Frame) {
    assert_eq!(session["tcp"]["lost_bytes"][side], frame.payload.len());
    assert!(codes(session).contains(&"tcp.lost_segment"), "{:?}", codes(session));
    let gap = items(&session["timeline"]).iter().find(|entry| entry["event"] == "tcp.gap");
    assert_eq!(gap.map(|gap| &gap["from"]), Some(&json!(side)));
}

#[test]
fn a_lost_packet_without_data_loses_nothing() {
    let frames = a_mail();
    let whole = session(&frames);
    for index in (0..frames.len()).filter(|&index| !frames[index].has_data()) {
        let session = session(&without(&frames, index));
        assert_eq!(verbs(&session), verbs(&whole), "without packet {index}");
        assert_eq!(reply_lines(&session), reply_lines(&whole), "without packet {index}");
        assert_eq!(session["tcp"]["lost_bytes"], json!({ "client": 0, "server": 0 }), "{index}");
        assert_eq!(session["outcome"], "delivered", "without packet {index}");
    }
}

#[test]
fn a_fin_that_was_not_captured_is_no_lost_byte() {
    let mut frames = a_mail();
    frames.retain(|frame| frame.flags & FIN == 0);
    let session = session(&frames);
    assert_eq!(session["tcp"]["lost_bytes"], json!({ "client": 0, "server": 0 }));
    assert_eq!(session["tcp"]["close"], "none");
}

#[test]
fn a_port_used_again_makes_a_second_session() {
    let first = Talk::numbered(100, 200).mail("Subject: 1\r\n\r\nx\r\n").close().frames();
    let second =
        Talk::numbered(9_000_000, 77).wait(1_000_000_000).mail("Subject: 2\r\n\r\n\r\n").frames();
    let report = report(&[first, second].concat());
    let sessions = items(&report["sessions"]);
    assert_eq!(sessions.len(), 2);
    let subjects = sessions.iter().map(|session| &session["smtp"]["mails"][0]["subject"]);
    assert_eq!(subjects.collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(sessions.iter().map(|s| s["id"].clone()).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_repeated_syn_makes_no_second_session() {
    let mut frames = a_mail();
    frames.insert(1, frames[0].clone());
    assert_eq!(session(&frames)["outcome"], "delivered");
}

#[test]
fn a_capture_that_begins_mid_way_still_shows_the_rest() {
    let talk = Talk::midway()
        .client("MAIL FROM:<a@example.org>\r\n")
        .server("250 2.1.0 Ok\r\n")
        .client("RCPT TO:<b@example.com>\r\n")
        .server("250 2.1.5 Ok\r\n")
        .client("DATA\r\n")
        .server("354 go ahead\r\n")
        .client("Subject: x\r\n\r\nbody\r\n.\r\n")
        .server("250 2.0.0 Ok\r\n")
        .close();
    let session = session(&talk.frames());
    assert_eq!(session["client"]["port"], 40_000);
    assert_eq!(session["outcome"], "delivered");
    assert_eq!(session["smtp"]["greeting"], Value::Null);
    assert_eq!(session["smtp"]["mails"][0]["from"], "a@example.org");
    assert_eq!(session["tcp"]["handshake_ns"], Value::Null);
}

#[test]
fn a_capture_of_the_server_alone_shows_its_replies_and_says_so() {
    let mut frames = a_mail();
    frames.retain(|frame| frame.source.port() == 25);
    let session = session(&frames);
    assert!(codes(&session).contains(&"tcp.one_sided"), "{:?}", codes(&session));
    assert!(reply_lines(&session).contains(&"250 2.0.0 Ok: queued as 4F2A"));
    assert_eq!(session["server"]["port"], 25);
}

#[test]
fn a_capture_of_the_client_alone_shows_its_commands_and_says_so() {
    let mut frames = a_mail();
    frames.retain(|frame| frame.source.port() != 25);
    let session = session(&frames);
    assert!(codes(&session).contains(&"tcp.one_sided"), "{:?}", codes(&session));
    assert_eq!(verbs(&session), ["EHLO", "MAIL", "RCPT", "DATA", ".", "QUIT"]);
    assert_eq!(session["smtp"]["mails"][0]["bytes"], 20);
}

#[test]
fn a_connection_never_answered_is_a_session_too() {
    let session = session(&Talk::midway().with(Client, SYN, b"").frames());
    assert_eq!(session["outcome"], "unanswered");
    assert_eq!(session["protocol"], "unknown");
    assert_eq!((&session["tls"], &session["smtp"]), (&Value::Null, &Value::Null));
}

#[test]
fn an_rst_to_the_syn_is_a_refusal() {
    let talk = Talk::midway().with(Client, SYN, b"").with(Server, RST | ACK, b"");
    let session = session(&talk.frames());
    assert_eq!(session["outcome"], "refused");
    assert_eq!(session["tcp"]["close"], "rst");
    assert_eq!(session["tcp"]["closed_by"], "server");
}

#[test]
fn a_greeting_of_5xx_is_a_refusal() {
    let talk = Talk::open().server("554 5.7.1 go away\r\n").close();
    assert_eq!(session(&talk.frames())["outcome"], "refused");
}

#[test]
fn a_reset_in_the_dialogue_is_told() {
    let talk = Talk::open().server("220 mx ESMTP\r\n").client("EHLO c\r\n").with(Server, RST, b"");
    let session = session(&talk.frames());
    assert_eq!(session["outcome"], "reset");
    assert_eq!(session["tcp"]["closed_by"], "server");
}

#[test]
fn sequence_numbers_may_wrap_anywhere() {
    for before in 0..40 {
        let talk = Talk::numbered(u32::MAX - before, u32::MAX - before * 3);
        let session = session(&talk.mail("Subject: x\r\n\r\nbody\r\n").close().frames());
        assert_eq!(session["outcome"], "delivered", "{before} before the end");
        assert_eq!(codes(&session), Vec::<&str>::new(), "{before} before the end");
    }
}

#[test]
fn keep_alives_are_neither_data_nor_retransmissions() {
    let mut frames = Talk::open().mail("Subject: x\r\n\r\nbody\r\n").frames();
    let last = frames.iter().rfind(|frame| frame.source.port() != 25).expect("a packet").clone();
    for (index, payload) in [b"".to_vec(), b"\0".to_vec()].into_iter().enumerate() {
        frames.push(Frame {
            ts: last.ts + 60_000_000_000 * (1 + index as i64),
            seq: last.seq.wrapping_sub(1),
            captured: payload.len(),
            payload,
            id: 9_000 + index as u16,
            ..last.clone()
        });
    }
    let session = session(&frames);
    assert_eq!(session["outcome"], "delivered");
    assert_eq!(session["tcp"]["retransmissions"]["client"], 0);
    assert_eq!(session["smtp"]["mails"][0]["bytes"], 20);
}

#[test]
fn packets_captured_twice_are_counted_as_such_and_change_nothing() {
    let once = a_mail();
    let from_server = once.iter().filter(|frame| frame.source.port() == 25).count();
    let each = json!({ "client": once.len() - from_server, "server": from_server });
    let frames: Vec<_> = once.into_iter().flat_map(|frame| [frame.clone(), frame]).collect();
    let session = session(&frames);
    assert_eq!(session["outcome"], "delivered");
    assert_eq!(session["tcp"]["duplicate_packets"], each);
    assert_eq!(session["tcp"]["retransmissions"], json!({ "client": 0, "server": 0 }));
}

#[test]
fn a_retransmission_with_a_later_acknowledgement_is_one_retransmission() {
    let mut frames = a_mail();
    let index = data_of(&frames, false)[1];
    let again = Frame {
        ack: frames[index + 2].ack,
        ts: frames[index].ts + 300_000_000,
        id: 9_999,
        ..frames[index].clone()
    };
    frames.push(again);
    let session = session(&frames);
    assert_eq!(session["tcp"]["retransmissions"], json!({ "client": 1, "server": 0 }));
    assert_eq!(verbs(&session), ["EHLO", "MAIL", "RCPT", "DATA", ".", "QUIT"]);
}

#[test]
fn of_overlapping_bytes_the_first_copy_counts() {
    let mut frames = a_mail();
    let index = data_of(&frames, false)[0];
    let mut forged = frames[index].clone();
    forged.payload = b"EHLO evil.example.com..\r\n".to_vec();
    assert_eq!(forged.payload.len(), frames[index].payload.len());
    forged.captured = forged.payload.len();
    frames.insert(index + 1, forged);
    let session = session(&frames);
    assert_eq!(session["smtp"]["helo"]["name"], "client.example.org");
    assert_eq!(session["outcome"], "delivered");
}

#[test]
fn the_snap_length_cuts_bytes_but_not_the_session() {
    let mut frames = a_mail();
    for frame in &mut frames {
        frame.captured = frame.captured.min(24);
    }
    let report = report(&frames);
    let session = &report["sessions"][0];
    assert_eq!(verbs(session)[..2], ["EHLO", "MAIL"]);
    assert!(verbs(session).contains(&"QUIT"));
    let cut = frames.iter().filter(|frame| frame.payload.len() > 24).count();
    assert_eq!(report["captures"][0]["snaplen_truncated"], cut);
    assert!(items(&report["findings"]).iter().any(|finding| finding["code"] == "capture.snaplen"));
    assert_eq!(session["tcp"]["close"], "fin");
}

#[test]
fn ipv6_is_as_good_as_ipv4() {
    let talk = Talk::between("[2001:db8::1]:50000", "[2001:db8::25]:25");
    let session = session(&talk.mail("Subject: x\r\n\r\nbody\r\n").close().frames());
    assert_eq!(session["server"], json!({ "ip": "2001:db8::25", "port": 25 }));
    assert_eq!(session["outcome"], "delivered");
}

#[test]
fn smtp_is_known_by_its_words_on_any_port() {
    let talk = Talk::between("192.0.2.1:50000", "192.0.2.2:7777");
    let session = session(&talk.mail("Subject: x\r\n\r\nbody\r\n").close().frames());
    assert_eq!(session["protocol"], "smtp");
}

#[test]
fn what_is_no_mail_is_counted_and_not_shown() {
    let talk = Talk::between("192.0.2.1:50000", "192.0.2.2:80");
    let talk = talk.client("GET / HTTP/1.1\r\nHost: x\r\n\r\n").server("HTTP/1.1 200 OK\r\n\r\n");
    let report = report(&talk.close().frames());
    assert_eq!(items(&report["sessions"]).len(), 0);
    assert_eq!(report["summary"]["other_connections"], 1);
}

#[test]
fn data_with_syn_and_last_words_with_fin_belong_to_the_stream() {
    let talk = Talk::midway()
        .with(Client, SYN, b"")
        .with(Server, SYN | ACK, b"220 mx ESMTP\r\n")
        .with(Client, ACK, b"")
        .client("EHLO c\r\n")
        .server("250 mx\r\n")
        .with(Client, PSH | ACK | FIN, b"QUIT\r\n")
        .with(Server, PSH | ACK | FIN, b"221 bye\r\n");
    let session = session(&talk.frames());
    assert_eq!(reply_lines(&session), ["220 mx ESMTP", "250 mx", "221 bye"]);
    assert_eq!(session["outcome"], "no_mail");
}

#[test]
fn an_empty_capture_is_a_report_without_sessions() {
    let report = Runner::keyless().report(wire::pcap(&[]));
    assert_eq!(report["captures"][0]["complete"], true);
    assert_eq!(items(&report["sessions"]).len(), 0);
}

#[test]
fn control_characters_off_the_wire_are_in_the_json_as_escapes_only() {
    let talk = Talk::open().server("220 mx \x1b[2J\x07 ESMTP\r\n").client("EHLO c\x1b]0;x\r\n");
    let report = Runner::keyless().report(talk.server("250 mx\r\n").pcap());
    let greeting = text(&report["sessions"][0]["smtp"]["greeting"]["text"]);
    assert!(greeting.contains('\x1b'), "{greeting:?}");
}

#[test]
fn a_command_cut_off_whose_reply_is_lost_too_does_not_shift_the_replies_behind() {
    let mut frames = Talk::open().segments_of(20).mail("Subject: x\r\n\r\nbody\r\n").frames();
    let ehlo = frames.iter().position(|frame| frame.payload.starts_with(b"EHLO")).expect("EHLO");
    // The end of the EHLO, and of its reply everything but the end.
    frames.remove(ehlo + 4);
    frames.remove(ehlo + 3);
    frames.remove(ehlo + 1);
    let session = session(&frames);
    let data = items(&session["smtp"]["exchanges"]).iter().find(|e| e["verb"] == "DATA");
    assert_eq!(data.map(|data| &data["reply"]["code"]), Some(&json!(354)));
    assert_eq!(session["smtp"]["mails"][0]["bytes"], 20);
    assert_eq!(session["outcome"], "delivered");
}

/// The first finding with a code.
fn finding<'a>(session: &'a Value, code: &str) -> &'a Value {
    let found = items(&session["findings"]).iter().find(|finding| finding["code"] == code);
    found.unwrap_or_else(|| panic!("no {code} in {:?}", codes(session)))
}

#[test]
fn bytes_that_are_sent_again_as_others_are_a_finding_and_the_first_count() {
    let mut frames = a_mail();
    let mail_from = data_of(&frames, false)[1];
    let mut forged = frames[mail_from].clone();
    forged.payload = b"MAIL FROM:<x@example.net>\r\n".to_vec();
    forged.captured = forged.payload.len();
    frames.insert(mail_from + 1, forged);
    let session = session(&frames);
    assert_eq!(session["smtp"]["mails"][0]["from"], "a@example.org");
    assert_eq!(finding(&session, "tcp.overlap_differs")["frame"], mail_from + 2);
}

#[test]
fn packets_captured_twice_are_told_and_do_no_harm() {
    let frames: Vec<_> = a_mail().into_iter().flat_map(|frame| [frame.clone(), frame]).collect();
    let session = session(&frames);
    assert_eq!(session["outcome"], "delivered");
    assert_eq!(codes(&session), ["tcp.duplicate_packets", "tcp.duplicate_packets"]);
    assert_eq!(session["tcp"]["retransmissions"], json!({"client": 0, "server": 0}));
    let counted = &session["tcp"]["duplicate_packets"];
    let of = |server| frames.iter().filter(|f| (f.source.port() == 25) == server).count() / 2;
    assert_eq!(*counted, json!({"client": of(false), "server": of(true)}));
}

#[test]
fn a_clock_that_is_set_back_is_told_and_changes_no_word() {
    let mut frames = a_mail();
    let last = frames.len();
    for frame in &mut frames[last / 2..] {
        frame.ts -= 3_600_000_000_000;
    }
    let session = session(&frames);
    assert_eq!(session["outcome"], "delivered");
    assert_eq!(finding(&session, "tcp.clock_step")["frame"], last / 2 + 1);
}
