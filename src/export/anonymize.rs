//! `anonymize`: a capture that may be shared. Each packet of the sessions is there with its time, its
//! numbers and its length, and TLS is written anew around text in which nobody is named.

mod packet;
mod sparse;
mod stream;
mod tap;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, mpsc};

use super::notice::numbers;
use super::plain::capture_head;
use super::runs::{Merge, Writer};
use super::staged::{Placed, StagedFile};
use super::{OrCannot as _, Result, Run};
use crate::export::pcapng::{self, COMMENT, Packet};
use crate::redact::Redactor;
use crate::report::SessionReport;
use crate::session::Ends;
use crate::tls::Aliases;
use packet::Seen;
use stream::Stream;
use tap::{Anonymous, AnonymousTap};

/// Lines of a key log in one block of secrets: less than 1 MiB.
const LINES_OF_A_BLOCK: usize = 4096;

/// What the file says of itself.
const COMMENT_OF_FILE: &str = "anonymized by smtp-decrypt: addresses are pseudonyms, names and bodies \
    are masked, and TLS is protected by made-up secrets, which are inside";

/// Why a session is not in the file.
const UNSHARABLE: &str = "left out, for nobody knows here which of its words are names: SSL 2.0, a \
    tunnel of a proxy, or another protocol than SMTP";

/// What names a session.
struct Chosen {
    id: u64,
    first_frame: u64,
    ends: Ends,
    is_closed: bool,
    is_sharable: bool,
    speaks_smtp: bool,
}

impl Chosen {
    fn new(session: &SessionReport) -> Self {
        let version = session.tls.as_ref().and_then(|tls| tls.version.as_deref());
        Self {
            id: session.id,
            first_frame: session.frames.first,
            ends: Ends { client: session.client.0, server: session.server.0 },
            is_closed: session.is_closed(),
            is_sharable: session.tunnel.is_none() && version != Some("SSLv2"),
            speaks_smtp: session.smtp.is_some(),
        }
    }
}

/// Writes the file, which gets its name later.
pub(crate) fn write(run: &mut Run<'_>, name: &str) -> Result<Vec<Placed>> {
    let (done, anonymous) = mpsc::channel();
    let aside = run.aside.to_owned();
    let aliases = Arc::new(Mutex::new(Aliases::default()));
    let mut chosen = Vec::new();
    run.read(
        |number| {
            let packets = Writer::new(StagedFile::new(aside.join(format!("{number}-packets"))));
            let tap = AnonymousTap::new(&aside, number, packets, &aliases, done.clone());
            Some(Box::new(tap))
        },
        |session| chosen.push(Chosen::new(session)),
    );
    chosen.sort_by_key(|session| session.id);
    let mut by_frame: HashMap<u64, Anonymous> =
        anonymous.try_iter().map(|session| (session.first_frame, session)).collect();
    let (mut sessions, mut left_out) = (Vec::new(), Vec::new());
    for session in chosen {
        let Some(anonymous) = by_frame.remove(&session.first_frame) else { continue };
        // Which words of another protocol are names, nobody here knows.
        match session.is_sharable && (session.speaks_smtp || !anonymous.says_anything) {
            true => sessions.push((session, anonymous)),
            false => left_out.push(session.id),
        }
    }
    if !left_out.is_empty() {
        run.notice.add(format!("{}: {UNSHARABLE}", numbers(&left_out)));
    }
    write_sessions(sessions, run, name)
}

fn write_sessions(
    sessions: Vec<(Chosen, Anonymous)>,
    run: &mut Run<'_>,
    name: &str,
) -> Result<Vec<Placed>> {
    if sessions.is_empty() {
        run.notice.add("nothing to write: there is no session to anonymize".to_owned());
        return Ok(Vec::new());
    }
    tell(&sessions, run);
    let mut redactor = Redactor::default();
    let (mut streams, mut written, mut key_log) = (Vec::new(), Vec::new(), Vec::new());
    for (session, anonymous) in sessions {
        let Ends { client, server } = session.ends;
        let shown = Ends { client: redactor.end(client), server: redactor.end(server) };
        key_log.extend(anonymous.rewritten.key_log);
        streams.push(Stream::new(session.ends, shown, anonymous.parts));
        written.push(anonymous.packets.or_cannot("write a session")?);
    }
    let mut file = run.file(name);
    file.push(&capture_head(COMMENT_OF_FILE));
    for lines in key_log.chunks(LINES_OF_A_BLOCK) {
        file.push(&pcapng::secrets(lines.concat().as_bytes()));
    }
    write_packets(&mut streams, Merge::new(written), &mut file)?;
    let (staged, bytes) = file.finish().or_cannot("write the capture")?;
    Ok(vec![Placed { staged, name: name.to_owned(), session: None, bytes }])
}

/// What leaves the house.
fn tell(sessions: &[(Chosen, Anonymous)], run: &mut Run<'_>) {
    let ids = |is_closed: bool| -> Vec<u64> {
        let is_zero = |(session, anonymous): &&(Chosen, Anonymous)| {
            session.is_closed || anonymous.rewritten.unsealed > 0
        };
        let of_kind = sessions.iter().filter(|session| is_zero(session) == is_closed);
        of_kind.map(|(session, _)| session.id).collect()
    };
    run.notice.say_of(
        &ids(false),
        "each packet at its time, handshakes, verbs and replies; IP addresses are pseudonyms, \
         names, bodies and what AUTH carries are masked",
    );
    run.notice.say_of(
        &ids(true),
        "each packet at its time and handshakes; IP addresses are pseudonyms; what lies in TLS that \
         is not opened, or cannot be written anew, is zeros, and no verbs and replies are to be seen",
    );
}

fn write_packets(
    streams: &mut [Stream],
    mut packets: Merge<Seen>,
    file: &mut StagedFile,
) -> Result<()> {
    let mut block = Vec::new();
    while let Some((session, seen)) = packets.next().or_cannot("read what was put aside")? {
        let Some(stream) = streams.get_mut(session) else { continue };
        let datagram = stream.datagram(&seen).or_cannot("read what was put aside")?;
        let comment = [(COMMENT, format!("original frame {}", seen.at.frame).into_bytes())];
        block.clear();
        let packet = Packet {
            interface: 0,
            // Before 1970 it wraps, as others write it.
            ticks: seen.at.ts.0.cast_unsigned(),
            wire_len: u32::try_from(datagram.len()).unwrap_or(u32::MAX).saturating_add(seen.cut),
            data: &datagram,
            options: &comment,
        };
        pcapng::packet(&packet, &mut block);
        file.push(&block);
    }
    Ok(())
}
