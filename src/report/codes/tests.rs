use std::collections::BTreeSet;

use super::*;
use crate::report::reason::Reason;

#[test]
fn has_each_code_once_and_under_its_area() {
    let mut seen = BTreeSet::new();
    for row in all() {
        assert!(seen.insert(row), "{} twice", row.name());
        let (area, name) = row.name().split_once('.').unwrap();
        assert!(["capture", "tcp", "tls", "smtp", "keys"].contains(&area), "{}", row.name());
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()));
    }
}

#[test]
fn says_all_that_a_page_needs_of_each_code() {
    for row in all() {
        for text in [row.meaning(), row.evidence()] {
            assert!(text.ends_with('.'), "{}: {text}", row.name());
        }
        assert!(!row.advice().is_empty() && !row.causes().is_empty(), "{}", row.name());
    }
}

#[test]
fn names_each_constant_after_its_code() {
    let constants = [
        capture::CONSTANTS,
        tcp::CONSTANTS,
        tls::CONSTANTS,
        verdict::CONSTANTS,
        smtp::CONSTANTS,
        peers::CONSTANTS,
        keys::CONSTANTS,
        trust::CONSTANTS,
    ];
    for (constant, code) in constants.concat() {
        assert_eq!(constant, code.name().replace('.', "_").to_ascii_uppercase());
    }
}

#[test]
fn names_each_finding_of_a_verdict_after_its_reason() {
    for reason in Reason::ALL {
        assert_eq!(reason.finding().name(), format!("tls.{}", reason.name()));
    }
}
