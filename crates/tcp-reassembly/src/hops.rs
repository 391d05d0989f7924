//! How many hops the packets of an end had left when they were captured (TTL, RFC 791 §3.1; hop limit,
//! RFC 8200 §3). Packets that one host sends take one way; what somebody between the ends sends in its
//! name comes from nearer or farther.

/// The hops left of an end's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hops {
    /// The least and the most of packets that are no resets.
    pub usual: Option<(u8, u8)>,
    /// Of the first reset.
    pub reset: Option<u8>,
}

impl Hops {
    /// Takes a packet.
    pub(super) fn note(&mut self, hops: Option<u8>, is_reset: bool) {
        let Some(hops) = hops else { return };
        if is_reset {
            self.reset.get_or_insert(hops);
            return;
        }
        let (least, most) = self.usual.unwrap_or((hops, hops));
        self.usual = Some((least.min(hops), most.max(hops)));
    }

    /// The hops left of a reset that came another way than all other packets, beside theirs.
    #[must_use]
    pub fn foreign_reset(&self) -> Option<(u8, u8)> {
        let (reset, (least, most)) = (self.reset?, self.usual?);
        if (least..=most).contains(&reset) {
            return None;
        }
        Some((reset, if reset < least { least } else { most }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hops(packets: &[(u8, bool)]) -> Option<(u8, u8)> {
        let mut hops = Hops::default();
        packets.iter().for_each(|&(left, is_reset)| hops.note(Some(left), is_reset));
        hops.foreign_reset()
    }

    #[test]
    fn a_reset_from_elsewhere_has_other_hops_left() {
        assert_eq!(hops(&[(52, false), (53, false), (254, true)]), Some((254, 53)));
        assert_eq!(hops(&[(64, false), (61, true)]), Some((61, 64)));
    }

    #[test]
    fn a_reset_of_the_same_way_is_the_ends_own() {
        assert_eq!(hops(&[(52, false), (53, false), (52, true)]), None);
        assert_eq!(hops(&[(64, true)]), None, "a refused SYN has nothing to compare with");
    }
}
