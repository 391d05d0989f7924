use std::collections::BTreeSet;

use super::*;
use crate::report::reason::Reason;

#[test]
fn has_each_code_once_and_under_its_area() {
    let mut seen = BTreeSet::new();
    for row in all() {
        assert!(seen.insert(row.code), "{} twice", row.code);
        let (area, name) = row.code.split_once('.').unwrap();
        assert!(["capture", "tcp", "tls", "smtp", "keys"].contains(&area), "{}", row.code);
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()));
    }
}

#[test]
fn says_all_that_a_page_needs_of_each_code() {
    for row in all() {
        for text in [row.meaning, row.evidence] {
            assert!(text.ends_with('.'), "{}: {text}", row.code);
        }
        assert!(!row.advice.is_empty() && !row.causes.is_empty(), "{}", row.code);
    }
}

#[test]
fn has_every_reason_of_the_verdict() {
    for reason in Reason::ALL {
        assert!(explain(reason.finding()).is_some(), "{}", reason.finding());
    }
}
