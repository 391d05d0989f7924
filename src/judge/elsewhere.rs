//! What the other sessions of a capture show of the same server: what it agreed to there, which
//! certificate it had, and whether it offered STARTTLS. A session alone cannot tell a server that
//! refuses from one that cannot.
//!
//! Sessions are met in the order in which they are reported. A session is judged by those before it,
//! for it may have been printed when a later one ends; what later ones show of earlier ones becomes
//! a finding of the capture.

pub(super) mod origins;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use self::origins::Origins;
use super::{rules, security};
use crate::report::codes;
use crate::report::diagnosis::Diagnosis;
use crate::report::findings::{Finding, finding};
use crate::report::reason::Reason;
use crate::report::session::SessionReport;
use crate::report::timeline::TimelineEvent;
use crate::report::tls::{CertificateReport, ClientHelloReport, TlsReport};
use crate::smtp::{StartTls, Verb};
use crate::tls::suite::Suite;

/// Servers that are remembered, the oldest forgotten first: more than a mail platform has, and some
/// megabytes.
pub(super) const MOST_SERVERS: usize = 4096;

/// Suites, versions and certificates that are remembered of a server, each: more than are in use.
pub(super) const MOST_NAMES: usize = 16;

/// Messages that are remembered of a server: a client that sends one again does so within minutes.
pub(super) const MOST_MESSAGES: usize = 256;

/// Message-IDs that are longer, in bytes, are not remembered (RFC 5322 §2.1.1: a line has 998).
const LONGEST_ID: usize = 998;

/// Findings of the capture that are told; of more servers the sessions have it.
pub(super) const MOST_FINDINGS: usize = 64;

/// The servers met so far.
#[derive(Debug, Default)]
pub struct Elsewhere {
    servers: HashMap<SocketAddr, Server>,
    /// In the order in which they were met first, to forget the oldest.
    order: VecDeque<SocketAddr>,
    origins: Origins,
    findings: Vec<Finding>,
}

/// What is known of a server; with each fact the id of the first session that shows it.
#[derive(Debug, Default)]
struct Server {
    /// It answered a connection attempt.
    answered: Option<u64>,
    /// Messages that it accepted, by client and Message-ID.
    accepted: BTreeMap<(IpAddr, String), u64>,
    offers_starttls: Option<u64>,
    versions: BTreeMap<String, u64>,
    suites: BTreeMap<String, (&'static Suite, u64)>,
    certificates: Vec<(CertificateReport, u64)>,
    /// Sessions without an offer of STARTTLS, before one with it was met.
    unoffered: Sessions,
    /// Sessions that agreed on less than a version which their client offered, by that version,
    /// before the server was seen to agree to it.
    passed_over: BTreeMap<String, Sessions>,
}

/// Sessions; the first of them is named.
#[derive(Debug, Default)]
struct Sessions {
    first: u64,
    frame: Option<u64>,
    count: u64,
}

impl Elsewhere {
    /// Judges a session by those that were met before, and learns from it.
    pub fn meet(&mut self, session: &mut SessionReport) {
        let server = self.server(session.server.0);
        server.judge(session);
        server.learn(session);
        let origin = self.origins.told(session);
        origin.into_iter().for_each(|more| add_to_verdict(session, &more));
        self.origins.learn(session);
    }

    fn server(&mut self, address: SocketAddr) -> &mut Server {
        if !self.servers.contains_key(&address) {
            self.make_room();
            self.order.push_back(address);
        }
        self.servers.entry(address).or_default()
    }

    fn make_room(&mut self) {
        if self.order.len() < MOST_SERVERS {
            return;
        }
        let Some(oldest) = self.order.pop_front() else { return };
        self.conclude(oldest);
    }

    fn conclude(&mut self, address: SocketAddr) {
        let Some(server) = self.servers.remove(&address) else { return };
        let room = MOST_FINDINGS.saturating_sub(self.findings.len());
        self.findings.extend(server.findings(address).into_iter().take(room));
    }

    /// When all sessions were met: what later sessions show of earlier ones.
    #[must_use]
    pub fn findings(mut self) -> Vec<Finding> {
        while let Some(address) = self.order.pop_front() {
            self.conclude(address);
        }
        self.findings
    }
}

impl Server {
    fn judge(&mut self, session: &mut SessionReport) {
        let found = [
            self.stripped(session),
            self.downgraded(session),
            self.weakened(session),
            self.delivered_again(session),
        ];
        for finding in found.into_iter().flatten() {
            if !session.findings.iter().any(|other| other.code == finding.code) {
                session.findings.push(finding);
            }
        }
        self.explain_cause(session);
        self.explain_silence(session);
        self.explain_key(session);
        rules::sort(session);
    }

    /// The server offers STARTTLS elsewhere, and its answer to EHLO here is without it.
    fn stripped(&mut self, session: &SessionReport) -> Option<Finding> {
        let frame = ehlo_without_starttls(session)?;
        let Some(elsewhere) = self.offers_starttls else {
            self.unoffered.add(session.id, Some(frame));
            return None;
        };
        let message =
            format!("the server offers no STARTTLS here, and did offer it in session {elsewhere}");
        Some(finding(codes::SMTP_STARTTLS_STRIPPED, message).at(frame))
    }

    /// The client offers a version to which the server agreed elsewhere, and a lower one was agreed
    /// on here.
    fn downgraded(&mut self, session: &SessionReport) -> Option<Finding> {
        let tls = session.tls.as_ref()?;
        let (agreed, hello) = (tls.version.as_ref()?, tls.client_hello.as_ref()?);
        let frame = session.frame_of(TimelineEvent::TlsServerHello);
        let higher: Vec<_> = offered(hello).filter(|version| *version > agreed).collect();
        let known = higher.iter().filter(|version| self.versions.contains_key(**version));
        let Some(best) = known.max() else {
            let room = MOST_NAMES.saturating_sub(self.passed_over.len());
            for version in higher.into_iter().take(room) {
                self.passed_over.entry(version.clone()).or_default().add(session.id, frame);
            }
            return None;
        };
        let elsewhere = self.versions.get(*best)?;
        let message = format!(
            "the client offers {best}, to which the server agreed in session {elsewhere}, and {agreed} was agreed on"
        );
        Some(finding(codes::TLS_DOWNGRADE, message).at(frame))
    }

    /// A weak suite was agreed on, and the client offers a better one that the server took
    /// elsewhere.
    fn weakened(&self, session: &SessionReport) -> Option<Finding> {
        let tls = session.tls.as_ref()?;
        let weak = tls.suite.filter(|suite| security::is_weak(suite))?;
        let hello = tls.client_hello.as_ref()?;
        let is_better = |suite: &Suite| !security::is_weak(suite);
        let (name, (_, elsewhere)) = self
            .suites
            .iter()
            .find(|(name, (suite, _))| is_better(suite) && hello.cipher_suites.contains(name))?;
        let message = format!(
            "the client offers {name}, to which the server agreed in session {elsewhere}, and {} was agreed on",
            weak.name
        );
        Some(
            finding(codes::TLS_DOWNGRADE, message)
                .at(session.frame_of(TimelineEvent::TlsServerHello)),
        )
    }

    /// What the server agreed to elsewhere tells what it missed here.
    fn explain_cause(&self, session: &mut SessionReport) {
        let Some(diagnosis) = &session.diagnosis else { return };
        let more = match diagnosis.cause.code {
            codes::TLS_NO_SHARED_CIPHER => self.suite_elsewhere(session),
            codes::TLS_NO_SHARED_VERSION => self.version_elsewhere(session),
            codes::TLS_UNKNOWN_CA
            | codes::TLS_CERTIFICATE_REJECTED
            | codes::TLS_CERTIFICATE_EXPIRED => self.other_certificate(session),
            _ => None,
        };
        more.into_iter().for_each(|more| add_to_cause(session, &more));
    }

    /// A firewall would have stopped the other session too: it is the server's own queue that is full.
    fn explain_silence(&self, session: &mut SessionReport) {
        let is_it = |diagnosis: &Diagnosis| diagnosis.cause.code == codes::TCP_CONNECTION_TIMEOUT;
        let Some(elsewhere) =
            self.answered.filter(|_| session.diagnosis.as_ref().is_some_and(is_it))
        else {
            return;
        };
        let more = format!(
            "the same server answered session {elsewhere} on this port, so it is no firewall: its queue of connections (backlog) is full, because its program does not accept them"
        );
        add_to_cause(session, &more);
        let hint = "look whether the server's program hangs or is overloaded; `ss -ltn` shows the queue (Recv-Q), `nstat TcpExtListenDrops` what was dropped";
        let Some(diagnosis) = &mut session.diagnosis else { return };
        let cause = &mut diagnosis.cause;
        let is_its = |finding: &&mut Finding| finding.message == cause.message;
        if let Some(finding) = session.findings.iter_mut().find(is_its) {
            finding.hint = Some(hint.to_owned());
        }
        cause.hint = Some(hint.to_owned());
    }

    /// The same client gave the same message to this server before.
    fn delivered_again(&self, session: &SessionReport) -> Option<Finding> {
        let smtp = session.smtp.as_ref()?;
        smtp.mails.iter().filter(|mail| mail.is_accepted()).find_map(|mail| {
            let id = mail.message_id.clone()?;
            let earlier = self.accepted.get(&(session.client.0.ip(), id.clone()))?;
            let message = format!(
                "the message {id} was accepted in session {earlier} already: it is delivered twice, unless the server drops duplicates"
            );
            Some(finding(codes::SMTP_DUPLICATE_MAIL, message).at(mail.end_frame))
        })
    }

    fn suite_elsewhere(&self, session: &SessionReport) -> Option<String> {
        let hello = session.client_hello()?;
        let offered = |name: &&String| hello.cipher_suites.contains(name);
        if let Some(name) = self.suites.keys().find(offered) {
            let (_, elsewhere) = self.suites.get(name)?;
            return Some(format!(
                "in session {elsewhere} it agreed to {name}, which is offered here too: compare groups, signature algorithms and server name"
            ));
        }
        let (name, (_, elsewhere)) = self.suites.first_key_value()?;
        Some(format!("in session {elsewhere} it agreed to {name}, which is not offered here"))
    }

    fn version_elsewhere(&self, session: &SessionReport) -> Option<String> {
        let hello = session.client_hello()?;
        let (version, elsewhere) = self.versions.last_key_value()?;
        let is_offered = offered(hello).any(|offered| offered == version);
        let here = if is_offered { "is offered here too" } else { "is not offered here" };
        Some(format!("in session {elsewhere} it agreed to {version}, which {here}"))
    }

    /// A name that stands for several machines has as many certificates.
    fn other_certificate(&self, session: &SessionReport) -> Option<String> {
        let shown = session.tls.as_ref()?.certificates.first()?;
        let is_other = |known: &&(CertificateReport, u64)| known.0.sha256 != shown.sha256;
        let (other, elsewhere) = self.certificates.iter().find(is_other)?;
        Some(format!(
            "in session {elsewhere} the same server showed another certificate, {}",
            other.named()
        ))
    }

    /// Of several certificates the key of one may be given, and that of another not.
    fn explain_key(&self, session: &mut SessionReport) {
        let reason = session.tls.as_ref().and_then(|tls| tls.decryption.reason);
        let Some(Reason::NoKey | Reason::KeyMismatch) = reason else { return };
        let Some(more) = self.other_certificate(session) else { return };
        add_to_verdict(session, &more);
    }

    fn learn(&mut self, session: &SessionReport) {
        if session.tcp.handshake_ns.is_some() {
            self.answered.get_or_insert(session.id);
        }
        self.learn_mails(session);
        let is_offered = |starttls| matches!(starttls, StartTls::Offered | StartTls::Accepted);
        if session.smtp.as_ref().is_some_and(|smtp| is_offered(smtp.starttls)) {
            self.offers_starttls.get_or_insert(session.id);
        }
        if let Some(tls) = &session.tls {
            self.learn_tls(tls, session.id);
        }
    }

    fn learn_mails(&mut self, session: &SessionReport) {
        let mails = session.smtp.iter().flat_map(|smtp| &smtp.mails);
        for mail in mails.filter(|mail| mail.is_accepted()) {
            let Some(id) = &mail.message_id else { continue };
            if self.accepted.len() < MOST_MESSAGES && id.len() <= LONGEST_ID {
                let key = (session.client.0.ip(), id.clone());
                self.accepted.entry(key).or_insert(session.id);
            }
        }
    }

    fn learn_tls(&mut self, tls: &TlsReport, id: u64) {
        if let Some(certificate) = tls.certificates.first()
            && self.certificates.len() < MOST_NAMES
            && !self.certificates.iter().any(|(known, _)| known.sha256 == certificate.sha256)
        {
            self.certificates.push((certificate.clone(), id));
        }
        if !tls.handshake_complete {
            return;
        }
        if let Some(version) = &tls.version {
            remember(&mut self.versions, version, id);
        }
        if let (Some(name), Some(suite)) = (&tls.cipher_suite, tls.suite) {
            remember(&mut self.suites, name, (suite, id));
        }
    }

    /// What was learned too late for the sessions that it is about.
    fn findings(&self, address: SocketAddr) -> Vec<Finding> {
        let stripped = self.offers_starttls.filter(|_| self.unoffered.count > 0).map(|later| {
            let message = format!(
                "{address} offers STARTTLS in session {later}, and did not in {} before",
                self.unoffered
            );
            finding(codes::SMTP_STARTTLS_STRIPPED, message).at(self.unoffered.frame)
        });
        let best = self.passed_over.iter().rev();
        let downgraded = best.filter_map(|(version, sessions)| {
            let later = self.versions.get(version)?;
            let message = format!(
                "{address} agreed to {version} in session {later}, and to less in {sessions} before, whose client offered it"
            );
            Some(finding(codes::TLS_DOWNGRADE, message).at(sessions.frame))
        });
        stripped.into_iter().chain(downgraded.take(1)).collect()
    }
}

/// Adds to the sentence of a diagnosis, and to the finding that is made of it.
fn add_to_cause(session: &mut SessionReport, more: &str) {
    let Some(diagnosis) = &mut session.diagnosis else { return };
    let cause = &mut diagnosis.cause;
    add_to_finding(&mut session.findings, &cause.message, more);
    cause.message = extended(&cause.message, more);
}

/// Adds to the evidence of a verdict, and to the finding that is made of it.
fn add_to_verdict(session: &mut SessionReport, more: &str) {
    let Some(tls) = &mut session.tls else { return };
    let evidence = &mut tls.decryption.evidence;
    add_to_finding(&mut session.findings, evidence, more);
    *evidence = extended(evidence, more);
}

fn add_to_finding(findings: &mut [Finding], message: &str, more: &str) {
    if let Some(finding) = findings.iter_mut().find(|finding| finding.message == message) {
        finding.message = extended(message, more);
    }
}

fn extended(message: &str, more: &str) -> String {
    format!("{message}; {more}")
}

fn remember<T>(names: &mut BTreeMap<String, T>, name: &str, fact: T) {
    if names.len() < MOST_NAMES && !names.contains_key(name) {
        names.insert(name.to_owned(), fact);
    }
}

/// The frame of the answer to an EHLO in the clear, if it is all there and does not offer STARTTLS.
fn ehlo_without_starttls(session: &SessionReport) -> Option<u64> {
    let smtp = session.smtp.as_ref().filter(|smtp| smtp.starttls == StartTls::NotOffered)?;
    // What was not captured may hold the offer.
    let is_whole = session.tcp.lost_bytes.server == 0;
    let ehlo = smtp.exchanges.iter().filter(|_| is_whole).find(|exchange| {
        let answered = exchange.reply.as_ref().is_some_and(|reply| reply.class() == 2);
        !exchange.encrypted && exchange.verb == Some(Verb::Ehlo) && answered
    })?;
    ehlo.reply_frame
}

/// The versions that a client offers: the extension's where there is one (RFC 8446 §4.2.1), else the
/// highest.
fn offered(hello: &ClientHelloReport) -> impl Iterator<Item = &String> {
    let highest = hello.supported_versions.is_empty().then_some(&hello.version);
    hello.supported_versions.iter().chain(highest)
}

impl Sessions {
    fn add(&mut self, id: u64, frame: Option<u64>) {
        if self.count == 0 {
            *self = Self { first: id, frame, count: 0 };
        }
        self.count += 1;
    }
}

impl std::fmt::Display for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.count {
            1 => write!(f, "session {}", self.first),
            count => write!(f, "{count} sessions from session {} on", self.first),
        }
    }
}
