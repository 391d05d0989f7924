//! Paths from a certificate to one that is trusted, or as far as they lead (RFC 4158).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::reading::Reading;
use super::signature::{self, Signed};
use super::store::Store;

/// Certificates above the first that a path may have. Verifiers allow 6 to 100.
pub(super) const LONGEST_PATH: usize = 40;

/// Whole paths that are compared. Cross-certificates make two or three.
pub(super) const MOST_PATHS: usize = 16;

/// Signatures that one search may verify anew.
pub(super) const MOST_SIGNATURES: usize = 128;

/// Signatures whose verdict is remembered: a server's are asked for with each of its sessions.
pub(super) const MOST_REMEMBERED: usize = 16_384;

/// Where a certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// This side sent it, in this place.
    Sent(usize),
    /// It is among the trusted ones.
    Trusted,
    /// It was sent in another session, of this number.
    Capture(u64),
}

/// A certificate of a path.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) reading: Arc<Reading>,
    pub(super) source: Source,
}

/// Where a path ends.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// At a certificate that is trusted.
    Trusted,
    /// At one that signed itself, and is not trusted.
    SelfSigned,
    /// The issuer's certificate is nowhere.
    NoIssuer,
    /// A certificate has the issuer's name, and did not sign.
    NotSignedBy(Step),
    /// The signature is of a kind that we do not verify.
    Unverifiable,
    /// Longer than we look.
    TooLong,
}

/// A path: certificates from the first on, each signed by the next.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) steps: Vec<Step>,
    pub(super) end: End,
}

impl Path {
    pub(super) fn is_trusted(&self) -> bool {
        matches!(self.end, End::Trusted)
    }

    /// The last certificate.
    pub(super) fn top(&self) -> Option<&Step> {
        self.steps.last()
    }
}

/// Verdicts on signatures, by the certificate and the key of its issuer.
#[derive(Debug, Default)]
pub(super) struct Signatures {
    known: HashMap<([u8; 32], [u8; 32]), Signed>,
    left: usize,
}

impl Signatures {
    /// A new search begins.
    pub(super) fn refill(&mut self) {
        self.left = MOST_SIGNATURES;
        if self.known.len() > MOST_REMEMBERED {
            self.known.clear();
        }
    }

    /// Whether `issuer` signed `below`.
    pub(super) fn verify(&mut self, below: &Reading, issuer: &Reading) -> Signed {
        let key = (below.certificate.sha256, issuer.certificate.spki_sha256);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let Some(left) = self.left.checked_sub(1) else { return Signed::Unknown };
        self.left = left;
        let (algorithm, signed) = (&below.signature_algorithm, &below.signed);
        let found = signature::verify(algorithm, &issuer.key, signed, &below.signature);
        self.known.insert(key, found);
        found
    }
}

/// What a search may use.
pub(super) struct Search<'a> {
    pub(super) sent: &'a [Arc<Reading>],
    pub(super) store: &'a Store,
    /// Certificates of other sessions.
    pub(super) others: &'a [Step],
    pub(super) signatures: &'a mut Signatures,
    pub(super) found: Vec<Path>,
}

impl Search<'_> {
    /// All paths from the first certificate sent.
    pub(super) fn run(mut self) -> Vec<Path> {
        self.signatures.refill();
        if let Some(first) = self.sent.first() {
            let first = Step { reading: Arc::clone(first), source: Source::Sent(0) };
            self.extend(&mut vec![first], &mut HashSet::new());
        }
        self.found
    }

    fn extend(&mut self, steps: &mut Vec<Step>, seen: &mut HashSet<[u8; 32]>) {
        let Some(last) = steps.last().cloned() else { return };
        if self.found.len() >= MOST_PATHS || !seen.insert(last.reading.certificate.sha256) {
            return;
        }
        self.go_on(&last, steps, seen);
        seen.remove(&last.reading.certificate.sha256);
    }

    fn go_on(&mut self, last: &Step, steps: &mut Vec<Step>, seen: &mut HashSet<[u8; 32]>) {
        let is_trusted = self.store.trusts(&last.reading).is_some();
        if is_trusted {
            self.end(steps, End::Trusted);
        }
        if last.reading.is_self_issued() && self.signs_itself(&last.reading) {
            if !is_trusted {
                self.end(steps, End::SelfSigned);
            }
            return;
        }
        if steps.len() > LONGEST_PATH {
            return self.end(steps, End::TooLong);
        }
        let mut dead_end = End::NoIssuer;
        let mut has_issuer = is_trusted;
        for candidate in self.candidates(&last.reading) {
            match self.signatures.verify(&last.reading, &candidate.reading) {
                Signed::Yes => {
                    has_issuer = true;
                    steps.push(candidate);
                    self.extend(steps, seen);
                    steps.pop();
                }
                Signed::No if matches!(dead_end, End::NoIssuer) => {
                    dead_end = End::NotSignedBy(candidate);
                }
                Signed::Unknown => dead_end = End::Unverifiable,
                Signed::No => {}
            }
        }
        if !has_issuer {
            self.end(steps, dead_end);
        }
    }

    fn signs_itself(&mut self, reading: &Reading) -> bool {
        self.signatures.verify(reading, reading) != Signed::No
    }

    fn end(&mut self, steps: &[Step], end: End) {
        self.found.push(Path { steps: steps.to_vec(), end });
    }

    /// Certificates that have the issuer's name: trusted ones, those that were sent, then others.
    fn candidates(&self, below: &Reading) -> Vec<Step> {
        let trusted = self.store.named_so(&below.issuer).iter();
        let trusted = trusted.map(|r| Step { reading: Arc::clone(r), source: Source::Trusted });
        let sent = self.sent.iter().enumerate();
        let sent = sent.map(|(place, reading)| Step {
            reading: Arc::clone(reading),
            source: Source::Sent(place),
        });
        let mut known = HashSet::from([below.certificate.sha256]);
        trusted
            .chain(sent)
            .chain(self.others.iter().cloned())
            .filter(|step| step.reading.subject == below.issuer)
            .filter(|step| known.insert(step.reading.certificate.sha256))
            .collect()
    }
}
