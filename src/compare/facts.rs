//! What each step of a session carried, value by value, and what is never compared.

use super::course::{GREETING, MOST_EXCHANGES, is_ehlo, is_greeting, name_of, normal_command};
use super::difference::Topic;
use super::negotiation::{Fact, Step, WHOLE};
use super::normal;
use super::seen::{Alert, Certificate, Exchange, Mail, Reply, Seen, Smtp, Tcp, Tls};
use crate::report::Verb;
use crate::role::Role;

/// Retransmissions and the like that mean nothing.
const FEW: u64 = 3;

/// The facts of a session, in the order of its steps.
pub(super) fn facts(session: &Seen, steps: &[Step]) -> Vec<Fact> {
    let mut facts = Facts { steps, facts: Vec::new() };
    if let Some(tls) = &session.tls {
        facts.client_hello(tls);
        facts.server_hello(tls);
        for (depth, certificate) in tls.certificates.iter().enumerate() {
            facts.certificate(certificate, depth, tls);
        }
        facts.end_of_handshake(tls);
    }
    if let Some(smtp) = &session.smtp {
        facts.dialogue(smtp);
    }
    facts.tcp(&session.tcp);
    let mut facts = facts.facts;
    facts.sort_by_key(|fact| fact.step);
    facts
}

/// What is never compared, by name.
pub(super) fn volatile(session: &Seen) -> Vec<(&'static str, String)> {
    let mut told = vec![
        ("address of the client", session.client.address().ip().to_string()),
        ("port of the client", session.client.address().port().to_string()),
        ("address of the server", session.server.address().ip().to_string()),
        ("port of the server", session.server.address().port().to_string()),
        ("time of the first packet", session.start.to_string()),
        ("first frame", session.frames.first.to_string()),
        ("who closed TCP first", session.tcp.closed_by.map_or("nobody", Role::name).to_owned()),
        ("packets out of order", both(&session.tcp.out_of_order)),
        ("segments sent again", both(&session.tcp.retransmissions)),
        ("packets captured twice", both(&session.tcp.duplicate_packets)),
    ];
    if let Some(tls) = &session.tls {
        told.extend(volatile_of_tls(tls));
    }
    if let Some(smtp) = &session.smtp {
        told.extend(volatile_of_smtp(smtp));
    }
    told
}

fn volatile_of_tls(tls: &Tls) -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
    if let Some(hello) = &tls.client_hello {
        told.push(("session ID that the client offered", hello.session_id.clone()));
        told.push(("order of the client's extensions", hello.extensions.join(" ")));
        let grease = hello.cipher_suites.iter().chain(&hello.groups).chain(&hello.extensions);
        let grease: Vec<_> = grease.filter(|name| name.starts_with("GREASE")).cloned().collect();
        told.push(("GREASE values", grease.join(" ")));
        let is_padded = hello.extensions.iter().any(|name| name == normal::PADDING);
        told.push(("padding of the ClientHello", yes(is_padded).to_owned()));
    }
    if let Some(hello) = &tls.server_hello {
        told.push(("session ID of the server", hello.session_id.clone()));
    }
    told
}

fn volatile_of_smtp(smtp: &Smtp) -> Vec<(&'static str, String)> {
    let of_mails = |value: fn(&Mail) -> Option<String>| {
        smtp.mails.iter().filter_map(value).collect::<Vec<_>>().join(" ")
    };
    let lines = smtp.exchanges.iter().filter_map(|exchange| exchange.reply.as_ref());
    let lines: Vec<_> = lines.flat_map(|reply| reply.lines.iter().map(String::as_str)).collect();
    let commands = smtp.exchanges.iter().filter_map(|exchange| exchange.command.as_deref());
    vec![
        ("queue ids", of_mails(|mail| mail.queue_id.clone())),
        ("message ids", of_mails(|mail| mail.message_id.clone())),
        ("subjects", of_mails(|mail| mail.subject.clone())),
        ("sizes of messages", of_mails(|mail| Some(mail.bytes?.to_string()))),
        ("digests of messages", of_mails(|mail| mail.sha256.clone())),
        ("numbers and dates in replies", lines.join("\n")),
        ("sizes in commands", commands.collect::<Vec<_>>().join("\n")),
    ]
}

fn both(counts: &crate::role::PerRole<u64>) -> String {
    format!("client {}, server {}", counts.client, counts.server)
}

struct Facts<'s> {
    steps: &'s [Step],
    facts: Vec<Fact>,
}

impl Facts<'_> {
    /// Adds a fact of the `nth` step of a place.
    fn add(
        &mut self,
        topic: Topic,
        place: &str,
        nth: usize,
        name: &'static str,
        values: Vec<String>,
    ) {
        let mut of_place = self.steps.iter().enumerate().filter(|(_, step)| step.place == place);
        let step = of_place.clone().nth(nth).or_else(|| of_place.next_back());
        self.facts.push(Fact {
            topic,
            place: place.to_owned(),
            name,
            values,
            frame: step.and_then(|(_, step)| step.frame),
            step: step.map_or(WHOLE, |(index, _)| index),
            sealed: step.is_some_and(|(_, step)| step.sealed),
        });
    }

    fn one(&mut self, topic: Topic, place: &str, name: &'static str, value: Option<&str>) {
        self.add(topic, place, 0, name, value.map(str::to_owned).into_iter().collect());
    }

    fn client_hello(&mut self, tls: &Tls) {
        const PLACE: &str = "ClientHello";
        let Some(hello) = &tls.client_hello else { return };
        let list = |values: &[String]| values.iter().map(|name| normal::grease(name)).collect();
        let offer = Topic::ClientOffer;
        self.add(offer, PLACE, 0, "cipher suites", list(&hello.cipher_suites));
        self.add(offer, PLACE, 0, "versions", list(&hello.supported_versions));
        self.one(offer, PLACE, "version", Some(&hello.version));
        self.add(offer, PLACE, 0, "groups", list(&hello.groups));
        self.add(offer, PLACE, 0, "signature algorithms", list(&hello.signature_algorithms));
        self.one(offer, PLACE, "server name (SNI)", hello.server_name.as_deref());
        self.add(offer, PLACE, 0, "ALPN", list(&hello.alpn));
        // Some clients shuffle them on purpose; none of them means anything by the order.
        let meant = |name: &&String| name.as_str() != normal::PADDING;
        let extensions = hello.extensions.iter().filter(meant).cloned().collect::<Vec<_>>();
        self.add(offer, PLACE, 0, "extensions", sorted(list(&extensions)));
        let format = if hello.ssl2_format { "SSL 2.0" } else { "TLS" };
        self.one(offer, PLACE, "format", Some(format));
    }

    fn server_hello(&mut self, tls: &Tls) {
        const PLACE: &str = "ServerHello";
        let choice = Topic::ServerChoice;
        self.one(choice, "ClientHello", "TLS begins", Some(&tls.mode));
        let Some(hello) = &tls.server_hello else { return };
        self.one(choice, PLACE, "version", tls.version.as_deref());
        self.one(choice, PLACE, "cipher suite", tls.cipher_suite.as_deref());
        self.one(choice, PLACE, "key exchange", tls.key_exchange.as_deref());
        self.one(choice, PLACE, "resumed", tls.resumed.as_deref());
        self.add(choice, PLACE, 0, "extensions", sorted(hello.extensions.clone()));
        self.one(choice, PLACE, "extended master secret", Some(yes(tls.extended_master_secret)));
        self.one(choice, PLACE, "encrypt-then-MAC", Some(yes(tls.encrypt_then_mac)));
    }

    fn certificate(&mut self, certificate: &Certificate, depth: usize, tls: &Tls) {
        let topic = Topic::Certificate;
        let place = match depth {
            0 => "Certificate".to_owned(),
            _ => format!("Certificate, number {} of the chain", depth + 1),
        };
        let start = self.facts.len();
        self.one(topic, &place, "issuer", Some(&certificate.issuer));
        self.one(topic, &place, "subject", Some(&certificate.subject));
        self.add(topic, &place, 0, "names", certificate.subject_alt_names.clone());
        self.one(topic, &place, "not after", Some(&certificate.not_after));
        self.one(topic, &place, "not before", Some(&certificate.not_before));
        self.one(
            topic,
            &place,
            "key",
            Some(&format!("{} {} bits", certificate.key_algorithm, certificate.key_bits)),
        );
        self.one(topic, &place, "SHA-256 of the key", Some(&certificate.spki_sha256));
        self.one(topic, &place, "serial", Some(&certificate.serial));
        self.one(topic, &place, "SHA-256", Some(&certificate.sha256));
        let message = self.steps.iter().position(|step| step.place == "Certificate");
        for fact in self.facts.iter_mut().skip(start) {
            fact.step = message.unwrap_or(WHOLE);
            fact.frame = message.and_then(|at| self.steps.get(at)?.frame);
            fact.sealed = tls.version.as_deref() == Some("TLSv1.3");
        }
    }

    /// What is only known of a handshake that came so far: of one that broke off before, a "no" would
    /// be no more than the lack of it.
    fn end_of_handshake(&mut self, tls: &Tls) {
        let sealed = tls.version.as_deref() == Some("TLSv1.3");
        let start = self.facts.len();
        if !tls.certificates.is_empty() {
            let count = tls.certificates.len().to_string();
            self.one(Topic::Certificate, "Certificate", "certificates sent", Some(&count));
        }
        let (asked, sent) = (tls.client_certificate_requested, tls.client_certificate_sent);
        if tls.handshake_complete || asked {
            self.one(Topic::ServerChoice, "CertificateRequest", "asked for", Some(yes(asked)));
        }
        if tls.handshake_complete {
            self.one(Topic::ClientOffer, "client Certificate", "sent", Some(yes(sent)));
            let again = tls.renegotiations.to_string();
            self.one(Topic::ServerChoice, "Finished", "renegotiations", Some(&again));
        }
        self.facts.iter_mut().skip(start).for_each(|fact| fact.sealed |= sealed);
        self.end_of_tls(tls);
    }

    /// Who said that TLS ends (RFC 5246 §7.2.1), if all alerts were read.
    fn end_of_tls(&mut self, tls: &Tls) {
        let is_read = tls.alerts.iter().all(|alert| alert.description.is_some());
        if !tls.handshake_complete || !is_read {
            return;
        }
        let notified = |role: &Role| {
            let is_it = |alert: &&Alert| alert.from == *role;
            let mut of_role = tls.alerts.iter().filter(is_it);
            of_role.any(|alert| alert.description.as_deref() == Some("close_notify"))
        };
        let by = Role::BOTH.iter().filter(|role| notified(role)).map(|role| role.name().to_owned());
        self.add(Topic::Alert, "end", 0, "close_notify sent by", by.collect());
        if let Some(fact) = self.facts.last_mut() {
            fact.sealed = true;
        }
    }

    fn dialogue(&mut self, smtp: &Smtp) {
        let mut seen: Vec<(String, usize)> = Vec::new();
        for exchange in smtp.exchanges.iter().take(MOST_EXCHANGES) {
            let name = name_of(exchange, seen.iter().any(|(name, _)| name == GREETING));
            let nth = nth(&mut seen, &name);
            self.command(exchange, &name, nth);
            if let Some(reply) = &exchange.reply {
                self.reply(exchange, reply, &name, nth);
            }
        }
        let further = smtp.exchanges.len().saturating_sub(MOST_EXCHANGES) as u64;
        let further = further.saturating_add(smtp.omitted_exchanges).to_string();
        self.one(Topic::Course, "end", "exchanges beyond those compared", Some(&further));
        if let Some(auth) = &smtp.auth {
            self.one(Topic::Reply, "AUTH", "mechanism", Some(&auth.mechanism));
            self.one(Topic::Content, "AUTH", "user", auth.user.as_deref());
        }
        let last = self.facts.len().saturating_sub(2);
        if smtp.auth.is_some() && smtp.exchanges.iter().any(|e| e.encrypted && is_auth(e)) {
            self.facts.iter_mut().skip(last).for_each(|fact| fact.sealed = true);
        }
    }

    fn command(&mut self, exchange: &Exchange, name: &str, nth: usize) {
        let Some(line) = normal_command(exchange) else { return };
        self.add(Topic::Content, name, nth, "command", vec![line]);
        self.seal(exchange);
    }

    fn reply(&mut self, exchange: &Exchange, reply: &Reply, name: &str, nth: usize) {
        let place =
            if is_greeting(exchange) { name.to_owned() } else { format!("reply to {name}") };
        if is_ehlo(exchange.verb.as_ref()) {
            let lines = reply.lines.iter().skip(1).filter_map(|line| line.get(4..));
            let offered = sorted(lines.map(str::to_owned).collect());
            self.add(Topic::Ehlo, &place, nth, "capabilities", offered);
            self.seal(exchange);
        }
        let enhanced = reply.enhanced.iter().cloned().collect();
        self.add(Topic::Reply, &place, nth, "enhanced status code", enhanced);
        self.seal(exchange);
        let shown = if is_ehlo(exchange.verb.as_ref()) { 1 } else { usize::MAX };
        // What follows 334 is a challenge: new each time (RFC 4954 §4).
        let shown = if reply.code == 334 { 0 } else { shown };
        let text = reply.lines.iter().take(shown).map(|line| normal::reply(line)).collect();
        self.add(Topic::Content, &place, nth, "text", text);
        self.seal(exchange);
    }

    fn seal(&mut self, exchange: &Exchange) {
        if let Some(fact) = self.facts.last_mut() {
            fact.sealed |= exchange.encrypted;
        }
    }

    fn tcp(&mut self, tcp: &Tcp) {
        let counters = [
            ("segments sent again", tcp.retransmissions),
            ("bytes that are not in the capture", tcp.lost_bytes),
            ("closed windows", tcp.zero_windows),
        ];
        for (name, counts) in counters {
            for role in Role::BOTH {
                let place = format!("TCP of the {}", role.name());
                self.one(Topic::Tcp, &place, name, Some(&several(counts[role])));
            }
        }
    }
}

/// How many of that name came before.
fn nth(seen: &mut Vec<(String, usize)>, name: &str) -> usize {
    if let Some((_, times)) = seen.iter_mut().find(|(before, _)| before == name) {
        *times += 1;
        return *times;
    }
    seen.push((name.to_owned(), 0));
    0
}

/// A count of TCP trouble. A few are chance on any path, and packets that change places near the
/// point of capture look like them; of more the order of magnitude tells.
fn several(count: u64) -> String {
    match count {
        0..=FEW => format!("at most {FEW}"),
        _ => {
            let least = 1_u64 << count.ilog2();
            format!("{least} to {}", least.saturating_mul(2) - 1)
        }
    }
}

fn is_auth(exchange: &Exchange) -> bool {
    exchange.verb == Some(Verb::Auth)
}

fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values
}
