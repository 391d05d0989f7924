//! Blanks names and bodies of one connection, byte for byte. It works on whole lines, and what it gives
//! keeps the runs that they came in.

use std::collections::VecDeque;
use std::mem;

use crate::export::lane::{Content, Run};
use crate::moment::Span;
use crate::redact::{blank_bytes, blank_command, blank_reply};
use crate::role::{PerRole, Role};

/// Bytes of a line that are waited for; a longer one is blanked in parts. More than any line that a
/// name stands in has (RFC 5321 §4.5.3.1).
pub(crate) const LONGEST_LINE: usize = 16 << 10;

/// The fixed part of a PROXY protocol header in binary form, and how it begins
/// (proxy-protocol.txt §2.2).
const PROXY_HEADER: usize = 16;
const PROXY_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Takes what is blanked.
pub(super) type Out<'o> = dyn FnMut(Role, Run<'_, Span>) + 'o;

/// The state of a connection.
pub(super) struct NameMask {
    lines: PerRole<Lines>,
    /// The next line of the server begins with its name.
    names_itself: bool,
}

/// One direction.
#[derive(Default)]
struct Lines {
    /// The beginning of a line.
    held: Vec<u8>,
    /// The runs that it is in.
    runs: VecDeque<Held>,
    is_body: bool,
}

struct Held {
    known: Span,
    offset: u64,
    len: usize,
    is_end: bool,
}

impl NameMask {
    pub(super) fn new() -> Self {
        Self { lines: PerRole::default(), names_itself: true }
    }

    /// Takes the next run of a direction.
    pub(super) fn push(&mut self, from: Role, run: &Run<'_, Span>, out: &mut Out<'_>) {
        let Content::Bytes(bytes) = run.content else {
            self.flush(from, out);
            return out(from, *run);
        };
        if self.lines[from].is_body != run.is_body {
            self.flush(from, out);
        }
        let lines = &mut self.lines[from];
        lines.is_body = run.is_body;
        let Run { known, offset, is_end, .. } = *run;
        lines.runs.push_back(Held { known, offset, len: bytes.len(), is_end });
        if (from, offset) == (Role::Client, 0) && bytes.starts_with(PROXY_SIGNATURE) {
            return self.push_proxied(bytes, out);
        }
        lines.held.extend_from_slice(bytes);
        self.blank_lines(from, out);
    }

    /// The addresses in a binary header become zeros.
    fn push_proxied(&mut self, bytes: &[u8], out: &mut Out<'_>) {
        let len = bytes
            .get(14..PROXY_HEADER)
            .map_or(0, |len| usize::from(len[0]) << 8 | usize::from(len[1]));
        let (fixed, rest) = bytes.split_at(PROXY_HEADER.min(bytes.len()));
        let (addresses, text) = rest.split_at(len.min(rest.len()));
        let header = [fixed, &vec![0; addresses.len()]].concat();
        self.give(Role::Client, &header, out);
        self.lines.client.held.extend_from_slice(text);
        self.blank_lines(Role::Client, out);
    }

    fn blank_lines(&mut self, from: Role, out: &mut Out<'_>) {
        let held = &mut self.lines[from].held;
        let Some(end) = held.iter().rposition(|byte| *byte == b'\n') else {
            if held.len() > LONGEST_LINE {
                self.flush(from, out);
            }
            return;
        };
        let rest = held.split_off(end + 1);
        let whole = mem::replace(held, rest);
        let safe: Vec<u8> = whole
            .split_inclusive(|byte| *byte == b'\n')
            .flat_map(|line| self.blank(from, line))
            .collect();
        self.give(from, &safe, out);
    }

    /// What is held, as if it were a whole line.
    pub(super) fn flush(&mut self, from: Role, out: &mut Out<'_>) {
        let held = mem::take(&mut self.lines[from].held);
        if !held.is_empty() {
            let safe = blank_bytes(&held);
            self.give(from, &safe, out);
        }
    }

    fn blank(&mut self, from: Role, line: &[u8]) -> Vec<u8> {
        if self.lines[from].is_body {
            return blank_bytes(line);
        }
        match from {
            Role::Client => {
                let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
                self.names_itself |= matches!(verb.as_slice(), b"EHLO" | b"HELO" | b"LHLO");
                blank_command(line)
            }
            Role::Server => {
                let names_itself = mem::take(&mut self.names_itself);
                blank_reply(line, names_itself)
            }
        }
    }

    /// Gives bytes in the runs that they came in.
    fn give(&mut self, from: Role, mut safe: &[u8], out: &mut Out<'_>) {
        let Lines { runs, is_body, .. } = &mut self.lines[from];
        while let Some(first) = runs.front_mut().filter(|_| !safe.is_empty()) {
            let (now, later) = safe.split_at(first.len.min(safe.len()));
            first.len -= now.len();
            let is_end = first.is_end && first.len == 0;
            let content = Content::Bytes(now);
            let (known, offset, is_body) = (first.known, first.offset, *is_body);
            out(from, Run { known, offset, content, is_body, is_end });
            first.offset += now.len() as u64;
            safe = later;
            if first.len == 0 {
                runs.pop_front();
            }
        }
    }
}
