//! What `--psk` names: a key, or a file of keys.

use std::path::{Path, PathBuf};

use crate::keys::{KeySource, SecretBytes};

/// The keys and files, in their order. A key is called by its place: nothing shows its digits.
pub(super) fn sources(given: &[String]) -> impl Iterator<Item = KeySource> {
    (1..).zip(given).map(|(nth, text)| match is_file(text) {
        true => KeySource::PreSharedFile(text.into()),
        false => {
            KeySource::PreSharedBytes(SecretBytes::new(&format!("--psk {nth}"), text.as_bytes()))
        }
    })
}

/// The files among them.
pub(super) fn files(given: &[String]) -> impl Iterator<Item = PathBuf> {
    given.iter().filter(|text| is_file(text)).map(PathBuf::from)
}

/// Digits are a key, whatever files there are; so is what has a colon and is no file.
fn is_file(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    !is_number && (!text.contains(':') || Path::new(text).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_pairs_are_keys_and_all_else_is_a_file() {
        for key in ["c0ffee", "0xC0FFEE", "lab:c0ffee", "abc"] {
            assert!(!is_file(key), "{key}");
        }
        for file in ["./c0ffee", "psk.txt", "/etc/psk.txt"] {
            assert!(is_file(file), "{file}");
        }
    }
}
