//! What one connection says, with what is not to be shown covered byte for byte. It is given when nothing
//! of it is in doubt any more.

pub(crate) mod names;

use std::mem;

use crate::export::lane::{Lane, Run};
use crate::moment::Span;
use crate::role::{PerRole, Role};
use crate::smtp::{SecretSpan, SmtpEvent};
use names::NameMask;

/// How much of what was said is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shows {
    /// All of it.
    Secrets,
    /// All but AUTH secrets.
    Text,
    /// No name, address or body either.
    NoNames,
}

impl Shows {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Secrets => "envelopes, bodies, and what AUTH carries",
            Self::Text => "envelopes and bodies; what AUTH carries is masked",
            Self::NoNames => {
                "modified, IP addresses are pseudonyms; names, bodies and what AUTH carries are masked"
            }
        }
    }
}

/// Takes what is covered.
type Out<'o> = dyn FnMut(Role, Run<'_, Span>) + 'o;

/// Covers one connection.
pub(super) struct MaskedStream {
    reveals_auth: bool,
    now: Span,
    lanes: PerRole<Lane<Span>>,
    /// Where names and bodies are blanked.
    names: Option<NameMask>,
}

impl MaskedStream {
    pub(super) fn new(shows: Shows) -> Self {
        Self {
            reveals_auth: shows == Shows::Secrets,
            now: Span::default(),
            lanes: PerRole::default(),
            names: (shows == Shows::NoNames).then(NameMask::new),
        }
    }

    /// When what comes next was captured.
    pub(super) fn moment(&mut self, at: Span) {
        self.now = at;
    }

    /// The next bytes of a direction.
    pub(super) fn bytes(&mut self, from: Role, bytes: &[u8]) {
        self.lanes[from].bytes(bytes, self.now);
    }

    /// The next gap of a direction.
    pub(super) fn gap(&mut self, from: Role, bytes: u64) {
        self.lanes[from].gap(bytes, self.now);
    }

    /// Learns what secrets and bodies there are.
    pub(super) fn smtp(&mut self, event: &SmtpEvent<'_>) {
        match event {
            SmtpEvent::SecretSpan(span) if !self.reveals_auth => {
                self.lanes[span.from].hide(*span);
            }
            SmtpEvent::BodySpan(span) if self.names.is_some() => {
                self.lanes[span.from].set_apart(*span);
            }
            _ => {}
        }
    }

    /// Gives what is not in doubt.
    pub(super) fn release(&mut self, doubts: &[SecretSpan], out: &mut Out<'_>) {
        for role in Role::BOTH {
            let is_mine = |doubt: &&SecretSpan| doubt.from == role && !self.reveals_auth;
            let mine: Vec<_> = doubts.iter().filter(is_mine).copied().collect();
            self.give(role, &mine, out);
        }
    }

    fn give(&mut self, from: Role, doubts: &[SecretSpan], out: &mut Out<'_>) {
        let mut lane = mem::take(&mut self.lanes[from]);
        lane.release(doubts, &mut |run| match &mut self.names {
            Some(names) => names.push(from, &run, out),
            None => out(from, run),
        });
        self.lanes[from] = lane;
    }

    /// Gives the rest: whatever was a secret has been told by now.
    pub(super) fn finish(mut self, out: &mut Out<'_>) {
        self.release(&[], out);
        if let Some(mut names) = self.names.take() {
            Role::BOTH.iter().for_each(|&role| names.flush(role, out));
        }
    }
}
