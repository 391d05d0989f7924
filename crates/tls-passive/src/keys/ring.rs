//! The ring: every RSA key that was given, and which of them belong to a server.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rsa::PrivateKey;
use rsa_batch::{Answer, Engine, Request};
use zeroize::Zeroizing;

use super::error::{Fault, KeyError, Place};
use super::file::KeyFile;
use super::keylog::{KeyLog, SharedKeyLog};
use super::list::ListRow;
use super::passwords::Passwords;
use super::pre_shared::{self, PreSharedId, PreSharedKey};
use super::problem::Problem;
use super::row::Row;
use super::rsa_key::RsaKey;
use super::{KeySource, SecretBytes, file, keylog, list, profile};

/// How many further rows of a key its note names.
const MAX_NAMED: usize = 5;

/// Pairs of a row and a key: a row for each of ten thousand servers with ten keys.
pub(super) const MOST_PAIRS: usize = 100_000;

/// The keys of a run, in the order in which they were first named, and its key logs. Not `Clone`,
/// not `Serialize`; `Debug` shows the identities alone.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: Vec<RsaKey>,
    keylog: SharedKeyLog,
    pre_shared: Vec<PreSharedKey>,
    engine: Engine,
    /// Some of what was given could not be used.
    lacks_some: bool,
}

/// A key's place in its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub usize);

impl KeyRing {
    /// A ring without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads all sources, in their order: the ring of what could be read, and everything that is
    /// wrong with any of them, every row and every file.
    #[must_use]
    pub fn load(sources: &[KeySource]) -> (Self, Vec<KeyError>) {
        let mut loader = Loader::default();
        // Whatever their place among the sources, passwords are for all keys.
        for source in sources {
            match source {
                KeySource::PasswordFile(path) => loader.password_file(path),
                KeySource::PasswordVariable(name) => loader.password_variable(name),
                KeySource::PasswordBytes(given) => loader.password_bytes(given),
                _ => {}
            }
        }
        for source in sources {
            match source {
                KeySource::List(path) => loader.list(path),
                KeySource::KeyFile(path) => loader.key_file(path),
                KeySource::KeyLog(path) => loader.key_log(path, None),
                KeySource::PreSharedFile(path) => loader.pre_shared_file(path),
                KeySource::PreSharedBytes(given) => loader.pre_shared_bytes(given),
                KeySource::WiresharkProfile(folder) => loader.profile(folder),
                KeySource::KeyBytes(given) => loader.key_bytes(given),
                KeySource::KeyLogBytes(given) => loader.key_log_bytes(given),
                KeySource::PasswordFile(_)
                | KeySource::PasswordVariable(_)
                | KeySource::PasswordBytes(_) => {}
            }
        }
        loader.finish()
    }

    /// The same ring with more secrets of sessions.
    #[must_use]
    pub fn with_keylog(self, log: KeyLog) -> Self {
        self.keylog.add(log);
        self
    }

    /// The same ring, whose keys compute with `engine`.
    #[must_use]
    pub fn with_rsa_engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self.keys.iter_mut().for_each(|key| key.use_engine(engine));
        self
    }

    /// [`RsaKey::raw_decrypt`] for many ciphertexts and keys at once, answered in their order. Some
    /// engines do eight in little more than the time of one. What stands beside a request does not
    /// change its answer.
    ///
    /// # Panics
    ///
    /// If a key is another ring's.
    #[must_use]
    pub fn raw_decrypt_batch(&self, requests: &[(KeyId, &[u8])]) -> Vec<Answer> {
        let request = |&(id, ciphertext)| Request { key: self.key(id).prepared(), ciphertext };
        self.engine.decrypt_batch(&requests.iter().map(request).collect::<Vec<_>>())
    }

    /// Whether some of what was given could not be used.
    #[must_use]
    pub fn lacks_some(&self) -> bool {
        self.lacks_some
    }

    /// The secrets of sessions, to which those of the capture can be added.
    #[must_use]
    pub fn keylog(&self) -> &SharedKeyLog {
        &self.keylog
    }

    /// All pre-shared keys.
    #[must_use]
    pub fn pre_shared(&self) -> &[PreSharedKey] {
        &self.pre_shared
    }

    /// The pre-shared key of this identifier.
    ///
    /// # Panics
    ///
    /// If it is another ring's.
    #[must_use]
    pub fn pre_shared_key(&self, id: PreSharedId) -> &PreSharedKey {
        &self.pre_shared[id.0]
    }

    /// The pre-shared keys that may be those of `identity`: first those that are given for it.
    pub(crate) fn pre_shared_for(
        &self,
        identity: &[u8],
    ) -> impl Iterator<Item = (PreSharedId, &PreSharedKey)> {
        let of = move |is_named| {
            let keys = self.pre_shared.iter().enumerate();
            keys.filter(move |(_, key)| key.is_named() == is_named && key.fits(identity))
        };
        of(true).chain(of(false)).map(|(nth, key)| (PreSharedId(nth), key))
    }

    /// All keys.
    #[must_use]
    pub fn keys(&self) -> &[RsaKey] {
        &self.keys
    }

    /// Whether there is no RSA key; there may be a key log.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of this identifier.
    ///
    /// # Panics
    ///
    /// If it is another ring's.
    #[must_use]
    pub fn key(&self, id: KeyId) -> &RsaKey {
        &self.keys[id.0]
    }

    /// The private half of a public key (big-endian numbers, leading zeros allowed).
    #[must_use]
    pub fn by_public_key(&self, modulus: &[u8], exponent: &[u8]) -> Option<KeyId> {
        self.keys.iter().position(|key| key.matches_public_key(modulus, exponent)).map(KeyId)
    }

    /// The keys with a row that allows this server, the most specific rows first; each key once.
    pub fn by_address(&self, ip: IpAddr, port: u16) -> impl Iterator<Item = KeyId> {
        let fit = |key: &RsaKey| {
            key.rows().iter().filter(|row| row.fits(ip, port)).map(Row::specificity).max()
        };
        let mut keys: Vec<_> =
            self.ids().filter_map(|(id, key)| Some((Reverse(fit(key)?), id))).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, id)| id)
    }

    /// Whether any row names this server (see [`Row::names`]).
    #[must_use]
    pub fn names(&self, ip: IpAddr, port: u16) -> bool {
        self.rows_naming(ip, port).next().is_some()
    }

    /// The rows that name this server, and the key of each.
    pub fn rows_naming(&self, ip: IpAddr, port: u16) -> impl Iterator<Item = (&Row, KeyId)> {
        let rows = self.ids().flat_map(|(id, key)| key.rows().iter().map(move |row| (row, id)));
        rows.filter(move |(row, _)| row.names(ip, port))
    }

    fn ids(&self) -> impl Iterator<Item = (KeyId, &RsaKey)> {
        self.keys.iter().enumerate().map(|(index, key)| (KeyId(index), key))
    }
}

/// A ring in the making, and all that went wrong.
#[derive(Default)]
struct Loader {
    ring: KeyRing,
    passwords: Passwords,
    errors: Vec<KeyError>,
    by_identity: HashMap<[u8; 32], KeyId>,
    /// The keys of each file that was read, so that a thousand rows of one key read it once.
    files: HashMap<PathBuf, Vec<KeyId>>,
    /// Pairs of a row and a key.
    pairs: usize,
}

impl Loader {
    fn list(&mut self, path: &Path) {
        let text = match file::read(path) {
            Ok(text) => text,
            Err(error) => return self.errors.push(error),
        };
        self.rows(list::parse(&text, path));
    }

    fn rows(&mut self, (rows, errors): (Vec<ListRow>, Vec<KeyError>)) {
        let before = self.errors.len();
        self.errors.extend(errors);
        for row in rows {
            self.list_row(row);
        }
        // Faulty rows and rows of faulty files, as the list has them.
        self.errors[before..].sort_by_key(KeyError::position);
    }

    fn list_row(&mut self, listed: ListRow) {
        let ListRow { row, path, password, at, password_at, remark } = listed;
        if let Some(io) = file::irregular(&path) {
            return self.errors.push(KeyError::new(at, Problem::NamedUnreadable(io)));
        }
        let error = match self.add(&path, row, password.as_ref().map(|bytes| bytes.as_slice())) {
            Ok(keys) => return self.remark(&keys, remark),
            Err(error) => error,
        };
        let to_blame = match error.problem {
            Problem::WrongPassword(_) => password_at.unwrap_or(at),
            _ => at,
        };
        self.errors.push(error.named_by(to_blame));
    }

    fn key_file(&mut self, path: &Path) {
        let row = Row::everywhere(format!("--key {}", Place::file(path)));
        if let Err(error) = self.add(path, row, None) {
            self.errors.push(error);
        }
    }

    fn key_bytes(&mut self, given: &SecretBytes) {
        let name = Path::new(&given.name);
        let read = file::within_cap(&given.bytes)
            .and_then(|bytes| file::parse(bytes, self.passwords.behind(None)));
        let row = Row::everywhere(Place::file(name).to_string());
        let added = match read {
            Ok(read) => self.take(read, &row, name).map(drop),
            Err(fault) => Err(fault.in_file(name)),
        };
        self.errors.extend(added.err());
    }

    fn pre_shared_file(&mut self, path: &Path) {
        let text = match file::read(path) {
            Ok(text) => text,
            Err(error) => return self.errors.push(error),
        };
        let is_blank = |line: &[u8]| matches!(line.trim_ascii(), [] | [b';', ..]);
        let lines = (1..).zip(text.split(|&byte| byte == b'\n'));
        for (number, line) in lines.filter(|(_, line)| !is_blank(line)) {
            let at = Place { line: Some(number), ..Place::file(path) };
            if !self.pre_shared(line, at) {
                return;
            }
        }
    }

    fn pre_shared_bytes(&mut self, given: &SecretBytes) {
        self.pre_shared(&given.bytes, Place::file(Path::new(&given.name)));
    }

    /// Adds the key in a line. False if there is no room for more.
    fn pre_shared(&mut self, line: &[u8], at: Place) -> bool {
        if self.ring.pre_shared.len() >= pre_shared::MOST_KEYS {
            let problem = Problem::TooManyPreShared(pre_shared::MOST_KEYS);
            self.errors.push(KeyError::new(at, problem));
            return false;
        }
        match PreSharedKey::parse(line, &at.to_string()) {
            Some(key) => self.ring.pre_shared.push(key),
            None => self.errors.push(KeyError::new(at, Problem::PreShared)),
        }
        true
    }

    fn key_log_bytes(&mut self, given: &SecretBytes) {
        let (log, errors) = KeyLog::parse(&given.name, &given.bytes);
        self.ring.keylog.add(log);
        self.errors.extend(errors);
    }

    fn key_log(&mut self, path: &Path, named_by: Option<Place>) {
        if let (Some(io), Some(at)) = (file::irregular(path), &named_by) {
            return self.errors.push(KeyError::new(at.clone(), Problem::NamedUnreadable(io)));
        }
        if path.is_dir() && named_by.is_none() {
            return self.folder_of_logs(path);
        }
        match keylog::load(path) {
            Ok((log, errors)) => {
                self.ring.keylog.add(log);
                self.errors.extend(errors);
            }
            Err(error) => self.errors.push(KeyError { row: named_by, ..error }),
        }
    }

    /// A program that writes a log for each process leaves a folder of them.
    fn folder_of_logs(&mut self, folder: &Path) {
        match keylog::load::files_in(folder) {
            Ok(files) => files.iter().for_each(|file| self.key_log(file, None)),
            Err(io) => {
                self.errors.push(KeyError::new(Place::file(folder), Problem::Unreadable(io)));
            }
        }
    }

    fn profile(&mut self, folder: &Path) {
        let profile = match profile::read(folder) {
            Ok(profile) => profile,
            Err(error) => return self.errors.push(error),
        };
        profile.lists.into_iter().for_each(|list| self.rows(list));
        for log in profile.logs {
            self.key_log(&log.path, Some(log.at));
        }
    }

    fn password_file(&mut self, path: &Path) {
        let added = file::read(path).and_then(|text| {
            let added = self.passwords.add_lines(&text);
            added.map_err(|problem| KeyError::new(Place::file(path), problem))
        });
        self.errors.extend(added.err());
    }

    fn password_bytes(&mut self, given: &SecretBytes) {
        let added = file::within_cap(&given.bytes)
            .and_then(|text| self.passwords.add_lines(text).map_err(Fault::from));
        self.errors.extend(added.err().map(|fault| fault.in_file(Path::new(&given.name))));
    }

    fn password_variable(&mut self, name: &str) {
        let Some(value) = std::env::var_os(name) else { return };
        let password = Zeroizing::new(value.into_encoded_bytes());
        if let Err(problem) = self.passwords.add(&password) {
            self.errors.push(KeyError::new(Place::file(Path::new(name)), problem));
        }
    }

    /// Adds `row` to each key of the file at `path`.
    fn add(
        &mut self,
        path: &Path,
        row: Row,
        password: Option<&[u8]>,
    ) -> Result<Vec<KeyId>, KeyError> {
        if let Some(keys) = self.files.get(path).cloned() {
            self.pair(keys.len(), path)?;
            for id in &keys {
                self.ring.keys[id.0].add_row(row.clone());
            }
            return Ok(keys);
        }
        let read = file::load(path, self.passwords.behind(password))?;
        let keys = self.take(read, &row, path)?;
        self.files.insert(path.to_owned(), keys.clone());
        Ok(keys)
    }

    /// Adds `row` to each key that was `read`.
    fn take(&mut self, read: KeyFile, row: &Row, path: &Path) -> Result<Vec<KeyId>, KeyError> {
        self.pair(read.keys.len(), path)?;
        let keys = read
            .keys
            .into_iter()
            .map(|key| self.key(key, row, path))
            .collect::<Result<Vec<_>, _>>()?;
        self.remark(&keys, read.remark);
        Ok(keys)
    }

    /// So many keys get a row.
    fn pair(&mut self, keys: usize, path: &Path) -> Result<(), KeyError> {
        self.pairs += keys;
        if self.pairs <= MOST_PAIRS {
            return Ok(());
        }
        Err(KeyError::new(Place::file(path), Problem::TooManyPairs(MOST_PAIRS)))
    }

    /// The place of a key in the ring, which holds each only once.
    fn key(&mut self, key: PrivateKey, row: &Row, path: &Path) -> Result<KeyId, KeyError> {
        let key = RsaKey::new(key, row.clone(), path.display().to_string())
            .ok_or_else(|| KeyError::new(Place::file(path), Problem::Damaged))?;
        let next = KeyId(self.ring.keys.len());
        let id = *self.by_identity.entry(key.identity().spki_sha256).or_insert(next);
        if id == next {
            self.ring.keys.push(key);
        } else {
            self.ring.keys[id.0].add_row(row.clone());
        }
        Ok(id)
    }

    fn remark(&mut self, keys: &[KeyId], remark: Option<String>) {
        for (id, remark) in keys.iter().zip(remark.iter().cycle()) {
            self.ring.keys[id.0].remark(remark);
        }
    }

    fn finish(mut self) -> (KeyRing, Vec<KeyError>) {
        for key in &mut self.ring.keys {
            if let Some(note) = also(key) {
                key.remark(&note);
            }
        }
        self.ring.lacks_some = !self.errors.is_empty();
        (self.ring, self.errors)
    }
}

/// `also keys.list:5`: where else the key was named.
fn also(key: &RsaKey) -> Option<String> {
    let mut sources: Vec<&str> = key.rows().iter().map(|row| row.source.as_str()).collect();
    sources.dedup();
    let [_, others @ ..] = sources.as_slice() else { return None };
    let named = others.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
    match others.len().saturating_sub(MAX_NAMED) {
        _ if others.is_empty() => None,
        0 => Some(format!("also {named}")),
        more => Some(format!("also {named} and {more} more")),
    }
}

#[cfg(test)]
mod tests;
