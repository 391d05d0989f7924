//! What is known of a connection when it is over.

use std::net::SocketAddr;

use super::protocol::Protocol;
use crate::flow::TcpFacts;
use crate::smtp::SmtpFacts;
use crate::tls::{Keys, TlsFacts};

/// Both ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The end that opened it.
    pub client: SocketAddr,
    /// The end that was called.
    pub server: SocketAddr,
}

/// What is known of a connection that is over, layer by layer.
pub struct Closed<'a> {
    /// Both ends.
    pub ends: Ends,
    /// What it carries.
    pub protocol: Protocol,
    /// The TCP layer.
    pub tcp: &'a TcpFacts,
    /// The TLS layer, and whether it began with the first byte.
    pub tls: Option<(&'a TlsFacts, bool)>,
    /// The dialogue.
    pub smtp: Option<&'a SmtpFacts>,
    /// The keys that were tried.
    pub keys: &'a Keys,
}
