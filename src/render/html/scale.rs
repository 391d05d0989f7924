//! Where things are on a drawing: every drawing is so many units wide, and stretched to its place.

use std::fmt;

/// Units from the left edge of a drawing to the right.
pub(super) const WIDTH: f64 = 1_000.0;

/// What is shorter would not be seen: two thirds of a pixel on a phone, two on a desk.
const THINNEST: f64 = 2.0;

/// Units on a drawing; prints with one decimal, which is less than a pixel.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) struct Units(pub(super) f64);

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() / 10.0;
        write!(f, "{tenths}")
    }
}

/// From durations to units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    from: f64,
    span: f64,
    is_logarithmic: bool,
}

impl Scale {
    /// From `from` at the left edge to `to` at the right.
    pub(super) fn linear(from: i64, to: i64) -> Self {
        let (from, to) = (from as f64, to as f64);
        Self { from, span: (to - from).max(1.0), is_logarithmic: false }
    }

    /// The same, each tenfold as wide as the one before.
    pub(super) fn logarithmic(from: i64, to: i64) -> Self {
        let (from, to) = (logarithm(from), logarithm(to));
        // Durations that are all alike stand in the middle.
        let (from, span) = if to > from { (from, to - from) } else { (from - 0.5, 1.0) };
        Self { from, span, is_logarithmic: true }
    }

    /// The place of `ns`, at an edge if it is beyond it.
    pub(super) fn at(&self, ns: i64) -> Units {
        let ns = if self.is_logarithmic { logarithm(ns) } else { ns as f64 };
        Units(((ns - self.from) / self.span * WIDTH).clamp(0.0, WIDTH))
    }

    /// A stretch, never too thin to be seen, and never over the edge.
    pub(super) fn stretch(&self, from: i64, to: i64) -> Stretch {
        let (left, right) = (self.at(from).0, self.at(to.max(from)).0);
        let width = (right - left).max(THINNEST);
        Stretch { x: Units(left.min(WIDTH - width)), width: Units(width) }
    }
}

/// Durations below 1 µs are all as good as none.
fn logarithm(ns: i64) -> f64 {
    (ns.max(1_000) as f64).log10()
}

/// A place and a width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) x: Units,
    pub(super) width: Units,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shares_of_the_width() {
        let scale = Scale::linear(0, 4_000);
        assert_eq!(
            [0, 1_000, 4_000, 9_000].map(|ns| scale.at(ns).0),
            [0.0, 250.0, 1_000.0, 1_000.0]
        );
        let scale = Scale::logarithmic(1_000_000, 100_000_000);
        assert_eq!(scale.at(10_000_000).0, 500.0);
        assert_eq!(Scale::logarithmic(5_000, 5_000).at(5_000).0, 500.0);
    }

    #[test]
    fn the_shortest_stretch_is_seen_and_the_last_ends_at_the_edge() {
        let stretch = Scale::linear(0, 1_000_000_000).stretch(1_000_000_000, 1_000_000_000);
        assert_eq!((stretch.x.0, stretch.width.0), (998.0, 2.0));
    }

    #[test]
    fn units_have_one_decimal_at_most() {
        assert_eq!(
            [1.0 / 3.0, 2.0, 999.96].map(|units| Units(units).to_string()),
            ["0.3", "2", "1000"]
        );
    }
}
