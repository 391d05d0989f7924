//! Where keys come from: files, as the user named them, or memory.

use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;

use zeroize::Zeroizing;

/// Where keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySource {
    /// A key list (`--keys FILE`).
    List(PathBuf),
    /// A bare key file, for any server (`--key FILE`).
    KeyFile(PathBuf),
    /// A key log (`--keylog FILE`).
    KeyLog(PathBuf),
    /// A file of pre-shared keys (`--psk FILE`).
    PreSharedFile(PathBuf),
    /// One pre-shared key, as a file has it.
    PreSharedBytes(SecretBytes),
    /// The folder of a Wireshark profile, for the keys and the key log it names
    /// (`--wireshark-profile DIR`).
    WiresharkProfile(PathBuf),
    /// Passwords for encrypted keys, one a line (`--password-file FILE`). A password of a list row
    /// is tried before them.
    PasswordFile(PathBuf),
    /// A password in the environment variable of this name, if it is set. The command line has no
    /// option that takes the password itself: other users would see it.
    PasswordVariable(&'static str),
    /// What a bare key file holds, for any server.
    KeyBytes(SecretBytes),
    /// What a key log holds.
    KeyLogBytes(SecretBytes),
    /// Passwords for encrypted keys, one a line.
    PasswordBytes(SecretBytes),
}

/// Key material in memory. It is wiped when it is dropped, and `Debug` shows its name alone.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes {
    pub(super) name: String,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl SecretBytes {
    /// A copy of `bytes`, which errors and reports call `name`.
    #[must_use]
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), bytes: Zeroizing::new(bytes.to_vec()) }
    }

    /// All that `source` gives, which errors and reports call `name`. What is too long for its kind of
    /// source is an error when the keys are loaded, and no more than that is read here.
    ///
    /// # Errors
    ///
    /// What `source` says.
    pub fn read(name: &str, source: impl Read) -> io::Result<Self> {
        let most = super::keylog::load::MAX_BYTES as u64;
        let mut source = source.take(most + 1);
        let mut bytes = Zeroizing::new(Vec::new());
        let mut piece = Zeroizing::new(vec![0; PIECE]);
        loop {
            match source.read(&mut piece) {
                Ok(0) => return Ok(Self { name: name.to_owned(), bytes }),
                Ok(read) => append(&mut bytes, &piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// How much is read at once, in bytes.
const PIECE: usize = 64 << 10;

/// A vector that grows leaves a copy behind: here the old one is wiped.
fn append(bytes: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    if bytes.capacity() - bytes.len() < more.len() {
        let mut wider = Zeroizing::new(Vec::with_capacity(2 * (bytes.len() + more.len())));
        wider.extend_from_slice(bytes);
        *bytes = wider;
    }
    bytes.extend_from_slice(more);
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretBytes").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyRing;

    const KEY: &[u8] = include_bytes!("testkeys/rsa1024.pem");
    const ENCRYPTED: &[u8] = include_bytes!("testkeys/rsa1024.encrypted.pem");

    #[test]
    fn a_key_in_memory_is_the_key_of_its_file() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/keys/testkeys/rsa1024.pem");
        let file = KeySource::KeyFile(path.into());
        let memory = KeySource::KeyBytes(SecretBytes::read("memory", KEY).expect("bytes"));
        let identities = [file, memory].map(|source| {
            let (ring, errors) = KeyRing::load(&[source]);
            assert!(errors.is_empty(), "{errors:?}");
            ring.keys()[0].identity().spki_sha256
        });
        assert_eq!(identities[0], identities[1]);
    }

    #[test]
    fn passwords_in_memory_open_a_key_in_memory() {
        let key = || KeySource::KeyBytes(SecretBytes::new("k", ENCRYPTED));
        assert!(KeyRing::load(&[key()]).0.is_empty());
        let password = KeySource::PasswordBytes(SecretBytes::new("p", b"wrong\nsecret\n"));
        let (ring, errors) = KeyRing::load(&[key(), password]);
        assert!(errors.is_empty() && ring.keys().len() == 1, "{errors:?}");
    }

    #[test]
    fn a_key_log_in_memory_is_read_and_its_errors_name_it() {
        let line =
            format!("CLIENT_RANDOM {} {}\nCLIENT_RANDOM 12 34\n", "ab".repeat(32), "cd".repeat(48));
        let log = KeySource::KeyLogBytes(SecretBytes::new("log", line.as_bytes()));
        let (ring, errors) = KeyRing::load(&[log]);
        assert!(!ring.keylog().is_empty());
        assert!(errors[0].to_string().starts_with("log:2"), "{errors:?}");
    }

    #[test]
    fn what_is_no_key_or_too_long_is_an_error_of_its_name() {
        for bytes in [&b"no key"[..], &vec![b'-'; 2 << 20]] {
            let (_, errors) = KeyRing::load(&[KeySource::KeyBytes(SecretBytes::new("it", bytes))]);
            assert!(errors[0].to_string().starts_with("it: "), "{errors:?}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", SecretBytes::new("n", b"hunter2")).contains("hunter2"));
    }
}
