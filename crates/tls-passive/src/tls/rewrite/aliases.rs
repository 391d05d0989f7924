//! Pseudonyms of the same length, the same ones wherever a name or a number comes again. They are
//! counted, not computed: nobody who guesses a name can check the guess.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

/// Most names, and most numbers, that are told apart; those beyond share a pseudonym.
pub(in crate::tls) const MOST_KNOWN: usize = 1 << 18;

/// What a name becomes when there are too many.
const NOBODY: u8 = b'x';

/// Letters that pseudonyms are made of.
const LETTERS: u64 = 26;

/// The pseudonyms given so far.
#[derive(Debug, Default)]
pub struct Aliases {
    /// Words in lower case, counted by length.
    words: BTreeMap<Vec<u8>, u64>,
    of_length: BTreeMap<usize, u64>,
    /// Numbers by their hash, which never leaves.
    numbers: HashMap<[u8; 32], u64>,
    /// What master secrets are made of, by the session IDs and tickets that lead back to them.
    origins: HashMap<Vec<u8>, [u8; 32]>,
}

impl Aliases {
    /// Text with a pseudonym for each run of letters and digits: `mx.example.com` becomes
    /// `aa.aaaaaaa.aaa`, and the next name of as many letters another.
    pub(super) fn text(&mut self, text: &[u8]) -> Vec<u8> {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        let mut safe = Vec::with_capacity(text.len());
        for run in text.chunk_by(|a, b| is_word(a) == is_word(b)) {
            match run.iter().all(is_word) {
                true => safe.extend(self.word(run)),
                false => {
                    safe.extend(run.iter().map(|b| if b.is_ascii_graphic() { *b } else { b' ' }))
                }
            }
        }
        safe
    }

    fn word(&mut self, word: &[u8]) -> Vec<u8> {
        let name = word.to_ascii_lowercase();
        let number = match self.words.get(&name) {
            Some(number) => *number,
            None if self.words.len() >= MOST_KNOWN => return vec![NOBODY; word.len()],
            None => {
                let next = self.of_length.entry(word.len()).or_default();
                let number = *next;
                *next += 1;
                self.words.insert(name, number);
                number
            }
        };
        letters(number, word.len())
    }

    /// Whoever shows this session ID or ticket goes on with the secret that is made of `seed`.
    pub(super) fn remember(&mut self, handle: &[u8], seed: [u8; 32]) {
        if !handle.is_empty() && self.origins.len() < MOST_KNOWN {
            self.origins.insert(handle.to_vec(), seed);
        }
    }

    /// What the secret of a session that is taken up again is made of.
    pub(super) fn recall(&self, handle: &[u8]) -> Option<[u8; 32]> {
        self.origins.get(handle).copied()
    }

    /// As many bytes, of a look of chance.
    pub(super) fn number(&mut self, bytes: &[u8]) -> Vec<u8> {
        let next = self.numbers.len() as u64;
        let is_full = self.numbers.len() >= MOST_KNOWN;
        let hash = Sha256::digest(bytes).into();
        let number = match self.numbers.get(&hash) {
            Some(number) => *number,
            None if is_full => next,
            None => *self.numbers.entry(hash).or_insert(next),
        };
        made_up(b"number", &number.to_be_bytes(), bytes.len())
    }
}

/// A number in letters, the last one counting fastest; it begins anew when they are used up.
fn letters(mut number: u64, len: usize) -> Vec<u8> {
    let mut word = vec![b'a'; len];
    for letter in word.iter_mut().rev() {
        *letter = b'a' + (number % LETTERS) as u8;
        number /= LETTERS;
    }
    word
}

/// Bytes that look like chance and are no secret: anybody can compute them.
pub(super) fn made_up(label: &[u8], seed: &[u8], len: usize) -> Vec<u8> {
    let block = |counter: u32| {
        Sha256::new_with_prefix(b"smtp-decrypt anonymize ")
            .chain_update(label)
            .chain_update(seed)
            .chain_update(counter.to_be_bytes())
            .finalize()
    };
    (0_u32..).flat_map(block).take(len).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_has_the_same_pseudonym_of_its_length() {
        let mut aliases = Aliases::default();
        assert_eq!(aliases.text(b"mx.example.com"), b"aa.aaaaaaa.aaa");
        assert_eq!(aliases.text(b"*.Example.org"), b"*.aaaaaaa.aab");
        assert_eq!(aliases.text("M\u{fc}ller GmbH\0".as_bytes()), b"aaaaaab aaaa ");
    }

    #[test]
    fn letters_begin_anew_when_they_are_used_up() {
        assert_eq!(letters(27, 3), b"abb");
        assert_eq!(letters(26, 1), b"a");
    }

    #[test]
    fn numbers_are_told_apart_and_are_none_of_their_own() {
        let mut aliases = Aliases::default();
        let [a, b] = [[1; 40], [2; 40]].map(|bytes| aliases.number(&bytes));
        assert!(a != b && a.len() == 40 && a == aliases.number(&[1; 40]));
        assert!(a != Aliases::default().number(&[2; 40]) || b != a);
    }
}
