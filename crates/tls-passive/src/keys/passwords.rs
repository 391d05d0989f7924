//! The passwords that may open an encrypted key, in the order in which they are tried. None is ever
//! shown: `Debug` has their number alone.

use std::fmt;

use zeroize::Zeroizing;

use super::budget::Budget;
use super::problem::Problem;

/// Each may cost a key derivation, which is made to be slow.
pub(super) const MAX_PASSWORDS: usize = 100;

/// Why a password did not open something.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is not the one (or what it opens is damaged).
    WrongPassword,
    /// No password will do.
    Problem(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// The passwords for any key.
#[derive(Default)]
pub(super) struct Passwords {
    lines: Vec<Zeroizing<Vec<u8>>>,
    budget: Budget,
}

/// A password, and what trying it may still cost.
#[derive(Clone, Copy)]
pub(super) struct Password<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) budget: &'a Budget,
}

impl Passwords {
    /// Adds the lines of a password file, of which only the line ends are left out: a password may
    /// begin or end with a blank.
    pub(super) fn add_lines(&mut self, text: &[u8]) -> Result<(), Problem> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let before = self.lines.len();
        for line in text.split(|&byte| byte == b'\n') {
            self.add(line.strip_suffix(b"\r").unwrap_or(line))?;
        }
        if self.lines.len() == before { Err(Problem::EmptyPasswordFile) } else { Ok(()) }
    }

    /// Adds a password, unless it is empty.
    pub(super) fn add(&mut self, password: &[u8]) -> Result<(), Problem> {
        if password.is_empty() {
            return Ok(());
        }
        if self.lines.len() >= MAX_PASSWORDS {
            return Err(Problem::TooManyPasswords(MAX_PASSWORDS));
        }
        self.lines.push(Zeroizing::new(password.to_vec()));
        Ok(())
    }

    /// These, behind that of the row which names the key.
    pub(super) fn behind<'a>(&'a self, own: Option<&'a [u8]>) -> Candidates<'a> {
        Candidates { own, shared: &self.lines, budget: &self.budget }
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passwords({})", self.lines.len())
    }
}

/// The passwords for one key file.
#[derive(Clone, Copy)]
pub(super) struct Candidates<'a> {
    own: Option<&'a [u8]>,
    shared: &'a [Zeroizing<Vec<u8>>],
    /// What opening keys may cost.
    pub(super) budget: &'a Budget,
}

impl Candidates<'_> {
    /// No password at all, as some keys are exported.
    pub(super) fn empty(&self) -> Password<'_> {
        Password { bytes: b"", budget: self.budget }
    }

    /// What the first password opens that opens anything.
    pub(super) fn open<T>(
        self,
        attempt: impl Fn(Password<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Problem> {
        let passwords = self.own.into_iter().chain(self.shared.iter().map(|p| p.as_slice()));
        let mut tried = 0;
        for password in passwords {
            match attempt(Password { bytes: password, budget: self.budget }) {
                Ok(opened) => return Ok(opened),
                Err(Refusal::Problem(problem)) => return Err(problem),
                Err(Refusal::WrongPassword) => tried += 1,
            }
        }
        Err(if tried == 0 { Problem::NoPassword } else { Problem::WrongPassword(tried) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(passwords: &Passwords, own: Option<&[u8]>) -> Vec<String> {
        let tried = std::cell::RefCell::new(Vec::new());
        let problem = passwords.behind(own).open(|password| {
            tried.borrow_mut().push(String::from_utf8_lossy(password.bytes).into_owned());
            Err::<(), _>(Refusal::WrongPassword)
        });
        assert!(problem.is_err());
        tried.into_inner()
    }

    #[test]
    fn the_rows_own_password_comes_first_then_the_lines_of_the_file() {
        let mut passwords = Passwords::default();
        passwords.add_lines(b"\xef\xbb\xbfone\r\n\n two \nthree").unwrap();
        assert_eq!(tried(&passwords, Some(b"row")), ["row", "one", " two ", "three"]);
        assert_eq!(tried(&passwords, None), ["one", " two ", "three"]);
        assert_eq!(format!("{passwords:?}"), "Passwords(3)");
    }

    #[test]
    fn a_file_without_a_password_or_with_too_many_is_a_problem() {
        let mut passwords = Passwords::default();
        assert!(matches!(passwords.add_lines(b"\r\n\n"), Err(Problem::EmptyPasswordFile)));
        let lines = b"x\n".repeat(101);
        assert!(matches!(passwords.add_lines(&lines), Err(Problem::TooManyPasswords(100))));
        assert_eq!(tried(&passwords, None).len(), 100);
    }
}
