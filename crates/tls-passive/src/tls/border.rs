//! Where a record may begin in bytes that were captured behind a gap.

use super::names::ProtocolVersion;
use super::record::{ContentType, HEADER, LARGEST_FRAGMENT};

/// The first offset at which a record may begin, and whether it does: its header fits what is
/// known, and the next header stands where it says, or nothing does yet and it ends just here.
pub(super) fn find_border(bytes: &[u8], version: Option<ProtocolVersion>) -> (usize, bool) {
    for start in 0..bytes.len() {
        match record_at(bytes.get(start..).unwrap_or_default(), version) {
            Fit::No => {}
            Fit::Perhaps => return (start, false),
            Fit::Yes => return (start, true),
        }
    }
    (bytes.len(), false)
}

enum Fit {
    Yes,
    No,
    /// More bytes will tell.
    Perhaps,
}

fn record_at(bytes: &[u8], version: Option<ProtocolVersion>) -> Fit {
    let Some(total) = header_at(bytes, version) else { return Fit::No };
    let Some(total) = total else { return Fit::Perhaps };
    match bytes.get(total..) {
        None => Fit::Perhaps,
        Some([]) => Fit::Yes,
        Some(next) if header_at(next, version).is_some() => Fit::Yes,
        Some(_) => Fit::No,
    }
}

/// Whether bytes may be a record header; the length of the record if there are enough of them.
pub(super) fn header_at(bytes: &[u8], version: Option<ProtocolVersion>) -> Option<Option<usize>> {
    let kind = bytes.first().is_some_and(|&kind| ContentType(kind).is_known());
    let known = version.map(|version| version.0.to_be_bytes());
    let fits = |i: usize, expected: Option<u8>, default: std::ops::RangeInclusive<u8>| {
        bytes.get(i).is_none_or(|byte| match expected {
            Some(expected) => *byte == expected,
            None => default.contains(byte),
        })
    };
    let is_version = fits(1, known.map(|v| v[0]), 3..=3) && fits(2, known.map(|v| v[1]), 0..=4);
    if !kind || !is_version {
        return None;
    }
    let Some(&[_, _, _, high, low]) = bytes.first_chunk::<HEADER>() else { return Some(None) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    (1..=LARGEST_FRAGMENT).contains(&length).then_some(Some(HEADER + length))
}
