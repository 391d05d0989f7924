//! What a connection may still become for somebody who has keys: those who sort packets have none.

use super::{Observer, Session, Text};
use crate::tls::TlsFacts;
use crate::tls::suite::KeyExchange;

/// Whether a connection is worth keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Its packets have to tell more.
    Unknown,
    /// It is a session, or may be one for the holder of a key.
    Kept,
    /// It is not, whatever comes.
    Dropped,
}

impl<O: Observer> Session<O> {
    /// What is to be done with the packets.
    #[must_use]
    pub fn retention(&self) -> Retention {
        let facts = self.tls.as_ref().map(|tls| tls.facts());
        match self.is_relevant() {
            Some(true) => Retention::Kept,
            _ if facts.is_some_and(is_for_rsa_keys) => Retention::Kept,
            // Its handshake may lie in a file that others read.
            Some(false) if facts.is_some_and(|facts| facts.server_hello.is_none()) => {
                Retention::Kept
            }
            Some(false) => Retention::Dropped,
            None => Retention::Unknown,
        }
    }

    /// The same when no packet is left, ahead of the end. Of what has not said what it is, the rest
    /// may be elsewhere: a SYN in one file, all else in the next.
    #[must_use]
    pub fn final_retention(&self) -> Retention {
        let facts = self.tls.as_ref().map(|tls| tls.facts());
        let is_closed = facts.is_some_and(|facts| facts.suite().is_some());
        let is_foreign = matches!(self.text, Text::Foreign) && !self.is_in_tls();
        match self.retention() {
            Retention::Unknown if is_foreign || is_closed => Retention::Dropped,
            Retention::Unknown => Retention::Kept,
            known => known,
        }
    }
}

/// The secret of a session, also of one that is resumed, is encrypted to the server's key.
fn is_for_rsa_keys(facts: &TlsFacts) -> bool {
    let exchange = facts.suite().map(|suite| suite.key_exchange);
    matches!(exchange, Some(KeyExchange::Rsa | KeyExchange::RsaExport)) || facts.is_ssl2()
}
