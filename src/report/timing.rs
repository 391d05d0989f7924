//! How long each phase took, and who was being waited for.

pub(super) mod turns;

use serde::Serialize;

use super::session::TimelineEntry;
use crate::flow::TcpFacts;
use crate::moment::Moment;
use crate::role::PerRole;
pub(super) use turns::{DialogueFacts, Turns};

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
    /// Spent waiting for bytes to be sent again: part of the network's share.
    pub retransmission_ns: i64,
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
    /// The end of the message whose reply has not come.
    pub(super) data_ended: Option<Moment>,
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
    turns: Turns,
    manners: DialogueFacts,
) -> Timing {
    let tls = TlsMoments::of(timeline);
    let handshake = tls.client_hello.zip(tls.last_finished());
    let since = |from: Option<Moment>, to: Option<Moment>| Some((to?.ts - from?.ts).max(0));
    let total_ns = tcp.span.map_or(0, |(first, last)| (last.ts - first.ts).max(0));
    let server_flight = tls.server_hello_done.or(tls.finished.server);
    let (attribution, retransmission_ns) =
        turns.attribute(tcp, total_ns, DialogueFacts { handshake, ..manners });
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
        retransmission_ns,
        total_ns,
        attribution,
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
