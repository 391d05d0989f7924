//! The pseudonyms given so far.

use std::net::SocketAddr;

use super::addresses::Addresses;
use super::names::Names;

/// Puts pseudonyms into reports.
#[derive(Debug, Default)]
pub struct Redactor {
    pub(super) addresses: Addresses,
    pub(super) names: Names,
    /// Names of several words in the session at hand, and what became of them.
    pub(super) phrases: Vec<(String, String)>,
}

impl Redactor {
    /// Every pseudonym given so far, with the name that it stands for: not for the report's reader.
    pub fn table(&self) -> impl Iterator<Item = (String, String)> {
        let names = self.names.table().map(|(pseudonym, name)| (pseudonym.clone(), name.clone()));
        names.chain(self.addresses.table())
    }

    /// The pseudonym of an end of a connection; its port stays.
    pub fn end(&mut self, end: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.addresses.pseudonym(end.ip()), end.port())
    }
}
