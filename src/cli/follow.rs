//! A capture that is still being written (`--follow`): its end is waited for. The one place where the
//! time of day decides anything: when to look for more, and when to give up.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::interrupt;
use crate::capture::Capture;

/// How often a file is looked at for more, and how soon an interrupt is noticed.
const PAUSE: Duration = Duration::from_millis(100);

/// How often the program is woken, so that it shows what it has read and what is over: once in
/// `engine::reader::QUIET`.
const WAKING: Duration = Duration::from_secs(1);

/// Bytes read at a time, and how many of such pieces are read ahead of the program.
const PIECE: usize = 64 << 10;
pub(super) const PIECES: usize = 16;

/// Set by the first interrupt. A second one ends the program at once.
///
/// # Errors
///
/// Signals cannot be caught.
pub(super) fn interrupts() -> io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    interrupt::spare_the_first();
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&interrupted))?;
    }
    Ok(interrupted)
}

/// A pipe that may be written right now: what has come is shown before more is waited for.
///
/// # Errors
///
/// It cannot be opened.
pub(super) fn pipe() -> anyhow::Result<Capture> {
    capture(Path::new("-"), None, Arc::default())
}

/// The capture at `path`, `-` being standard input, as it grows: until it is interrupted, nothing
/// has come for `idle`, or the other end of the pipe is closed.
///
/// # Errors
///
/// It cannot be opened.
pub(super) fn capture(
    path: &Path,
    idle: Option<Duration>,
    interrupted: Arc<AtomicBool>,
) -> anyhow::Result<Capture> {
    let (sender, pieces) = sync_channel(PIECES);
    let is_pipe = path == Path::new("-");
    let source: Box<dyn Read + Send> = match is_pipe {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).with_context(|| format!("{}", path.display()))?),
    };
    thread::spawn(move || feed(source, !is_pipe, &sender));
    let wakes = Arc::new(AtomicBool::new(false));
    let growing = Growing {
        pieces,
        piece: Cursor::default(),
        interrupted,
        idle,
        latest: Instant::now(),
        woken: Instant::now(),
        wakes: Arc::clone(&wakes),
    };
    let capture = Capture::from_reader(&path.to_string_lossy(), growing);
    // Decompressors cannot be asked again where they were told to wait.
    let is_compressed = capture.files().any(|file| file.compression.is_some());
    wakes.store(!is_compressed, Ordering::Relaxed);
    Ok(capture)
}

/// Sends what `source` gives, on a thread of its own: a read from a pipe cannot be left.
fn feed(mut source: impl Read, grows: bool, pieces: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let sent = match source.read(&mut piece) {
            Ok(0) if grows => {
                thread::sleep(PAUSE);
                continue;
            }
            Ok(0) => return,
            Ok(len) => {
                piece.truncate(len);
                pieces.send(Ok(piece))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => pieces.send(Err(error)),
        };
        if sent.is_err() {
            return;
        }
    }
}

/// What has arrived so far; to read on is to wait.
struct Growing {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Cursor<Vec<u8>>,
    interrupted: Arc<AtomicBool>,
    idle: Option<Duration>,
    latest: Instant,
    woken: Instant,
    /// Whether `WouldBlock` is wanted now and then.
    wakes: Arc<AtomicBool>,
}

impl Growing {
    fn is_over(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
            || self.idle.is_some_and(|idle| self.latest.elapsed() >= idle)
    }

    /// Whether it is time to let the program look round.
    fn wakes(&mut self) -> bool {
        let wakes = self.wakes.load(Ordering::Relaxed) && self.woken.elapsed() >= WAKING;
        if wakes {
            self.woken = Instant::now();
        }
        wakes
    }
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let len = self.piece.read(buffer)?;
            if len > 0 || buffer.is_empty() || self.is_over() {
                return Ok(len);
            }
            if self.wakes() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            match self.pieces.recv_timeout(PAUSE) {
                Ok(piece) => {
                    self.piece = Cursor::new(piece?);
                    self.latest = Instant::now();
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growing(pieces: Receiver<io::Result<Vec<u8>>>, idle: Option<Duration>) -> Growing {
        Growing {
            pieces,
            piece: Cursor::default(),
            interrupted: Arc::default(),
            idle,
            latest: Instant::now(),
            woken: Instant::now(),
            wakes: Arc::default(),
        }
    }

    #[test]
    fn gives_what_comes_until_the_other_end_is_closed() {
        let (sender, pieces) = sync_channel(2);
        feed(&b"one "[..], false, &sender);
        feed(&b"two"[..], false, &sender);
        drop(sender);
        let mut content = Vec::new();
        growing(pieces, None).read_to_end(&mut content).unwrap();
        assert_eq!(content, b"one two");
    }

    #[test]
    fn ends_when_idle_and_when_interrupted() {
        let (_sender, pieces) = sync_channel(1);
        let mut growing = growing(pieces, Some(Duration::ZERO));
        assert_eq!(growing.read(&mut [0]).unwrap(), 0);
        growing.idle = None;
        growing.interrupted.store(true, Ordering::Relaxed);
        assert_eq!(growing.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn wakes_the_program_whether_little_comes_or_nothing() {
        for pieces_coming in [0, 1000] {
            let (sender, pieces) = sync_channel(1000);
            (0..pieces_coming).for_each(|_| sender.send(Ok(vec![1])).unwrap());
            let mut growing = growing(pieces, None);
            growing.wakes.store(true, Ordering::Relaxed);
            growing.woken -= WAKING - PAUSE;
            let errors = std::iter::repeat_with(|| {
                std::thread::sleep(PAUSE / 100);
                growing.read(&mut [0])
            });
            let error = errors.take(1000).find_map(Result::err).unwrap();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        }
    }
}
