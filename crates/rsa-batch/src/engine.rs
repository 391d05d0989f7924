//! Which engine computes, and the one door to all of them.

use std::str::FromStr;

use zeroize::Zeroizing;

use crate::key::{Key, RawError};
use crate::{reference, words};

/// An engine, by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The quickest that this machine has.
    #[default]
    Auto,
    /// Eight operations at a time in AVX-512 IFMA.
    Ifma,
    /// 64-bit Montgomery multiplication.
    Portable,
    /// The `rsa` crate.
    Reference,
}

impl Choice {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Ifma, Self::Portable, Self::Reference];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ifma => "ifma",
            Self::Portable => "portable",
            Self::Reference => "reference",
        }
    }
}

/// This machine cannot run the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this processor has no AVX-512 IFMA")]
pub struct Unsupported;

/// One ciphertext and the key that is to open it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The key.
    pub key: &'a Key,
    /// As long as the key's modulus.
    pub ciphertext: &'a [u8],
}

/// An answer: the raw block, as long as the modulus, with its padding still on.
pub type Answer = Result<Zeroizing<Vec<u8>>, RawError>;

/// Does RSA private operations. Has no state: any number of threads may share one, and an answer
/// does not depend on what else is in a batch.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Portable,
    Reference,
}

impl Engine {
    /// The engine of this name.
    ///
    /// # Errors
    ///
    /// If this machine cannot run it.
    pub fn new(choice: Choice) -> Result<Self, Unsupported> {
        let kind = match choice {
            Choice::Auto | Choice::Portable => Kind::Portable,
            Choice::Reference => Kind::Reference,
            Choice::Ifma => return Err(Unsupported),
        };
        Ok(Self { kind })
    }

    /// The raw private operation c^d mod n (RFC 8017 §5.1.2).
    ///
    /// # Errors
    ///
    /// If the ciphertext cannot have been made for this key.
    pub fn decrypt(&self, key: &Key, ciphertext: &[u8]) -> Answer {
        match self.kind {
            Kind::Reference => reference::decrypt(key, ciphertext),
            Kind::Portable => portable(Request { key, ciphertext }),
        }
    }

    /// The same for many, in their order.
    #[must_use]
    pub fn decrypt_batch(&self, requests: &[Request<'_>]) -> Vec<Answer> {
        requests.iter().map(|request| self.decrypt(request.key, request.ciphertext)).collect()
    }
}

fn portable(Request { key, ciphertext }: Request<'_>) -> Answer {
    let c = key.representative(ciphertext)?;
    let Some(crt) = &key.crt else { return reference::decrypt(key, ciphertext) };
    let m = crt.decrypt(&c);
    match crt.encrypts_to(&m, &c) {
        true => Ok(words::to_bytes(&m, ciphertext.len())),
        false => reference::decrypt(key, ciphertext),
    }
}

impl Default for Engine {
    /// The quickest that this machine has.
    fn default() -> Self {
        Self { kind: Kind::Portable }
    }
}

/// Why a name is not that of an engine here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is none of this name anywhere.
    #[error("the engines are auto, ifma, portable and reference")]
    Unknown,
    /// This machine cannot run it.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
}

impl FromStr for Engine {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let choice = Choice::ALL.into_iter().find(|choice| choice.name() == name);
        Ok(Self::new(choice.ok_or(NameError::Unknown)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_have_names() {
        for name in ["auto", "portable", "reference"] {
            assert!(name.parse::<Engine>().is_ok(), "{name}");
        }
        assert_eq!("fast".parse::<Engine>().unwrap_err(), NameError::Unknown);
    }
}
