//! Connections as they are captured, and as they should not be.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::moment::Timestamp;
use crate::role::PerRole;
use capture_terms::segment::{Segment, TcpFlags};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;
const URG: u8 = 0x20;

/// Initial sequence numbers, both about to wrap.
const CLIENT_ISN: u32 = u32::MAX - 2;
const SERVER_ISN: u32 = u32::MAX - 5;

/// A connection as its conversation hears of it.
#[derive(Clone, Default)]
struct Heard {
    streams: PerRole<Vec<u8>>,
    gaps: PerRole<u64>,
    facts: TcpFacts,
}

#[derive(Default)]
struct Ear {
    heard: Heard,
    ended: Rc<RefCell<Vec<Heard>>>,
}

impl Conversation for Ear {
    fn client_of(&self, ends: [SocketAddr; 2], _: [&[u8]; 2]) -> usize {
        usize::from(ends[1].port() > ends[0].port())
    }

    fn on_tcp(&mut self, event: TcpEvent<'_>) {
        match event {
            // Frames are counted from 1: whatever is told has been shown by one of them.
            TcpEvent::Data(chunk) if chunk.at.frame == 0 => panic!("no packet shows {chunk:?}"),
            TcpEvent::Data(chunk) => match chunk.body {
                Body::Bytes(bytes) => self.heard.streams[chunk.from].extend(bytes),
                Body::Gap(gap) => self.heard.gaps[chunk.from] += gap.bytes,
            },
            TcpEvent::Finished(facts) => {
                self.heard.facts = facts.clone();
                self.ended.borrow_mut().push(self.heard.clone());
            }
            TcpEvent::Packet(_) | TcpEvent::Opened { .. } | TcpEvent::Retransmission(..) => {}
        }
    }
}

/// A packet, its numbers counted from the start of each stream.
#[derive(Clone, Debug)]
struct Sent {
    from: Role,
    seq: u32,
    ack: u32,
    flags: u8,
    bytes: Vec<u8>,
    ms: i64,
    ip_id: Option<u16>,
    isn: [u32; 2],
}

fn sent(from: Role, seq: u32, ack: u32, flags: u8, bytes: &[u8]) -> Sent {
    let isn = [CLIENT_ISN, SERVER_ISN];
    Sent { from, seq, ack, flags, bytes: bytes.to_vec(), ms: 0, ip_id: None, isn }
}

fn client(seq: u32, ack: u32, bytes: &[u8]) -> Sent {
    sent(Role::Client, seq, ack, ACK, bytes)
}

fn server(seq: u32, ack: u32, bytes: &[u8]) -> Sent {
    sent(Role::Server, seq, ack, ACK, bytes)
}

fn handshake() -> Vec<Sent> {
    vec![
        Sent { seq: 0_u32.wrapping_sub(1), ..sent(Role::Client, 0, 0, SYN, b"") },
        Sent { seq: 0_u32.wrapping_sub(1), ..sent(Role::Server, 0, 0, SYN | ACK, b"") },
        client(0, 0, b""),
    ]
}

impl Sent {
    fn at_ms(self, ms: i64) -> Self {
        Self { ms, ..self }
    }

    fn segment(&self, frame: u64) -> Segment<'_> {
        let ends = ["192.0.2.1:40000", "192.0.2.2:25"].map(|end| end.parse().unwrap());
        let [mine, peers] = match self.from {
            Role::Client => self.isn,
            Role::Server => [self.isn[1], self.isn[0]],
        };
        let (source, destination) =
            if self.from == Role::Client { (ends[0], ends[1]) } else { (ends[1], ends[0]) };
        Segment {
            bytes: &[],
            at: Moment { ts: Timestamp(self.ms * 1_000_000), frame },
            source,
            destination,
            seq: mine.wrapping_add(1).wrapping_add(self.seq),
            ack: peers.wrapping_add(1).wrapping_add(self.ack),
            flags: TcpFlags(self.flags),
            window: 60_000,
            window_scale: None,
            ip_id: self.ip_id,
            hops: None,
            interface: 0,
            timestamp: None,
            echoes: 0,
            payload: &self.bytes,
            cut: 0,
            cut_by: capture_terms::segment::CutBy::SnapLength,
        }
    }
}

/// What is heard of every connection in some packets. Those without a time come a millisecond apart.
fn hear(packets: &[Sent]) -> Vec<Heard> {
    let ended = Rc::new(RefCell::new(Vec::new()));
    let mut table = FlowTable::new(TableLimits::NONE);
    let mut clock = CaptureClock::default();
    for (frame, packet) in (1..).zip(packets) {
        let ms = if packet.ms == 0 { frame as i64 } else { packet.ms };
        let packet = packet.clone().at_ms(ms);
        let begin = || Ear { ended: Rc::clone(&ended), ..Ear::default() };
        let now = clock.advance(packet.segment(frame).at.ts);
        while table.first_over(now).is_some() {
            table.end_first();
        }
        table.feed(&packet.segment(frame), frame, begin, drop);
    }
    for (_, key) in table.rest() {
        table.end(&key);
    }
    ended.take()
}

/// The only connection in a handshake and some packets.
fn one(packets: Vec<Sent>) -> Heard {
    let mut heard = hear(&[handshake(), packets].concat());
    assert_eq!(heard.len(), 1);
    heard.remove(0)
}

fn is(heard: &Heard, client: &[u8], server: &[u8]) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&heard.streams.client), text(client));
    assert_eq!(text(&heard.streams.server), text(server));
    assert_eq!(heard.gaps, PerRole::default());
}

#[test]
fn sequence_numbers_wrap_within_a_word() {
    let heard = one(vec![server(0, 0, b"220 hello\r\n"), client(0, 11, b"EHLO x\r\n")]);
    is(&heard, b"EHLO x\r\n", b"220 hello\r\n");
}

#[test]
fn the_first_bytes_win_and_others_are_told() {
    let heard = one(vec![client(0, 0, b"MAIL FROM"), client(0, 0, b"RCPT FROM")]);
    is(&heard, b"MAIL FROM", b"");
    assert_eq!(heard.facts.odd.client.overlaps_differ.packets, 1);
    assert_eq!(heard.facts.odd.client.overlaps_differ.first.map(|at| at.frame), Some(5));
    let waiting =
        one(vec![client(4, 0, b"FROM"), client(2, 0, b"XXXXFROM"), client(0, 0, b"MAIL")]);
    is(&waiting, b"MAXXFROMOM", b"");
    assert_eq!(waiting.facts.odd.client.overlaps_differ.packets, 2);
}

#[test]
fn other_cuts_of_the_same_bytes_are_no_contradiction() {
    let heard = one(vec![
        client(0, 0, b"MAIL "),
        client(5, 0, b"FROM"),
        client(0, 0, b"MAIL FROM"),
        client(3, 0, b"L F"),
        client(4, 0, b" FROM:<>"),
    ]);
    is(&heard, b"MAIL FROM:<>", b"");
    assert_eq!(heard.facts.odd.client, Oddities::default());
    assert_eq!(heard.facts.counters.client.retransmissions, 3);
}

#[test]
fn copies_of_packets_are_no_retransmissions() {
    let twice = |packet: Sent| [packet.clone(), packet];
    let mut packets: Vec<_> = handshake().into_iter().flat_map(twice).collect();
    packets.extend(twice(server(0, 0, b"220 hello\r\n")));
    packets.extend(twice(Sent { flags: FIN | ACK, ..client(0, 11, b"QUIT\r\n") }));
    let heard = hear(&packets).remove(0);
    is(&heard, b"QUIT\r\n", b"220 hello\r\n");
    let counters = heard.facts.counters;
    assert_eq!((counters.client.duplicate_packets, counters.server.duplicate_packets), (2, 2));
    assert_eq!((counters.client.retransmissions, counters.server.retransmissions), (0, 0));
    assert_eq!(heard.facts.odd.server.duplicates.packets, 2);
}

#[test]
fn a_keep_alive_repeats_a_byte_of_no_meaning() {
    let heard = one(vec![client(0, 0, b"NOOP\r\n"), client(5, 0, b"\0"), client(6, 0, b"QUIT")]);
    is(&heard, b"NOOP\r\nQUIT", b"");
    let facts = heard.facts;
    assert_eq!((facts.counters.client.retransmissions, facts.odd.client), (0, Oddities::default()));
    let before_the_first =
        one(vec![client(0_u32.wrapping_sub(1), 0, b"\0"), client(0, 0, b"QUIT")]);
    is(&before_the_first, b"QUIT", b"");
}

#[test]
fn urgent_data_stays_in_its_place_and_is_told() {
    let heard = one(vec![Sent { flags: ACK | URG, ..client(0, 0, b"abc") }]);
    is(&heard, b"abc", b"");
    assert_eq!(heard.facts.odd.client.urgent.packets, 1);
}

#[test]
fn both_ends_may_open_at_once() {
    let before = 0_u32.wrapping_sub(1);
    let heard = hear(&[
        Sent { seq: before, ..sent(Role::Client, 0, 0, SYN, b"") },
        Sent { seq: before, ..sent(Role::Server, 0, 0, SYN, b"") },
        Sent { seq: before, ..sent(Role::Server, 0, 0, SYN | ACK, b"") },
        Sent { seq: before, ..sent(Role::Client, 0, 0, SYN | ACK, b"") },
        server(0, 0, b"220 hello\r\n"),
        client(0, 11, b"QUIT\r\n"),
    ]);
    assert_eq!(heard.len(), 1);
    is(&heard[0], b"QUIT\r\n", b"220 hello\r\n");
}

#[test]
fn data_may_come_with_the_syn() {
    let before = 0_u32.wrapping_sub(1);
    let heard = hear(&[
        Sent { seq: before, ..sent(Role::Client, 0, 0, SYN, b"EHLO x\r\n") },
        Sent { seq: before, ..sent(Role::Server, 0, 8, SYN | ACK, b"") },
        client(8, 0, b"NOOP\r\n"),
    ]);
    is(&heard[0], b"EHLO x\r\nNOOP\r\n", b"");
}

#[test]
fn the_text_in_a_reset_is_no_byte_of_the_stream() {
    let heard = one(vec![client(0, 0, b"QUIT"), Sent { flags: RST | ACK, ..client(4, 0, b"bye") }]);
    is(&heard, b"QUIT", b"");
    assert_eq!(heard.facts.closing(), Closing::Rst(Role::Client));
}

#[test]
fn a_reset_after_which_its_sender_goes_on_was_none() {
    let heard = one(vec![
        client(0, 0, b"NOOP\r\n"),
        Sent { flags: RST, ..client(6, 0, b"") },
        client(6, 0, b"QUIT\r\n").at_ms(60_000),
        Sent { flags: FIN | ACK, ..client(12, 0, b"") }.at_ms(60_001),
    ]);
    is(&heard, b"NOOP\r\nQUIT\r\n", b"");
    assert_eq!(heard.facts.closing(), Closing::Fin(Role::Client));
    assert_eq!(heard.facts.odd.client.resets_ignored.packets, 1);
}

#[test]
fn the_four_numbers_of_a_connection_are_used_again() {
    let isn = [7_000_000, 9_000_000];
    let again = |packets: Vec<Sent>| packets.into_iter().map(move |p| Sent { isn, ..p });
    let first = [handshake(), vec![client(0, 0, b"first")]].concat();
    let closed = vec![
        Sent { flags: FIN | ACK, ..client(5, 0, b"") },
        Sent { flags: FIN | ACK, ..server(0, 6, b"") },
    ];
    let second = [handshake(), vec![client(0, 0, b"second")]].concat();
    for between in [Vec::new(), closed.clone()] {
        let heard = hear(&[first.clone(), between, again(second.clone()).collect()].concat());
        assert_eq!(heard.len(), 2);
        is(&heard[0], b"first", b"");
        is(&heard[1], b"second", b"");
    }
    let without_syn = [&first[3..], &closed, &again(second.clone()).collect::<Vec<_>>()].concat();
    let heard = hear(&without_syn);
    assert_eq!(heard.len(), 2);
    is(&heard[1], b"second", b"");
    let syn_ack_alone = [first, closed, again(second).skip(1).collect()].concat();
    assert_eq!(hear(&syn_ack_alone).len(), 2);
}

#[test]
fn a_fin_sent_again_and_again_opens_no_connection() {
    let fin = Sent { flags: FIN | ACK, ..server(0, 5, b"221 bye\r\n") };
    let mut packets = vec![client(0, 0, b"QUIT\n"), Sent { flags: FIN | ACK, ..client(5, 0, b"") }];
    packets.extend((0..9).map(|turn| fin.clone().at_ms(100 + (200 << turn))));
    is(&one(packets), b"QUIT\n", b"221 bye\r\n");
}

#[test]
fn a_segment_far_outside_the_window_does_not_move_the_stream() {
    let stray = client(500_000_000, 0, b"stray");
    let mut packets = vec![client(0, 0, b"one "), stray];
    packets.extend((0..6000).map(|index| client(4 + index * 2, 0, b"x ")));
    let heard = one(packets);
    is(&heard, &[&b"one "[..], &b"x ".repeat(6000)].concat(), b"");
    assert_eq!(heard.facts.odd.client.outside_window.packets, 1);
    assert_eq!(heard.facts.counters.client.retransmissions, 0);
}

#[test]
fn an_acknowledgement_that_its_sender_takes_back_was_none() {
    let heard = one(vec![
        client(0, 0, b"NOOP\r\n"),
        server(0, 90_000_000, b"250 "),
        server(4, 6, b"ok\r\n"),
        client(6, 8, b"QUIT\r\n"),
    ]);
    is(&heard, b"NOOP\r\nQUIT\r\n", b"250 ok\r\n");
}

/// What `survives_arbitrary_segments` came down to: a segment that waits acknowledges what its sender
/// takes back afterwards.
#[test]
fn a_gap_is_shown_by_the_segment_that_waits_for_it() {
    use Role::{Client, Server};
    let packets = [
        (Server, 0, 0, 0, 0),
        (Server, 0, 0, 4, 0),
        (Server, 0, 0, 0, 0),
        (Server, 3_233_141_424, 639_177_305, 24, 1),
        (Server, 3_232_092_847, 0, 74, 0),
        (Client, 304_081_274, 0, 55, 0),
        (Client, 304_081_276, 0, 205, 0),
        (Server, 0, 0, 0, 0),
    ];
    let packets =
        packets.map(|(from, seq, ack, flags, len)| sent(from, seq, ack, flags, &vec![7; len]));
    assert!(hear(&packets).iter().any(|heard| heard.gaps.server + heard.gaps.client > 0));
}

#[test]
fn what_was_acknowledged_and_not_captured_is_a_gap() {
    let heard = one(vec![server(0, 6, b"250 ok\r\n"), client(6, 8, b"QUIT\r\n")]);
    assert_eq!((heard.gaps.client, heard.gaps.server), (6, 0));
    assert_eq!(heard.streams.client, b"QUIT\r\n");
}

#[test]
fn a_clock_that_steps_back_changes_no_byte_and_is_told() {
    let heard = one(vec![
        client(0, 0, b"EHLO x\r\n").at_ms(5_000),
        server(0, 8, b"250 ok\r\n").at_ms(1_000),
        client(8, 8, b"QUIT\r\n").at_ms(1_010),
    ]);
    is(&heard, b"EHLO x\r\nQUIT\r\n", b"250 ok\r\n");
    let odd = heard.facts.odd;
    assert_eq!((odd.server.clock_steps.packets, odd.server.largest_step_ns), (1, 4_000_000_000));
    assert_eq!(odd.client.clock_steps.packets, 1);
}

#[test]
fn one_direction_is_enough_and_a_syn_may_be_missing() {
    let only = vec![client(100, 50, b"MAIL\r\n"), client(106, 58, b"RCPT\r\n")];
    let heard = hear(&only).remove(0);
    assert_eq!((heard.streams.client, heard.gaps.client), (b"MAIL\r\nRCPT\r\n".to_vec(), 0));
    let mut both = hear(&[server(50, 100, b"250 ok\r\n"), client(100, 58, b"DATA\r\n")]);
    is(&both.remove(0), b"DATA\r\n", b"250 ok\r\n");
}

/// A dialogue whose segments do not acknowledge each other, so that any order is one of the wire.
fn dialogue(stream: &[u8], cuts: &[(usize, usize)]) -> Vec<Sent> {
    let piece = |&(start, len): &(usize, usize)| {
        let start = start % stream.len();
        let end = (start + len).min(stream.len());
        client(start as u32, 0, &stream[start..end])
    };
    let whole = (0..stream.len()).step_by(7).map(|start| (start, 7));
    whole.chain(cuts.iter().copied()).map(|cut| piece(&cut)).collect()
}

proptest! {
    #[test]
    fn any_order_and_repetition_in_any_pieces_gives_the_same_stream(
        stream in prop::collection::vec(any::<u8>(), 1..200),
        cuts in prop::collection::vec((0_usize..200, 1_usize..40), 0..30),
        keys in prop::collection::vec(any::<u32>(), 80),
    ) {
        let mut packets = [handshake(), dialogue(&stream, &cuts)].concat();
        let mut keys = keys.into_iter().cycle();
        packets.sort_by_cached_key(|_| keys.next());
        let heard = hear(&packets);
        prop_assert_eq!(heard.len(), 1);
        prop_assert_eq!(&heard[0].streams.client, &stream);
        prop_assert_eq!(heard[0].gaps, PerRole::default());
        prop_assert_eq!(heard[0].facts.odd.client.overlaps_differ, Noted::default());
    }

    #[test]
    fn survives_arbitrary_segments(
        segments in prop::collection::vec(
            (any::<bool>(), any::<u32>(), any::<u32>(), any::<u8>(), 0_usize..40, any::<i32>()), 1..60),
    ) {
        let packets: Vec<_> = segments.into_iter().map(|(up, seq, ack, flags, len, ms)| {
            let from = if up { Role::Client } else { Role::Server };
            sent(from, seq, ack, flags, &vec![7; len]).at_ms(ms.into())
        }).collect();
        hear(&packets);
    }
}
