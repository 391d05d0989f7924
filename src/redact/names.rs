//! Pseudonyms of names, given out in the order in which the names come. They are counted, not
//! computed from the names: nobody who guesses a name can check the guess.

use std::collections::{BTreeMap, BTreeSet};

/// Most names of a kind that are told apart; those beyond share one pseudonym.
pub(super) const MOST_NAMES: usize = 1 << 20;

/// What every pseudonym of a domain ends with: a name that can never be anybody's (RFC 6761 §6.4).
const ROOT: &str = "invalid";

/// Words that are often given for a name and are nobody's.
const NOBODY: [&str; 14] = [
    "client", "server", "mail", "smtp", "esmtp", "lmtp", "host", "user", "ready", "service", "ok",
    "hello", "welcome", "unknown",
];

/// The names met so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    domains: BTreeMap<String, String>,
    /// Pseudonyms of domains: they need none themselves where a text is read twice.
    issued: BTreeSet<String>,
    labels: usize,
    locals: BTreeMap<String, String>,
    words: BTreeMap<String, String>,
    fingerprints: BTreeMap<String, String>,
}

impl Names {
    /// `mail.example.com` becomes `host2.domain1.invalid`, `example.com` then `domain1.invalid`.
    pub(super) fn domain(&mut self, name: &str) -> String {
        let name = name.strip_suffix('.').unwrap_or(name).to_lowercase();
        let is_nobody = name.is_empty() || NOBODY.contains(&name.as_str());
        if is_nobody || self.issued.contains(&name) {
            return name;
        }
        if let Some(known) = self.domains.get(&name) {
            return known.clone();
        }
        if self.domains.len() >= MOST_NAMES {
            return format!("more.{ROOT}");
        }
        let parent = name.split_once('.').map(|(_, parent)| parent).filter(|p| p.contains('.'));
        let parent_pseudonym = parent.map_or_else(|| ROOT.to_owned(), |parent| self.domain(parent));
        let kind = if parent.is_some() { "host" } else { "domain" };
        let label = if name.starts_with("*.") { "*".to_owned() } else { self.label(kind) };
        let pseudonym = format!("{label}.{parent_pseudonym}");
        self.issued.insert(pseudonym.clone());
        self.domains.insert(name, pseudonym.clone());
        pseudonym
    }

    /// The local part of a mailbox: the same in every domain.
    pub(super) fn local(&mut self, local: &str) -> String {
        numbered(&mut self.locals, "user", &local.to_lowercase())
    }

    /// `alice@example.com` becomes `user1@domain1.invalid`; the null path stays.
    pub(super) fn mailbox(&mut self, address: &str) -> String {
        match address.rsplit_once('@') {
            _ if address.is_empty() => String::new(),
            None => self.local(address),
            Some((_, domain)) if self.issued.contains(domain) => address.to_owned(),
            Some((local, domain)) => format!("{}@{}", self.local(local), self.domain(domain)),
        }
    }

    /// Any other name: of an organisation, say.
    pub(super) fn word(&mut self, word: &str) -> String {
        numbered(&mut self.words, "name", word)
    }

    /// A hash or number by which something can be looked up, of the same length.
    pub(super) fn fingerprint(&mut self, hex: &str) -> String {
        let number = self.fingerprints.len().saturating_add(1).min(MOST_NAMES);
        let made = || {
            let mut made = format!("{number:08x}");
            made.extend(std::iter::repeat_n('0', hex.len().saturating_sub(made.len())));
            made
        };
        if self.fingerprints.len() >= MOST_NAMES {
            return made();
        }
        self.fingerprints.entry(hex.to_owned()).or_insert_with(made).clone()
    }

    /// The pseudonym of a name of one word that was met before: a host's, or a mailbox's local part.
    pub(super) fn known(&self, word: &str) -> Option<&String> {
        let lower = word.to_lowercase();
        let is_nobody = NOBODY.contains(&lower.as_str());
        // A single letter is a word, or part of one.
        let may_be = lower.len() > 1 && !is_nobody;
        let found = self.domains.get(&lower).or_else(|| self.locals.get(&lower));
        found.filter(|_| may_be)
    }

    /// The pseudonym of a fingerprint that was met before and that begins like this.
    pub(super) fn known_fingerprint(&self, beginning: &str) -> Option<String> {
        let (hex, pseudonym) = self.fingerprints.range(beginning.to_owned()..).next()?;
        let shown = || pseudonym.get(..beginning.len()).map(str::to_owned);
        hex.starts_with(beginning).then(shown).flatten()
    }

    /// Every pseudonym with the name that it stands for.
    pub(super) fn table(&self) -> impl Iterator<Item = (&String, &String)> {
        let names = [&self.domains, &self.locals, &self.words, &self.fingerprints];
        names.into_iter().flatten().map(|(name, pseudonym)| (pseudonym, name))
    }

    fn label(&mut self, kind: &str) -> String {
        self.labels = self.labels.saturating_add(1);
        format!("{kind}{}", self.labels)
    }
}

fn numbered(known: &mut BTreeMap<String, String>, kind: &str, name: &str) -> String {
    if known.len() >= MOST_NAMES && !known.contains_key(name) {
        return kind.to_owned();
    }
    let number = known.len().saturating_add(1);
    known.entry(name.to_owned()).or_insert_with(|| format!("{kind}{number}")).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_keep_their_order_and_mailboxes_their_domains() {
        let mut names = Names::default();
        assert_eq!(names.domain("mail.example.com"), "host2.domain1.invalid");
        assert_eq!(names.domain("Example.COM."), "domain1.invalid");
        assert_eq!(names.domain("*.example.com"), "*.domain1.invalid");
        assert_eq!(names.mailbox("Alice@example.com"), "user1@domain1.invalid");
        assert_eq!(names.mailbox("alice@example.org"), "user1@domain3.invalid");
        assert_eq!(names.mailbox(""), "");
        assert_eq!(names.domain("localhost"), "domain4.invalid");
        assert_eq!(names.mailbox("user1@domain1.invalid"), "user1@domain1.invalid");
        assert_eq!(names.domain("host2.domain1.invalid"), "host2.domain1.invalid");
    }

    #[test]
    fn fingerprints_keep_their_length_and_are_known_by_their_beginnings() {
        let mut names = Names::default();
        let (first, second) =
            (names.fingerprint(&"ab".repeat(32)), names.fingerprint("cdcdcdcdcd"));
        assert_eq!((first.len(), second.as_str()), (64, "0000000200"));
        assert_eq!(names.known_fingerprint("abababababab").as_deref(), Some("000000010000"));
        assert_eq!(names.known_fingerprint("abc"), None);
    }

    #[test]
    fn a_word_that_is_nobodys_is_not_known() {
        let mut names = Names::default();
        assert_eq!(names.domain("client"), "client");
        names.local("percival");
        names.local("a");
        assert_eq!(names.known("Percival").map(String::as_str), Some("user1"));
        assert_eq!((names.known("a"), names.known("client"), names.known("x")), (None, None, None));
    }
}
