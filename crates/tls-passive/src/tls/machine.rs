//! The state machine of one TLS connection: records, and what protects them.

use std::mem;
use std::net::SocketAddr;

use super::TlsEvent;
use super::decrypt::{Effort, Hole, RecordCipher};
use super::disclosed::Disclosed;
use super::facts::{Holes, MOST_QUOTED, TlsFacts};
use super::handshake::MessageJoiner;
use super::lock::Locks;
use super::names::ProtocolVersion;
use super::negotiation::Negotiation;
use super::openers::Keys;
use super::record::{ContentType, Found, Record, RecordReader};
use super::schedule13::Schedule;
use super::seen::Watch;
use super::sniff::looks_like_tls;
use super::ssl2;
use crate::flow::{Gap, GapCause};
use crate::moment::Moment;
use crate::role::{PerRole, Role};

/// The alerts that are kept; more than a few say nothing new, and a hostile peer sends thousands.
pub(super) const MOST_ALERTS: usize = 16;

/// Where the events go.
pub(super) type Out<'o> = dyn FnMut(TlsEvent<'_>) + 'o;

/// How the records of one direction are protected at the moment.
#[derive(Default)]
pub(super) enum Protection {
    #[default]
    Clear,
    /// Protected, by one of the secrets that were found: the next record tells.
    Pending,
    Open(Box<RecordCipher>),
    /// Protected, and nothing here opens it.
    Opaque,
}

/// One TLS connection.
pub struct Tls {
    pub(super) ends: [SocketAddr; 2],
    pub(super) keys: Keys,
    pub(super) readers: PerRole<RecordReader>,
    pub(super) joiners: PerRole<MessageJoiner>,
    pub(super) protection: PerRole<Protection>,
    /// What was lost before the next record.
    pub(super) holes: PerRole<Option<Hole>>,
    pub(super) negotiation: Negotiation,
    pub(super) schedule: Schedule,
    pub(super) ssl2: ssl2::State,
    pub(super) scratch: Vec<u8>,
    /// What may still be spent on records behind holes.
    pub(super) effort: Effort,
    pub(super) disclosed: Disclosed,
    pub(super) watch: Watch,
    /// Bytes and holes fed so far.
    pub(super) fed: PerRole<u64>,
    pub(super) locks: Locks,
    pub(super) facts: TlsFacts,
}

impl Tls {
    /// A connection between two ends, client first, to be opened with `keys`.
    #[must_use]
    pub fn new(ends: [SocketAddr; 2], keys: Keys) -> Self {
        Self {
            ends,
            keys,
            readers: PerRole::default(),
            joiners: PerRole::default(),
            protection: PerRole::default(),
            holes: PerRole::default(),
            negotiation: Negotiation::default(),
            schedule: Schedule::default(),
            ssl2: ssl2::State::default(),
            scratch: Vec::new(),
            effort: Effort::default(),
            disclosed: Disclosed::default(),
            watch: Watch::default(),
            fed: PerRole::default(),
            locks: Locks::default(),
            facts: TlsFacts::default(),
        }
    }

    /// So many packets came before the connection.
    pub fn begin_behind(&mut self, packets: u64) {
        self.effort = Effort::behind(packets);
    }

    /// What is known so far.
    #[must_use]
    pub fn facts(&self) -> &TlsFacts {
        &self.facts
    }

    /// What is known, when nothing more will come.
    #[must_use]
    pub fn into_facts(self) -> TlsFacts {
        self.facts
    }

    /// The capture begins when TLS may long be under way: in the middle of a record perhaps.
    pub fn begin_late(&mut self) {
        self.facts.began_late = true;
        self.negotiation.damaged = true;
    }

    /// Takes the next bytes of one direction.
    pub fn feed(&mut self, from: Role, bytes: &[u8], at: Moment, out: &mut Out<'_>) {
        self.fed[from] = self.fed[from].saturating_add(bytes.len() as u64);
        let is_first = !mem::replace(&mut self.facts.seen[from], true);
        if is_first && self.facts.began_late && !looks_like_tls(bytes) && !bytes.is_ascii() {
            self.readers[from].skip(0);
        }
        self.effort.earn(bytes.len());
        let bytes = self.feed_ssl2(from, bytes, is_first, at, out);
        let mut reader = mem::take(&mut self.readers[from]);
        reader.feed(bytes.as_slice(), at, &mut |found| match found {
            Found::Record(record) => self.on_record(from, &record, out),
            Found::NotTls(bytes, at) => {
                self.note_not_tls(from, bytes, at);
                out(TlsEvent::NotTls(from, bytes, at));
            }
        });
        self.readers[from] = reader;
    }

    fn note_not_tls(&mut self, from: Role, bytes: &[u8], at: Moment) {
        if self.facts.not_tls[from].is_none() {
            let quoted = bytes.get(..MOST_QUOTED).unwrap_or(bytes);
            self.facts.not_tls_bytes[from] = quoted.to_vec();
            self.facts.not_tls[from] = Some(at);
        }
    }

    /// Takes a hole in one direction.
    pub fn feed_gap(&mut self, from: Role, gap: Gap, at: Moment, out: &mut Out<'_>) {
        note_hole(&mut self.facts.holes[from], gap, at);
        self.fed[from] = self.fed[from].saturating_add(gap.bytes);
        self.tell_cut(from, out);
        self.readers[from].skip(gap.bytes);
        self.facts.damaged[from] += 1;
        if self.is_negotiating() || self.joiners[from].pending() > 0 {
            self.damage_handshake(from);
        }
        let is_ssl2 = self.end_ssl2(from, gap.bytes, at, out);
        if !is_ssl2 && !matches!(self.protection[from], Protection::Clear) {
            out(TlsEvent::DataGap(from, gap.bytes, at));
        }
    }

    pub(super) fn damage_handshake(&mut self, from: Role) {
        self.joiners[from].clear();
        self.negotiation.damaged = true;
    }

    pub(super) fn is_negotiating(&self) -> bool {
        !(self.negotiation.finished.client && self.negotiation.finished.server)
    }

    fn on_record(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        self.read_record(from, record, out);
        self.tell_record(from, record, out);
    }

    fn read_record(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        if record.header.content_type == ContentType::CHANGE_CIPHER_SPEC && self.is_for_show() {
            return self.watch.clear();
        }
        if let Some(hole) = &record.behind {
            self.widen(from, hole);
        }
        if is_bare_alert(record) {
            self.watch.clear();
            return self.on_alert(from, Some(record.fragment), false, record.at(), out);
        }
        match &self.protection[from] {
            Protection::Clear => self.on_clear(from, record, out),
            Protection::Pending => self.on_pending(from, record, out),
            Protection::Open(_) => self.on_protected(from, record, out),
            Protection::Opaque => self.on_keyless(from, record, out),
        }
        if self.effort.is_spent() {
            self.facts.search_given_up.get_or_insert_with(|| record.at());
        }
    }

    /// TLS 1.3 sends ChangeCipherSpec for the sake of middleboxes, in clear, also ahead of early
    /// data and so of the ServerHello (RFC 8446 §D.4).
    fn is_for_show(&self) -> bool {
        let hello = self.negotiation.client_hello.as_ref();
        let offered = hello.is_some_and(|hello| hello.highest_version() == ProtocolVersion::TLS13);
        let too_early = self.negotiation.server_hello.is_none() && !self.negotiation.damaged;
        self.facts.is_tls13() || (offered && too_early)
    }

    fn widen(&mut self, from: Role, hole: &Hole) {
        let wider = self.holes[from].get_or_insert_with(Hole::default);
        wider.bytes = wider.bytes.saturating_add(hole.bytes);
        wider.before.clone_from(&hole.before);
    }

    /// In the clear as far as is known. Behind a hole ChangeCipherSpec may have been in it.
    fn on_clear(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        let hole = self.holes[from].take();
        if let Some(hole) = hole.clone().filter(|_| self.negotiation.has_secret()) {
            if let Some((cipher, content_type)) = self.try_ciphers(from, record, Some(&hole)) {
                // Application data may have been in the hole too.
                out(TlsEvent::DataGap(from, hole.bytes, record.at()));
                return self.on_first_opened(from, record, cipher, content_type, out);
            }
            if record.header.content_type == ContentType::APPLICATION_DATA {
                out(TlsEvent::DataGap(from, hole.bytes, record.at()));
                self.holes[from] = Some(hole);
                return self.on_pending(from, record, out);
            }
        }
        if record.header.content_type == ContentType::APPLICATION_DATA {
            self.holes[from] = hole;
            return self.on_early_data(from, record, out);
        }
        self.watch.clear();
        self.on_content(from, record, record.header.content_type, record.fragment, out);
    }

    /// Application data in the clear is none: either the capture began after the handshake, or
    /// it is the early data of TLS 1.3 (RFC 8446 §4.2.10).
    fn on_early_data(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        if let Some(cipher) = self.early_data_cipher(from, record) {
            self.protection[from] = Protection::Open(cipher);
            return self.on_protected(from, record, out);
        }
        self.on_keyless(from, record, out);
    }

    fn on_protected(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        let Protection::Open(cipher) = &mut self.protection[from] else { return };
        let mut scratch = mem::take(&mut self.scratch);
        let hole = self.holes[from].take();
        let opened = match &hole {
            None => cipher.open(record.header, record.fragment, &mut scratch),
            Some(hole) => {
                let effort = &mut self.effort;
                cipher.open_behind(hole, record.header, record.fragment, &mut scratch, effort)
            }
        };
        if opened.is_ok() {
            self.watch.place(cipher, record);
        }
        self.tally_protected(from, record);
        match opened {
            // What the content does to the protection counts from the next record on.
            Ok(content) => self.on_opened(from, record, content.content_type, content.bytes, out),
            Err(_) => self.on_unopened(from, record, hole, out),
        }
        self.scratch = scratch;
    }

    /// A record that the cipher does not open: in TLS 1.3 the keys may have changed in a hole, or
    /// early data was refused; else it stays closed.
    fn on_unopened(
        &mut self,
        from: Role,
        record: &Record<'_>,
        hole: Option<Hole>,
        out: &mut Out<'_>,
    ) {
        if let Some((cipher, content_type, content)) = self.next_stage(from, record, hole.as_ref())
        {
            self.watch.place(&cipher, record);
            self.protection[from] = Protection::Open(cipher);
            return self.on_opened(from, record, content_type, &content, out);
        }
        if hole.is_some() {
            self.lose(from, hole, record);
        }
        self.on_failure(from, record, out);
    }

    pub(super) fn tally_protected(&mut self, from: Role, record: &Record<'_>) {
        let tally = &mut self.facts.protected[from];
        tally.records += 1;
        tally.bytes += record.fragment.len() as u64;
        if self.facts.is_tls13() {
            self.facts.sealed[from].note(record.fragment.len(), record.at());
        }
    }
}

/// An alert of two bytes is not protected, whatever should be: no suite adds less than a byte. Clients
/// send them so in TLS 1.3 where they have not got as far as their own keys, in TLS 1.2 by mistake.
fn is_bare_alert(record: &Record<'_>) -> bool {
    record.header.content_type == ContentType::ALERT && record.fragment.len() == 2
}

fn note_hole(holes: &mut Holes, gap: Gap, at: Moment) {
    match gap.cause {
        GapCause::Lost => holes.lost += gap.bytes,
        GapCause::SnapLength => holes.cut += gap.bytes,
        GapCause::Tunnel => {
            holes.cut += gap.bytes;
            holes.cut_in_tunnel += gap.bytes;
        }
    }
    holes.first.get_or_insert(at);
}
