//! Records that stay closed: only their type and length speak.

use super::TlsEvent;
use super::decrypt::RecordGap;
use super::facts::{KeySearch, Secret};
use super::machine::{Out, Protection, Tls};
use super::record::{ContentType, Record};
use crate::moment::Moment;
use crate::role::Role;

impl Tls {
    /// Protected, by keys that are not known, or not yet.
    pub(super) fn on_keyless(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        let opened = self.late_cipher13(from, record);
        let opened = opened.or_else(|| self.first_of_application(from, record));
        if opened.is_some() {
            self.pass_over_handshake13(from);
        }
        if let Some((cipher, content_type, content)) = opened {
            self.watch.place(&cipher, record);
            self.tally_protected(from, record);
            self.protection[from] = Protection::Open(cipher);
            return self.on_opened(from, record, content_type, &content, out);
        }
        self.protection[from] = Protection::Opaque;
        self.on_opaque(from, record, out);
    }

    /// Only secrets of application data were found, and they open the first of it: what came before are
    /// messages of the handshake, unless it may have been early data (RFC 8446 §4.2.10). Nobody sent
    /// anything to the other that stays closed.
    fn pass_over_handshake13(&mut self, from: Role) {
        let is_found = matches!(self.facts.keys, KeySearch::Opened(Secret::Remembered(_)));
        let is_early = from == Role::Client && self.offers_early_data();
        let keyless = self.facts.keyless[from];
        if !is_found || is_early || !self.facts.is_tls13() || self.facts.handshake_closed[from] > 0
        {
            return;
        }
        if self.facts.proof[from].pass_over(keyless) {
            self.facts.handshake_closed[from] = keyless;
            self.facts.keyless[from] = 0;
        }
    }

    /// Adds a record that could not be opened behind a gap to the gap.
    pub(super) fn lose(&mut self, from: Role, gap: Option<RecordGap>, record: &Record<'_>) {
        let Some(mut gap) = gap else { return };
        gap.bytes = gap.bytes.saturating_add(record.wire_len());
        gap.before = record.fragment.to_vec();
        self.gaps[from] = Some(gap);
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

    /// A record that is protected and cannot be opened: only its type speaks.
    pub(super) fn on_opaque(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        self.tally_protected(from, record);
        self.facts.keyless[from] += 1;
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
                let is_opened = matches!(self.facts.keys, KeySearch::Opened(_));
                if self.is_proven() && !self.facts.is_tls13() {
                    self.facts.closed_again.get_or_insert(at);
                }
                if is_opened && self.has_no_key_of_data13(from) {
                    out(TlsEvent::DataGap(from, record.fragment.len() as u64, at));
                }
                self.on_opaque_application_data(from, at, out);
            }
            _ => {}
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
}
