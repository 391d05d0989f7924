//! Options of blocks (draft-ietf-opsawg-pcapng §3.5).

use super::{BlockOption, Order};

/// Ends a list of options.
const OPT_ENDOFOPT: u16 = 0;

/// Options that only their makers know, of text and of bytes, each to be copied and not.
const CUSTOM: [u16; 4] = [2988, 2989, 19372, 19373];

/// Code and value of each option of a whole block, from `start` on. Where a length lies, the list
/// ends: what came before it is good.
pub(super) fn options(
    block: &[u8],
    start: usize,
    order: Order,
) -> impl Iterator<Item = (u16, &[u8])> {
    let end = block.len().saturating_sub(4);
    listed(block.get(start..end).unwrap_or_default(), order)
}

/// The same of a list alone.
pub(super) fn listed(mut rest: &[u8], order: Order) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let code = order.u16_at(rest, 0).filter(|&code| code != OPT_ENDOFOPT)?;
        let len = usize::from(order.u16_at(rest, 2)?);
        let value = rest.get(4..4 + len)?;
        rest = rest.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
}

/// Options for a copy in little-endian order. `numbers` are the codes whose values are numbers; a
/// custom option begins with one (§3.5.1).
pub(super) fn copied<'o>(
    options: impl Iterator<Item = (u16, &'o [u8])>,
    order: Order,
    numbers: &[u16],
) -> Vec<BlockOption> {
    let turned = |code: u16, value: &[u8]| {
        let mut value = value.to_vec();
        let len = if CUSTOM.contains(&code) { value.len().min(4) } else { value.len() };
        let is_number = numbers.contains(&code) || CUSTOM.contains(&code);
        if order == Order::Big && is_number {
            value[..len].reverse();
        }
        (code, value)
    };
    options.map(|(code, value)| turned(code, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_where_a_length_lies() {
        let block = b"\x09\0\x01\0\x06...\x0e\0\xff\0....";
        let found: Vec<_> = options(block, 0, Order::Little).collect();
        assert_eq!(found, [(9, &b"\x06"[..])]);
    }
}
