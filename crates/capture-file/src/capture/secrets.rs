//! Decryption Secrets Blocks (draft-ietf-opsawg-pcapng §4.7), carried on as they were written:
//! only `keys` knows what is in them.

use std::fmt;

use zeroize::Zeroize;

/// Secrets waiting to be taken, in bytes. A TLS 1.2 session takes 180: the secrets of 350,000
/// sessions between two calls of [`super::Capture::take_secrets`] are more than any real capture has.
pub(super) const MAX_HELD: usize = 64 << 20;

/// One block of secrets. Zeroized when dropped; not printed by `Debug`.
pub struct Secrets {
    /// What `data` is, such as [`Secrets::TLS_KEY_LOG`].
    pub kind: u32,
    /// The secrets without the block's padding.
    pub data: Vec<u8>,
}

impl Secrets {
    /// `TLSK`: lines as `SSLKEYLOGFILE` has them.
    pub const TLS_KEY_LOG: u32 = 0x544c_534b;
    /// Elements of a trailer that an F5 BIG-IP puts behind a frame; no block has this kind.
    pub const F5_TRAILER: u32 = 0xf5de_b0f5;
}

impl Drop for Secrets {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets {{ kind: {:#010x}, data: {} bytes }}", self.kind, self.data.len())
    }
}

/// The secrets read and not yet taken.
#[derive(Default)]
pub(super) struct Held {
    secrets: Vec<Secrets>,
    bytes: usize,
}

impl Held {
    /// Keeps a block of secrets; false if there is no room for it.
    pub(super) fn keep(&mut self, secrets: Secrets) -> bool {
        // An empty block costs memory, too: count its bookkeeping.
        let bytes = self.bytes + secrets.data.len() + size_of::<Secrets>();
        if bytes > MAX_HELD {
            return false;
        }
        self.bytes = bytes;
        self.secrets.push(secrets);
        true
    }

    pub(super) fn take(&mut self) -> Vec<Secrets> {
        self.bytes = 0;
        std::mem::take(&mut self.secrets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_prints_a_secret() {
        let secrets = Secrets { kind: Secrets::TLS_KEY_LOG, data: b"CLIENT_RANDOM".to_vec() };
        assert_eq!(format!("{secrets:?}"), "Secrets { kind: 0x544c534b, data: 13 bytes }");
    }

    #[test]
    fn refuses_secrets_beyond_the_cap_until_some_are_taken() {
        let mut held = Held::default();
        let half = || Secrets { kind: 0, data: vec![0; MAX_HELD / 2] };
        assert!(held.keep(half()));
        assert!(!held.keep(half()));
        assert_eq!(held.take().len(), 1);
        assert!(held.keep(half()));
    }
}
