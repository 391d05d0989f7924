//! Durations for people: four digits and a unit.

use std::fmt;

/// Nanoseconds that print as `950 µs`, `1.234 ms`, `12.34 s` or `17m 05s`: eight columns at most
/// below 100 hours. Digits beyond those shown are rounded, half up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) struct Duration(pub(in crate::render) i64);

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 < 0 { "-" } else { "" })?;
        let ns = self.0.unsigned_abs();
        match ns {
            0 => f.write_str("0 µs"),
            1..1_000 => write!(f, "{ns} ns"),
            // A bound is where rounding reaches the next unit.
            1_000..999_500 => write!(f, "{} µs", rounded(ns, 1_000)),
            999_500..999_950_000 => four_digits(f, ns, 1_000, "ms"),
            999_950_000..999_950_000_000 => four_digits(f, ns, 1_000_000, "s"),
            _ => long(f, ns),
        }
    }
}

fn rounded(ns: u64, unit: u64) -> u64 {
    ns.saturating_add(unit / 2) / unit
}

/// A unit of a thousand `thousandth`s, each of so many ns.
fn four_digits(f: &mut fmt::Formatter<'_>, ns: u64, thousandth: u64, unit: &str) -> fmt::Result {
    let digits = [(3, 1), (2, 10), (1, 100)];
    for (places, step) in digits {
        let value = rounded(ns, thousandth.saturating_mul(step));
        let (whole, part) = (value / (1_000 / step), value % (1_000 / step));
        if value < 10_000 {
            return write!(f, "{whole}.{part:0places$} {unit}");
        }
    }
    Ok(())
}

fn long(f: &mut fmt::Formatter<'_>, ns: u64) -> fmt::Result {
    match rounded(ns, 1_000_000_000) {
        seconds @ 0..3_600 => write!(f, "{}m {:02}s", seconds / 60, seconds % 60),
        _ => {
            let minutes = rounded(ns, 60_000_000_000);
            write!(f, "{}h {:02}m", minutes / 60, minutes % 60)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_four_digits_and_a_unit() {
        let shown = |ns| Duration(ns).to_string();
        assert_eq!([0, 999, 1_000].map(shown), ["0 µs", "999 ns", "1 µs"]);
        assert_eq!([950_999, 1_234_567].map(shown), ["951 µs", "1.235 ms"]);
        assert_eq!([55_456_000, 999_999_999].map(shown), ["55.46 ms", "1.000 s"]);
        assert_eq!([12_345_678_901, -1_500_000_000].map(shown), ["12.35 s", "-1.500 s"]);
        assert_eq!([1_025_000_000_000, 100_000_000_000_000].map(shown), ["17m 05s", "27h 47m"]);
        assert_eq!([999_499, 999_500, 9_999_500].map(shown), ["999 µs", "1.000 ms", "10.00 ms"]);
        assert_eq!([99_995_000, 999_949_999].map(shown), ["100.0 ms", "999.9 ms"]);
        assert_eq!([999_950_000_000, 3_599_500_000_000].map(shown), ["16m 40s", "1h 00m"]);
        assert_eq!(shown(i64::MIN), "-2562047h 47m");
    }
}
