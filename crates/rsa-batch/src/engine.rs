//! Which engine computes, and the one door to all of them.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::crt::Crt;
use crate::key::{Key, RawError};
use crate::lanes::{self, Avx2, Ifma, Kernel, Prepared};
use crate::words::Words;
use crate::{reference, words};

/// An engine, by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The quickest that this machine has.
    #[default]
    Auto,
    /// Eight operations at a time in AVX-512 IFMA.
    Ifma,
    /// Four operations at a time in AVX2.
    Avx2,
    /// 64-bit Montgomery multiplication.
    Portable,
    /// The `rsa` crate.
    Reference,
}

impl Choice {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Auto, Self::Ifma, Self::Avx2, Self::Portable, Self::Reference];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ifma => "ifma",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
            Self::Reference => "reference",
        }
    }
}

/// This machine cannot run the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this processor has no {0}")]
pub struct Unsupported(&'static str);

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
    Ifma(Ifma),
    Avx2(Avx2),
    Portable,
    Reference,
}

impl Kind {
    fn quickest() -> Self {
        let avx2 = || Avx2::detect().map(Self::Avx2);
        Ifma::detect().map(Self::Ifma).or_else(avx2).unwrap_or(Self::Portable)
    }
}

impl Engine {
    /// The engine of this name.
    ///
    /// # Errors
    ///
    /// If this machine cannot run it.
    pub fn new(choice: Choice) -> Result<Self, Unsupported> {
        let kind = match choice {
            Choice::Auto => Kind::quickest(),
            Choice::Ifma => Kind::Ifma(Ifma::detect().ok_or(Unsupported("AVX-512 IFMA"))?),
            Choice::Avx2 => Kind::Avx2(Avx2::detect().ok_or(Unsupported("AVX2"))?),
            Choice::Portable => Kind::Portable,
            Choice::Reference => Kind::Reference,
        };
        Ok(Self { kind })
    }

    /// The raw private operation c^d mod n (RFC 8017 §5.1.2).
    ///
    /// # Errors
    ///
    /// If the ciphertext cannot have been made for this key.
    pub fn decrypt(&self, key: &Key, ciphertext: &[u8]) -> Answer {
        let request = Request { key, ciphertext };
        match self.kind {
            Kind::Ifma(ifma) => in_lanes(ifma, &[request]).swap_remove(0),
            Kind::Avx2(avx2) => in_lanes(avx2, &[request]).swap_remove(0),
            Kind::Portable => portable(request),
            Kind::Reference => reference::decrypt(key, ciphertext),
        }
    }

    /// The same for many, in their order. Memory grows with their number: a few hundred at a time
    /// are as quick as thousands.
    #[must_use]
    pub fn decrypt_batch(&self, requests: &[Request<'_>]) -> Vec<Answer> {
        match self.kind {
            Kind::Ifma(ifma) => in_lanes(ifma, requests),
            Kind::Avx2(avx2) => in_lanes(avx2, requests),
            _ => requests.iter().map(|r| self.decrypt(r.key, r.ciphertext)).collect(),
        }
    }
}

impl Default for Engine {
    /// The quickest that this machine has.
    fn default() -> Self {
        Self { kind: Kind::quickest() }
    }
}

impl fmt::Display for Engine {
    /// The name by which it is chosen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Ifma(_) => Choice::Ifma.name(),
            Kind::Avx2(_) => Choice::Avx2.name(),
            Kind::Portable => Choice::Portable.name(),
            Kind::Reference => Choice::Reference.name(),
        })
    }
}

/// What the lanes do not take goes to the portable engine. They are quicker even for one request,
/// whose two halves fill two of them.
fn in_lanes<K: Kernel>(kernel: K, requests: &[Request<'_>]) -> Vec<Answer> {
    let numbers: Vec<_> = requests.iter().map(representative_for_lanes::<K>).collect();
    let taken: Vec<_> = numbers.iter().flatten().map(|(crt, p, c)| (*crt, *p, &c[..])).collect();
    let mut answers = lanes::decrypt(kernel, &taken).into_iter();
    let answer = |(request, number): (&Request<'_>, &Option<_>)| {
        let computed = number.as_ref().and_then(|_| answers.next());
        match computed {
            Some((m, true)) => Ok(words::to_bytes(&m, request.ciphertext.len())),
            Some((_, false)) => reference::decrypt(request.key, request.ciphertext),
            None => portable(*request),
        }
    };
    requests.iter().zip(&numbers).map(answer).collect()
}

fn representative_for_lanes<'a, K: Kernel>(
    request: &Request<'a>,
) -> Option<(&'a Crt, &'a Prepared, Words)> {
    let (crt, prepared) = request.key.for_lanes::<K>()?;
    Some((crt, prepared, request.key.representative(request.ciphertext).ok()?))
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

/// Why a name is not that of an engine here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is none of this name anywhere.
    #[error("the engines are auto, ifma, avx2, portable and reference")]
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
