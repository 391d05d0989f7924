//! The story of a delivery: what passed beside a session becomes the reason of its waits, and the
//! sessions of one mail become one delivery.

mod candidate;
mod carrier;
mod deliveries;
mod explain;
mod kinship;
pub mod limits;
mod lookups;
mod refusal;
mod route;
mod sentence;
mod stretch;
mod surroundings;
mod telling;
mod terms;

pub use deliveries::Deliveries;
pub use surroundings::Surroundings;
