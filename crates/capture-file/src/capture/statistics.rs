//! What a file says of packets that are not in it.

use super::order::Order;

/// Options of an Interface Statistics Block (draft-ietf-opsawg-pcapng §4.6).
const ISB_IFRECV: u16 = 4;
const ISB_IFDROP: u16 = 5;
const ISB_OSDROP: u16 = 7;

/// Counters of the capturing host, over all interfaces of a file. A counter that the file does not
/// have is `None`: not known, which is not none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets that the interfaces received.
    pub received: Option<u64>,
    /// Packets that the interfaces dropped.
    pub dropped_by_interface: Option<u64>,
    /// Packets that the operating system dropped: the capture program was too slow.
    pub dropped_by_system: Option<u64>,
}

impl Statistics {
    pub(super) fn of_options<'b>(
        options: impl Iterator<Item = (u16, &'b [u8])>,
        order: Order,
    ) -> Self {
        let mut told = Self::default();
        for (code, value) in options {
            let counter = match code {
                ISB_IFRECV => &mut told.received,
                ISB_IFDROP => &mut told.dropped_by_interface,
                ISB_OSDROP => &mut told.dropped_by_system,
                _ => continue,
            };
            *counter = order.u64_at(value, 0);
        }
        told
    }

    /// What was counted since `before`.
    pub(super) fn since(self, before: Self) -> Self {
        let since = |now: Option<u64>, before: Option<u64>| {
            now.map(|now| now.saturating_sub(before.unwrap_or(0)))
        };
        Self {
            received: since(self.received, before.received),
            dropped_by_interface: since(self.dropped_by_interface, before.dropped_by_interface),
            dropped_by_system: since(self.dropped_by_system, before.dropped_by_system),
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let plus = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
        Self {
            received: plus(self.received, other.received),
            dropped_by_interface: plus(self.dropped_by_interface, other.dropped_by_interface),
            dropped_by_system: plus(self.dropped_by_system, other.dropped_by_system),
        }
    }
}
