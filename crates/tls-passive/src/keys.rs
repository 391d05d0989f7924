//! Key files become a key ring: the RSA private keys, and the rows that say where each belongs.
//! Knows no capture and no TLS state.
//!
//! A ring is loaded from key lists (`ip,port,proto,path[,password]`, in each of the dialects that
//! Wireshark has had) and from bare key files: PEM or DER, PKCS#1, PKCS#8 or PKCS#12, encrypted or
//! not. Beside the keys it has the secrets of single sessions from [key logs](KeyLog).
//! Everything that cannot be used is a [`KeyError`] that names the file, the line and the column.
//!
//! The private numbers stay inside [`RsaKey`]: it cannot be cloned or serialized, its `Debug` shows
//! the identity alone, and the one thing it does is the raw RSA operation. Whether a key is the
//! right one is not decided here: the caller proves it by the premaster secret and the Finished.

mod address;
mod asn1;
mod budget;
mod cipher;
mod der;
mod error;
mod field;
mod file;
mod form;
mod java;
mod kdf;
mod keylog;
mod legacy;
pub mod limits;
mod list;
mod numbers;
mod openssh;
mod passwords;
mod pbe;
mod pem;
mod pkcs12;
mod port;
mod pre_shared;
mod problem;
mod profile;
mod ring;
mod row;
mod rsa_key;
mod rsa_operations;
mod shape;
mod source;
mod stored;
mod unlock;

pub use self::address::AddressPattern;
pub use self::error::{KeyError, Place};
pub use self::form::Form;
pub use self::keylog::{
    Find, Found, FoundSecret, Kept, KeyLog, LoggedSecret, Origin, SharedKeyLog, TrafficLabel,
};
pub use self::port::PortPattern;
pub use self::pre_shared::{PreSharedId, PreSharedKey};
pub use self::problem::Problem;
pub use self::ring::{KeyId, KeyRing};
pub use self::row::Row;
pub use self::rsa_key::{KeyIdentity, RsaKey};
pub use self::rsa_operations::{RawDecrypt, RsaOperations};
pub use self::source::{KeySource, SecretBytes};
pub use profile::files as files_of_profile;
pub use rsa_batch::{Answer as RawAnswer, Engine as RsaEngine, RawError};
