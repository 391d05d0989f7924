//! The state machine of one TLS connection: records, and what protects them.

use std::mem;
use std::net::SocketAddr;

use super::decrypt::{Effort, Hole, RecordCipher};
use super::disclosed::Disclosed;
use super::facts::{Holes, MOST_QUOTED, TlsFacts};
use super::handshake::MessageJoiner;
use super::lock::Locks;
use super::names::{AlertDescription, ProtocolVersion};
use super::negotiation::Negotiation;
use super::openers::Keys;
use super::record::{ContentType, Found, Record, RecordReader};
use super::schedule13::Schedule;
use super::seen::Watch;
use super::sniff::looks_like_tls;
use super::ssl2;
use super::{Alert, TlsEvent};
use crate::flow::{Gap, GapCause};
use crate::moment::{Moment, Span};
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
    /// The last bytes of each direction.
    pub(super) last: PerRole<Moment>,
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
            last: PerRole::default(),
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
        self.check_not_tls(from, at);
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

    fn damage_handshake(&mut self, from: Role) {
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
            self.check_change_for_show(from, record);
            return self.watch.clear();
        }
        if let Some(hole) = &record.behind {
            self.widen(from, hole);
        }
        if is_bare_alert(record) {
            self.watch.clear();
            self.check_bare_alert(from, record);
            return self.on_alert(from, Some(record.fragment), false, record.at(), out);
        }
        match mem::take(&mut self.protection[from]) {
            Protection::Clear => self.on_clear(from, record, out),
            Protection::Pending => self.on_pending(from, record, out),
            Protection::Open(cipher) => self.on_protected(from, record, cipher, out),
            Protection::Opaque => self.on_keyless(from, record, out),
        }
        if self.effort.is_spent() {
            self.facts.search_given_up.get_or_insert_with(|| record.at());
        }
    }

    /// Protected, by keys that are not known, or not yet.
    fn on_keyless(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        if let Some((cipher, content_type, content)) = self.late_cipher13(from, record) {
            self.watch.place(&cipher, record);
            self.tally_protected(from, record);
            self.protection[from] = Protection::Open(cipher);
            return self.on_opened(from, record, content_type, &content, out);
        }
        self.protection[from] = Protection::Opaque;
        self.on_opaque(from, record, out);
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
        self.check_clear(from, record);
        self.on_content(from, record, record.header.content_type, record.fragment, out);
    }

    /// Application data in the clear is none: either the capture began after the handshake, or
    /// it is the early data of TLS 1.3 (RFC 8446 §4.2.10).
    fn on_early_data(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        if let Some(cipher) = self.early_data_cipher(from, record) {
            return self.on_protected(from, record, cipher, out);
        }
        self.on_keyless(from, record, out);
    }

    fn on_protected(
        &mut self,
        from: Role,
        record: &Record<'_>,
        mut cipher: Box<RecordCipher>,
        out: &mut Out<'_>,
    ) {
        self.tally_protected(from, record);
        let mut scratch = mem::take(&mut self.scratch);
        let hole = self.holes[from].take();
        let opened = match &hole {
            None => cipher.open(record.header, record.fragment, &mut scratch),
            Some(hole) => {
                let effort = &mut self.effort;
                cipher.open_behind(hole, record.header, record.fragment, &mut scratch, effort)
            }
        };
        let Ok(content) = opened else {
            self.protection[from] = Protection::Open(cipher);
            self.scratch = scratch;
            return self.on_unopened(from, record, hole, out);
        };
        let content_type = content.content_type;
        // What the content does to the protection, it does to the direction, not to this cipher.
        self.protection[from] = Protection::Clear;
        self.on_opened(from, record, content_type, content.bytes, out);
        self.watch.place(&cipher, record);
        if matches!(self.protection[from], Protection::Clear) {
            self.protection[from] = Protection::Open(cipher);
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

    /// Adds a record that could not be opened behind a hole to the hole.
    pub(super) fn lose(&mut self, from: Role, hole: Option<Hole>, record: &Record<'_>) {
        let Some(mut hole) = hole else { return };
        hole.bytes = hole.bytes.saturating_add(record.wire_len());
        hole.before = record.fragment.to_vec();
        self.holes[from] = Some(hole);
    }

    pub(super) fn on_failure(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        self.facts.failed[from] += 1;
        self.watch.failed(self.schedule.phase(from));
        self.facts.first_failure.get_or_insert_with(|| record.at());
        self.facts.proof[from].leave(record.at());
        if !self.is_proven() {
            // The secret may be false: without it, this is what is seen.
            self.on_closed(from, record, out);
        }
        if record.header.content_type == ContentType::APPLICATION_DATA {
            out(TlsEvent::DataGap(from, record.fragment.len() as u64, record.at()));
        }
    }

    pub(super) fn tally_protected(&mut self, from: Role, record: &Record<'_>) {
        let tally = &mut self.facts.protected[from];
        tally.records += 1;
        tally.bytes += record.fragment.len() as u64;
        if self.facts.is_tls13() {
            self.facts.sealed[from].note(record.fragment.len(), record.at());
        }
    }

    /// A record that is protected and cannot be opened: only its type speaks.
    fn on_opaque(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        self.tally_protected(from, record);
        self.facts.proof[from].leave(record.at());
        self.on_closed(from, record, out);
    }

    fn on_closed(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        let at = record.at();
        match record.header.content_type {
            // In TLS 1.3 a protected alert calls itself application data (RFC 8446 §5.2): one that
            // calls itself an alert came before the keys.
            ContentType::ALERT if self.facts.is_tls13() => {
                self.on_alert(from, Some(record.fragment), false, at, out);
            }
            ContentType::ALERT => self.on_alert(from, None, true, at, out),
            ContentType::HANDSHAKE if self.facts.finished_at[from].is_none() => {
                self.facts.finished_at[from] = Some(at);
                self.negotiation.finished[from] = true;
                out(TlsEvent::OpaqueFinished(from, at));
            }
            ContentType::APPLICATION_DATA => {
                if self.is_proven() {
                    self.facts.closed_again.get_or_insert(at);
                }
                self.on_opaque_application_data(from, at, out);
            }
            _ => {}
        }
    }

    pub(super) fn on_first_application_data(&mut self, from: Role, at: Moment, out: &mut Out<'_>) {
        if self.facts.first_application_data[from].is_none() {
            self.facts.first_application_data[from] = Some(at);
            out(TlsEvent::FirstApplicationData(from, at));
        }
    }

    fn on_opaque_application_data(&mut self, from: Role, at: Moment, out: &mut Out<'_>) {
        if !self.facts.is_tls13() {
            return self.on_first_application_data(from, at, out);
        }
        if self.facts.first_application_data[from].is_none() {
            self.facts.first_application_data[from] = Some(at);
            out(TlsEvent::FirstOpaqueRecord(from, at));
        }
    }

    /// The content of a record that was opened.
    pub(super) fn on_opened(
        &mut self,
        from: Role,
        record: &Record<'_>,
        content_type: ContentType,
        content: &[u8],
        out: &mut Out<'_>,
    ) {
        self.facts.proof[from].verify();
        self.watch.opened(content_type, content, self.schedule.phase(from));
        match content_type {
            ContentType::ALERT => self.on_alert(from, Some(content), true, record.at(), out),
            ContentType::APPLICATION_DATA => {
                self.on_application_data(from, content, record.span(), out);
            }
            _ => self.on_content(from, record, content_type, content, out),
        }
    }

    pub(super) fn on_application_data(
        &mut self,
        from: Role,
        content: &[u8],
        at: Span,
        out: &mut Out<'_>,
    ) {
        self.on_first_application_data(from, at.last, out);
        let tally = &mut self.facts.opened[from];
        tally.records += 1;
        tally.bytes += content.len() as u64;
        if !content.is_empty() {
            out(TlsEvent::Data(from, content, at));
        }
    }

    fn on_content(
        &mut self,
        from: Role,
        record: &Record<'_>,
        content_type: ContentType,
        content: &[u8],
        out: &mut Out<'_>,
    ) {
        match content_type {
            ContentType::HANDSHAKE => self.on_handshake(from, record, content, out),
            ContentType::CHANGE_CIPHER_SPEC => self.on_change_cipher_spec(from, record.at(), out),
            ContentType::ALERT => self.on_alert(from, Some(content), false, record.at(), out),
            ContentType::SSL2_CLIENT_HELLO => self.on_ssl2_hello(record, content, out),
            _ => {}
        }
    }

    pub(super) fn on_alert(
        &mut self,
        from: Role,
        content: Option<&[u8]>,
        encrypted: bool,
        at: Moment,
        out: &mut Out<'_>,
    ) {
        let (level, description) = match content {
            Some(&[level, code, ..]) => (Some(level), Some(AlertDescription(u16::from(code)))),
            _ => (None, None),
        };
        let alert = Alert { from, level, description, encrypted, at };
        if self.facts.alerts.len() < MOST_ALERTS {
            self.facts.alerts.push(alert);
        }
        out(TlsEvent::Alert(alert));
    }

    fn on_change_cipher_spec(&mut self, from: Role, at: Moment, out: &mut Out<'_>) {
        self.facts.change_cipher_spec[from].get_or_insert(at);
        if self.facts.client_key_exchange_at.is_none() {
            self.on_abbreviated(from, at);
        }
        self.protection[from] =
            if self.negotiation.has_secret() { Protection::Pending } else { Protection::Opaque };
        out(TlsEvent::ChangeCipherSpec(from, at));
    }

    fn on_handshake(&mut self, from: Role, record: &Record<'_>, content: &[u8], out: &mut Out<'_>) {
        let mut joiner = mem::take(&mut self.joiners[from]);
        let fed = joiner.feed(record, content, |message| self.on_message(from, &message, out));
        self.joiners[from] = joiner;
        if fed.is_err() {
            self.facts.proof[from].leave(record.at());
            self.damage_handshake(from);
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
