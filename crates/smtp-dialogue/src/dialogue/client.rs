//! The client's side: what its bytes are.

use super::{Dialogue, Mode};
use crate::auth::{self, Attempt};
use crate::command::{self, Command};
use crate::event::{FindingKind, SecretSpan, Sink, SmtpEvent};
use crate::facts::AuthResult;
use crate::line::Line;
use crate::moment::Moment;
use crate::open::{Kind, Open};
use crate::proxy::{self, ProxyHeader, Step};
use crate::role::Role;

impl Dialogue {
    /// Takes some of the client's bytes; none if it must wait.
    pub(super) fn client_step(&mut self, bytes: &[u8], at: Moment, out: &mut Sink<'_>) -> usize {
        if self.is_waiting(Role::Client) {
            self.turn.client_held = true;
            return 0;
        }
        match self.mode {
            Mode::Preamble(_) => self.preamble_step(bytes, at, out),
            Mode::Command | Mode::Auth { .. } => self.line_step(bytes, at, out),
            Mode::Data(_) => self.data_step(bytes, at, out),
            Mode::Chunk { .. } => self.chunk_step(bytes, at, out),
            Mode::Blob { .. } => self.blob_step(bytes, at, out),
        }
    }

    /// The stream's first bytes: a binary PROXY header begins with a CR, which no command does.
    fn preamble_step(&mut self, bytes: &[u8], at: Moment, out: &mut Sink<'_>) -> usize {
        let Mode::Preamble(reader) = &mut self.mode else { return 0 };
        let Some(&byte) = bytes.first() else { return 0 };
        match reader.push(byte, at) {
            Step::More => 1,
            Step::Done(header) => {
                let (at, (start, end)) = (reader.at, reader.beyond_addresses());
                if end > start {
                    out(SmtpEvent::SecretSpan(SecretSpan {
                        from: Role::Client,
                        start: self.begins.saturating_add(start),
                        len: end.saturating_sub(start),
                    }));
                }
                self.mode = Mode::Command;
                self.on_proxy(header, Open::binary_header(at, self.facts.encrypted), at, out);
                1
            }
            Step::NotAHeader(held) => {
                self.mode = Mode::Command;
                self.replay(&held, at, out);
                self.line_step(bytes, at, out)
            }
        }
    }

    /// What began as a binary header does is none: its sender has been answered, or is gone. Two
    /// empty lines begin so too.
    pub(super) fn give_up_preamble(&mut self, out: &mut Sink<'_>) {
        let Mode::Preamble(reader) = &mut self.mode else { return };
        let (held, at) = (reader.take_held(), reader.at);
        if !held.is_empty() {
            self.mode = Mode::Command;
            self.replay(&held, at, out);
        }
    }

    /// Reads as lines what was held back; there is nothing in it that could make the client wait.
    fn replay(&mut self, held: &[u8], at: Moment, out: &mut Sink<'_>) {
        let end = self.offset[Role::Client];
        self.offset[Role::Client] = end.saturating_sub(held.len() as u64);
        self.read(Role::Client, held, at, out);
        self.offset[Role::Client] = end;
    }

    /// Whether the server expects a header shows in its replies: it waits for one, as commands do.
    fn on_proxy(&mut self, header: ProxyHeader, open: Open, at: Moment, out: &mut Sink<'_>) {
        self.facts.proxy = Some(header);
        out(SmtpEvent::Proxy { header, at });
        self.push(open, out);
    }

    fn line_step(&mut self, bytes: &[u8], at: Moment, out: &mut Sink<'_>) -> usize {
        if self.meets_tls(Role::Client, bytes, at, out) {
            return 0;
        }
        let offset = self.offset[Role::Client];
        let (taken, line) = self.lines[Role::Client].read(bytes, offset, at);
        if let Some(line) = line {
            self.on_client_line(line, out);
        }
        taken
    }

    pub(super) fn on_client_line(&mut self, line: Line, out: &mut Sink<'_>) {
        self.allow_tls();
        let is_certain = command::is_certain(&line.bytes);
        if (self.losses.skip[Role::Client] && !is_certain) || self.may_be_of_a_body(&line) {
            return Self::skip_client_line(&line, out);
        }
        self.losses.skip[Role::Client] = false;
        self.check_line(Role::Client, &line, out);
        match self.mode {
            Mode::Auth { loose } if !(loose && is_certain) => self.on_auth_response(line, out),
            _ => self.on_command(line, out),
        }
    }

    /// DATA and the reply to it may have been lost.
    fn may_be_of_a_body(&self, line: &Line) -> bool {
        let in_doubt = self.losses.doubt_from.is_some() && matches!(self.mode, Mode::Command);
        in_doubt && !command::is_known(&line.bytes)
    }

    /// Behind a gap: the rest of a line, or of a body whose beginning was lost. It may even be a
    /// password. What may be a body or a secret is treated as one.
    fn skip_client_line(line: &Line, out: &mut Sink<'_>) {
        let span = SecretSpan { from: Role::Client, start: line.start, len: line.len };
        out(SmtpEvent::SecretSpan(span));
    }

    fn on_command(&mut self, line: Line, out: &mut Sink<'_>) {
        self.mode = Mode::Command;
        if let Some(header) = proxy::parse_v1(&line.bytes).filter(|_| line.start == self.begins) {
            let at = line.at;
            let open = Open::line(Kind::Header, line, None, self.facts.encrypted);
            return self.on_proxy(header, open, at, out);
        }
        let at = line.at;
        let command = match self.is_of_refused_body(&line) {
            true => Command::Other,
            false => command::parse(&line.bytes),
        };
        self.check_command(&command, at, out);
        let secret_at = self.secret_at(&command, &line);
        self.refused_body &= secret_at == Some(0);
        self.begin_auth(&command, &line, out);
        let chunk = match command {
            Command::Bdat { size, last } => Some((size, last)),
            _ => None,
        };
        let mut open = Open::line(kind(command), line, secret_at, self.facts.encrypted);
        open.holds =
            matches!(open.kind, Kind::StartTls | Kind::Auth | Kind::Data | Kind::Blob { .. });
        self.losses.chunks &= !matches!(open.kind, Kind::Mail(_));
        if matches!(open.kind, Kind::Hello { .. } | Kind::Mail(_) | Kind::Reset | Kind::Quit) {
            open.message = self.chunked.take().map(|m| Box::new(m.finish(false, out)));
        }
        self.push_client(open, out);
        if let Some((size, last)) = chunk {
            self.begin_chunk(size, last, at, out);
        }
    }

    fn push_client(&mut self, mut open: Open, out: &mut Sink<'_>) {
        open.suspect |= std::mem::take(&mut self.losses.unanswered_line);
        if let Some(span) = open.secret_span() {
            out(SmtpEvent::SecretSpan(span));
        }
        if let Some(secret) = open.secret_bytes() {
            let user = self.facts.auth.as_ref().and_then(|auth| auth.user.as_deref());
            self.echoes.take(secret, user);
        }
        self.push(open, out);
    }

    fn check_command(&mut self, command: &Command, at: Moment, out: &mut Sink<'_>) {
        match command {
            Command::Hello { .. } => self.owes_hello = false,
            Command::Mail(_) if self.owes_hello => {
                self.owes_hello = false;
                // RFC 3207 §4.2: the client SHOULD send EHLO as the first command inside TLS.
                let message = "MAIL inside TLS without a new EHLO".to_owned();
                self.note(FindingKind::EhloNotRepeated, at, message, out);
            }
            Command::MalformedBdat => {
                let message = "BDAT without a readable size".to_owned();
                self.note(FindingKind::ProtocolError, at, message, out);
            }
            _ => {}
        }
    }

    /// Where in a command line a secret begins. A line that is no command is one if it may be a
    /// SASL message: sent on after a refusal or beyond the AUTH's end, or its AUTH was not captured.
    fn secret_at(&self, command: &Command, line: &Line) -> Option<usize> {
        if let Command::Auth { secret_at, .. } = command {
            // What lies beyond the part of a line that is kept is behind the mechanism too.
            return secret_at.or(line.is_cut().then_some(line.bytes.len()));
        }
        if let Some(secret_at) = command::secret_at(&line.bytes) {
            return Some(secret_at);
        }
        if self.is_of_refused_body(line) {
            return Some(0);
        }
        if command::is_known(&line.bytes) || line.bytes.is_empty() {
            return None;
        }
        let auth = self.facts.auth.as_ref();
        let auth_failed = auth.is_some_and(|auth| auth.result != AuthResult::Accepted);
        let beginning_unseen = self.losses.commands || self.facts.greeting.is_none();
        let in_doubt = auth.is_some() || beginning_unseen;
        let is_secret = auth_failed || (in_doubt && auth::may_be_response(&line.bytes));
        is_secret.then_some(0)
    }

    /// A line behind a DATA that was refused, up to the dot or a command that is certain.
    fn is_of_refused_body(&self, line: &Line) -> bool {
        self.refused_body && line.bytes.as_slice() != b"." && !command::is_certain(&line.bytes)
    }

    fn begin_auth(&mut self, command: &Command, line: &Line, out: &mut Sink<'_>) {
        let Command::Auth { mechanism, secret_at } = command else { return };
        self.attempt = Some(Attempt::new(mechanism.clone()));
        if let Some(response) = secret_at.and_then(|at| line.bytes.get(at..)) {
            self.respond(response, line.at, out);
        }
        self.facts.auth = self.attempt.as_ref().map(|attempt| attempt.auth.clone());
    }

    fn on_auth_response(&mut self, line: Line, out: &mut Sink<'_>) {
        // RFC 4954 §4: `*` cancels; there is nothing to hide in it.
        let is_cancel = line.bytes.as_slice() == b"*";
        if !is_cancel {
            self.respond(&line.bytes, line.at, out);
        }
        let secret_at = (!is_cancel && !line.bytes.is_empty()).then_some(0);
        let mut open = Open::line(Kind::AuthResponse, line, secret_at, self.facts.encrypted);
        open.holds = true;
        self.push_client(open, out);
    }

    fn respond(&mut self, response: &[u8], at: Moment, out: &mut Sink<'_>) {
        let Some(attempt) = &mut self.attempt else { return };
        let is_first = attempt.has_said_nothing();
        attempt.respond(response);
        self.facts.auth = Some(attempt.auth.clone());
        if is_first && attempt.is_readable() && !self.facts.encrypted {
            let message = format!("AUTH {} without TLS", attempt.auth.mechanism);
            self.note(FindingKind::AuthInClear, at, message, out);
        }
    }

    /// The client will say nothing more.
    pub(super) fn finish_client(&mut self, out: &mut Sink<'_>) {
        self.give_up_preamble(out);
        if !self.is_waiting(Role::Client)
            && let Some(line) = self.lines[Role::Client].take_partial()
        {
            self.on_client_line(line, out);
        }
        self.end_body_unfinished(out);
    }
}

fn kind(command: Command) -> Kind {
    match command {
        Command::Hello { verb, name } => Kind::Hello { verb, name },
        Command::StartTls => Kind::StartTls,
        Command::Auth { .. } => Kind::Auth,
        Command::Mail(path) => Kind::Mail(path),
        Command::Rcpt(path) => Kind::Rcpt(path),
        Command::Data => Kind::Data,
        Command::Bdat { last, .. } => Kind::Chunk { last },
        Command::Blob { size } => Kind::Blob { size },
        Command::Reset => Kind::Reset,
        Command::Quit => Kind::Quit,
        Command::MalformedBdat | Command::Other => Kind::Other,
    }
}
