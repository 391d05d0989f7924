//! What else passed while a session waited, or names one of its ends.

use serde::Serialize;

/// Something beside the session that concerns it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RelatedReport {
    /// `dns`, `ident`, `milter`, `policy`, `lmtp`, `smtp`, `ldap`, `sql`, `https`, `tcp` …
    pub kind: &'static str,
    /// Who asked: an address, with its port where there is one connection.
    pub from: String,
    /// Who was asked.
    pub to: String,
    /// Its first frame.
    pub frame: u64,
    /// Its last frame.
    pub last_frame: u64,
    /// Time of the first since the session's start, in ns; negative before it.
    pub t_ns: i64,
    /// From the first to the answer; up to the end of the wait where no answer came.
    pub duration_ns: i64,
    /// What passed, in a sentence.
    pub summary: String,
    /// The field of `timing` that it explains; null if it only passed at the same time.
    pub explains: Option<&'static str>,
}
