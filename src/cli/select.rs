//! Filters as they are typed.

use super::args::SharedArgs;
use crate::filter::{ConnectionFilter, FilterError, PacketFilter, Selection, Window};
use crate::render::term;

/// Columns of the expression shown beside an error: one line of a terminal.
const SHOWN: usize = 70;

pub(super) fn connection_filter(text: &str) -> Result<ConnectionFilter, String> {
    ConnectionFilter::parse(text).map_err(|error| pointed_at(text, &error))
}

pub(super) fn packet_filter(text: &str) -> Result<PacketFilter, String> {
    PacketFilter::parse(text).map_err(|error| pointed_at(text, &error))
}

/// What the arguments ask for.
pub(super) fn selection(args: &SharedArgs) -> Selection {
    Selection {
        packets: args.packet_filter.clone(),
        connections: args.filter.clone(),
        window: Window { since: args.since, until: args.until },
    }
}

/// The error, and below it the expression with a mark where the error is. A long expression is
/// shown from a little before that.
fn pointed_at(text: &str, error: &FilterError) -> String {
    let escaped = |part: Option<&str>| term::escaped(part.unwrap_or_default()).to_string();
    let before = escaped(text.get(..error.at.start));
    let at = escaped(text.get(error.at.clone()));
    let after = escaped(text.get(error.at.end..));
    let hidden = before.chars().count().saturating_sub(SHOWN / 2);
    let line: String = [&*before, &at, &after].concat().chars().skip(hidden).take(SHOWN).collect();
    let blank = before.chars().count() - hidden;
    let mark = "^".repeat(at.chars().count().clamp(1, SHOWN - blank));
    let column = error.column(text);
    let message = escaped(Some(&error.message));
    format!("1:{column}: {message}\n  {line}\n  {}{mark}", " ".repeat(blank))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_points_at_what_it_is_about() {
        let error = connection_filter("host and port 25").unwrap_err();
        assert_eq!(error, "1:6: expected an address, found `and`\n  host and port 25\n       ^^^");
        let error = connection_filter("port").unwrap_err();
        assert!(error.ends_with("\n  port\n      ^"), "{error}");
    }

    #[test]
    fn an_error_far_behind_is_shown_with_what_is_around_it() {
        let text = format!("{}port x", "tcp or ".repeat(100));
        let error = connection_filter(&text).unwrap_err();
        let lines: Vec<_> = error.lines().collect();
        assert!(lines[0].starts_with("1:706: "), "{error}");
        assert_eq!(lines[1].find("x"), lines[2].find('^'));
        assert!(lines.iter().skip(1).all(|line| line.len() <= SHOWN + 2));
    }

    #[test]
    fn no_control_character_of_an_expression_is_shown() {
        assert!(!connection_filter("port \x1b[2J").unwrap_err().contains('\x1b'));
    }
}
