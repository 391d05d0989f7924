//! One TCP connection, seen from outside: who waits for whom, and how long. Looks at segments as they
//! pass, not at streams: what is lost or out of order costs a wait, and never invents one.

use std::net::SocketAddr;

use super::observation::{Knock, NameMessage, Observation, Wait};
use super::service::Service;
use super::tokens;
use crate::decode::Segment;
use crate::dns::{self, DnsMessage};
use crate::moment::Moment;

/// Shorter waits explain nothing that a person would notice, in ns (200 ms).
pub(crate) const LEAST_WAIT: i64 = 200_000_000;

/// Bytes of an answer that are kept, where it is no secret.
const MOST_ANSWER: usize = 80;

/// A connection.
#[derive(Debug, Default)]
pub struct Watch {
    /// Client and server.
    ends: Option<(SocketAddr, SocketAddr)>,
    first_syn: Option<Moment>,
    syns: u32,
    /// Since when the server owes a word.
    owed: Option<Moment>,
    /// The client spoke last.
    is_clients_turn: bool,
    /// The sequence number behind the client's last new byte.
    next: Option<u32>,
    service: Option<Service>,
    tokens: Vec<Box<str>>,
}

impl Watch {
    /// Takes the next segment, and tells what it shows.
    pub fn take(&mut self, segment: &Segment<'_>, mut tell: impl FnMut(Observation)) {
        if segment.flags.syn() && !segment.flags.ack() {
            return self.knocked(segment, tell);
        }
        let (client, server) = *self.ends.get_or_insert_with(|| by_ports(segment));
        let is_clients = segment.source == client;
        if segment.flags.syn() {
            self.wait_ends(segment.at, true, None, &mut tell);
            // Some servers speak first.
            self.owed = Some(segment.at);
        } else if !segment.payload.is_empty() {
            if server.port() == dns::PORT {
                self.names(segment, &mut tell);
            }
            match is_clients {
                true => self.asked(segment, server),
                false => self.answered(segment, &mut tell),
            }
        }
        if segment.flags.rst() || (is_clients && segment.flags.fin()) {
            if is_clients && self.is_clients_turn {
                self.wait_ends(segment.at, false, None, &mut tell);
            }
            // A SYN after a refusal is another attempt.
            (self.owed, self.first_syn, self.syns) = (None, None, 0);
        }
    }

    fn knocked(&mut self, segment: &Segment<'_>, mut tell: impl FnMut(Observation)) {
        let (client, server) = (segment.source, segment.destination);
        self.ends = Some((client, server));
        let first = *self.first_syn.get_or_insert(segment.at);
        self.syns += 1;
        self.owed = Some(first);
        if self.syns > 1 {
            let (last, count) = (segment.at.max(first), self.syns);
            tell(Observation::Knock(Knock { client, server, first, last, count }));
        }
    }

    fn asked(&mut self, segment: &Segment<'_>, server: SocketAddr) {
        let len = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX);
        let end = segment.seq.wrapping_add(len);
        // Below half the number space it lies ahead (RFC 9293 §3.4).
        let is_new = self.next.is_none_or(|next| end.wrapping_sub(next).wrapping_sub(1) < 1 << 31);
        if !is_new {
            return;
        }
        self.next = Some(end);
        if self.service.is_none() {
            self.service = Some(Service::of(server.port(), segment.payload));
        }
        if !self.is_clients_turn {
            self.tokens.clear();
        }
        self.is_clients_turn = true;
        if segment.payload.first() != Some(&TLS_RECORD) {
            tokens::collect(segment.payload, &mut self.tokens);
        }
        self.owed = Some(segment.at);
    }

    fn answered(&mut self, segment: &Segment<'_>, tell: &mut impl FnMut(Observation)) {
        self.wait_ends(segment.at, true, Some(segment.payload), tell);
        self.is_clients_turn = false;
    }

    fn wait_ends(
        &mut self,
        ended: Moment,
        is_answered: bool,
        said: Option<&[u8]>,
        tell: &mut impl FnMut(Observation),
    ) {
        let (Some(asked), Some((client, server))) = (self.owed.take(), self.ends) else { return };
        if ended.ts - asked.ts < LEAST_WAIT {
            return;
        }
        let service = self.service.unwrap_or_else(|| Service::of(server.port(), b""));
        let answer = said.and_then(|said| plain_answer(service, said));
        let tokens = self.tokens.clone().into();
        let wait = Wait { client, server, asked, ended, is_answered, service, tokens, answer };
        tell(Observation::Wait(Box::new(wait)));
    }

    fn names(&self, segment: &Segment<'_>, tell: &mut impl FnMut(Observation)) {
        let ends = (segment.source, segment.destination);
        for message in DnsMessage::read_stream(segment.payload) {
            let name = NameMessage::of(message, segment.at, ends, true);
            name.into_iter().for_each(|name| tell(Observation::Name(Box::new(name))));
        }
    }
}

/// The content type of a handshake record (RFC 8446 §5.1): nothing in it is a name that counts.
const TLS_RECORD: u8 = 0x16;

/// Without a SYN the lower port is the server's.
fn by_ports(segment: &Segment<'_>) -> (SocketAddr, SocketAddr) {
    let (source, destination) = (segment.source, segment.destination);
    match source.port() < destination.port() {
        true => (destination, source),
        false => (source, destination),
    }
}

/// The first line of an answer that holds no secret.
fn plain_answer(service: Service, said: &[u8]) -> Option<Box<str>> {
    if !matches!(service, Service::Policy | Service::Lmtp | Service::Smtp) {
        return None;
    }
    let line = said.split(|byte| b"\r\n".contains(byte)).next()?;
    let line = std::str::from_utf8(line.get(..MOST_ANSWER).unwrap_or(line)).ok()?;
    let is_plain = !line.is_empty() && line.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    is_plain.then(|| line.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{CutBy, TcpFlags};
    use crate::moment::Timestamp;

    fn segment(from_client: bool, ms: i64, flags: TcpFlags, seq: u32, said: &[u8]) -> Segment<'_> {
        let ends: [SocketAddr; 2] =
            [([192, 0, 2, 1], 40_000).into(), ([192, 0, 2, 2], 10_031).into()];
        let [source, destination] = if from_client { ends } else { [ends[1], ends[0]] };
        let at = Moment { ts: Timestamp(ms * 1_000_000), frame: ms as u64 };
        Segment {
            at,
            source,
            destination,
            seq,
            ack: 0,
            flags,
            window: 0,
            window_scale: None,
            ip_id: None,
            hops: None,
            interface: 0,
            timestamp: None,
            echoes: 0,
            payload: said,
            cut: 0,
            cut_by: CutBy::default(),
            bytes: &[],
        }
    }

    fn seen(segments: &[Segment<'_>]) -> Vec<Observation> {
        let (mut watch, mut seen) = (Watch::default(), Vec::new());
        segments.iter().for_each(|segment| watch.take(segment, |what| seen.push(what)));
        seen
    }

    const REQUEST: &[u8] = b"request=smtpd_access_policy\nsender=a@example.org\n\n";

    #[test]
    fn a_wait_lasts_from_the_last_word_to_the_answer() {
        let data = TcpFlags::ACK;
        let talk = [
            segment(true, 0, TcpFlags::SYN, 0, b""),
            segment(false, 1, TcpFlags(0x12), 0, b""),
            segment(true, 2, data, 1, REQUEST),
            segment(true, 900, data, 1, REQUEST),
            segment(false, 4002, data, 1, b"action=DUNNO\n\n"),
        ];
        let [Observation::Wait(wait)] = &seen(&talk)[..] else { panic!("one wait") };
        assert_eq!(
            (wait.asked.frame, wait.ended.frame),
            (2, 4002),
            "what is sent again is no word"
        );
        assert_eq!((wait.service, wait.is_answered), (Service::Policy, true));
        assert_eq!(wait.answer.as_deref(), Some("action=DUNNO"));
        assert_eq!(&wait.tokens[..], [Box::from("a@example.org")]);
    }

    #[test]
    fn who_answers_at_once_is_not_mentioned() {
        let talk = [
            segment(true, 0, TcpFlags::SYN, 0, b""),
            segment(false, 1, TcpFlags(0x14), 0, b""),
            segment(true, 2000, TcpFlags::SYN, 9, b""),
        ];
        assert!(seen(&talk).is_empty(), "a refusal takes no time, and is an answer");
    }

    #[test]
    fn knocks_are_counted() {
        let talk = [0, 1000, 3000].map(|ms| segment(true, ms, TcpFlags::SYN, 0, b""));
        let seen = seen(&talk);
        let Some(Observation::Knock(last)) = seen.last() else { panic!("a knock") };
        assert_eq!((last.count, last.first.frame, last.last.frame), (3, 0, 3000));
    }
}
