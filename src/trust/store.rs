//! What is trusted: the certificates of `--ca`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::reading::Reading;

/// Certificates that are taken as trusted: a system has some 150.
pub(super) const MOST_ANCHORS: usize = 10_000;

/// Trusted certificates by subject.
#[derive(Debug, Default)]
pub struct Store {
    by_subject: HashMap<Vec<u8>, Vec<Arc<Reading>>>,
    known: BTreeSet<[u8; 32]>,
    sources: Vec<String>,
}

impl Store {
    /// Adds the certificates of a file, PEM or DER; `source` is how the report names it. Returns how
    /// many could be read.
    pub fn add_file(&mut self, source: &str, bytes: &[u8]) -> usize {
        let found = self.add_bytes(bytes);
        if found > 0 {
            self.add_source(source);
        }
        found
    }

    /// Adds the certificates of PEM or DER. Returns how many could be read.
    pub fn add_bytes(&mut self, bytes: &[u8]) -> usize {
        let pem: Vec<_> = CertificateDer::pem_slice_iter(bytes).filter_map(Result::ok).collect();
        match pem.is_empty() {
            true => usize::from(self.add(bytes)),
            false => pem.iter().filter(|der| self.add(der)).count(),
        }
    }

    /// Adds a certificate in DER. Whether it is one.
    pub fn add(&mut self, der: &[u8]) -> bool {
        let Some(reading) = Reading::of(der) else { return false };
        if self.known.len() < MOST_ANCHORS && self.known.insert(reading.certificate.sha256) {
            self.by_subject.entry(reading.subject.clone()).or_default().push(Arc::new(reading));
        }
        true
    }

    /// Names a source of what was added.
    pub fn add_source(&mut self, source: &str) {
        self.sources.push(source.to_owned());
    }

    pub(super) fn only(reading: Arc<Reading>) -> Self {
        let mut store = Self::default();
        store.known.insert(reading.certificate.sha256);
        store.by_subject.insert(reading.subject.clone(), vec![reading]);
        store
    }

    /// Nothing is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The files, in order.
    pub(super) fn named(&self) -> String {
        self.sources.join(", ")
    }

    /// Certificates of this subject.
    pub(super) fn named_so(&self, subject: &[u8]) -> &[Arc<Reading>] {
        self.by_subject.get(subject).map_or(&[], Vec::as_slice)
    }

    /// Whether a certificate is trusted: itself, or one with its name and key, as a root that was
    /// issued anew.
    pub(super) fn trusts(&self, reading: &Reading) -> Option<&Arc<Reading>> {
        let same = self.named_so(&reading.subject);
        let exact = same.iter().find(|a| a.certificate.sha256 == reading.certificate.sha256);
        exact.or_else(|| same.iter().find(|anchor| anchor.key.spki == reading.key.spki))
    }
}
