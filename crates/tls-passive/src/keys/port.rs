//! The second field of a row: which server ports a key belongs to.

use std::fmt;

/// Which server ports a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortPattern {
    /// `0`, `*`, `any`, nothing, or a range that spans all ports.
    Any,
    /// `start_tls`: any port, on connections that upgrade.
    StartTls,
    /// `first-last`, both included; one port is a range of itself.
    Range {
        /// The lowest port.
        first: u16,
        /// The highest port.
        last: u16,
    },
}

/// As a key list would say it.
impl fmt::Display for PortPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::StartTls => f.write_str("start_tls"),
            Self::Range { first, last } if first == last => write!(f, "{first}"),
            Self::Range { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

impl PortPattern {
    /// Reads the field; `None` if it is nothing of the kind.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "" | "0" | "*" | "any" => return Some(Self::Any),
            "start_tls" | "start-tls" | "starttls" => return Some(Self::StartTls),
            _ => {}
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (number(first)?, number(last)?) {
            (0 | 1, u16::MAX) | (0, 0) => Some(Self::Any),
            (first, last) => (first <= last).then_some(Self::Range { first, last }),
        }
    }

    /// Whether a server on `port` is meant. A `start_tls` row fits every port here: whether a
    /// connection upgrades is not known to this room.
    #[must_use]
    pub fn fits(self, port: u16) -> bool {
        match self {
            Self::Any | Self::StartTls => true,
            Self::Range { first, last } => (first..=last).contains(&port),
        }
    }

    /// Whether this says a port number.
    #[must_use]
    pub fn is_explicit(self) -> bool {
        matches!(self, Self::Range { .. })
    }

    /// How narrow the pattern is: of two that fit a port, the narrower has more.
    pub(super) fn specificity(self) -> u8 {
        match self {
            Self::Any => 0,
            Self::StartTls => 1,
            Self::Range { first, last } if first < last => 2,
            Self::Range { .. } => 3,
        }
    }
}

/// Digits alone: `u16::from_str` would let `+25` through.
fn number(text: &str) -> Option<u16> {
    let text = text.trim();
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_wildcard_is_one() {
        for text in ["", "0", "00", "*", "any", "Any", "0-65535", "1-65535"] {
            assert_eq!(PortPattern::parse(text), Some(PortPattern::Any), "{text}");
        }
    }

    #[test]
    fn numbers_ranges_and_start_tls_are_read() {
        let range = |first, last| Some(PortPattern::Range { first, last });
        assert_eq!(PortPattern::parse("587"), range(587, 587));
        assert_eq!(PortPattern::parse("2500 - 2600"), range(2500, 2600));
        assert_eq!(PortPattern::parse("START_TLS"), Some(PortPattern::StartTls));
        assert!(PortPattern::StartTls.fits(25) && !PortPattern::StartTls.is_explicit());
    }

    #[test]
    fn a_port_is_written_as_it_is_read() {
        for text in ["any", "start_tls", "587", "2500-2600"] {
            assert_eq!(PortPattern::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for text in ["58x", "65536", "-1", "+25", "26-25", "25-", "smtp", "25,26"] {
            assert_eq!(PortPattern::parse(text), None, "{text}");
        }
    }
}
