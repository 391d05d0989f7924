//! Message bodies: their measure, and what they say where that was asked for.

use std::io;

use super::grid::Grid;
use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use crate::report::MailReport;

/// Digits of a hash that are shown: enough to find the file that `sha256sum` names.
const HASH_DIGITS: usize = 16;

/// Lines of a body that are shown.
const MOST_LINES: usize = 200;

/// `306 bytes, sha256 22cbccbeea88047e`.
pub(in crate::render) fn measure<'l>(mail: &MailReport, line: &'l mut Line) -> &'l mut Line {
    match mail.bytes {
        Some(bytes) => line.text(bytes).own(" bytes"),
        None => line.own("size unknown"),
    };
    if let Some(hash) = &mail.sha256 {
        line.own(", sha256 ").text(hash.chars().take(HASH_DIGITS).collect::<String>());
    }
    if !mail.complete {
        line.inked(Ink::Warn, ", not wholly captured");
    }
    line
}

/// Writes the body, if it was revealed.
pub(super) fn body(mail: &MailReport, grid: &Grid, page: &mut Page<'_>) -> io::Result<()> {
    let Some(body) = &mail.body else { return Ok(()) };
    for text in body.lines().take(MOST_LINES) {
        page.put(grid.untimed(2).ink(Ink::Client).own("| ").text(text))?;
    }
    let left_off = body.lines().count().saturating_sub(MOST_LINES);
    let is_cut = mail.bytes.is_some_and(|bytes| bytes > body.len() as u64);
    let mut line = grid.untimed(2);
    line.own("| ").ink(Ink::Dim);
    match (left_off, is_cut) {
        (0, false) => return Ok(()),
        (0, true) => line.own("[the message goes on]"),
        (n, _) => line.own("[").text(n).own(" more lines and what may follow them]"),
    };
    page.put(&line)
}
