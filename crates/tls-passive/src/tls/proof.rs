//! What was verified of a connection, and what was left over: from the first protected record of a
//! direction to its close nothing may be missing of a session that is called decrypted.

use super::Alert;
use super::machine::{Protection, Tls};
use super::names::AlertDescription;
use super::record::{ContentType, Record};
use super::schedule13::Stage;
use crate::moment::Moment;
use crate::role::Role;

/// The end of what a side will send (RFC 5246 section 7.2.1).
const CLOSE_NOTIFY: AlertDescription = AlertDescription(0);

/// What of a direction was verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Records whose integrity checks out.
    pub verified: u64,
    /// Records, and runs of bytes that are no records, that nothing vouches for.
    pub left_over: u64,
    /// The first of them.
    pub first_left_over: Option<Moment>,
    /// A record verified before what is left over, and one behind it.
    pub is_between: bool,
    verified_before: bool,
}

impl Proof {
    /// A record was verified.
    pub(super) fn verify(&mut self) {
        self.verified += 1;
        self.is_between |= self.left_over > 0 && self.verified_before;
    }

    /// Something is left over.
    pub(super) fn leave(&mut self, at: Moment) {
        if self.left_over == 0 {
            self.first_left_over = Some(at);
            self.verified_before = self.verified > 0;
        }
        self.left_over += 1;
    }

    /// What was left over so far is accounted for, if it is so many records.
    pub(super) fn pass_over(&mut self, records: u64) -> bool {
        let is_all = self.left_over == records && !self.is_between;
        if is_all {
            (self.left_over, self.first_left_over) = (0, None);
        }
        is_all
    }
}

impl Tls {
    /// Whether any record was verified.
    pub(super) fn is_proven(&self) -> bool {
        self.facts.is_proven()
    }

    /// A ChangeCipherSpec of TLS 1.3 is one byte, and comes before the keys of application data
    /// (RFC 8446 section 5). What only looks like one is a record that was not verified.
    pub(super) fn check_change_for_show(&mut self, from: Role, record: &Record<'_>) {
        let is_late = self.schedule.phase(from).stage == Stage::Application;
        if record.fragment != [1] || is_late {
            self.facts.proof[from].leave(record.at());
        }
    }

    /// An alert in clear behind records that were protected: anybody may have sent it.
    pub(super) fn check_bare_alert(&mut self, from: Role, record: &Record<'_>) {
        let is_protected = !matches!(self.protection[from], Protection::Clear);
        if is_protected && self.facts.protected[from].records > 0 {
            self.facts.proof[from].leave(record.at());
        }
    }

    /// Bytes that are no record. Behind close_notify TLS has ended, and anything may follow
    /// (RFC 5246 section 7.2.1).
    pub(super) fn check_not_tls(&mut self, from: Role, at: Moment) {
        if self.closed_at(from).is_none() {
            self.facts.proof[from].leave(at);
        }
    }

    /// When a side said, verified, that it will send nothing more.
    fn closed_at(&self, from: Role) -> Option<Moment> {
        let closes = |alert: &&Alert| {
            alert.from == from && alert.encrypted && alert.description == Some(CLOSE_NOTIFY)
        };
        self.facts.alerts.iter().find(closes).map(|alert| alert.at)
    }

    /// Nothing more will come: what of a record or a message has begun stays so. Whoever answers a
    /// close_notify may be cut off in its own, since nobody listens any more.
    pub(super) fn check_rest(&mut self) {
        for role in Role::BOTH {
            let is_answer = self.readers[role].unfinished().is_some_and(|(_, header)| {
                header[0] == ContentType::ALERT.0 && self.closed_at(role.peer()).is_some()
            });
            let began = self.readers[role].began().filter(|_| !is_answer);
            let message = (self.joiners[role].pending() > 0).then_some(self.last[role]);
            if let Some(at) = began.or(message) {
                self.facts.proof[role].leave(at);
            }
        }
    }

    /// A record in clear where nothing should be: its type is unknown, or it holds no message.
    pub(super) fn check_clear(&mut self, from: Role, record: &Record<'_>) {
        let is_expected = matches!(
            record.header.content_type,
            ContentType::HANDSHAKE
                | ContentType::CHANGE_CIPHER_SPEC
                | ContentType::ALERT
                | ContentType::SSL2_CLIENT_HELLO
        );
        let is_change = record.header.content_type == ContentType::CHANGE_CIPHER_SPEC;
        if !is_expected || (is_change && record.fragment != [1]) {
            self.facts.proof[from].leave(record.at());
        }
    }
}
