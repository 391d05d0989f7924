//! A session, and what the run wants to know of it.

use std::net::SocketAddr;

use super::ended::Ended;
use super::event::What;
use super::tap::Audience;
use crate::beside::{Observation, Watch};
use crate::decode::Segment;
use crate::flow::{Conversation, TcpEvent};
use crate::judge::SlowLimits;
use crate::session::Session;

/// A session, and whether it is wanted.
pub(super) struct Watched {
    session: Session<Audience>,
    watch: Watch,
    is_wanted: bool,
    packets: u64,
    /// It was told whether it is a session.
    is_decided: bool,
    /// A SYN of it was told.
    has_syn: bool,
}

impl Watched {
    pub(super) fn new(session: Session<Audience>) -> Self {
        Self {
            session,
            watch: Watch::default(),
            is_wanted: false,
            packets: 0,
            is_decided: false,
            has_syn: false,
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.session.number()
    }

    /// Whether no SYN of it came before.
    pub(super) fn is_first_syn(&mut self) -> bool {
        !std::mem::replace(&mut self.has_syn, true)
    }

    /// Sees a packet of it from outside.
    pub(super) fn watch(&mut self, segment: &Segment<'_>, tell: impl FnMut(Observation)) {
        self.watch.take(segment, tell);
    }

    /// Counts a packet of it, which may make it a wanted one.
    pub(super) fn on_packet(&mut self, makes_wanted: bool) {
        self.packets += 1;
        self.is_wanted |= makes_wanted;
    }

    /// Whether it is a session, if that is certain now and was not before. One that is not wanted
    /// yet may be so later.
    pub(super) fn news(&mut self) -> Option<bool> {
        if self.is_decided {
            return None;
        }
        let news = self.session.is_relevant().filter(|is_session| !is_session || self.is_wanted);
        self.is_decided = news.is_some();
        news
    }

    /// What it was, when it is over.
    pub(super) fn into_end(self, limits: &SlowLimits) -> What {
        let ended = Ended::of(self.session, limits);
        if self.is_wanted { What::Ended(ended) } else { What::Unwanted(self.packets) }
    }
}

impl Conversation for Watched {
    fn client_of(&self, ends: [SocketAddr; 2], first: [&[u8]; 2]) -> usize {
        self.session.client_of(ends, first)
    }

    fn on_tcp(&mut self, event: TcpEvent<'_>) {
        self.session.on_tcp(event);
    }

    fn is_deaf(&self) -> bool {
        self.session.is_deaf()
    }
}
