//! Collects what happens on a connection, and makes a session of it when it is over.

use std::collections::BTreeMap;

use super::finding_code::code_of;
use super::tls::event_of;
use crate::flow::{Body, Chunk, Closing, GapCause, TcpFacts};
use crate::judge::diagnosis::lacks_finished;
use crate::judge::outcome::Ending;
use crate::judge::rules;
use crate::judge::timing::{DialogueFacts, SmtpPhases, Turns, slowest, timing};
use crate::judge::transaction::transactions;
use crate::judge::verdict::{Case, is_established};
use crate::moment::Moment;
use crate::report::codes;
use crate::report::decryption::{Decryption, DecryptionStatus};
use crate::report::endpoint::Endpoint;
use crate::report::exchange::{ConversationExchange, ReplyReport};
use crate::report::findings::{Finding, finding};
use crate::report::mail::MailReport;
use crate::report::proxy::ProxyReport;
use crate::report::session::SessionReport;
use crate::report::smtp::{AuthReport, GreetingReport, Helo, SmtpReport};
use crate::report::tcp::{FrameSpan, TcpReport};
use crate::report::timeline::{TimelineEntry, TimelineEvent};
use crate::report::tls::{AlertLevel, TlsReport};
use crate::role::{PerRole, Role};
use crate::session::{Closed, Tunnel};
use crate::smtp::{Exchange, ExchangeKind, IMPLICIT_TLS_PORTS, Mail, SmtpEvent, SmtpFacts, Verb};
use crate::tls::{TlsEvent, TlsFacts};

/// Entries of a timeline that are kept. A session of more is a stress test or hostile; its counts
/// stay right.
pub(super) const MOST_ENTRIES: usize = 20_000;

/// Entries that there is room for from the first on: a session with STARTTLS and one mail has some
/// forty.
const USUAL_ENTRIES: usize = 48;

/// Exchanges that are kept, for the same reason.
pub(super) const MOST_EXCHANGES: usize = 20_000;

/// Bytes of a message shown under `--reveal body`: enough to see what it is.
pub(super) const MOST_BODY: usize = 64 << 10;

/// What is shown that is masked by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reveal {
    /// What AUTH carries.
    pub auth: bool,
    /// Message bodies.
    pub body: bool,
}

/// What a connection has shown so far.
#[derive(Default)]
pub struct Recorder {
    reveal: Reveal,
    timeline: Vec<Entry>,
    exchanges: Vec<RawExchange>,
    omitted_exchanges: u64,
    mails: Vec<MailReport>,
    bodies: BTreeMap<u64, Vec<u8>>,
    proxy: Option<ProxyReport>,
    pub(super) tunnel: Option<Tunnel>,
    findings: Vec<Finding>,
    phases: SmtpPhases,
    turns: Turns,
    lost: PerRole<Option<(Moment, u64)>>,
    pub(super) report: Option<Box<SessionReport>>,
    /// The reply to a message, which is told before the message is.
    final_reply: Option<Moment>,
}

struct Entry {
    at: Moment,
    event: TimelineEvent,
    from: Option<Role>,
    detail: Option<String>,
}

/// An exchange whose times are not yet counted from the session's start.
struct RawExchange {
    exchange: ConversationExchange,
    at: Option<Moment>,
}

impl Recorder {
    /// A recorder that masks all but what `reveal` names.
    #[must_use]
    pub fn new(reveal: Reveal) -> Self {
        Self { reveal, ..Self::default() }
    }

    /// Takes a piece of the stream: who spoke when, and what is missing.
    pub(super) fn on_chunk(&mut self, chunk: &Chunk<'_>) {
        match chunk.body {
            Body::Bytes(_) => self.turns.spoke(chunk.from, chunk.at),
            Body::Gap(gap) => {
                let why = match gap.cause {
                    GapCause::Lost => "not captured",
                    GapCause::SnapLength => "cut by the snap length",
                    GapCause::Tunnel => "cut off inside the tunnel",
                };
                self.note(
                    TimelineEvent::TcpGap,
                    Some(chunk.from),
                    chunk.at,
                    format!("{} bytes {why}", gap.bytes),
                );
                if gap.cause == GapCause::Lost {
                    self.lost[chunk.from].get_or_insert((chunk.at, 0)).1 += gap.bytes;
                }
            }
        }
    }

    /// The report, if the connection is over and concerns us; `id` is left 0.
    #[must_use]
    pub fn into_report(self) -> Option<Box<SessionReport>> {
        self.report
    }

    /// Takes a retransmission.
    pub(super) fn on_retransmission(&mut self, from: Role, at: Moment) {
        self.turns.again(from, at);
        self.note(TimelineEvent::TcpRetransmission, Some(from), at, None);
    }

    /// Takes what happens in the TLS layer.
    pub(super) fn on_tls(&mut self, event: &TlsEvent<'_>) {
        match *event {
            TlsEvent::Message(from, kind, at) => {
                if let Some(name) = event_of(from, kind) {
                    self.note(name, Some(from), at, None);
                }
            }
            TlsEvent::HelloRetryRequest(at) => {
                self.note(TimelineEvent::TlsHelloRetryRequest, Some(Role::Server), at, None);
            }
            TlsEvent::OpaqueFinished(from, at) => {
                self.note(TimelineEvent::TlsFinished, Some(from), at, "encrypted".to_string());
            }
            TlsEvent::ChangeCipherSpec(from, at) => {
                self.note(TimelineEvent::TlsChangeCipherSpec, Some(from), at, None);
            }
            TlsEvent::FirstApplicationData(from, at) => {
                self.note(TimelineEvent::TlsFirstApplicationData, Some(from), at, None);
            }
            TlsEvent::FirstOpaqueRecord(from, at) => {
                let known = "handshake or application data".to_string();
                self.note(TimelineEvent::TlsFirstProtectedRecord, Some(from), at, known);
            }
            TlsEvent::Alert(alert) => self.on_alert(&alert),
            TlsEvent::NotTls(from, bytes, at) => self.on_not_tls(from, bytes, at),
            TlsEvent::Record(_) => {}
            TlsEvent::Data(..) | TlsEvent::DataGap(..) => {}
        }
    }

    fn on_alert(&mut self, alert: &crate::tls::Alert) {
        let Some(description) = alert.description else {
            return self.note(
                TimelineEvent::TlsAlert,
                Some(alert.from),
                alert.at,
                "encrypted".to_string(),
            );
        };
        if description.0 == 0 {
            return self.note(TimelineEvent::TlsCloseNotify, Some(alert.from), alert.at, None);
        }
        let level = alert.level.map_or(AlertLevel::Unknown, AlertLevel::from).name();
        self.note(
            TimelineEvent::TlsAlert,
            Some(alert.from),
            alert.at,
            format!("{level} {description}"),
        );
    }

    fn on_not_tls(&mut self, from: Role, bytes: &[u8], at: Moment) {
        let shown = String::from_utf8_lossy(bytes.get(..80).unwrap_or(bytes)).into_owned();
        let message = format!("the {} sends what is no TLS record: {shown:?}", from.name());
        self.findings.push(finding(codes::TLS_NOT_TLS, message).at(at.frame));
    }

    /// Takes what happens in the dialogue.
    pub(super) fn on_smtp(&mut self, event: SmtpEvent<'_>) {
        match event {
            SmtpEvent::Exchange(exchange) => self.on_exchange(*exchange),
            SmtpEvent::DataStart { at, .. } => {
                self.note(TimelineEvent::SmtpDataStart, Some(Role::Client), at, None);
            }
            SmtpEvent::DataEnd { at, .. } => {
                self.note(TimelineEvent::SmtpDataEnd, Some(Role::Client), at, None);
            }
            SmtpEvent::Body { mail, bytes } if self.reveal.body => self.keep_body(mail, bytes),
            SmtpEvent::Mail(mail) => self.on_mail(*mail),
            SmtpEvent::Proxy { header, .. } => self.proxy = Some(ProxyReport::of(&header)),
            SmtpEvent::Finding { kind, at, message } => {
                self.findings.push(finding(code_of(kind), message).at(at.frame));
            }
            SmtpEvent::Body { .. }
            | SmtpEvent::SwitchToTls { .. }
            | SmtpEvent::TlsUnasked { .. }
            | SmtpEvent::SecretSpan(_)
            | SmtpEvent::BodySpan(_) => {}
        }
    }

    fn keep_body(&mut self, mail: u64, bytes: &[u8]) {
        let body = self.bodies.entry(mail).or_default();
        let room = MOST_BODY.saturating_sub(body.len()).min(bytes.len());
        body.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    fn on_exchange(&mut self, exchange: Exchange) {
        self.note_exchange(&exchange);
        self.time_exchange(&exchange);
        if matches!(exchange.verb, Some(Verb::Message | Verb::Bdat)) {
            self.final_reply = exchange.reply_at;
        }
        if self.exchanges.len() >= MOST_EXCHANGES {
            self.omitted_exchanges += 1;
            return;
        }
        let latency = exchange.at.zip(exchange.reply_at).map(|(at, reply)| reply.ts - at.ts);
        let revealed = exchange.secret.as_ref().filter(|_| self.reveal.auth);
        let command = match revealed {
            Some(secret) => Some(secret.reveal().into_owned()),
            None => exchange.command.as_ref().map(ToString::to_string),
        };
        self.exchanges.push(RawExchange {
            at: exchange.at.or(exchange.reply_at),
            exchange: ConversationExchange {
                command,
                verb: exchange.verb,
                reply: exchange.reply.as_ref().map(ReplyReport::new),
                frame: exchange.at.map(|at| at.frame),
                reply_frame: exchange.reply_at.map(|at| at.frame),
                t_ns: None,
                latency_ns: latency,
                encrypted: exchange.encrypted,
            },
        });
    }

    fn note_exchange(&mut self, exchange: &Exchange) {
        let is_starttls = exchange.verb.as_ref().is_some_and(Verb::starts_tls);
        let said = exchange.command.as_ref().map(ToString::to_string);
        match (exchange.kind, exchange.at) {
            (ExchangeKind::Body, _) | (_, None) => {}
            (_, Some(at)) if is_starttls => {
                self.note(TimelineEvent::SmtpStarttls, Some(Role::Client), at, None);
            }
            (_, Some(at)) => self.note(TimelineEvent::SmtpCommand, Some(Role::Client), at, said),
        }
        let Some((reply, at)) = exchange.reply.as_ref().zip(exchange.reply_at) else { return };
        let event = match exchange.kind {
            ExchangeKind::Greeting => TimelineEvent::SmtpGreeting,
            _ if is_starttls => TimelineEvent::SmtpStarttlsReply,
            _ => TimelineEvent::SmtpReply,
        };
        let detail = reply.lines.last().map(ToString::to_string);
        self.note(event, Some(Role::Server), at, detail);
    }

    fn time_exchange(&mut self, exchange: &Exchange) {
        self.turns.owed(exchange.at, exchange.reply_at);
        let is_last = exchange.verb == Some(Verb::Quit)
            || exchange.reply.as_ref().is_some_and(|reply| reply.code == 421);
        self.turns.farewell(exchange.reply_at.filter(|_| is_last));
        let Some(reply_at) = exchange.reply_at else { return };
        if exchange.kind == ExchangeKind::Greeting {
            self.phases.greeting.get_or_insert(reply_at);
        }
        let Some(at) = exchange.at else { return };
        let ns = reply_at.ts - at.ts;
        // A body's final dot and the last chunk (RFC 3030 §2) are each answered by one reply.
        if let Some(end) = exchange.message_end.filter(|end| *end <= reply_at) {
            slowest(&mut self.phases.data_accept, reply_at.ts - end.ts);
        }
        match &exchange.verb {
            Some(verb) if verb.starts_tls() => slowest(&mut self.phases.starttls, ns),
            Some(Verb::Mail) => slowest(&mut self.phases.mail, ns),
            Some(Verb::Rcpt) => slowest(&mut self.phases.rcpt, ns),
            Some(Verb::Data) => slowest(&mut self.phases.data_go_ahead, ns),
            Some(Verb::Auth | Verb::AuthResponse) => self.time_auth(exchange, at, reply_at),
            _ => {}
        }
    }

    /// From AUTH to the reply that is no further challenge (RFC 4954 §4).
    fn time_auth(&mut self, exchange: &Exchange, at: Moment, reply_at: Moment) {
        let began = *self.phases.auth_began.get_or_insert(at);
        if exchange.reply.as_ref().is_some_and(|reply| reply.code != 334) {
            slowest(&mut self.phases.auth, reply_at.ts - began.ts);
            self.phases.auth_began = None;
        }
    }

    fn on_mail(&mut self, mail: Mail) {
        if let Some((start, end)) = mail.data_start.zip(mail.data_end) {
            slowest(&mut self.phases.data_transfer, end.ts - start.ts);
        }
        let body = self.bodies.remove(&mail.number);
        if self.mails.is_empty() {
            // Most sessions have one, and a mail is large.
            self.mails.reserve_exact(1);
        }
        let reply_at = self.final_reply.take().filter(|_| mail.reply.is_some());
        self.mails.push(MailReport { reply_at, ..MailReport::new(mail, body) });
    }

    fn note(
        &mut self,
        event: TimelineEvent,
        from: Option<Role>,
        at: Moment,
        detail: impl Into<Option<String>>,
    ) {
        if self.timeline.is_empty() {
            self.timeline.reserve(USUAL_ENTRIES);
        }
        if self.timeline.len() < MOST_ENTRIES {
            self.timeline.push(Entry { at, event, from, detail: detail.into() });
        }
    }

    /// Makes the report of a connection that is over; `id` is left 0.
    #[must_use]
    pub fn finish(mut self, closed: &Closed<'_>) -> SessionReport {
        let tcp = closed.tcp;
        self.note_tcp(tcp);
        let (start, end) = tcp.span.unwrap_or_default();
        let timeline = self.take_timeline(start);
        let tls_established = closed
            .tls
            .is_some_and(|(facts, _)| is_established(facts) && !lacks_finished(facts, tcp));
        let tls = closed.tls.map(|(facts, implicit)| {
            let decryption = decryption(closed, facts);
            TlsReport::new(facts, implicit, start, tls_established, decryption)
        });
        for mail in &mut self.mails {
            mail.confirm(tcp, goes_on(&self.exchanges, mail));
            mail.t_ns = mail.begun_at.map(|at| at.ts - start.ts);
        }
        let is_closed = tcp.closing() != Closing::Open;
        let smtp = closed.smtp.map(|facts| self.take_smtp(facts, start, is_closed));
        let closed_again = closed.tls.is_some_and(|(facts, _)| facts.closed_again.is_some());
        let opened = tls.as_ref().is_none_or(|tls| {
            matches!(tls.decryption.status, DecryptionStatus::Decrypted | DecryptionStatus::Partial)
        }) && !closed_again;
        let manners = DialogueFacts {
            is_known: closed.smtp.is_some() && opened,
            client_begins: closed.tls.map_or_else(|| is_implicit(closed), |(_, implicit)| implicit),
            handshake: None,
        };
        let turns = std::mem::take(&mut self.turns);
        let timing = timing(tcp, &timeline, &self.phases, turns, manners);
        let outcome = Ending {
            tcp,
            tls: closed.tls.map(|(facts, _)| facts),
            tls_established,
            opened,
            smtp: smtp.as_ref(),
            is_foreign: closed.smtp.is_some_and(|facts| facts.foreign.is_some()),
        }
        .outcome();
        let mut report = SessionReport {
            id: 0,
            client: Endpoint(closed.ends.client),
            server: Endpoint(closed.ends.server),
            also_seen: Vec::new(),
            protocol: closed.protocol,
            start: start.ts,
            duration_ns: (end.ts - start.ts).max(0),
            frames: FrameSpan::of(tcp),
            outcome,
            proxy: self.proxy.take(),
            tunnel: self.tunnel.take(),
            tcp: TcpReport::of(tcp),
            tls,
            smtp,
            timeline,
            timing,
            diagnosis: None,
            related: Vec::new(),
            findings: std::mem::take(&mut self.findings),
            transcript: None,
            initial: super::tcp::initial(tcp),
        };
        let tls = closed.tls.map(|(facts, _)| facts);
        rules::judge(&mut report, tcp, tls, closed.smtp, &self.lost);
        report
    }

    fn note_tcp(&mut self, tcp: &TcpFacts) {
        let of_packets = [
            (TimelineEvent::TcpSyn, Role::Client, tcp.syn),
            (TimelineEvent::TcpSynAck, Role::Server, tcp.syn_ack),
            (TimelineEvent::TcpEstablished, Role::Client, tcp.established),
            (TimelineEvent::TcpFin, Role::Client, tcp.fin.client),
            (TimelineEvent::TcpFin, Role::Server, tcp.fin.server),
            (TimelineEvent::TcpRst, Role::Client, tcp.rst.client),
            (TimelineEvent::TcpRst, Role::Server, tcp.rst.server),
        ];
        for (event, from, at) in of_packets {
            if let Some(at) = at {
                self.timeline.push(Entry { at, event, from: Some(from), detail: None });
            }
        }
    }

    /// The timeline by time. What one frame brought stays in the order in which it was read; TCP's
    /// own events were added last, but a FIN or RST ends its frame, and a SYN or ACK begins it.
    fn take_timeline(&mut self, start: Moment) -> Vec<TimelineEntry> {
        let opens = |entry: &Entry| {
            !matches!(
                entry.event,
                TimelineEvent::TcpSyn | TimelineEvent::TcpSynAck | TimelineEvent::TcpEstablished
            )
        };
        let mut entries = std::mem::take(&mut self.timeline);
        entries.sort_by_key(|entry| (entry.at, opens(entry)));
        let entry = |entry: Entry| TimelineEntry {
            event: entry.event,
            from: entry.from,
            frame: entry.at.frame,
            t_ns: entry.at.ts - start.ts,
            detail: entry.detail,
            at: entry.at,
        };
        entries.into_iter().map(entry).collect()
    }

    fn take_smtp(&mut self, facts: &SmtpFacts, start: Moment, is_closed: bool) -> SmtpReport {
        let since_start = |raw: RawExchange| ConversationExchange {
            t_ns: raw.at.map(|at| at.ts - start.ts),
            ..raw.exchange
        };
        let raw = std::mem::take(&mut self.exchanges);
        let exchanges: Vec<_> = raw.into_iter().map(since_start).collect();
        let mails = std::mem::take(&mut self.mails);
        SmtpReport {
            transactions: transactions(&exchanges, &mails, is_closed),
            greeting: facts.greeting.as_ref().map(|greeting| GreetingReport {
                code: greeting.code,
                text: greeting.text.clone(),
            }),
            helo: facts.helo.as_ref().map(|h| Helo { verb: h.verb.clone(), name: h.name.clone() }),
            extensions: facts.extensions.clone(),
            starttls: facts.starttls,
            auth: facts.auth.as_ref().map(|auth| AuthReport {
                mechanism: auth.mechanism.clone(),
                user: auth.user.clone(),
                result: auth.result,
            }),
            exchanges,
            omitted_exchanges: self.omitted_exchanges,
            mails,
        }
    }
}

/// Whether the client went on behind the reply to a mail, with a command that it had not sent along
/// with the message.
fn goes_on(exchanges: &[RawExchange], mail: &MailReport) -> bool {
    let replied = mail.reply_at.map(|at| at.frame);
    let is_its = |raw: &RawExchange| replied.is_some() && raw.exchange.reply_frame == replied;
    let Some(place) = exchanges.iter().rposition(is_its) else { return false };
    let is_new =
        |raw: &RawExchange| raw.exchange.verb.is_some() && raw.exchange.frame != mail.end_frame;
    exchanges.iter().skip(place + 1).any(is_new)
}

/// By its port, where nothing was said that tells (RFC 8314 §7.3).
fn is_implicit(closed: &Closed<'_>) -> bool {
    IMPLICIT_TLS_PORTS.contains(&closed.ends.server.port()) && closed.smtp.is_none()
}

fn decryption(closed: &Closed<'_>, facts: &TlsFacts) -> Decryption {
    let is_closed = closed.tcp.closing() != Closing::Open;
    let greeting = closed.smtp.and_then(|smtp| smtp.greeting.as_ref());
    Case {
        facts,
        keys: closed.keys,
        ends: closed.ends,
        greeting: greeting.map(|greeting| greeting.text.as_str()),
        closed: is_closed,
        spoke: PerRole::new(|role| closed.tcp.counters[role].stream_bytes > 0),
    }
    .decide()
}
