//! Names where the words of SMTP and X.509 say that one stands.

use super::redactor::Redactor;
use super::text::Source;
use crate::smtp::Verb;

impl Redactor {
    /// Text off the wire.
    pub(super) fn wire(&mut self, text: &mut String) {
        *text = self.text(text, Source::Wire);
    }

    /// A sentence of ours, which may quote names that were met.
    pub(super) fn ours(&mut self, text: &mut String) {
        self.quoting(text, Source::Ours);
    }

    pub(super) fn quoting(&mut self, text: &mut String, source: Source) {
        for (name, pseudonym) in &self.phrases {
            if text.contains(name) {
                *text = text.replace(name, pseudonym);
            }
        }
        *text = self.text(text, source);
    }

    /// A host's name, which may have one label, or be an address in brackets (RFC 5321 §4.1.3).
    pub(super) fn host(&mut self, name: &str) -> String {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_ip = name.parse::<std::net::IpAddr>().is_ok();
        match name.chars().all(is_name) && !is_ip {
            true => self.names.domain(name),
            false => self.text(name, Source::Wire),
        }
    }

    /// The names of a command are its arguments, however they look.
    pub(super) fn command(&mut self, line: &str) -> String {
        let Some((verb, rest)) = line.split_once(' ') else { return line.to_owned() };
        let safe = match Verb::of(verb.as_bytes()) {
            Some(Verb::Ehlo | Verb::Helo | Verb::Lhlo | Verb::Etrn | Verb::Atrn) => {
                self.host(rest.trim())
            }
            Some(Verb::Vrfy | Verb::Expn) if !rest.contains(['<', '@', ' ']) => {
                self.names.local(rest)
            }
            _ => self.text(rest, Source::Wire),
        };
        format!("{verb} {safe}")
    }

    /// A line of a reply. A challenge may hold the server's name, in base64 (RFC 2195 §2).
    pub(super) fn reply_line(&mut self, line: &str) -> String {
        match line.split_at_checked(4) {
            Some((code, challenge)) if code.starts_with("334") && !challenge.is_empty() => {
                format!("{code}****")
            }
            Some((code, text)) => format!("{code}{}", self.text(text, Source::Wire)),
            None => line.to_owned(),
        }
    }

    /// The first word of a greeting, or of the reply to EHLO, is the server's name
    /// (RFC 5321 §4.2), also where it has one label.
    pub(super) fn meet_server(&mut self, text: &str) {
        let word = text.split_whitespace().next().unwrap_or_default();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if word.len() > 1 && word.chars().all(is_name) {
            self.host(word);
        }
    }

    /// `CN=mail.example.com, O=Example`: the kinds of names stay, and the country.
    pub(super) fn distinguished(&mut self, name: &mut String) {
        let safe: Vec<_> = name.split(", ").map(|part| self.attribute(part)).collect();
        let safe = safe.join(", ");
        if safe != *name && name.len() > 3 {
            self.phrases.push((name.clone(), safe.clone()));
        }
        *name = safe;
    }

    fn attribute(&mut self, part: &str) -> String {
        match part.split_once('=') {
            Some(("C", country)) => format!("C={country}"),
            Some((kind, value)) if value.contains(['.', '@', ':']) => {
                format!("{kind}={}", self.text(value, Source::Wire))
            }
            Some((kind, value)) => format!("{kind}={}", self.names.word(value)),
            None => self.names.word(part),
        }
    }
}
