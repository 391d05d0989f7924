//! What stood between the ends of a session: a proxy that told of the client.

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
