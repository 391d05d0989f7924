//! What names a connection: both ends, whichever of them speaks.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

/// 2^64 divided by the golden ratio: products of it with numbers in a row lie far apart (Knuth, The Art
/// of Computer Programming, vol. 3, 6.4).
const SPREADER: u64 = 0x9e37_79b9_7f4a_7c15;

/// One of the two ends of a [`FlowKey`], before it is known which is the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    A,
    B,
}

impl Side {
    pub(super) const BOTH: [Self; 2] = [Self::A, Self::B];

    pub(super) fn peer(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    pub(super) fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }
}

/// Both ends of a connection in a fixed order, so that the packets of either direction find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowKey {
    a: SocketAddr,
    b: SocketAddr,
}

impl FlowKey {
    /// The key of a segment between two ends, in either direction.
    #[must_use]
    pub fn new(source: SocketAddr, destination: SocketAddr) -> Self {
        let (a, b) =
            if source <= destination { (source, destination) } else { (destination, source) };
        Self { a, b }
    }

    /// Both ends.
    #[must_use]
    pub fn ends(&self) -> [SocketAddr; 2] {
        [self.a, self.b]
    }

    /// A number that spreads connections evenly. It is the same in every run, and not for tables: who
    /// chooses the ends can make it come out as he likes.
    #[must_use]
    pub fn spread(&self) -> usize {
        let mixed = self.ends().into_iter().fold(0, |mixed: u64, end| {
            let ip = match end.ip() {
                IpAddr::V4(ip) => u64::from(ip.to_bits()),
                IpAddr::V6(ip) => {
                    let bits = ip.to_bits();
                    (bits ^ (bits >> 64)) as u64
                }
            };
            let end = (mixed ^ ip).wrapping_mul(SPREADER) ^ u64::from(end.port());
            end.wrapping_mul(SPREADER).rotate_left(32)
        });
        usize::try_from(mixed >> 32).unwrap_or_default()
    }

    pub(super) fn side_of(&self, source: SocketAddr) -> Side {
        if source == self.a { Side::A } else { Side::B }
    }
}

/// In whole words: the table is asked for each segment, and its keyed hash, which no sender can
/// steer, is slow in small pieces.
impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for end in self.ends() {
            match end.ip() {
                IpAddr::V4(ip) => {
                    state.write_u64(u64::from(ip.to_bits()) << 16 | u64::from(end.port()))
                }
                IpAddr::V6(ip) => {
                    state.write_u128(ip.to_bits());
                    state.write_u64(end.port().into());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_have_the_same_key() {
        let (x, y) = ("10.0.0.1:25".parse().unwrap(), "10.0.0.2:40000".parse().unwrap());
        assert_eq!(FlowKey::new(x, y), FlowKey::new(y, x));
        assert_ne!(FlowKey::new(x, y).side_of(x), FlowKey::new(y, x).side_of(y));
    }
}
