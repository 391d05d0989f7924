//! Packets as their files have them, for a copy that loses nothing of them.

use std::ops::Range;

use super::LinkType;

/// One option of a block (draft-ietf-opsawg-pcapng §3.5): its code, and its value with numbers in
/// little-endian order.
pub type BlockOption = (u16, Vec<u8>);

/// A packet as its file has it: with its frame check sequence, in the unit of its clock.
#[derive(Debug)]
pub struct Original<'b> {
    /// Where it was captured.
    pub interface: &'b Description,
    /// Its time, in the unit that the interface's options tell.
    pub ticks: u64,
    /// Bytes on the wire, as told.
    pub wire_len: u32,
    /// The bytes captured.
    pub data: &'b [u8],
    /// Comments, flags and what else its block has; none in a pcap file.
    pub options: Vec<BlockOption>,
}

/// What a file says of an interface (§4.2); a pcap file has one, whose clock is told by an option
/// too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Description {
    /// What its frames begin with.
    pub link: LinkType,
    /// Bytes kept of each packet; 0 is all.
    pub snaplen: u32,
    /// Its name, its filter, the unit of its clock.
    pub options: Vec<BlockOption>,
}

/// The place of a packet in its file.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// Which of the section's interfaces.
    pub(super) interface: u32,
    pub(super) ticks: u64,
    pub(super) wire_len: u32,
    pub(super) data: Range<usize>,
    pub(super) options: Range<usize>,
}
