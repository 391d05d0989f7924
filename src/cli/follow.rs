//! A capture that is still being written (`--follow`): its end is waited for. The one place where the
//! time of day decides anything: when to look for more, and when to give up.

use std::fs::{self, File, Metadata};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
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
    if is_pipe {
        thread::spawn(move || feed(io::stdin(), None, &sender));
    } else {
        let file = File::open(path).with_context(|| format!("{}", path.display()))?;
        let followed = Followed::new(path, &file)?;
        thread::spawn(move || feed(file, Some(followed), &sender));
    }
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
fn feed(
    mut source: impl Read,
    mut grows: Option<Followed>,
    pieces: &SyncSender<io::Result<Vec<u8>>>,
) {
    loop {
        let mut piece = vec![0; PIECE];
        let sent = match source.read(&mut piece) {
            Ok(0) => match grows.as_mut().map(Followed::at_its_end) {
                None => return,
                Some(Ok(())) => {
                    thread::sleep(PAUSE);
                    continue;
                }
                Some(Err(error)) => {
                    let _ = pieces.send(Err(error));
                    return;
                }
            },
            Ok(len) => {
                piece.truncate(len);
                if let Some(followed) = &mut grows {
                    followed.read(len);
                }
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

/// A file that grows, and how far it was read.
struct Followed {
    path: PathBuf,
    /// What the system knows it by.
    identity: Option<Identity>,
    position: u64,
    /// Its end was seen since it has another name or none: what was under way has had time to come.
    is_left: bool,
}

/// The device and the number of a file.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> Option<Identity> {
    None
}

impl Followed {
    fn new(path: &Path, file: &File) -> io::Result<Self> {
        let identity = identity(&file.metadata()?);
        Ok(Self { path: path.to_owned(), identity, position: 0, is_left: false })
    }

    fn read(&mut self, len: usize) {
        self.position = self.position.saturating_add(len as u64);
        self.is_left = false;
    }

    /// Nothing more is in it for now. An error where nothing will come: what its path names is
    /// shorter, or another file, or nothing.
    fn at_its_end(&mut self) -> io::Result<()> {
        let problem = match fs::metadata(&self.path) {
            Ok(found) if identity(&found) != self.identity => "another file has its name now",
            Ok(found) if found.is_file() && found.len() < self.position => {
                return Err(gone("it was cut while it was followed"));
            }
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "it was renamed or removed",
            Err(_) => return Ok(()),
        };
        if !std::mem::replace(&mut self.is_left, true) {
            return Ok(());
        }
        Err(gone(&format!("{problem}: what comes now is not read")))
    }
}

fn gone(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, why)
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
        feed(&b"one "[..], None, &sender);
        feed(&b"two"[..], None, &sender);
        drop(sender);
        let mut content = Vec::new();
        growing(pieces, None).read_to_end(&mut content).unwrap();
        assert_eq!(content, b"one two");
    }

    /// What is said at the end of a file of six bytes that is followed while this happens to it.
    fn said_when(happens: impl FnOnce(&Path)) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("growing.pcap");
        fs::write(&path, b"packet").unwrap();
        let mut followed = Followed::new(&path, &File::open(&path).unwrap()).unwrap();
        followed.read(6);
        followed.at_its_end().unwrap();
        happens(&path);
        let said = [followed.at_its_end(), followed.at_its_end()];
        said.into_iter().find_map(Result::err).map(|error| error.to_string())
    }

    #[test]
    fn a_file_that_is_cut_replaced_or_renamed_is_told() {
        let cut = said_when(|path| fs::write(path, b"new").unwrap());
        assert!(cut.unwrap().contains("cut"));
        let replaced = said_when(|path| {
            let other = path.with_extension("other");
            fs::write(&other, b"another packet").unwrap();
            fs::rename(other, path).unwrap();
        });
        assert!(replaced.unwrap().contains("another file"));
        let renamed = said_when(|path| fs::rename(path, path.with_extension("1")).unwrap());
        assert!(renamed.unwrap().contains("renamed"));
        assert_eq!(said_when(|path| fs::write(path, b"packet and more").unwrap()), None);
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
