//! What leaves the house, listed before it is written.

/// Numbers of sessions that are named; of more only the count is told.
const MOST_NAMED: usize = 12;

/// What the files will hold, in sentences.
#[derive(Default)]
pub(crate) struct Notice(Vec<String>);

impl Notice {
    pub(super) fn add(&mut self, what: String) {
        self.0.push(what);
    }

    /// What of these sessions is to be written.
    pub(super) fn say_of(&mut self, sessions: &[u64], what: &str) {
        if !sessions.is_empty() {
            self.add(format!("to be written: {}: {what}", numbers(sessions)));
        }
    }

    /// The sentences.
    pub(crate) fn sentences(&self) -> &[String] {
        &self.0
    }
}

/// `session 3`; `sessions 1, 2, 4`; `sessions 1, 2, 3 ... and 997 more`.
pub(super) fn numbers(sessions: &[u64]) -> String {
    let named: Vec<_> = sessions.iter().take(MOST_NAMED).map(u64::to_string).collect();
    let noun = if sessions.len() == 1 { "session" } else { "sessions" };
    let more = match sessions.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{noun} {}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_named_as_far_as_a_line_goes() {
        assert_eq!(numbers(&[3]), "session 3");
        assert_eq!(numbers(&[1, 4]), "sessions 1, 4");
        let many: Vec<_> = (1..=100).collect();
        assert_eq!(numbers(&many), "sessions 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 88 more");
    }
}
