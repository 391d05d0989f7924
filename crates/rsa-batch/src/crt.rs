//! The private operation by the Chinese remainder theorem (RFC 8017 §5.1.2 step 2b): one power
//! modulo each prime, and what joins the two. Whoever computes the powers, the joining and the check
//! are these.

use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use rsa::{BoxedUint, PrivateKey};

use crate::montgomery::{CHUNK, Modulus};
use crate::words::{self, Words};

/// The longest prime that is taken, in 64-bit words: half of an 8192-bit key. Beyond that nobody
/// has thousands of handshakes.
pub(crate) const MOST_WORDS: usize = 64;

/// The numbers of a key of two primes.
pub(crate) struct Crt {
    pub(crate) p: Half,
    pub(crate) q: Half,
    /// 1/q modulo p, times R.
    coefficient: Words,
    pub(crate) n: Modulus,
    pub(crate) e: Words,
}

/// A prime and the private exponent for it. Both primes of a key have the same number of words.
pub(crate) struct Half {
    pub(crate) prime: Modulus,
    pub(crate) exponent: Words,
}

impl Crt {
    pub(crate) fn new(key: &PrivateKey) -> Option<Self> {
        let [p, q] = key.primes() else { return None };
        let longest = p.bit_width_vartime().max(q.bit_width_vartime()) as usize;
        let len = longest.div_ceil(64 * CHUNK) * CHUNK;
        if len > MOST_WORDS {
            return None;
        }
        let n_len = (key.n().bit_width() as usize).div_ceil(64 * CHUNK) * CHUNK;
        let p = Half::new(p, key.dp()?, len)?;
        Some(Self {
            coefficient: p.prime.times_r(&number(&key.crt_coefficient()?, len)?),
            p,
            q: Half::new(q, key.dq()?, len)?,
            n: Modulus::new(&number(key.n(), n_len)?),
            e: number(key.e(), n_len)?,
        })
    }

    /// c^d modulo n.
    pub(crate) fn decrypt(&self, c: &[u64]) -> Words {
        self.join(&self.p.power(c), &self.q.power(c))
    }

    /// Of c^dP modulo p and c^dQ modulo q, c^d modulo n.
    pub(crate) fn join(&self, m1: &[u64], m2: &[u64]) -> Words {
        let h = self.p.prime.difference_times(m1, m2, &self.coefficient);
        let mut m = self.q.prime.plain_product(&h);
        words::add(&mut m, m2);
        m
    }

    /// Whether m^e modulo n is c: a fault in either half would show.
    pub(crate) fn encrypts_to(&self, m: &[u64], c: &[u64]) -> bool {
        let len = self.n.words().len().min(m.len());
        let again = self.n.power(&m[..len], &self.e);
        m[len..].iter().all(|&word| word == 0) && same(&again, c)
    }
}

impl Half {
    fn new(prime: &BoxedUint, exponent: &BoxedUint, len: usize) -> Option<Self> {
        Some(Self { prime: Modulus::new(&number(prime, len)?), exponent: number(exponent, len)? })
    }

    fn power(&self, c: &[u64]) -> Words {
        self.prime.power(c, &self.exponent)
    }
}

/// Whether two numbers are equal, leading zeros or not.
pub(crate) fn same(a: &[u64], b: &[u64]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let (low, high) = long.split_at(short.len());
    low == short && high.iter().all(|&word| word == 0)
}

fn number(number: &BoxedUint, len: usize) -> Option<Words> {
    let bytes = zeroize::Zeroizing::new(number.to_be_bytes());
    words::from_bytes(&bytes, len)
}

#[cfg(test)]
mod tests;
