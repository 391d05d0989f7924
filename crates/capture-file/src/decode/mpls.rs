//! MPLS label stacks (RFC 3032).

use super::{Layer, Next, Skip};

/// Bottom of the stack, in the third byte of an entry (RFC 3032 §2.1).
const BOTTOM: u8 = 0x01;

/// Reads the stack. What follows is nowhere said: routers guess by the first nibble too, which is
/// why a pseudowire's control word begins with 0 (RFC 4385 §3).
pub(super) fn layer(mut layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let mut entry;
    loop {
        (entry, layer) = layer.take::<4>("MPLS")?;
        if entry[2] & BOTTOM != 0 {
            break;
        }
    }
    match layer.data.first().map(|first| first >> 4) {
        Some(4 | 6) => Ok(layer.is(Next::Ip)),
        Some(0) => Ok(behind_control_word(layer)?.ethernet()),
        Some(_) => Ok(layer.ethernet()),
        None => Err(Skip::Truncated { layer: "MPLS" }),
    }
}

/// Without a control word (RFC 4448 §4.6), addresses may begin with 0 too: then the EtherType or
/// length behind them is plausible without skipping four bytes, and not with.
fn behind_control_word(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    match layer.data.get(12..14) {
        Some([0x08, 0x00] | [0x86, 0xdd] | [0x81, 0x00]) => Ok(layer),
        _ => layer.pass(4, "MPLS control word"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testframe::layer_of;
    use super::*;

    fn read(data: &[u8]) -> (Next, &[u8]) {
        let next = layer(layer_of(data)).unwrap();
        (next.next, next.data)
    }

    #[test]
    fn reads_the_stack_to_its_bottom() {
        let ip = (Next::Ip, &b"\x45ip"[..]);
        assert_eq!(read(b"\x00\x01\x00\x40\x00\x02\x01\x40\x45ip"), ip);
    }

    #[test]
    fn guesses_ethernet_with_and_without_a_control_word() {
        let ethernet = layer_of(b"").ethernet().next;
        assert_eq!(read(b"\x00\x02\x01\x40\x00\x00\x00\x00frame"), (ethernet, &b"frame"[..]));
        let bare = b"\x00\x02\x01\x40\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\x08\x00ip";
        assert_eq!(read(bare), (ethernet, &bare[4..]));
    }

    #[test]
    fn says_that_the_stack_is_cut() {
        let skip = layer(layer_of(b"\x00\x01\x00\x40")).unwrap_err();
        assert_eq!(skip, Skip::Truncated { layer: "MPLS" });
    }
}
