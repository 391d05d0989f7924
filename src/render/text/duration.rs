//! Durations for people: four digits and a unit.

use std::fmt;

/// Nanoseconds that print as `950 µs`, `1.234 ms`, `12.34 s` or `17m 05s`: eight columns at most
/// below 100 hours. Digits beyond those shown are cut off, never rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) struct Duration(pub(in crate::render) i64);

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 < 0 { "-" } else { "" })?;
        let ns = self.0.unsigned_abs();
        match ns {
            0 => f.write_str("0 µs"),
            1..1_000 => write!(f, "{ns} ns"),
            1_000..1_000_000 => write!(f, "{} µs", ns / 1_000),
            1_000_000..1_000_000_000 => four_digits(f, ns / 1_000, "ms"),
            1_000_000_000..1_000_000_000_000 => four_digits(f, ns / 1_000_000, "s"),
            _ => long(f, ns / 1_000_000_000),
        }
    }
}

/// `thousandths` of a unit.
fn four_digits(f: &mut fmt::Formatter<'_>, thousandths: u64, unit: &str) -> fmt::Result {
    let (whole, part) = (thousandths / 1_000, thousandths % 1_000);
    match whole {
        0..10 => write!(f, "{whole}.{part:03} {unit}"),
        10..100 => write!(f, "{whole}.{:02} {unit}", part / 10),
        _ => write!(f, "{whole}.{} {unit}", part / 100),
    }
}

fn long(f: &mut fmt::Formatter<'_>, seconds: u64) -> fmt::Result {
    match seconds {
        0..3_600 => write!(f, "{}m {:02}s", seconds / 60, seconds % 60),
        _ => write!(f, "{}h {:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_four_digits_and_a_unit() {
        let shown = |ns| Duration(ns).to_string();
        assert_eq!([0, 999, 1_000].map(shown), ["0 µs", "999 ns", "1 µs"]);
        assert_eq!([950_999, 1_234_567].map(shown), ["950 µs", "1.234 ms"]);
        assert_eq!([55_456_000, 999_999_999].map(shown), ["55.45 ms", "999.9 ms"]);
        assert_eq!([12_345_678_901, -1_500_000_000].map(shown), ["12.34 s", "-1.500 s"]);
        assert_eq!([1_025_000_000_000, 100_000_000_000_000].map(shown), ["17m 05s", "27h 46m"]);
        assert_eq!(shown(i64::MIN), "-2562047h 47m");
    }
}
