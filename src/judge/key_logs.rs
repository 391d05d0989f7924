//! What a key log has of a session: the labels that are there, that are missing, and that are odd; and what
//! writes such a log.

use crate::keys::KeyLog;
use crate::report::endpoint::Endpoint;
use crate::report::key_audit::LoggedSession;
use crate::report::session::SessionReport;

/// The secrets that open a session of TLS 1.3, handshake first (RFC 9850 §2.1).
const NEEDED_13: [&str; 4] = [
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
];

/// Those of all versions before; either will do.
const NEEDED_12: [&str; 2] = ["CLIENT_RANDOM", "PMS_CLIENT_RANDOM"];

/// A session that a log may have lines for.
#[derive(Debug)]
pub(super) struct Asked {
    session: u64,
    server: Endpoint,
    version: Option<String>,
    client_random: [u8; 32],
}

impl Asked {
    pub(super) fn of(session: &SessionReport) -> Option<Self> {
        let tls = session.tls.as_ref()?;
        let random = crate::hex::bytes(&tls.client_hello.as_ref()?.random)?;
        Some(Self {
            session: session.id,
            server: session.server,
            version: tls.version.clone(),
            client_random: random.try_into().ok()?,
        })
    }

    /// What is to be said of it, if a log has lines for it and something is wrong with them.
    pub(super) fn examined(&self, log: &KeyLog) -> Option<LoggedSession> {
        let present = log.labels(&self.client_random);
        if present.is_empty() {
            return None;
        }
        let is_13 = self.version.as_deref() == Some("TLSv1.3");
        let is_known = self.version.is_some();
        let found = LoggedSession {
            session: self.session,
            server: self.server,
            version: self.version.clone(),
            client_random: crate::hex::hex(&self.client_random),
            missing: if is_known { missing(&present, is_13) } else { Vec::new() },
            wrong_version: if is_known { of_other_version(&present, is_13) } else { Vec::new() },
            contradictory: log.contradictions(&self.client_random),
            padded: log.padded(&self.client_random),
            writer: "",
            hint: "",
            present,
        };
        let (writer, hint) = diagnosed(&found)?;
        Some(LoggedSession { writer, hint, ..found })
    }
}

fn missing(present: &[&'static str], is_13: bool) -> Vec<&'static str> {
    match is_13 {
        true => NEEDED_13.into_iter().filter(|label| !present.contains(label)).collect(),
        false if present.iter().any(|label| NEEDED_12.contains(label)) => Vec::new(),
        false => vec![NEEDED_12[0]],
    }
}

fn of_other_version(present: &[&'static str], is_13: bool) -> Vec<&'static str> {
    let is_of_12 = |label: &&str| NEEDED_12.contains(label);
    present.iter().copied().filter(|label| is_of_12(label) == is_13).collect()
}

/// What writes such a log, and what to do; the worst first.
fn diagnosed(found: &LoggedSession) -> Option<(&'static str, &'static str)> {
    let is_13 = found.version.as_deref() == Some("TLSv1.3");
    let lacks = |part: &str| found.missing.iter().any(|label| label.contains(part));
    let lacks_all = found.missing.len() == NEEDED_13.len() || (!is_13 && !found.missing.is_empty());
    let told = match () {
        () if lacks_all && is_13 => (
            "a recorder made for TLS 1.2: it reads the master key of the session, which opens nothing of TLS 1.3 (libraries \
             for LD_PRELOAD, eBPF and Frida scripts and proxies of old)",
            "take a recorder that writes the four secrets of TLS 1.3 (docs/key-logs.md), or let one end offer TLS 1.2 \
             only for a test",
        ),
        () if lacks_all => (
            "a recorder that writes traffic secrets alone, or a log whose lines belong to another attempt",
            "take a recorder that writes CLIENT_RANDOM (docs/key-logs.md)",
        ),
        () if lacks("CLIENT_") != lacks("SERVER_") => (
            "a recorder that sees the keys of one direction, as agents for Java and scripts do that hook only what sends or \
             only what receives",
            "record both directions: the library's own SSLKEYLOGFILE writes all four lines (docs/key-logs.md)",
        ),
        () if lacks("HANDSHAKE") => (
            "a recorder that joined after the handshake, or that reads the keys in use",
            "start it before the connection; mail is opened all the same, certificates and Finished stay closed",
        ),
        () if lacks("TRAFFIC_SECRET_0") => (
            "a log that was copied, or a process that ended, before the handshake was over",
            "copy the log when the session is over",
        ),
        () if !found.missing.is_empty() => (
            "a log that lost lines: two programs write to it at once, or it was cut",
            "give each process a log of its own, and copy it when the session is over",
        ),
        () if !found.contradictory.is_empty() => (
            "several recorders, or one that writes the secret of another connection under this random",
            "nothing to do if the session is opened: each secret is tried; else record it again with one recorder",
        ),
        () if !found.padded.is_empty() => (
            "a recorder that writes the whole buffer of a secret, as eBPF tools do",
            "nothing to do: the zeros are left out",
        ),
        () if !found.wrong_version.is_empty() => (
            "a recorder that writes the master key for every version",
            "nothing to do: the lines of the other version are passed over",
        ),
        () => return None,
    };
    Some(told)
}
