//! Reply lines become replies (RFC 5321 §4.2).

use super::event::WireText;
use super::line::Line;
use crate::moment::Moment;

/// Most bytes of one reply that are kept, lines and all: far more than any EHLO reply, which
/// RFC 5321 holds to 512 bytes a line. The lines beyond are counted only.
pub(super) const MAX_REPLY: usize = 64 * 1024;

/// Most lines of one reply that are kept: an empty line costs memory too.
pub(super) const MAX_REPLY_LINES: usize = 1024;

/// One reply, of one line or several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The code of its last line.
    pub code: u16,
    /// The enhanced status code of the last line that has one (RFC 2034, RFC 3463).
    pub enhanced: Option<String>,
    /// The lines as sent, codes included, without line ends.
    pub lines: Vec<WireText>,
    /// Lines beyond what is kept.
    pub omitted_lines: u64,
    /// Whether its last line was captured: the one without a hyphen after the code.
    pub complete: bool,
}

impl Reply {
    /// Whether it says yes: 2xx.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.class() == 2
    }

    /// The first digit of the code.
    #[must_use]
    pub fn class(&self) -> u16 {
        self.code.checked_div(100).unwrap_or(0)
    }

    /// The text of each line, without its code.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        self.lines.iter().map(|line| text_of(line.as_bytes()))
    }
}

fn text_of(line: &[u8]) -> String {
    let text = if parse(line).is_some() { line.get(4..).unwrap_or(&[]) } else { line };
    String::from_utf8_lossy(text).into_owned()
}

/// What the first four bytes of a reply line say.
#[derive(Clone, Copy)]
struct Prefix {
    code: u16,
    is_last: bool,
}

/// RFC 5321 §4.2: three digits, then a space or a hyphen; a bare code is a last line too.
fn parse(line: &[u8]) -> Option<Prefix> {
    let (code, rest) = line.split_at_checked(3)?;
    let [first, ..] = code else { return None };
    if !code.iter().all(u8::is_ascii_digit) || !(b'2'..=b'5').contains(first) {
        return None;
    }
    let code = std::str::from_utf8(code).ok()?.parse().ok()?;
    match rest.first() {
        None | Some(b' ' | b'\t') => Some(Prefix { code, is_last: true }),
        Some(b'-') => Some(Prefix { code, is_last: false }),
        Some(_) => None,
    }
}

/// Whether a line could be one of a reply.
pub(super) fn is_reply_line(line: &[u8]) -> bool {
    parse(line).is_some()
}

/// What a line did to the reply under way.
#[derive(Debug)]
pub(super) enum Step {
    More,
    Done(Reply, Moment),
    /// It is no reply line, and no reply is under way that it could belong to.
    NotAReply,
}

/// Collects the reply under way.
#[derive(Default)]
pub(super) struct ReplyReader {
    reply: Reply,
    kept: usize,
    at: Moment,
    /// Whether its end may be in a gap.
    is_cut: bool,
    /// Whether its lines have different codes, which RFC 5321 §4.2.1 forbids.
    pub(super) is_mixed: bool,
}

impl ReplyReader {
    pub(super) fn push(&mut self, line: &Line) -> Step {
        let prefix = parse(&line.bytes);
        let is_first = self.is_empty();
        if is_first && prefix.is_none() {
            return Step::NotAReply;
        }
        if is_first {
            *self = Self::default();
        }
        self.keep(line);
        // A line without a code within a reply is text of that reply: some HELP texts are so.
        let Some(prefix) = prefix else { return Step::More };
        self.is_mixed |= !is_first && prefix.code != self.reply.code;
        // postscreen(8) teases with `220-` and may end with `521`: the last line's code counts.
        self.reply.code = prefix.code;
        self.reply.enhanced = enhanced(&line.bytes).or_else(|| self.reply.enhanced.take());
        if !prefix.is_last {
            return Step::More;
        }
        self.reply.complete = true;
        Step::Done(std::mem::take(&mut self.reply), self.at)
    }

    /// Ends the reply under way where it stands: nothing more of it will come.
    pub(super) fn take_partial(&mut self) -> Option<(Reply, Moment)> {
        (!self.is_empty()).then(|| (std::mem::take(&mut self.reply), self.at))
    }

    /// A gap: it may have the end of the reply under way.
    pub(super) fn lose(&mut self) {
        self.is_cut = !self.is_empty();
    }

    /// The reply under way, if the first line behind a gap is of another one.
    pub(super) fn take_cut_before(&mut self, line: &[u8]) -> Option<(Reply, Moment)> {
        let prefix = parse(line).filter(|_| self.is_cut)?;
        self.is_cut = false;
        if prefix.code == self.reply.code { None } else { self.take_partial() }
    }

    fn is_empty(&self) -> bool {
        self.reply.code == 0
    }

    fn keep(&mut self, line: &Line) {
        self.at = self.at.max(line.at);
        let kept = self.kept.saturating_add(line.bytes.len());
        if kept > MAX_REPLY || self.reply.lines.len() >= MAX_REPLY_LINES {
            self.reply.omitted_lines = self.reply.omitted_lines.saturating_add(1);
            return;
        }
        self.kept = kept;
        self.reply.lines.push(WireText::from(&line.bytes[..]));
    }
}

/// RFC 3463 §2: class, subject, detail, the subject and detail of up to three digits.
fn enhanced(line: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(line.get(4..)?.split(|&b| b == b' ').next()?).ok()?;
    let (class, rest) = text.split_once('.')?;
    let (subject, detail) = rest.split_once('.')?;
    let is_number = |s: &str| matches!(s.len(), 1..=3) && s.bytes().all(|b| b.is_ascii_digit());
    (matches!(class, "2" | "4" | "5") && is_number(subject) && is_number(detail))
        .then(|| text.to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::line::LineReader;

    /// The reply that `lines` make.
    pub(crate) fn reply(lines: &[&str]) -> Reply {
        let mut reader = ReplyReader::default();
        for line in lines {
            let text = format!("{line}\r\n");
            let line = LineReader::default().read(text.as_bytes(), 0, Moment::default()).1.unwrap();
            if let Step::Done(reply, _) = reader.push(&line) {
                return reply;
            }
        }
        reader.take_partial().map(|(reply, _)| reply).unwrap_or_default()
    }

    #[test]
    fn a_reply_ends_with_the_line_without_a_hyphen() {
        let reply = reply(&["250-mail.example.com", "250-PIPELINING", "250 SIZE 1000"]);
        assert_eq!((reply.code, reply.lines.len(), reply.complete), (250, 3, true));
        assert_eq!(reply.texts().last().as_deref(), Some("SIZE 1000"));
    }

    #[test]
    fn the_enhanced_status_code_is_read() {
        assert_eq!(reply(&["550 5.1.1 no such user"]).enhanced.as_deref(), Some("5.1.1"));
        assert_eq!(reply(&["250 2.0 nearly"]).enhanced, None);
        assert_eq!(reply(&["220 3.4.5 class 3 is none"]).enhanced, None);
    }

    #[test]
    fn a_bare_code_is_a_reply() {
        assert_eq!(reply(&["250"]).code, 250);
    }

    #[test]
    fn the_last_code_counts_where_codes_differ() {
        assert_eq!(reply(&["220-wait", "521 5.5.1 you spoke too soon"]).code, 521);
    }

    #[test]
    fn a_line_without_a_code_within_a_reply_belongs_to_it() {
        assert_eq!(reply(&["214-Commands:", "  HELO", "214 done"]).lines.len(), 3);
    }

    #[test]
    fn what_has_no_code_is_no_reply() {
        for line in ["+OK", "2500 ok", "150 ok", "25", "", "999 x"] {
            assert!(!is_reply_line(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn a_reply_without_end_is_bounded() {
        let lines = vec!["250-x"; 3 * MAX_REPLY_LINES];
        let reply = reply(&lines);
        assert_eq!(reply.lines.len(), MAX_REPLY_LINES);
        assert_eq!(reply.omitted_lines, 2 * MAX_REPLY_LINES as u64);
        assert!(!reply.complete);
    }
}
