//! A stream becomes candidates, and what was seen of it.

use std::io::{self, Read};

use memchr::memmem::Finder;

use crate::arrays::{JAVA_NEEDLES, OPENSSL_NEEDLE, openssl_master};
use crate::container::{Container, HEAD};
use crate::encoded::{
    BASE64_NEEDLES, Decoded, HEX_NEEDLE, TEXT_NEEDLE, base64_session, hex_session, text_line,
};
use crate::session::{self, MASTER};
use crate::stream::{Piece, each_piece};
use crate::structure::Structure;
use crate::windows::random_windows;

/// What may be a secret.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// 32 or 48 bytes.
    pub secret: &'a [u8],
    /// Where it begins, in bytes of the stream; of one that is encoded, its first character.
    pub offset: u64,
    /// What it was found in.
    pub structure: Structure,
}

/// What was seen of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// What it is.
    pub container: Container,
    /// Its length in bytes, uncompressed.
    pub bytes: u64,
    /// Candidates in a known structure.
    pub structured: u64,
    /// Candidates that are windows alone.
    pub windows: u64,
    /// Sessions of TLS 1.3, whose secret only resumes.
    pub resumption_secrets: u64,
}

/// Reads a stream and tells each candidate, in each part of the stream those of known structures first.
///
/// # Errors
///
/// The stream cannot be read on.
pub fn scan(stream: impl Read, tell: &mut dyn FnMut(Candidate<'_>)) -> io::Result<Scanned> {
    let mut scanned = Scanned {
        container: Container::Empty,
        bytes: 0,
        structured: 0,
        windows: 0,
        resumption_secrets: 0,
    };
    let needles = Needles::default();
    scanned.bytes = each_piece(stream, &mut |piece| {
        if piece.offset == 0 && piece.from == 0 {
            scanned.container = Container::of(&piece.bytes[..piece.bytes.len().min(HEAD)]);
        }
        let mut search = Search { piece, scanned: &mut scanned, tell };
        search.sessions(&needles);
        search.encoded(&needles);
        search.memory(&needles);
        search.windows();
    })?;
    Ok(scanned)
}

/// What is looked for.
struct Needles {
    session: Finder<'static>,
    time: Finder<'static>,
    hex: Finder<'static>,
    base64: [Finder<'static>; 2],
    text: Finder<'static>,
    openssl: Finder<'static>,
    java: [Finder<'static>; 2],
}

impl Default for Needles {
    fn default() -> Self {
        Self {
            session: Finder::new(&session::NEEDLE).into_owned(),
            time: Finder::new(&session::TIME).into_owned(),
            hex: Finder::new(HEX_NEEDLE),
            base64: BASE64_NEEDLES.map(|(needle, _)| Finder::new(needle)),
            text: Finder::new(TEXT_NEEDLE),
            openssl: Finder::new(&OPENSSL_NEEDLE).into_owned(),
            java: JAVA_NEEDLES.map(|(needle, _)| Finder::new(needle).into_owned()),
        }
    }
}

/// A piece under search.
struct Search<'a, 's> {
    piece: &'a Piece<'a>,
    scanned: &'s mut Scanned,
    tell: &'s mut dyn FnMut(Candidate<'_>),
}

impl Search<'_, '_> {
    /// Where a needle begins within the piece's own part.
    fn places(&self, needle: &Finder<'_>) -> Vec<usize> {
        let Piece { bytes, from, to, .. } = *self.piece;
        let found = needle.find_iter(&bytes[from..]).map(|at| from + at);
        found.take_while(|&at| at < to).collect()
    }

    fn structured(&mut self, secret: &[u8], at: usize, structure: Structure) {
        self.scanned.structured += 1;
        let offset = self.piece.offset + at as u64;
        (self.tell)(Candidate { secret, offset, structure });
    }

    fn sessions(&mut self, needles: &Needles) {
        let bytes = self.piece.bytes;
        for at in self.places(&needles.session) {
            let Some(found) = session::secret(&bytes[at..]) else { continue };
            if found.is_resumption {
                self.scanned.resumption_secrets += 1;
                continue;
            }
            let place = at + found.at.start..at + found.at.end;
            self.structured(&bytes[place.clone()], place.start, Structure::Session);
        }
        for at in self.places(&needles.time) {
            let Some(start) = at.checked_sub(MASTER) else { continue };
            self.structured(&bytes[start..at], start, Structure::SessionRest);
        }
    }

    fn encoded(&mut self, needles: &Needles) {
        let bytes = self.piece.bytes;
        for at in self.places(&needles.hex) {
            self.decoded(hex_session(&bytes[at..]), at, Structure::HexSession);
        }
        for (needle, (_, before)) in needles.base64.iter().zip(BASE64_NEEDLES) {
            for at in self.places(needle) {
                let Some(start) = at.checked_sub(before) else { continue };
                self.decoded(base64_session(&bytes[start..]), start, Structure::Base64Session);
            }
        }
        for at in self.places(&needles.text) {
            self.decoded(text_line(&bytes[at..]), at, Structure::Text);
        }
    }

    fn decoded(&mut self, decoded: Option<Decoded>, at: usize, structure: Structure) {
        match decoded {
            Some(decoded) if decoded.is_resumption => self.scanned.resumption_secrets += 1,
            Some(decoded) => self.structured(&decoded.secret, at + decoded.at, structure),
            None => {}
        }
    }

    fn memory(&mut self, needles: &Needles) {
        let bytes = self.piece.bytes;
        for at in self.places(&needles.openssl) {
            let Some(place) = openssl_master(&bytes[at..]) else { continue };
            let place = at + place.start..at + place.end;
            self.structured(&bytes[place.clone()], place.start, Structure::OpenSslMemory);
        }
        if self.scanned.container != Container::Hprof {
            return;
        }
        for (needle, (text, len)) in needles.java.iter().zip(JAVA_NEEDLES) {
            for at in self.places(needle) {
                let start = at + text.len();
                let Some(secret) = bytes.get(start..start + len) else { continue };
                self.structured(secret, start, Structure::JavaArray);
            }
        }
    }

    fn windows(&mut self) {
        let Piece { bytes, from, to, offset } = *self.piece;
        let skew = usize::try_from(offset % 4).unwrap_or_default();
        random_windows(bytes, from, to, skew, &mut |at, len| {
            self.scanned.windows += 1;
            let secret = &bytes[at..at + len];
            let candidate =
                Candidate { secret, offset: offset + at as u64, structure: Structure::Window };
            (self.tell)(candidate);
        });
    }
}

#[cfg(test)]
mod tests;
