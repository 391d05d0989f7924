//! The one table of what each finding's code means. `--explain CODE` prints a row, and
//! `docs/findings.md` is made of it.
//!
//! A [`Code`] exists only as the constant of a row: `codes::SMTP_REJECTED` is `smtp.rejected`.

use std::fmt;

use serde::{Serialize, Serializer};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Something broke.
    Error,
    /// Something is likely to be wrong.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// `error`, `warning` or `info`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What a code stands for.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    /// Area, dot, name.
    code: &'static str,
    /// How bad it is, unless the case says otherwise.
    severity: Severity,
    /// What it says.
    meaning: &'static str,
    /// What it is concluded from.
    evidence: &'static str,
    /// What is usually behind it.
    causes: &'static [&'static str],
    /// What to do, unless the case knows better: the hint of the finding.
    advice: &'static str,
}

/// The code of a finding: one row of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(&'static Row);

impl Code {
    /// The code of this name, if the table has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        all().find(|code| code.name() == name)
    }

    /// Area, dot, name: `smtp.rejected`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.code
    }

    /// The part ahead of the dot: `smtp`.
    #[must_use]
    pub fn area(self) -> &'static str {
        self.name().split('.').next().unwrap_or_default()
    }

    /// How bad it is, unless the case says otherwise.
    #[must_use]
    pub const fn severity(self) -> Severity {
        self.0.severity
    }

    /// What it says.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.0.meaning
    }

    /// What it is concluded from.
    #[must_use]
    pub const fn evidence(self) -> &'static str {
        self.0.evidence
    }

    /// What is usually behind it.
    #[must_use]
    pub const fn causes(self) -> &'static [&'static str] {
        self.0.causes
    }

    /// What to do, unless the case knows better.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        self.0.advice
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

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
mod smtp;
mod tcp;
mod tls;
mod verdict;

pub use capture::*;
pub use keys::*;
pub use peers::*;
pub use smtp::*;
pub use tcp::*;
pub use tls::*;
pub use verdict::*;

/// Every code, area by area.
pub fn all() -> impl Iterator<Item = Code> {
    [capture::CODES, tcp::CODES, tls::CODES, verdict::CODES, smtp::CODES, peers::CODES, keys::CODES]
        .into_iter()
        .flatten()
        .copied()
}

#[cfg(test)]
mod tests;
