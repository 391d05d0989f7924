//! TRILL (RFC 6325 §3.2).

use super::{Layer, Skip};

/// Version, flags, length of the options in units of 4 bytes (5 bits across two bytes), hops, two
/// nicknames; then a frame.
pub(in crate::decode) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[first, second, ..], layer) = layer.take::<6>("TRILL")?;
    let options = usize::from((first & 0x07) << 2 | second >> 6) * 4;
    Ok(layer.pass(options, "TRILL")?.ethernet())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn passes_over_the_options() {
        assert_eq!(layer(layer_of(b"\0\x40....optsframe")).unwrap().data, b"frame");
        assert_eq!(layer(layer_of(b"\0\x3f....frame")).unwrap().data, b"frame");
    }
}
