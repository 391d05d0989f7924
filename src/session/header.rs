//! A PROXY protocol header ahead of all that a client says, be it SMTP or TLS, or ahead of SMTP
//! inside TLS (<https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt>). It says nothing of
//! what follows, so it is put aside until that is known.

use std::collections::VecDeque;

use super::{Observer, Piece, SNIFFED, Session};
use crate::moment::Moment;
use crate::smtp::{HeaderStart, SmtpEvent, header, header_start};

impl<O: Observer> Session<O> {
    /// Puts a header aside. False while it has not come to its end.
    pub(super) fn put_header_aside(&mut self) -> bool {
        let is_first = self.from_start && self.header.is_empty();
        if !is_first || !self.may_have_header() {
            return true;
        }
        match header_start(&self.sniffed.client) {
            HeaderStart::None => true,
            HeaderStart::Unsure => self.pending_bytes > SNIFFED,
            HeaderStart::Found(len) if self.client_bytes_ahead_of_gap() < len => {
                let holds_gap = self.pending.client.iter().any(|piece| piece.bytes().is_none());
                holds_gap || self.pending_bytes > len.saturating_add(SNIFFED)
            }
            HeaderStart::Found(len) => {
                self.header = self.take_front(len);
                self.sniffed.client = self.first_of_client();
                true
            }
        }
    }

    /// What the client said first is there, and no gap stands ahead of it.
    fn may_have_header(&self) -> bool {
        matches!(self.pending.client.front(), Some(Piece::Bytes(..)))
    }

    fn client_bytes_ahead_of_gap(&self) -> usize {
        self.pending.client.iter().map_while(Piece::bytes).map(<[u8]>::len).sum()
    }

    /// What waits of the client, as far as sniffing goes.
    fn first_of_client(&self) -> Vec<u8> {
        let waiting = self.pending.client.iter().filter_map(Piece::bytes).flatten();
        waiting.take(SNIFFED).copied().collect()
    }

    /// The first bytes of the client, which wait no more.
    fn take_front(&mut self, mut len: usize) -> VecDeque<Piece> {
        let mut front = VecDeque::new();
        self.pending_bytes = self.pending_bytes.saturating_sub(len);
        while len > 0 {
            let Some(Piece::Bytes(mut bytes, at)) = self.pending.client.pop_front() else { break };
            if bytes.len() > len {
                let rest = bytes.split_off(len);
                self.pending.client.push_front(Piece::Bytes(rest, at));
            }
            len -= bytes.len();
            front.push_back(Piece::Bytes(bytes, at));
        }
        front
    }

    /// Text follows: the header is the first of it, and the dialogue reads it. Tells in how many
    /// pieces it waits.
    pub(super) fn give_header_back(&mut self) -> usize {
        let pieces = self.header.len();
        while let Some(piece) = self.header.pop_back() {
            self.pending_bytes += piece.bytes().map_or(0, <[u8]>::len);
            self.pending.client.push_front(piece);
        }
        pieces
    }

    /// TLS follows: the header is told, and is part of nothing else.
    pub(super) fn tell_header(&mut self) {
        let pieces = std::mem::take(&mut self.header);
        let at = pieces.back().map_or_else(Moment::default, |piece| piece.at().last);
        let bytes: Vec<u8> = pieces.iter().filter_map(Piece::bytes).flatten().copied().collect();
        if let Some(header) = header(&bytes) {
            self.observer.take_smtp(SmtpEvent::Proxy { header, at });
        }
    }
}
