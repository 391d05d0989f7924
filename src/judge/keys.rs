//! What each key opened.

use std::collections::BTreeMap;

use crate::hex::hex;
use crate::keys::{KeyIdentity, Origin};
use crate::report::document::KeyReport;
use crate::report::session::SessionReport;
use crate::tls::Keys;

impl KeyReport {
    /// What is told of each key and key log, with the number of sessions that each opened.
    #[must_use]
    pub fn of_keys(keys: &Keys, sessions: &[SessionReport]) -> Vec<Self> {
        let mut opened = Opened::default();
        sessions.iter().for_each(|session| opened.count(session));
        Self::of_counted(keys, &opened)
    }

    /// The same, where the sessions are gone and were counted.
    #[must_use]
    pub fn of_counted(keys: &Keys, opened: &Opened) -> Vec<Self> {
        let of_key = |identity: &KeyIdentity| Self {
            source: identity.source.clone(),
            path: identity.path.clone(),
            bits: Some(identity.bits),
            spki_sha256: Some(hex(&identity.spki_sha256)),
            sessions_opened: opened.by(&identity.source),
            note: identity.note.clone(),
        };
        let mut told: Vec<_> = keys.ring.keys().iter().map(|key| of_key(key.identity())).collect();
        told.extend(keys.ring.pre_shared().iter().map(|key| Self {
            source: key.source().to_owned(),
            path: String::new(),
            bits: None,
            spki_sha256: None,
            sessions_opened: opened.by(key.source()),
            note: None,
        }));
        let Some(log) = keys.ring.keylog().read() else { return told };
        let logs = [Origin::File, Origin::Dsb, Origin::Trailer].into_iter();
        for origin in logs.filter(|&origin| log.has(origin)).chain(log.finds()) {
            let source = log.source(origin);
            told.push(Self {
                sessions_opened: opened.by(&source),
                path: if origin == Origin::File {
                    log.files().collect::<Vec<_>>().join(", ")
                } else {
                    String::new()
                },
                source,
                bits: None,
                spki_sha256: None,
                note: None,
            });
        }
        told
    }
}

/// How many sessions each key opened, by its source.
#[derive(Debug, Default)]
pub struct Opened(BTreeMap<String, u64>);

impl Opened {
    /// Counts a session.
    pub fn count(&mut self, session: &SessionReport) {
        if let Some(source) = session.opened_by() {
            *self.0.entry(source.clone()).or_default() += 1;
        }
    }

    fn by(&self, source: &str) -> u64 {
        self.0.get(source).copied().unwrap_or_default()
    }
}
