//! A row of a key list: which servers a key is for.

use std::net::IpAddr;

use super::address::AddressPattern;
use super::port::PortPattern;

/// The servers that a key was said to be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The server addresses.
    pub address: AddressPattern,
    /// The server ports.
    pub port: PortPattern,
    /// The protocol as written (`smtp`, `lmtp`, `data`, ...); any word, or none, will do.
    pub protocol: String,
    /// `file:line` of the row, or `--key FILE`.
    pub source: String,
}

impl Row {
    /// The row of a key that came without one: any server.
    pub(super) fn everywhere(source: String) -> Self {
        let (address, port) = (AddressPattern::Any, PortPattern::Any);
        Self { address, port, protocol: String::new(), source }
    }

    /// Whether the row names this server explicitly: it says this port number (or a range with
    /// it), or this very address (or its network) with any port. A pure wildcard names nothing.
    #[must_use]
    pub fn names(&self, ip: IpAddr, port: u16) -> bool {
        self.fits(ip, port) && (self.port.is_explicit() || self.address.is_explicit())
    }

    /// Whether the row allows this server, by its wildcards or by name.
    #[must_use]
    pub fn fits(&self, ip: IpAddr, port: u16) -> bool {
        self.address.fits(ip) && self.port.fits(port)
    }

    /// How narrow the row is, address before port, as Wireshark looked keys up (peers.md §3.1 c).
    pub(super) fn specificity(&self) -> (u8, u8) {
        (self.address.specificity(), self.port.specificity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(address: &str, port: &str) -> Row {
        Row {
            address: AddressPattern::parse(address).unwrap(),
            port: PortPattern::parse(port).unwrap(),
            ..Row::everywhere(String::new())
        }
    }

    #[test]
    fn a_row_names_by_port_number_or_by_address_but_not_by_wildcards() {
        let server: IpAddr = "192.0.2.1".parse().unwrap();
        for (address, port) in
            [("any", "587"), ("192.0.2.1", "any"), ("192.0.2.0/24", "start_tls"), ("*", "500-600")]
        {
            assert!(row(address, port).names(server, 587), "{address},{port}");
        }
        for (address, port) in [
            ("any", "any"),
            ("anyipv4", "start_tls"),
            ("any", "25"),
            ("192.0.2.2", "587"),
            ("mx.example", "587"),
        ] {
            assert!(!row(address, port).names(server, 587), "{address},{port}");
        }
        assert!(row("anyipv4", "start_tls").fits(server, 587));
    }
}
