//! A connection, looked at until its fate is known.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

use super::Shard;
use crate::flow::{Conversation, TcpEvent};
use crate::session::{Retention, Session};

/// What becomes of the packets of a connection; they and it share one.
#[derive(Clone)]
pub(super) struct Fate(Rc<Cell<Retention>>);

impl Fate {
    pub(super) fn get(&self) -> Retention {
        self.0.get()
    }

    pub(super) fn is_known(&self) -> bool {
        self.get() != Retention::Unknown
    }

    /// Decides it, if nobody has yet.
    pub(super) fn settle(&self, retention: Retention) {
        if !self.is_known() {
            self.0.set(retention);
        }
    }
}

/// A connection.
pub(super) struct Sifted {
    /// Looked at until its fate is known.
    session: Option<Box<Session<()>>>,
    fate: Fate,
    /// A hash, so taken once.
    pub(super) shard: Shard,
}

impl Sifted {
    pub(super) fn new(session: Session<()>, shard: Shard) -> Self {
        let fate = Fate(Rc::new(Cell::new(Retention::Unknown)));
        Self { session: Some(Box::new(session)), fate, shard }
    }

    pub(super) fn look(&mut self, is_named: bool) -> Fate {
        if let Some(session) = &self.session {
            self.decide(if is_named { Retention::Kept } else { session.retention() });
        }
        self.fate.clone()
    }

    fn decide(&mut self, retention: Retention) {
        self.fate.settle(retention);
        if self.fate.is_known() {
            self.session = None;
        }
    }
}

impl Conversation for Sifted {
    fn client_of(&self, ends: [SocketAddr; 2], first: [&[u8]; 2]) -> usize {
        self.session.as_ref().map_or(0, |session| session.client_of(ends, first))
    }

    fn on_tcp(&mut self, event: TcpEvent<'_>) {
        let Some(session) = &mut self.session else { return };
        match event {
            TcpEvent::Finished(_) => {
                let last = session.final_retention();
                self.decide(last);
            }
            event => session.on_tcp(event),
        }
    }

    fn is_deaf(&self) -> bool {
        self.session.as_ref().is_none_or(|session| session.is_deaf())
    }
}
