//! Capture files become packets in time order, and packets become TCP segments.
//!
//! [`capture`] reads pcap and pcapng of either byte order, also compressed (gzip, zstd, lz4, xz), from
//! files, folders, pipes and memory, and merges several by time. Damage is a value, not an error that ends
//! the run: reading goes on behind it, and [`FileFacts`](capture::FileFacts) tells what was lost.
//! [`decode`] finds the TCP segment in a frame, behind link layers, tags, tunnels and IP fragments.
//!
//! ```
//! use capture_file::capture::{Capture, LinkType, Packet};
//! use capture_file::decode::{Decoder, Skip};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A pcap file of one packet: an Ethernet frame that holds ARP.
//! let mut file = Vec::new();
//! for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1, 1_700_000_000, 0, 16, 16] {
//!     file.extend(word.to_le_bytes());
//! }
//! file.extend(*b"\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x01\x08\x06\0\0");
//!
//! let mut capture = Capture::from_bytes("arp.pcap", file);
//! let packet = capture.next_packet().ok_or("a packet")?;
//! assert_eq!((packet.frame, packet.link), (1, LinkType::EN10MB));
//! assert!(matches!(Decoder::new().decode(&packet), Err(Skip::NotIp { .. })));
//! assert!(capture.next_packet().is_none());
//! assert!(capture.files().all(|file| file.damage.is_none()));
//! # Ok(())
//! # }
//! ```
//!
//! **Limits.** A block of a file is held in memory, never the file: [`capture::limits`] and
//! [`decode::limits`] list every cap with its reason. Only TCP over IP is decoded; IP datagrams in parts
//! are joined within bounds. Checksums are not looked at, since network cards fill them in.
#![forbid(unsafe_code)]

pub mod capture;
pub mod decode;

use capture_terms::{limits, moment};
