//! What a session shows of STARTTLS that neither end said: hidden on the way, or not made use of.

use super::rules::inspected;
use crate::report::codes;
use crate::report::exchange::ConversationExchange;
use crate::report::findings::{Finding, finding};
use crate::report::session::SessionReport;
use crate::report::smtp::SmtpReport;
use crate::smtp::{StartTls, Verb};

/// Letters of STARTTLS. A mask has as many as what it hides; 8BITMIME and CHUNKING have eight too.
const MASKED: usize = 8;

pub(super) fn findings(session: &SessionReport) -> Vec<Finding> {
    let Some(smtp) = &session.smtp else { return Vec::new() };
    // What was not captured may hold the offer.
    let is_whole = session.tcp.lost_bytes.server == 0;
    let unoffered = accepted_unoffered(smtp).filter(|_| is_whole);
    masked_offer(smtp).into_iter().chain(unoffered).chain(not_begun(session)).collect()
}

/// Cisco's inspection overwrites what it does not know with X, in the EHLO reply and in commands.
fn masked_offer(smtp: &SmtpReport) -> Option<Finding> {
    if smtp.starttls != StartTls::NotOffered {
        return None;
    }
    let shown = |exchange: &ConversationExchange| {
        let lines = exchange.reply.iter().flat_map(|reply| &reply.lines);
        let keyword = lines.filter_map(|line| line.get(4..)).find(|text| is_masked(text));
        let command = exchange.verb.as_ref().map(Verb::name).filter(|verb| is_masked(verb));
        keyword.or(command).map(str::to_owned)
    };
    let (exchange, word) = smtp
        .exchanges
        .iter()
        .filter(|exchange| !exchange.encrypted)
        .find_map(|exchange| Some((exchange, shown(exchange)?)))?;
    let message = format!(
        "{word:?} stands where STARTTLS would, eight letters long: it was overwritten on the way"
    );
    Some(
        finding(codes::SMTP_STARTTLS_STRIPPED, message).at(exchange.reply_frame.or(exchange.frame)),
    )
}

fn is_masked(word: &str) -> bool {
    word.len() == MASKED && inspected::is_masked(word)
}

/// A server that takes STARTTLS offers it: the offer was cut out on the way.
fn accepted_unoffered(smtp: &SmtpReport) -> Option<Finding> {
    let place = smtp.exchanges.iter().position(is_accepted)?;
    let (before, _) = smtp.exchanges.split_at(place);
    let ehlo = before.iter().rfind(|exchange| exchange.verb == Some(Verb::Ehlo))?;
    let reply = ehlo.reply.as_ref().filter(|reply| reply.class() == 2)?;
    let offers = |line: &String| line.get(4..).is_some_and(|word| is_offer(word.trim()));
    if reply.lines.iter().any(offers) {
        return None;
    }
    let message = "the EHLO reply does not offer STARTTLS, and the server accepts it".to_owned();
    Some(finding(codes::SMTP_STARTTLS_STRIPPED, message).at(ehlo.reply_frame))
}

fn is_accepted(exchange: &ConversationExchange) -> bool {
    exchange.verb.as_ref().is_some_and(Verb::starts_tls)
        && exchange.reply.as_ref().is_some_and(|reply| reply.code == 220)
}

fn is_offer(keyword: &str) -> bool {
    Verb::of(keyword.as_bytes()).is_some_and(|verb| verb.starts_tls())
}

/// The server was ready for TLS, and what followed was nothing, or plain text.
fn not_begun(session: &SessionReport) -> Option<Finding> {
    let exchanges = &session.smtp.as_ref().filter(|_| session.tls.is_none())?.exchanges;
    let place = exchanges.iter().position(is_accepted)?;
    let goes_on = exchanges.len() > place + 1;
    let message = match goes_on {
        true => {
            "plain text goes on behind the 220 to STARTTLS: a tap that decrypts, or an end that ignores it"
        }
        false => "the server accepted STARTTLS, and TLS never began",
    };
    let mut found =
        finding(codes::SMTP_STARTTLS_NOT_BEGUN, message).at(exchanges.get(place)?.reply_frame);
    if goes_on {
        found.hint = Some("if the capture is of a decrypting proxy, all is well".to_owned());
    }
    Some(found)
}
