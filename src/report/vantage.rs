//! Where on the path a capture was taken.

use serde::Serialize;

/// Where the capture was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Vantage {
    /// Where.
    pub position: Position,
    /// Why that is thought.
    pub reason: &'static str,
    /// The quickest way from the point of capture to the client and back, in ns.
    pub client_rtt_ns: Option<i64>,
    /// The same to the server.
    pub server_rtt_ns: Option<i64>,
}

/// A place on the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Position {
    /// At the client, or in its network.
    NearClient,
    /// At the server, or in its network.
    NearServer,
    /// Both ends are near: one host, or one network.
    NearBoth,
    /// On the way.
    Between,
    /// Nothing tells.
    Unknown,
}

impl Position {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NearClient => "near the client",
            Self::NearServer => "near the server",
            Self::NearBoth => "near both ends",
            Self::Between => "between the ends",
            Self::Unknown => "at an unknown place",
        }
    }
}
