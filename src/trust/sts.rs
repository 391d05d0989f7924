//! MTA-STS: the policy of a domain, and whether an MX keeps to it (RFC 8461).

use super::names::covers;
use crate::moment::Timestamp;
use crate::report::validation::{StsMode, StsReport, StsStatus};

/// A longer policy is refused (RFC 8461 §3.3 lets a client stop at 64 KiB).
pub const LONGEST_POLICY: usize = 64 << 10;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its mode.
    pub mode: StsMode,
    /// Names of MXs, with a star for one label.
    pub mx: Vec<String>,
    /// How long it holds, in seconds.
    pub max_age: u64,
    /// When it was fetched: the time of the file.
    pub fetched: Option<Timestamp>,
    /// Where it stands.
    pub source: String,
}

impl Policy {
    /// Reads the text of a policy (RFC 8461 §3.2).
    ///
    /// # Errors
    ///
    /// What is wrong, with its line.
    pub fn parse(text: &str, source: &str) -> Result<Self, (usize, String)> {
        let mut policy = Self {
            mode: StsMode::None,
            mx: Vec::new(),
            max_age: 0,
            fetched: None,
            source: source.to_owned(),
        };
        let (mut has_version, mut has_mode, mut has_age) = (false, false, false);
        for (number, line) in (1..).zip(text.lines()) {
            let Some((field, value)) = line.split_once(':') else {
                if line.trim().is_empty() {
                    continue;
                }
                return Err((
                    number,
                    format!("\"{}\" is no field of a policy (name: value)", line.trim()),
                ));
            };
            let value = value.trim();
            let wrong = |what: &str| (number, format!("\"{value}\" is no {what}"));
            match field.trim() {
                "version" if value == "STSv1" => has_version = true,
                "version" => return Err(wrong("version: there is STSv1 alone")),
                "mode" if !has_mode => {
                    policy.mode = StsMode::named(value)
                        .ok_or_else(|| wrong("mode: enforce, testing or none"))?;
                    has_mode = true;
                }
                "max_age" if !has_age => {
                    policy.max_age = value.parse().map_err(|_| wrong("number of seconds"))?;
                    has_age = true;
                }
                "mx" => policy.mx.push(value.trim_end_matches('.').to_ascii_lowercase()),
                _ => {}
            }
        }
        let missing = [(has_version, "version: STSv1"), (has_mode, "mode"), (has_age, "max_age")];
        match missing.into_iter().find(|(is_there, _)| !is_there) {
            Some((_, field)) => {
                Err((1, format!("the policy has no {field} (RFC 8461 section 3.2)")))
            }
            None => Ok(policy),
        }
    }

    /// Whether an MX keeps to the policy. `is_valid` says whether its certificate is valid for its name;
    /// None if that is not known.
    pub(super) fn judge(&self, mx: &str, at: Timestamp, is_valid: Option<bool>) -> StsReport {
        let is_listed = self.mx.iter().any(|name| covers(name, mx));
        let (status, message) = self.decide(mx, at, is_listed, is_valid);
        StsReport {
            status,
            mode: self.mode,
            message,
            mx: mx.to_owned(),
            listed: is_listed,
            policy: self.source.clone(),
        }
    }

    fn decide(
        &self,
        mx: &str,
        at: Timestamp,
        is_listed: bool,
        is_valid: Option<bool>,
    ) -> (StsStatus, String) {
        let mode = self.mode.name();
        if self.mode == StsMode::None {
            return (
                StsStatus::NoDemand,
                "the mode of the MTA-STS policy is none: it demands nothing".into(),
            );
        }
        if let Some(end) = self.end().filter(|end| *end < at) {
            let message = format!(
                "the MTA-STS policy is out of date: by the time of its file and its max_age of {} s it expired on {}, so it demands nothing any more",
                self.max_age,
                super::inspect::day(end)
            );
            return (StsStatus::Expired, message);
        }
        let consequence = match self.mode {
            StsMode::Enforce => "senders who honour it must not deliver",
            _ => "in testing mode mail is delivered, and the failure is only reported",
        };
        if !is_listed {
            let message = format!(
                "the MX \"{mx}\" is not among those of the MTA-STS policy (mode {mode}: {}): {consequence}, if this mail is for its domain",
                self.mx.join(", ")
            );
            return (StsStatus::MxNotListed, message);
        }
        match is_valid {
            Some(true) => (
                StsStatus::Match,
                format!(
                    "the MTA-STS policy (mode {mode}) lists the MX \"{mx}\", and its certificate is valid"
                ),
            ),
            Some(false) => (
                StsStatus::CertificateInvalid,
                format!(
                    "the MTA-STS policy (mode {mode}) lists the MX \"{mx}\", but its certificate is not valid: {consequence}"
                ),
            ),
            None => (
                StsStatus::Listed,
                format!(
                    "the MTA-STS policy (mode {mode}) lists the MX \"{mx}\"; whether its certificate is valid needs roots (--ca)"
                ),
            ),
        }
    }

    fn end(&self) -> Option<Timestamp> {
        let age = i64::try_from(self.max_age).ok()?.checked_mul(1_000_000_000)?;
        Some(Timestamp(self.fetched?.0.checked_add(age)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmx: *.example.net\r\nmax_age: 86400\r\n";

    #[test]
    fn a_policy_lists_its_mx_hosts_also_by_a_star_for_one_label() {
        let policy = Policy::parse(TEXT, "p").unwrap();
        let judged = |mx, valid| policy.judge(mx, Timestamp(0), valid).status;
        assert_eq!(judged("MX.example.org", Some(true)), StsStatus::Match);
        assert_eq!(judged("a.example.net", Some(true)), StsStatus::Match);
        assert_eq!(judged("a.b.example.net", Some(true)), StsStatus::MxNotListed);
        assert_eq!(judged("mx.example.org", Some(false)), StsStatus::CertificateInvalid);
        assert_eq!(judged("mx.example.org", None), StsStatus::Listed);
    }

    #[test]
    fn a_policy_that_was_fetched_too_long_ago_demands_nothing() {
        let policy = Policy { fetched: Some(Timestamp(0)), ..Policy::parse(TEXT, "p").unwrap() };
        let later = Timestamp(86_401_000_000_000);
        assert_eq!(policy.judge("other.org", later, None).status, StsStatus::Expired);
        assert_eq!(policy.judge("other.org", Timestamp(1), None).status, StsStatus::MxNotListed);
    }

    #[test]
    fn a_text_that_is_no_policy_names_its_line() {
        assert_eq!(
            Policy::parse("version: STSv1\nmode: strict\nmax_age: 1\n", "p").unwrap_err().0,
            2
        );
        assert!(Policy::parse("mode: none\nmax_age: 1\n", "p").is_err());
        assert!(Policy::parse("<html>", "p").is_err());
    }
}
