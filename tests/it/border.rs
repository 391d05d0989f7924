//! Where text ends and TLS begins: what stands there that should not is found by the content and
//! order of the streams, however packets cut, order and repeat them.

use std::sync::LazyLock;

use crate::lab::{items, text};
use crate::run::Runner;
use crate::shuffle::assert_any_order_is_as_good;
use crate::wire::{self, Frame, Talk};

const INJECTION: &str = "smtp.starttls_injection";

/// A handshake message in a record (RFC 5246 §6.2.1, §7.4).
fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = |len: usize| u16::try_from(len).expect("a short message").to_be_bytes();
    let message = [&[kind, 0][..], &len(body.len()), body].concat();
    [&[22, 3, 1][..], &len(message.len()), &message].concat()
}

/// RSA with AES-128-CBC and SHA is all that is offered, and taken.
fn client_hello() -> Vec<u8> {
    record(1, &[&[3, 3][..], &[7; 32], &[0, 0, 2, 0, 0x2F, 1, 0]].concat())
}

fn server_hello() -> Vec<u8> {
    record(2, &[&[3, 3][..], &[9; 32], &[0, 0, 0x2F, 0]].concat())
}

/// A fatal handshake_failure (RFC 5246 §7.2).
const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 40];

fn greeted() -> Talk {
    Talk::open()
        .server("220 mx ESMTP\r\n")
        .client("EHLO c\r\n")
        .server("250-mx\r\n250 STARTTLS\r\n")
}

/// The hellos, and an end.
fn tls(talk: Talk) -> Talk {
    talk.client(client_hello()).server(server_hello()).client(ALERT).close()
}

/// What is injected, or looks so, in every way in which the packets may have it.
static TALKS: LazyLock<Vec<(&str, Talk)>> = LazyLock::new(|| {
    let asked = || greeted().client("STARTTLS\r\n");
    vec![
        ("server: in one packet with the 220", tls(asked().server("220 go\r\n250 evil\r\n"))),
        ("server: in the next packet", tls(asked().server("220 go\r\n").server("250 evil\r\n"))),
        (
            "server: behind a reply of two lines",
            tls(asked().server("220-ready\r\n220 go\r\n250 evil\r\n")),
        ),
        ("server: part of a line", tls(asked().server("220 go\r\n250 ev"))),
        (
            "server: and the client takes it for an answer",
            asked()
                .server("220 go\r\n250 evil\r\n")
                .client("QUIT\r\n")
                .server("221 bye\r\n")
                .close(),
        ),
        (
            "server: in one packet with its hello",
            asked()
                .server("220 go\r\n")
                .client(client_hello())
                .server([b"250 evil\r\n", &server_hello()[..]].concat())
                .client(ALERT)
                .close(),
        ),
        (
            "client: in one packet with STARTTLS",
            tls(greeted().client("STARTTLS\r\nRSET\r\n").server("220 go\r\n")),
        ),
        ("client: in the next packet", tls(asked().client("RSET\r\n").server("220 go\r\n"))),
        (
            "client: a whole mail but for its end",
            tls(asked()
                .client("EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
                .server("220 go\r\n")),
        ),
        (
            "client: in one packet with its hello",
            asked()
                .server("220 go\r\n")
                .client([b"RSET\r\n", &client_hello()[..]].concat())
                .server(server_hello())
                .client(ALERT)
                .close(),
        ),
        ("both", tls(greeted().client("STARTTLS\r\nRSET\r\n").server("220 go\r\n250 evil\r\n"))),
        (
            "X-ANONYMOUSTLS",
            tls(greeted().client("X-ANONYMOUSTLS\r\nRSET\r\n").server("220 go\r\n")),
        ),
        (
            "LMTP",
            tls(Talk::open()
                .server("220 mx LMTP\r\n")
                .client("LHLO c\r\n")
                .server("250-mx\r\n250 STARTTLS\r\n")
                .client("STARTTLS\r\n")
                .server("220 go\r\n250 evil\r\n")),
        ),
    ]
});

/// What looks like it, and is none.
static HONEST: LazyLock<Vec<(&str, Talk)>> = LazyLock::new(|| {
    let agreed = || greeted().client("STARTTLS\r\n").server("220 go\r\n");
    vec![
        ("STARTTLS", tls(agreed())),
        (
            "a reply of two lines",
            tls(greeted().client("STARTTLS\r\n").server("220-r\r\n220 go\r\n")),
        ),
        (
            "a client that does not wait with its hello",
            greeted()
                .client([b"STARTTLS\r\n", &client_hello()[..]].concat())
                .server([b"220 go\r\n", &server_hello()[..]].concat())
                .client(ALERT)
                .close(),
        ),
        (
            "a client that pipelines and is refused",
            greeted()
                .client("STARTTLS\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n")
                .server("454 4.7.0 not now\r\n250 ok\r\n250 ok\r\n")
                .client("QUIT\r\n")
                .server("221 bye\r\n")
                .close(),
        ),
        (
            "a refusal, and a second try",
            tls(greeted()
                .client("STARTTLS\r\n")
                .server("454 4.7.0 not now\r\n")
                .client("STARTTLS\r\n")
                .server("220 go\r\n")),
        ),
        (
            "a tap that decrypts",
            agreed()
                .client("EHLO c\r\n")
                .server("250 mx\r\n")
                .client("MAIL FROM:<a@b>\r\n")
                .server("250 ok\r\n")
                .client("QUIT\r\n")
                .server("221 bye\r\n")
                .close(),
        ),
        ("a server that is tired of waiting", agreed().server("421 4.4.2 timeout\r\n").close()),
        (
            "a server that answers a hello in plain",
            agreed().client(client_hello()).server("554 5.7.3 Security failure\r\n").close(),
        ),
        (
            "a client that gives up, and a server that does not understand it",
            agreed().client("QUIT\r\n").server(ALERT).close(),
        ),
        (
            "XCLIENT, which a 220 answers too",
            tls(Talk::open()
                .client("PROXY TCP4 192.0.2.1 192.0.2.2 4000 25\r\n")
                .server("220 mx ESMTP\r\n")
                .client("XCLIENT ADDR=192.0.2.1\r\n")
                .server("220 mx ESMTP\r\n")
                .client("EHLO c\r\n")
                .server("250-mx\r\n250 STARTTLS\r\n")
                .client("STARTTLS\r\n")
                .server("220 go\r\n")),
        ),
    ]
});

fn findings(frames: &[Frame]) -> Vec<String> {
    let report = Runner::keyless().report(wire::pcap(frames));
    let findings = items(&report["sessions"][0]["findings"]).to_vec();
    findings.iter().map(|finding| text(&finding["code"]).to_owned()).collect()
}

fn has_injection(talk: &Talk) -> bool {
    findings(&talk.clone().frames()).iter().any(|code| code == INJECTION)
}

#[test]
fn what_stands_between_starttls_and_tls_is_an_injection() {
    for (name, talk) in TALKS.iter() {
        assert!(has_injection(talk), "{name}");
    }
}

#[test]
fn what_an_honest_end_says_is_no_injection() {
    for (name, talk) in HONEST.iter() {
        assert!(!has_injection(talk), "{name}");
    }
}

#[test]
fn packets_of_any_size_show_the_same() {
    for (name, talk) in TALKS.iter().chain(HONEST.iter()) {
        let whole = talk.clone().frames();
        for size in [1, 2, 3, 7] {
            let small = cut(&whole, size);
            assert_eq!(findings(&small), findings(&whole), "{name} in packets of {size}");
        }
    }
}

fn cut(frames: &[Frame], size: usize) -> Vec<Frame> {
    let mut small = Vec::new();
    for frame in frames {
        let mut rest = frame.clone();
        while rest.payload.len() > size {
            let [first, second] = rest.split(size);
            small.push(first);
            rest = second;
        }
        small.push(rest);
    }
    small
}

#[test]
fn packets_in_any_order_cut_and_repeated_say_the_same() {
    for (name, talk) in TALKS.iter().chain(HONEST.iter()) {
        println!("{name}");
        assert_any_order_is_as_good(&Runner::keyless(), &talk.clone().frames(), 40, false);
        assert_any_order_is_as_good(&Runner::keyless(), &talk.clone().frames(), 40, true);
    }
}

#[test]
fn both_ends_may_be_attacked_at_once() {
    let (_, both) = TALKS.iter().find(|(name, _)| *name == "both").expect("a talk");
    let found = findings(&both.clone().frames());
    assert_eq!(found.iter().filter(|code| *code == INJECTION).count(), 2, "{found:?}");
}
