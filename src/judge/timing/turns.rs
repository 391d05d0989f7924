//! Who was being waited for: the time between two words is the silent end's, but for the time that
//! packets are under way.
//!
//! What is seen at the point of capture is split by what is known there. From a word of one end to
//! the answer of the other, the quickest round trip ever seen between the point of capture and the
//! other end is the network's, the rest that end's. Bytes sent again show that packets were lost:
//! the time up to them is the network's too.

use crate::flow::{Closure, TcpFacts};
use crate::moment::{Moment, Timestamp};
use crate::report::timing::Attribution;
use crate::role::Role;

/// Pieces that are kept one by one, so that each wait can be split when the round trip is known.
/// With [`STREAK`] this is never reached by a transfer that flows, whatever its size.
pub(in crate::judge) const MOST_TURNS: usize = 20_000;

/// Pieces of one end that follow each other within so many ns (1 ms) are one turn.
const STREAK: i64 = 1_000_000;

/// What happened on the connection, as far as it ends or begins a wait.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    events: Vec<Event>,
    /// When the server owed a reply: from the command's last byte to the reply's.
    debts: Vec<(Moment, Option<Moment>)>,
    /// The reply to QUIT, or 421: nobody owes anything any more.
    farewell: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    kind: Kind,
    from: Role,
    began: Moment,
    ended: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Data.
    Spoke,
    /// Data that had been sent before.
    Again,
    /// FIN or RST.
    Closed,
}

/// What is known of the dialogue besides its times.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DialogueFacts {
    /// The dialogue was read, to its end.
    pub(crate) is_known: bool,
    /// The client speaks first: TLS from the first byte.
    pub(crate) client_begins: bool,
    /// From the ClientHello to the last Finished nobody answers to commands.
    pub(crate) handshake: Option<(Moment, Moment)>,
}

impl Turns {
    /// Notes that `from` sent something new.
    pub(crate) fn spoke(&mut self, from: Role, at: Moment) {
        if let Some(last) = self.events.last_mut()
            && (last.kind, last.from) == (Kind::Spoke, from)
            && (0..=STREAK).contains(&(at.ts - last.ended.ts))
        {
            last.ended = at;
            return;
        }
        self.push(Kind::Spoke, from, at);
    }

    /// Notes that `from` sent something again.
    pub(crate) fn again(&mut self, from: Role, at: Moment) {
        self.push(Kind::Again, from, at);
    }

    fn push(&mut self, kind: Kind, from: Role, at: Moment) {
        if self.events.len() < MOST_TURNS {
            self.events.push(Event { kind, from, began: at, ended: at });
        }
    }

    /// Notes a command and its reply. A greeting is owed from the start.
    pub(crate) fn owed(&mut self, since: Option<Moment>, until: Option<Moment>) {
        if self.debts.len() < MOST_TURNS && (since.is_some() || until.is_some()) {
            self.debts.push((since.unwrap_or(BEFORE), until));
        }
    }

    /// Notes a reply behind which nothing has to come.
    pub(crate) fn farewell(&mut self, at: Option<Moment>) {
        self.farewell = self.farewell.or(at);
    }

    /// Splits the total; gives how much of the network's part was spent on lost packets, too.
    pub(super) fn attribute(
        mut self,
        tcp: &TcpFacts,
        total_ns: i64,
        manners: DialogueFacts,
    ) -> (Attribution, i64) {
        self.close(tcp);
        if tcp.is_attempt() {
            // What is sent again because nobody answers was not lost.
            self.events.retain(|event| event.kind != Kind::Again);
        }
        self.events.sort_by_key(|event| event.began);
        let debts = OwedReplies::new(std::mem::take(&mut self.debts));
        let (first, last) = tcp.span.unwrap_or_default();
        let last = tcp.last_sent.unwrap_or(last);
        let mut sum = Sum { tcp, split: Attribution::default(), lost_ns: 0 };
        let waits = Waits(tcp);
        let mut cursor = tcp.established.or(tcp.syn_ack).unwrap_or(first);
        let mut speaker = None;
        for event in &self.events {
            let ns = event.began.ts - cursor.ts;
            if ns > 0 {
                let awaited = self.awaited(speaker, event, cursor, manners, &debts);
                let shut = waits.of_the_other(awaited, cursor, event.began);
                *sum.split.of(awaited.peer()) += shut;
                sum.add(ns - shut, awaited, speaker, event.kind);
            }
            // Inside a streak it is the speaker who takes the time.
            let end = event.ended.max(cursor);
            *sum.split.of(event.from) += (end.ts - event.began.max(cursor).ts).max(0);
            cursor = end;
            speaker = Some(event.from);
        }
        if let Some(awaited) = self.awaited_at_end(tcp, speaker, cursor, manners, &debts) {
            sum.add((last.ts - cursor.ts).max(0), awaited, speaker, Kind::Spoke);
        }
        sum.finish(total_ns)
    }

    fn close(&mut self, tcp: &TcpFacts) {
        for role in Role::BOTH {
            for at in [tcp.fin[role], tcp.rst[role]].into_iter().flatten() {
                self.events.push(Event { kind: Kind::Closed, from: role, began: at, ended: at });
            }
        }
    }

    /// Who should have spoken since `cursor`, when at last `event` came.
    fn awaited(
        &self,
        speaker: Option<Role>,
        event: &Event,
        cursor: Moment,
        manners: DialogueFacts,
        debts: &OwedReplies,
    ) -> Role {
        let Some(speaker) = speaker else {
            let is_silent = event.kind == Kind::Closed;
            return match manners {
                DialogueFacts { client_begins: true, .. } => Role::Client,
                DialogueFacts { is_known: true, .. } => Role::Server,
                _ if is_silent => Role::Server,
                _ => event.from,
            };
        };
        if speaker != event.from || self.farewell.is_some_and(|at| at <= cursor) {
            return event.from;
        }
        let shakes_hands =
            manners.handshake.is_some_and(|(from, to)| from <= cursor && cursor < to);
        let gave_up = event.kind == Kind::Closed;
        if shakes_hands || !manners.is_known {
            // Who spoke last and then closes was waiting for the other.
            return if gave_up { speaker.peer() } else { speaker };
        }
        match speaker {
            Role::Server if !debts.any_at(cursor) => Role::Client,
            Role::Client if gave_up && debts.any_at(cursor) => Role::Server,
            speaker => speaker,
        }
    }

    /// Who should speak when the capture ends or the last packet comes; nobody once it is closed.
    fn awaited_at_end(
        &self,
        tcp: &TcpFacts,
        speaker: Option<Role>,
        cursor: Moment,
        manners: DialogueFacts,
        debts: &OwedReplies,
    ) -> Option<Role> {
        let is_over = tcp.fin.client.is_some() && tcp.fin.server.is_some()
            || tcp.rst.client.is_some()
            || tcp.rst.server.is_some();
        if is_over {
            return None;
        }
        let Some(speaker) = speaker else {
            let connecting = tcp.syn_ack.is_some() && tcp.established.is_none();
            let client = connecting || manners.client_begins && tcp.established.is_some();
            return Some(if client { Role::Client } else { Role::Server });
        };
        Some(match manners.is_known {
            true if debts.any_at(cursor) => Role::Server,
            true => Role::Client,
            false => speaker.peer(),
        })
    }
}

/// Before everything.
const BEFORE: Moment = Moment { ts: Timestamp(i64::MIN), frame: 0 };

/// After everything.
const NEVER: Moment = Moment { ts: Timestamp(i64::MAX), frame: u64::MAX };

/// When the server owed replies: sorted by command, each with the latest reply so far.
struct OwedReplies(Vec<(Moment, Moment)>);

impl OwedReplies {
    fn new(debts: Vec<(Moment, Option<Moment>)>) -> Self {
        let mut sorted: Vec<_> =
            debts.into_iter().map(|(since, until)| (since, until.unwrap_or(NEVER))).collect();
        sorted.sort_unstable();
        let mut latest = BEFORE;
        for (_, until) in &mut sorted {
            latest = latest.max(*until);
            *until = latest;
        }
        Self(sorted)
    }

    fn any_at(&self, at: Moment) -> bool {
        let begun = self.0.partition_point(|&(since, _)| since <= at);
        begun.checked_sub(1).and_then(|i| self.0.get(i)).is_some_and(|&(_, until)| until > at)
    }
}

/// Waits of an end that could not send, for the other had closed its receive window
/// (RFC 9293 §3.8.6): they are the other's.
struct Waits<'a>(&'a TcpFacts);

impl Waits<'_> {
    /// How much of a span `speaker` spent before a closed window, in ns.
    fn of_the_other(&self, speaker: Role, from: Moment, to: Moment) -> i64 {
        let shut = self.0.closures[speaker.peer()].iter();
        let within = |closure: &Closure| (closure.to.min(to).ts - closure.from.max(from).ts).max(0);
        shut.map(within).sum::<i64>().min(to.ts - from.ts)
    }
}

struct Sum<'a> {
    tcp: &'a TcpFacts,
    split: Attribution,
    lost_ns: i64,
}

impl Sum<'_> {
    fn add(&mut self, ns: i64, awaited: Role, speaker: Option<Role>, kind: Kind) {
        if kind == Kind::Again {
            self.lost_ns += ns;
            return;
        }
        let own = ns - self.network(ns, awaited, speaker);
        *self.split.of(awaited) += own;
    }

    /// How much of a wait is explained by packets under way.
    fn network(&self, ns: i64, awaited: Role, speaker: Option<Role>) -> i64 {
        // An answer is under way from the other end's packet, whose quickest answers are known.
        let path = |role: Role| self.tcp.quickest_ack_ns[role.peer()].unwrap_or(0);
        let goes_on = speaker == Some(awaited);
        let opens = speaker.is_none() && awaited == Role::Client;
        match goes_on || opens {
            // A full window waits for a whole round trip; what is longer was no full window.
            true if goes_on && ns <= self.tcp.rtt_ns().unwrap_or(0) => ns,
            true => 0,
            false => ns.min(path(awaited)),
        }
    }

    /// The network has what is nobody's.
    fn finish(self, total_ns: i64) -> (Attribution, i64) {
        let mut split = self.split;
        split.network_ns = total_ns.saturating_sub(split.client_ns).saturating_sub(split.server_ns);
        if split.network_ns < 0 {
            // Only clocks that step back make waits overlap: the excess is nobody's.
            split = Attribution { network_ns: total_ns, ..Attribution::default() };
        }
        (split, self.lost_ns.min(split.network_ns))
    }
}

impl Attribution {
    fn of(&mut self, role: Role) -> &mut i64 {
        match role {
            Role::Client => &mut self.client_ns,
            Role::Server => &mut self.server_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::PerRole;

    fn at(ns: i64) -> Moment {
        Moment { ts: Timestamp(ns), frame: 1 }
    }

    fn ms(ms: i64) -> Moment {
        at(ms * 1_000_000)
    }

    fn ends(split: Attribution) -> (i64, i64, i64) {
        let ms = |ns| ns / 1_000_000;
        (ms(split.network_ns), ms(split.client_ns), ms(split.server_ns))
    }

    /// Captured near the client: 10 ms to it and back, 90 ms to the server.
    fn tcp(established: i64, last: i64) -> TcpFacts {
        TcpFacts {
            syn: Some(ms(0)),
            syn_ack: Some(ms(established - 10)),
            established: Some(ms(established)),
            span: Some((ms(0), ms(last))),
            quickest_ack_ns: PerRole { client: Some(90_000_000), server: Some(10_000_000) },
            ..TcpFacts::default()
        }
    }

    const TALK: DialogueFacts =
        DialogueFacts { is_known: true, client_begins: false, handshake: None };

    fn split(turns: Turns, tcp: &TcpFacts, last: i64) -> (i64, i64, i64) {
        ends(turns.attribute(tcp, last * 1_000_000, TALK).0)
    }

    #[test]
    fn what_is_beyond_the_round_trip_is_the_ends_own() {
        let mut turns = Turns::default();
        turns.spoke(Role::Server, ms(500));
        turns.spoke(Role::Client, ms(510));
        turns.spoke(Role::Server, ms(710));
        turns.owed(None, Some(ms(500)));
        turns.owed(Some(ms(510)), Some(ms(710)));
        // 0-100 connecting; the greeting took 400, 90 of it under way; the client answered as fast
        // as its path is long; the reply took 200, 90 of it under way; then it is the client's turn
        // for 90, of which 10 are under way.
        assert_eq!(split(turns, &tcp(100, 800), 800), (100 + 90 + 10 + 90 + 10, 80, 310 + 110));
    }

    #[test]
    fn where_nobody_speaks_the_server_was_waited_for() {
        let mut facts = tcp(100, 60_100);
        facts.fin.client = Some(ms(60_100));
        assert_eq!(split(Turns::default(), &facts, 60_100), (190, 0, 59_910));
        facts.fin.client = None;
        assert_eq!(split(Turns::default(), &facts, 60_100), (190, 0, 59_910));
        let implicit = DialogueFacts { client_begins: true, ..DialogueFacts::default() };
        let (split, _) = Turns::default().attribute(&facts, 60_100_000_000, implicit);
        assert_eq!(ends(split), (100, 60_000, 0));
    }

    #[test]
    fn a_syn_that_nobody_answers_waits_for_the_server() {
        let facts =
            TcpFacts { syn: Some(ms(0)), span: Some((ms(0), ms(7_000))), ..TcpFacts::default() };
        assert_eq!(split(Turns::default(), &facts, 7_000), (0, 0, 7_000));
    }

    #[test]
    fn a_server_that_gives_up_waiting_was_not_waited_for() {
        let mut turns = Turns::default();
        turns.spoke(Role::Server, ms(190));
        turns.spoke(Role::Server, ms(300_190));
        turns.owed(None, Some(ms(190)));
        let mut facts = tcp(100, 300_200);
        facts.fin.server = Some(ms(300_190));
        facts.fin.client = Some(ms(300_200));
        assert_eq!(split(turns, &facts, 300_200), (100 + 90 + 10 + 10, 299_990, 0));
    }

    #[test]
    fn a_client_that_gives_up_waiting_was_not_waited_for() {
        let mut turns = Turns::default();
        turns.spoke(Role::Server, ms(190));
        turns.spoke(Role::Client, ms(200));
        turns.owed(None, Some(ms(190)));
        turns.owed(Some(ms(200)), None);
        let mut facts = tcp(100, 60_200);
        facts.fin.client = Some(ms(60_200));
        assert_eq!(split(turns, &facts, 60_200), (100 + 90 + 10 + 90, 0, 59_910));
    }

    #[test]
    fn a_syn_sent_again_was_not_lost_where_nobody_answers() {
        let mut turns = Turns::default();
        turns.again(Role::Client, ms(1_000));
        let facts =
            TcpFacts { syn: Some(ms(0)), span: Some((ms(0), ms(7_000))), ..TcpFacts::default() };
        assert_eq!(split(turns, &facts, 7_000), (0, 0, 7_000));
    }

    #[test]
    fn the_time_of_copies_is_nobodys() {
        let mut turns = Turns::default();
        turns.spoke(Role::Server, ms(190));
        turns.owed(None, Some(ms(190)));
        let facts = TcpFacts { last_sent: Some(ms(300)), ..tcp(100, 5_000) };
        assert_eq!(split(turns, &facts, 5_000), (100 + 90 + 10 + 4_700, 100, 0));
    }

    #[test]
    fn waiting_for_bytes_sent_again_is_the_networks() {
        let mut turns = Turns::default();
        turns.spoke(Role::Server, ms(190));
        turns.spoke(Role::Client, ms(200));
        turns.again(Role::Client, ms(500));
        turns.spoke(Role::Server, ms(600));
        turns.owed(Some(ms(200)), Some(ms(600)));
        let (split, lost) = turns.attribute(&tcp(100, 600), 600_000_000, TALK);
        assert_eq!((ends(split), lost), ((100 + 90 + 10 + 300 + 90, 0, 10), 300_000_000));
    }

    #[test]
    fn a_message_that_flows_is_one_turn_of_the_client() {
        let mut turns = Turns::default();
        (0..100_000).for_each(|i| turns.spoke(Role::Client, at(100_000_000 + i * 10_000)));
        assert_eq!(turns.events.len(), 1);
        let facts = tcp(100, 1_100);
        let (split, _) = turns.attribute(&facts, 1_100_000_000, DialogueFacts::default());
        assert_eq!(ends(split), (100, 999, 0));
    }

    #[test]
    fn the_parts_add_up_even_where_clocks_step_back() {
        let mut turns = Turns::default();
        [9_000, 0, 9_000_000].iter().for_each(|&ns| turns.spoke(Role::Client, at(ns)));
        let (split, _) = turns.attribute(&TcpFacts::default(), 100, TALK);
        assert_eq!(split.network_ns + split.client_ns + split.server_ns, 100);
    }
}
