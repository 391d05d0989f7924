//! The limits of this room.

use super::{checker, policy};
use crate::limits::{Limit, limits};

/// All of them.
pub(crate) const LIMITS: &[Limit] = limits! { "check":
    policy::MOST_RULES => Count, "rules and limits of a policy", "more is an error";
    checker::MOST_FAILURES => Count, "failures of a rule that are told", "all are counted";
    checker::MOST_CHANGES => Count, "changes beside a baseline that are told", "all are counted";
    checker::MOST_SAMPLES => Count, "values of a limit kept for percentiles", "further ones do not count";
};
