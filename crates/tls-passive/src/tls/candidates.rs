//! Several secrets may be a session's: the first record that one of them opens tells which it is.

use std::mem;

use super::decrypt::{KeyLogLine, RecordCipher, RecordGap};
use super::facts::KeySearch;
use super::machine::{Out, Protection, Tls};
use super::record::{ContentType, Record};
use crate::role::Role;

impl Tls {
    /// The first record behind ChangeCipherSpec shows which secret is the right one.
    pub(super) fn on_pending(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        let gap = self.gaps[from].take();
        if let Some((cipher, content_type)) = self.try_ciphers(from, record, gap.as_ref()) {
            return self.on_first_opened(from, record, cipher, content_type, out);
        }
        self.tally_protected(from, record);
        if gap.is_some() {
            // It may still be one of them, if the gap took the block that TLS 1.0 chains to.
            self.protection[from] = Protection::Pending;
        } else {
            self.protection[from] = Protection::Opaque;
        }
        self.lose(from, gap, record);
        self.on_failure(from, record, out);
    }

    /// Tries each secret on a record. The content is left in `scratch`.
    pub(super) fn try_ciphers(
        &mut self,
        from: Role,
        record: &Record<'_>,
        gap: Option<&RecordGap>,
    ) -> Option<(Box<RecordCipher>, ContentType)> {
        let mut opened = Vec::new();
        for candidate in self.negotiation.possible() {
            if !self.budget.derive() {
                break;
            }
            let Some(mut cipher) = self.negotiation.cipher(candidate, from) else { continue };
            let (header, fragment) = (record.header, record.fragment);
            let content = match gap {
                None => cipher.open(header, fragment, &mut opened),
                Some(gap) => {
                    cipher.open_behind(gap, header, fragment, &mut opened, &mut self.budget)
                }
            };
            let Ok(content) = content else { continue };
            self.scratch.clear();
            self.scratch.extend_from_slice(content.bytes);
            let content_type = content.content_type;
            self.choose(candidate);
            return Some((Box::new(cipher), content_type));
        }
        None
    }

    /// A record was opened by a candidate.
    fn choose(&mut self, candidate: usize) {
        let Some((secret, random)) = self.negotiation.choose(candidate) else { return };
        self.facts.keys = KeySearch::Opened(secret);
        if let Some((random, master)) = self.negotiation.proven() {
            self.disclosed.add(|| KeyLogLine::of_master(random, master));
        }
        if let Some((log, random)) = self.keys.ring.keylog().read().zip(random) {
            // Its line is not one that no session asked for.
            let _ = log.has_random(&random);
        }
    }

    pub(super) fn on_first_opened(
        &mut self,
        from: Role,
        record: &Record<'_>,
        cipher: Box<RecordCipher>,
        content_type: ContentType,
        out: &mut Out<'_>,
    ) {
        self.tally_protected(from, record);
        self.watch.place(&cipher, record);
        self.protection[from] = Protection::Open(cipher);
        let content = mem::take(&mut self.scratch);
        self.on_opened(from, record, content_type, &content, out);
        self.scratch = content;
    }
}
