//! TLS that began where nothing was captured: before the capture did, or in a gap.

use super::border::is_ciphertext;
use super::{Observer, Piece, Session};
use crate::flow::Body;
use crate::role::Role;
use crate::tls::{hello_of, holds_border};

/// A border comes within the longest record (RFC 5246 §6.2.3), so within so many bytes of both
/// sides together; where none did, these bytes are no TLS.
pub(super) const LATEST_BORDER: usize = 2 * (5 + (1 << 14) + 2048);

impl<O: Observer> Session<O> {
    /// Whether the capture begins in the middle of TLS. None if more bytes have to tell.
    pub(super) fn began_in_ciphertext(&self, body: &Body<'_>) -> Option<bool> {
        if !self.misses_its_start() {
            return Some(false);
        }
        match body {
            Body::Bytes(bytes) if holds_border(bytes) => Some(true),
            _ if self.may_be_ciphertext() && self.pending_bytes < LATEST_BORDER => None,
            _ => Some(false),
        }
    }

    /// A mail server and its client, whose first words were not captured, say what is no text.
    pub(super) fn may_be_ciphertext(&self) -> bool {
        let is_mail = self.ends.is_some_and(|ends| self.is_mail_server(&ends));
        let said = Role::BOTH.map(|role| self.sniffed[role].as_slice());
        is_mail && self.misses_its_start() && is_ciphertext(said)
    }

    fn misses_its_start(&self) -> bool {
        let begins_with_gap = |role| matches!(self.pending[role].front(), Some(Piece::Gap(..)));
        !self.is_in_tls() && (!self.from_start || Role::BOTH.into_iter().any(begins_with_gap))
    }

    /// A ServerHello comes, and what the client said before was not captured: no reply begins so.
    pub(super) fn begins_tls_unasked(&self, from: Role, body: &Body<'_>) -> bool {
        let is_hello = matches!(body, Body::Bytes(bytes) if hello_of(bytes) == Some(Role::Server));
        is_hello && from == Role::Server && !self.is_in_tls()
    }

    /// A ClientHello waits for the reply to STARTTLS, which was not captured.
    pub(super) fn hello_waits(&self) -> bool {
        let first = self.pending.client.front().and_then(Piece::bytes);
        !self.is_in_tls() && first.and_then(hello_of) == Some(Role::Client)
    }
}
