//! Premaster secret to plaintext. The only room in which key bytes are read: nothing in here is
//! printed, and all of it is wiped when it is dropped. [`KeyLogLine`] is the one door out.

mod aead;
mod block;
mod cbc;
mod deflate;
mod derive;
mod keylog_line;
pub(crate) mod limits;
mod mac;
mod premaster;
mod prf;
mod protection;
#[cfg(any(test, fuzzing))]
mod rehearsal;
mod seal;
mod seed;
mod seed_tables;
mod sieve;
mod ssl2;
mod store;
mod stream;
mod tls13;
mod trial_budget;
mod turn;

pub use keylog_line::KeyLogLine;
pub(super) use premaster::{
    PremasterFault, PremasterRequest, PremasterSecret, open_premaster, open_premasters,
};
pub(super) use prf::{MasterSecret, Prf, Randoms};
pub(super) use protection::{RecordCipher, RecordGap, RecordOptions, record_ciphers};
#[cfg(any(test, fuzzing))]
pub use rehearsal::{Fate, Rehearsal};
pub(super) use seal::{RecordPlace, Unsealed};
pub(super) use sieve::Sieve;
pub(super) use ssl2::{Ssl2Cipher, Ssl2Gap, Ssl2Session, open_master_key};
pub(super) use store::Handle;
pub use store::SessionStore;
pub(super) use tls13::{KeySchedule, Tls13Hash, TrafficSecret};
pub(super) use trial_budget::TrialBudget;
