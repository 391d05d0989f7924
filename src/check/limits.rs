//! The limits of this room.

use super::{account, checker, pattern, policy, tree};
use crate::limits::{Limit, limits};

/// All of them.
pub(crate) const LIMITS: &[Limit] = limits! { "check":
    policy::MOST_RULES => Count, "rules and limits of a policy", "more is an error";
    tree::MAX_WRITTEN => Bytes, "an expression of a policy", "hundreds of names; a longer one is an error";
    tree::MAX_SIGNS => Count, "operators, dots and brackets of an expression", "its reader recurses; more is an error";
    tree::MAX_DEPTH => Count, "how deep an expression nests", "working it out recurses; deeper is an error";
    pattern::MAX_COMPILED => Bytes, "a compiled regular expression of a policy", "bounds the work for each byte of text; a larger one is an error";
    account::MOST_STEPS => Count, "steps of all expressions of a run", "seconds; more is an error with its place";
    account::STEPS_A_VALUE => Count, "further steps for each value of a session's report", "long captures can be checked";
    account::MOST_MADE => Bytes, "texts and lists that one expression makes", "more is an error with its place";
    checker::MOST_FAILURES => Count, "failures of a rule that are told", "all are counted";
    checker::MOST_CHANGES => Count, "changes beside a baseline that are told", "all are counted";
    checker::MOST_SAMPLES => Count, "values of a limit kept for percentiles", "further ones do not count";
};
