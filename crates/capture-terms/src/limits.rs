//! What a capture, a key file or an option can make grow, and how far. Each room lists its own in a
//! file `limits.rs`; `smtp-decrypt --limits` and docs/limits.md show all.

/// In what a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Bits.
    Bits,
    /// Things, as `bounds` says.
    Count,
    /// Nanoseconds of capture time.
    Nanoseconds,
}

/// A constant, and why it is there.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Its path below the crate: `capture::block::MAX_RECORD`.
    pub name: &'static str,
    /// Its value, in `unit`.
    pub value: u64,
    /// In what it counts.
    pub unit: Unit,
    /// What it bounds.
    pub bounds: &'static str,
    /// Why it is so large, or what happens beyond.
    pub why: &'static str,
}

impl Limit {
    /// The value for people: `16 MiB`, `4096`, `30 min`.
    #[must_use]
    pub fn shown(&self) -> String {
        const STEPS: [(u64, &str); 2] = [(60_000_000_000, "min"), (1_000_000_000, "s")];
        const SIZES: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        let value = self.value;
        let whole = |&&(size, _): &&(u64, &str)| value >= size && value.is_multiple_of(size);
        let found = match self.unit {
            Unit::Count => return value.to_string(),
            Unit::Bits => return format!("{value} bits"),
            Unit::Bytes => SIZES.iter().find(whole),
            Unit::Nanoseconds => STEPS.iter().find(whole),
        };
        match (found, self.unit) {
            (Some((size, unit)), _) => format!("{} {unit}", value / size),
            (None, Unit::Nanoseconds) => format!("{value} ns"),
            (None, _) => format!("{value} bytes"),
        }
    }
}

/// The table of a room: `constant unit, "what it bounds", "why";` a row.
#[macro_export]
#[doc(hidden)]
macro_rules! table_of_limits {
    ($room:literal: $($value:expr => $unit:ident, $bounds:literal, $why:literal;)+) => {
        &[$($crate::limits::Limit {
            name: concat!($room, "::", stringify!($value)),
            // Every constant of a table is positive, and none is near the border of its type.
            value: ($value) as u64,
            unit: $crate::limits::Unit::$unit,
            bounds: $bounds,
            why: $why,
        }),+]
    };
}
pub use table_of_limits as limits;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_in_the_largest_unit_that_divides_it() {
        let shown = |value, unit| Limit { name: "", value, unit, bounds: "", why: "" }.shown();
        assert_eq!(shown(16 << 20, Unit::Bytes), "16 MiB");
        assert_eq!(shown(18_432, Unit::Bytes), "18 KiB");
        assert_eq!(shown(52, Unit::Bytes), "52 bytes");
        assert_eq!(shown(130_000_000_000, Unit::Nanoseconds), "130 s");
        assert_eq!(shown(1_800_000_000_000, Unit::Nanoseconds), "30 min");
        assert_eq!(shown(65_536, Unit::Count), "65536");
    }
}
