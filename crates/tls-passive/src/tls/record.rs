//! The record layer: a byte stream becomes records (RFC 5246 §6.2.1, RFC 8446 §5.1).

use super::border::find_border;
use super::decrypt::RecordGap;
use super::names::ProtocolVersion;
use crate::moment::{Moment, Span};

/// Length of a record header in bytes.
pub(super) const HEADER: usize = 5;

/// A record may hold so many bytes: 2^14 of content and 2048 that compression and protection add
/// (RFC 5246 §6.2.3; TLS 1.3 allows less).
pub(super) const LARGEST_FRAGMENT: usize = (1 << 14) + 2048;

/// What a record carries (RFC 5246 §6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentType(pub(super) u8);

impl ContentType {
    pub(super) const CHANGE_CIPHER_SPEC: Self = Self(0x14);
    pub(super) const ALERT: Self = Self(0x15);
    pub(super) const HANDSHAKE: Self = Self(0x16);
    pub(super) const APPLICATION_DATA: Self = Self(0x17);
    /// RFC 6520 §3.
    const HEARTBEAT: Self = Self(0x18);
    /// Not on the wire: an SSL 2.0 ClientHello, which has a header of its own (RFC 5246 §E.2).
    pub(super) const SSL2_CLIENT_HELLO: Self = Self(0x00);

    pub(super) fn is_known(self) -> bool {
        (Self::CHANGE_CIPHER_SPEC.0..=Self::HEARTBEAT.0).contains(&self.0)
    }
}

/// What stands before the fragment of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordHeader {
    pub(super) content_type: ContentType,
    pub(super) version: ProtocolVersion,
}

/// A run of bytes and when it was captured; `end` counts from the start of the fragment.
#[derive(Clone, Copy, Debug)]
struct Mark {
    end: usize,
    at: Moment,
}

/// One whole record.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) header: RecordHeader,
    pub(super) fragment: &'a [u8],
    /// What was lost since the record before it.
    pub(super) behind: Option<RecordGap>,
    /// Bytes of the direction up to its end, counted from the first that was fed.
    pub(super) end: u64,
    marks: &'a [Mark],
    /// Bytes of `marks` before the fragment.
    skipped: usize,
}

impl Record<'_> {
    /// A copy for later.
    pub(super) fn kept(&self) -> KeptRecord {
        KeptRecord {
            header: self.header,
            fragment: self.fragment.to_vec(),
            behind: self.behind.clone(),
            end: self.end,
            marks: self.marks.to_vec(),
            skipped: self.skipped,
        }
    }

    /// What stood before the fragment (RFC 5246 §6.2.1, §E.2).
    pub(super) fn header_bytes(&self) -> Vec<u8> {
        let [high, low] = u16::try_from(self.fragment.len()).unwrap_or(u16::MAX).to_be_bytes();
        let RecordHeader { content_type, version } = self.header;
        match content_type {
            ContentType::SSL2_CLIENT_HELLO => vec![0x80 | high, low],
            _ => [&[content_type.0], &version.0.to_be_bytes()[..], &[high, low]].concat(),
        }
    }

    /// Its bytes on the wire.
    pub(super) fn wire_len(&self) -> u64 {
        (self.skipped + self.fragment.len()) as u64
    }

    /// The latest capture instant among all its bytes.
    pub(super) fn at(&self) -> Moment {
        self.marks.iter().map(|mark| mark.at).max().unwrap_or_default()
    }

    /// When all its bytes were captured.
    pub(super) fn span(&self) -> Span {
        let last = self.at();
        let first_frame = self.marks.iter().map(|mark| mark.at.frame).min().unwrap_or(last.frame);
        Span { first_frame, last }
    }

    /// The latest capture instant among the bytes `from..to` of the fragment.
    pub(super) fn at_of(&self, from: usize, to: usize) -> Moment {
        let (from, to) = (from + self.skipped, to + self.skipped);
        let mut start = 0;
        let mut latest = None;
        for mark in self.marks {
            if start < to && mark.end > from {
                latest = latest.max(Some(mark.at));
            }
            start = mark.end;
        }
        latest.unwrap_or_else(|| self.at())
    }
}

/// A record that is kept for later.
pub(super) struct KeptRecord {
    header: RecordHeader,
    fragment: Vec<u8>,
    behind: Option<RecordGap>,
    end: u64,
    marks: Vec<Mark>,
    skipped: usize,
}

impl KeptRecord {
    /// What it was.
    pub(super) fn as_record(&self) -> Record<'_> {
        Record {
            header: self.header,
            fragment: &self.fragment,
            behind: self.behind.clone(),
            end: self.end,
            marks: &self.marks,
            skipped: self.skipped,
        }
    }

    /// What it takes.
    pub(super) fn bytes(&self) -> usize {
        self.fragment.len() + size_of_val(self.marks.as_slice())
    }
}

/// Where a record begins, and its header.
pub(super) type Beginning = (u64, [u8; HEADER]);

/// What a [`RecordReader`] finds.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Record(Record<'a>),
    /// Bytes that are no record; no record will be found in this direction any more.
    NotTls(&'a [u8], Moment),
    /// What follows them.
    MoreOfIt(&'a [u8]),
}

/// Takes what is found.
type Out<'o> = dyn FnMut(Found<'_>) + 'o;

/// Cuts one direction's bytes into records. Whole records are handed on where they lie; only what
/// straddles two chunks is copied, so at most one record is buffered, and one more behind a gap.
#[derive(Debug)]
pub(super) struct RecordReader {
    partial: Vec<u8>,
    marks: Vec<Mark>,
    /// Records have been found: an SSL 2.0 hello can only be the first.
    started: bool,
    /// What the records found so far say of their version.
    version: Option<ProtocolVersion>,
    border: Border,
    /// The last border was found by its looks, and nothing has confirmed it.
    guessed: bool,
    /// Bytes of a damaged record that are still to come.
    to_skip: u64,
    /// What lies between the last whole record and the next.
    gap: Option<RecordGap>,
    /// Bytes of the direction up to the end of those that are being read.
    end: u64,
}

/// Where the next record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Border {
    /// Behind what was read.
    Known,
    /// Somewhere in what comes: there was a gap.
    Sought,
    /// Nowhere: this is not TLS.
    None,
}

/// Bytes before a record behind a gap that are kept: the longest block, and the longest MAC that
/// may stand behind it.
pub(super) const KEPT_BEFORE: usize = 16 + 48;

impl Default for RecordReader {
    fn default() -> Self {
        Self {
            partial: Vec::new(),
            marks: Vec::new(),
            started: false,
            version: None,
            border: Border::Known,
            guessed: false,
            to_skip: 0,
            gap: None,
            end: 0,
        }
    }
}

impl RecordReader {
    /// Takes the next bytes of the direction.
    pub(super) fn feed(&mut self, bytes: &[u8], at: Moment, found: &mut Out<'_>) {
        self.end = self.end.saturating_add(bytes.len() as u64);
        self.read(bytes, at, found);
    }

    /// When the record that is not complete began, or the bytes that wait behind a gap.
    pub(super) fn began(&self) -> Option<Moment> {
        let first = self.marks.first().filter(|_| !self.partial.is_empty())?;
        Some(first.at)
    }

    /// The header of a record that is not complete, and where it begins.
    pub(super) fn unfinished(&self) -> Option<Beginning> {
        let header = *self.partial.first_chunk().filter(|_| self.border == Border::Known)?;
        Some((self.end.checked_sub(self.partial.len() as u64)?, header))
    }

    fn read(&mut self, bytes: &[u8], at: Moment, found: &mut Out<'_>) {
        let mut rest = self.skip_damaged(bytes);
        while !rest.is_empty() {
            rest = match self.border {
                Border::None => return found(Found::MoreOfIt(rest)),
                Border::Sought => self.seek(rest, at, found),
                Border::Known if self.partial.is_empty() => self.read_in_place(rest, at, found),
                Border::Known => self.complete_partial(rest, at, found),
            };
        }
    }

    /// Takes a gap, also one of unknown length ahead of the first byte. If it lies within one
    /// record, the next border is still known; else it is sought.
    pub(super) fn skip(&mut self, bytes: u64) {
        self.end = self.end.saturating_add(bytes);
        if self.border == Border::None {
            return;
        }
        let damaged = self.to_skip.max(self.missing_of_partial());
        let gap = self.gap.get_or_insert_with(RecordGap::default);
        gap.bytes = gap.bytes.saturating_add(bytes).saturating_add(self.partial.len() as u64);
        gap.before.clear();
        self.partial.clear();
        self.marks.clear();
        if bytes > damaged || bytes == 0 {
            self.border = Border::Sought;
        }
        self.to_skip = damaged.saturating_sub(bytes);
    }

    fn missing_of_partial(&self) -> u64 {
        if self.border != Border::Known {
            return 0;
        }
        match framing(&self.partial, self.started) {
            Framing::Record { total, .. } => total.saturating_sub(self.partial.len()) as u64,
            Framing::TooShort | Framing::NotTls => 0,
        }
    }

    fn skip_damaged<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let skipped = usize::try_from(self.to_skip).unwrap_or(usize::MAX).min(bytes.len());
        let (damaged, rest) = bytes.split_at(skipped);
        self.to_skip -= skipped as u64;
        self.widen_gap(damaged);
        rest
    }

    /// Adds captured bytes that belong to no whole record.
    fn widen_gap(&mut self, bytes: &[u8]) {
        let Some(gap) = &mut self.gap else { return };
        gap.bytes = gap.bytes.saturating_add(bytes.len() as u64);
        gap.before.extend_from_slice(
            bytes.get(bytes.len().saturating_sub(KEPT_BEFORE)..).unwrap_or(bytes),
        );
        let excess = gap.before.len().saturating_sub(KEPT_BEFORE);
        gap.before.drain(..excess);
    }

    /// Looks for the border of a record in what was captured behind a gap.
    fn seek<'b>(&mut self, bytes: &'b [u8], at: Moment, found: &mut Out<'_>) -> &'b [u8] {
        self.keep(bytes, at);
        let (start, is_border) = find_border(&self.partial, self.version);
        let (partial, marks) = (std::mem::take(&mut self.partial), std::mem::take(&mut self.marks));
        self.widen_gap(partial.get(..start).unwrap_or_default());
        if is_border {
            self.border = Border::Known;
            self.guessed = true;
        }
        let mut from = 0;
        let whole = self.end;
        for mark in marks {
            let run = partial.get(from.max(start)..mark.end).unwrap_or_default();
            from = mark.end;
            self.end = whole.saturating_sub((partial.len() - mark.end) as u64);
            if is_border {
                self.read(run, mark.at, found);
            } else if !run.is_empty() {
                self.keep(run, mark.at);
            }
        }
        &[]
    }

    fn read_in_place<'b>(&mut self, bytes: &'b [u8], at: Moment, found: &mut Out<'_>) -> &'b [u8] {
        let (header, skipped, total) = match framing(bytes, self.started) {
            Framing::Record { header, skipped, total } => (header, skipped, total),
            Framing::TooShort => return self.keep(bytes, at),
            Framing::NotTls => return self.give_up(bytes, at, found),
        };
        let Some((record, rest)) = bytes.split_at_checked(total) else {
            return self.keep(bytes, at);
        };
        let marks = [Mark { end: total, at }];
        let fragment = record.get(skipped..).unwrap_or_default();
        let end = self.end.saturating_sub(rest.len() as u64);
        self.hand_on(header, fragment, (end, &marks), skipped, found);
        rest
    }

    fn hand_on(
        &mut self,
        header: RecordHeader,
        fragment: &[u8],
        (end, marks): (u64, &[Mark]),
        skipped: usize,
        found: &mut Out<'_>,
    ) {
        self.started = true;
        self.version = Some(header.version);
        let behind = self.gap.take();
        self.guessed &= behind.is_some();
        found(Found::Record(Record { header, fragment, behind, end, marks, skipped }));
    }

    fn keep<'b>(&mut self, bytes: &[u8], at: Moment) -> &'b [u8] {
        self.partial.extend_from_slice(bytes);
        let end = self.partial.len();
        match self.marks.last_mut().filter(|mark| mark.at == at) {
            Some(mark) => mark.end = end,
            None => self.marks.push(Mark { end, at }),
        }
        &[]
    }

    /// What is no record: behind a gap a false border was taken for one; else this is not TLS.
    fn give_up<'b>(&mut self, bytes: &[u8], at: Moment, found: &mut Out<'_>) -> &'b [u8] {
        if self.guessed {
            self.border = Border::Sought;
            self.gap.get_or_insert_with(RecordGap::default);
            self.widen_gap(bytes);
            return &[];
        }
        self.border = Border::None;
        found(Found::NotTls(bytes, at));
        &[]
    }

    /// Takes from `bytes` what the record in `partial` lacks, header first.
    fn complete_partial<'b>(
        &mut self,
        bytes: &'b [u8],
        at: Moment,
        found: &mut Out<'_>,
    ) -> &'b [u8] {
        let wanted = match framing(&self.partial, self.started) {
            Framing::Record { total, .. } => total.saturating_sub(self.partial.len()),
            Framing::TooShort => 1,
            Framing::NotTls => 0,
        };
        let (now, rest) = bytes.split_at(wanted.min(bytes.len()));
        self.keep(now, at);
        let (partial, marks) = (std::mem::take(&mut self.partial), std::mem::take(&mut self.marks));
        match framing(&partial, self.started) {
            Framing::Record { header, skipped, total } if total <= partial.len() => {
                let fragment = partial.get(skipped..).unwrap_or_default();
                let end = self.end.saturating_sub(rest.len() as u64);
                self.hand_on(header, fragment, (end, &marks), skipped, found);
                self.reuse(partial, marks);
            }
            Framing::NotTls => {
                self.give_up(&partial, at, found);
            }
            _ => (self.partial, self.marks) = (partial, marks),
        }
        rest
    }

    fn reuse(&mut self, mut partial: Vec<u8>, mut marks: Vec<Mark>) {
        partial.clear();
        marks.clear();
        (self.partial, self.marks) = (partial, marks);
    }
}

enum Framing {
    Record { header: RecordHeader, skipped: usize, total: usize },
    TooShort,
    NotTls,
}

fn framing(bytes: &[u8], started: bool) -> Framing {
    let Some(&first) = bytes.first() else { return Framing::TooShort };
    if !ContentType(first).is_known() {
        return if started { Framing::NotTls } else { ssl2_framing(bytes) };
    }
    let Some(&[_, major, minor, high, low]) = bytes.first_chunk::<HEADER>() else {
        return if bytes.get(1).is_some_and(|&major| major != 3) {
            Framing::NotTls
        } else {
            Framing::TooShort
        };
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if major != 3 || length > LARGEST_FRAGMENT {
        return Framing::NotTls;
    }
    let version = ProtocolVersion(u16::from_be_bytes([major, minor]));
    let header = RecordHeader { content_type: ContentType(first), version };
    Framing::Record { header, skipped: HEADER, total: HEADER + length }
}

/// An SSL 2.0 CLIENT-HELLO in a two-byte header: the top bit set, 15 bits of length, then the
/// message type 1 and the version (RFC 5246 §E.2).
fn ssl2_framing(bytes: &[u8]) -> Framing {
    let Some(&[high, low, message, major, minor]) = bytes.first_chunk() else {
        let plausible = bytes.first().is_some_and(|high| high & 0x80 != 0)
            && bytes.get(2).is_none_or(|&message| message == 1);
        return if plausible { Framing::TooShort } else { Framing::NotTls };
    };
    let version = ProtocolVersion(u16::from_be_bytes([major, minor]));
    let is_hello = high & 0x80 != 0 && message == 1 && (major == 3 || version.0 == 2);
    if !is_hello {
        return Framing::NotTls;
    }
    let length = usize::from(u16::from_be_bytes([high & 0x7F, low]));
    let header = RecordHeader { content_type: ContentType::SSL2_CLIENT_HELLO, version };
    Framing::Record { header, skipped: 2, total: 2 + length }
}

#[cfg(test)]
mod tests;
