//! Lines are cut to the width of the page.

use std::iter;
use std::ops::Range;

use super::line::Line;

/// Columns that a continuation has at least, however far the line hangs.
const NARROWEST: usize = 20;

/// How far the continuations of a line are indented on a page of `width` columns.
pub(super) fn indent(line: &Line, width: usize) -> usize {
    line.hang.min(width.saturating_sub(NARROWEST))
}

/// What of the text stands on each line of the page. A line is cut at a space if there is one behind
/// its hanging indent, else in the middle of a word: nothing is left off but the spaces at the cuts.
pub(super) fn wrapped(line: &Line, width: usize) -> impl Iterator<Item = Range<usize>> {
    let (text, indent) = (line.as_str(), indent(line, width));
    let mut next = Some(0);
    iter::from_fn(move || {
        let start = next.take()?;
        let (room, indent) =
            if start == 0 { (width, indent) } else { (width.saturating_sub(indent), 0) };
        let rest = text.get(start..)?;
        let fits = fitting(rest, room);
        if fits >= rest.len() {
            return Some(start..text.len());
        }
        let end = start + cut(rest, fits, indent);
        next = Some(text.len() - text.get(end..)?.trim_start_matches(' ').len());
        Some(start..end)
    })
}

/// How many bytes fit into `room` columns; one character at least, so that there is an end.
fn fitting(text: &str, room: usize) -> usize {
    // No character takes more columns than bytes.
    if text.len() <= room {
        return text.len();
    }
    let mut column = 0;
    let over = text.char_indices().find(|&(at, char)| {
        column += columns(char);
        column > room && at > 0
    });
    over.map_or(text.len(), |(at, _)| at)
}

/// Where to cut: at the last space that fits, or right behind what fits.
fn cut(text: &str, fits: usize, indent: usize) -> usize {
    let from = text.char_indices().nth(indent + 1).map_or(text.len(), |(at, _)| at);
    let words = text.as_bytes().get(from..=fits).unwrap_or_default();
    words.iter().rposition(|&byte| byte == b' ').map_or(fits, |at| from + at)
}

/// The columns of a text.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(columns).sum() }
}

/// The columns that a character takes in a terminal: two where Unicode calls it wide (UAX #11).
/// Symbols that some terminals widen count as wide, and combining marks as one, so that heaps of
/// them are cut as well: a line may be cut early, but never runs over.
pub(super) fn columns(c: char) -> usize {
    let wide = matches!(u32::from(c),
        0x1100..=0x115F | 0x231A..=0x23FF | 0x25FD..=0x27BF | 0x2B1B..=0x2B55 | 0x2E80..=0x303E
        | 0x3041..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x16FE0..=0x18DFF | 0x1AFF0..=0x1B2FF
        | 0x1D300..=0x1D376 | 0x1F000..=0x1FAFF | 0x20000..=0x3FFFD);
    if wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(line: &Line, width: usize) -> Vec<&str> {
        wrapped(line, width).map(|range| &line.as_str()[range]).collect()
    }

    #[test]
    fn lines_are_cut_at_spaces_behind_the_hanging_indent() {
        let mut line = Line::hanging(4);
        line.own("C:  one two three fourfive");
        assert_eq!(wrap(&line, 24), ["C:  one two three", "fourfive"]);
        let mut line = Line::hanging(4);
        line.own("C:  abcdefghijklmnopqrstuvwxyz");
        assert_eq!(wrap(&line, 24), ["C:  abcdefghijklmnopqrst", "uvwxyz"]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let mut line = Line::default();
        line.text("你好你好你好你好你好你好");
        assert_eq!(wrap(&line, 21), ["你好你好你好你好你好", "你好"]);
    }

    #[test]
    fn an_empty_line_is_one_line() {
        assert_eq!(wrap(&Line::default(), 80), [""]);
    }
}
