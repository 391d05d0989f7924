//! Several inputs as one capture: in time order between files, in file order within each.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{Cursor, Read};

use crate::moment::Timestamp;

use super::block::BLOCK_SIZE;
use super::file::{Item, OpenFile, Record};
use super::secrets::{Held, MAX_HELD};
use super::{DamageKind, FileFacts, Input, Original, Packet, Secrets};

/// Bytes read of a file to learn when it starts.
pub(super) const PROBE_SIZE: usize = 64 << 10;

/// Damaged places of one file behind which reading goes on. A file with more is rubble, and each
/// costs a search.
pub(super) const MOST_MENDED: u64 = 1000;

/// Takes each packet as its file has it.
type Copyist = dyn FnMut(&Original<'_>) + Send;

/// The inputs, merged by time.
///
/// Thousands of rotated files are not open together: each regular file is opened once to see when
/// it starts, closed, and opened again when the merge reaches it.
pub struct Capture {
    files: Vec<InputFile>,
    passed_over: Vec<FileFacts>,
    /// Who comes next, by the time of the packet at the head; ties by name, whatever the order on the
    /// command line.
    queue: BinaryHeap<Reverse<(Timestamp, usize, usize)>>,
    /// Whose head was lent by the previous call.
    lent: Option<usize>,
    /// Who has nothing for now.
    waiting: Option<usize>,
    frames: u64,
    secrets: Held,
    watcher: Option<Box<dyn FnMut(u64) + Send>>,
    copyist: Option<Box<Copyist>>,
}

impl Capture {
    /// Opens the inputs. Never fails: what could not be opened or read is in [`Self::files`].
    #[must_use]
    pub fn open(inputs: Vec<Input>) -> Self {
        let mut capture = Self::empty();
        for input in inputs {
            match input.files() {
                None => capture.add(input),
                Some(Ok(files)) => capture.add_directory(&input, files),
                Some(Err(kind)) => capture.files.push(InputFile::damaged(&input, kind)),
            }
        }
        capture.rank();
        capture
    }

    /// The files that can be read once more, each as a capture of its own: to be called before the
    /// first packet is taken.
    pub fn again(&self) -> impl Iterator<Item = Self> + use<'_> {
        self.files
            .iter()
            .filter_map(|file| file.closed.clone())
            .map(|input| Self::open(vec![input]))
    }

    /// Whether all files can be read once more.
    #[must_use]
    pub fn is_rereadable(&self) -> bool {
        self.files.iter().all(|file| file.closed.is_some() || file.open.is_none())
    }

    /// One capture file that is in memory.
    #[must_use]
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Self {
        Self::from_reader(name, Cursor::new(bytes))
    }

    /// One capture file that comes out of `reader`, however little it gives at a time.
    #[must_use]
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static) -> Self {
        let mut capture = Self::empty();
        let mut file = InputFile { facts: FileFacts::new(name), ..InputFile::default() };
        file.start(Box::new(reader), BLOCK_SIZE);
        capture.push(file);
        capture
    }

    /// The next packet in time order; frames are numbered from 1. `None` is the end unless
    /// [`Self::is_waiting`].
    pub fn next_packet(&mut self) -> Option<Packet<'_>> {
        if let Some(index) = self.lent.take().or_else(|| self.waiting.take()) {
            self.advance(index);
        }
        let (index, record) = self.earliest()?;
        self.lent = Some(index);
        self.frames += 1;
        let Record { ts, link, wire_len, .. } = record;
        self.files.get_mut(index)?.facts.count(ts, self.frames, record.is_cut());
        let file = self.files.get(index)?;
        let data = file.bytes(&record);
        if let (Some(copyist), Some(open)) = (&mut self.copyist, &file.open)
            && let Some(original) = open.original(&record)
        {
            copyist(&original);
        }
        if let Some(watcher) = &mut self.watcher {
            watcher(data.len() as u64);
        }
        let interface = record.written.interface;
        Some(Packet { frame: self.frames, ts, link, interface, wire_len, data })
    }

    /// The file of the packet given last, with so many packets as were read of it, that one among
    /// them.
    #[must_use]
    pub fn whence(&self) -> Option<&FileFacts> {
        Some(&self.files.get(self.lent?)?.facts)
    }

    /// Whether the reader said `WouldBlock`: there may be more later.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// From now on `watcher` hears the length of each packet: for a progress bar.
    pub fn watch(&mut self, watcher: impl FnMut(u64) + Send + 'static) {
        self.watcher = Some(Box::new(watcher));
    }

    /// From now on `copyist` sees each packet as its file has it, in the order of the frames.
    pub fn copy(&mut self, copyist: impl FnMut(&Original<'_>) + Send + 'static) {
        self.copyist = Some(Box::new(copyist));
    }

    /// The inputs in the order of the command line, directories as the files in them.
    pub fn files(&self) -> impl Iterator<Item = &FileFacts> {
        self.files.iter().map(|file| &file.facts)
    }

    /// What lies in directories and is no capture, with the reason in `damage`.
    pub fn passed_over(&self) -> &[FileFacts] {
        &self.passed_over
    }

    /// The decryption secrets read since the last call.
    pub fn take_secrets(&mut self) -> Vec<Secrets> {
        self.secrets.take()
    }

    fn empty() -> Self {
        Self {
            files: Vec::new(),
            passed_over: Vec::new(),
            queue: BinaryHeap::new(),
            lent: None,
            waiting: None,
            frames: 0,
            secrets: Held::default(),
            watcher: None,
            copyist: None,
        }
    }

    /// The captures among the files of a directory. What else lies there is no fault of theirs, unless
    /// there is nothing else.
    fn add_directory(&mut self, directory: &Input, files: Vec<Input>) {
        let before = self.files.len();
        for file in files.into_iter().map(InputFile::probed) {
            match file.is_no_capture() {
                true => self.passed_over.push(file.facts),
                false => self.push(file),
            }
        }
        if self.files.len() == before {
            self.files.push(InputFile::damaged(directory, DamageKind::NoCaptureInside));
        }
    }

    fn add(&mut self, input: Input) {
        let file = match input.is_rereadable() {
            true => InputFile::probed(input),
            false => InputFile::streaming(&input),
        };
        self.push(file);
    }

    /// Enters a file into the queue, at the time of its first packet.
    fn push(&mut self, file: InputFile) {
        let index = self.files.len();
        let probed = file.starts_at;
        self.files.push(file);
        match probed {
            Some(ts) => self.enter(ts, index),
            None => self.advance(index),
        }
    }

    /// Reads the next packet of a file and enters it into the queue.
    fn advance(&mut self, index: usize) {
        let Some(file) = self.files.get_mut(index) else { return };
        let is_waiting = file.advance(&mut self.secrets);
        self.waiting = is_waiting.then_some(index).or(self.waiting);
        if let Some(head) = &file.head {
            let ts = head.ts;
            self.enter(ts, index);
        }
    }

    /// Puts the files in order of their names, and the queue with them.
    fn rank(&mut self) {
        let mut order: Vec<_> = (0..self.files.len()).collect();
        order.sort_by_cached_key(|&index| {
            self.files.get(index).map(|file| name_order(&file.facts.path))
        });
        for (rank, index) in order.into_iter().enumerate() {
            if let Some(file) = self.files.get_mut(index) {
                file.rank = rank;
            }
        }
        for Reverse((ts, _, index)) in std::mem::take(&mut self.queue) {
            self.enter(ts, index);
        }
    }

    fn enter(&mut self, ts: Timestamp, index: usize) {
        let Some(file) = self.files.get(index) else { return };
        self.queue.push(Reverse((ts, file.rank, index)));
    }

    /// The file with the earliest packet, and that packet. One that is closed is opened, and waits
    /// in the queue again: it may have changed since it was probed.
    fn earliest(&mut self) -> Option<(usize, Record)> {
        loop {
            let Reverse((_, _, index)) = self.queue.pop()?;
            let file = self.files.get_mut(index)?;
            if let Some(record) = file.lend() {
                return Some((index, record));
            }
            file.reopen();
            self.advance(index);
        }
    }
}

/// Sorts names as people count: `tcpdump -C` calls the files of a capture `x`, `x1`, `x2` … `x10`.
/// Digits in a row are taken by their number, and what is no digit before any number.
fn name_order(name: &str) -> Vec<(bool, usize, &str)> {
    let is_digit = |c: char| c.is_ascii_digit();
    let mut parts = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_digit(c) != is_digit(first)).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        let number = part.trim_start_matches('0');
        parts.push(match is_digit(first) {
            true => (true, number.len(), number),
            false => (false, 0, part),
        });
        rest = behind;
    }
    parts
}

/// One input and how far it has been read.
#[derive(Default)]
struct InputFile {
    facts: FileFacts,
    /// Its place among the names of all files.
    rank: usize,
    /// For a file that is closed until the merge reaches it: how to open it, and the time of its
    /// first packet.
    closed: Option<Input>,
    starts_at: Option<Timestamp>,
    open: Option<OpenFile>,
    head: Option<Record>,
}

impl InputFile {
    fn damaged(input: &Input, kind: DamageKind) -> Self {
        let mut file = Self { facts: FileFacts::new(input.name()), ..Self::default() };
        file.facts.damaged(0, kind);
        file
    }

    /// A pipe: opened once and for all.
    fn streaming(input: &Input) -> Self {
        let mut file = Self { facts: FileFacts::new(input.name()), ..Self::default() };
        file.open(input, BLOCK_SIZE);
        file
    }

    /// Opened as far as the first packet and closed. A file without one is finished by that.
    fn probed(input: Input) -> Self {
        let mut file = Self { facts: FileFacts::new(input.name()), ..Self::default() };
        file.open(&input, PROBE_SIZE);
        // These secrets will be read again.
        file.advance(&mut Held::default());
        file.open = None;
        if let Some(head) = file.head.take() {
            file.starts_at = Some(head.ts);
            file.closed = Some(input);
        }
        file
    }

    fn open(&mut self, input: &Input, block_size: usize) {
        match input.open() {
            Ok(raw) => self.start(raw, block_size),
            Err(kind) => self.facts.damaged(0, kind),
        }
    }

    /// Whether it is something else, or nothing yet.
    fn is_no_capture(&self) -> bool {
        let kind = self.facts.damage.as_ref().map(|damage| &damage.kind);
        matches!(kind, Some(DamageKind::NotACapture(_) | DamageKind::Empty))
    }

    /// What was noted when it was probed will be noted again.
    fn reopen(&mut self) {
        if let Some(input) = self.closed.take() {
            self.facts = FileFacts::new(input.name());
            self.open(&input, BLOCK_SIZE);
        }
    }

    fn start(&mut self, raw: Box<dyn Read + Send>, block_size: usize) {
        match OpenFile::new(raw, block_size, &mut self.facts) {
            Ok(open) => self.open = Some(open),
            Err(kind) => self.facts.damaged(0, kind),
        }
    }

    /// Reads up to the next packet; at the end, closes the file. Tells whether there is nothing for
    /// now.
    fn advance(&mut self, secrets: &mut Held) -> bool {
        while let Some(open) = &mut self.open {
            let offset = open.offset();
            let item = open.next();
            self.facts.bytes = open.offset() - self.facts.skipped_bytes;
            match item {
                Ok(Some(Item::Packet(record))) => {
                    self.head = Some(record);
                    return false;
                }
                Ok(Some(Item::Interface(link))) => self.facts.declare(link),
                Ok(Some(Item::Statistics(statistics))) => {
                    self.facts.statistics = self.facts.statistics.plus(statistics);
                }
                Ok(Some(Item::Secrets(found))) => self.keep(found, secrets, offset),
                Ok(None) => self.finish(),
                Err(DamageKind::Waiting) => return true,
                Err(kind) => self.fail(kind),
            }
        }
        false
    }

    fn keep(&mut self, found: Secrets, secrets: &mut Held, offset: u64) {
        if !secrets.keep(found) {
            let reason = format!("more than {MAX_HELD} bytes of decryption secrets in a row");
            self.facts.damaged(offset, DamageKind::Corrupt(reason));
        }
    }

    fn finish(&mut self) {
        self.facts.complete = self.facts.damage.is_none();
        self.open = None;
    }

    /// Goes on behind damage, or closes the file. The offset is that of the record that could not
    /// be read: it was not consumed.
    fn fail(&mut self, kind: DamageKind) {
        let Some(open) = &mut self.open else { return };
        let offset = open.offset();
        let may_be_mended = kind.is_of_a_record() && self.facts.damages < MOST_MENDED;
        if let Some(skipped) = may_be_mended.then(|| open.recover()).flatten() {
            return self.facts.mended(offset, kind, skipped);
        }
        self.facts.damaged(offset, kind);
        self.open = None;
    }

    /// Gives the head away.
    fn lend(&mut self) -> Option<Record> {
        let record = self.head.take()?;
        self.facts.dropped_before_packets += record.dropped_before;
        Some(record)
    }

    fn bytes(&self, record: &Record) -> &[u8] {
        self.open.as_ref().map(|open| open.bytes(record)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
