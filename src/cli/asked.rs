//! Sessions that are asked for by what is known when they have ended.

use std::ops::RangeInclusive;

use super::args::{AddressArg, ChoiceArgs, OutcomeArg, SeverityArg};
use crate::check::Condition;
use crate::report::{Code, MailReport, SessionReport, SmtpReport, Summary};

/// What was asked for, and what came of it.
#[derive(Default)]
pub(super) struct Asked {
    numbers: Vec<RangeInclusive<u64>>,
    outcomes: Vec<OutcomeArg>,
    servers: Vec<AddressArg>,
    /// Parts of texts, in lower case.
    from: Vec<String>,
    to: Vec<String>,
    subject: Vec<String>,
    message_id: Vec<String>,
    queue_id: Vec<String>,
    severity: Option<SeverityArg>,
    codes: Vec<Code>,
    condition: Option<Condition>,
    /// One of those that came was asked for.
    found: bool,
    /// Why the condition cannot be worked out.
    error: Option<String>,
}

impl Asked {
    pub(super) fn new(args: &ChoiceArgs) -> Self {
        // It could be read when it was typed.
        let condition = args.condition.as_deref().and_then(|text| Condition::parse(text).ok());
        let lower = |texts: &[String]| texts.iter().map(|text| text.to_lowercase()).collect();
        Self {
            numbers: args.session.iter().map(|numbers| numbers.0.clone()).collect(),
            outcomes: args.outcome.clone(),
            servers: args.server.clone(),
            from: lower(&args.from),
            to: lower(&args.to),
            subject: lower(&args.subject),
            message_id: lower(&args.message_id),
            queue_id: lower(&args.queue_id),
            severity: args.severity,
            codes: args.finding.clone(),
            condition,
            found: false,
            error: None,
        }
    }

    /// Whether every session is asked for.
    pub(super) fn is_all(&self) -> bool {
        self.numbers.is_empty() && self.is_any_kind()
    }

    /// Whether nothing but numbers is asked for.
    fn is_any_kind(&self) -> bool {
        let texts = [&self.from, &self.to, &self.subject, &self.message_id, &self.queue_id];
        self.outcomes.is_empty()
            && self.servers.is_empty()
            && texts.iter().all(|texts| texts.is_empty())
            && self.severity.is_none()
            && self.codes.is_empty()
            && self.condition.is_none()
    }

    /// Whether a session is asked for.
    pub(super) fn wants(&mut self, session: &SessionReport) -> bool {
        let wanted = any(&self.numbers, |numbers| numbers.contains(&session.id))
            && any(&self.outcomes, |outcome| came_out(session, *outcome))
            && any(&self.servers, |address| address.is_of(session.server.0))
            && self.wants_mail(session)
            && self.wants_findings(session)
            && self.wants_condition(session);
        self.found |= wanted;
        wanted
    }

    fn wants_mail(&self, session: &SessionReport) -> bool {
        let smtp = session.smtp.as_ref();
        let has = |parts: &[String], texts: fn(&SmtpReport) -> Vec<&str>| {
            let texts = smtp.map(texts).unwrap_or_default();
            any(parts, |part| texts.iter().any(|text| text.to_lowercase().contains(part)))
        };
        let is = |names: &[String], texts: fn(&SmtpReport) -> Vec<&str>| {
            let texts = smtp.map(texts).unwrap_or_default();
            any(names, |name| texts.iter().any(|text| bare(&text.to_lowercase()) == bare(name)))
        };
        has(&self.from, senders)
            && has(&self.to, recipients)
            && has(&self.subject, subjects)
            && is(&self.message_id, message_ids)
            && is(&self.queue_id, queue_ids)
    }

    fn wants_findings(&self, session: &SessionReport) -> bool {
        let findings = &session.findings;
        let is_so_bad = |least: SeverityArg| {
            findings.iter().any(|finding| least.is_reached_by(finding.severity))
        };
        self.severity.is_none_or(is_so_bad)
            && any(&self.codes, |code| findings.iter().any(|finding| finding.code == *code))
    }

    fn wants_condition(&mut self, session: &SessionReport) -> bool {
        let Some(condition) = &self.condition else { return true };
        match condition.holds(session) {
            Ok(holds) => holds,
            Err(error) => {
                self.error.get_or_insert_with(|| error.to_string());
                false
            }
        }
    }

    /// What is wrong with what was asked for: a condition that cannot be worked out, a number that no
    /// session has.
    pub(super) fn error(&self, summary: &Summary) -> Option<String> {
        self.error.clone().or_else(|| self.missing(summary.sessions))
    }

    /// What to say where sessions came, and none as was asked for.
    pub(super) fn none_found(&self, summary: &Summary) -> Option<String> {
        let is_none = !self.is_any_kind() && !self.found && summary.sessions > 0;
        let sessions = summary.sessions;
        is_none.then(|| format!("no session is as asked for; without that there are {sessions}"))
    }

    fn missing(&self, sessions: u64) -> Option<String> {
        let beyond = self.numbers.iter().filter(|numbers| *numbers.end() > sessions);
        let missing: Vec<_> = beyond
            .map(|numbers| range((*numbers.start()).max(sessions + 1), *numbers.end()))
            .collect();
        let is_one = missing.len() == 1 && !missing.iter().any(|range| range.contains('-'));
        let what = if is_one { "is no session" } else { "are no sessions" };
        let seen = match sessions {
            0 => "there is none".to_owned(),
            1 => "there is session 1 alone".to_owned(),
            last => format!("there are sessions 1 to {last}"),
        };
        (!missing.is_empty()).then(|| format!("there {what} {}; {seen}", missing.join(", ")))
    }
}

fn range(first: u64, last: u64) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// Whether one fits, or none is asked for.
fn any<T>(asked: &[T], fits: impl FnMut(&T) -> bool) -> bool {
    asked.is_empty() || asked.iter().any(fits)
}

fn came_out(session: &SessionReport, asked: OutcomeArg) -> bool {
    match asked {
        OutcomeArg::Failed => session.has_failed(),
        OutcomeArg::Is(asked) => asked == session.outcome,
    }
}

/// A Message-ID without its brackets (RFC 5322 §3.6.4).
fn bare(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

fn senders(smtp: &SmtpReport) -> Vec<&str> {
    let envelope = smtp.transactions.iter().map(|transaction| &transaction.from);
    let mails = smtp.mails.iter().flat_map(|mail| mail.from.iter().chain(&mail.header_from));
    envelope.chain(mails).map(String::as_str).collect()
}

fn recipients(smtp: &SmtpReport) -> Vec<&str> {
    let envelope = smtp.transactions.iter().flat_map(|one| [&one.to, &one.rejected_to]).flatten();
    let mails = smtp.mails.iter();
    let mails = mails
        .flat_map(|mail| [&mail.to, &mail.rejected_to, &mail.header_to, &mail.header_cc])
        .flatten();
    envelope.chain(mails).map(String::as_str).collect()
}

fn of_mails(smtp: &SmtpReport, text: fn(&MailReport) -> Option<&String>) -> Vec<&str> {
    smtp.mails.iter().filter_map(text).map(String::as_str).collect()
}

fn subjects(smtp: &SmtpReport) -> Vec<&str> {
    of_mails(smtp, |mail| mail.subject.as_ref())
}

fn message_ids(smtp: &SmtpReport) -> Vec<&str> {
    of_mails(smtp, |mail| mail.message_id.as_ref())
}

fn queue_ids(smtp: &SmtpReport) -> Vec<&str> {
    of_mails(smtp, |mail| mail.queue_id.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_of_sessions_that_do_not_exist() {
        let missing = |numbers: &[RangeInclusive<u64>]| {
            let numbers = numbers.to_vec();
            Asked { numbers, ..Asked::default() }.missing(3)
        };
        assert_eq!(missing(&[1..=3]), None);
        let told = missing(&[2..=2, 9..=9]).unwrap();
        assert_eq!(told, "there is no session 9; there are sessions 1 to 3");
        let told = missing(&[2..=5]).unwrap();
        assert_eq!(told, "there are no sessions 4-5; there are sessions 1 to 3");
    }
}
