//! Assertions about sessions, for CI: policies of rules in CEL, and baselines. Knows the report as
//! its document has it, and nothing of packets, ciphers or rendering.

mod baseline;
mod builtin;
mod checker;
mod error;
mod expression;
pub(crate) mod limits;
mod null_safe;
mod outcome;
mod policy;
mod shown;

pub use baseline::{Baseline, BaselineError, Change};
pub use builtin::{NAMES as BUILT_IN, named, text_of};
pub use checker::Checker;
pub use error::PolicyError;
pub use outcome::{BaselineResult, Checks, Failure, Kind, RuleResult, SCHEMA, Status};
pub use policy::Policy;
