//! Exit codes: a contract with scripts.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; nothing to complain of.
    Done = 0,
    /// `check` and `compare`: an assertion failed, a difference was found.
    Differs = 1,
    /// The command line, a key list, a key file or a policy is wrong.
    Usage = 2,
    /// A capture cannot be read, or not to its end.
    Capture = 3,
    /// `--require-decrypted`: a session that carries data was not decrypted.
    NotDecrypted = 4,
}

/// What was wrong with a run that came to its end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    pub(super) keys: bool,
    /// What was asked for is not there, or cannot be worked out.
    pub(super) choice: bool,
    pub(super) captures: bool,
    pub(super) not_decrypted: bool,
}

impl Exit {
    /// clap's own code is right: 0 for help and version, 2 for misuse.
    pub(super) fn of_usage(error: &clap::Error) -> Self {
        if error.exit_code() == 0 { Self::Done } else { Self::Usage }
    }

    /// Of several faults the one that the user typed is told, then what could not be read: the
    /// others may only follow from it.
    pub(super) fn of_run(faults: Faults) -> Self {
        match faults {
            Faults { keys: true, .. } | Faults { choice: true, .. } => Self::Usage,
            Faults { captures: true, .. } => Self::Capture,
            Faults { not_decrypted: true, .. } => Self::NotDecrypted,
            _ => Self::Done,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
