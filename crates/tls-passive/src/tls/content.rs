//! What records hold, read in clear or opened.

use std::mem;

use super::machine::{MOST_ALERTS, Out, Protection, Tls};
use super::names::AlertDescription;
use super::record::{ContentType, Record};
use super::{Alert, TlsEvent};
use crate::moment::{Moment, Span};
use crate::role::Role;

impl Tls {
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

    pub(super) fn on_content(
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

    pub(super) fn on_first_application_data(&mut self, from: Role, at: Moment, out: &mut Out<'_>) {
        if self.facts.first_application_data[from].is_none() {
            self.facts.first_application_data[from] = Some(at);
            out(TlsEvent::FirstApplicationData(from, at));
        }
    }
}
