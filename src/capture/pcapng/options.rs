//! Options of blocks (draft-ietf-opsawg-pcapng §3.5).

use super::Order;

/// Ends a list of options.
const OPT_ENDOFOPT: u16 = 0;

/// Code and value of each option of a whole block, from `start` on. Where a length lies, the list
/// ends: what came before it is good.
pub(super) fn options(
    block: &[u8],
    start: usize,
    order: Order,
) -> impl Iterator<Item = (u16, &[u8])> {
    let end = block.len().saturating_sub(4);
    let mut rest = block.get(start..end).unwrap_or_default();
    std::iter::from_fn(move || {
        let code = order.u16_at(rest, 0).filter(|&code| code != OPT_ENDOFOPT)?;
        let len = usize::from(order.u16_at(rest, 2)?);
        let value = rest.get(4..4 + len)?;
        rest = rest.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
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
