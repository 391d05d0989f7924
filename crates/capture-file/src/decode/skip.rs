//! Why a frame has no TCP segment for us.

use std::fmt;

use crate::capture::LinkType;

/// Why a frame has no TCP segment for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Skip {
    /// No decoder for the link type.
    UnsupportedLink(LinkType),
    /// Something else than IP.
    NotIp {
        /// The EtherType; below 0x600 an address family (loopback) or IEEE 802.2 SAPs.
        ethertype: u16,
    },
    /// IP, but something else than TCP.
    NotTcp {
        /// The IP protocol number.
        protocol: u8,
    },
    /// A part of an IP datagram whose other parts are not there yet, or were there before.
    Fragment,
    /// Encrypted below IP.
    Encrypted {
        /// By what.
        layer: &'static str,
    },
    /// The frame ends within a header.
    Truncated {
        /// Whose header.
        layer: &'static str,
    },
    /// A header contradicts itself.
    Malformed {
        /// Whose header.
        layer: &'static str,
    },
    /// More headers than any real frame has.
    TooDeep,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedLink(link) => write!(f, "link type {link} is not supported"),
            Self::NotIp { ethertype } => write!(f, "not IP (EtherType {ethertype:#06x})"),
            Self::NotTcp { protocol } => write!(f, "not TCP (IP protocol {protocol})"),
            Self::Fragment => f.write_str("a part of an IP datagram, but not its last"),
            Self::Truncated { layer } => write!(f, "cut off within the {layer} header"),
            Self::Malformed { layer } => write!(f, "malformed {layer} header"),
            Self::Encrypted { layer } => write!(f, "encrypted by {layer}"),
            Self::TooDeep => f.write_str("too many headers within each other"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_why_in_words() {
        let skip = Skip::NotIp { ethertype: 0x0806 };
        assert_eq!(skip.to_string(), "not IP (EtherType 0x0806)");
        let skip = Skip::UnsupportedLink(LinkType(105));
        assert_eq!(skip.to_string(), "link type IEEE802_11 is not supported");
    }
}
