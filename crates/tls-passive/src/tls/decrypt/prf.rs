//! The pseudorandom functions, and what is made with them: the master secret, the key block, the
//! content of the Finished messages (RFC 6101 §6, RFC 2246 §5, RFC 5246 §5, RFC 7627 §4).

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};
use zeroize::Zeroizing;

use super::premaster::PremasterSecret;
use super::stream::xor;
use crate::role::Role;
use crate::tls::names::ProtocolVersion;
use crate::tls::suite::{Hash, Suite};

/// A master secret: 48 bytes.
pub(in crate::tls) struct MasterSecret(pub(super) Zeroizing<[u8; 48]>);

impl MasterSecret {
    /// A master secret that a key log tells.
    pub(in crate::tls) fn new(bytes: &[u8; 48]) -> Self {
        Self(Zeroizing::new(*bytes))
    }
}

/// The randoms of both hellos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tls) struct Randoms {
    pub(in crate::tls) client: [u8; 32],
    pub(in crate::tls) server: [u8; 32],
}

impl Randoms {
    fn client_first(&self) -> [&[u8]; 2] {
        [&self.client, &self.server]
    }

    fn server_first(&self) -> [&[u8]; 2] {
        [&self.server, &self.client]
    }
}

/// Which function a session uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tls) enum Prf {
    /// SSL 3.0: MD5 of SHA-1 (RFC 6101 §6.1).
    Ssl3,
    /// The FIPS suites of SSL 3.0: the keys as in TLS 1.0, the rest as in SSL 3.0. No RFC has them;
    /// NSS and Pike agree.
    Ssl3Fips,
    /// TLS 1.0 and 1.1: MD5 and SHA-1 together (RFC 2246 §5).
    Tls10,
    /// TLS 1.2 with SHA-256.
    Sha256,
    /// TLS 1.2 with SHA-384.
    Sha384,
}

impl Prf {
    /// The function of a version and suite; None for versions that have another construction.
    pub(in crate::tls) fn of(version: ProtocolVersion, suite: &Suite) -> Option<Self> {
        match (version, suite.prf_hash()) {
            (ProtocolVersion::SSL3, _) if suite.is_fips() => Some(Self::Ssl3Fips),
            (ProtocolVersion::SSL3, _) => Some(Self::Ssl3),
            (ProtocolVersion::TLS10 | ProtocolVersion::TLS11, _) => Some(Self::Tls10),
            (ProtocolVersion::TLS12, Hash::Sha384) => Some(Self::Sha384),
            (ProtocolVersion::TLS12, _) => Some(Self::Sha256),
            _ => None,
        }
    }

    /// The hash of handshake messages that Finished and the extended master secret take.
    pub(in crate::tls) fn transcript_hash(self, messages: &[u8]) -> Vec<u8> {
        match self {
            Self::Ssl3 | Self::Ssl3Fips | Self::Tls10 => {
                [Md5::digest(messages).as_slice(), Sha1::digest(messages).as_slice()].concat()
            }
            Self::Sha256 => Sha256::digest(messages).to_vec(),
            Self::Sha384 => Sha384::digest(messages).to_vec(),
        }
    }

    /// The master secret of a full handshake (RFC 5246 §8.1).
    pub(in crate::tls) fn master_secret(
        self,
        premaster: &PremasterSecret,
        randoms: &Randoms,
    ) -> MasterSecret {
        self.master(premaster, b"master secret", &randoms.client_first())
    }

    /// The master secret that is bound to the handshake (RFC 7627 §4). `session_hash` is of
    /// the messages up to and including the ClientKeyExchange.
    pub(in crate::tls) fn extended_master_secret(
        self,
        premaster: &PremasterSecret,
        session_hash: &[u8],
    ) -> MasterSecret {
        self.master(premaster, b"extended master secret", &[session_hash])
    }

    fn master(self, premaster: &PremasterSecret, label: &[u8], seed: &[&[u8]]) -> MasterSecret {
        let mut master = Zeroizing::new([0; 48]);
        self.fill(&premaster.0, label, seed, master.as_mut_slice());
        MasterSecret(master)
    }

    /// The key block (RFC 5246 §6.3).
    pub(super) fn key_block(
        self,
        master: &MasterSecret,
        randoms: &Randoms,
        len: usize,
    ) -> Zeroizing<Vec<u8>> {
        let mut block = Zeroizing::new(vec![0; len]);
        self.fill(master.0.as_slice(), b"key expansion", &randoms.server_first(), &mut block);
        block
    }

    /// The key of an export suite out of its few secret bytes (RFC 2246 §6.3.1,
    /// RFC 6101 §6.2.2.1).
    pub(super) fn export_key(
        self,
        role: Role,
        material: &[u8],
        randoms: &Randoms,
        len: usize,
    ) -> Zeroizing<Vec<u8>> {
        let mut key = Zeroizing::new(vec![0; len]);
        match (self, role) {
            (Self::Ssl3, _) => {
                let hash = md5(&[&[material], own_random_first(role, randoms).as_slice()].concat());
                key.copy_from_slice(hash.get(..len).unwrap_or_default());
            }
            (_, Role::Client) => {
                self.fill(material, b"client write key", &randoms.client_first(), &mut key);
            }
            (_, Role::Server) => {
                self.fill(material, b"server write key", &randoms.client_first(), &mut key);
            }
        }
        key
    }

    /// The IV of an export suite, which hangs on no secret at all.
    pub(super) fn export_iv(self, role: Role, randoms: &Randoms, len: usize) -> Vec<u8> {
        if self == Self::Ssl3 {
            let hash = md5(&own_random_first(role, randoms));
            return hash.get(..len).unwrap_or_default().to_vec();
        }
        let mut both = vec![0; 2 * len];
        self.fill(&[], b"IV block", &randoms.client_first(), &mut both);
        let (client, server) = both.split_at(len);
        match role {
            Role::Client => client.to_vec(),
            Role::Server => server.to_vec(),
        }
    }

    /// The content of a Finished message (RFC 5246 §7.4.9, RFC 6101 §5.6.9).
    pub(in crate::tls) fn verify_data(
        self,
        master: &MasterSecret,
        from: Role,
        messages: &[u8],
    ) -> Vec<u8> {
        if matches!(self, Self::Ssl3 | Self::Ssl3Fips) {
            return ssl3_verify_data(master, from, messages);
        }
        let label: &[u8] = match from {
            Role::Client => b"client finished",
            Role::Server => b"server finished",
        };
        let mut data = vec![0; 12];
        let hash = self.transcript_hash(messages);
        self.fill(master.0.as_slice(), label, &[&hash], &mut data);
        data
    }

    fn fill(self, secret: &[u8], label: &[u8], seed: &[&[u8]], out: &mut [u8]) {
        out.fill(0);
        let labelled = [&[label], seed].concat();
        match self {
            Self::Ssl3 => fill_ssl3(secret, seed, out),
            Self::Sha256 => xor_p_hash::<Hmac<Sha256>>(secret, &labelled, out),
            Self::Sha384 => xor_p_hash::<Hmac<Sha384>>(secret, &labelled, out),
            Self::Tls10 | Self::Ssl3Fips => {
                // Two halves, which share the middle byte of an odd secret (RFC 2246 §5).
                let half = secret.len().div_ceil(2);
                let first = secret.get(..half).unwrap_or_default();
                let second = secret.get(secret.len() - half..).unwrap_or_default();
                xor_p_hash::<Hmac<Md5>>(first, &labelled, out);
                xor_p_hash::<Hmac<Sha1>>(second, &labelled, out);
            }
        }
    }
}

/// P_hash (RFC 5246 §5), XORed onto `out`.
fn xor_p_hash<M: Mac + KeyInit + Clone>(secret: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    let Ok(keyed) = M::new_from_slice(secret) else { return };
    let mac = |parts: &[&[u8]]| {
        let mut mac = keyed.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes()
    };
    let mut a = mac(seed);
    for chunk in out.chunks_mut(a.len()) {
        xor(chunk, &mac(&[&[a.as_slice()], seed].concat()));
        a = mac(&[&a]);
    }
}

/// `MD5(secret + SHA1("A" + secret + seed)) + MD5(secret + SHA1("BB" + …)) …` (RFC 6101 §6.1).
fn fill_ssl3(secret: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    for (i, chunk) in out.chunks_mut(16).enumerate() {
        let letter = b'A'.saturating_add(i as u8);
        let salt = vec![letter; i + 1];
        let mut inner = Sha1::new_with_prefix(&salt).chain_update(secret);
        seed.iter().for_each(|part| inner.update(part));
        let block = md5(&[secret, &inner.finalize()]);
        chunk.copy_from_slice(block.get(..chunk.len()).unwrap_or_default());
    }
}

/// `hash(master + pad_2 + hash(messages + sender + master + pad_1))`, with MD5 and with SHA-1.
fn ssl3_verify_data(master: &MasterSecret, from: Role, messages: &[u8]) -> Vec<u8> {
    let sender: &[u8; 4] = match from {
        Role::Client => b"CLNT",
        Role::Server => b"SRVR",
    };
    let hash = |padding| ssl3_hash::<Md5>(master, sender, messages, padding);
    let sha = |padding| ssl3_hash::<Sha1>(master, sender, messages, padding);
    [hash(48), sha(40)].concat()
}

fn ssl3_hash<D: Digest>(
    master: &MasterSecret,
    sender: &[u8],
    messages: &[u8],
    padding: usize,
) -> Vec<u8> {
    let master = master.0.as_slice();
    let inner = D::new_with_prefix(messages)
        .chain_update(sender)
        .chain_update(master)
        .chain_update(vec![0x36; padding])
        .finalize();
    let outer = D::new_with_prefix(master).chain_update(vec![0x5C; padding]);
    outer.chain_update(inner).finalize().to_vec()
}

fn own_random_first(role: Role, randoms: &Randoms) -> [&[u8]; 2] {
    match role {
        Role::Client => randoms.client_first(),
        Role::Server => randoms.server_first(),
    }
}

fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Md5::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test vectors of the IETF TLS list, "TLS 1.2 PRF test vectors" (2009, P_SHA256 and
    /// P_SHA384): <https://mailarchive.ietf.org/arch/msg/tls/fzVCzk-z3FShgGJ6DOXqM1ydxms/>.
    #[test]
    fn is_the_prf_of_tls_1_2() {
        let secret = hex("9bbe436ba940f017b17652849a71db35");
        let seed = hex("a0ba9f936cda311827a6f796ffd5198c");
        let mut out = [0; 16];
        Prf::Sha256.fill(&secret, b"test label", &[&seed], &mut out);
        assert_eq!(out.to_vec(), hex("e3f229ba727be17b8d122620557cd453"));
        let secret = hex("b80b733d6ceefcdc71566ea48e5567df");
        let seed = hex("cd665cf6a8447dd6ff8b27555edb7465");
        Prf::Sha384.fill(&secret, b"test label", &[&seed], &mut out);
        assert_eq!(out.to_vec(), hex("7b0c18e9ced410ed1804f2cfa34a336a"));
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits = |i| u8::from_str_radix(&text[i..i + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(digits).collect()
    }
}
