//! Who hears what happens on a connection: the recorder of a report, the taps of `export`.

use super::{Closed, Tunnel};
use crate::flow::TcpEvent;
use crate::moment::Span;
use crate::role::{PerRole, Role};
use crate::smtp::{SecretSpan, SmtpEvent};
use crate::tls::{KeyLogLine, Lock, RecordLock, Tls, TlsEvent};

/// Hears of one connection, in order: what TCP delivers, what TLS and the dialogue make of it, and the
/// end.
///
/// It is also given the application's bytes of a connection that concerns us: what is plain, and what
/// came out of TLS. Never ciphertext. Secrets stand in these bytes. [`SmtpEvent::SecretSpan`] tells
/// where, in offsets that count the bytes and gaps given of that direction; it may come after them,
/// and until then [`doubts`](Self::doubts) names them.
pub trait Observer {
    /// What TCP delivers, told before anything is made of it.
    fn tcp(&mut self, _event: &TcpEvent<'_>) {}
    /// What a proxy was asked for, ahead of all else.
    fn tunnel(&mut self, _tunnel: &Tunnel) {}
    /// TLS begins behind what was given.
    fn tls_begins(&mut self) {}
    /// What happens in the TLS layer. What a record held for the application is given before the
    /// record.
    fn tls(&mut self, _event: &TlsEvent<'_>) {}
    /// What happens in the dialogue; its bytes are given right after.
    fn smtp(&mut self, _event: &SmtpEvent<'_>) {}
    /// The same, for an observer that keeps parts of it: an exchange may hold a secret, which cannot
    /// be cloned.
    fn take_smtp(&mut self, event: SmtpEvent<'_>) {
        self.smtp(&event);
    }
    /// Whether it wants the application's bytes.
    fn wants_text(&self) -> bool {
        true
    }
    /// When the bytes or the gap that come next were captured.
    fn moment(&mut self, _at: Span) {}
    /// The next bytes of a direction.
    fn bytes(&mut self, _from: Role, _bytes: &[u8]) {}
    /// So many bytes of a direction are missing here; inside TLS, so many at most.
    fn gap(&mut self, _from: Role, _bytes: u64) {}
    /// What of the bytes given may still turn out to be a secret. Told after each of the above.
    fn doubts(&mut self, _doubts: &[SecretSpan]) {}
    /// Whether it wants the secrets that open the connection: for `export` to write.
    fn wants_secrets(&self) -> bool {
        false
    }
    /// The secrets that opened the connection, told before its end.
    fn secrets(&mut self, _secrets: Vec<KeyLogLine>) {}
    /// Whether it wants the records of TLS ([`TlsEvent::Record`]), to write them anew.
    fn wants_records(&self) -> bool {
        false
    }
    /// Whether it wants what the holder of the keys needs to open the connection.
    fn wants_locks(&self) -> bool {
        false
    }
    /// That, told before the end, of connections that do not concern us too: a key may change that.
    fn locks(&mut self, _locks: Vec<Lock>) {}
    /// Whether it wants what proves a secret of the connection.
    fn wants_record_lock(&self) -> bool {
        false
    }
    /// That, told before the end.
    fn record_lock(&mut self, _lock: RecordLock) {}
    /// Where the parts of the streams lie, told before the connection's end.
    fn streams(&mut self, _streams: &PerRole<StreamParts>) {}
    /// A connection that concerns us is over, or one that never got further than its SYN. Of others
    /// only TCP tells the end.
    fn closed(&mut self, _closed: &Closed<'_>) {}
}

/// The parts of one direction's stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamParts {
    /// The sequence number of its first byte, if it is known.
    pub first_seq: Option<u32>,
    /// Where TLS begins, or the stream ends: an offset that counts gaps.
    pub tls_from: u64,
}

/// Nobody.
impl Observer for () {
    fn wants_text(&self) -> bool {
        false
    }
}

/// One that takes what is told, and perhaps another that hears it first. Secrets and locks are for the
/// other: they are told once.
impl<A: Observer, B: Observer + ?Sized> Observer for (A, Option<Box<B>>) {
    fn tcp(&mut self, event: &TcpEvent<'_>) {
        if let Some(other) = &mut self.1 {
            other.tcp(event);
        }
        self.0.tcp(event);
    }

    fn tunnel(&mut self, tunnel: &Tunnel) {
        if let Some(other) = &mut self.1 {
            other.tunnel(tunnel);
        }
        self.0.tunnel(tunnel);
    }

    fn tls_begins(&mut self) {
        if let Some(other) = &mut self.1 {
            other.tls_begins();
        }
        self.0.tls_begins();
    }

    fn tls(&mut self, event: &TlsEvent<'_>) {
        if let Some(other) = &mut self.1 {
            other.tls(event);
        }
        self.0.tls(event);
    }

    fn smtp(&mut self, event: &SmtpEvent<'_>) {
        if let Some(other) = &mut self.1 {
            other.smtp(event);
        }
        self.0.smtp(event);
    }

    fn take_smtp(&mut self, event: SmtpEvent<'_>) {
        if let Some(other) = &mut self.1 {
            other.smtp(&event);
        }
        self.0.take_smtp(event);
    }

    fn wants_text(&self) -> bool {
        self.0.wants_text() || self.1.as_ref().is_some_and(|other| other.wants_text())
    }

    fn moment(&mut self, at: Span) {
        if let Some(other) = &mut self.1 {
            other.moment(at);
        }
        self.0.moment(at);
    }

    fn bytes(&mut self, from: Role, bytes: &[u8]) {
        if let Some(other) = &mut self.1 {
            other.bytes(from, bytes);
        }
        self.0.bytes(from, bytes);
    }

    fn gap(&mut self, from: Role, bytes: u64) {
        if let Some(other) = &mut self.1 {
            other.gap(from, bytes);
        }
        self.0.gap(from, bytes);
    }

    fn doubts(&mut self, doubts: &[SecretSpan]) {
        if let Some(other) = &mut self.1 {
            other.doubts(doubts);
        }
        self.0.doubts(doubts);
    }

    fn wants_secrets(&self) -> bool {
        self.1.as_ref().is_some_and(|other| other.wants_secrets())
    }

    fn secrets(&mut self, secrets: Vec<KeyLogLine>) {
        if let Some(other) = &mut self.1 {
            other.secrets(secrets);
        }
    }

    fn wants_records(&self) -> bool {
        self.0.wants_records() || self.1.as_ref().is_some_and(|other| other.wants_records())
    }

    fn wants_locks(&self) -> bool {
        self.1.as_ref().is_some_and(|other| other.wants_locks())
    }

    fn locks(&mut self, locks: Vec<Lock>) {
        if let Some(other) = &mut self.1 {
            other.locks(locks);
        }
    }

    fn wants_record_lock(&self) -> bool {
        self.1.as_ref().is_some_and(|other| other.wants_record_lock())
    }

    fn record_lock(&mut self, lock: RecordLock) {
        if let Some(other) = &mut self.1 {
            other.record_lock(lock);
        }
    }

    fn streams(&mut self, streams: &PerRole<StreamParts>) {
        if let Some(other) = &mut self.1 {
            other.streams(streams);
        }
        self.0.streams(streams);
    }

    fn closed(&mut self, closed: &Closed<'_>) {
        if let Some(other) = &mut self.1 {
            other.closed(closed);
        }
        self.0.closed(closed);
    }
}

/// Has `tls` keep what the observer wants of it.
pub(super) fn ask(observer: &impl Observer, tls: &mut Tls) {
    if observer.wants_secrets() {
        tls.disclose();
    }
    if observer.wants_locks() {
        tls.note_locks();
    }
    if observer.wants_record_lock() {
        tls.note_record_lock();
    }
    if observer.wants_records() {
        tls.watch_records();
    }
}

/// Tells the observer what was kept for it.
pub(super) fn tell(observer: &mut impl Observer, tls: &mut Tls) {
    observer.secrets(tls.take_disclosed());
    observer.locks(tls.take_locks());
    if let Some(lock) = tls.take_record_lock() {
        observer.record_lock(lock);
    }
}
