//! The glue of one connection: SMTP, STARTTLS, TLS, and SMTP inside; or TLS from byte 0.
//!
//! Bytes pass at most two machines: TLS, if it has begun, and the dialogue. What the dialogue does
//! not take yet waits here, pieces and gaps in order.

mod border;
mod closed;
mod header;
mod hearing;
pub mod limits;
mod mid_capture;
mod observer;
mod protocol;
mod retention;
mod talk;
mod tunnel;

use std::collections::VecDeque;
use std::mem;
use std::net::SocketAddr;

use crate::flow::{Body, Chunk, Conversation, Gap, GapCause, TcpEvent, TcpFacts};
use crate::moment::{Moment, Span};
use crate::role::{PerRole, Role};
use crate::smtp::sniff::{Detection, sniff};
use crate::smtp::{Dialogue, IMPLICIT_TLS_PORTS, Input};
use crate::tls::{Keys, Sniffed, Tls, TlsEvent, TlsFacts, begins_in_text, hello_of, sniffed};
use border::Border;
pub use closed::{Closed, Ends};
use hearing::Trust;
pub use observer::{Observer, StreamParts};
pub use protocol::Protocol;
pub use retention::Retention;
use talk::Piece;
pub use tunnel::{Tunnel, TunnelProtocol};

/// Ports on which SMTP is spoken: relay, submission, and the alternatives of providers; LMTP's
/// (RFC 5321 §4.5.4.2, RFC 6409, RFC 8314, RFC 2033 §5). Content decides everywhere else.
const SMTP_PORTS: [u16; 7] = [24, 25, 465, 587, 2465, 2525, 2587];

/// Bytes of each side that are looked at to know what is spoken: what a proxy is asked for comes
/// first, with a ticket to prove who asks (RFC 4559).
const SNIFFED: usize = 8 << 10;

/// Bytes by which SMTP is known, or never.
const ENOUGH: usize = 1024;

/// Another protocol goes over to TLS within so many bytes, or never: what comes before is greetings
/// and capabilities. Behind the 220 to STARTTLS nobody injects more.
const LATEST_TLS: u64 = 16 << 10;

/// The layer that reads text.
enum Text {
    /// Not enough was said yet to know.
    Sniffing,
    /// SMTP or LMTP.
    Talking(Box<Dialogue>),
    /// Something else.
    Foreign,
}

/// One connection, and who hears of it. `()` hears nothing: the [`Retention`] can be asked for.
pub struct Session<O> {
    keys: Keys,
    /// Every connection that carries TLS concerns us.
    all_tls: bool,
    number: u64,
    /// A row of the key list names the server.
    named: bool,
    /// Nothing came before what was captured.
    from_start: bool,
    ends: Option<Ends>,
    tls: Option<Box<Tls>>,
    /// Bytes that are neither mail nor TLS.
    foreign_bytes: u64,
    /// The end of what came of each direction, as an offset that counts gaps.
    received: PerRole<u64>,
    border: Border,
    /// Bytes of text that are still waited with where TLS is due: a connection that goes on in plain
    /// there is not waited for as long again.
    text_allowed: u64,
    implicit: bool,
    /// The port that a proxy was asked for.
    target: Option<u16>,
    text: Text,
    /// A PROXY protocol header, while it is not known what follows.
    header: VecDeque<Piece>,
    sniffed: PerRole<Vec<u8>>,
    pending: PerRole<VecDeque<Piece>>,
    pending_bytes: usize,
    observer: O,
    /// Whether what is taken for plaintext is.
    trust: Trust,
}

impl<O: Observer> Session<O> {
    /// A connection. Nothing is known yet but its number in order of first packets. With
    /// `all_tls` it concerns us if it carries TLS, whatever is inside.
    #[must_use]
    pub fn new(number: u64, keys: Keys, all_tls: bool, observer: O) -> Self {
        Self {
            keys,
            all_tls,
            number,
            named: false,
            from_start: true,
            ends: None,
            tls: None,
            foreign_bytes: 0,
            received: PerRole::default(),
            border: Border::default(),
            text_allowed: LATEST_TLS,
            implicit: false,
            target: None,
            text: Text::Sniffing,
            header: VecDeque::new(),
            sniffed: PerRole::default(),
            pending: PerRole::default(),
            pending_bytes: 0,
            observer,
            trust: Trust::Clear,
        }
    }

    /// Its number in order of first packets.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Who has heard of it.
    #[must_use]
    pub fn into_observer(self) -> O {
        self.observer
    }

    /// Whether it will be reported, as soon as that is certain.
    #[must_use]
    pub fn is_relevant(&self) -> Option<bool> {
        let ends = self.ends.as_ref()?;
        if self.concerns_us(ends, self.tls.as_ref().map(|tls| tls.facts())) {
            return Some(true);
        }
        let is_out = if self.is_in_tls() { self.stays_closed() } else { self.stays_foreign() };
        is_out.then_some(false)
    }

    /// TLS has begun.
    #[must_use]
    pub fn is_in_tls(&self) -> bool {
        matches!(self.border, Border::Crossed(_))
    }

    /// Application data passed in both directions, and nothing opened it.
    fn stays_closed(&self) -> bool {
        let facts = self.tls.as_ref().map(|tls| tls.facts());
        facts.is_some_and(|facts| {
            Role::BOTH.iter().all(|&role| facts.first_application_data[role].is_some())
        })
    }

    fn on_chunk(&mut self, chunk: &Chunk<'_>) {
        self.received[chunk.from] = chunk.offset.saturating_add(chunk.body.len());
        if self.is_in_tls() {
            return self.feed_crossed(chunk.from, &chunk.body, chunk.at.into());
        }
        self.read_text(chunk.from, &chunk.body, chunk.at.into());
    }

    /// Bytes that are plain, or have come out of TLS.
    fn read_text(&mut self, from: Role, body: &Body<'_>, at: Span) {
        match self.text {
            Text::Foreign if self.begins_tls(from, body) => {
                self.start_tls();
                self.feed_crossed(from, body, at);
            }
            Text::Foreign => {
                self.foreign_bytes += body.len();
                self.give_text(from, body, at);
            }
            Text::Sniffing => {
                self.keep(from, body, at);
                self.sniff(from, body);
            }
            Text::Talking(_) => self.talk(from, body, at),
        }
    }

    /// Other protocols go over to TLS too (IMAP, LDAP, databases): a ClientHello begins it.
    fn begins_tls(&self, from: Role, body: &Body<'_>) -> bool {
        let is_hello = matches!(body, Body::Bytes(bytes) if hello_of(bytes) == Some(Role::Client));
        is_hello && from == Role::Client && !self.is_in_tls() && !self.stays_foreign()
    }

    /// So much was said that is neither mail nor TLS that nothing else will come.
    fn stays_foreign(&self) -> bool {
        matches!(self.text, Text::Foreign) && self.foreign_bytes > LATEST_TLS
    }

    /// Decides by the first bytes what is spoken.
    fn sniff(&mut self, from: Role, body: &Body<'_>) {
        if let Body::Bytes(bytes) = body {
            let seen = &mut self.sniffed[from];
            let room = SNIFFED.saturating_sub(seen.len()).min(bytes.len());
            seen.extend_from_slice(bytes.get(..room).unwrap_or_default());
        }
        if !self.enter_tunnel() || !self.put_header_aside() {
            return;
        }
        match self.first_bytes() {
            Sniffed::Tls => return self.start_first_tls(),
            Sniffed::Unsure if self.pending_bytes <= ENOUGH => return,
            Sniffed::Unsure | Sniffed::Other => {}
        }
        match self.began_in_ciphertext(body) {
            Some(true) => return self.start_first_tls(),
            Some(false) => {}
            None => return,
        }
        match sniff(&self.sniffed.client, &self.sniffed.server) {
            Detection::Yes => self.start_dialogue(),
            Detection::No if !self.is_smtp_port() => self.give_up_text(),
            // On a port of SMTP the dialogue says what is wrong better than silence does.
            Detection::No => self.start_doubtful_dialogue(),
            Detection::Unsure if self.pending_bytes > ENOUGH => self.start_doubtful_dialogue(),
            Detection::Unsure => {}
        }
    }

    /// Whether the connection begins with TLS; inside TLS, no more.
    fn first_bytes(&self) -> Sniffed {
        let is_any = |wanted| {
            let mut said = Role::BOTH.iter().map(|&role| &self.sniffed[role]);
            said.any(|bytes| !bytes.is_empty() && sniffed(bytes) == wanted)
        };
        let wanted = [Sniffed::Tls, Sniffed::Unsure].into_iter();
        let mut found = wanted.filter(|&wanted| !self.is_in_tls() && is_any(wanted));
        found.next().unwrap_or(Sniffed::Other)
    }

    fn is_smtp_port(&self) -> bool {
        self.ends.is_some_and(|ends| SMTP_PORTS.contains(&ends.server.port()))
            || self.target.is_some_and(|port| SMTP_PORTS.contains(&port))
    }

    /// Where clients begin in plain and ask for TLS.
    fn is_starttls_port(&self) -> bool {
        self.is_smtp_port()
            && self.ends.is_some_and(|ends| !IMPLICIT_TLS_PORTS.contains(&ends.server.port()))
    }

    fn give_up_text(&mut self) {
        self.text = Text::Foreign;
        self.give_header_back();
        self.sniffed = PerRole::default();
        for role in Role::BOTH {
            for piece in mem::take(&mut self.pending[role]) {
                self.give_piece(role, &piece);
            }
        }
        self.pending_bytes = 0;
    }

    fn start_dialogue(&mut self) {
        let of_header = self.give_header_back();
        self.text = Text::Talking(Box::new(Dialogue::with_tls(begins_in_text)));
        if self.is_in_tls() {
            self.tell(|dialogue, out| dialogue.tls_started(out));
        }
        if !self.from_start {
            self.say_that_it_began_before();
        }
        // It is older than whatever the server has said.
        (0..of_header).for_each(|_| _ = self.offer(Role::Client));
        self.drive();
    }

    fn start_doubtful_dialogue(&mut self) {
        self.trust = Trust::Doubtful;
        self.start_dialogue();
    }

    /// A gap of unknown length ahead of the first byte.
    fn say_that_it_began_before(&mut self) {
        for role in Role::BOTH {
            self.tell(|dialogue, out| dialogue.feed(role, Input::Gap(0), Moment::default(), out));
        }
    }

    /// TLS is what the connection, or the capture of it, begins with.
    fn start_first_tls(&mut self) {
        self.implicit = self.from_start || !self.is_starttls_port();
        self.tell_header();
        self.start_tls();
    }

    fn start_tls(&mut self) {
        let Some(ends) = self.ends else { return };
        let is_late = matches!(self.text, Text::Sniffing) && !self.from_start;
        let mut tls = Tls::new([ends.client, ends.server], self.keys.clone());
        tls.begin_behind(self.number);
        observer::ask(&self.observer, &mut tls);
        if is_late {
            tls.begin_late();
        }
        self.tls = Some(Box::new(tls));
        self.hide_doubts();
        self.observer.tls_begins();
        self.tell(|dialogue, out| dialogue.tls_started(out));
        self.sniffed = PerRole::default();
        self.cross(is_late);
    }

    fn feed_tls(&mut self, from: Role, body: &Body<'_>, at: Moment) {
        let Some(mut tls) = self.tls.take() else { return };
        match body {
            Body::Bytes(bytes) => tls.feed(from, bytes, at, &mut |event| self.on_tls(&event)),
            Body::Gap(gap) => tls.feed_gap(from, *gap, at, &mut |event| self.on_tls(&event)),
        }
        self.tls = Some(tls);
    }

    /// What waits in TLS for another session is read: this one is over.
    fn settle_tls(&mut self) {
        let Some(mut tls) = self.tls.take() else { return };
        tls.settle(&mut |event| self.on_tls(&event));
        self.tls = Some(tls);
    }

    fn on_tls(&mut self, event: &TlsEvent<'_>) {
        self.observer.tls(event);
        match *event {
            TlsEvent::Data(from, bytes, at) => self.read_text(from, &Body::Bytes(bytes), at),
            TlsEvent::DataGap(from, bytes, at) => {
                let gap = Gap { bytes, cause: GapCause::Lost };
                self.read_text(from, &Body::Gap(gap), at.into());
            }
            _ => {}
        }
    }

    fn finish(&mut self, tcp: &TcpFacts) {
        self.settle_tls();
        let wanted = matches!(self.text, Text::Sniffing)
            && (self.pending_bytes > 0 || !self.header.is_empty());
        if wanted && (self.may_be_ciphertext() || self.first_bytes() == Sniffed::Unsure) {
            self.start_first_tls();
        } else if wanted && self.is_smtp_port() {
            self.start_doubtful_dialogue();
        } else if wanted {
            self.give_the_undecided();
        }
        self.stop_all_waiting();
        self.leave_nothing_at_border();
        self.settle_tls();
        self.stop_all_waiting();
        self.tell(|dialogue, out| dialogue.finish(out));
        self.tell_streams(tcp);
        if let Some(tls) = &mut self.tls {
            observer::tell(&mut self.observer, tls);
        }
        self.close(tcp);
    }

    /// Tells the end of a connection that concerns us, or that never got further than its SYN.
    fn close(&mut self, tcp: &TcpFacts) {
        let tls = self.tls.take().map(|tls| tls.into_facts());
        let is_attempt = tls.is_none() && tcp.is_attempt();
        let is_told = |ends: &Ends| is_attempt || self.concerns_us(ends, tls.as_ref());
        let Some(ends) = self.ends.filter(is_told) else { return };
        let protocol = self.protocol(&ends, tls.is_some());
        let smtp = match &self.text {
            Text::Talking(dialogue) => Some(dialogue.facts()),
            Text::Sniffing | Text::Foreign => None,
        };
        self.observer.closed(&Closed {
            ends,
            protocol,
            tcp,
            tls: tls.as_ref().map(|facts| (facts, self.implicit)),
            smtp,
            keys: &self.keys,
        });
    }

    fn concerns_us(&self, ends: &Ends, tls: Option<&TlsFacts>) -> bool {
        let opened = tls.is_some_and(TlsFacts::is_proven);
        matches!(self.text, Text::Talking(_))
            || SMTP_PORTS.contains(&ends.server.port())
            || self.target.is_some_and(|port| SMTP_PORTS.contains(&port))
            || self.named
            || opened
            || (tls.is_some() && self.all_tls)
    }
}

impl<O: Observer> Conversation for Session<O> {
    fn client_of(&self, ends: [SocketAddr; 2], first: [&[u8]; 2]) -> usize {
        // A greeting or a ServerHello comes from the server, whatever the ports.
        let speaks_as_server =
            |bytes: &[u8]| bytes.starts_with(b"220") || hello_of(bytes) == Some(Role::Server);
        let is_server = |i: usize| speaks_as_server(first[i]);
        let has_port = |i: usize| SMTP_PORTS.contains(&ends[i].port());
        let is_named = |i: usize| self.keys.ring.names(ends[i].ip(), ends[i].port());
        let tests: [&dyn Fn(usize) -> bool; 3] = [&is_server, &has_port, &is_named];
        for test in tests {
            match (test(0), test(1)) {
                (true, false) => return 1,
                (false, true) => return 0,
                _ => {}
            }
        }
        // Servers have the lower ports.
        usize::from(ends[1].port() > ends[0].port())
    }

    fn on_tcp(&mut self, event: TcpEvent<'_>) {
        self.observer.tcp(&event);
        match event {
            TcpEvent::Packet(_) | TcpEvent::Retransmission(..) => {}
            TcpEvent::Opened { client, server, from_start } => {
                self.from_start = from_start;
                self.named = self.keys.ring.names(server.ip(), server.port());
                self.ends = Some(Ends { client, server });
            }
            TcpEvent::Data(chunk) => self.on_chunk(&chunk),
            TcpEvent::Finished(facts) => self.finish(facts),
        }
    }

    fn is_deaf(&self) -> bool {
        !self.is_in_tls() && self.stays_foreign() && self.is_relevant() == Some(false)
    }
}
