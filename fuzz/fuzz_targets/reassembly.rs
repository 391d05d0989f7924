//! Segments of two streams that are known, in any order, cut and repeated: what is handed on is a
//! stream from its start, each byte the one that stands there, gaps apart.
#![no_main]

use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::decode::{Segment, TcpFlags};
use smtp_decrypt::flow::{Body, Conversation, FlowTable, TableLimits, TcpEvent};
use smtp_decrypt::moment::{Moment, Timestamp};
use smtp_decrypt::role::{PerRole, Role};

const ENDS: [([u8; 4], u16); 2] = [([192, 0, 2, 1], 40_000), ([192, 0, 2, 2], 25)];

/// Both streams begin shortly before their numbers wrap.
const START: u32 = u32::MAX - 1000;

/// The byte at a place of either stream.
fn byte(place: u64) -> u8 {
    (place % 251) as u8
}

#[derive(Default)]
struct Checker {
    next: PerRole<u64>,
    is_over: bool,
}

impl Conversation for Checker {
    fn client_of(&self, ends: [SocketAddr; 2], _: [&[u8]; 2]) -> usize {
        usize::from(ends[1].port() > ends[0].port())
    }

    fn on_tcp(&mut self, event: TcpEvent<'_>) {
        assert!(!self.is_over, "something comes behind the end");
        match event {
            TcpEvent::Data(chunk) => {
                let next = &mut self.next[chunk.from];
                assert_eq!(chunk.offset, *next, "a chunk does not follow the one before");
                *next += chunk.body.len();
                let Body::Bytes(bytes) = chunk.body else { return };
                let wrong =
                    (chunk.offset..).zip(bytes).find(|(place, found)| byte(*place) != **found);
                assert!(wrong.is_none(), "another byte: {wrong:?}");
            }
            TcpEvent::Finished(_) => self.is_over = true,
            _ => {}
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut table = FlowTable::<Checker>::new(TableLimits::NONE);
    let (mut now, mut ended) = (0, false);
    for (frame, step) in (1..).zip(bytes.chunks_exact(6)) {
        let from = if step[0] & 1 == 0 { Role::Client } else { Role::Server };
        let place = u16::from_le_bytes([step[1], step[2]]);
        let payload: Vec<u8> =
            (0..u64::from(step[3])).map(|n| byte(u64::from(place) + n)).collect();
        // A SYN first, so that the place of a byte is known; then data and acknowledgements.
        let is_first = frame <= 2;
        let (flags, payload) = if is_first { (0x02, vec![]) } else { (0x10, payload) };
        let seq = if is_first { START } else { START.wrapping_add(1).wrapping_add(place.into()) };
        let [client, server] = ENDS.map(SocketAddr::from);
        let (source, destination) = match (is_first, frame, from) {
            (true, 1, _) | (false, _, Role::Client) => (client, server),
            _ => (server, client),
        };
        now += i64::from(step[4]) << (step[5] % 32);
        let segment = Segment {
            at: Moment { ts: Timestamp(now), frame },
            source,
            destination,
            seq,
            ack: START.wrapping_add(1).wrapping_add(u32::from(step[5]) * 64),
            flags: TcpFlags(flags),
            window: 60_000,
            window_scale: None,
            ip_id: None,
            hops: None,
            interface: 0,
            timestamp: None,
            echoes: 0,
            payload: &payload,
            cut_by: Default::default(),
            cut: 0,
            bytes: &[],
        };
        // One connection is checked: one that is over gives way to another, which begins anew.
        if table.first_over(segment.at.ts).is_some() || ended {
            break;
        }
        table.feed(&segment, frame, Checker::default, |_| ended = true);
    }
    for (_, key) in table.rest() {
        table.end(&key);
    }
});
