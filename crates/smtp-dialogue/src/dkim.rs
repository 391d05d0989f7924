//! DKIM signatures (RFC 6376): not who signed, which takes a key from the DNS, but whether the body
//! is the one that was signed. Where it is, reassembly and decryption have lost no byte of it.

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::base64;
use super::header;

/// Signatures of one message that are looked at: a list that passes mail on adds one, a sender
/// seldom has more than two.
pub(super) const MOST_SIGNATURES: usize = 8;

/// Bytes gathered before they are hashed: many small runs are slower than one.
pub(super) const GATHERED: usize = 4096;

/// A signature, and what its body hash says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dkim {
    /// `d=`: who vouches for the message.
    pub domain: String,
    /// `s=`: under which name of that domain the key is.
    pub selector: String,
    /// `a=`: the algorithms, as written.
    pub algorithm: String,
    /// Whether `bh=` is the hash of this body; none if bytes of the body are missing.
    pub body_hash: Option<BodyHash>,
}

/// What a signature's body hash says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyHash {
    /// The body is the one that was signed.
    Match,
    /// It is not: it was changed on its way, as lists and gateways do, or here.
    Mismatch,
    /// An algorithm or a canonicalization that is not known here.
    Unsupported,
}

impl BodyHash {
    /// `match`, `mismatch` or `unsupported`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::Unsupported => "unsupported",
        }
    }
}

/// The signatures of a message whose body is passing by.
#[derive(Default)]
pub(super) struct Signatures(Vec<(Dkim, Option<Hasher>)>);

impl Signatures {
    /// Those that the header has.
    pub(super) fn of(header: &[u8]) -> Self {
        let values = header::fields(header, "DKIM-Signature");
        Self(values.iter().take(MOST_SIGNATURES).filter_map(|value| signature(value)).collect())
    }

    /// Takes the next bytes of the body.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let hashers = self.0.iter_mut().filter_map(|(_, hasher)| hasher.as_mut());
        hashers.for_each(|hasher| hasher.push(bytes));
    }

    /// What they say of the body; `whole` tells whether all of it has passed.
    pub(super) fn finish(self, whole: bool) -> Vec<Dkim> {
        let judge = |(mut dkim, hasher): (Dkim, Option<Hasher>)| {
            dkim.body_hash = match hasher {
                None => Some(BodyHash::Unsupported),
                Some(hasher) => whole.then(|| hasher.finish()),
            };
            dkim
        };
        self.0.into_iter().map(judge).collect()
    }
}

/// RFC 6376 §3.5: none without the tags that must be there.
fn signature(value: &str) -> Option<(Dkim, Option<Hasher>)> {
    let tag = |name: &str| {
        let tags = value.split(';').filter_map(|tag| tag.split_once('='));
        tags.filter(|(found, _)| found.trim() == name).map(|(_, value)| value.trim()).next()
    };
    let dkim = Dkim {
        domain: tag("d")?.to_owned(),
        selector: tag("s")?.to_owned(),
        algorithm: tag("a")?.to_owned(),
        body_hash: None,
    };
    let digits: Vec<u8> = tag("bh")?.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let hasher = Hasher::new(&dkim.algorithm, tag("c"), tag("l"), &digits);
    Some((dkim, hasher))
}

enum Hash {
    Sha1(Sha1),
    Sha256(Sha256),
}

/// Hashes a body in its canonical form (RFC 6376 §3.4.3, §3.4.4).
struct Hasher {
    hash: Hash,
    expected: Vec<u8>,
    relaxed: bool,
    /// `l=`: so many bytes are signed, no more.
    left: Option<u64>,
    /// Ends of lines that are not known yet to be the last ones.
    line_ends: u64,
    /// White space that may be the last of its line.
    space: bool,
    cr: bool,
    is_empty: bool,
    gathered: Vec<u8>,
}

impl Hasher {
    fn new(algorithm: &str, canonical: Option<&str>, len: Option<&str>, bh: &[u8]) -> Option<Self> {
        let hash = match algorithm.rsplit_once('-')?.1 {
            "sha256" => Hash::Sha256(Sha256::new()),
            "sha1" => Hash::Sha1(Sha1::new()),
            _ => return None,
        };
        let relaxed = match canonical.and_then(|c| c.split_once('/')).map_or("simple", |c| c.1) {
            "simple" => false,
            "relaxed" => true,
            _ => return None,
        };
        let left = match len {
            Some(len) => Some(len.parse().ok()?),
            None => None,
        };
        Some(Self {
            hash,
            expected: base64::decode(bh)?.to_vec(),
            relaxed,
            left,
            line_ends: 0,
            space: false,
            cr: false,
            is_empty: true,
            gathered: Vec::with_capacity(GATHERED),
        })
    }

    fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            let is_special = |b: &u8| *b == b'\r' || (self.relaxed && matches!(b, b' ' | b'\t'));
            if self.cr || is_special(&byte) {
                self.special(byte);
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let run = rest.iter().position(is_special).unwrap_or(rest.len());
            let (text, behind) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            self.text(text);
            rest = behind;
        }
    }

    /// A byte behind a CR, or one that the form may drop.
    fn special(&mut self, byte: u8) {
        if std::mem::take(&mut self.cr) {
            if byte == b'\n' {
                self.space = false;
                self.line_ends = self.line_ends.saturating_add(1);
                return;
            }
            self.text(b"\r");
        }
        match byte {
            b'\r' => self.cr = true,
            b' ' | b'\t' if self.relaxed => self.space = true,
            _ => self.text(&[byte]),
        }
    }

    /// Text: what was held back ahead of it counts now.
    fn text(&mut self, text: &[u8]) {
        self.is_empty = false;
        while self.line_ends > 0 {
            self.line_ends = self.line_ends.saturating_sub(1);
            self.emit(b"\r\n");
        }
        if std::mem::take(&mut self.space) {
            self.emit(b" ");
        }
        self.emit(text);
    }

    fn emit(&mut self, bytes: &[u8]) {
        let bytes = match &mut self.left {
            None => bytes,
            Some(left) => {
                let len = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left = left.saturating_sub(len as u64);
                bytes.get(..len).unwrap_or(bytes)
            }
        };
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHERED {
            self.flush();
        }
    }

    fn flush(&mut self) {
        match &mut self.hash {
            Hash::Sha1(hash) => hash.update(&self.gathered),
            Hash::Sha256(hash) => hash.update(&self.gathered),
        }
        self.gathered.clear();
    }

    /// All empty lines at the end are one line end (§3.4.3), or none in an empty relaxed body.
    fn finish(mut self) -> BodyHash {
        if std::mem::take(&mut self.cr) {
            self.text(b"\r");
        }
        if !(self.relaxed && self.is_empty) {
            self.emit(b"\r\n");
        }
        self.flush();
        // §3.5: a body shorter than `l=` says is not the one that was signed.
        let is_short = self.left.is_some_and(|left| left > 0);
        let found = match self.hash {
            Hash::Sha1(hash) => hash.finalize().to_vec(),
            Hash::Sha256(hash) => hash.finalize().to_vec(),
        };
        if found == self.expected && !is_short { BodyHash::Match } else { BodyHash::Mismatch }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6376 §A.2.
    const SIGNED: &str = "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n \
        c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n \
        h=Received : From : To : Subject : Date : Message-ID;\r\n \
        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n";
    const BODY: &str = "Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n";

    fn judge(signature: &str, body: &[u8], cut: usize) -> Vec<Dkim> {
        let mut signatures = Signatures::of(signature.as_bytes());
        body.chunks(cut.max(1)).for_each(|piece| signatures.push(piece));
        signatures.finish(true)
    }

    fn body_hash(tags: &str, body: &str) -> Option<BodyHash> {
        let signature = format!("DKIM-Signature: d=x; s=y; {tags}\r\n");
        judge(&signature, body.as_bytes(), 7).first()?.body_hash
    }

    #[test]
    fn the_example_of_rfc_6376_matches_however_it_is_cut() {
        for cut in 1..60 {
            let [dkim] = &judge(SIGNED, BODY.as_bytes(), cut)[..] else { panic!() };
            assert_eq!((dkim.domain.as_str(), dkim.selector.as_str()), ("example.com", "brisbane"));
            assert_eq!(dkim.algorithm, "rsa-sha256");
            assert_eq!(dkim.body_hash, Some(BodyHash::Match), "{cut}");
        }
    }

    #[test]
    fn empty_lines_at_the_end_do_not_count_and_any_other_byte_does() {
        let hash = |body: &str| judge(SIGNED, body.as_bytes(), 9)[0].body_hash;
        assert_eq!(hash(&format!("{BODY}\r\n\r\n")), Some(BodyHash::Match));
        assert_eq!(hash(BODY.trim_end()), Some(BodyHash::Match));
        for changed in [format!(" {BODY}"), format!("{BODY} \r\n"), BODY.replace("game.", "game. ")]
        {
            assert_eq!(hash(&changed), Some(BodyHash::Mismatch), "{changed:?}");
        }
    }

    #[test]
    fn the_hashes_of_empty_bodies_are_those_of_the_rfc() {
        // RFC 6376 §3.4.3 and §3.4.4.
        for (tags, body) in [
            ("a=rsa-sha256; c=simple; bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=", ""),
            ("a=rsa-sha256; bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=", "\r\n\r\n"),
            ("a=rsa-sha1; c=simple/simple; bh=uoq1oCgLlTqpdDX/iUbLy7J1Wic=", ""),
            (
                "a=rsa-sha256; c=relaxed/relaxed; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                "",
            ),
            ("a=rsa-sha1; c=simple/relaxed; bh=2jmj7l5rSw0yVb/vlWAYkK/YBwk=", " \t\r\n"),
        ] {
            assert_eq!(body_hash(tags, body), Some(BodyHash::Match), "{tags}");
        }
    }

    #[test]
    fn the_relaxed_form_is_that_of_the_rfc() {
        // RFC 6376 §3.4.5: ` C <CRLF>D <TAB> E<CRLF><CRLF><CRLF>` becomes ` C<CRLF>D E<CRLF>`.
        let expected = Sha256::digest(b" C\r\nD E\r\n").to_vec();
        let mut hasher = Hasher::new("rsa-sha256", Some("relaxed/relaxed"), None, b"").unwrap();
        hasher.expected = expected;
        b" C \r\nD \t E\r\n\r\n\r\n".iter().for_each(|byte| hasher.push(&[*byte]));
        assert_eq!(hasher.finish(), BodyHash::Match);
    }

    #[test]
    fn a_length_limits_what_is_signed() {
        let signed = SIGNED.replace("c=simple", "l=52; c=simple");
        assert_eq!(BODY.len(), 54);
        let hash = |text: &str, body: &str| judge(text, body.as_bytes(), 9)[0].body_hash;
        assert_eq!(hash(&signed, BODY), Some(BodyHash::Mismatch));
        let signed = SIGNED.replace("c=simple", "l=54; c=simple");
        assert_eq!(hash(&signed, &format!("{BODY}advertisement\r\n")), Some(BodyHash::Match));
        let signed = SIGNED.replace("c=simple", "l=55; c=simple");
        assert_eq!(hash(&signed, BODY), Some(BodyHash::Mismatch));
    }

    #[test]
    fn what_is_not_known_is_unsupported_and_what_is_no_signature_is_none() {
        let known = "bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=";
        for tags in ["a=rsa-md5", "a=none", "a=rsa-sha256; c=simple/nowsp", "a=rsa-sha256; l=x"] {
            let tags = format!("{tags}; {known}");
            assert_eq!(body_hash(&tags, ""), Some(BodyHash::Unsupported), "{tags}");
        }
        assert_eq!(body_hash("a=rsa-sha256", ""), None);
    }

    #[test]
    fn signatures_are_bounded_and_a_gap_leaves_no_judgement() {
        assert_eq!(judge(&SIGNED.repeat(20), b"", 1).len(), MOST_SIGNATURES);
        let signatures = Signatures::of(SIGNED.as_bytes());
        assert_eq!(signatures.finish(false)[0].body_hash, None);
    }

    proptest! {
        #[test]
        fn how_a_body_is_cut_does_not_matter(body in "[a \t\r\n]{0,30}", cut in 1_usize..9) {
            for form in ["simple", "relaxed"] {
                let forms = format!("relaxed/{form}");
                let hasher = || Hasher::new("rsa-sha256", Some(&forms), None, b"");
                let (Some(mut whole), Some(mut cuts)) = (hasher(), hasher()) else { panic!() };
                whole.push(body.as_bytes());
                body.as_bytes().chunks(cut).for_each(|piece| cuts.push(piece));
                let canonical = |hasher: &mut Hasher| {
                    (hasher.gathered.clone(), hasher.line_ends, hasher.space, hasher.cr)
                };
                prop_assert_eq!(canonical(&mut whole), canonical(&mut cuts));
            }
        }
    }
}
