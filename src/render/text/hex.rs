//! Bytes of the application in hex and ASCII, as `xxd` shows them.

use std::fmt::Write as _;
use std::io;

use super::grid::{Grid, Instant};
use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use super::timeline::{ARROW, arrow};
use crate::report::{Content, Piece, SessionReport};

/// Bytes in a line: with offset and ASCII they fit into 80 columns.
pub(in crate::render) const ROW: usize = 16;

/// Where the hex begins, and where the ASCII does.
const HEX: usize = 14;
const ASCII: usize = HEX + 3 * ROW + 1;

/// Writes what the applications said, packet by packet.
pub(super) fn section(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let Some(transcript) = &session.transcript else { return Ok(()) };
    page.heading("Application data")?;
    let grid = &mut Grid::new(session, page.times());
    page.put(&grid.header())?;
    for piece in transcript.pieces() {
        let t_ns = piece.at.ts - session.start;
        let mut line = grid.line(Instant { t_ns, frame: piece.at.frame }, ARROW);
        line.ink(Ink::of_role(piece.from)).own(arrow(piece.from)).ink(Ink::Plain);
        measure(piece, &mut line);
        page.put(&line)?;
        self::piece(piece, page)?;
    }
    match transcript.omitted() {
        (_, 0) => page.blank(),
        (_, more) => {
            page.put(grid.untimed(0).own("[").text(more).own(" more bytes were not kept]"))?;
            page.blank()
        }
    }
}

pub(in crate::render) fn measure(piece: &Piece, line: &mut Line) {
    match &piece.content {
        Content::Bytes(bytes) if bytes.len() == 1 => line.own("1 byte"),
        Content::Bytes(bytes) => line.text(bytes.len()).own(" bytes"),
        Content::Body(len) => {
            line.own("[message of ").text(len).own(" bytes, masked: --reveal body shows it]")
        }
        Content::Gap(len) => {
            line.inked(Ink::Bad, "[").text(len).inked(Ink::Bad, " bytes not captured]")
        }
    };
}

/// Writes the bytes of a piece, if they are to be shown.
pub(super) fn piece(piece: &Piece, page: &mut Page<'_>) -> io::Result<()> {
    let Content::Bytes(bytes) = &piece.content else { return Ok(()) };
    for (i, row) in bytes.chunks(ROW).enumerate() {
        let mut line = Line::default();
        line.ink(Ink::Dim)
            .own("    ")
            .text(format_args!("{:08x}", piece.offset + (i * ROW) as u64));
        line.tab(HEX).ink(Ink::of_role(piece.from)).text(hex(row)).tab(ASCII).text(ascii(row));
        page.put(&line)?;
    }
    Ok(())
}

pub(in crate::render) fn hex(row: &[u8]) -> String {
    row.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x} ");
        text
    })
}

pub(in crate::render) fn ascii(row: &[u8]) -> String {
    let shown = |&byte: &u8| if matches!(byte, b' '..=b'~') { char::from(byte) } else { '.' };
    row.iter().map(shown).collect()
}
