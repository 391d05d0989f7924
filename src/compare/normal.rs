//! What changes from run to run is taken out of names and texts.

use crate::report::Verb;

/// A placeholder for what is never compared.
const VOLATILE: &str = "*";

/// The extension that brings a ClientHello to a length, and says nothing (RFC 7685).
pub(super) const PADDING: &str = "padding";

/// The name of a GREASE value, whichever it is (RFC 8701 §2: a client draws them at random).
pub(super) fn grease(name: &str) -> String {
    match name.starts_with("GREASE (") {
        true => "GREASE".to_owned(),
        false => name.to_owned(),
    }
}

/// A command line without the size of the message: `MAIL FROM:<a@b> SIZE=*`, `BDAT * LAST`.
pub(super) fn command(line: &str, verb: Option<&Verb>) -> String {
    match verb {
        Some(Verb::AuthResponse | Verb::Message) => VOLATILE.to_owned(),
        Some(Verb::Bdat) => tokens(line, number),
        Some(Verb::Xclient | Verb::Xforward) => tokens(line, |token| {
            token.split_once('=').map(|(name, _)| format!("{name}={VOLATILE}"))
        }),
        _ => tokens(line, size),
    }
}

/// The text of a reply without queue ids, message ids, dates, times and numbers: each word in which
/// a digit stands beside anything but the code. Host names and addresses of mail stay.
pub(super) fn reply(line: &str) -> String {
    let text = line.get(4..).unwrap_or_default();
    tokens(text, |token| {
        let is_host = token.contains('@') || looks_like_host(token);
        let is_id = token.chars().any(|c| c.is_ascii_digit()) && !is_host;
        (is_id || is_of_calendar(token)).then(|| VOLATILE.to_owned())
    })
}

/// `mail1.example.com`, but not `16:04:11` or `4.7.0` or `192.0.2.1`.
fn looks_like_host(token: &str) -> bool {
    let name = token.trim_matches(|c: char| !c.is_alphanumeric());
    let last = name.rsplit('.').next().unwrap_or_default();
    name.contains('.') && last.len() > 1 && last.chars().all(|c| c.is_ascii_alphabetic())
}

/// Names of days and months in dates (RFC 5322 §3.3).
fn is_of_calendar(token: &str) -> bool {
    const NAMES: &[&str] = &[
        "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun",
        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    NAMES.contains(&token.trim_end_matches(','))
}

/// A text without what has a digit in it: how long, how often, in which frame.
pub(super) fn numberless(text: &str) -> String {
    let has_digit = |token: &str| token.chars().any(|c| c.is_ascii_digit());
    tokens(text, |token| has_digit(token).then(|| VOLATILE.to_owned()))
}

fn size(token: &str) -> Option<String> {
    let (name, value) = token.split_once('=')?;
    let is_size = name.eq_ignore_ascii_case("SIZE") && value.bytes().all(|b| b.is_ascii_digit());
    is_size.then(|| format!("{name}={VOLATILE}"))
}

fn number(token: &str) -> Option<String> {
    token.bytes().all(|b| b.is_ascii_digit()).then(|| VOLATILE.to_owned())
}

fn tokens(line: &str, replaced: impl Fn(&str) -> Option<String>) -> String {
    let tokens = line.split(' ').map(|token| replaced(token).unwrap_or_else(|| token.to_owned()));
    tokens.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_dates_and_sizes_go_and_names_stay() {
        assert_eq!(reply("250 2.0.0 Ok: queued as 4LAB01"), "* Ok: queued as *");
        assert_eq!(
            reply("220 mx1.example.com ESMTP Sun, 22 Nov 2026 04:39:05 +0000"),
            "mx1.example.com ESMTP * * * * * *"
        );
        assert_eq!(reply("550 5.1.1 <b2@example.com>: unknown"), "* <b2@example.com>: unknown");
        assert_eq!(
            command("MAIL FROM:<a@b> SIZE=1547 BODY=8BITMIME", Some(&Verb::Mail)),
            "MAIL FROM:<a@b> SIZE=* BODY=8BITMIME"
        );
        assert_eq!(command("BDAT 86 LAST", Some(&Verb::Bdat)), "BDAT * LAST");
        assert_eq!(grease("GREASE (0x1A1A)"), grease("GREASE (0xFAFA)"));
    }
}
