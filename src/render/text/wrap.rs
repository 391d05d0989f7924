//! Lines are cut to the width of the page.

use std::ops::Range;

use super::line::{Cell, Line};

/// Columns that a continuation has at least, however far the line hangs.
const NARROWEST: usize = 20;

/// How far the continuations of a line are indented on a page of `width` columns.
pub(super) fn indent(line: &Line, width: usize) -> usize {
    line.hang.min(width.saturating_sub(NARROWEST))
}

/// The cells of each line on the page. A line is cut at a space if there is one behind its hanging
/// indent, else in the middle of a word: nothing is left off but the spaces at the cuts.
pub(super) fn wrapped(line: &Line, width: usize) -> Vec<Range<usize>> {
    let indent = indent(line, width);
    let mut lines = Vec::new();
    let mut start = 0;
    loop {
        let first = lines.is_empty();
        let room = if first { width } else { width.saturating_sub(indent) };
        let rest = line.cells.get(start..).unwrap_or_default();
        let fits = fitting(rest, room);
        if fits >= rest.len() {
            lines.push(start..line.cells.len());
            return lines;
        }
        let end = start + cut(rest, fits, if first { indent } else { 0 });
        lines.push(start..end);
        start = end + spaces(line.cells.get(end..).unwrap_or_default());
    }
}

/// How many cells fit into `room` columns; one at least, so that there is an end.
fn fitting(cells: &[Cell], room: usize) -> usize {
    let mut column = 0;
    let over = cells.iter().position(|cell| {
        column += columns(cell.char);
        column > room
    });
    over.unwrap_or(cells.len()).max(1)
}

/// Where to cut: at the last space that fits, or right behind what fits.
fn cut(cells: &[Cell], fits: usize, indent: usize) -> usize {
    let is_space = |&i: &usize| cells.get(i).is_some_and(|cell| cell.char == ' ');
    let at = (indent + 1..=fits).rev().find(is_space);
    at.unwrap_or(fits)
}

fn spaces(cells: &[Cell]) -> usize {
    cells.iter().take_while(|cell| cell.char == ' ').count()
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

    fn wrap(line: &Line, width: usize) -> Vec<String> {
        let text = |range: Range<usize>| line.cells[range].iter().map(|cell| cell.char).collect();
        wrapped(line, width).into_iter().map(text).collect()
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
