//! Steps side by side in two columns, as `sdiff` shows them: `|` between what differs, `<` and `>`
//! where only one side has a step.

use std::io;

use super::letter;
use crate::compare::{Row, RowCell};
use crate::render::term;
use crate::render::text::duration::Duration;
use crate::render::text::ink::Ink;
use crate::render::text::line::Line;
use crate::render::text::page::Page;
use crate::render::text::wrap::columns;

/// From this width of a column on there is room for times.
const WITH_TIMES: usize = 50;

/// Frame, end and a space.
const BEFORE_TEXT: usize = 9;

/// A time and a space.
const TIME: usize = 10;

/// Writes the rows.
pub(super) fn write(rows: &[Row], page: &mut Page<'_>) -> io::Result<()> {
    let half = page.width().saturating_sub(3) / 2;
    head(half, page)?;
    rows.iter().try_for_each(|row| one(row, half, page))
}

fn head(half: usize, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::default();
    line.ink(Ink::Dim).right(5, "frame").tab(text_start(half)).own("good");
    line.fill(half + 3, ' ').right(half + 8, "frame").tab(half + 3 + text_start(half));
    page.put(line.own("bad"))
}

fn text_start(half: usize) -> usize {
    if half >= WITH_TIMES { BEFORE_TEXT + TIME } else { BEFORE_TEXT }
}

fn one(row: &Row, half: usize, page: &mut Page<'_>) -> io::Result<()> {
    let room = half.saturating_sub(text_start(half)).max(8);
    let [left, right] = [&row.good, &row.bad].map(|cell| pieces(cell.as_ref(), room));
    let between = match (&row.good, &row.bad) {
        _ if row.same => " ",
        (Some(_), None) => "<",
        (None, Some(_)) => ">",
        _ => "|",
    };
    for at in 0..left.len().max(right.len()) {
        let mut line = Line::default();
        line.ink(if row.same { Ink::Plain } else { Ink::Bad });
        cell(row.good.as_ref(), left.get(at), at == 0, 0, half, &mut line);
        line.fill(half + 1, ' ').own(between).fill(half + 3, ' ');
        cell(row.bad.as_ref(), right.get(at), at == 0, half + 3, half, &mut line);
        page.put(&line)?;
    }
    Ok(())
}

fn cell(
    cell: Option<&RowCell>,
    piece: Option<&String>,
    is_first: bool,
    start: usize,
    half: usize,
    line: &mut Line,
) {
    let (Some(cell), Some(piece)) = (cell, piece) else { return };
    if is_first {
        let frame = cell.frame.map_or_else(|| "-".to_owned(), |frame| frame.to_string());
        line.right(start + 5, frame).fill(start + 6, ' ').own(letter(cell.from));
        let time = cell.t_ns.filter(|_| half >= WITH_TIMES);
        if let Some(t_ns) = time {
            line.right(start + 8 + TIME, Duration(t_ns));
        }
    }
    line.fill(start + text_start(half), ' ').text(piece);
}

/// Takes off the word that the piece ends within, if that leaves half of the piece.
fn word_begun(piece: &mut String) -> String {
    let begins = piece.rfind([' ', '_']).map(|at| at + 1).filter(|at| *at > piece.len() / 2);
    begins.map(|at| piece.split_off(at)).unwrap_or_default()
}

/// The text of a cell in pieces that fit into `room` columns.
fn pieces(cell: Option<&RowCell>, room: usize) -> Vec<String> {
    let Some(cell) = cell else { return Vec::new() };
    let (mut pieces, mut width) = (vec![String::new()], 0);
    for c in term::escaped(&cell.text).chars() {
        if width + columns(c) > room {
            let begun = pieces.last_mut().map(word_begun).unwrap_or_default();
            width = begun.chars().map(columns).sum();
            pieces.push(begun);
        }
        width += columns(c);
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}
