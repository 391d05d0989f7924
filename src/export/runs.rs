//! The pieces of all sessions in order of frames, without all of them in memory: each session writes
//! sorted runs, which are merged at the end (Knuth, The Art of Computer Programming 3, §5.4).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::vec;

use super::staged::StagedFile;

/// Bytes of a run: what a connection costs while it is open, and again when its turn comes.
pub(crate) const RUN: usize = 32 << 10;

/// What waits in a file for its turn.
pub(super) trait Piece: Sized {
    /// By which pieces of all sessions are sorted.
    type Place: Copy + Ord;

    fn place(&self) -> Self::Place;
    /// Bytes that it takes.
    fn len(&self) -> usize;
    /// Adds it to a file.
    fn write(&self, out: &mut Vec<u8>);
    /// Takes one out of what was written.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

/// Writes the runs of one session.
pub(super) struct Writer<P: Piece> {
    file: StagedFile,
    waiting: Vec<P>,
    waiting_bytes: usize,
    runs: Vec<RunAt<P::Place>>,
}

/// Where a run is in its file, and the place of its first piece.
#[derive(Clone, Copy)]
struct RunAt<Place> {
    first: Place,
    start: u64,
    end: u64,
}

/// The runs of one session.
pub(super) struct Written<P: Piece> {
    path: PathBuf,
    runs: Vec<RunAt<P::Place>>,
}

impl<P: Piece> Writer<P> {
    pub(super) fn new(file: StagedFile) -> Self {
        Self { file, waiting: Vec::new(), waiting_bytes: 0, runs: Vec::new() }
    }

    pub(super) fn push(&mut self, piece: P) {
        self.waiting_bytes += size_of::<P>() + piece.len();
        self.waiting.push(piece);
        if self.waiting_bytes >= RUN {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let mut run = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        run.sort_by_key(P::place);
        let Some(first) = run.first().map(P::place) else { return };
        let start = self.file.bytes();
        let mut bytes = Vec::new();
        run.iter().for_each(|piece| piece.write(&mut bytes));
        self.file.push(&bytes);
        self.runs.push(RunAt { first, start, end: self.file.bytes() });
    }

    pub(super) fn finish(mut self) -> io::Result<Written<P>> {
        self.flush();
        Ok(Written { path: self.file.finish()?.0, runs: self.runs })
    }

    pub(super) fn discard(self) {
        self.file.discard();
    }
}

/// Gives the pieces of several sessions in order.
pub(super) struct Merge<P: Piece> {
    sessions: Vec<Written<P>>,
    /// By the place of the next piece; a session's number parts what would be equal.
    queue: BinaryHeap<Reverse<(P::Place, usize, usize)>>,
    /// The runs that are open, by session and run.
    open: std::collections::HashMap<(usize, usize), vec::IntoIter<P>>,
}

impl<P: Piece> Merge<P> {
    pub(super) fn new(sessions: Vec<Written<P>>) -> Self {
        let runs = sessions.iter().enumerate().flat_map(|(session, written)| {
            let runs = written.runs.iter().enumerate();
            runs.map(move |(run, at)| Reverse((at.first, session, run)))
        });
        Self { queue: runs.collect(), open: std::collections::HashMap::new(), sessions }
    }

    /// The next piece, with the index of its session.
    pub(super) fn next(&mut self) -> io::Result<Option<(usize, P)>> {
        let Some(Reverse((_, session, run))) = self.queue.pop() else { return Ok(None) };
        let mut pieces = match self.open.remove(&(session, run)) {
            Some(pieces) => pieces,
            None => self.load(session, run)?.into_iter(),
        };
        let Some(piece) = pieces.next() else { return Err(io::ErrorKind::InvalidData.into()) };
        if let Some(next) = pieces.as_slice().first() {
            self.queue.push(Reverse((next.place(), session, run)));
            self.open.insert((session, run), pieces);
        }
        Ok(Some((session, piece)))
    }

    fn load(&self, session: usize, run: usize) -> io::Result<Vec<P>> {
        let gone = || io::Error::from(io::ErrorKind::InvalidData);
        let written = self.sessions.get(session).ok_or_else(gone)?;
        let at = written.runs.get(run).ok_or_else(gone)?;
        let mut file = File::open(&written.path)?;
        file.seek(SeekFrom::Start(at.start))?;
        let mut bytes = Vec::new();
        file.take(at.end - at.start).read_to_end(&mut bytes)?;
        let mut rest = bytes.as_slice();
        Ok(std::iter::from_fn(|| P::read(&mut rest)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::plain::piece::{Piece, Rank, Sender, What};
    use super::*;
    use crate::moment::{Moment, Timestamp};

    fn piece(frame: u64, rank: Rank, order: u64) -> Piece {
        let at = Moment { ts: Timestamp(0), frame }.into();
        Piece::new(rank, order, at, Sender::First, What::Data(0, vec![7; 3000]))
    }

    #[test]
    fn many_runs_come_out_in_order_of_frames() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = (0..2_u64).map(|session| {
            let path = folder.path().join(session.to_string());
            let mut writer = Writer::new(StagedFile::new(path));
            // Told in the order 6, 5, 4 ... of each ten: as data is that waited for a gap.
            for n in 0..50 {
                let frame = 2 * (n / 10 * 10 + 9 - n % 10) + session;
                writer.push(piece(frame, Rank::Closes, 2 * n));
                writer.push(piece(frame, Rank::Says, 2 * n + 1));
            }
            let written = writer.finish().unwrap();
            assert!(written.runs.len() > 5);
            written
        });
        let mut merge = Merge::new(sessions.collect());
        let mut found = Vec::new();
        while let Some((session, piece)) = merge.next().unwrap() {
            assert_eq!(piece.place.frame % 2, session as u64);
            found.push((piece.place.frame, piece.place.rank));
        }
        let expected: Vec<_> =
            (0..100).flat_map(|frame| [(frame, Rank::Says), (frame, Rank::Closes)]).collect();
        assert_eq!(found, expected);
        assert!(merge.open.is_empty());
    }
}
