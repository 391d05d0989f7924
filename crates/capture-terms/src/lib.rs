//! The terms that readers of captures share: when something was captured ([`moment`]), which end of a
//! connection sent it ([`role`]), TCP segments as a decoder gives them to a reassembly ([`segment`]),
//! bytes as hex digits ([`hex`]), and what a limit is ([`limits`]).
//!
//! ```
//! use capture_terms::moment::{Moment, Timestamp};
//! use capture_terms::role::{PerRole, Role};
//!
//! let syn = Moment { ts: Timestamp(1_795_305_534_458_863_001), frame: 1 };
//! assert_eq!(syn.ts.to_string(), "2026-11-21T23:58:54.458863001Z");
//!
//! let mut bytes = PerRole::<u64>::default();
//! bytes[Role::Client] += 42;
//! assert_eq!(bytes[Role::Server.peer()], 42);
//! ```
//!
//! Times are the capture's, in nanoseconds from 1677 to 2262; nothing here asks a clock.
#![forbid(unsafe_code)]

pub mod hex;
pub mod limits;
pub mod moment;
pub mod role;
pub mod segment;
