//! SSL 2.0 (Hickman, "The SSL Protocol", 1995). It is entered from a TLS connection, since its
//! CLIENT-HELLO may also be the offer of TLS: what the server answers decides.
//!
//! The two directions have few states, and protection begins with the records themselves: the
//! server's behind its SERVER-HELLO, the client's behind its CLIENT-MASTER-KEY.

mod handshake;
mod message;
mod record;

use std::mem;

pub(super) use message::Offer;
use message::{Answer, ServerHello, is_master_key, is_server_hello};
use record::{Reader, Record};

use super::TlsEvent;
use super::decrypt::{Ssl2Cipher, Ssl2Gap, Ssl2Session, TrialBudget};
use super::facts::KeySearch;
use super::machine::{Out, Tls};
use crate::moment::Moment;
use crate::role::{PerRole, Role};

/// Shorter records are in clear: a protected one has a MAC of 16 bytes and content.
const LEAST_PROTECTED: usize = 17;

/// How far a connection has got with SSL 2.0.
#[derive(Default)]
pub(super) enum State {
    /// It was not offered, or not agreed on.
    #[default]
    No,
    /// The client's hello came in its format; what of the server's answer came yet.
    Offered(Offer, Vec<u8>),
    /// The answer was lost: what the client says next tells.
    Unanswered(Offer),
    Agreed(Box<Ssl2>),
}

/// One SSL 2.0 connection under way.
pub(super) struct Ssl2 {
    offer: Offer,
    server_hello: Option<ServerHello>,
    session: Option<Ssl2Session>,
    /// The protections that may be the right ones; the first record opened leaves one.
    ciphers: Vec<PerRole<Ssl2Cipher>>,
    readers: PerRole<Reader>,
    /// Records so far, also those in clear: each number goes into the MAC.
    numbers: PerRole<u32>,
    is_protected: PerRole<bool>,
    /// Protected records so far.
    protected: PerRole<u32>,
    /// What was lost since the last record that was opened.
    gaps: PerRole<Option<Ssl2Gap>>,
}

impl Ssl2 {
    fn new(offer: Offer) -> Self {
        Self {
            offer,
            server_hello: None,
            session: None,
            ciphers: Vec::new(),
            readers: PerRole::default(),
            // The CLIENT-HELLO has been read.
            numbers: PerRole { client: 1, server: 0 },
            is_protected: PerRole::default(),
            protected: PerRole::default(),
            gaps: PerRole::default(),
        }
    }

    fn open(
        &mut self,
        from: Role,
        record: &Record<'_>,
        budget: &mut TrialBudget,
    ) -> Option<Vec<u8>> {
        let number = self.numbers[from];
        let gap = self.gaps[from].take();
        let mut content = None;
        let mut right = Vec::new();
        for (index, pair) in self.ciphers.iter_mut().enumerate() {
            let opened = match &gap {
                None => {
                    let opened = pair[from].open(number, record.data, record.padding);
                    opened.map(|opened| (number, opened))
                }
                Some(gap) => {
                    pair[from].open_behind(number, gap, record.data, record.padding, budget)
                }
            };
            if let Some((number, opened)) = opened {
                self.numbers[from] = number;
                content = Some(opened);
                right.push(index);
            }
        }
        if content.is_none() {
            self.gaps[from] = gap.map(|gap| gap.with_record(record.wire_len()));
        }
        if let (&[right], 2..) = (&right[..], self.ciphers.len()) {
            self.ciphers.swap(0, right);
            self.ciphers.truncate(1);
        }
        content
    }
}

impl Tls {
    /// Takes bytes if they are SSL 2.0's, or may be; the others are for the reader of TLS records.
    pub(super) fn feed_ssl2<'b>(
        &mut self,
        from: Role,
        bytes: &'b [u8],
        is_first: bool,
        at: Moment,
        out: &mut Out<'_>,
    ) -> NotSsl2<'b> {
        match (mem::take(&mut self.ssl2), from) {
            (State::No, Role::Server) if is_first && is_server_hello(bytes) => {
                self.read_ssl2(Box::new(Ssl2::new(Offer::lost())), from, bytes, at, out);
            }
            (State::No, _) => return NotSsl2::Bytes(bytes),
            (State::Offered(offer, _) | State::Unanswered(offer), Role::Client)
                if is_master_key(bytes) =>
            {
                let mut ssl2 = Ssl2::new(offer);
                ssl2.readers.server.stop();
                self.read_ssl2(Box::new(ssl2), from, bytes, at, out);
            }
            (kept @ (State::Offered(..) | State::Unanswered(_)), Role::Client)
            | (kept @ State::Unanswered(_), Role::Server) => {
                self.ssl2 = kept;
                return NotSsl2::Bytes(bytes);
            }
            (State::Offered(offer, mut said), Role::Server) => {
                said.extend_from_slice(bytes);
                match Answer::of(&said) {
                    Answer::TooShort => self.ssl2 = State::Offered(offer, said),
                    Answer::Ssl2 => {
                        self.read_ssl2(Box::new(Ssl2::new(offer)), from, &said, at, out)
                    }
                    Answer::Other => return NotSsl2::Kept(said),
                }
            }
            (State::Agreed(ssl2), _) => self.read_ssl2(ssl2, from, bytes, at, out),
        }
        NotSsl2::Bytes(&[])
    }

    fn read_ssl2(
        &mut self,
        mut ssl2: Box<Ssl2>,
        from: Role,
        bytes: &[u8],
        at: Moment,
        out: &mut Out<'_>,
    ) {
        let mut reader = mem::take(&mut ssl2.readers[from]);
        if reader.is_stopped() && ssl2.is_protected[from] {
            out(TlsEvent::DataGap(from, bytes.len() as u64, at));
        } else if !reader.is_stopped() {
            reader.feed(bytes, at, &mut |record| self.on_ssl2_record(&mut ssl2, from, record, out));
        }
        ssl2.readers[from] = reader;
        self.ssl2 = State::Agreed(ssl2);
    }

    /// Takes a gap. True if it was SSL 2.0's.
    pub(super) fn end_ssl2(
        &mut self,
        from: Role,
        bytes: u64,
        at: Moment,
        out: &mut Out<'_>,
    ) -> bool {
        match mem::take(&mut self.ssl2) {
            State::No => false,
            State::Offered(offer, _) | State::Unanswered(offer) if from == Role::Server => {
                self.ssl2 = State::Unanswered(offer);
                false
            }
            kept @ (State::Offered(..) | State::Unanswered(_)) => {
                self.ssl2 = kept;
                false
            }
            State::Agreed(mut ssl2) => {
                self.skip_ssl2(&mut ssl2, from, bytes, at, out);
                self.ssl2 = State::Agreed(ssl2);
                true
            }
        }
    }

    /// Behind a gap the next record may be found where the gap ends, and its MAC tells whether it
    /// was. If not, the direction has ended.
    fn skip_ssl2(
        &mut self,
        ssl2: &mut Ssl2,
        from: Role,
        bytes: u64,
        at: Moment,
        out: &mut Out<'_>,
    ) {
        let mut reader = mem::take(&mut ssl2.readers[from]);
        let behind = ssl2.is_protected[from]
            .then(|| {
                reader.skip(bytes, at, &mut |record| self.on_ssl2_record(ssl2, from, record, out))
            })
            .flatten();
        match behind {
            None => reader.stop(),
            Some(0) => {}
            Some(lost) => {
                let gap = ssl2.gaps[from].take().unwrap_or_default();
                ssl2.gaps[from] = Some(gap.wider(lost));
            }
        }
        ssl2.readers[from] = reader;
        if ssl2.is_protected[from] {
            out(TlsEvent::DataGap(from, bytes, at));
        }
    }

    fn on_ssl2_record(
        &mut self,
        ssl2: &mut Ssl2,
        from: Role,
        record: &Record<'_>,
        out: &mut Out<'_>,
    ) {
        if !ssl2.is_protected[from] || record.data.len() < LEAST_PROTECTED {
            ssl2.numbers[from] = ssl2.numbers[from].wrapping_add(1);
            return self.on_ssl2_message(ssl2, from, record.data, record.at, out);
        }
        ssl2.protected[from] += 1;
        let tally = &mut self.facts.protected[from];
        tally.records += 1;
        tally.bytes += record.data.len() as u64;
        let opened = ssl2.open(from, record, &mut self.budget);
        ssl2.numbers[from] = ssl2.numbers[from].wrapping_add(1);
        match opened {
            Some(content) => {
                self.facts.proof[from].verify();
                self.on_ssl2_opened(ssl2, from, &content, record.at, out);
            }
            None => self.on_ssl2_closed(ssl2, from, record, out),
        }
    }

    /// A record that stays closed: only its place says what it is.
    fn on_ssl2_closed(&mut self, ssl2: &Ssl2, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        self.facts.proof[from].leave(record.at);
        let is_expected = record.is_damaged || ssl2.gaps[from].is_some();
        if matches!(self.facts.keys, KeySearch::Opened(_)) && !is_expected {
            self.facts.failed[from] += 1;
            self.facts.first_failure.get_or_insert(record.at);
        }
        // SERVER-VERIFY comes before the server's finished message.
        let finished = if from == Role::Client { 1 } else { 2 };
        if ssl2.protected[from] == finished {
            self.note_ssl2_finished(from, record.at);
            out(TlsEvent::OpaqueFinished(from, record.at));
        } else if ssl2.protected[from] > finished {
            self.on_first_application_data(from, record.at, out);
            if !ssl2.ciphers.is_empty() {
                out(TlsEvent::DataGap(from, record.data.len() as u64, record.at));
            }
        }
    }
}

/// What a direction said that is not SSL 2.0's.
pub(super) enum NotSsl2<'b> {
    Bytes(&'b [u8]),
    /// With what was kept before, until it was certain.
    Kept(Vec<u8>),
}

impl NotSsl2<'_> {
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Kept(bytes) => bytes,
        }
    }
}
