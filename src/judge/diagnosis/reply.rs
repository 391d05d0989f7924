//! A reply as messages quote it: whole.

use super::status::meaning;
use crate::report::exchange::ReplyReport;

/// Characters of a reply that a message quotes: policies come with long texts and links.
const QUOTED: usize = 600;

/// What a reply says in all its lines, its codes once.
pub(in crate::judge) fn whole(reply: &ReplyReport) -> String {
    let said = match &reply.lines[..] {
        [] => reply.code.to_string(),
        [line] => line.clone(),
        lines => joined(reply, lines),
    };
    if said.chars().count() <= QUOTED {
        return said;
    }
    said.chars().take(QUOTED).chain(" …".chars()).collect()
}

/// Lines repeat the code, and mostly the enhanced code too (RFC 2034 §4).
fn joined(reply: &ReplyReport, lines: &[String]) -> String {
    let enhanced = reply.enhanced.as_deref().unwrap_or_default();
    let code = reply.code.to_string();
    let text = |line: &String| {
        let text = line
            .strip_prefix(&code)
            .map_or(line.as_str(), |rest| rest.strip_prefix(['-', ' ']).unwrap_or(rest));
        text.strip_prefix(enhanced).unwrap_or(text).trim().to_owned()
    };
    let head = [code.clone(), enhanced.to_owned()];
    let said = head.into_iter().chain(lines.iter().map(text));
    said.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The same, and what its numbers mean.
pub(super) fn line(reply: &ReplyReport) -> String {
    let said = whole(reply);
    meaning(reply).map_or_else(|| said.clone(), |meaning| format!("{said} ({meaning})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, enhanced: Option<&str>, lines: &[&str]) -> ReplyReport {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        ReplyReport { code, enhanced: enhanced.map(str::to_owned), lines, complete: true }
    }

    #[test]
    fn every_line_is_quoted_and_the_codes_once() {
        let lines = [
            "534-5.7.9 Application-specific password required. For more information, go to",
            "534 5.7.9  https://support.example.com/mail",
        ];
        assert_eq!(
            whole(&reply(534, Some("5.7.9"), &lines)),
            "534 5.7.9 Application-specific password required. For more information, go to https://support.example.com/mail"
        );
        let plain = ["550-no", "550 really not"];
        assert_eq!(whole(&reply(550, None, &plain)), "550 no really not");
    }

    #[test]
    fn one_line_stays_as_it_was_sent() {
        assert_eq!(whole(&reply(552, None, &["552 Mailbox full"])), "552 Mailbox full");
        assert!(whole(&reply(550, None, &[&"x".repeat(2000)])).ends_with(" …"));
    }
}
