//! TLS that began where nothing was captured: before the capture did, or in a gap.

use super::tap::is_text;
use super::{Piece, Session};
use crate::flow::Body;
use crate::role::Role;
use crate::tls::holds_border;

/// A border comes within the longest record (RFC 5246 §6.2.3), so within so many bytes of both
/// sides together; where none did, these bytes are no TLS.
pub(super) const LATEST_BORDER: usize = 2 * (5 + (1 << 14) + 2048);

impl Session {
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
        !self.in_tls && (!self.from_start || Role::BOTH.into_iter().any(begins_with_gap))
    }

    /// Whether TLS has begun in a gap behind the reply to STARTTLS, ahead of which the client had
    /// said `before` pieces. None if more bytes have to tell, or there is no gap. Asked of each
    /// piece as it comes, so that the newest is all there is to look at.
    pub(super) fn switched_in_a_gap(&self, before: usize) -> Option<bool> {
        let (client, server) = (&self.pending.client, &self.pending.server);
        let is_gap = |piece: Option<&Piece>| matches!(piece, Some(Piece::Gap(..)));
        if !is_gap(client.get(before)) && !is_gap(server.front()) {
            return None;
        }
        let newest = [client.iter().skip(before).next_back(), server.back()];
        let said = || newest.into_iter().flatten().filter_map(Piece::bytes);
        if said().any(holds_border) {
            return Some(true);
        }
        said().any(is_line).then_some(false)
    }

    /// The same, when nothing more will tell.
    pub(super) fn switched_to_ciphertext(&self, before: usize) -> bool {
        let has_gap = self.said_since(before).any(|piece| piece.bytes().is_none());
        has_gap && is_ciphertext(self.said_since(before).filter_map(Piece::bytes))
    }

    /// A ServerHello comes, and what the client said before was not captured: no reply begins so.
    pub(super) fn begins_tls_unasked(&self, from: Role, body: &Body<'_>) -> bool {
        let is_hello = matches!(body, Body::Bytes([22, 3, _, _, _, 2, ..]));
        is_hello && from == Role::Server && !self.in_tls
    }

    /// A ClientHello waits for the reply to STARTTLS, which was not captured.
    pub(super) fn hello_waits(&self) -> bool {
        let first = self.pending.client.front().and_then(Piece::bytes);
        !self.in_tls && matches!(first, Some([22, 3, _, _, _, 1, ..]))
    }

    fn said_since(&self, before: usize) -> impl Iterator<Item = &Piece> {
        self.pending.client.iter().skip(before).chain(&self.pending.server)
    }
}

/// Text, and not by chance: few bytes at random often are.
fn is_line(bytes: &[u8]) -> bool {
    is_text(bytes) && (bytes.len() >= 16 || bytes.ends_with(b"\r\n"))
}

/// Some of it is binary, and none of it text.
fn is_ciphertext<'a>(said: impl IntoIterator<Item = &'a [u8]>) -> bool {
    let mut said = said.into_iter().filter(|bytes| !bytes.is_empty());
    let mut is_any_binary = false;
    let is_no_text = said.all(|bytes| {
        is_any_binary |= is_binary(bytes);
        !is_text(bytes)
    });
    is_no_text && is_any_binary
}

/// Control characters that no mail has: escape, as in ISO-2022-JP, is none of them.
fn is_binary(bytes: &[u8]) -> bool {
    let is_odd = |&byte: &u8| byte.is_ascii_control() && byte != 0x1B;
    bytes.iter().any(|byte| is_odd(byte) && !byte.is_ascii_whitespace())
}
