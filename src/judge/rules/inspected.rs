//! A firewall on the way rewrites what is said: Cisco's inspection of SMTP (PIX and ASA `fixup protocol
//! smtp`, `inspect esmtp`) overwrites the banner with asterisks, and words that it does not know with X.

use crate::report::codes;
use crate::report::exchange::ConversationExchange;
use crate::report::findings::{Finding, finding};
use crate::report::session::SessionReport;
use crate::report::smtp::SmtpReport;

/// Words of fewer letters are no masks: `X`, `XXL`.
const LEAST: usize = 4;

/// So many asterisks are no decoration of a banner.
const STARS: usize = 8;

pub(super) fn finding_in(session: &SessionReport) -> Option<Finding> {
    let smtp = session.smtp.as_ref()?;
    let banner = smtp.greeting.as_ref().filter(|greeting| is_starred(&greeting.text));
    let banner = banner.map(|_| "the banner behind 220 is overwritten with asterisks".to_owned());
    let (word, frame) = masked(smtp).unzip();
    let word = word.map(|word| {
        format!("{word:?} stands in place of a keyword or command, masked letter by letter")
    });
    let frame = frame.or_else(|| smtp.exchanges.first().map(|first| first.reply_frame)).flatten();
    let seen: Vec<_> = banner.into_iter().chain(word).collect();
    (!seen.is_empty()).then(|| {
        let message = format!("a firewall on the way rewrites SMTP: {}", seen.join("; "));
        finding(codes::SMTP_INSPECTED, message).at(frame)
    })
}

/// The first masked words outside TLS, and the frame of the first.
fn masked(smtp: &SmtpReport) -> Option<(Vec<String>, Option<u64>)> {
    let outside = smtp.exchanges.iter().filter(|exchange| !exchange.encrypted);
    let mut words = Vec::new();
    let mut frame = None;
    for exchange in outside {
        let found = masked_words(exchange);
        if !found.is_empty() && frame.is_none() {
            frame = exchange.reply_frame.or(exchange.frame);
        }
        words.extend(found);
    }
    words.truncate(4);
    (!words.is_empty()).then_some((words, frame))
}

/// Keywords of an EHLO reply, and the verb of a command, that are nothing but a mask.
fn masked_words(exchange: &ConversationExchange) -> Vec<String> {
    let lines = exchange.reply.iter().flat_map(|reply| reply.lines.iter().skip(1));
    let keywords = lines.filter_map(|line| line.get(4..)?.split(' ').next().map(str::to_owned));
    let verb = exchange.verb.as_ref().map(|verb| verb.name().to_owned());
    keywords.chain(verb).filter(|word| is_masked(word)).collect()
}

/// X for each letter; some boxes leave the last one, or put another in its place.
pub(in crate::judge) fn is_masked(word: &str) -> bool {
    let xs = word.bytes().take_while(|byte| *byte == b'X').count();
    word.len() >= LEAST
        && xs + 1 >= word.len()
        && word.bytes().all(|b| b.is_ascii_uppercase())
        && xs + 1 >= LEAST
}

fn is_starred(text: &str) -> bool {
    let stars = text.bytes().filter(|byte| *byte == b'*').count();
    let rest = text.bytes().filter(|byte| !matches!(byte, b'*' | b'0' | b'2' | b' ')).count();
    stars >= STARS && rest <= stars / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_told_from_words() {
        for word in ["XXXX", "XXXXXXXX", "XXXXXXXA", "XXXB", "XXXXXXXXXX"] {
            assert!(is_masked(word), "{word}");
        }
        for word in ["XEXCH50", "X-EXPS", "XXL", "XXXb", "EHLO", "XCLIENT"] {
            assert!(!is_masked(word), "{word}");
        }
    }

    #[test]
    fn a_banner_of_asterisks_is_told_from_a_decorated_one() {
        assert!(is_starred("************************0*2******200**********0*00"));
        assert!(!is_starred("*** mail.example.com ESMTP *** no spam ***"));
    }
}
