//! The secrets of the sessions chosen: the one place where they are put into words, for `keylog` and
//! `pcapng-dsb` to write (law 6).

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{self, Sender};

use zeroize::Zeroizing;

use super::Run;
use crate::engine::Tap;
use crate::report::SessionReport;
use crate::session::Observer;
use crate::tls::KeyLogLine;

/// The name of SSL 2.0 in reports.
const SSL2: &str = "SSLv2";

/// Lines put into words at a time: a block of them has less than 1 MiB.
pub(crate) const LINES_OF_A_BLOCK: usize = 4096;

/// What opened one session.
struct Opened {
    /// The session's first frame, which no other session has.
    first_frame: u64,
    lines: Vec<KeyLogLine>,
}

/// Takes the secrets of one connection.
struct SecretsTap {
    lines: Vec<KeyLogLine>,
    done: Sender<Opened>,
}

impl Observer for SecretsTap {
    fn wants_secrets(&self) -> bool {
        true
    }

    fn secrets(&mut self, secrets: Vec<KeyLogLine>) {
        self.lines = secrets;
    }
}

impl Tap for SecretsTap {
    fn finish(self: Box<Self>, session: Option<&SessionReport>) {
        let Some(session) = session.filter(|_| !self.lines.is_empty()) else { return };
        // The other end is gone only if the run is over.
        let _ = self.done.send(Opened { first_frame: session.frames.first, lines: self.lines });
    }
}

/// Secrets in order of their sessions, none twice.
#[derive(Default)]
pub(super) struct Secrets {
    /// The sessions that were opened.
    pub(super) sessions: Vec<u64>,
    /// Sessions opened that have no secret which a key log could hold.
    pub(super) wordless: u64,
    lines: Vec<KeyLogLine>,
}

impl Secrets {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// All of them in clear, a line each, in blocks of bounded size.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
        self.lines.chunks(LINES_OF_A_BLOCK).map(disclose)
    }
}

fn disclose(lines: &[KeyLogLine]) -> Zeroizing<Vec<u8>> {
    let lines: Vec<_> = lines.iter().map(KeyLogLine::disclose).collect();
    let len = lines.iter().map(|line| line.len()).sum();
    // The capacity is exact: bytes that moved would leave a copy behind.
    let mut text = Zeroizing::new(Vec::with_capacity(len));
    lines.iter().for_each(|line| text.extend_from_slice(line));
    text
}

/// Reads all, and keeps what opened the sessions that are wanted.
pub(super) fn collect(run: &mut Run<'_>) -> Secrets {
    let (done, opened) = mpsc::channel();
    let mut wanted = Vec::new();
    let mut wordless = 0;
    run.read(
        |_| Some(Box::new(SecretsTap { lines: Vec::new(), done: done.clone() })),
        |session| {
            wordless += u64::from(is_opened_ssl2(session));
            wanted.push((session.id, session.frames.first));
        },
    );
    wanted.sort_unstable();
    let by_frame = opened.try_iter().map(|opened| (opened.first_frame, opened.lines)).collect();
    in_order(&wanted, by_frame, wordless)
}

fn in_order(
    wanted: &[(u64, u64)],
    mut by_frame: HashMap<u64, Vec<KeyLogLine>>,
    wordless: u64,
) -> Secrets {
    let of_sessions: Vec<_> =
        wanted.iter().filter_map(|(id, frame)| Some((*id, by_frame.remove(frame)?))).collect();
    let sessions = of_sessions.iter().map(|(id, _)| *id).collect();
    let lines: Vec<_> = of_sessions.into_iter().flat_map(|(_, lines)| lines).collect();
    let mut seen = HashSet::new();
    let is_new: Vec<_> = lines.iter().map(|line| seen.insert(line)).collect();
    let new = lines.into_iter().zip(is_new).filter_map(|(line, is_new)| is_new.then_some(line));
    Secrets { sessions, wordless, lines: new.collect() }
}

fn is_opened_ssl2(session: &SessionReport) -> bool {
    session
        .tls
        .as_ref()
        .is_some_and(|tls| tls.decryption.secret.is_some() && tls.version.as_deref() == Some(SSL2))
}
