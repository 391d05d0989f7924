//! Premaster secret to plaintext. The only room in which key bytes are read: nothing in here is
//! printed, and all of it is wiped when it is dropped.

mod aead;
mod block;
mod mac;
mod premaster;
mod prf;
mod protection;

pub(super) use premaster::{PremasterFault, PremasterSecret, open_premaster};
pub(super) use prf::{MasterSecret, Prf, Randoms};
pub(super) use protection::{RecordCipher, record_ciphers};
