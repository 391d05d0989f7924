//! Secrets that were said, so that they are masked where the server repeats them: servers quote what
//! they do not understand, whole or wrapped over lines, and as it was sent or decoded.

use std::collections::HashSet;
use std::ops::Range;

use zeroize::Zeroizing;

use super::base64;

/// Bytes of secrets that are remembered of a dialogue: some attempts with the longest responses.
pub(super) const MOST_REMEMBERED: usize = 32 << 10;

/// A run of so many bytes of a secret is part of it, and no word that stands in it by chance.
const RUN: usize = 6;

/// A shorter secret than this cannot be told from other words.
const SHORTEST: usize = 4;

/// What was said and must not be repeated.
#[derive(Default)]
pub(super) struct Echoes {
    /// Secrets, as sent and decoded.
    whole: Vec<Zeroizing<Vec<u8>>>,
    bytes: usize,
}

impl Echoes {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// Takes a secret as it was sent. Of a message in base64 each part counts, but not the name of a
    /// user who is `known`: it is shown elsewhere.
    pub(super) fn take(&mut self, sent: &[u8], known: Option<&str>) {
        for word in sent.split(|byte| matches!(byte, b' ' | b'\t')) {
            self.add(word.to_vec());
            let Some(message) = base64::decode(word).map(Zeroizing::new) else { continue };
            // RFC 4616 has NUL between its parts, XOAUTH2 and RFC 7628 have SOH.
            for part in message.split(|byte| *byte < 0x20) {
                let is_name = known.is_some_and(|name| part.ends_with(name.as_bytes()));
                if !is_name {
                    self.add(part.to_vec());
                }
            }
        }
    }

    fn add(&mut self, secret: Vec<u8>) {
        let is_new = !self.whole.iter().any(|known| ***known == secret[..]);
        let fits = self.bytes.saturating_add(secret.len()) <= MOST_REMEMBERED;
        if secret.len() >= SHORTEST && is_new && fits {
            self.bytes = self.bytes.saturating_add(secret.len());
            self.whole.push(Zeroizing::new(secret));
        }
    }

    /// Masks what a line repeats of them. Tells where.
    pub(super) fn mask(&self, line: &mut [u8]) -> Vec<Range<usize>> {
        let mut hidden = vec![false; line.len()];
        for len in SHORTEST..=RUN {
            let runs: HashSet<&[u8]> = self
                .whole
                .iter()
                .filter(|whole| is_searched_by(whole, len))
                .flat_map(|whole| whole.windows(len))
                .collect();
            for (at, run) in line.windows(len).enumerate().filter(|_| !runs.is_empty()) {
                if runs.contains(run) {
                    hidden.iter_mut().skip(at).take(len).for_each(|byte| *byte = true);
                }
            }
        }
        let mut found: Vec<Range<usize>> = Vec::new();
        for at in (0..line.len()).filter(|&at| hidden.get(at) == Some(&true)) {
            match found.last_mut().filter(|last| last.end == at) {
                Some(last) => last.end = at.saturating_add(1),
                None => found.push(at..at.saturating_add(1)),
            }
        }
        for range in &found {
            line.get_mut(range.clone()).unwrap_or_default().fill(b'*');
        }
        found
    }
}

/// A secret is found by runs of six bytes, a shorter one whole.
fn is_searched_by(whole: &[u8], len: usize) -> bool {
    whole.len().min(RUN) == len
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secret: &str, line: &str) -> String {
        let mut echoes = Echoes::default();
        echoes.take(secret.as_bytes(), Some("alice"));
        let mut bytes = line.as_bytes().to_vec();
        echoes.mask(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_secret_is_masked_as_sent_and_decoded_whole_and_in_parts() {
        // `\0alice\0S3cr3tPassw0rd`
        let sent = "AGFsaWNlAFMzY3IzdFBhc3N3MHJk";
        assert_eq!(
            masked(sent, &format!("502 no \"{sent}\"")),
            format!("502 no \"{}\"", "*".repeat(28))
        );
        assert_eq!(masked(sent, "535 S3cr3tPassw0rd is wrong"), "535 ************** is wrong");
        assert_eq!(masked(sent, "502-AUTH PLAIN AGFsaWNlAFMz"), "502-AUTH PLAIN ************");
        assert_eq!(masked(sent, "535 alice is unknown"), "535 alice is unknown");
        assert_eq!(masked("abcd", "500 abcd abc"), "500 **** abc");
        assert_eq!(masked("abc", "500 abc"), "500 abc");
    }

    #[test]
    fn what_is_remembered_has_a_limit() {
        let mut echoes = Echoes::default();
        for n in 0..100_000 {
            echoes.take(format!("secret{n}").as_bytes(), None);
        }
        assert!(echoes.bytes <= MOST_REMEMBERED);
    }
}
