//! What proves a secret of a session, whoever has it: the randoms, the suite, and protected records. It is
//! kept of each connection if somebody asks, ahead of a search in what a machine still has.

use crate::moment::Moment;
use crate::role::{PerRole, Role};
use crate::tls::decrypt::{Randoms, RecordOptions};
use crate::tls::machine::{Protection, Tls};
use crate::tls::names::ProtocolVersion;
use crate::tls::record::{ContentType, Record, RecordHeader};
use crate::tls::suite::Suite;

/// Records of a direction of TLS 1.3 that are kept: the first that application keys protect is among
/// them, behind those of the handshake (five of OpenSSL's server, three of a client with certificate).
pub(in crate::tls) const MOST_RECORDS: usize = 8;

/// A longer record is not kept: certificates are, and what proves a secret is not.
pub(in crate::tls) const LONGEST_RECORD: usize = 2048;

/// A protected record.
pub(super) struct LockedRecord {
    pub(super) header: RecordHeader,
    pub(super) fragment: Vec<u8>,
}

/// A session that only a secret of its own opens.
pub struct RecordLock {
    pub(super) frame: u64,
    pub(super) version: ProtocolVersion,
    pub(super) suite: &'static Suite,
    pub(super) options: RecordOptions,
    pub(super) randoms: Randoms,
    /// Of each direction up to TLS 1.2 the first protected record, in TLS 1.3 the first ones.
    pub(super) records: PerRole<Vec<LockedRecord>>,
}

impl RecordLock {
    /// The frame of its first protected record.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.frame
    }

    pub(super) fn is_tls13(&self) -> bool {
        self.version == ProtocolVersion::TLS13
    }
}

/// The lock of a connection's first handshake, if somebody asks for it.
#[derive(Default)]
pub(in crate::tls) struct RecordLocks {
    is_asked_for: bool,
    seen: Option<RecordLock>,
}

impl Tls {
    /// Keeps what proves a secret of this connection, from now on.
    pub fn note_record_lock(&mut self) {
        self.record_locks.is_asked_for = true;
    }

    /// What was kept.
    pub fn take_record_lock(&mut self) -> Option<RecordLock> {
        self.record_locks.seen.take()
    }

    /// A record came, and is about to be read.
    pub(in crate::tls) fn lock_record(&mut self, from: Role, record: &Record<'_>) {
        if !self.record_locks.is_asked_for || !self.is_locked(from, record) {
            return;
        }
        if self.record_locks.seen.is_none() {
            self.record_locks.seen = self.new_record_lock(record.at());
        }
        let Some(lock) = &mut self.record_locks.seen else { return };
        let most = if lock.is_tls13() { MOST_RECORDS } else { 1 };
        let fits = record.fragment.len() <= LONGEST_RECORD && lock.records[from].len() < most;
        if fits && Some(lock.randoms) == self.negotiation.randoms() {
            let fragment = record.fragment.to_vec();
            lock.records[from].push(LockedRecord { header: record.header, fragment });
        }
    }

    /// Whether the record is protected and may be the first of its keys.
    fn is_locked(&self, from: Role, record: &Record<'_>) -> bool {
        let content_type = record.header.content_type;
        if content_type == ContentType::CHANGE_CIPHER_SPEC || record.fragment.len() <= 2 {
            return false;
        }
        if self.facts.is_tls13() {
            return content_type == ContentType::APPLICATION_DATA;
        }
        let is_whole = record.behind.is_none() && self.gaps[from].is_none();
        is_whole && !matches!(self.protection[from], Protection::Clear)
    }

    fn new_record_lock(&self, at: Moment) -> Option<RecordLock> {
        let (suite, version) = self.negotiation.agreed()?;
        Some(RecordLock {
            frame: at.frame,
            version,
            suite,
            options: self.negotiation.record_options()?,
            randoms: self.negotiation.randoms()?,
            records: PerRole::default(),
        })
    }
}
