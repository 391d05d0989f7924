//! Where on the path a capture was taken: an estimate from round trips.
//!
//! A packet of the client that passes the point of capture is answered by the server: the time
//! between is the way from there to the server and back. The same holds for the other direction.

use crate::flow::TcpFacts;
use crate::report::vantage::{Position, Vantage};
use crate::role::Role;

/// A way there and back of up to so many ns (1 ms) is one host or one building.
const NEAR: i64 = 1_000_000;

/// An end is near where its way is at most a tenth of the whole.
const SHARE: i64 = 10;

/// No packet of one side was captured.
pub(super) fn is_one_sided(tcp: &TcpFacts) -> bool {
    Role::BOTH.into_iter().any(|role| tcp.counters[role].packets == 0)
}

impl Vantage {
    /// The estimate for a connection.
    #[must_use]
    pub fn of(tcp: &TcpFacts) -> Self {
        // What answers the server's packets is the client.
        let client_rtt_ns = tcp.quickest_ack_ns.server;
        let server_rtt_ns = tcp.quickest_ack_ns.client;
        let (position, reason) = estimate(client_rtt_ns, server_rtt_ns);
        Self { position, reason, client_rtt_ns, server_rtt_ns }
    }
}

fn estimate(client: Option<i64>, server: Option<i64>) -> (Position, &'static str) {
    let (Some(client), Some(server)) = (client, server) else {
        return (Position::Unknown, "no packet and its answer were captured in both directions");
    };
    let whole = client.saturating_add(server);
    let is_near = |way: i64| way <= whole / SHARE;
    match () {
        () if whole <= NEAR => (Position::NearBoth, "both ends answer within 1 ms"),
        () if is_near(client) => {
            (Position::NearClient, "the client's answers take a tenth of the round trip or less")
        }
        () if is_near(server) => {
            (Position::NearServer, "the server's answers take a tenth of the round trip or less")
        }
        () => (Position::Between, "both ends' answers take more than a tenth of the round trip"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::PerRole;

    fn position(client: Option<i64>, server: Option<i64>) -> Position {
        let quickest_ack_ns = PerRole { client: server, server: client };
        Vantage::of(&TcpFacts { quickest_ack_ns, ..TcpFacts::default() }).position
    }

    #[test]
    fn the_end_that_answers_at_once_is_near() {
        assert_eq!(position(Some(40_000), Some(80_000_000)), Position::NearClient);
        assert_eq!(position(Some(80_000_000), Some(40_000)), Position::NearServer);
        assert_eq!(position(Some(20_000_000), Some(80_000_000)), Position::Between);
        assert_eq!(position(Some(13_000), Some(13_000)), Position::NearBoth);
        assert_eq!(position(None, Some(13_000)), Position::Unknown);
    }
}
