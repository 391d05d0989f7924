//! How long each phase took, and who was being waited for.

pub(super) mod turns;

pub(crate) use turns::{DialogueFacts, Turns};

use crate::flow::TcpFacts;
use crate::moment::Moment;
use crate::report::timeline::{TimelineEntry, TimelineEvent};
use crate::report::timing::Timing;
use crate::role::PerRole;

/// A client that leaves sooner, and says nothing, did not wait for a greeting: a port scan, a health
/// check; in ns (1 s).
pub(super) const GREETING_WAIT: i64 = 1_000_000_000;

/// Phases that are not seen in the timeline alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SmtpPhases {
    pub(crate) greeting: Option<Moment>,
    pub(crate) starttls: Option<i64>,
    pub(crate) auth_began: Option<Moment>,
    pub(crate) auth: Option<i64>,
    pub(crate) mail: Option<i64>,
    pub(crate) rcpt: Option<i64>,
    pub(crate) data_go_ahead: Option<i64>,
    pub(crate) data_transfer: Option<i64>,
    pub(crate) data_accept: Option<i64>,
}

/// Keeps the slower of two durations.
pub(crate) fn slowest(phase: &mut Option<i64>, ns: i64) {
    *phase = (*phase).max(Some(ns.max(0)));
}

/// The timing of a session.
pub(crate) fn timing(
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
                (TimelineEvent::TlsClientHello, _) => {
                    _ = moments.client_hello.get_or_insert(entry.at)
                }
                (TimelineEvent::TlsServerHelloDone, _) => {
                    moments.server_hello_done.get_or_insert(entry.at);
                }
                (TimelineEvent::TlsFinished, Some(role)) => {
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
