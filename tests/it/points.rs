//! One connection captured at two points, or in two halves, is one session. Recorded captures are
//! written anew with the addresses that NAT would give them; the ends' own truth stays that of the
//! capture.

use std::net::SocketAddr;

use serde_json::Value;
use smtp_decrypt::role::Role;

use crate::cli::{file, path, run, stdout};
use crate::lab::{Lab, items, text};
use crate::run::Runner;
use crate::wire::{self, Frame, Talk};

/// What a point is behind the first, in ns: less than the round trip of the captures.
const LATENCY: i64 = 4_000;

const CAPTURES: [&str; 4] = ["plain", "tls12_aes128_sha", "port465_wrapper", "tls13"];

fn runner(lab: &Lab) -> Runner {
    Runner::with_keys_and_log_of(lab)
}

fn server_of(frames: &[Frame]) -> SocketAddr {
    frames[0].destination
}

/// The frames at a point behind NAT: other addresses, a hop later for the client's, a hop sooner for
/// the server's.
fn behind_nat(frames: &[Frame], client: &str, server: &str) -> Vec<Frame> {
    let (client, server) = (client.parse().expect("an end"), server.parse().expect("an end"));
    let old = server_of(frames);
    let moved = |frame: &Frame| {
        let is_clients = frame.destination == old;
        let (source, destination) = if is_clients { (client, server) } else { (server, client) };
        let ts = frame.ts + if is_clients { LATENCY } else { -LATENCY };
        Frame { source, destination, ts, ..frame.clone() }
    };
    frames.iter().map(moved).collect()
}

fn by_time(mut frames: Vec<Frame>) -> Vec<Frame> {
    frames.sort_by_key(|frame| frame.ts);
    frames
}

fn sessions(report: &Value) -> &[Value] {
    items(&report["sessions"])
}

/// What the first mail says, whatever its frames are.
fn mail(session: &Value) -> [&Value; 5] {
    let mail = &session["smtp"]["mails"][0];
    ["sha256", "to", "reply", "queue_id", "t_ns"].map(|field| &mail[field])
}

fn codes(session: &Value) -> Vec<&str> {
    items(&session["findings"]).iter().map(|found| text(&found["code"])).collect()
}

#[test]
fn copies_before_and_behind_nat_are_one_session_with_both_address_pairs_and_the_latency() {
    for name in CAPTURES {
        let lab = Lab::load(name);
        let frames = wire::frames_of(&lab.files);
        let alone = runner(&lab).report(wire::pcap(&frames));
        let inner = behind_nat(&frames, "10.8.0.1:55001", "10.8.0.9:2525");
        let both = by_time([frames.clone(), inner].concat());
        let report = runner(&lab).report(wire::pcap(&both));
        assert_eq!(sessions(&report).len(), sessions(&alone).len(), "{name}");
        let session = &sessions(&report)[0];
        assert_eq!(session["server"], sessions(&alone)[0]["server"], "{name}");
        assert_eq!(session["outcome"], sessions(&alone)[0]["outcome"], "{name}");
        assert_eq!(mail(session), mail(&sessions(&alone)[0]), "{name}");
        let seen = &session["also_seen"][0];
        assert_eq!(seen["kind"], "copy", "{name}");
        assert_eq!(seen["client"]["ip"], "10.8.0.1", "{name}");
        assert_eq!(seen["server"]["port"], 2525, "{name}");
        assert_eq!(seen["latency_ns"]["client"], LATENCY, "{name}");
        assert_eq!(seen["latency_ns"]["server"], -LATENCY, "{name}");
        assert!(codes(session).contains(&"tcp.seen_twice"), "{name}: {:?}", codes(session));
        assert_eq!(report["summary"]["sessions"], alone["summary"]["sessions"], "{name}");
    }
}

#[test]
fn three_points_are_one_session_and_no_join_shows_each() {
    let frames = Talk::numbered(3_000_005_007, 2_000_006_011)
        .mail("Subject: x\r\n\r\nbody\r\n")
        .close()
        .frames();
    let second = behind_nat(&frames, "192.0.2.1:40000", "10.8.0.9:25");
    let third = behind_nat(&second, "10.9.0.1:7000", "10.8.0.9:25");
    let all = by_time([frames, second, third].concat());
    let report = Runner::keyless().report(wire::pcap(&all));
    assert_eq!(sessions(&report).len(), 1);
    assert_eq!(items(&sessions(&report)[0]["also_seen"]).len(), 2);
    let (_directory, capture) = file("points.pcap", wire::pcap(&all));
    let output = run(&["--no-join", "--format", "json", path(&capture)]);
    let apart: Value = serde_json::from_str(stdout(&output)).expect("JSON");
    assert_eq!(sessions(&apart).len(), 3);
    assert!(sessions(&apart).iter().all(|session| items(&session["also_seen"]).is_empty()));
}

#[test]
fn sessions_that_say_the_same_with_other_numbers_stay_apart() {
    let one = Talk::numbered(3_000_005_007, 2_000_006_011)
        .mail("Subject: x\r\n\r\nbody\r\n")
        .close()
        .frames();
    let other = Talk::numbered(3_000_005_007, 2_000_006_012)
        .mail("Subject: x\r\n\r\nbody\r\n")
        .close()
        .frames();
    let other = behind_nat(&other, "192.0.2.1:40002", "192.0.2.25:25");
    let report = Runner::keyless().report(wire::pcap(&by_time([one.clone(), other].concat())));
    assert_eq!(sessions(&report).len(), 2);
    // The same numbers, and as many other bytes.
    let greeted = |name: &str| {
        let talk =
            Talk::numbered(3_000_005_007, 2_000_006_011).server("220 mx.example.com ESMTP\r\n");
        talk.client(format!("EHLO {name}\r\n")).server("250 mx\r\n").close().frames()
    };
    let other = behind_nat(&greeted("b.example"), "192.0.2.1:40002", "192.0.2.25:25");
    let both = by_time([greeted("a.example"), other].concat());
    assert_eq!(sessions(&Runner::keyless().report(wire::pcap(&both))).len(), 2);
    // Numbers that somebody chose by hand, and the same bytes.
    let made_up = Talk::numbered(0, 0).mail("Subject: x\r\n\r\nbody\r\n").close().frames();
    let other = behind_nat(&made_up, "192.0.2.7:40007", "192.0.2.25:25");
    let both = by_time([made_up, other].concat());
    assert_eq!(sessions(&Runner::keyless().report(wire::pcap(&both))).len(), 2);
    // The same numbers, and more bytes.
    let other = Talk::numbered(3_000_005_007, 2_000_006_011)
        .mail("Subject: y\r\n\r\nlonger\r\n")
        .close()
        .frames();
    let other = behind_nat(&other, "192.0.2.1:40002", "192.0.2.25:25");
    let report = Runner::keyless().report(wire::pcap(&by_time([one, other].concat())));
    assert_eq!(sessions(&report).len(), 2);
}

/// The server's frames, as from another address.
fn halved(frames: &[Frame], server: SocketAddr, client: Option<SocketAddr>) -> Vec<Frame> {
    let old = server_of(frames);
    let moved = |frame: &Frame| match frame.source == old {
        true => Frame {
            source: server,
            destination: client.unwrap_or(frame.destination),
            ..frame.clone()
        },
        false => frame.clone(),
    };
    frames.iter().map(moved).collect()
}

#[test]
fn points_whose_clocks_differ_are_one_session_too() {
    let talk = Talk::numbered(3_000_005_007, 2_000_006_011);
    let outer = talk.mail("Subject: x\r\n\r\nbody\r\n").close().frames();
    let mut inner = behind_nat(&outer, "10.8.0.1:55001", "192.0.2.25:2525");
    inner.iter_mut().for_each(|frame| frame.ts += 300_000_000);
    let report = Runner::keyless().report(wire::pcap(&by_time([outer, inner].concat())));
    assert_eq!(sessions(&report).len(), 1);
}

#[test]
fn halves_with_replies_from_another_address_are_one_session() {
    for name in CAPTURES {
        let lab = Lab::load(name);
        let frames = wire::frames_of(&lab.files);
        let alone = runner(&lab).report(wire::pcap(&frames));
        for client in [None, Some("10.8.0.1:1".parse().expect("an end"))] {
            let client =
                client.map(|ip: SocketAddr| SocketAddr::new(ip.ip(), frames[0].source.port()));
            let halves = halved(&frames, "10.244.1.9:9925".parse().expect("an end"), client);
            let report = runner(&lab).report(wire::pcap(&halves));
            assert_eq!(sessions(&report).len(), sessions(&alone).len(), "{name}");
            let session = &sessions(&report)[0];
            for field in ["client", "server", "outcome", "smtp", "protocol"] {
                assert_eq!(session[field], sessions(&alone)[0][field], "{name}: {field}");
            }
            assert_eq!(session["also_seen"][0]["kind"], "replies", "{name}");
            assert_eq!(session["also_seen"][0]["server"]["ip"], "10.244.1.9", "{name}");
            assert!(codes(session).contains(&"tcp.reply_from_other_address"), "{name}");
        }
    }
}

#[test]
fn an_answer_ahead_of_its_call_joins_the_halves_too() {
    let frames = Talk::numbered(3_000_005_007, 2_000_006_011)
        .mail("Subject: x\r\n\r\nbody\r\n")
        .close()
        .frames();
    let mut halves = halved(&frames, "10.244.1.9:25".parse().expect("an end"), None);
    halves.swap(0, 1);
    let report = Runner::keyless().report(wire::pcap(&halves));
    assert_eq!(sessions(&report).len(), 1);
    assert_eq!(sessions(&report)[0]["server"]["ip"], "192.0.2.25");
    assert_eq!(sessions(&report)[0]["outcome"], "delivered");
}

#[test]
fn a_client_that_resets_an_answer_from_elsewhere_is_explained() {
    let talk = Talk::numbered(3_000_005_007, 2_000_006_011).with(Role::Client, 0x04, b"");
    let mut frames = talk.frames();
    frames.remove(2);
    let elsewhere: SocketAddr = "10.244.1.9:25".parse().expect("an end");
    frames[1].source = elsewhere;
    frames[2].destination = elsewhere;
    let report = Runner::keyless().report(wire::pcap(&frames));
    let session = &sessions(&report)[0];
    assert_eq!(session["server"]["ip"], "192.0.2.25");
    assert_eq!(session["diagnosis"]["code"], "tcp.reply_from_other_address");
    assert_eq!(session["outcome"], "dropped");
}

#[test]
fn the_points_stand_in_any_order_in_the_file() {
    let outer = Talk::numbered(3_000_005_007, 2_000_006_011)
        .mail("Subject: x\r\n\r\nbody\r\n")
        .close()
        .frames();
    let inner = behind_nat(&outer, "10.8.0.1:55001", "192.0.2.25:2525");
    let of = |frames: Vec<Frame>| {
        let report = Runner::keyless().report(wire::pcap(&frames));
        assert_eq!(sessions(&report).len(), 1);
        let session = &sessions(&report)[0];
        let mut seen = session["also_seen"][0].clone();
        seen.as_object_mut().expect("a point").remove("frames");
        (session["client"].clone(), session["smtp"]["mails"][0]["sha256"].clone(), seen)
    };
    let by_time = of(by_time([outer.clone(), inner.clone()].concat()));
    assert_eq!(of([outer.clone(), inner.clone()].concat()), by_time);
    assert_eq!(of([inner, outer].concat()), by_time);
}
