//! `export pcapng-plain`: what was decrypted, as a capture of plaintext TCP that every tool reads
//! without keys.

pub(super) mod piece;
mod stream;
mod tap;

use std::collections::HashMap;
use std::sync::mpsc;

use super::masked_stream::Shows;
use super::notice::numbers;
use super::runs::{Merge, Writer};
use super::staged::{Placed, StagedFile};
use super::{OrCannot as _, Result, Run};
use crate::export::pcapng::{self, BlockOption, COMMENT, Packet};
use crate::redact::Redactor;
use crate::report::SessionReport;
use crate::role::Role;
use crate::session::Ends;
use piece::Piece;
use stream::Stream;
use tap::{Plain, PlainTap};

/// The file.
const PLAIN: &str = "plaintext.pcapng";

/// Datagrams with nothing before them (LINKTYPE_RAW): no address below IP is made up.
const RAW: u16 = 101;

/// What names a session, and whether some of it stayed closed.
struct Chosen {
    id: u64,
    first_frame: u64,
    ends: Ends,
    is_closed: bool,
    speaks_smtp: bool,
}

impl Chosen {
    fn new(session: &SessionReport) -> Self {
        Self {
            id: session.id,
            first_frame: session.frames.first,
            ends: Ends { client: session.client.0, server: session.server.0 },
            is_closed: session.is_closed(),
            speaks_smtp: session.smtp.is_some(),
        }
    }
}

/// Writes the file, which gets its name later.
pub(crate) fn write(run: &mut Run<'_>) -> Result<Vec<Placed>> {
    let (done, plains) = mpsc::channel();
    let aside = run.aside.to_owned();
    let shows = match (run.redacts, run.setup.reveal.auth) {
        (true, _) => Shows::NoNames,
        (false, true) => Shows::Secrets,
        (false, false) => Shows::Text,
    };
    let mut chosen = Vec::new();
    run.read(
        |number| {
            let file = StagedFile::new(aside.join(number.to_string()));
            Some(Box::new(PlainTap::new(shows, Writer::new(file), done.clone())))
        },
        |session| chosen.push(Chosen::new(session)),
    );
    chosen.sort_by_key(|session| session.id);
    let mut by_frame: HashMap<u64, Plain> =
        plains.try_iter().map(|plain| (plain.first_frame, plain)).collect();
    let mut sessions = Vec::new();
    for session in chosen {
        let Some(plain) = by_frame.remove(&session.first_frame) else { continue };
        let says_anything = Role::BOTH.iter().any(|&role| plain.numbers.total[role] > 0);
        // Which words of another protocol are names, nobody here knows.
        let is_safe = shows != Shows::NoNames || session.speaks_smtp || !says_anything;
        if is_safe && (says_anything || !session.is_closed) {
            sessions.push((session, plain));
        }
    }
    write_sessions(sessions, shows, run)
}

fn write_sessions(
    sessions: Vec<(Chosen, Plain)>,
    shows: Shows,
    run: &mut Run<'_>,
) -> Result<Vec<Placed>> {
    let ids: Vec<_> = sessions.iter().map(|(session, _)| session.id).collect();
    if ids.is_empty() {
        run.notice.add("nothing to write: no session is in the clear".to_owned());
        return Ok(Vec::new());
    }
    let holds = format!("{} in the clear: {}", numbers(&ids), shows.in_words());
    run.notice.add(format!("to be written: {holds}"));
    let mut redactor = (shows == Shows::NoNames).then(Redactor::default);
    let mut streams = Vec::new();
    let mut written = Vec::new();
    for (session, plain) in sessions {
        let missing = plain.missing.client.saturating_add(plain.missing.server);
        run.note_missing(&format!("session {}", session.id), missing, true);
        let shown = shown(session.ends, redactor.as_mut());
        streams.push(Stream::new(session.ends, shown, &plain.numbers));
        written.push(plain.written.or_cannot("write a session")?);
    }
    let mut file = run.file(PLAIN);
    file.push(&capture_head(&format!("made of a capture: {holds}")));
    write_packets(&mut streams, Merge::new(written), &mut file)?;
    let (staged, bytes) = file.finish().or_cannot("write the capture")?;
    Ok(vec![Placed { staged, name: PLAIN.to_owned(), session: None, bytes }])
}

fn shown(ends: Ends, redactor: Option<&mut Redactor>) -> Ends {
    let Some(redactor) = redactor else { return ends };
    Ends { client: redactor.end(ends.client), server: redactor.end(ends.server) }
}

/// The pieces of all sessions in order of frames.
fn write_packets(
    streams: &mut [Stream],
    mut pieces: Merge<Piece>,
    file: &mut StagedFile,
) -> Result<()> {
    let mut block = Vec::new();
    while let Some((session, piece)) = pieces.next().or_cannot("read what was put aside")? {
        let Some(stream) = streams.get_mut(session) else { continue };
        let comment = [(COMMENT, frames_of(&piece).into_bytes())];
        for datagram in stream.datagrams(&piece) {
            block.clear();
            pcapng::packet(&packet(&piece, &datagram, &comment), &mut block);
            file.push(&block);
        }
    }
    Ok(())
}

fn packet<'p>(piece: &Piece, datagram: &'p [u8], comment: &'p [BlockOption]) -> Packet<'p> {
    Packet {
        interface: 0,
        // Before 1970 it wraps, as others write it.
        ticks: piece.ts.0.cast_unsigned(),
        wire_len: u32::try_from(datagram.len()).unwrap_or(u32::MAX),
        data: datagram,
        options: comment,
    }
}

/// Which frames of the original a packet was made of.
fn frames_of(piece: &Piece) -> String {
    match (piece.first_frame, piece.place.frame) {
        (first, last) if first == last => format!("original frame {last}"),
        (first, last) => format!("original frames {first}-{last}"),
    }
}

/// How a capture of datagrams begins.
pub(super) fn capture_head(comment: &str) -> Vec<u8> {
    let mut head = Vec::new();
    pcapng::section(comment, &mut head);
    pcapng::nanosecond_interface(RAW, &mut head);
    head
}
