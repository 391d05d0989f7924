//! How long each phase took, and who was being waited for.

use serde::Serialize;

use super::session::TimelineEntry;
use crate::flow::{Closing, TcpFacts};
use crate::moment::Moment;
use crate::role::{PerRole, Role};

/// Named durations in ns; null where an end is missing. Of phases that come several times the
/// slowest counts.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Timing {
    /// SYN to the ACK that completes the handshake.
    pub tcp_connect_ns: Option<i64>,
    /// That ACK to the greeting's last byte.
    pub greeting_ns: Option<i64>,
    /// STARTTLS to its reply.
    pub starttls_ns: Option<i64>,
    /// ClientHello to the last Finished.
    pub tls_handshake_ns: Option<i64>,
    /// ClientHello to ServerHelloDone; to the server's Finished where there is none.
    pub tls_server_flight_ns: Option<i64>,
    /// That to the client's Finished.
    pub tls_client_flight_ns: Option<i64>,
    /// That to the server's Finished; null where the server finishes first.
    pub tls_server_finish_ns: Option<i64>,
    /// AUTH to its final reply.
    pub auth_ns: Option<i64>,
    /// MAIL to its reply.
    pub mail_ns: Option<i64>,
    /// RCPT to its reply.
    pub rcpt_ns: Option<i64>,
    /// DATA to its reply.
    pub data_go_ahead_ns: Option<i64>,
    /// First byte of a message to its last.
    pub data_transfer_ns: Option<i64>,
    /// A message's last byte to the reply to it.
    pub data_accept_ns: Option<i64>,
    /// First packet to last.
    pub total_ns: i64,
    /// Who was being waited for.
    pub attribution: Attribution,
}

/// A split of `total_ns`: the three add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Attribution {
    /// Packets under way.
    pub network_ns: i64,
    /// The client's turn.
    pub client_ns: i64,
    /// The server's turn.
    pub server_ns: i64,
}

/// Phases that are not seen in the timeline alone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SmtpPhases {
    pub(super) greeting: Option<Moment>,
    pub(super) starttls: Option<i64>,
    pub(super) auth_began: Option<Moment>,
    pub(super) auth: Option<i64>,
    pub(super) mail: Option<i64>,
    pub(super) rcpt: Option<i64>,
    pub(super) data_go_ahead: Option<i64>,
    pub(super) data_transfer: Option<i64>,
    pub(super) data_accept: Option<i64>,
}

/// Keeps the slower of two durations.
pub(super) fn slowest(phase: &mut Option<i64>, ns: i64) {
    *phase = (*phase).max(Some(ns.max(0)));
}

/// The timing of a session.
pub(super) fn timing(
    tcp: &TcpFacts,
    timeline: &[TimelineEntry],
    smtp: &SmtpPhases,
    turns: &Turns,
) -> Timing {
    let tls = TlsMoments::of(timeline);
    let since = |from: Option<Moment>, to: Option<Moment>| Some((to?.ts - from?.ts).max(0));
    let total_ns = tcp.span.map_or(0, |(first, last)| (last.ts - first.ts).max(0));
    let server_flight = tls.server_hello_done.or(tls.finished.server);
    let client_last = tls.finished.client >= tls.finished.server;
    Timing {
        tcp_connect_ns: tcp.handshake_ns(),
        greeting_ns: since(tcp.established, smtp.greeting),
        starttls_ns: smtp.starttls,
        tls_handshake_ns: since(tls.client_hello, tls.last_finished()),
        tls_server_flight_ns: since(tls.client_hello, server_flight),
        tls_client_flight_ns: since(server_flight, tls.finished.client),
        tls_server_finish_ns: since(tls.finished.client, tls.finished.server)
            .filter(|_| !client_last),
        auth_ns: smtp.auth,
        mail_ns: smtp.mail,
        rcpt_ns: smtp.rcpt,
        data_go_ahead_ns: smtp.data_go_ahead,
        data_transfer_ns: smtp.data_transfer,
        data_accept_ns: smtp.data_accept,
        total_ns,
        attribution: turns.attribute(tcp, total_ns),
    }
}

/// The ends of the TLS phases.
#[derive(Default)]
struct TlsMoments {
    client_hello: Option<Moment>,
    server_hello_done: Option<Moment>,
    finished: PerRole<Option<Moment>>,
}

impl TlsMoments {
    /// The first handshake's; a renegotiation has its own times in the timeline.
    fn of(timeline: &[TimelineEntry]) -> Self {
        let mut moments = Self::default();
        for entry in timeline {
            match (entry.event, entry.from) {
                ("tls.client_hello", _) => _ = moments.client_hello.get_or_insert(entry.at),
                ("tls.server_hello_done", _) => {
                    moments.server_hello_done.get_or_insert(entry.at);
                }
                ("tls.finished", Some(role)) => {
                    moments.finished[role].get_or_insert(entry.at);
                }
                _ => {}
            }
        }
        moments
    }

    fn last_finished(&self) -> Option<Moment> {
        Some(self.finished.client?.max(self.finished.server?))
    }
}

/// Waits that are kept one by one, so that each can be split when the round trip is known; a
/// session of more turns than this is dominated by its ends.
const MOST_TURNS: usize = 20_000;

/// The waits between pieces of data.
#[derive(Debug, Default)]
pub(super) struct Turns {
    last: Option<(Role, Moment)>,
    first: Option<(Role, Moment)>,
    waits: Vec<Wait>,
}

#[derive(Clone, Copy, Debug)]
struct Wait {
    /// Who was being waited for.
    of: Role,
    ns: i64,
    /// The other end had spoken before: a round trip lies in between.
    turned: bool,
}

impl Turns {
    /// Notes that `from` sent something.
    pub(super) fn spoke(&mut self, from: Role, at: Moment) {
        self.first.get_or_insert((from, at));
        if let Some((before, then)) = self.last.filter(|_| self.waits.len() < MOST_TURNS) {
            let ns = (at.ts - then.ts).max(0);
            self.waits.push(Wait { of: from, ns, turned: before != from });
        }
        let later = self.last.map_or(at, |(_, then)| then.max(at));
        self.last = Some((from, later));
    }

    /// Splits the total. Of each turn, the quickest round trip seen between the point of capture
    /// and the end waited for is the network's, the rest that end's.
    fn attribute(&self, tcp: &TcpFacts, total_ns: i64) -> Attribution {
        let mut split = Attribution::default();
        let waits = self.waits.iter().copied();
        for wait in self.opening(tcp).into_iter().chain(waits).chain(self.closing(tcp)) {
            // An answer is under way from the other end's packet, which its own quickest_ack times.
            let path = tcp.quickest_ack_ns[wait.of.peer()].unwrap_or(0);
            let network = if wait.turned || wait.ns <= path { wait.ns.min(path) } else { 0 };
            *split.of(wait.of) += wait.ns - network;
        }
        let ends = split.client_ns.saturating_add(split.server_ns);
        split.network_ns = total_ns.saturating_sub(ends);
        if split.network_ns < 0 {
            // Clocks that step back make waits overlap: the excess is nobody's.
            split = Attribution { network_ns: total_ns, ..Attribution::default() };
        }
        split
    }

    /// From the completed TCP handshake to the first word.
    fn opening(&self, tcp: &TcpFacts) -> Option<Wait> {
        let (from, at) = self.first?;
        let ns = (at.ts - tcp.established?.ts).max(0);
        Some(Wait { of: from, ns, turned: from == Role::Server })
    }

    /// From the last word to the first FIN.
    fn closing(&self, tcp: &TcpFacts) -> Option<Wait> {
        let Closing::Fin(by) = tcp.closing() else { return None };
        let (from, at) = self.last?;
        let ns = (tcp.fin[by]?.ts - at.ts).max(0);
        Some(Wait { of: by, ns, turned: from != by })
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
    use crate::moment::Timestamp;

    fn at(ns: i64) -> Moment {
        Moment { ts: Timestamp(ns), frame: 1 }
    }

    #[test]
    fn what_is_beyond_the_round_trip_is_the_ends_own() {
        let mut turns = Turns::default();
        for (from, ns) in [(Role::Server, 500), (Role::Client, 510), (Role::Server, 710)] {
            turns.spoke(from, at(ns));
        }
        let tcp = TcpFacts {
            established: Some(at(100)),
            quickest_ack_ns: PerRole { client: Some(90), server: Some(10) },
            ..TcpFacts::default()
        };
        let split = turns.attribute(&tcp, 800);
        // The greeting took 400, of which 90 under way; the reply 200, of which 90 under way. The
        // client answered as fast as its path is long.
        assert_eq!(split, Attribution { network_ns: 380, client_ns: 0, server_ns: 420 });
    }

    #[test]
    fn the_parts_add_up_even_where_clocks_step_back() {
        let mut turns = Turns::default();
        [9_000, 0, 9_000].iter().for_each(|&ns| turns.spoke(Role::Client, at(ns)));
        let split = turns.attribute(&TcpFacts::default(), 100);
        assert_eq!(split.network_ns + split.client_ns + split.server_ns, 100);
    }
}
