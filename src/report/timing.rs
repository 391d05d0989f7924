//! How long each phase took, and who was being waited for.

use serde::{Deserialize, Serialize};

/// Named durations in ns; null where an end is missing. Of phases that come several times the
/// slowest counts.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Timing {
    /// SYN to the ACK that completes the handshake.
    pub tcp_connect_ns: Option<i64>,
    /// That ACK to the greeting's last byte.
    pub greeting_ns: Option<i64>,
    /// STARTTLS to its reply.
    pub starttls_ns: Option<i64>,
    /// ClientHello to the last Finished.
    pub tls_handshake_ns: Option<i64>,
    /// ClientHello to ServerHelloDone, or else to the server's Finished.
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

/// A split of `total_ns`: the four add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attribution {
    /// Packets under way.
    pub network_ns: i64,
    /// The client's turn.
    pub client_ns: i64,
    /// The server's turn.
    pub server_ns: i64,
    /// The server's turn, but it waited itself: for a name, a filter, a host that it called
    /// (`related` says for whom).
    // Reports that were saved before have none.
    #[serde(default)]
    pub third_party_ns: i64,
}
