//! Key files become a key ring: the RSA private keys, and the rows that say where each belongs.
//! Knows no capture and no TLS state.
//!
//! A ring is loaded from key lists (`ip,port,proto,path[,password]`, in each of the dialects that
//! Wireshark has had) and from bare key files, PEM or DER, PKCS#1 or PKCS#8.
//! Everything that cannot be used is a [`KeyError`] that names the file, the line and the column.
//!
//! The private numbers stay inside [`RsaKey`]: it cannot be cloned or serialized, its `Debug` shows
//! the identity alone, and the one thing it does is the raw RSA operation. Whether a key is the
//! right one is not decided here: the caller proves it by the premaster secret and the Finished.

mod address;
mod der;
mod error;
mod field;
mod file;
mod list;
mod pem;
mod port;
mod problem;
mod ring;
mod row;
mod rsa_key;
mod shape;

use std::path::PathBuf;

pub use self::address::AddressPattern;
pub use self::error::{KeyError, Place};
pub use self::port::PortPattern;
pub use self::problem::Problem;
pub use self::ring::{KeyId, KeyRing};
pub use self::row::Row;
pub use self::rsa_key::{KeyIdentity, RawError, RsaKey};

/// Where keys come from, as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A key list (`--keys FILE`).
    List(PathBuf),
    /// A bare key file, for any server (`--key FILE`).
    KeyFile(PathBuf),
}
