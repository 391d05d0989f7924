//! The one table of what each finding's code means. `--explain CODE` prints a row, and
//! `docs/findings.md` is made of it.
//!
//! A [`Code`] exists only as the constant of a row: `codes::SMTP_REJECTED` is `smtp.rejected`.

/// Makes a constant of each row, and the list of an area.
macro_rules! codes {
    ($($name:ident = $row:expr),* $(,)?) => {
        $(
            #[doc = concat!("See `smtp-decrypt --explain`, or the row `", stringify!($name), "` in the source.")]
            pub const $name: Code = Code(&$row);
        )*

        pub(super) const CODES: &[Code] = &[$($name),*];

        #[cfg(test)]
        pub(super) const CONSTANTS: &[(&str, Code)] = &[$((stringify!($name), $name)),*];
    };
}

mod capture;
mod keys;
mod peers;
mod row;
mod smtp;
mod tcp;
mod tls;
mod trust;
mod verdict;

pub use capture::*;
pub use keys::*;
pub use peers::*;
pub use row::{Code, Severity};
pub use smtp::*;
pub use tcp::*;
pub use tls::*;
pub use trust::*;
pub use verdict::*;

/// Every code, area by area.
pub fn all() -> impl Iterator<Item = Code> {
    [
        capture::CODES,
        tcp::CODES,
        tls::CODES,
        trust::CODES,
        verdict::CODES,
        smtp::CODES,
        peers::CODES,
        keys::CODES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The code of this name, if the table has it.
#[must_use]
pub fn named(name: &str) -> Option<Code> {
    all().find(|code| code.name() == name)
}

#[cfg(test)]
mod tests;
