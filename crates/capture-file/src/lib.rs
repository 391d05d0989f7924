//! Capture files (pcap, pcapng, compressed or damaged) become packets in time order, and packets
//! become TCP segments.
#![forbid(unsafe_code)]

pub mod capture;
pub mod decode;

use capture_terms::{limits, moment};
