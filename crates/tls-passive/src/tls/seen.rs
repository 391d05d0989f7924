//! Records as they were captured, with what they held: told only where somebody writes them anew.

use super::TlsEvent;
use super::decrypt::{RecordCipher, RecordPlace};
use super::machine::{Out, Tls};
use super::record::{Beginning, ContentType, HEADER, Record};
use super::schedule13::Phase;
use crate::role::Role;

/// A record as it was captured.
#[derive(Debug)]
pub struct SeenRecord<'a> {
    pub(super) from: Role,
    /// Where its header begins, counted from the first byte that was fed of its direction.
    pub(super) start: u64,
    pub(super) what: Seen<'a>,
}

/// How much of a record there is.
#[derive(Debug)]
pub(super) enum Seen<'a> {
    /// All of it, and what it held.
    Whole(&'a Record<'a>, Held),
    /// Its header and less than all of the rest.
    Cut([u8; HEADER]),
}

/// What a record held.
#[derive(Debug)]
pub(super) enum Held {
    /// It was not protected.
    Clear,
    /// This, under its protection.
    Opened(Opened),
    /// Not what the keys for it open.
    Failed(Phase),
    /// Nobody knows.
    Closed,
}

/// What a protected record held.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) content_type: ContentType,
    pub(super) content: Vec<u8>,
    pub(super) place: RecordPlace,
    /// The keys that opened it, in TLS 1.3.
    pub(super) phase: Phase,
}

/// What becomes known of the record at hand.
#[derive(Default)]
pub(super) struct Watch {
    is_asked_for: bool,
    is_clear: bool,
    failed: Option<Phase>,
    opened: Option<(ContentType, Vec<u8>, Phase)>,
    place: RecordPlace,
}

impl Watch {
    pub(super) fn clear(&mut self) {
        self.is_clear = true;
    }

    pub(super) fn failed(&mut self, phase: Phase) {
        self.failed = Some(phase);
    }

    pub(super) fn opened(&mut self, content_type: ContentType, content: &[u8], phase: Phase) {
        if self.is_asked_for {
            self.opened = Some((content_type, content.to_vec(), phase));
        }
    }

    /// Takes the place of a record from the cipher that has just opened it.
    pub(super) fn place(&mut self, cipher: &RecordCipher, record: &Record<'_>) {
        self.place = cipher.last_place(record.fragment.len());
    }

    fn take(&mut self) -> Held {
        let is_clear = std::mem::take(&mut self.is_clear);
        match (self.opened.take(), self.failed.take()) {
            (Some((content_type, content, phase)), _) => {
                Held::Opened(Opened { content_type, content, place: self.place, phase })
            }
            (None, Some(phase)) => Held::Failed(phase),
            (None, None) if is_clear => Held::Clear,
            (None, None) => Held::Closed,
        }
    }
}

impl Tls {
    /// Tells of each record from now on.
    pub fn watch_records(&mut self) {
        self.watch.is_asked_for = true;
    }

    /// How many bytes of a direction were fed, gaps counted.
    #[must_use]
    pub fn fed(&self, from: Role) -> u64 {
        self.fed[from]
    }

    /// Tells of a record that ends before its time, if there is one.
    pub fn tell_cut(&mut self, from: Role, out: &mut Out<'_>) {
        let cut = self.readers[from].unfinished();
        self.tell_beginning(from, cut, out);
    }

    pub(super) fn tell_beginning(&mut self, from: Role, cut: Option<Beginning>, out: &mut Out<'_>) {
        if self.watch.is_asked_for
            && let Some((start, header)) = cut
        {
            out(TlsEvent::Record(SeenRecord { from, start, what: Seen::Cut(header) }));
        }
    }

    pub(super) fn tell_record(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        let held = self.watch.take();
        if self.watch.is_asked_for {
            let start = record.end.saturating_sub(record.wire_len());
            out(TlsEvent::Record(SeenRecord { from, start, what: Seen::Whole(record, held) }));
        }
    }
}
