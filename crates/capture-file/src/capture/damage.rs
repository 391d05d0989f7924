//! What is wrong with an input, said so that a human can do something about it.

use std::fmt;
use std::io;

/// Why an input could not be read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where, in bytes from the start of the content (after decompression): the start of the
    /// record that could not be read.
    pub offset: u64,
    /// What is wrong there.
    pub kind: DamageKind,
    /// Where reading went on behind it; `None` if it did not.
    pub resumed: Option<u64>,
}

/// The ways in which an input can disappoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DamageKind {
    /// The operating system refused; its own words.
    Unreadable(String),
    /// Nothing more for now: no damage, ask again.
    Waiting,
    /// Not one byte in it.
    Empty,
    /// A directory without a capture in it.
    NoCaptureInside,
    /// Neither pcap nor pcapng; what it starts with instead.
    NotACapture(String),
    /// It ends within a header or record.
    Truncated {
        /// Bytes of the record that are there.
        present: usize,
        /// Bytes it needs at least.
        needed: usize,
    },
    /// A field contradicts the format; which one.
    Corrupt(String),
    /// Compressed in a way this program cannot undo; the name of it.
    UnsupportedCompression(&'static str),
}

impl DamageKind {
    /// A field contradicts the format.
    pub(super) fn corrupt(reason: impl Into<String>) -> Self {
        Self::Corrupt(reason.into())
    }
}

impl DamageKind {
    /// Whether one record cannot be read, and others may.
    pub(super) fn is_of_a_record(&self) -> bool {
        matches!(self, Self::Truncated { .. } | Self::Corrupt(_))
    }
}

impl From<io::Error> for DamageKind {
    /// The system's errors have a number, and a file that is followed may be gone; all others come out
    /// of a decompressor.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            kind if error.raw_os_error().is_some() || kind == io::ErrorKind::NotFound => {
                Self::Unreadable(error.to_string())
            }
            io::ErrorKind::OutOfMemory => {
                Self::UnsupportedCompression("with a window of more than 128 MiB")
            }
            io::ErrorKind::WouldBlock => Self::Waiting,
            io::ErrorKind::UnexpectedEof => Self::Truncated { present: 0, needed: 1 },
            _ => Self::Corrupt(format!("the compressed data is damaged: {error}")),
        }
    }
}

impl fmt::Display for Damage {
    /// One sentence: what was seen, at which offset, what would help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset;
        match &self.kind {
            DamageKind::Unreadable(error) if offset == 0 => write!(f, "cannot be read: {error}"),
            DamageKind::Unreadable(error) => {
                write!(f, "cannot be read beyond offset {offset}: {error}")
            }
            DamageKind::Waiting => write!(f, "is still being written at offset {offset}"),
            DamageKind::Empty => write!(
                f,
                "is empty: nothing was captured, or the capture program has not written it out yet"
            ),
            DamageKind::NoCaptureInside => {
                write!(
                    f,
                    "is a directory without a capture file in it (those inside it are not read)"
                )
            }
            DamageKind::NotACapture(seen) => write!(f, "is neither pcap nor pcapng: it {seen}"),
            DamageKind::Truncated { present, needed } => write!(
                f,
                "ends within the record at offset {offset}, after {present} of at least {needed} \
                 bytes: it was cut short or is still being written; a complete copy would help"
            ),
            DamageKind::Corrupt(reason) => {
                write!(f, "is damaged at offset {offset}: {reason}; ")?;
                match self.resumed {
                    Some(resumed) => write!(f, "reading went on at offset {resumed}")?,
                    None => write!(f, "what comes before it was read")?,
                }
                write!(f, ", an undamaged copy would help")
            }
            DamageKind::UnsupportedCompression(name) => write!(
                f,
                "is compressed: compression {name} is not supported yet; decompress it first, or \
                 pipe it in decompressed"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_a_file_was_cut() {
        let damage = Damage {
            offset: 1234,
            kind: DamageKind::Truncated { present: 7, needed: 90 },
            resumed: None,
        };
        let sentence = damage.to_string();
        assert!(sentence.contains("at offset 1234, after 7 of at least 90 bytes"), "{sentence}");
    }

    #[test]
    fn says_how_to_get_round_an_unsupported_compression() {
        let damage =
            Damage { offset: 0, kind: DamageKind::UnsupportedCompression("bzip2"), resumed: None };
        assert!(damage.to_string().contains("compression bzip2 is not supported yet"));
    }

    #[test]
    fn tells_an_error_of_the_system_from_one_of_a_decompressor() {
        let denied = io::Error::from_raw_os_error(13);
        assert!(matches!(DamageKind::from(denied), DamageKind::Unreadable(_)));
        let deflate = io::Error::new(io::ErrorKind::InvalidInput, "corrupt deflate stream");
        assert!(matches!(DamageKind::from(deflate), DamageKind::Corrupt(_)));
    }
}
