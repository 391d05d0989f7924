//! A line a packet, as tcpdump reads them, with what each carried: also what was inside TLS.

use std::collections::HashMap;
use std::io;
use std::ops::Range;

use super::grid::{Grid, Instant};
use super::hex;
use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use super::timeline::{ARROW, arrow, describe};
use crate::report::{
    Layer, PacketSeen, Piece, SessionReport, TimelineEntry, TimelineEvent, Transcript,
};
use crate::role::{PerRole, Role};

/// FIN, SYN, RST, PSH, ACK and URG in the order and letters of tcpdump.
const FLAGS: [(u8, char); 6] =
    [(0x01, 'F'), (0x02, 'S'), (0x04, 'R'), (0x08, 'P'), (0x10, '.'), (0x20, 'U')];

const SYN: u8 = 0x02;

/// FIN, SYN and RST: their window says nothing.
const ENDS: u8 = 0x07;

/// Writes the packets; with `bytes`, under each what it completed of the application's.
pub(super) fn section(session: &SessionReport, bytes: bool, page: &mut Page<'_>) -> io::Result<()> {
    let Some(transcript) = &session.transcript else { return Ok(()) };
    page.heading("Packets")?;
    let grid = &mut Grid::brief(session, page.times());
    page.put(&grid.header())?;
    let sheet = PacketNotes::new(session, transcript);
    for packet in transcript.packets() {
        page.put(&sheet.line(packet, grid))?;
        let pieces = sheet.pieces.get(&packet.at.frame).filter(|_| bytes);
        pieces.into_iter().flatten().try_for_each(|piece| hex::piece(piece, page))?;
    }
    let (more, _) = transcript.omitted();
    if more > 0 {
        page.put(grid.untimed(0).own("[").text(more).own(" more packets were not kept]"))?;
    }
    page.blank()
}

/// What is known of the packets of a session.
pub(in crate::render) struct PacketNotes<'a> {
    session: &'a SessionReport,
    /// The sequence number that counts as 0, by sender.
    bases: PerRole<Option<u32>>,
    events: HashMap<u64, Vec<&'a TimelineEntry>>,
    pub(in crate::render) pieces: HashMap<u64, Vec<&'a Piece>>,
    bodies: Vec<Range<u64>>,
}

impl<'a> PacketNotes<'a> {
    pub(in crate::render) fn new(session: &'a SessionReport, transcript: &'a Transcript) -> Self {
        let mut events: HashMap<_, Vec<_>> = HashMap::new();
        for entry in &session.timeline {
            events.entry(entry.frame).or_default().push(entry);
        }
        let mut pieces: HashMap<_, Vec<_>> = HashMap::new();
        for piece in transcript.pieces() {
            pieces.entry(piece.at.frame).or_default().push(piece);
        }
        let packets = transcript.packets();
        let bases = PerRole::new(|role| base(packets, |packet| from(session, packet) == role));
        Self { session, bases, events, pieces, bodies: bodies(&session.timeline) }
    }

    fn line(&self, packet: &PacketSeen, grid: &mut Grid) -> Line {
        let role = from(self.session, packet);
        let at = Instant { t_ns: packet.at.ts - self.session.start, frame: packet.at.frame };
        let mut line = grid.line(at, ARROW);
        line.ink(Ink::of_role(role)).own(arrow(role)).ink(Ink::Plain).text(flags(packet.flags));
        line.ink(Ink::Dim).own(" ").text(self.numbers(role, packet)).ink(Ink::Plain);
        self.words(role, packet, &mut line);
        line
    }

    /// Sequence numbers, acknowledgement and length.
    pub(in crate::render) fn numbers(&self, role: Role, packet: &PacketSeen) -> String {
        let mut numbers = String::new();
        let relative = |number: u32, role: Role| {
            self.bases[role].map_or(number, |base| number.wrapping_sub(base))
        };
        let seq = relative(packet.seq, role);
        if packet.len > 0 {
            numbers = format!("{seq}:{} ", u64::from(seq) + packet.len);
        } else if packet.flags & ENDS != 0 {
            numbers = format!("{seq} ");
        }
        if let Some(ack) = packet.ack {
            numbers += &format!("ack {} ", relative(ack, role.peer()));
        }
        format!("{numbers}len {}", packet.len)
    }

    /// What it carried.
    pub(in crate::render) fn words(&self, role: Role, packet: &PacketSeen, line: &mut Line) {
        let events = self.events.get(&packet.at.frame).map_or(&[][..], Vec::as_slice);
        let told = told(events, role);
        for (i, entry) in told.iter().enumerate() {
            line.own(if i == 0 { "  " } else { ", " });
            say(entry, line);
        }
        if told.is_empty() && packet.len > 0 {
            line.ink(Ink::Dim).own("  ").own(self.silent(role, packet)).ink(Ink::Plain);
        }
        if packet.is_copy {
            line.inked(Ink::Dim, "  captured twice");
        }
        if packet.window == 0 && packet.flags & ENDS == 0 {
            line.inked(Ink::Warn, "  window 0");
        }
    }

    /// What a packet is whose bytes end nothing.
    fn silent(&self, role: Role, packet: &PacketSeen) -> &'static str {
        let frame = packet.at.frame;
        if role == Role::Client && self.bodies.iter().any(|body| body.contains(&frame)) {
            return "(message)";
        }
        let tls = self.session.timeline.iter().find(|entry| entry.event.layer() == Layer::Tls);
        match tls {
            Some(first) if first.frame <= frame => "(TLS records)",
            _ => "(more of it)",
        }
    }
}

/// What is worth telling of a packet: what was said in it says also that data came, and the end of
/// a message that it began.
pub(in crate::render) fn told<'a>(
    events: &[&'a TimelineEntry],
    role: Role,
) -> Vec<&'a TimelineEntry> {
    let has = |name: TimelineEvent| events.iter().any(|entry| entry.event == name);
    let speaks =
        [TimelineEvent::SmtpCommand, TimelineEvent::SmtpReply, TimelineEvent::SmtpGreeting]
            .into_iter()
            .any(has);
    let is_told = |entry: &&TimelineEntry| match entry.event {
        TimelineEvent::TlsFirstApplicationData => !speaks && !has(TimelineEvent::SmtpDataStart),
        TimelineEvent::SmtpDataStart => !has(TimelineEvent::SmtpDataEnd),
        _ => true,
    };
    let mine = events.iter().copied().filter(|entry| entry.from == Some(role));
    mine.filter(is_told).collect()
}

/// What happened, in the words of its protocol.
pub(in crate::render) fn say(entry: &TimelineEntry, line: &mut Line) {
    let detail = entry.detail.as_deref().unwrap_or_default();
    let role = entry.from.unwrap_or(Role::Client);
    match entry.event {
        TimelineEvent::SmtpCommand | TimelineEvent::SmtpReply | TimelineEvent::SmtpGreeting => {
            line.ink(Ink::of_role(role)).text(detail).ink(Ink::Plain);
        }
        TimelineEvent::SmtpDataStart => _ = line.own("message"),
        TimelineEvent::SmtpDataEnd => _ = line.own("end of message"),
        TimelineEvent::TcpRetransmission => _ = line.inked(Ink::Bad, "retransmission"),
        _ => describe(entry, line),
    }
}

pub(in crate::render) fn from(session: &SessionReport, packet: &PacketSeen) -> Role {
    if packet.source == session.client.0 { Role::Client } else { Role::Server }
}

/// The SYN's own number; without a SYN, one less than the lowest that was seen.
fn base(packets: &[PacketSeen], is_mine: impl Fn(&PacketSeen) -> bool) -> Option<u32> {
    let mine = || packets.iter().filter(|packet| is_mine(packet));
    if let Some(syn) = mine().find(|packet| packet.flags & SYN != 0) {
        return Some(syn.seq);
    }
    let first = mine().next()?.seq;
    let lowest = mine().map(|packet| packet.seq.wrapping_sub(first).cast_signed()).min()?;
    Some(first.wrapping_add_signed(lowest).wrapping_sub(1))
}

/// From the first frame of each message to its last.
fn bodies(timeline: &[TimelineEntry]) -> Vec<Range<u64>> {
    let frames = |event: TimelineEvent| {
        timeline.iter().filter(move |entry| entry.event == event).map(|entry| entry.frame)
    };
    let starts = frames(TimelineEvent::SmtpDataStart);
    let ends = frames(TimelineEvent::SmtpDataEnd).chain(std::iter::repeat(u64::MAX));
    starts.zip(ends).map(|(start, end)| start..end).collect()
}

pub(in crate::render) fn flags(flags: u8) -> String {
    let letters: String =
        FLAGS.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, letter)| letter).collect();
    format!("[{}]", if letters.is_empty() { "none" } else { &letters })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_written_as_tcpdump_writes_them() {
        let shown = [0x02, 0x12, 0x10, 0x18, 0x11, 0x14, 0x00].map(flags);
        assert_eq!(shown, ["[S]", "[S.]", "[.]", "[P.]", "[F.]", "[R.]", "[none]"]);
    }
}
