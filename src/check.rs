//! Assertions about sessions, for CI: policies of rules in CEL, and baselines. Knows the report as
//! its document has it, and nothing of packets, ciphers or rendering.

mod account;
mod baseline;
mod builtin;
mod checker;
mod error;
mod evaluation;
mod explanation;
mod expression;
mod fields;
mod function;
pub(crate) mod limits;
mod nearest;
mod operation;
mod outcome;
mod pattern;
mod policy;
mod reading;
mod shown;
mod tree;
mod value;
mod words;

pub use baseline::{Baseline, BaselineError, Change, Choice};
pub use builtin::{NAMES as BUILT_IN, named, text_of};
pub use checker::Checker;
pub use error::PolicyError;
pub use explanation::explain;
pub use outcome::{BaselineResult, Checks, Failure, Kind, RuleResult, SCHEMA, Status};
pub use policy::Policy;
