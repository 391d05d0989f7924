//! The terms that every room of a capture's reader shares: when something was captured, which end of
//! a connection sent it, bytes as hex digits, and what a limit is.
#![forbid(unsafe_code)]

pub mod hex;
pub mod limits;
pub mod moment;
pub mod role;
