//! Bytes of a key log, in pieces of any size, become secrets.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::line::{self, Line, LineFault};
use super::secret::{Kind, LoggedSecret, Origin, SecretBytes, SecretId};
use super::{KeyLog, MAX_SECRETS};
use crate::keys::error::{KeyError, Place, printable};
use crate::keys::problem::Problem;

/// Longer than the longest line that means something: a label and a premaster secret of 2048 bytes.
pub(in crate::keys) const MAX_LINE: usize = 8 << 10;

/// A damaged log would else give an error for each of its lines.
pub(in crate::keys) const MAX_FAULTS: usize = 1000;

/// Reads one log. Whatever the pieces, only a line is held besides the secrets.
pub(in crate::keys) struct Parser {
    name: Arc<str>,
    origin: Origin,
    log: KeyLog,
    faults: Vec<KeyError>,
    more_faults: usize,
    /// The beginning of a line whose end has not come; never grows, so that it is wiped whole.
    line: Zeroizing<Vec<u8>>,
    /// Whether the line at hand is longer than its buffer.
    overlong: bool,
    /// Lines begun.
    number: u32,
    /// Whether the last byte was a CR: the LF behind it ends no other line.
    after_cr: bool,
    unknown: Unknown,
    padded: Noted,
    zeros: Noted,
    client_session_id: Option<Box<[u8]>>,
    /// Nothing more of the log is worth reading.
    ended: bool,
}

/// Lines with the same message.
#[derive(Default)]
struct Noted {
    lines: usize,
    first: Option<u32>,
}

impl Noted {
    fn note(&mut self, line: u32) {
        self.lines += 1;
        self.first.get_or_insert(line);
    }
}

/// Lines that are none of a key log.
#[derive(Default)]
struct Unknown {
    lines: usize,
    /// The first line with what looks like a label.
    labeled: Option<(u32, String)>,
}

impl Parser {
    pub(in crate::keys) fn new(name: &str, origin: Origin) -> Self {
        let name: Arc<str> = name.into();
        Self {
            log: KeyLog { files: vec![name.clone()], ..KeyLog::default() },
            name,
            origin,
            faults: Vec::new(),
            more_faults: 0,
            line: Zeroizing::new(Vec::with_capacity(MAX_LINE)),
            overlong: false,
            number: 1,
            after_cr: false,
            unknown: Unknown::default(),
            padded: Noted::default(),
            zeros: Noted::default(),
            client_session_id: None,
            ended: false,
        }
    }

    /// Whether more of the log is worth reading: not of what is none, nor of an endless one.
    pub(in crate::keys) fn wants_more(&self) -> bool {
        !self.ended
    }

    /// Takes the next bytes.
    pub(in crate::keys) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.ended {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = bytes.iter().position(|b| matches!(b, b'\n' | b'\r')) else {
                return self.hold(bytes);
            };
            self.after_cr = bytes[end] == b'\r';
            self.line_end(&bytes[..end]);
            bytes = &bytes[end + 1..];
        }
    }

    /// The secrets, and what is wrong.
    pub(in crate::keys) fn finish(mut self) -> (KeyLog, Vec<KeyError>) {
        self.line_end(b"");
        let padded = self.tell_of(
            &self.padded,
            "zeros fill the secret up, as loggers do that write a whole buffer; \
             it is used without them",
        );
        let zeros = self.tell_of(
            &self.zeros,
            "zeros stand in place of a secret, as loggers write that look too \
             early; it is not used",
        );
        padded.into_iter().chain(zeros).for_each(|remark| self.log.remark(remark));
        if self.log.lines() == 0 && self.faults.is_empty() && self.zeros.lines == 0 {
            self.tell_of_nothing();
        } else {
            self.tell_of_unknown();
        }
        if self.more_faults > 0 {
            let problem = Problem::MoreLogFaults(self.more_faults);
            self.faults.push(KeyError::new(self.file(), problem));
        }
        (self.log, self.faults)
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = MAX_LINE - self.line.len();
        self.overlong |= bytes.len() > room;
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn line_end(&mut self, rest: &[u8]) {
        if self.line.is_empty() && rest.len() <= MAX_LINE {
            self.complete(rest);
        } else {
            self.hold(rest);
            // The buffer goes away and comes back, because the line is read by `&mut self`.
            let mut line = std::mem::take(&mut self.line);
            self.complete(&line);
            line.clear();
            self.line = line;
        }
        self.overlong = false;
        self.number = self.number.saturating_add(1);
    }

    fn complete(&mut self, line: &[u8]) {
        if self.ended {
            return;
        }
        let line = match line.strip_prefix(b"\xef\xbb\xbf") {
            Some(line) if self.number == 1 => line,
            _ => line,
        };
        if let Some(problem) = self.foreign(line) {
            self.ended = true;
            return self.faults.push(KeyError::new(self.file(), problem));
        }
        if self.overlong {
            return self.too_long(line);
        }
        match line::parse(line) {
            Ok(said) => self.take(said),
            Err(LineFault { at, problem }) => self.fault(at, problem),
        }
    }

    /// What shows that the whole file is no key log.
    fn foreign(&self, line: &[u8]) -> Option<Problem> {
        if self.number == 1 && (line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff")) {
            return Some(Problem::Utf16);
        }
        // A log may have a hole of zeros where a disk was full, but it does not begin with one.
        (self.log.lines() == 0 && line.contains(&0)).then_some(Problem::BinaryLog)
    }

    fn too_long(&mut self, line: &[u8]) {
        if line::has_label(line) {
            self.fault(0, Problem::LogLineTooLong);
        } else {
            self.unknown.lines += 1;
        }
    }

    fn take(&mut self, said: Line) {
        match said {
            Line::Nothing => {}
            Line::Unknown(label) => {
                self.unknown.lines += 1;
                let labeled = label.map(|label| (self.number, label));
                self.unknown.labeled = self.unknown.labeled.take().or(labeled);
            }
            Line::Secret(id, kind, bytes) => self.secret(&id, kind, bytes, false),
            Line::PaddedSecret(id, kind, bytes) => {
                self.padded.note(self.number);
                self.secret(&id, kind, bytes, true);
            }
            Line::Zeros => self.zeros.note(self.number),
            Line::ClientSessionId(id) => self.client_session_id = Some(id),
            Line::ClientMasterKey(bytes) => match self.client_session_id.take() {
                Some(id) if !id.is_empty() => {
                    self.secret(&SecretId::SessionId(id), Kind::Master, bytes, false);
                }
                _ => self.no_session_id(),
            },
            Line::NoSessionId => self.no_session_id(),
        }
    }

    fn secret(&mut self, id: &SecretId, kind: Kind, bytes: SecretBytes, is_padded: bool) {
        let at = (self.name.clone(), self.number);
        let mut secret = LoggedSecret::new(bytes, kind, at, self.origin);
        secret.is_padded = is_padded;
        if !self.log.insert(id, secret) {
            self.ended = true;
            let problem = Problem::TooManySecrets(MAX_SECRETS);
            return self.faults.push(KeyError::new(self.place(None), problem));
        }
        match self.origin {
            Origin::File => self.log.file_lines += 1,
            Origin::Dsb => self.log.dsb_lines += 1,
            Origin::Trailer => self.log.trailer_lines += 1,
            // No parser reads these: they are made of what was found.
            Origin::Remembered(_) => {}
        }
    }

    /// Nothing says whose secret this is (peers.md §2.2, ask 12).
    fn no_session_id(&mut self) {
        let place = self.place(None);
        self.log.remark(format!(
            "{place}: a master secret for an empty session ID, which no session can be found by: \
             a CLIENT_RANDOM line is needed"
        ));
    }

    fn fault(&mut self, at: usize, problem: Problem) {
        if self.faults.len() >= MAX_FAULTS {
            self.more_faults += 1;
            return;
        }
        let column = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        self.faults.push(KeyError::new(self.place(Some(column)), problem));
    }

    fn place(&self, column: Option<u32>) -> Place {
        Place { file: self.name.to_string(), line: Some(self.number), column }
    }

    fn file(&self) -> Place {
        Place { file: self.name.to_string(), line: None, column: None }
    }

    fn tell_of(&self, noted: &Noted, what: &str) -> Option<String> {
        let line = noted.first?;
        let more = match noted.lines {
            1 => String::new(),
            lines => format!(" (as in {} more lines)", lines - 1),
        };
        Some(format!("{}:{line}: {what}{more}", printable(&self.name)))
    }

    fn tell_of_nothing(&mut self) {
        let file = self.file();
        match self.unknown.lines {
            0 => self.log.remark(format!("{file}: the key log holds no secret")),
            _ => self.faults.push(KeyError::new(file, Problem::NotKeyLog)),
        }
    }

    fn tell_of_unknown(&mut self) {
        let Some((line, label)) = self.unknown.labeled.take() else { return };
        let also = match self.unknown.lines {
            1 => String::new(),
            lines => format!(", as are {} more", lines - 1),
        };
        let name = printable(&self.name);
        self.log.remark(format!("{name}:{line}: `{label}` is ignored: no known label{also}"));
    }
}
