//! Interfaces and their clocks: units of any power of ten or two, shifted by whole seconds.

use pcap_parser::pcapng::InterfaceDescriptionBlock;

use super::options::{self, options};
use super::{Description, Order};
use crate::capture::{LinkType, Statistics};
use crate::moment::Timestamp;

/// Options of an interface description (§4.2).
pub(in crate::capture) const IF_TSRESOL: u16 = 9;
pub(in crate::capture) const IF_FCSLEN: u16 = 13;
const IF_TSOFFSET: u16 = 14;

/// Those of them that are numbers: speeds, time zone, offset.
const NUMBERS: [u16; 5] = [8, 10, IF_TSOFFSET, 16, 17];

/// Bytes of options kept for a copy: a name, a filter and more. A hostile file has tens of thousands of
/// interfaces.
pub(in crate::capture) const MOST_DESCRIBED: usize = 1 << 10;

const NS_PER_SECOND: i128 = 1_000_000_000;

/// What its packets need to know of an interface (§4.2).
#[derive(Clone, Copy)]
pub(super) struct Interface {
    pub(super) link: LinkType,
    /// Bytes kept of each packet.
    pub(super) snaplen: u32,
    /// Bytes of frame check sequence at the end of each frame on the wire.
    pub(super) fcs_len: u32,
    /// As told by its statistics so far.
    pub(super) statistics: Statistics,
    clock: Clock,
}

impl Interface {
    /// By its description.
    pub(super) fn new(block: &InterfaceDescriptionBlock<'_>, order: Order) -> Self {
        let mut interface = Self {
            link: link(block),
            snaplen: match block.snaplen {
                0 => u32::MAX,
                limit => limit,
            },
            fcs_len: 0,
            statistics: Statistics::default(),
            clock: Clock::default(),
        };
        for (code, value) in options(&block.options) {
            match (code, value.first()) {
                (IF_TSRESOL, Some(&tsresol)) => interface.clock.ticks = Ticks::new(tsresol),
                (IF_FCSLEN, Some(&len)) => interface.fcs_len = fcs_len(len),
                (IF_TSOFFSET, _) => {
                    let offset = order.u64_at(value, 0).unwrap_or_default();
                    interface.clock.offset = offset.cast_signed();
                }
                _ => {}
            }
        }
        interface
    }

    pub(super) fn instant(&self, ticks: u64) -> Timestamp {
        self.clock.instant(ticks)
    }

    pub(super) fn ticks(&self, ts: Timestamp) -> u64 {
        self.clock.ticks(ts)
    }
}

/// All that its description says, for a copy; what tells the clock comes first.
pub(super) fn description(block: &InterfaceDescriptionBlock<'_>, order: Order) -> Description {
    let mut told = options::copied(options(&block.options), order, &NUMBERS);
    told.sort_by_key(|(code, _)| ![IF_TSRESOL, IF_TSOFFSET, IF_FCSLEN].contains(code));
    let mut room = MOST_DESCRIBED;
    told.retain(|(_, value)| {
        let fits = value.len() <= room;
        room -= if fits { value.len() } else { 0 };
        fits
    });
    Description { link: link(block), snaplen: block.snaplen, options: told }
}

/// The field has 16 bits (§4.2).
fn link(block: &InterfaceDescriptionBlock<'_>) -> LinkType {
    LinkType(block.linktype.0 as u16)
}

/// In bytes. The document says bits and gives 4 as its example; writers do the one and the other,
/// and no frame check sequence has less than 16 bits or more than 8 bytes.
fn fcs_len(told: u8) -> u32 {
    u32::from(if told > 8 { told / 8 } else { told })
}

/// `if_tsresol` and `if_tsoffset`, in seconds.
#[derive(Clone, Copy, Default)]
struct Clock {
    ticks: Ticks,
    offset: i64,
}

impl Clock {
    /// Ticks are unsigned (§4.3), but writers whose clock stands before 1970 let them wrap: where
    /// the unsigned reading is out of range, the signed one keeps the packets' distances.
    fn instant(self, ticks: u64) -> Timestamp {
        let unsigned = self.shifted(i128::from(ticks));
        let instant = i64::try_from(unsigned)
            .or_else(|_| i64::try_from(self.shifted(i128::from(ticks.cast_signed()))));
        Timestamp(instant.unwrap_or(if unsigned < 0 { i64::MIN } else { i64::MAX }))
    }

    /// The other way; wraps before 1970, as others write it.
    fn ticks(self, ts: Timestamp) -> u64 {
        let ns = i128::from(ts.0) - i128::from(self.offset) * NS_PER_SECOND;
        let ticks = match self.ticks {
            Ticks::Ns(unit) => ns.div_euclid(unit),
            Ticks::PerSecond(unit) => ns.saturating_mul(unit).div_euclid(NS_PER_SECOND),
        };
        ticks as u64
    }

    fn shifted(self, ticks: i128) -> i128 {
        self.ticks.ns(ticks) + i128::from(self.offset) * NS_PER_SECOND
    }
}

/// The unit of a clock.
#[derive(Clone, Copy)]
enum Ticks {
    /// Whole nanoseconds each: a multiplication, in nearly every file.
    Ns(i128),
    /// So many in a second.
    PerSecond(i128),
}

impl Default for Ticks {
    /// Microseconds, where no `if_tsresol` is given.
    fn default() -> Self {
        Self::Ns(1_000)
    }
}

impl Ticks {
    /// The top bit tells the base, 2 or 10, the rest the negative exponent. A power beyond 127 bits
    /// is so fine that 64 bits of it are no nanosecond.
    fn new(tsresol: u8) -> Self {
        let exponent = u32::from(tsresol & 0x7f);
        let base: i128 = if tsresol & 0x80 == 0 { 10 } else { 2 };
        let per_second = base.checked_pow(exponent).unwrap_or(i128::MAX);
        match NS_PER_SECOND % per_second {
            0 => Self::Ns(NS_PER_SECOND / per_second),
            _ => Self::PerSecond(per_second),
        }
    }

    /// Cannot overflow: 64 bits by 30.
    fn ns(self, ticks: i128) -> i128 {
        match self {
            Self::Ns(ns) => ticks * ns,
            Self::PerSecond(per_second) => ticks * NS_PER_SECOND / per_second,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(tsresol: u8, offset: i64, ticks: u64) -> i64 {
        Clock { ticks: Ticks::new(tsresol), offset }.instant(ticks).0
    }

    #[test]
    fn counts_in_powers_of_ten() {
        assert_eq!(instant(0, 0, 3), 3_000_000_000);
        assert_eq!(instant(6, 0, 3), 3_000);
        assert_eq!(instant(9, 0, 3), 3);
        assert_eq!(instant(12, 0, 3_999), 3);
    }

    #[test]
    fn counts_in_powers_of_two() {
        assert_eq!(instant(0x80 | 10, 0, 1536), 1_500_000_000);
        assert_eq!(instant(0x80 | 32, 0, 1 << 31), 500_000_000);
    }

    #[test]
    fn shifts_by_whole_seconds_either_way() {
        assert_eq!(instant(6, -5, 7_000_000), 2_000_000_000);
        assert_eq!(instant(6, 5, 0), 5_000_000_000);
    }

    #[test]
    fn keeps_the_distances_of_a_clock_before_1970() {
        assert_eq!(instant(6, 0, u64::MAX), -1_000);
        assert_eq!(instant(6, 0, u64::MAX - 4), -5_000);
    }

    #[test]
    fn holds_absurd_clocks_at_the_ends_of_the_range() {
        assert_eq!(instant(0, 0, 1 << 62), i64::MAX);
        assert_eq!(instant(0, i64::MIN, 0), i64::MIN);
        assert_eq!(instant(0x7f, 0, u64::MAX), 0);
        assert_eq!(instant(0xff, 0, u64::MAX), 0);
    }
}
