//! The packets of a session with their times in every format, and the bytes that each completed.

use askama::Template;

use super::inked::Inked;
use crate::render::text::duration::Duration;
use crate::render::text::hex::{ROW, ascii, hex, measure};
use crate::render::text::line::Line;
use crate::render::text::packets::{PacketNotes, flags, from};
use crate::render::text::times::Times;
use crate::report::{Content, PacketSeen, Piece, SessionReport, Transcript};
use crate::role::Role;

/// What the page has room for: a line of a packet is of 300 bytes, a byte in hex is of five.
pub(in crate::render) const MOST_PACKETS: usize = 20_000;
pub(in crate::render) const MOST_BYTES: usize = 1 << 20;

/// What of the transcripts the page still has room for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    packets: usize,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { packets: MOST_PACKETS, bytes: MOST_BYTES }
    }
}

impl Room {
    /// What a transcript may take of it; nothing if there is none left.
    pub(super) fn take(&mut self, transcript: &Transcript) -> Option<Self> {
        let bytes = transcript.pieces().iter().map(|piece| bytes(piece).len()).sum();
        let taken = Self {
            packets: self.packets.min(transcript.packets().len()),
            bytes: self.bytes.min(bytes),
        };
        self.packets -= taken.packets;
        self.bytes -= taken.bytes;
        (taken.packets + taken.bytes > 0).then_some(taken)
    }
}

fn bytes(piece: &Piece) -> &[u8] {
    match &piece.content {
        Content::Bytes(bytes) => bytes,
        Content::Body(_) | Content::Gap(_) => &[],
    }
}

/// The packets of a session.
#[derive(Debug, Template)]
#[template(path = "packets.html")]
pub(super) struct Packets {
    id: u64,
    rows: Vec<Row>,
    /// Bytes of a session whose packets were not asked for.
    dumps: Vec<Dump>,
    local: bool,
    further: u64,
    further_bytes: u64,
}

#[derive(Debug)]
struct Row {
    frame: u64,
    from: Role,
    times: Clocks,
    delta: Option<Duration>,
    flags: String,
    numbers: String,
    words: Inked,
    dumps: Vec<Dump>,
}

/// One moment in every format.
#[derive(Debug)]
struct Clocks {
    relative: String,
    utc: String,
    epoch: String,
    /// Only if asked for: the same capture makes the same page everywhere.
    local: Option<String>,
}

/// What a packet completed of what the application said.
#[derive(Debug)]
struct Dump {
    frame: u64,
    from: Role,
    relative: String,
    measure: Inked,
    lines: Vec<String>,
}

impl Packets {
    /// As much of a session's transcript as there is room for.
    pub(super) fn new(
        session: &SessionReport,
        transcript: &Transcript,
        mut room: Room,
        times: Times,
    ) -> Self {
        let given = room.bytes;
        let sheet = PacketNotes::new(session, transcript);
        let local = times == Times::Local;
        let mut last = None;
        let mut rows = Vec::new();
        for packet in transcript.packets().iter().take(room.packets) {
            let t_ns = packet.at.ts - session.start;
            let delta = last.map(|last| Duration(t_ns.saturating_sub(last)));
            last = Some(t_ns);
            let pieces = sheet.pieces.get(&packet.at.frame).into_iter().flatten();
            let dumps = pieces.filter_map(|piece| dump(piece, session, &mut room.bytes)).collect();
            rows.push(row(packet, delta, dumps, &sheet, session, local));
        }
        let dumps = match rows.is_empty() {
            true => transcript
                .pieces()
                .iter()
                .filter_map(|piece| dump(piece, session, &mut room.bytes))
                .collect(),
            false => Vec::new(),
        };
        let (omitted, omitted_bytes) = transcript.omitted();
        let all_bytes: usize = transcript.pieces().iter().map(|piece| bytes(piece).len()).sum();
        Self {
            id: session.id,
            further: omitted + (transcript.packets().len() - rows.len()) as u64,
            further_bytes: omitted_bytes + all_bytes.saturating_sub(given - room.bytes) as u64,
            rows,
            dumps,
            local,
        }
    }
}

impl Packets {
    /// Whether frames can be linked to.
    pub(super) fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }
}

fn row(
    packet: &PacketSeen,
    delta: Option<Duration>,
    dumps: Vec<Dump>,
    sheet: &PacketNotes<'_>,
    session: &SessionReport,
    local: bool,
) -> Row {
    let from = from(session, packet);
    let t_ns = packet.at.ts - session.start;
    let mut words = Line::default();
    sheet.words(from, packet, &mut words);
    let at = |times: Times| times.of(session.start, t_ns);
    Row {
        frame: packet.at.frame,
        from,
        times: Clocks {
            relative: at(Times::Relative),
            utc: at(Times::Utc),
            epoch: at(Times::Epoch),
            local: local.then(|| at(Times::Local)),
        },
        delta,
        flags: flags(packet.flags),
        numbers: sheet.numbers(from, packet),
        words: Inked::new(&words),
        dumps,
    }
}

/// The bytes of a piece, if there is room for them all.
fn dump(piece: &Piece, session: &SessionReport, room: &mut usize) -> Option<Dump> {
    let bytes = bytes(piece);
    *room = room.checked_sub(bytes.len())?;
    let mut words = Line::default();
    measure(piece, &mut words);
    let line = |(i, row): (usize, &[u8])| {
        let offset = piece.offset + (i * ROW) as u64;
        format!("{offset:08x}  {:<width$} {}", hex(row), ascii(row), width = 3 * ROW)
    };
    Some(Dump {
        frame: piece.at.frame,
        from: piece.from,
        relative: Times::Relative.of(session.start, piece.at.ts - session.start),
        measure: Inked::new(&words),
        lines: bytes.chunks(ROW).enumerate().map(line).collect(),
    })
}
