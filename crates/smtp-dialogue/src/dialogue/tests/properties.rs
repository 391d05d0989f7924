//! What holds for any input.

use proptest::prelude::*;

use super::*;

/// What is said in turn; a dialogue is a walk through some of these.
const TURNS: &[(Role, &str)] = &[
    (Role::Client, "EHLO bar.com\r\n"),
    (Role::Server, "250-foo.com\r\n250-STARTTLS\r\n250 PIPELINING\r\n"),
    (Role::Client, "STARTTLS\r\n"),
    (Role::Server, "220 go\r\n"),
    (Role::Server, "454 no\r\n"),
    (Role::Client, "AUTH LOGIN\r\n"),
    (Role::Server, "334 VXNlcm5hbWU6\r\n"),
    (Role::Client, "dGlt\r\n"),
    (Role::Server, "235 ok\r\n"),
    (Role::Client, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"),
    (Role::Server, "250 ok\r\n250 ok\r\n354 go\r\n"),
    (Role::Client, "Subject: x\r\n\r\na\n.\nb\r\n..c\r\n.\r\nQUIT\r\n"),
    (Role::Server, "250 OK id=1\r\n"),
    (Role::Client, "BDAT 7\r\nQUIT\r\nxBDAT 3 LAST\r\n.\r\nRSET\r\n"),
    (Role::Server, "250 ok\r\n552 no\r\n"),
    (Role::Client, "LHLO bar.com\n"),
    (Role::Server, "421 bye\r\n"),
    (Role::Client, "\x16\x03\x01"),
    (Role::Server, "no reply\r\n"),
    (Role::Client, ".\r\n"),
];

/// How a TCP stream, the other, or what gets lost is cut up.
#[derive(Clone, Debug)]
enum Say {
    Turn(usize),
    Any(Role, Vec<u8>),
    Lose(Role, u64),
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn turns() -> impl Strategy<Value = Vec<Say>> {
    prop::collection::vec((0..TURNS.len()).prop_map(Say::Turn), 0..24)
}

fn anything() -> impl Strategy<Value = Vec<Say>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    let say = prop_oneof![
        6 => (0..TURNS.len()).prop_map(Say::Turn),
        1 => (role(), bytes).prop_map(|(role, bytes)| Say::Any(role, bytes)),
        2 => (role(), 0_u64..40).prop_map(|(role, len)| Say::Lose(role, len)),
    ];
    prop::collection::vec(say, 0..24)
}

fn play(script: &[Say], cuts: Vec<usize>, after_switch: AfterSwitch) -> Seen {
    let mut wire = Wire::with_cuts(cuts);
    wire.after_switch = after_switch;
    wire.say(Role::Server, b"220 foo.com ESMTP\r\n");
    for say in script {
        match say {
            Say::Turn(i) => wire.say(TURNS[*i].0, TURNS[*i].1.as_bytes()),
            Say::Any(role, bytes) => wire.say(*role, bytes),
            Say::Lose(role, len) => wire = wire.lose(*role, *len),
        }
    }
    wire.finish()
}

fn after_switch() -> impl Strategy<Value = AfterSwitch> {
    prop_oneof![Just(AfterSwitch::Tls), Just(AfterSwitch::Plain), Just(AfterSwitch::Wait)]
}

impl std::fmt::Debug for AfterSwitch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tls => "Tls",
            Self::Plain => "Plain",
            Self::Wait => "Wait",
        })
    }
}

/// Lines that are no secrets and begin nothing: each is an exchange of its own.
const PLAIN: &[&str] = &[
    "NOOP",
    "noop  twice ",
    "VRFY \u{e9}",
    "HELP\tme",
    "XYZZY",
    "",
    "MAIL FROM:<a@b> SIZE=1",
    "RCPT TO:<\"x y\"@d>",
    "RSET",
    "BDAT x",
];

proptest! {
    /// No byte of a command or of a reply is lost or changed, but for the line ends.
    #[test]
    fn commands_and_replies_are_kept_byte_for_byte(
        lines in prop::collection::vec((0..PLAIN.len(), "[ -~\u{80}-\u{ff}]{0,20}"), 1..12),
        pipelined in any::<bool>(),
        cuts in prop::collection::vec(1_usize..20, 1..6),
    ) {
        let mut wire = Wire::with_cuts(cuts);
        wire.say(Role::Server, b"220 foo.com\r\n");
        let (mut commands, mut replies) = (Vec::new(), vec!["220 foo.com".to_owned()]);
        for (i, text) in &lines {
            commands.push(PLAIN[*i].to_owned());
            replies.extend([format!("250-{text}"), format!("250 {text}")]);
        }
        let said = |lines: &[String]| lines.join("\r\n") + "\r\n";
        if pipelined {
            wire.say(Role::Client, said(&commands).as_bytes());
            wire.say(Role::Server, said(&replies[1..]).as_bytes());
        } else {
            for (command, reply) in commands.iter().zip(replies[1..].chunks(2)) {
                wire.say(Role::Client, format!("{command}\r\n").as_bytes());
                wire.say(Role::Server, said(reply).as_bytes());
            }
        }
        let seen = wire.finish();
        let kept = seen.exchanges.iter().filter_map(|e| e.command.as_ref());
        let kept: Vec<_> = kept.map(|line| line.as_bytes().to_vec()).collect();
        let sent: Vec<_> = commands.into_iter().map(String::into_bytes).collect();
        prop_assert_eq!(kept, sent);
        let lines = seen.exchanges.iter().filter_map(|e| e.reply.as_ref()).flat_map(|r| &r.lines);
        let lines: Vec<_> = lines.map(|line| line.as_bytes().to_vec()).collect();
        let sent: Vec<_> = replies.into_iter().map(String::into_bytes).collect();
        prop_assert_eq!(lines, sent);
    }

    #[test]
    fn how_the_streams_are_cut_does_not_matter(
        script in turns(),
        cuts in prop::collection::vec(1_usize..20, 1..6),
        after_switch in after_switch(),
    ) {
        let whole = play(&script, vec![usize::MAX], after_switch);
        let pieces = play(&script, cuts, after_switch);
        prop_assert_eq!(whole.log, pieces.log);
        prop_assert_eq!(whole.body, pieces.body);
    }

    #[test]
    fn no_script_with_gaps_is_a_panic(
        script in anything(),
        cuts in prop::collection::vec(1_usize..20, 1..6),
        after_switch in after_switch(),
    ) {
        let seen = play(&script, cuts, after_switch);
        let mails = seen.log.iter().filter(|line| line.starts_with("DataStart")).count();
        prop_assert!(seen.log.iter().filter(|line| line.starts_with("DataEnd")).count() <= mails);
    }

    #[test]
    fn arbitrary_bytes_are_no_panic(client: Vec<u8>, server: Vec<u8>, first in role()) {
        let mut wire = Wire::new();
        wire.after_switch = AfterSwitch::Plain;
        let (second, one, other) = (first.peer(), &client, &server);
        wire.say(first, one);
        wire.say(second, other);
        wire.finish();
    }
}
