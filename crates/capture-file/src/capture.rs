//! Bytes of files and pipes become packets in time order. Knows no TCP, no TLS, no key and no
//! wall clock.
//!
//! [`Capture`] is the door: it opens the inputs, merges them by time and lends one [`Packet`] after
//! the other out of a bounded block of memory per open file. What could not be read is a value,
//! [`FileFacts::damage`], never an error that ends the run.

mod block;
mod damage;
mod facts;
mod file;
pub mod limits;
mod link;
mod mangled;
mod members;
mod merge;
mod order;
mod original;
mod pcap;
mod pcapng;
mod secrets;
mod seek;
mod sniff;
mod source;
mod statistics;
#[cfg(test)]
mod testfile;
mod zstd;

use crate::moment::Timestamp;

pub use damage::{Damage, DamageKind};
pub use facts::{ClockSteps, Compression, FileFacts, Format, Repair};
pub use merge::Capture;
pub use original::{BlockOption, Description, Original};
pub use secrets::Secrets;
pub use source::Input;
pub use source::UNFINISHED;
pub use statistics::Statistics;

/// One captured frame, borrowed from the block it was read into.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'b> {
    /// 1-based number over all input files in time order.
    pub frame: u64,
    /// When it was captured.
    pub ts: Timestamp,
    /// What the first byte of `data` is.
    pub link: LinkType,
    /// The interface that captured it: its number in a section of pcapng, else 0.
    pub interface: u32,
    /// Bytes the frame had on the wire; more than `data` holds if the snap length cut it.
    pub wire_len: u32,
    /// The bytes captured.
    pub data: &'b [u8],
}

/// A libpcap link type (`DLT_*` / `LINKTYPE_*`), see <https://www.tcpdump.org/linktypes.html>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);
