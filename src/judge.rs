//! What the facts and the model show together: where the time went, what became of the mail, why TLS
//! stayed closed, what is odd, and why a session failed; and of all sessions, how good the capture is
//! and what each key opened.

mod auditor;
mod certificate;
pub(crate) mod diagnosis;
mod elsewhere;
pub(crate) mod handle;
mod key_logs;
mod keys;
pub mod limits;
pub(crate) mod outcome;
pub(crate) mod points;
mod quality;
pub(crate) mod rules;
mod security;
pub(crate) mod slow;
pub(crate) mod starttls;
mod summary;
pub(crate) mod timing;
pub(crate) mod transaction;
pub(crate) mod validation;
mod vantage;
pub(crate) mod verdict;

pub use auditor::KeyAuditor;
pub use elsewhere::Elsewhere;
pub use keys::Opened;
pub use quality::QualityCounter;
pub use slow::{SlowLimit, SlowLimits};
