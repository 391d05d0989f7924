//! Options of blocks (draft-ietf-opsawg-pcapng §3.5).

use std::borrow::Cow;

use pcap_parser::nom::IResult;
use pcap_parser::pcapng::{OptionCode, PcapNGOption, parse_option_be, parse_option_le};

use super::{BlockOption, Order};

/// Options that only their makers know, of text and of bytes, each to be copied and not.
const CUSTOM: [u16; 4] = [2988, 2989, 19372, 19373];

/// Code and value of each option of a block. Where a length lies, the list ends: what came before it
/// is good.
pub(super) fn options<'o>(
    options: &'o [PcapNGOption<'_>],
) -> impl Iterator<Item = (u16, &'o [u8])> {
    let listed = options.iter().take_while(|option| option.code != OptionCode::EndOfOpt);
    listed.map_while(|option| Some((option.code.0, option.as_bytes().ok()?)))
}

/// The same of a list alone.
pub(super) fn listed(mut rest: &[u8], order: Order) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let parsed: IResult<_, _, ()> = match order {
            Order::Little => parse_option_le(rest),
            Order::Big => parse_option_be(rest),
        };
        let (later, option) = parsed.ok()?;
        let Cow::Borrowed(value) = option.value else { return None };
        rest = later;
        let value = value.get(..usize::from(option.len))?;
        (option.code != OptionCode::EndOfOpt).then_some((option.code.0, value))
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
        let list = b"\x09\0\x01\0\x06...\x0e\0\xff\0";
        let found: Vec<_> = listed(list, Order::Little).collect();
        assert_eq!(found, [(9, &b"\x06"[..])]);
    }
}
