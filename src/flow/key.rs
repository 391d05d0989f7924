//! What names a connection: both ends, whichever of them speaks.

use std::net::SocketAddr;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    pub(super) fn side_of(&self, source: SocketAddr) -> Side {
        if source == self.a { Side::A } else { Side::B }
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
