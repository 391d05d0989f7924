//! The state machine of one SMTP or LMTP dialogue, both directions.
//!
//! The client's side decides what its bytes are (command, SASL message, body), the server's what
//! became of them: all that a command means takes effect when its reply is known, in reply order,
//! so that pipelining (RFC 2920) needs no care of its own. Where the meaning of the client's next
//! bytes depends on a reply (STARTTLS, AUTH, DATA), its side takes no more until that reply came.

mod body;
mod client;
mod doubt;
mod effect;
mod gap;
mod server;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::auth::Attempt;
use super::echo::Echoes;
use super::event::{FindingKind, Sink, SmtpEvent};
use super::facts::{SmtpFacts, StartTls};
use super::line::{Line, LineEnd, LineReader};
use super::message::{Body, Message};
use super::open::{Kind, Open, Queue};
use super::proxy::ProxyReader;
use super::reply::{Reply, ReplyReader};
use super::transaction::Transaction;
use crate::moment::Moment;
use crate::role::{PerRole, Role};

/// Most findings of one kind that a dialogue tells: the first show what is wrong.
pub(super) const MAX_FINDINGS: u8 = 8;

/// What one direction brings next.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Bytes.
    Bytes(&'a [u8]),
    /// A gap of so many bytes; also of none, where a capture starts mid-way.
    Gap(u64),
}

/// What the client's next bytes are.
enum Mode {
    /// Perhaps a PROXY protocol header: nothing has come yet.
    Preamble(ProxyReader),
    Command,
    /// A line of SASL; `loose` if it may be a command too, since replies are missing.
    Auth {
        loose: bool,
    },
    Data(Box<Body>),
    Chunk {
        left: u64,
        last: bool,
    },
    /// What Exchange sends behind XEXCH50.
    Blob {
        left: u64,
    },
}

/// What was lost on the way, and how far that still matters.
#[derive(Default)]
struct Losses {
    /// Replies may be missing: commands are matched by plausibility until none waits.
    replies: bool,
    /// Commands may have been missed: a reply without one is no wonder.
    commands: bool,
    /// Commands may have been missed since the last MAIL: among them, chunks of its message.
    chunks: bool,
    /// Something was lost at some time.
    ever: bool,
    /// The reply to the client's line under way may be lost.
    unanswered_line: bool,
    /// Where the client's gap ended, until a command behind it is answered: what looks like no
    /// command may be of a body whose DATA was lost.
    doubt_from: Option<u64>,
    /// Within a line after a gap: lines are skipped up to one that is certain.
    skip: PerRole<bool>,
}

/// Whether TLS may begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    /// Where a line begins.
    Possible,
    /// Neither direction takes bytes: the caller decides what they are.
    Due,
    /// The caller says that these are text: behind the next line it may.
    Denied,
}

/// Says whether what a side says at the start of a line is TLS and no line.
pub type BeginsTls = fn(Role, &[u8]) -> bool;

/// Whose turn it is, where one side was made to wait.
#[derive(Default)]
struct Turn {
    /// The client had bytes that it was not allowed to say yet.
    client_held: bool,
    /// It may now, and must before the server goes on: what the server says next may answer them.
    server_yields: bool,
}

/// One dialogue. See the module for how it works.
pub struct Dialogue {
    begins_tls: BeginsTls,
    facts: SmtpFacts,
    mode: Mode,
    offset: PerRole<u64>,
    /// Where the client's text began: its first byte, or the first inside TLS.
    begins: u64,
    lines: PerRole<LineReader>,
    replies: ReplyReader,
    queue: Queue,
    /// The envelope, as the replies have it so far.
    transaction: Option<Transaction>,
    /// The message that chunks are being added to.
    chunked: Option<Box<Message>>,
    /// The final reply of a message that is still being sent.
    early: Option<(Reply, Moment)>,
    attempt: Option<Attempt>,
    /// Secrets that were said, for where they are repeated.
    echoes: Echoes,
    /// DATA was refused: a client that did not wait says its body all the same.
    refused_body: bool,
    messages: u64,
    is_greeted: bool,
    owes_hello: bool,
    losses: Losses,
    switch: Switch,
    turn: Turn,
    findings: BTreeMap<FindingKind, u8>,
}

impl Default for Dialogue {
    fn default() -> Self {
        Self::new()
    }
}

impl Dialogue {
    /// A dialogue that has not begun, and that meets TLS behind STARTTLS only.
    #[must_use]
    pub fn new() -> Self {
        Self::with_tls(|_, _| false)
    }

    /// The same, but it asks at each line whether TLS begins there: the command that leads to it may
    /// not have been captured.
    #[must_use]
    pub fn with_tls(begins_tls: BeginsTls) -> Self {
        Self {
            begins_tls,
            facts: SmtpFacts::default(),
            mode: Mode::Preamble(ProxyReader::default()),
            offset: PerRole::default(),
            begins: 0,
            lines: PerRole::new(|_| LineReader::default()),
            replies: ReplyReader::default(),
            queue: Queue::default(),
            transaction: None,
            chunked: None,
            early: None,
            attempt: None,
            echoes: Echoes::default(),
            refused_body: false,
            messages: 0,
            is_greeted: false,
            owes_hello: false,
            losses: Losses::default(),
            switch: Switch::Possible,
            turn: Turn::default(),
            findings: BTreeMap::new(),
        }
    }

    /// Feeds what one direction brings next, captured at `at`, and tells how much was consumed
    /// (of a gap: its length).
    ///
    /// Fewer bytes than given, also none: that direction stops there, because what follows depends
    /// on the other. The caller keeps the rest, gaps in their place, and feeds it again after each
    /// input of the other direction, until [`SmtpEvent::SwitchToTls`] hands it to TLS: a client
    /// waits for the reply that says what its next bytes are, and the server then for the client,
    /// whose bytes are older than its next reply. If the server will say nothing more,
    /// [`stop_waiting`](Self::stop_waiting) helps.
    pub fn feed(&mut self, from: Role, input: Input<'_>, at: Moment, out: &mut Sink<'_>) -> usize {
        if from == Role::Client && !self.is_waiting(Role::Client) {
            self.turn = Turn::default();
        }
        match input {
            Input::Bytes(bytes) => self.read(from, bytes, at, out),
            Input::Gap(_) if self.is_waiting(from) => {
                self.turn.client_held |= from == Role::Client;
                0
            }
            Input::Gap(len) => {
                self.lose(from, len, at, out);
                usize::try_from(len).unwrap_or(usize::MAX)
            }
        }
    }

    /// Whether a direction takes nothing before the other has spoken or TLS was decided on.
    #[must_use]
    pub fn is_waiting(&self, from: Role) -> bool {
        self.switch == Switch::Due
            || match from {
                Role::Client => self.queue.youngest().is_some_and(|open| open.holds),
                Role::Server => self.turn.server_yields,
            }
    }

    /// Gives up waiting for the reply that says what the client's next bytes are: it was not
    /// captured, or the caller can hold no more bytes. The client is believed: DATA was accepted,
    /// AUTH was challenged, STARTTLS is followed by TLS if the bytes look so. Afterwards the
    /// client's side takes at least one byte, unless TLS is due.
    pub fn stop_waiting(&mut self) {
        let Some(open) = self.queue.youngest_mut().filter(|open| open.holds) else { return };
        open.holds = false;
        self.losses.replies = true;
        self.turn.server_yields = self.turn.client_held;
        match open.kind {
            Kind::Data => self.open_body(),
            Kind::Blob { size } => self.mode = Mode::Blob { left: size },
            Kind::Auth | Kind::AuthResponse => self.mode = Mode::Auth { loose: true },
            _ => {}
        }
    }

    /// From here on the bytes come out of TLS. What was known before is void (RFC 3207 §4.2), and
    /// commands that wait are not answered any more.
    pub fn tls_started(&mut self, out: &mut Sink<'_>) {
        self.close_unanswered(out);
        self.owes_hello = self.facts.starttls == StartTls::Accepted;
        self.facts.encrypted = true;
        self.switch = Switch::Possible;
        self.turn = Turn::default();
        self.mode = Mode::Preamble(ProxyReader::default());
        self.begins = self.offset[Role::Client];
        self.lines = PerRole::new(|_| LineReader::default());
        self.replies = ReplyReader::default();
        self.transaction = None;
        self.losses = Losses::default();
    }

    /// What follows after [`SmtpEvent::SwitchToTls`] is plaintext all the same: of a decrypting
    /// tap, or of an end that ignores it. The dialogue goes on.
    pub fn resume_plain(&mut self) {
        self.switch = Switch::Denied;
    }

    /// Plaintext of this side stands where TLS is due: behind STARTTLS, or behind its 220
    /// (RFC 3207 §4). Somebody on the way may have added it, to be obeyed or believed inside TLS by
    /// an end that does not discard it (CVE-2011-0411, CVE-2021-38084).
    pub fn injected(&mut self, from: Role, at: Moment, out: &mut Sink<'_>) {
        let message = match from {
            Role::Client => "plaintext follows STARTTLS where TLS is due",
            Role::Server => "plaintext follows the server's reply to STARTTLS",
        };
        self.note(FindingKind::StarttlsInjection, at, message.to_owned(), out);
    }

    /// The connection is over. Commands that wait become exchanges without reply, an open message
    /// becomes a mail that is not complete.
    pub fn finish(&mut self, out: &mut Sink<'_>) {
        self.finish_server(out);
        self.finish_client(out);
        self.close_unanswered(out);
    }

    /// What is known so far.
    #[must_use]
    pub fn facts(&self) -> &SmtpFacts {
        &self.facts
    }

    fn read(&mut self, from: Role, bytes: &[u8], at: Moment, out: &mut Sink<'_>) -> usize {
        let mut rest = bytes;
        while !rest.is_empty() {
            let is_body =
                matches!(self.mode, Mode::Data(_) | Mode::Chunk { .. } | Mode::Blob { .. });
            let taken = match from {
                Role::Client => self.client_step(rest, at, out),
                Role::Server => self.server_step(rest, at, out),
            };
            if taken == 0 {
                break;
            }
            let start = self.offset[from];
            if from == Role::Client && is_body {
                out(SmtpEvent::BodySpan(super::SecretSpan { from, start, len: taken as u64 }));
            }
            self.offset[from] = start.saturating_add(taken as u64);
            rest = rest.get(taken..).unwrap_or(&[]);
        }
        bytes.len().saturating_sub(rest.len())
    }

    /// Stops where TLS begins in the place of a line.
    fn meets_tls(&mut self, from: Role, bytes: &[u8], at: Moment, out: &mut Sink<'_>) -> bool {
        let may_begin =
            !self.facts.encrypted && self.switch == Switch::Possible && self.lines[from].is_empty();
        if !may_begin || !(self.begins_tls)(from, bytes) {
            return false;
        }
        self.switch = Switch::Due;
        out(SmtpEvent::TlsUnasked { at });
        true
    }

    /// A line was read: behind it TLS may begin.
    fn allow_tls(&mut self) {
        if self.switch == Switch::Denied {
            self.switch = Switch::Possible;
        }
    }

    fn push(&mut self, open: Open, out: &mut Sink<'_>) {
        self.queue.push(open);
        while self.queue.is_too_long() {
            self.answer(None, out);
        }
    }

    fn close_unanswered(&mut self, out: &mut Sink<'_>) {
        while !self.queue.is_empty() {
            self.answer(None, out);
        }
        if let Some(message) = self.chunked.take() {
            let summary = message.finish(false, out);
            self.close_mail(summary, Vec::new(), out);
        }
        self.early = None;
    }

    /// What is wrong with a line as such.
    fn check_line(&mut self, from: Role, line: &Line, out: &mut Sink<'_>) {
        if line.end == LineEnd::BareLf || line.bare_cr {
            let what = if line.bare_cr { "CR without LF" } else { "LF without CR" };
            let message = format!("a line of the {} has {what}", from.name());
            self.note(FindingKind::BareNewline, line.at, message, out);
        }
        if line.is_cut() {
            let message = format!("a line of the {} has {} bytes", from.name(), line.len);
            self.note(FindingKind::ProtocolError, line.at, message, out);
        }
    }

    fn note(&mut self, kind: FindingKind, at: Moment, message: String, out: &mut Sink<'_>) {
        let count = self.findings.entry(kind).or_default();
        *count = count.saturating_add(1);
        if *count <= MAX_FINDINGS {
            out(SmtpEvent::Finding { kind, at, message });
        }
    }
}
