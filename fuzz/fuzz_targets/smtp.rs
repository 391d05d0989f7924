//! Text of both directions, with gaps, as a dialogue; and any bytes as a message, its header and
//! parts. No byte is taken twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::moment::{Moment, Timestamp};
use smtp_decrypt::role::Role;
use smtp_decrypt::smtp::{Dialogue, Input};
use smtp_decrypt_fuzz::{number, piece};

/// What comes before a message.
const BEFORE: [(Role, &[u8]); 9] = [
    (Role::Server, b"220 x\r\n"),
    (Role::Client, b"EHLO x\r\n"),
    (Role::Server, b"250-x\r\n250 CHUNKING\r\n"),
    (Role::Client, b"MAIL FROM:<a@x>\r\n"),
    (Role::Server, b"250 y\r\n"),
    (Role::Client, b"RCPT TO:<b@x>\r\n"),
    (Role::Server, b"250 y\r\n"),
    (Role::Client, b"DATA\r\n"),
    (Role::Server, b"354 go\r\n"),
];

fuzz_target!(|bytes: &[u8]| {
    let mut dialogue = Dialogue::new();
    let (mut rest, mut frame) = (bytes, 0);
    let mut feed = |dialogue: &mut Dialogue, from: Role, input: Input<'_>, len: usize| {
        frame += 1;
        let at = Moment { ts: Timestamp(frame as i64), frame };
        assert!(dialogue.feed(from, input, at, &mut |_| {}) <= len, "more than was given");
    };
    if bytes.len() % 2 == 0 {
        for (from, words) in BEFORE {
            feed(&mut dialogue, from, Input::Bytes(words), words.len());
        }
        feed(&mut dialogue, Role::Client, Input::Bytes(bytes), bytes.len());
        feed(&mut dialogue, Role::Client, Input::Bytes(b"\r\n.\r\n"), 5);
    }
    while let (Some(what), Some(words)) = (number(&mut rest), piece(&mut rest)) {
        let from = if what & 1 == 0 { Role::Client } else { Role::Server };
        match what & 6 {
            6 => feed(&mut dialogue, from, Input::Gap(words.len() as u64), words.len()),
            _ => feed(&mut dialogue, from, Input::Bytes(words), words.len()),
        }
    }
    dialogue.finish(&mut |_| {});
});
