//! The parts of a message (RFC 2045, RFC 2046) as its body passes by: types, names and sizes, each
//! part measured and hashed as it is when decoded. Nothing of a body is kept.

mod decoder;

use memchr::{memchr, memmem};
use sha2::{Digest, Sha256};

use super::fields::PartFields;
use super::header::HeaderReader;
use decoder::Decoder;

/// Longest boundary line that is looked for: a boundary has 70 characters at most (RFC 2046
/// §5.1.1); senders that do not care have more.
pub(super) const MAX_BOUNDARY_LINE: usize = 256;

/// Most bytes of a part's header that are kept.
pub(super) const MAX_PART_HEADER: usize = 16 * 1024;

/// Most multiparts within multiparts: servers refuse more (Postfix's `mime_nesting_limit` is 100).
pub(super) const MOST_LEVELS: usize = 100;

/// Most parts of a message that are told; those beyond are passed over.
pub(super) const MOST_PARTS: usize = 256;

/// A part that is no multipart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its place: `1`, `2.1`, as in IMAP (RFC 3501 §6.4.5).
    pub number: String,
    /// `text/plain`, in small letters.
    pub content_type: String,
    /// The file's name, decoded.
    pub name: Option<String>,
    /// `attachment` or `inline`.
    pub disposition: Option<String>,
    /// `base64`, `quoted-printable` and so on, in small letters.
    pub transfer_encoding: Option<String>,
    /// Its length in bytes as sent; none if bytes are missing.
    pub encoded_bytes: Option<u64>,
    /// Its length in bytes when decoded; none if bytes are missing.
    pub bytes: Option<u64>,
    /// The SHA-256 of what it is when decoded; none if bytes are missing.
    pub sha256: Option<[u8; 32]>,
}

/// What the bytes between two boundaries are.
enum Place {
    /// Ahead of the first part of a multipart, or behind its last.
    Between,
    Header(HeaderReader),
    Leaf(Box<Leaf>),
}

/// One multipart.
struct Level {
    boundary: Vec<u8>,
    /// Parts that it has had.
    parts: u32,
}

/// Finds the parts of one message.
pub(super) struct Parts {
    found: Vec<Part>,
    levels: Vec<Level>,
    place: Place,
    /// The line under way, as long as it may be a boundary.
    line: Vec<u8>,
    /// Whether the next byte begins a line.
    at_start: bool,
    /// A line end that belongs to the boundary behind it, if one comes.
    held: &'static [u8],
}

impl Parts {
    /// The parts of a message with these fields.
    pub(super) fn new(fields: PartFields) -> Self {
        let mut parts = Self {
            found: Vec::new(),
            levels: Vec::new(),
            place: Place::Between,
            line: Vec::new(),
            at_start: true,
            held: b"",
        };
        parts.open(fields);
        parts
    }

    /// Takes the next bytes of the body.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at_checked(self.together(rest)).unwrap_or((rest, &[]));
            self.push_piece(piece);
            rest = behind;
        }
    }

    /// How many of the bytes to come can be looked at together: a line, if it may be a boundary or
    /// the end of a header; else all lines up to one that may be.
    fn together(&self, bytes: &[u8]) -> usize {
        let is_in_doubt = !self.line.is_empty() || (self.at_start && bytes.starts_with(b"-"));
        let is_header = matches!(self.place, Place::Header(_));
        let lf = match self.levels.is_empty() {
            true => None,
            false if is_in_doubt || is_header => memchr(b'\n', bytes),
            false => memmem::find(bytes, b"\n-"),
        };
        lf.map_or(bytes.len(), |lf| lf.saturating_add(1))
    }

    /// Bytes are missing here.
    pub(super) fn lose(&mut self) {
        self.release();
        self.at_start = false;
        match &mut self.place {
            Place::Leaf(leaf) => leaf.is_whole = false,
            // What kind of part it is will not be known.
            Place::Header(_) => self.place = Place::Between,
            Place::Between => {}
        }
    }

    /// The parts; `whole` tells whether the message came to its end.
    pub(super) fn finish(mut self, whole: bool) -> Vec<Part> {
        if self.line_is_boundary() {
            self.on_boundary();
        }
        self.release();
        if let (Place::Leaf(leaf), false) = (&mut self.place, whole) {
            leaf.is_whole = false;
        }
        self.close();
        self.found
    }

    /// Lines that are no boundary, a line, or a piece of one.
    fn push_piece(&mut self, piece: &[u8]) {
        let ends = piece.ends_with(b"\n");
        let in_doubt = !self.levels.is_empty() && (self.at_start || !self.line.is_empty());
        self.at_start = ends;
        let may_be = |line: &[u8]| b"--".iter().zip(line).all(|(a, b)| a == b);
        if !in_doubt || (self.line.is_empty() && !may_be(piece)) {
            return self.content(piece);
        }
        self.line.extend_from_slice(piece);
        if ends && self.line_is_boundary() {
            return self.on_boundary();
        }
        if ends || !may_be(&self.line) || self.line.len() > MAX_BOUNDARY_LINE {
            self.release();
        }
    }

    /// Lets go what was held back: it is content.
    fn release(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.emit(held);
        let line = std::mem::take(&mut self.line);
        self.content(&line);
    }

    /// Content of whatever is under way; its line end is held back, for a boundary may follow.
    fn content(&mut self, bytes: &[u8]) {
        // A header ends with its last line, not before the next one.
        if self.levels.is_empty() || matches!(self.place, Place::Header(_)) {
            return self.emit(bytes);
        }
        if bytes.is_empty() {
            return;
        }
        let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let end: &[u8] = match bytes.get(text.len()..).unwrap_or_default() {
            b"\r\n" => b"\r\n",
            b"\n" => b"\n",
            b"\r" => b"\r",
            _ => b"",
        };
        // A CR held from the piece before and this LF are one line end.
        let goes_on = text.is_empty() && self.held == b"\r" && end == b"\n";
        if !goes_on {
            let held = std::mem::take(&mut self.held);
            self.emit(held);
        }
        self.emit(text);
        self.held = if goes_on { b"\r\n" } else { end };
    }

    fn emit(&mut self, bytes: &[u8]) {
        match &mut self.place {
            Place::Between => {}
            Place::Leaf(leaf) => leaf.push(bytes),
            Place::Header(reader) => {
                let Some(body) = reader.push(bytes) else { return };
                let fields = PartFields::read(reader.bytes());
                self.open(fields);
                self.emit(body);
            }
        }
    }

    /// A part's header is over.
    fn open(&mut self, fields: PartFields) {
        match fields.boundary {
            Some(boundary) if self.levels.len() < MOST_LEVELS => {
                self.levels.push(Level { boundary: boundary.into_bytes(), parts: 0 });
                self.place = Place::Between;
            }
            _ if self.found.len() >= MOST_PARTS => self.place = Place::Between,
            _ => {
                let leaf = Leaf::new(Part { number: self.number(), ..fields.part });
                self.place = Place::Leaf(Box::new(leaf));
            }
        }
    }

    /// `1` in a message that is no multipart.
    fn number(&self) -> String {
        let numbers: Vec<_> = self.levels.iter().map(|level| level.parts.to_string()).collect();
        if numbers.is_empty() { "1".to_owned() } else { numbers.join(".") }
    }

    fn line_is_boundary(&self) -> bool {
        self.boundary_of_line().is_some()
    }

    /// The level whose boundary the line is, and whether it closes it; the innermost first.
    fn boundary_of_line(&self) -> Option<(usize, bool)> {
        let line = self.line.trim_ascii_end().strip_prefix(b"--")?;
        let is_of = |level: &Level| match line.strip_prefix(&level.boundary[..])? {
            b"" => Some(false),
            b"--" => Some(true),
            _ => None,
        };
        let levels = self.levels.iter().enumerate().rev();
        levels.filter_map(|(i, level)| Some((i, is_of(level)?))).next()
    }

    fn on_boundary(&mut self) {
        let Some((i, closes)) = self.boundary_of_line() else { return };
        self.line.clear();
        self.held = b"";
        self.close();
        self.levels.truncate(i.saturating_add(usize::from(!closes)));
        if closes {
            // Its epilogue may hold no boundary but those of the levels around it.
            self.place = Place::Between;
            return;
        }
        if let Some(level) = self.levels.last_mut() {
            level.parts = level.parts.saturating_add(1);
        }
        self.place = Place::Header(HeaderReader::new(MAX_PART_HEADER));
    }

    /// The part under way is over.
    fn close(&mut self) {
        let place = std::mem::replace(&mut self.place, Place::Between);
        let leaf = match place {
            Place::Between => return,
            Place::Leaf(leaf) => *leaf,
            // A part that is header alone.
            Place::Header(reader) => {
                let fields = PartFields::read(reader.bytes());
                Leaf::new(Part { number: self.number(), ..fields.part })
            }
        };
        if self.found.len() < MOST_PARTS {
            self.found.push(leaf.finish());
        }
    }
}

/// A part that is passing by.
struct Leaf {
    part: Part,
    decoder: Decoder,
    hash: Sha256,
    encoded_bytes: u64,
    bytes: u64,
    is_whole: bool,
}

impl Leaf {
    fn new(part: Part) -> Self {
        let decoder = Decoder::new(part.transfer_encoding.as_deref());
        Self { part, decoder, hash: Sha256::new(), encoded_bytes: 0, bytes: 0, is_whole: true }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.encoded_bytes = self.encoded_bytes.saturating_add(bytes.len() as u64);
        let (hash, count) = (&mut self.hash, &mut self.bytes);
        self.decoder.push(bytes, &mut |decoded| take(decoded, hash, count));
    }

    fn finish(mut self) -> Part {
        let (hash, count) = (&mut self.hash, &mut self.bytes);
        self.decoder.finish(&mut |decoded| take(decoded, hash, count));
        Part {
            encoded_bytes: self.is_whole.then_some(self.encoded_bytes),
            bytes: self.is_whole.then_some(self.bytes),
            sha256: self.is_whole.then(|| self.hash.finalize().into()),
            ..self.part
        }
    }
}

fn take(decoded: &[u8], hash: &mut Sha256, count: &mut u64) {
    hash.update(decoded);
    *count = count.saturating_add(decoded.len() as u64);
}

#[cfg(test)]
mod tests;
