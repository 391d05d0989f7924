//! A session that was captured at more than one point, or whose replies have other addresses.

use serde::Serialize;

use super::endpoint::Endpoint;
use super::tcp::FrameSpan;
use crate::role::PerRole;

/// Another pair of addresses of the same connection.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct AlsoSeen {
    /// What was seen there.
    pub kind: SeenAs,
    /// The client's address there.
    pub client: Endpoint,
    /// The server's address there.
    pub server: Endpoint,
    /// Its frames, where they were read apart.
    pub frames: Option<FrameSpan>,
    /// How much later the SYN of each side passes there, in ns; negative if earlier.
    pub latency_ns: PerRole<Option<i64>>,
}

/// What was seen under other addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SeenAs {
    /// Both directions once more: before and behind NAT, a load balancer or a bridge.
    Copy,
    /// What the server sends, and only that.
    Replies,
}
