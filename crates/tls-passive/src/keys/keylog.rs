//! Key logs: the secrets of single sessions, as clients and servers write them (`SSLKEYLOGFILE`,
//! RFC 9850), from files and from the Decryption Secrets Blocks of a capture.
//!
//! A secret is a candidate, not a fact: where a log has two for one session both are kept, and the
//! caller proves one by the Finished or by a tag (law 7).

pub(super) mod group;
mod line;
pub(super) mod load;
pub(super) mod parser;
mod remembered;
mod secret;
mod shared;
mod trailer;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use self::group::Group;
pub(super) use self::load::load;
use self::parser::Parser;
pub use self::remembered::{Found, FoundSecret};
pub use self::secret::{Find, Kept, LoggedSecret, Origin, TrafficLabel};
use self::secret::{Kind, SecretId};
pub use self::shared::SharedKeyLog;
use super::error::KeyError;

/// How many remarks are kept: one log of another tool has one for each of its lines.
pub(super) const MAX_REMARKS: usize = 20;

/// A million secrets are the TLS 1.3 lines of some 200,000 sessions, a log of 170 MB, and cost as
/// much memory. Captures are not trusted: each of their blocks may bring more.
pub(super) const MAX_SECRETS: usize = 1 << 20;

/// The secrets of any number of logs. Not `Clone`, not `Serialize`; `Debug` shows counts alone.
///
/// Each lookup notes that a session asked for what it finds: what nobody asked for is
/// [unmatched](Self::unmatched_lines).
#[derive(Default)]
pub struct KeyLog {
    groups: HashMap<SecretId, Group>,
    /// The client randoms among them, in the order in which they came.
    randoms: Vec<[u8; 32]>,
    files: Vec<Arc<str>>,
    file_lines: usize,
    dsb_lines: usize,
    trailer_lines: usize,
    /// Where the secrets of [`Origin::Remembered`] were found, by their numbers.
    finds: Vec<(Kept, String)>,
    /// What was searched for them, a phrase each.
    searched: Vec<String>,
    /// Secrets in all groups.
    secrets: usize,
    remarks: Vec<String>,
    more_remarks: usize,
}

impl KeyLog {
    /// Reads a log that was given as the file `name`: every secret that can be read, and every line
    /// that cannot.
    #[must_use]
    pub fn parse(name: &str, bytes: &[u8]) -> (Self, Vec<KeyError>) {
        let mut parser = Parser::new(name, Origin::File);
        parser.feed(bytes);
        parser.finish()
    }

    /// Reads the key log of a Decryption Secrets Block (type `TLSK`).
    #[must_use]
    pub fn parse_dsb(bytes: &[u8]) -> (Self, Vec<KeyError>) {
        let mut parser = Parser::new("dsb", Origin::Dsb);
        parser.feed(bytes);
        parser.finish()
    }

    /// Reads the secrets of a trailer of F5's.
    #[must_use]
    pub fn parse_trailer(elements: &[u8]) -> Self {
        let mut parser = Parser::new("trailer", Origin::Trailer);
        trailer::lines(elements, |line| parser.feed(line));
        parser.finish().0
    }

    /// The same secrets, known only from packet `index` on: so that a lookup for an earlier packet
    /// can leave them out, however far ahead the capture has been read (law 4).
    #[must_use]
    pub fn known_since(mut self, index: u64) -> Self {
        let secrets = self.groups.values_mut().flat_map(|group| &mut group.secrets);
        secrets.for_each(|secret| secret.since = index);
        self
    }

    /// Takes in another log, which counts as the later one.
    pub fn merge(&mut self, other: Self) {
        let mut groups: Vec<_> = other.groups.into_iter().collect();
        // In the order of the file: what is remarked and dropped must not depend on a hash.
        groups.sort_unstable_by(|(_, a), (_, b)| a.first_line().cmp(&b.first_line()));
        let mut dropped = false;
        let finds = u32::try_from(self.finds.len()).unwrap_or(u32::MAX);
        for (id, group) in groups {
            let matched = group.is_matched();
            for mut secret in group.secrets {
                secret.renumber(finds);
                dropped |= !self.insert(&id, secret);
            }
            if matched {
                self.mark(&id);
            }
        }
        if dropped {
            self.remark(format!("more than {MAX_SECRETS} secrets: the last ones are not used"));
        }
        self.file_lines += other.file_lines;
        self.dsb_lines += other.dsb_lines;
        self.trailer_lines += other.trailer_lines;
        self.finds.extend(other.finds);
        self.searched.extend(other.searched);
        self.add_files(other.files);
        other.remarks.into_iter().for_each(|remark| self.remark(remark));
        self.more_remarks += other.more_remarks;
    }

    /// Whether there is no secret.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// How many lines with a secret were read, repeated ones included.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.file_lines + self.dsb_lines + self.trailer_lines
    }

    /// How many of them were in files given with `--keylog`.
    #[must_use]
    pub fn file_lines(&self) -> usize {
        self.file_lines
    }

    /// What a report calls the secrets of this origin: `keylog:12 lines`, `dsb`.
    #[must_use]
    pub fn source(&self, origin: Origin) -> String {
        match origin {
            Origin::File => format!("keylog:{} lines", self.file_lines),
            Origin::Dsb => "dsb".to_owned(),
            Origin::Trailer => "trailer".to_owned(),
            Origin::Remembered(find) => self.place_of(find),
        }
    }

    /// Whether there is a secret of this origin.
    #[must_use]
    pub fn has(&self, origin: Origin) -> bool {
        match origin {
            Origin::File => self.file_lines > 0,
            Origin::Dsb => self.dsb_lines > 0,
            Origin::Trailer => self.trailer_lines > 0,
            Origin::Remembered(find) => self.finds.len() > find.number as usize,
        }
    }

    /// The names of the files, each once, in the order in which they were given.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(AsRef::as_ref)
    }

    /// `CLIENT_RANDOM`: master secrets of 48 bytes, the last line first.
    pub fn master_secrets(&self, client_random: &[u8; 32]) -> impl Iterator<Item = &LoggedSecret> {
        self.find(&SecretId::ClientRandom(*client_random), Kind::Master)
    }

    /// `PMS_CLIENT_RANDOM`: premaster secrets of any length, the last line first.
    pub fn premasters_by_random(
        &self,
        client_random: &[u8; 32],
    ) -> impl Iterator<Item = &LoggedSecret> {
        self.find(&SecretId::ClientRandom(*client_random), Kind::Premaster)
    }

    /// `RSA <16 digits> <96 digits>`: premaster secrets of 48 bytes, by the first bytes of the
    /// encrypted one (behind the two length bytes that TLS puts before it).
    pub fn premasters_by_encrypted(&self, first8: &[u8; 8]) -> impl Iterator<Item = &LoggedSecret> {
        self.find(&SecretId::EncryptedPremaster(*first8), Kind::Premaster)
    }

    /// `RSA Session-ID:... Master-Key:...`: master secrets of 48 bytes, by the session ID of the
    /// ServerHello.
    pub fn master_by_session_id(&self, session_id: &[u8]) -> impl Iterator<Item = &LoggedSecret> {
        self.find(&SecretId::SessionId(session_id.into()), Kind::Master)
    }

    /// A TLS 1.3 secret, of 32 or 48 bytes, the last line first.
    pub fn traffic_secret(
        &self,
        client_random: &[u8; 32],
        label: TrafficLabel,
    ) -> impl Iterator<Item = &LoggedSecret> {
        self.find(&SecretId::ClientRandom(*client_random), Kind::Traffic(label))
    }

    /// `CLIENT_RANDOM`: every master secret with its client random, the last session first. For a
    /// session whose own random is not known; none of these counts as asked for.
    pub fn all_master_secrets(&self) -> impl Iterator<Item = (&[u8; 32], &LoggedSecret)> {
        self.all(Kind::Master)
    }

    /// The same of a TLS 1.3 secret.
    pub fn all_traffic_secrets(
        &self,
        label: TrafficLabel,
    ) -> impl Iterator<Item = (&[u8; 32], &LoggedSecret)> {
        self.all(Kind::Traffic(label))
    }

    fn all(&self, kind: Kind) -> impl Iterator<Item = (&[u8; 32], &LoggedSecret)> {
        let groups = self.randoms.iter().rev().filter_map(|random| {
            Some((random, self.groups.get(&SecretId::ClientRandom(*random))?))
        });
        groups.flat_map(move |(random, group)| {
            let secrets = group.secrets.iter().rev().filter(move |secret| secret.kind == kind);
            secrets.map(move |secret| (random, secret))
        })
    }

    /// The labels of the lines about this client random, each once, in the order of the lines.
    #[must_use]
    pub fn labels(&self, client_random: &[u8; 32]) -> Vec<&'static str> {
        let mut labels = Vec::new();
        let group = self.mark(&SecretId::ClientRandom(*client_random));
        for secret in group.iter().flat_map(|group| &group.secrets) {
            if !labels.contains(&secret.kind.label()) {
                labels.push(secret.kind.label());
            }
        }
        labels
    }

    /// Labels of lines about this client random that have several secrets.
    #[must_use]
    pub fn contradictions(&self, client_random: &[u8; 32]) -> Vec<&'static str> {
        let Some(group) = self.groups.get(&SecretId::ClientRandom(*client_random)) else {
            return Vec::new();
        };
        let count = |kind| group.secrets.iter().filter(|secret| secret.kind == kind).count();
        let mut found: Vec<_> = group.secrets.iter().map(|secret| secret.kind).collect();
        found.retain(|&kind| count(kind) > 1);
        found.dedup();
        let mut labels: Vec<_> = found.into_iter().map(Kind::label).collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// Labels of lines about this client random whose secrets have zeros behind them.
    #[must_use]
    pub fn padded(&self, client_random: &[u8; 32]) -> Vec<&'static str> {
        let group = self.groups.get(&SecretId::ClientRandom(*client_random));
        let secrets = group.iter().flat_map(|group| &group.secrets);
        let mut labels: Vec<_> =
            secrets.filter(|secret| secret.is_padded).map(|secret| secret.kind.label()).collect();
        labels.dedup();
        labels
    }

    /// Whether any line is about this client random and has a secret of TLS 1.2 or before.
    #[must_use]
    pub fn opens_up_to_tls12(&self, client_random: &[u8; 32]) -> bool {
        let group = self.mark(&SecretId::ClientRandom(*client_random));
        let is_traffic = |secret: &LoggedSecret| matches!(secret.kind, Kind::Traffic(_));
        group.is_some_and(|group| !group.secrets.iter().all(is_traffic))
    }

    /// Whether any line is about this client random.
    #[must_use]
    pub fn has_random(&self, client_random: &[u8; 32]) -> bool {
        self.mark(&SecretId::ClientRandom(*client_random)).is_some()
    }

    /// How many lines of files no session asked for. (A block of a capture was put there by a tool,
    /// and tools put all they have.)
    #[must_use]
    pub fn unmatched_lines(&self) -> usize {
        self.unmatched().map(|secret| secret.lines).sum()
    }

    /// `file:line` of the first line of a file that no session asked for.
    #[must_use]
    pub fn first_unmatched(&self) -> Option<String> {
        self.unmatched().min_by_key(|secret| self.position(secret)).map(LoggedSecret::place)
    }

    /// `file:line` of the lines of files that no session asked for, in their order; of lines that
    /// say the same the first.
    #[must_use]
    pub fn unmatched_places(&self) -> Vec<String> {
        let mut secrets: Vec<_> = self.unmatched().collect();
        secrets.sort_by_key(|secret| self.position(secret));
        secrets.into_iter().map(LoggedSecret::place).collect()
    }

    fn position(&self, secret: &LoggedSecret) -> (Option<usize>, u32) {
        (self.files.iter().position(|file| **file == *secret.file), secret.line)
    }

    /// What the user should know of logs that are good otherwise, a line each.
    pub fn remarks(&self) -> impl Iterator<Item = String> {
        let more = (self.more_remarks > 0).then(|| format!("and {} more", self.more_remarks));
        self.remarks.iter().cloned().chain(more)
    }

    fn unmatched(&self) -> impl Iterator<Item = &LoggedSecret> {
        let groups = self.groups.values().filter(|group| !group.is_matched());
        groups.flat_map(|group| &group.secrets).filter(|secret| secret.origin == Origin::File)
    }

    fn find(&self, id: &SecretId, kind: Kind) -> impl Iterator<Item = &LoggedSecret> + use<'_> {
        let secrets = self.mark(id).map(|group| group.secrets.as_slice()).unwrap_or_default();
        secrets.iter().rev().filter(move |secret| secret.kind == kind)
    }

    /// The group of a session, noted as asked for.
    fn mark(&self, id: &SecretId) -> Option<&Group> {
        let group = self.groups.get(id)?;
        group.mark();
        Some(group)
    }

    /// Adds a secret, unless it is there already. False if there are too many.
    fn insert(&mut self, id: &SecretId, secret: LoggedSecret) -> bool {
        if self.secrets >= MAX_SECRETS {
            return false;
        }
        let group = self.groups.entry(id.clone()).or_default();
        if let (SecretId::ClientRandom(random), true) = (id, group.secrets.is_empty()) {
            self.randoms.push(*random);
        }
        if group.repeat(&secret) {
            return true;
        }
        let rival = group.rival(&secret);
        let before = group.secrets.len();
        group.push(secret);
        self.secrets += group.secrets.len() - before;
        if let Some([new, old]) = rival {
            let name = id.name();
            self.remark(format!(
                "{new}: another secret than {old} has for this {name}: both are tried"
            ));
        }
        true
    }

    fn add_files(&mut self, files: Vec<Arc<str>>) {
        for file in files {
            if !self.files.contains(&file) {
                self.files.push(file);
            }
        }
    }

    fn remark(&mut self, remark: String) {
        if self.remarks.len() < MAX_REMARKS {
            self.remarks.push(remark);
        } else {
            self.more_remarks += 1;
        }
    }
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLog")
            .field("sessions", &self.groups.len())
            .field("lines", &self.lines())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
