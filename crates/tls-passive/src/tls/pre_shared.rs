//! Key exchanges with a pre-shared key up to TLS 1.2 (RFC 4279): the client names an identity, and its key
//! goes into the premaster secret, alone or beside what the server's RSA key opens.

use super::decrypt::{PremasterSecret, open_premaster};
use super::facts::Secret;
use super::negotiation::{MOST_CANDIDATES, Negotiation, Search, find_key};
use super::suite::KeyExchange;

impl Negotiation {
    /// Adds the secrets of the pre-shared keys that may be those of who the client says it is. The first
    /// record tells which it is.
    pub(super) fn add_pre_shared(&mut self, body: &[u8], search: &Search<'_>) {
        let Some((identity, rest)) = split_identity(body) else { return };
        let Some((suite, _)) = self.agreed() else { return };
        let mut keys = search.ring.pre_shared_for(identity).take(MOST_CANDIDATES).peekable();
        if keys.peek().is_none() {
            return;
        }
        let other = match suite.key_exchange {
            KeyExchange::Psk if rest.is_empty() => None,
            KeyExchange::RsaPsk => match self.premaster_behind_identity(rest, search) {
                Some(premaster) => Some(premaster),
                None => return,
            },
            _ => return,
        };
        for (id, key) in keys {
            let premaster = PremasterSecret::of_pre_shared(key, other.as_ref());
            self.add_premaster(&premaster, Secret::PreShared(id));
        }
    }

    /// What the client of RSA_PSK encrypts to the server's key (RFC 4279 §4).
    fn premaster_behind_identity(
        &self,
        body: &[u8],
        search: &Search<'_>,
    ) -> Option<PremasterSecret> {
        let ((_, version), client) = (self.agreed()?, self.client_hello.as_ref()?);
        let versions = [client.version, version];
        let open = |id| {
            let ask =
                |ciphertext: &[u8]| search.operations.raw_decrypt(search.ring, id, ciphertext);
            open_premaster(search.ring.key(id).modulus_len(), ask, body, versions)
        };
        find_key(search, open).ok().map(|(_, premaster)| premaster)
    }
}

/// The identity that a ClientKeyExchange begins with, and what follows it (RFC 4279 §2).
fn split_identity(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = body.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(length).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_stands_behind_its_length() {
        assert_eq!(split_identity(&[0, 3, b'l', b'a', b'b', 7]), Some((&b"lab"[..], &[7][..])));
        assert_eq!(split_identity(&[0, 0]), Some((&[][..], &[][..])));
        assert_eq!(split_identity(&[0, 1]), None);
        assert_eq!(split_identity(&[0]), None);
    }
}
