//! What a reason is told with: the facts that show it, in a sentence, and what would help.

use super::case::Case;
use crate::hex::hex;
use crate::judge::handle::handle_of;
use crate::keys::{KeyId, KeyIdentity, Row};
use crate::moment::Moment;
use crate::report::decryption::DecryptionStatus;
use crate::report::reason::Reason;
use crate::report::software;
use crate::role::Role;
use crate::tls::TlsFacts;
use crate::tls::certificate::Certificate;
use crate::tls::facts::{KeySearch, Opener, Origin, PremasterNote, Resumption, Secret};
use crate::tls::suite::Suite;

/// The lines that a key log needs for all of a session (RFC 9850 §2.1).
const NEEDED_13: [&str; 4] = [
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
];
const NEEDED_12: [&str; 1] = ["CLIENT_RANDOM"];

/// Keys that a sentence names; of more the number is told.
const MOST_KEYS: usize = 4;

/// A reason with its evidence and what would help.
pub(super) struct Explanation {
    pub(super) reason: Reason,
    pub(super) evidence: String,
    pub(super) hint: Option<String>,
}

impl Explanation {
    pub(super) fn new(
        reason: Reason,
        evidence: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { reason, evidence: evidence.into(), hint: Some(hint.into()) }
    }
}

impl Case<'_> {
    /// The secret in words.
    pub(super) fn described(&self) -> String {
        let Some(secret) = self.secret() else { return String::new() };
        let opener = match self.key(secret.opener()) {
            Some(key) => key_name(key),
            None => self.source_in_words(secret.opener()),
        };
        match secret {
            Secret::Resumed { origin, .. } => {
                format!("the secret of {}, which {opener} opened", origin_name(&origin))
            }
            _ => opener,
        }
    }

    fn source_in_words(&self, opener: Opener) -> String {
        match opener {
            Opener::Dsb => "the secrets inside the capture".to_owned(),
            Opener::Trailer => "the secrets in the trailers of the capture's frames".to_owned(),
            Opener::Remembered(_) => format!("the secret in {}", self.source(opener)),
            Opener::PreShared(_) => format!("the pre-shared key of {}", self.source(opener)),
            Opener::KeyLog | Opener::RsaKey(_) => {
                match self.keys.ring.keylog().read().map_or(0, |log| log.file_lines()) {
                    1 => "the key log (1 line)".to_owned(),
                    lines => format!("the key log ({lines} lines)"),
                }
            }
        }
    }

    pub(super) fn success(&self, status: DecryptionStatus) -> String {
        if status == DecryptionStatus::NotNeeded {
            return "the handshake was finished, and no application data followed".into();
        }
        let proof = match self.facts.finished_verdict() {
            Some(true) => "both Finished messages and every record's integrity check out",
            None if self.facts.finished_verified != Default::default() => {
                "the one Finished message that was read and every record's integrity check out"
            }
            _ => "every record's integrity checks out",
        };
        let closed = self.facts.handshake_closed.client + self.facts.handshake_closed.server;
        let handshake = match closed {
            0 => String::new(),
            records => format!(
                "; {records} protected records of the handshake stay closed, for their own secrets were \
                 not found"
            ),
        };
        format!("opened with {}; {proof}{handshake}", self.described())
    }

    pub(super) fn gap(&self, at: Moment, cut: bool) -> Explanation {
        let [client, server] = Role::BOTH.map(|r| self.facts.gaps[r].lost + self.facts.gaps[r].cut);
        let missing = format!("{client} bytes of the client and {server} of the server");
        let in_tunnel = Role::BOTH.iter().any(|&role| self.facts.gaps[role].cut_in_tunnel > 0);
        if cut && in_tunnel {
            let evidence = format!(
                "whoever mirrored the packets cut {missing} off inside the tunnel, first in frame {}; \
                 the frames around them are whole",
                at.frame
            );
            return Explanation::new(
                Reason::TruncatedInTunnel,
                evidence,
                "raise the MTU on the way from the mirror to the recorder, or have the mirror keep \
                 whole packets (its packet length)",
            );
        }
        if cut {
            let evidence = format!("the snap length cut {missing}, first in frame {}", at.frame);
            return Explanation::new(
                Reason::SnapLength,
                evidence,
                "capture whole packets: `tcpdump -s 0`, the default since tcpdump 4.0",
            );
        }
        let evidence = format!("{missing} are in no captured frame; frame {} shows it", at.frame);
        Explanation::new(
            Reason::LostPackets,
            evidence,
            "capture again with a larger buffer (`tcpdump -B 16384`) or closer to one of the ends",
        )
    }

    /// The key log opens what there is, but the beginning is not in the capture.
    pub(super) fn opened_late(&self) -> Explanation {
        Explanation {
            evidence: format!(
                "the capture begins after the handshake; what it has was opened with {}",
                self.described()
            ),
            ..handshake_missing()
        }
    }

    pub(super) fn integrity_failed(&self, failed: u64) -> Explanation {
        let frame = self.facts.first_failure.map_or(0, |at| at.frame);
        let key = self.described();
        let evidence = if failed > 0 {
            format!("{failed} records do not verify with {key}; frame {frame} has the first")
        } else {
            format!("a Finished message has not the content that {key} demands")
        };
        Explanation::new(Reason::IntegrityFailed, evidence, self.what_it_may_be())
    }

    /// Alteration is shown by what verifies on both sides of it, and by nothing less.
    fn what_it_may_be(&self) -> &'static str {
        match Role::BOTH.iter().any(|&role| self.facts.proof[role].is_between) {
            true => "bytes were altered between records that verify: in the capture, or on the way",
            false => {
                "other bytes than were sent, a change of keys that was not captured, and a secret of \
                 another session look like this"
            }
        }
    }

    /// All records that are open verify, but something is left.
    pub(super) fn left_over(&self, role: Role, at: Moment) -> Explanation {
        let evidence = format!(
            "what the {} sent is not verified from frame {} on: {} of its records, or parts of them, do \
             not check out with {}",
            role.name(),
            at.frame,
            self.facts.proof[role].left_over,
            self.described()
        );
        Explanation::new(Reason::IntegrityFailed, evidence, self.what_it_may_be())
    }

    /// A secret was found for the session, and opens none of its records. The premaster secret that
    /// the certificate's key gives is the session's. Of any other secret, why the session is closed
    /// is answered as if it had not been found.
    pub(super) fn unproven(&self, protected: u64) -> Explanation {
        if matches!(self.facts.keys_alone, KeySearch::Opened(_)) {
            return self.integrity_failed(protected);
        }
        let mut why = self.not_opened();
        let secret = self.described();
        why.evidence =
            format!("{} ({secret} opens none of its {protected} protected records)", why.evidence);
        why
    }

    pub(super) fn not_in_log(&self) -> Explanation {
        if let Some(why) = self.log_incomplete() {
            return why;
        }
        let hello = self.facts.client_hello.as_ref();
        let random = hello.map(|hello| hex(&hello.random)).unwrap_or_default();
        let log = self.keys.ring.keylog().read();
        let lines = log.map_or(0, |log| log.lines());
        Explanation::new(
            Reason::KeylogWithoutSession,
            format!("none of the {lines} lines of the key log is for the client random {random}"),
            "record the key log in the process that made this connection, while it is made",
        )
    }

    /// The key log has lines for this session, but lacks some. None if it lacks none, or has none.
    pub(super) fn log_incomplete(&self) -> Option<Explanation> {
        let random = self.facts.client_hello.as_ref()?.random;
        let log = self.keys.ring.keylog().read()?;
        let there = log.labels(&random);
        let needed = if self.facts.is_tls13() { &NEEDED_13[..] } else { &NEEDED_12[..] };
        let missing: Vec<_> =
            needed.iter().copied().filter(|label| !there.contains(label)).collect();
        if there.is_empty() || missing.is_empty() {
            return None;
        }
        if let KeySearch::Opened(Secret::Remembered(_)) = self.facts.keys {
            return Some(self.found_in_part(&there));
        }
        let version = self.facts.version().map_or_else(String::new, |v| v.to_string());
        let evidence = format!(
            "the key log has {} for this session, but no {}, which {version} needs",
            there.join(", "),
            missing.join(", "),
        );
        let other_version = needed.iter().all(|label| !there.contains(label));
        let hint = match (other_version, self.facts.is_tls13()) {
            (true, true) => {
                "these lines are of TLS 1.2 and before: the recorder does not know TLS 1.3. Take one that \
                 does (docs/key-logs.md), or let one end offer TLS 1.2 only for a test"
            }
            (true, false) => {
                "these lines are of TLS 1.3: the recorder must write CLIENT_RANDOM too; \
                 docs/key-logs.md has recorders that do"
            }
            (false, _) => {
                "let the recorder log both sides, and the handshake too: SSLKEYLOGFILE of OpenSSL, \
                 GnuTLS, NSS, Java agents and Go write all of them"
            }
        };
        Some(Explanation::new(Reason::KeylogIncomplete, evidence, hint))
    }

    pub(super) fn incomplete(&self) -> Explanation {
        let last = if self.facts.server_hello.is_some() {
            "the server's hello was captured, but the handshake was never finished"
        } else if self.facts.client_hello.is_some() {
            "a ClientHello was captured, but no ServerHello answers it"
        } else {
            "the client sent no ClientHello"
        };
        let end = match self.facts.alerts.first() {
            Some(alert) => alert_sentence(alert),
            None if self.closed => "the connection was closed".into(),
            None => "the capture ends first".into(),
        };
        Explanation::new(
            Reason::HandshakeIncomplete,
            format!("{last}: {end}"),
            "there is nothing to decrypt; the timeline shows who stopped",
        )
    }

    /// What was searched holds some secrets of the session, and not all.
    fn found_in_part(&self, there: &[&str]) -> Explanation {
        let evidence = format!(
            "{} was found for this session, and no other secret of it{}",
            there.join(", "),
            self.searched()
        );
        Explanation::new(
            Reason::KeylogIncomplete,
            evidence,
            "take a dump of the other end too, or while the session is open; docs/memory.md says what \
             each program keeps",
        )
    }

    /// What was searched for a secret in vain.
    fn searched(&self) -> String {
        match self.keys.ring.keylog().searched().as_slice() {
            [] => String::new(),
            files => format!("; searched without a hit for it: {}", files.join(", ")),
        }
    }

    pub(super) fn tls13(&self) -> Explanation {
        let suite = self.facts.suite_name().unwrap_or_default();
        let evidence = format!(
            "TLS 1.3 with {suite}: its keys come from an ephemeral exchange, no RSA key opens it{}",
            self.searched()
        );
        Explanation::new(Reason::Tls13, evidence, self.way_around())
    }

    pub(super) fn forward_secrecy(&self, suite: &Suite) -> Explanation {
        let name = suite.openssl().unwrap_or(suite.name);
        let evidence = format!(
            "{name} uses {}: its keys come from an ephemeral exchange, no RSA key opens it{}",
            suite.key_exchange.name(),
            self.searched()
        );
        Explanation::new(Reason::ForwardSecrecy, evidence, self.way_around())
    }

    /// An export suite whose certificate has a key too long for export (RFC 2246 §7.4.3).
    pub(super) fn ephemeral_rsa(&self, suite: &Suite) -> Explanation {
        let name = suite.openssl().unwrap_or(suite.name);
        let evidence = format!(
            "{name} with an ephemeral RSA key: the server sent a temporary key in its ServerKeyExchange, the certificate's key does not open it"
        );
        Explanation::new(Reason::ForwardSecrecy, evidence, self.way_around())
    }

    /// How to get a session that can be opened, with the software at hand.
    fn way_around(&self) -> String {
        let ways = "record a key log at one of the ends (SSLKEYLOGFILE), or let one end offer RSA key exchange only for a test; docs/key-logs.md has both for each program. What one end still has may open it now: --secrets-from takes session caches and memory dumps (docs/memory.md)";
        match self.greeting.and_then(software::of_greeting) {
            None => ways.to_owned(),
            Some(server) => {
                format!("{ways}. The greeting names {}: {}", server.name, server.key_log)
            }
        }
    }

    pub(super) fn no_key_for_certificate(&self) -> Explanation {
        let certificate = self.facts.certificates.first();
        let wanted = certificate.map(certificate_name).unwrap_or_default();
        let (ip, port) = (self.ends.server.ip(), self.ends.server.port());
        let row_key = |(row, id): (&Row, KeyId)| {
            let key = self.keys.ring.key(id).identity();
            format!("{} ({} bits, SPKI {})", row.source, key.bits, short(&key.spki_sha256))
        };
        let rows = self.keys.ring.rows_naming(ip, port);
        let named: Vec<_> = rows.take(MOST_KEYS).map(row_key).collect();
        if !named.is_empty() {
            let evidence = format!(
                "the server's certificate is {wanted}; the key of {} is another",
                named.join(", ")
            );
            return Explanation::new(
                Reason::KeyMismatch,
                evidence,
                "give the private key of that certificate; `smtp-decrypt keys` shows what each key opens, and `openssl pkey -in KEY -pubout -outform der | sha256sum` a key's SPKI hash",
            );
        }
        let given = match self.keys.ring.keys().len() {
            0 if self.keys.ring.lacks_some() => "no RSA key that was given can be used".to_string(),
            0 => "no RSA key was given".to_string(),
            1 => format!("the one key given is another: {}", self.key_names()),
            n => format!("none of the {n} keys given is its key: {}", self.key_names()),
        };
        Explanation::new(
            Reason::NoKey,
            format!("the server's certificate is {wanted}; {given}"),
            "give the private key of that certificate with --keys or --key",
        )
    }

    /// The keys given, the first of them by name.
    fn key_names(&self) -> String {
        let keys = self.keys.ring.keys();
        let named: Vec<_> =
            keys.iter().take(MOST_KEYS).map(|key| key_name(key.identity())).collect();
        match keys.len() - named.len() {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }

    pub(super) fn no_key_fits(&self) -> Explanation {
        let keys = self.keys.ring.keys().len();
        Explanation::new(
            Reason::NoCertificate,
            match self.facts.search_given_up {
                None => format!(
                    "no readable certificate of the server was captured, and none of {keys} keys opens the ClientKeyExchange"
                ),
                Some(_) => format!(
                    "no readable certificate of the server was captured, and none of the keys tried opens the ClientKeyExchange; not all {keys} were, which would have cost more than the capture is worth"
                ),
            },
            "give the private key of the server that was called, or capture the whole handshake",
        )
    }
}

pub(super) fn one_sided(seen: Role) -> Explanation {
    Explanation::new(
        Reason::OneSided,
        format!("only what the {} sent was captured", seen.name()),
        "capture both directions: check the filter, the mirror port, and asymmetric routing",
    )
}

pub(super) fn handshake_missing() -> Explanation {
    Explanation::new(
        Reason::HandshakeMissing,
        "the first TLS record captured is already protected: the capture begins after the handshake",
        "start the capture before the connection is opened, or restart the client",
    )
}

pub(super) fn unsupported(facts: &TlsFacts) -> Explanation {
    let name = facts.suite_name().unwrap_or_default();
    let evidence = match facts.suite().and_then(|_| facts.suite_code()) {
        Some(code) => format!("{name} ({code}) is not a suite that can be opened here"),
        None => format!("the suite agreed on, {name}, is in no table"),
    };
    Explanation::new(
        Reason::UnsupportedCipherSuite,
        evidence,
        "for a test, let the server choose AES128-SHA or AES128-GCM-SHA256 with TLS 1.0 to 1.2",
    )
}

pub(super) fn resumed(facts: &TlsFacts, resumption: Resumption) -> Explanation {
    let handle = handle_of(facts, resumption).unwrap_or_default();
    let by = match resumption {
        Resumption::SessionId => format!("the session ID {handle}"),
        Resumption::Ticket => format!("the ticket with SHA-256 {handle}..."),
        Resumption::Psk => "a pre-shared key".into(),
    };
    let at = facts.client_hello_at.unwrap_or_default();
    Explanation::new(
        Reason::ResumedWithoutOrigin,
        format!(
            "the handshake resumes the session of {by}, which was made before frame {} ({}) and is not opened here: no key is exchanged in it",
            at.frame, at.ts
        ),
        "give the capture that has that session too, which opens all that resume it (`summary.missing_origins` counts them): sessions are kept for minutes to hours (Postfix: 1 hour), and at most a day (RFC 5246 §F.1.4). Or restart the client so that it makes a full handshake",
    )
}

pub(super) fn bad_premaster(key: &KeyIdentity, note: PremasterNote) -> Explanation {
    let what = match note {
        PremasterNote::Padding => {
            "what it decrypts to has no PKCS #1 padding around a secret of the right length".into()
        }
        PremasterNote::Length => "the ClientKeyExchange has another length than the key".into(),
        PremasterNote::Version(version) => {
            format!("the premaster secret names version {version}, which was not offered")
        }
    };
    Explanation::new(
        Reason::BadPremaster,
        format!("{} is the certificate's key, but {what}", key_name(key)),
        "the ClientKeyExchange was altered or badly made; the server will have refused it too",
    )
}

fn alert_sentence(alert: &crate::tls::Alert) -> String {
    let who = alert.from.name();
    match alert.description {
        Some(description) => {
            format!("the {who} sent alert {description} in frame {}", alert.at.frame)
        }
        None => format!("the {who} sent an alert in frame {}", alert.at.frame),
    }
}

fn origin_name(origin: &Origin) -> String {
    let client = origin.client.map(|client| client.to_string()).unwrap_or_default();
    format!("the session that {client} began in frame {}", origin.began.frame)
}

pub(super) fn key_name(key: &KeyIdentity) -> String {
    format!("{} ({} bits, SPKI {})", key.source, key.bits, short(&key.spki_sha256))
}

fn certificate_name(certificate: &Certificate) -> String {
    format!("\"{}\" (SPKI {})", certificate.subject, short(&certificate.spki_sha256))
}

/// The first eight bytes of a hash: enough for a person to tell keys apart.
fn short(hash: &[u8; 32]) -> String {
    hex(hash.get(..8).unwrap_or_default())
}
