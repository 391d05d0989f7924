//! Packets that wait for the word on their connection.

use std::collections::VecDeque;

use super::sifted::Fate;
use super::{Kept, Origin, Shard, Tally};
use crate::capture::Secrets;
use crate::session::Retention;

/// What a packet that waits costs beside its bytes.
const WAITING: usize = std::mem::size_of::<Waiting>();

/// What waits for its turn: packets come out in the order in which they came in.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

pub(super) enum Waiting {
    Packet(Origin, Fate, Shard),
    Part(Origin),
    Secrets(Secrets),
}

impl Waiting {
    fn bytes(&self) -> usize {
        WAITING
            + match self {
                Self::Packet(origin, ..) | Self::Part(origin) => origin.data.len(),
                Self::Secrets(secrets) => secrets.data.len(),
            }
    }

    fn is_decided(&self) -> bool {
        !matches!(self, Self::Packet(_, fate, _) if !fate.is_known())
    }

    fn keep(self) -> Option<Kept> {
        match self {
            Self::Packet(origin, fate, shard) => {
                fate.settle(Retention::Kept);
                (fate.get() == Retention::Kept).then_some(Kept::Packet(origin, shard))
            }
            Self::Part(origin) => Some(Kept::Part(origin)),
            Self::Secrets(secrets) => Some(Kept::Secrets(secrets)),
        }
    }
}

impl Queue {
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.bytes += waiting.bytes();
        self.waiting.push_back(waiting);
    }

    /// Lets go what is decided, and what is too much.
    pub(super) fn release(&mut self, most: usize, tally: &mut Tally, take: &mut dyn FnMut(Kept)) {
        while self.waiting.front().is_some_and(|next| next.is_decided() || self.bytes > most) {
            let Some(next) = self.waiting.pop_front() else { return };
            self.bytes -= next.bytes();
            let Some(kept) = next.keep() else { continue };
            if let Kept::Packet(origin, _) | Kept::Part(origin) = &kept {
                tally.kept_packets += 1;
                tally.kept_bytes += origin.data.len() as u64;
            }
            take(kept);
        }
    }
}
