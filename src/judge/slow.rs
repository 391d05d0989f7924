//! Phases that take too long, as findings.

use std::str::FromStr;

use super::rules;
use crate::moment::seconds;
use crate::report::codes::{self, Code};
use crate::report::decryption::DecryptionStatus;
use crate::report::findings::{self, Finding};
use crate::report::outcome::Outcome;
use crate::report::session::SessionReport;
use crate::report::timeline::{TimelineEntry, TimelineEvent};
use crate::report::timing::Timing;
use crate::role::Role;

/// A phase that can be slow.
struct Phase {
    /// Its name on the command line.
    name: &'static str,
    code: Code,
    /// What the finding says took the time.
    words: &'static str,
    /// The limit in ns unless told otherwise, with its reason below; none: never slow.
    limit: Option<i64>,
    ns: fn(&Timing) -> Option<i64>,
    /// The event at whose frame it shows, the last of its kind.
    event: Option<TimelineEvent>,
}

/// What slows a welcome down does not slow a refusal down.
const WAIT_BEFORE_REFUSAL: &str =
    "the server waited before it refused the client: its reply, or its log, says for what";

const SECOND: i64 = 1_000_000_000;

/// All phases. A SYN that is lost is sent again after 1 s (RFC 6298 section 2.1), so that more than
/// that is no distance. People notice a greeting after 1 s. A handshake on the longest paths takes
/// three round trips of 150 ms. Commands that only note something are answered at once; RCPT and
/// AUTH may ask elsewhere; a message is scanned before it is accepted. How long a transfer may take
/// depends on its size.
const PHASES: &[Phase] = &[
    Phase {
        name: "connect",
        code: codes::TCP_SLOW_CONNECT,
        words: "the TCP handshake",
        limit: Some(SECOND),
        ns: |timing| timing.tcp_connect_ns,
        event: Some(TimelineEvent::TcpEstablished),
    },
    Phase {
        name: "greeting",
        code: codes::SMTP_SLOW_GREETING,
        words: "the greeting",
        limit: Some(SECOND),
        ns: |timing| timing.greeting_ns,
        event: Some(TimelineEvent::SmtpGreeting),
    },
    Phase {
        name: "starttls",
        code: codes::SMTP_SLOW_STARTTLS,
        words: "the reply to STARTTLS",
        limit: Some(SECOND),
        ns: |timing| timing.starttls_ns,
        event: Some(TimelineEvent::SmtpStarttlsReply),
    },
    Phase {
        name: "handshake",
        code: codes::TLS_SLOW_HANDSHAKE,
        words: "the TLS handshake",
        limit: Some(SECOND / 2),
        ns: |timing| timing.tls_handshake_ns,
        event: Some(TimelineEvent::TlsClientHello),
    },
    Phase {
        name: "auth",
        code: codes::SMTP_SLOW_AUTH,
        words: "AUTH",
        limit: Some(3 * SECOND),
        ns: |timing| timing.auth_ns,
        event: None,
    },
    Phase {
        name: "mail",
        code: codes::SMTP_SLOW_MAIL,
        words: "the reply to MAIL",
        limit: Some(SECOND),
        ns: |timing| timing.mail_ns,
        event: None,
    },
    Phase {
        name: "rcpt",
        code: codes::SMTP_SLOW_RCPT,
        words: "the slowest reply to RCPT",
        limit: Some(3 * SECOND),
        ns: |timing| timing.rcpt_ns,
        event: None,
    },
    Phase {
        name: "data",
        code: codes::SMTP_SLOW_DATA,
        words: "the reply to DATA",
        limit: Some(SECOND),
        ns: |timing| timing.data_go_ahead_ns,
        event: Some(TimelineEvent::SmtpDataStart),
    },
    Phase {
        name: "transfer",
        code: codes::SMTP_SLOW_TRANSFER,
        words: "sending the message",
        limit: None,
        ns: |timing| timing.data_transfer_ns,
        event: Some(TimelineEvent::SmtpDataEnd),
    },
    Phase {
        name: "accept",
        code: codes::SMTP_SLOW_ACCEPT,
        words: "the reply to the message",
        limit: Some(5 * SECOND),
        ns: |timing| timing.data_accept_ns,
        event: Some(TimelineEvent::SmtpDataEnd),
    },
];

/// What a user says of one phase: `greeting=2s`, `transfer=30s`, `rcpt=off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowLimit {
    phase: usize,
    limit: Option<i64>,
}

impl FromStr for SlowLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, limit)) = text.split_once('=') else {
            return Err("write PHASE=DURATION, as in greeting=2s".to_owned());
        };
        let Some(phase) = PHASES.iter().position(|phase| phase.name == name) else {
            let names: Vec<_> = PHASES.iter().map(|phase| phase.name).collect();
            return Err(format!("the phases are {}", names.join(", ")));
        };
        Ok(Self { phase, limit: duration(limit)? })
    }
}

fn duration(text: &str) -> Result<Option<i64>, String> {
    if text == "off" {
        return Ok(None);
    }
    let duration = text.parse::<jiff::SignedDuration>().ok().filter(|d| !d.is_negative());
    let ns = duration.and_then(|duration| i64::try_from(duration.as_nanos()).ok());
    ns.map(Some).ok_or_else(|| "write a duration as in 500ms, 1.5s or 2m; or off".to_owned())
}

/// How long each phase may take.
#[derive(Clone, Debug)]
pub struct SlowLimits(Vec<Option<i64>>);

impl Default for SlowLimits {
    fn default() -> Self {
        Self(PHASES.iter().map(|phase| phase.limit).collect())
    }
}

impl SlowLimits {
    /// Sets the limit of a phase.
    pub fn set(&mut self, limit: SlowLimit) {
        if let Some(known) = self.0.get_mut(limit.phase) {
            *known = limit.limit;
        }
    }
}

/// Adds a finding for each phase that took longer than it may.
pub(crate) fn judge(session: &mut SessionReport, limits: &SlowLimits) {
    let found = PHASES.iter().zip(&limits.0).filter_map(|(phase, limit)| {
        let ns = (phase.ns)(&session.timing)?;
        (ns > (*limit)?).then(|| finding(phase, ns, session))
    });
    let found: Vec<_> = found.chain(whole(session)).collect();
    if !found.is_empty() {
        session.findings.extend(found);
        rules::sort(session);
    }
}

/// One sentence on a session that took longer than a second: who was waited for, and the longest wait.
fn whole(session: &SessionReport) -> Option<Finding> {
    let Timing { total_ns, attribution: split, .. } = session.timing;
    let was_refused = matches!(session.outcome, Outcome::Unanswered | Outcome::Refused);
    let has_bad_clock = session.findings.iter().any(|found| found.code == codes::TCP_CLOCK_STEP);
    if total_ns <= SECOND || was_refused || has_bad_clock {
        return None;
    }
    let shares = [
        (split.server_ns, "waiting for the server"),
        (split.client_ns, "waiting for the client"),
        (split.network_ns, "of packets under way, or lost"),
    ];
    let (ns, what) = shares.into_iter().max()?;
    let message = format!(
        "the session took {}: {} ({} %) {what}{}",
        seconds(total_ns),
        seconds(ns),
        ns / (total_ns / 100).max(1),
        longest_wait(session).unwrap_or_default()
    );
    Some(findings::finding(codes::TCP_TIME_SPENT, message))
}

/// The longest span in which nothing happened, and what ended it.
fn longest_wait(session: &SessionReport) -> Option<String> {
    // What passes in TLS that was not opened stands in no timeline.
    let status = session.tls.as_ref().map(|tls| tls.decryption.status);
    if status.is_some_and(|status| status != DecryptionStatus::Decrypted) {
        return None;
    }
    let is_pause = |(before, after): &(&TimelineEntry, &TimelineEntry)| {
        (before.event, after.event) != (TimelineEvent::SmtpDataStart, TimelineEvent::SmtpDataEnd)
    };
    let pairs = session.timeline.iter().zip(session.timeline.iter().skip(1)).filter(is_pause);
    let (before, after) = pairs.max_by_key(|(before, after)| after.t_ns - before.t_ns)?;
    let who = after.from.map_or("", Role::name);
    let what = after.event.name();
    let what = what.split_once('.').map_or(what, |(_, what)| what).replace('_', " ");
    Some(format!(
        "; the longest wait, {} from frame {} on, ended with the {who}'s {what} (frame {})",
        seconds(after.t_ns - before.t_ns),
        before.frame,
        after.frame
    ))
}

fn finding(phase: &Phase, ns: i64, session: &SessionReport) -> Finding {
    let mut message = format!("{} took {}", phase.words, seconds(ns));
    if phase.name == "handshake" {
        message.push_str(&slowest_flight(&session.timing));
    }
    let frame = session.timeline.iter().rfind(|entry| Some(entry.event) == phase.event);
    let mut found = findings::finding(phase.code, message).at(frame.map(|entry| entry.frame));
    let greeting = session.smtp.as_ref().and_then(|smtp| smtp.greeting.as_ref());
    if phase.name == "greeting" && greeting.is_some_and(|greeting| greeting.code >= 400) {
        found.hint = Some(WAIT_BEFORE_REFUSAL.to_owned());
    }
    found
}

fn slowest_flight(timing: &Timing) -> String {
    let flights = [
        ("the server's first flight", timing.tls_server_flight_ns),
        ("the client's flight", timing.tls_client_flight_ns),
        ("the server's Finished", timing.tls_server_finish_ns),
    ];
    let slowest = flights.into_iter().filter_map(|(name, ns)| Some((ns?, name))).max();
    slowest.map_or_else(String::new, |(ns, name)| format!(", {} of it for {name}", seconds(ns)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_with_their_units() {
        let limit = |text: &str| text.parse::<SlowLimit>().map(|limit| limit.limit);
        assert_eq!(limit("greeting=2s"), Ok(Some(2 * SECOND)));
        assert_eq!(limit("handshake=1.5s"), Ok(Some(1_500_000_000)));
        assert_eq!(limit("connect=250ms"), Ok(Some(250_000_000)));
        assert_eq!(limit("rcpt=80us"), Ok(Some(80_000)));
        assert_eq!(limit("transfer=2m"), Ok(Some(120 * SECOND)));
        assert_eq!(limit("rcpt=off"), Ok(None));
        for bad in ["greeting", "greeting=", "greeting=2", "greeting=-1s", "nonsense=1s"] {
            assert!(limit(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_phase_that_is_named_changes() {
        let mut limits = SlowLimits::default();
        limits.set("greeting=2s".parse().unwrap());
        let changed: Vec<_> = limits.0.iter().zip(SlowLimits::default().0).collect();
        assert_eq!(changed.iter().filter(|(new, old)| **new != *old).count(), 1);
    }
}
