//! Dialogues by hand, gaps in every state, and properties.

mod gaps;
mod properties;
mod scenarios;
mod secrets;
mod strangers;

use super::*;
use crate::moment::Timestamp;
use crate::{Exchange, Mail, SecretSpan, Verb};

/// What a dialogue told.
#[derive(Default)]
struct Seen {
    exchanges: Vec<Exchange>,
    mails: Vec<Mail>,
    body: Vec<u8>,
    spans: Vec<SecretSpan>,
    /// Those that follow each other as one, however they were cut.
    body_spans: Vec<SecretSpan>,
    findings: Vec<FindingKind>,
    switches: usize,
    /// All events but the bodies' pieces, printed.
    log: Vec<String>,
}

impl Seen {
    fn note(&mut self, event: SmtpEvent<'_>) {
        if !matches!(event, SmtpEvent::Body { .. } | SmtpEvent::BodySpan(_)) {
            self.log.push(format!("{event:?}"));
        }
        match event {
            SmtpEvent::Exchange(exchange) => self.exchanges.push(*exchange),
            SmtpEvent::Mail(mail) => self.mails.push(*mail),
            SmtpEvent::Body { bytes, .. } => self.body.extend_from_slice(bytes),
            SmtpEvent::SecretSpan(span) => self.spans.push(span),
            SmtpEvent::BodySpan(span) => match self.body_spans.last_mut() {
                Some(last) if last.start + last.len == span.start => last.len += span.len,
                _ => self.body_spans.push(span),
            },
            SmtpEvent::Finding { kind, .. } => self.findings.push(kind),
            SmtpEvent::SwitchToTls { .. } | SmtpEvent::TlsUnasked { .. } => self.switches += 1,
            _ => {}
        }
    }

    /// Verb and reply code of each exchange: `EHLO 250`, `- 220` for none, `QUIT -` for none.
    fn talk(&self) -> Vec<String> {
        let code =
            |e: &Exchange| e.reply.as_ref().map_or_else(|| "-".into(), |r| r.code.to_string());
        let line =
            |e: &Exchange| format!("{} {}", e.verb.as_ref().map_or("-", Verb::name), code(e));
        self.exchanges.iter().map(line).collect()
    }
}

/// What becomes of the bytes after a 220 to STARTTLS.
#[derive(Clone, Copy, PartialEq)]
enum AfterSwitch {
    Tls,
    Plain,
    Wait,
}

/// A dialogue and the caller that the documentation of `feed` asks for.
struct Wire {
    dialogue: Dialogue,
    held: PerRole<Vec<(Moment, Vec<u8>)>>,
    seen: Seen,
    after_switch: AfterSwitch,
    ns: i64,
    /// Pieces that what is said is cut into, in bytes, over and over.
    cuts: Vec<usize>,
}

impl Wire {
    fn new() -> Self {
        Self::with_cuts(vec![usize::MAX])
    }

    fn with_cuts(cuts: Vec<usize>) -> Self {
        Self {
            dialogue: Dialogue::with_tls(|_, bytes| bytes.first() == Some(&0x16)),
            held: PerRole::default(),
            seen: Seen::default(),
            after_switch: AfterSwitch::Tls,
            ns: 0,
            cuts,
        }
    }

    fn client(mut self, text: &str) -> Self {
        self.say(Role::Client, text.as_bytes());
        self
    }

    fn server(mut self, text: &str) -> Self {
        self.say(Role::Server, text.as_bytes());
        self
    }

    fn lose(mut self, from: Role, len: u64) -> Self {
        let at = self.tick();
        self.dialogue.feed(from, Input::Gap(len), at, &mut |event| self.seen.note(event));
        self.pump();
        self
    }

    fn finish(mut self) -> Seen {
        while Role::BOTH.iter().any(|&role| !self.held[role].is_empty()) {
            let before = self.held_bytes();
            self.dialogue.stop_waiting();
            self.pump();
            if self.held_bytes() == before {
                break;
            }
        }
        self.dialogue.finish(&mut |event| self.seen.note(event));
        self.seen
    }

    fn tick(&mut self) -> Moment {
        self.ns += 1;
        Moment { ts: Timestamp(self.ns), frame: self.ns as u64 }
    }

    fn say(&mut self, from: Role, mut bytes: &[u8]) {
        let at = self.tick();
        while !bytes.is_empty() {
            let cut = self.cuts[0].clamp(1, bytes.len());
            self.cuts.rotate_left(1);
            self.held[from].push((at, bytes[..cut].to_vec()));
            bytes = &bytes[cut..];
            self.pump();
        }
    }

    fn held_bytes(&self) -> usize {
        Role::BOTH.iter().flat_map(|&role| &self.held[role]).map(|(_, bytes)| bytes.len()).sum()
    }

    fn pump(&mut self) {
        loop {
            let before = self.held_bytes();
            Role::BOTH.into_iter().for_each(|role| self.pump_one(role));
            if self.held_bytes() == before {
                return;
            }
        }
    }

    fn pump_one(&mut self, role: Role) {
        while let Some((at, bytes)) = self.held[role].first_mut() {
            let seen = &mut self.seen;
            let switches = seen.switches;
            let input = Input::Bytes(bytes);
            let taken = self.dialogue.feed(role, input, *at, &mut |event| seen.note(event));
            bytes.drain(..taken);
            let is_empty = bytes.is_empty();
            if is_empty {
                self.held[role].remove(0);
            }
            match self.after_switch {
                AfterSwitch::Tls if self.seen.switches > switches => {
                    self.dialogue.tls_started(&mut |event| self.seen.note(event));
                }
                AfterSwitch::Plain if self.seen.switches > switches => {
                    self.dialogue.resume_plain();
                }
                _ if !is_empty => return,
                _ => {}
            }
        }
    }
}
