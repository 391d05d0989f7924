//! Secrets in the memory of programs, where something beside them tells their place.

use crate::session::MASTER;

/// The end of `ssl_version` and all of `master_key_length` of OpenSSL's `SSL_SESSION` on a machine of
/// 64 bits; the byte before it is the minor version.
pub(crate) const OPENSSL_NEEDLE: [u8; 15] = [3, 0, 0, 0, 0, 0, 0, 0x30, 0, 0, 0, 0, 0, 0, 0];

/// `early_secret` lies between that and the master secret.
pub(crate) const EARLY_SECRET: usize = 64;

/// What stands before the bytes of an array of 48 or 32 bytes in a heap dump of Java: its length, and
/// the type `byte` (the HPROF format, GC_PRIM_ARRAY_DUMP).
pub(crate) const JAVA_NEEDLES: [(&[u8; 5], usize); 2] =
    [(b"\0\0\0\x30\x08", MASTER), (b"\0\0\0\x20\x08", 32)];

/// The master secret of an `SSL_SESSION` whose [`OPENSSL_NEEDLE`] begins here: where it lies.
pub(crate) fn openssl_master(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let early = OPENSSL_NEEDLE.len();
    let master = early + EARLY_SECRET;
    let is_clear = bytes.get(early..master)?.iter().all(|&byte| byte == 0);
    (is_clear && bytes.len() >= master + MASTER).then(|| master..master + MASTER)
}
