//! What stood between the ends of a session: a proxy that told of the client, or one that was asked for.

use serde::Serialize;

/// A PROXY protocol header.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ProxyReport {
    /// 1 or 2.
    pub version: u8,
    /// The true client as `ip:port`; null for LOCAL and UNKNOWN.
    pub source: Option<String>,
    /// The address that it called.
    pub destination: Option<String>,
}

/// A connection through a proxy that was asked for by its client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tunnel {
    /// `socks4`, `socks5` or `http_connect`.
    pub protocol: &'static str,
    /// Whom the client asked for, as `host:port`.
    pub target: String,
    /// The port alone.
    #[serde(skip)]
    pub port: u16,
}
