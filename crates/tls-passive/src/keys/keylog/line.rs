//! One line of a key log: what it says, or where it is wrong.
//!
//! RFC 9850 §2 has `label random secret`, one space between. Before it there were the forms of NSS
//! (`RSA`, `PMS_CLIENT_RANDOM`), of Java agents (`RSA Session-ID:... Master-Key:...`) and what
//! `openssl s_client` prints. Blanks may be more than one, and text behind the secret is ignored, as
//! Wireshark does (peers.md §3.3).

use zeroize::Zeroizing;

use super::secret::{Kind, SecretBytes, SecretId, TrafficLabel};
use crate::keys::problem::Problem;

/// SHA-256 and SHA-384: the hashes of the TLS 1.3 suites, and so the lengths of their secrets.
const HASH_BYTES: [usize; 2] = [32, 48];

/// Premaster and master secrets (RFC 5246 §8.1).
const MASTER_BYTES: [usize; 1] = [48];

/// The buffer that stacks keep a secret in: as long as the longest hash of any suite, SHA-512's. Those
/// who look on from outside (eBPF) may log all of it.
const LONGEST_SECRET: usize = 64;

/// A premaster secret of a key exchange can be as long as the group is wide: OpenSSL allows 10000
/// bits and we allow 16384.
const MAX_PREMASTER_BYTES: usize = 2048;

/// Longest session ID (RFC 5246 §7.4.1.2), in bytes.
const MAX_SESSION_ID: usize = 32;

/// What a line says.
pub(super) enum Line {
    /// Nothing, or nothing of use here: empty, a comment, Encrypted Client Hello.
    Nothing,
    /// No line of a key log; its first word if that looks like a label.
    Unknown(Option<String>),
    /// A secret and what finds it.
    Secret(SecretId, Kind, SecretBytes),
    /// The same, behind which its writer put zeros: the whole buffer that it keeps secrets in.
    PaddedSecret(SecretId, Kind, SecretBytes),
    /// Zeros in the place of a secret: its writer looked at a buffer that was not filled yet.
    Zeros,
    /// A master secret for the session ID of no bytes, which no session can be found by.
    NoSessionId,
    /// `Session-ID: ...` of `s_client`; a `Master-Key:` follows.
    ClientSessionId(Box<[u8]>),
    /// `Master-Key: ...` of `s_client`.
    ClientMasterKey(SecretBytes),
}

/// What is wrong, at a byte offset of the line.
pub(super) struct LineFault {
    pub(super) at: usize,
    pub(super) problem: Problem,
}

/// Whether a line that is too long to be read would have been one of a key log.
pub(super) fn has_label(line: &[u8]) -> bool {
    let word = Words::new(line).next().1;
    matches!(word, b"CLIENT_RANDOM" | b"PMS_CLIENT_RANDOM" | b"RSA") || traffic(word).is_some()
}

/// Reads a line without its end.
pub(super) fn parse(line: &[u8]) -> Result<Line, LineFault> {
    let mut words = Words::new(line);
    match words.next().1 {
        b"" | b"ECH_SECRET" | b"ECH_CONFIG" => Ok(Line::Nothing),
        [b'#', ..] => Ok(Line::Nothing),
        b"CLIENT_RANDOM" => by_random(words, Kind::Master, &MASTER_BYTES),
        b"PMS_CLIENT_RANDOM" => by_random(words, Kind::Premaster, &[]),
        b"RSA" => rsa(words),
        b"Session-ID:" => Ok(client_session_id(words)),
        b"Master-Key:" => Ok(client_master_key(words)),
        word => match traffic(word) {
            Some(label) => by_random(words, Kind::Traffic(label), &HASH_BYTES),
            None => Ok(Line::Unknown(label_like(word))),
        },
    }
}

fn traffic(word: &[u8]) -> Option<TrafficLabel> {
    TrafficLabel::ALL.into_iter().find(|label| label.as_str().as_bytes() == word)
}

fn by_random(mut words: Words<'_>, kind: Kind, lengths: &[usize]) -> Result<Line, LineFault> {
    let id = SecretId::ClientRandom(array(words.next(), "client random")?);
    let (at, word) = words.next();
    let digits = without_padding(word, lengths);
    let secret = secret((at, digits), lengths)?;
    Ok(match digits.len() {
        _ if is_zeros(digits) => Line::Zeros,
        len if len < word.len() => Line::PaddedSecret(id, kind, secret),
        _ => Line::Secret(id, kind, secret),
    })
}

/// The digits of a secret without the zeros that fill it up to [`LONGEST_SECRET`]: the shortest of
/// `lengths` that nothing but zeros is behind. (A secret ends in 16 zeros once in 2^128.)
fn without_padding<'w>(word: &'w [u8], lengths: &[usize]) -> &'w [u8] {
    if word.len() > 2 * LONGEST_SECRET {
        return word;
    }
    let fits = |&&len: &&usize| word.get(2 * len..).is_some_and(is_zeros);
    lengths.iter().find(fits).map_or(word, |len| &word[..2 * len])
}

fn is_zeros(digits: &[u8]) -> bool {
    digits.iter().all(|&digit| digit == b'0')
}

/// Either form that begins with `RSA`.
fn rsa(mut words: Words<'_>) -> Result<Line, LineFault> {
    let (at, word) = words.next();
    let Some(id) = word.strip_prefix(b"Session-ID:") else {
        let id = SecretId::EncryptedPremaster(array((at, word), "encrypted premaster secret")?);
        let premaster = secret(words.next(), &MASTER_BYTES)?;
        return Ok(Line::Secret(id, Kind::Premaster, premaster));
    };
    let session_id = hex((at + word.len() - id.len(), id), "session ID", |n| n <= MAX_SESSION_ID)?;
    let master = master_key(words.next())?;
    if session_id.is_empty() {
        return Ok(Line::NoSessionId);
    }
    Ok(Line::Secret(SecretId::SessionId(session_id.as_slice().into()), Kind::Master, master))
}

fn master_key((at, word): (usize, &[u8])) -> Result<SecretBytes, LineFault> {
    match word.strip_prefix(b"Master-Key:") {
        Some(key) => secret((at + word.len() - key.len(), key), &MASTER_BYTES),
        None => Err(LineFault { at, problem: Problem::LogFieldMissing("Master-Key:") }),
    }
}

/// Free text surrounds these two, so that what does not fit is text as well.
fn client_session_id(mut words: Words<'_>) -> Line {
    match hex(words.next(), "session ID", |n| n <= MAX_SESSION_ID) {
        Ok(id) => Line::ClientSessionId(id.as_slice().into()),
        Err(_) => Line::Unknown(None),
    }
}

fn client_master_key(mut words: Words<'_>) -> Line {
    secret(words.next(), &MASTER_BYTES).map_or(Line::Unknown(None), Line::ClientMasterKey)
}

/// A secret of one of `lengths` bytes; of any if there are none.
fn secret(word: (usize, &[u8]), lengths: &[usize]) -> Result<SecretBytes, LineFault> {
    let fits = |n| match lengths {
        [] => (1..=MAX_PREMASTER_BYTES).contains(&n),
        lengths => lengths.contains(&n),
    };
    hex(word, "secret", fits).map(SecretBytes::new)
}

fn array<const N: usize>(word: (usize, &[u8]), what: &'static str) -> Result<[u8; N], LineFault> {
    let bytes = hex(word, what, |n| n == N)?;
    <[u8; N]>::try_from(bytes.as_slice())
        .map_err(|_| LineFault { at: word.0, problem: Problem::LogFieldMissing(what) })
}

/// The bytes that a word spells. A digit that is none is told first: it is the cause of a wrong
/// length where two writers have mixed their lines.
fn hex(
    (at, word): (usize, &[u8]),
    what: &'static str,
    fits: impl Fn(usize) -> bool,
) -> Result<Zeroizing<Vec<u8>>, LineFault> {
    if let Some(bad) = word.iter().position(|byte| !byte.is_ascii_hexdigit()) {
        return Err(LineFault { at: at + bad, problem: Problem::LogHex(what) });
    }
    if word.is_empty() && !fits(0) {
        return Err(LineFault { at, problem: Problem::LogFieldMissing(what) });
    }
    if !word.len().is_multiple_of(2) || !fits(word.len() / 2) {
        let digits = word.len();
        return Err(LineFault { at, problem: Problem::LogLength { what, digits } });
    }
    let bytes = word.chunks_exact(2).map(|pair| (digit(pair[0]) << 4) | digit(pair[1]));
    // The length is known to `collect`, which so never moves the bytes.
    Ok(Zeroizing::new(bytes.collect()))
}

fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        b'a'..=b'f' => character - b'a' + 10,
        _ => character.wrapping_sub(b'A').wrapping_add(10) & 0x0f,
    }
}

/// A word that may be told, because it cannot be a secret: some letter is no hexadecimal digit.
fn label_like(word: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(word).ok().filter(|text| text.len() <= 40)?;
    let is_label = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && text.contains('_')
        && text.bytes().any(|b| b.is_ascii_uppercase() && !b.is_ascii_hexdigit());
    is_label.then(|| text.to_owned())
}

/// The words of a line with their byte offsets; empty ones at its end.
struct Words<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    fn next(&mut self) -> (usize, &'a [u8]) {
        let rest = &self.line[self.at..];
        let start = rest.iter().position(|b| !is_blank(*b)).unwrap_or(rest.len());
        let length = rest[start..].iter().position(|b| is_blank(*b));
        let end = length.map_or(rest.len(), |length| start + length);
        let at = self.at + start;
        self.at += end;
        (at, &rest[start..end])
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
