//! What a verdict is made of.

use crate::keys::{KeyIdentity, Origin as LogOrigin};
use crate::moment::Moment;
use crate::role::{PerRole, Role};
use crate::session::Ends;
use crate::tls::facts::{KeySearch, Opener, Secret};
use crate::tls::{Keys, TlsFacts};

/// What a verdict is made of.
pub(crate) struct Case<'a> {
    pub(crate) facts: &'a TlsFacts,
    pub(crate) keys: &'a Keys,
    pub(crate) ends: Ends,
    /// The server's greeting, where it was readable.
    pub(crate) greeting: Option<&'a str>,
    /// The connection was closed within the capture.
    pub(crate) closed: bool,
    /// Who said anything, in TLS or before it.
    pub(crate) spoke: PerRole<bool>,
}

/// Both sides have agreed, as far as that can be seen: the handshake was finished, or application
/// data flows.
pub(crate) fn is_established(facts: &TlsFacts) -> bool {
    let data = facts.first_application_data;
    facts.is_complete() || (data.client.is_some() && data.server.is_some())
}

impl Case<'_> {
    pub(super) fn secret(&self) -> Option<Secret> {
        match self.facts.keys {
            KeySearch::Opened(secret) => Some(secret),
            _ => None,
        }
    }

    pub(super) fn key(&self, opener: Opener) -> Option<&KeyIdentity> {
        match opener {
            Opener::RsaKey(id) => Some(self.keys.ring.key(id).identity()),
            Opener::PreShared(_)
            | Opener::KeyLog
            | Opener::Dsb
            | Opener::Trailer
            | Opener::Remembered(_) => None,
        }
    }

    /// What `keys[].source` calls it.
    pub(super) fn source(&self, opener: Opener) -> String {
        let log = |origin| {
            self.keys.ring.keylog().read().map(|log| log.source(origin)).unwrap_or_default()
        };
        match opener {
            Opener::RsaKey(id) => self.keys.ring.key(id).identity().source.clone(),
            Opener::PreShared(id) => self.keys.ring.pre_shared_key(id).source().to_owned(),
            Opener::KeyLog => log(LogOrigin::File),
            Opener::Dsb => log(LogOrigin::Dsb),
            Opener::Trailer => log(LogOrigin::Trailer),
            Opener::Remembered(find) => log(LogOrigin::Remembered(find)),
        }
    }

    pub(super) fn first_gap(&self) -> Option<(Moment, bool)> {
        let gaps = Role::BOTH.map(|role| self.facts.gaps[role]);
        gaps.iter().filter_map(|gap| Some((gap.first?, gap.cut > 0))).min()
    }
}
