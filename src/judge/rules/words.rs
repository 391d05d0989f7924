//! What a side says that the other has not offered or cannot understand.

use crate::report::codes;
use crate::report::exchange::ConversationExchange;
use crate::report::findings::{Finding, finding};
use crate::report::session::SessionReport;
use crate::report::smtp::SmtpReport;
use crate::smtp::Verb;

pub(super) fn findings(session: &SessionReport) -> Vec<Finding> {
    let Some(smtp) = &session.smtp else { return Vec::new() };
    [beyond_ascii(smtp), starttls_inside(smtp)].into_iter().flatten().collect()
}

/// Addresses in UTF-8 need SMTPUTF8, offered by the server and asked for at MAIL (RFC 6531 §3.1, §3.4).
fn beyond_ascii(smtp: &SmtpReport) -> Option<Finding> {
    let is_path =
        |exchange: &ConversationExchange| matches!(exchange.verb, Some(Verb::Mail | Verb::Rcpt));
    let wide = smtp.exchanges.iter().find(|exchange| {
        is_path(exchange) && exchange.command.as_ref().is_some_and(|command| !command.is_ascii())
    })?;
    let asked = smtp.exchanges.iter().any(|exchange| {
        let parameters = exchange.command.as_deref().unwrap_or_default().to_ascii_uppercase();
        exchange.verb == Some(Verb::Mail)
            && parameters.split_ascii_whitespace().any(|word| word == "SMTPUTF8")
    });
    let is_offered = smtp.extensions.iter().any(|word| word.eq_ignore_ascii_case("SMTPUTF8"));
    let fault = match (is_offered, asked) {
        (true, true) => return None,
        (true, false) => "the client did not ask for SMTPUTF8 at MAIL",
        (false, _) => "the server does not offer SMTPUTF8",
    };
    let message = format!(
        "{} has an address with letters beyond ASCII, and {fault}",
        wide.command.as_deref().unwrap_or_default()
    );
    Some(finding(codes::SMTP_SMTPUTF8_MISSING, message).at(wide.frame))
}

/// STARTTLS inside TLS (RFC 3207 §4.2: the server must not offer it there).
fn starttls_inside(smtp: &SmtpReport) -> Option<Finding> {
    let asked = smtp
        .exchanges
        .iter()
        .find(|exchange| exchange.encrypted && exchange.verb == Some(Verb::StartTls))?;
    let message = "the client asks for STARTTLS inside TLS";
    Some(finding(codes::SMTP_STARTTLS_INSIDE_TLS, message).at(asked.frame))
}
