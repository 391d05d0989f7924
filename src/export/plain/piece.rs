//! What becomes one packet, and how it waits in a file.

use crate::export::runs;
use crate::moment::{Moment, Span, Timestamp};
use crate::role::Role;

/// The place of a piece among those of all sessions: by frame; in one frame what opens the connection
/// comes first, and what closes it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::export) struct Place {
    pub(in crate::export) frame: u64,
    pub(in crate::export) rank: Rank,
    /// Counts the pieces of a session.
    pub(in crate::export) order: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::export) enum Rank {
    Opens,
    Says,
    Closes,
}

/// Who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::export) enum Sender {
    Known(Role),
    /// Whoever sent the first packet, and the other one: packets come before the roles are known.
    First,
    Second,
}

/// One packet to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::export) struct Piece {
    pub(in crate::export) place: Place,
    pub(in crate::export) ts: Timestamp,
    /// The first of the frames that it was made of.
    pub(in crate::export) first_frame: u64,
    pub(in crate::export) sender: Sender,
    pub(in crate::export) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::export) enum What {
    /// A packet without data, with the flags of TCP.
    Flags(u8),
    /// Bytes of the application, at an offset of their direction.
    Data(u64, Vec<u8>),
}

impl Piece {
    pub(in crate::export) fn new(
        rank: Rank,
        order: u64,
        at: Span,
        sender: Sender,
        what: What,
    ) -> Self {
        let Span { first_frame, last: Moment { ts, frame } } = at;
        Self { place: Place { frame, rank, order }, ts, first_frame, sender, what }
    }
}

impl runs::Piece for Piece {
    type Place = Place;

    fn place(&self) -> Place {
        self.place
    }

    fn len(&self) -> usize {
        match &self.what {
            What::Flags(_) => 0,
            What::Data(_, bytes) => bytes.len(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let Place { frame, rank, order } = self.place;
        let (offset, flags, bytes) = match &self.what {
            What::Flags(flags) => (0, *flags, None),
            What::Data(offset, bytes) => (*offset, 0, Some(bytes.as_slice())),
        };
        let sender = match self.sender {
            Sender::Known(Role::Client) => 0,
            Sender::Known(Role::Server) => 1,
            Sender::First => 2,
            Sender::Second => 3,
        };
        let len = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
        let numbers = [frame, order, self.ts.0.cast_unsigned(), self.first_frame, offset, len];
        numbers.iter().for_each(|number| out.extend(number.to_le_bytes()));
        out.extend([rank as u8, sender, flags]);
        out.extend(bytes.unwrap_or_default());
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let [frame, order, ts, first_frame, offset, len] = read_numbers(bytes)?;
        let (&[rank, sender, flags], rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        let rank = [Rank::Opens, Rank::Says, Rank::Closes].into_iter().nth(rank.into())?;
        let sender = match sender {
            0 => Sender::Known(Role::Client),
            1 => Sender::Known(Role::Server),
            2 => Sender::First,
            _ => Sender::Second,
        };
        let what = match len {
            u64::MAX => What::Flags(flags),
            len => {
                let (data, rest) = bytes.split_at_checked(usize::try_from(len).ok()?)?;
                *bytes = rest;
                What::Data(offset, data.to_vec())
            }
        };
        let (place, ts) = (Place { frame, rank, order }, Timestamp(ts.cast_signed()));
        Some(Self { place, ts, first_frame, sender, what })
    }
}

fn read_numbers<const N: usize>(bytes: &mut &[u8]) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        let (field, rest) = bytes.split_first_chunk()?;
        *number = u64::from_le_bytes(*field);
        *bytes = rest;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::runs::Piece as _;

    #[test]
    fn pieces_are_read_as_they_were_written() {
        let at = Span { first_frame: 3, last: Moment { ts: Timestamp(-7), frame: 5 } };
        let pieces = [
            Piece::new(Rank::Closes, 9, at, Sender::Second, What::Flags(0x11)),
            Piece::new(Rank::Says, 2, at, Sender::Known(Role::Server), What::Data(1 << 40, vec![])),
            Piece::new(Rank::Opens, 0, at, Sender::First, What::Data(0, b"220".to_vec())),
        ];
        let mut file = Vec::new();
        pieces.iter().for_each(|piece| piece.write(&mut file));
        let mut rest = file.as_slice();
        let read: Vec<_> = std::iter::from_fn(|| Piece::read(&mut rest)).collect();
        assert_eq!((read.as_slice(), rest), (&pieces[..], &[][..]));
    }
}
