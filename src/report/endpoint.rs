//! An end of a connection.

use std::net::SocketAddr;

use serde::{Serialize, Serializer};

/// An end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint(pub SocketAddr);

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape {
            ip: std::net::IpAddr,
            port: u16,
        }
        Shape { ip: self.0.ip(), port: self.0.port() }.serialize(serializer)
    }
}
