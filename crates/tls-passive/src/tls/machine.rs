//! The state machine of one TLS connection: records, and what protects them.

use std::mem;
use std::net::SocketAddr;

use super::TlsEvent;
use super::awaiting::{Arrival, Awaiting};
use super::decrypt::{RecordCipher, RecordGap, TrialBudget};
use super::disclosed::Disclosed;
use super::facts::{Gaps, MOST_QUOTED, TlsFacts};
use super::handshake::MessageJoiner;
use super::lock::{Locks, RecordLocks};
use super::names::ProtocolVersion;
use super::negotiation::Negotiation;
use super::openers::Keys;
use super::record::{Beginning, ContentType, Found, Record, RecordReader};
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
    pub(super) gaps: PerRole<Option<RecordGap>>,
    pub(super) negotiation: Negotiation,
    pub(super) schedule: Schedule,
    pub(super) ssl2: ssl2::State,
    pub(super) scratch: Vec<u8>,
    /// What may still be spent on records behind gaps.
    pub(super) budget: TrialBudget,
    pub(super) disclosed: Disclosed,
    pub(super) watch: Watch,
    /// The last bytes of each direction.
    pub(super) last: PerRole<Moment>,
    /// Bytes and gaps fed so far.
    pub(super) fed: PerRole<u64>,
    pub(super) locks: Locks,
    /// Whether it waits for the session that it resumes.
    pub(super) awaiting: Awaiting,
    pub(super) record_locks: RecordLocks,
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
            gaps: PerRole::default(),
            negotiation: Negotiation::default(),
            schedule: Schedule::default(),
            ssl2: ssl2::State::default(),
            scratch: Vec::new(),
            budget: TrialBudget::default(),
            disclosed: Disclosed::default(),
            watch: Watch::default(),
            last: PerRole::default(),
            fed: PerRole::default(),
            locks: Locks::default(),
            awaiting: Awaiting::default(),
            record_locks: RecordLocks::default(),
            facts: TlsFacts::default(),
        }
    }

    /// So many packets came before the connection.
    pub fn begin_behind(&mut self, packets: u64) {
        self.budget = TrialBudget::behind(packets);
    }

    /// What is known so far.
    #[must_use]
    pub fn facts(&self) -> &TlsFacts {
        &self.facts
    }

    /// What is known, when nothing more will come and what waited was [read](Self::settle).
    #[must_use]
    pub fn into_facts(mut self) -> TlsFacts {
        self.check_rest();
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
        self.last[from] = at;
        self.budget.earn(bytes.len());
        let bytes = self.feed_ssl2(from, bytes, is_first, at, out);
        let mut reader = mem::take(&mut self.readers[from]);
        reader.feed(bytes.as_slice(), at, &mut |found| self.take(from, found, out));
        self.readers[from] = reader;
    }

    fn take(&mut self, from: Role, found: Found<'_>, out: &mut Out<'_>) {
        if self.is_waiting() {
            return self.wait_with(from, Arrival::of(&found), out);
        }
        match found {
            Found::Record(record) if self.begins_to_wait(&record) => {
                self.wait_with(from, Arrival::Record(record.kept()), out);
            }
            Found::Record(record) => self.on_record(from, &record, out),
            Found::NotTls(bytes, at) => self.on_not_tls(from, bytes, at, out),
            Found::MoreOfIt(bytes) => self.quote(from, bytes),
        }
    }

    pub(super) fn on_not_tls(&mut self, from: Role, bytes: &[u8], at: Moment, out: &mut Out<'_>) {
        self.check_not_tls(from, at);
        self.facts.not_tls[from].get_or_insert(at);
        self.quote(from, bytes);
        out(TlsEvent::NotTls(from, bytes, at));
    }

    /// Keeps the beginning of what is no TLS, however it was cut into segments.
    pub(super) fn quote(&mut self, from: Role, bytes: &[u8]) {
        let quoted = &mut self.facts.not_tls_bytes[from];
        let room = MOST_QUOTED.saturating_sub(quoted.len()).min(bytes.len());
        quoted.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    /// Takes a gap in one direction.
    pub fn feed_gap(&mut self, from: Role, gap: Gap, at: Moment, out: &mut Out<'_>) {
        self.fed[from] = self.fed[from].saturating_add(gap.bytes);
        let cut = self.readers[from].unfinished();
        self.readers[from].skip(gap.bytes);
        match self.is_waiting() {
            true => self.wait_with(from, Arrival::Gap(gap, at, cut), out),
            false => self.on_gap(from, gap, at, cut, out),
        }
    }

    /// A gap, which may have cut a record.
    pub(super) fn on_gap(
        &mut self,
        from: Role,
        gap: Gap,
        at: Moment,
        cut: Option<Beginning>,
        out: &mut Out<'_>,
    ) {
        note_gap(&mut self.facts.gaps[from], gap, at);
        self.tell_beginning(from, cut, out);
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

    pub(super) fn on_record(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        self.lock_record(from, record);
        self.read_record(from, record, out);
        self.tell_record(from, record, out);
    }

    fn read_record(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        if record.header.content_type == ContentType::CHANGE_CIPHER_SPEC && self.is_for_show() {
            self.check_change_for_show(from, record);
            return self.watch.clear();
        }
        if let Some(gap) = &record.behind {
            self.widen(from, gap);
        }
        if is_bare_alert(record) {
            self.watch.clear();
            self.check_bare_alert(from, record);
            return self.on_alert(from, Some(record.fragment), false, record.at(), out);
        }
        match &self.protection[from] {
            Protection::Clear => self.on_clear(from, record, out),
            Protection::Pending => self.on_pending(from, record, out),
            Protection::Open(_) => self.on_protected(from, record, out),
            Protection::Opaque => self.on_keyless(from, record, out),
        }
        if self.budget.is_spent() {
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

    fn widen(&mut self, from: Role, gap: &RecordGap) {
        let wider = self.gaps[from].get_or_insert_with(RecordGap::default);
        wider.bytes = wider.bytes.saturating_add(gap.bytes);
        wider.before.clone_from(&gap.before);
    }

    /// In the clear as far as is known. Behind a gap ChangeCipherSpec may have been in it.
    fn on_clear(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        let gap = self.gaps[from].take();
        if let Some(gap) = gap.clone().filter(|_| self.negotiation.has_secret()) {
            if let Some((cipher, content_type)) = self.try_ciphers(from, record, Some(&gap)) {
                // Application data may have been in the gap too.
                out(TlsEvent::DataGap(from, gap.bytes, record.at()));
                return self.on_first_opened(from, record, cipher, content_type, out);
            }
            if record.header.content_type == ContentType::APPLICATION_DATA {
                out(TlsEvent::DataGap(from, gap.bytes, record.at()));
                self.gaps[from] = Some(gap);
                return self.on_pending(from, record, out);
            }
        }
        if record.header.content_type == ContentType::APPLICATION_DATA {
            self.gaps[from] = gap;
            return self.on_early_data(from, record, out);
        }
        self.watch.clear();
        self.check_clear(from, record);
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
        let gap = self.gaps[from].take();
        let opened = match &gap {
            None => cipher.open(record.header, record.fragment, &mut scratch),
            Some(gap) => {
                let budget = &mut self.budget;
                cipher.open_behind(gap, record.header, record.fragment, &mut scratch, budget)
            }
        };
        if opened.is_ok() {
            self.watch.place(cipher, record);
        }
        self.tally_protected(from, record);
        match opened {
            // What the content does to the protection counts from the next record on.
            Ok(content) => self.on_opened(from, record, content.content_type, content.bytes, out),
            Err(_) => self.on_unopened(from, record, gap, out),
        }
        self.scratch = scratch;
    }

    /// A record that the cipher does not open: in TLS 1.3 the keys may have changed in a gap, or
    /// early data was refused; else it stays closed.
    fn on_unopened(
        &mut self,
        from: Role,
        record: &Record<'_>,
        gap: Option<RecordGap>,
        out: &mut Out<'_>,
    ) {
        if let Some((cipher, content_type, content)) = self.next_stage(from, record, gap.as_ref()) {
            self.watch.place(&cipher, record);
            self.protection[from] = Protection::Open(cipher);
            return self.on_opened(from, record, content_type, &content, out);
        }
        if gap.is_some() {
            self.lose(from, gap, record);
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

fn note_gap(gaps: &mut Gaps, gap: Gap, at: Moment) {
    match gap.cause {
        GapCause::Lost => gaps.lost += gap.bytes,
        GapCause::SnapLength => gaps.cut += gap.bytes,
        GapCause::Tunnel => {
            gaps.cut += gap.bytes;
            gaps.cut_in_tunnel += gap.bytes;
        }
    }
    gaps.first.get_or_insert(at);
}
