//! What the numbers of a reply mean: enhanced status codes (RFC 3463 and IANA's registry "SMTP
//! Enhanced Status Codes"), and reply codes alone (RFC 5321 §4.2.3, RFC 4954 §6). Those that mean
//! one thing here and another there, 454 and 530, are left to their text.

use crate::report::exchange::ReplyReport;

/// Subject and detail of an enhanced status code: `5.7.1` is (7, 1).
pub(super) fn status(reply: &ReplyReport) -> Option<(u16, u16)> {
    let mut parts = reply.enhanced.as_deref()?.split('.').skip(1);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// What the reply's numbers mean, where they say more than that something was refused.
pub(super) fn meaning(reply: &ReplyReport) -> Option<String> {
    if let Some(status) = status(reply)
        && let Some(text) = by_status(status)
    {
        return Some(format!("{} is \"{text}\"", reply.enhanced.as_deref()?));
    }
    by_code(reply.code).map(|text| format!("{} is \"{text}\"", reply.code))
}

fn by_status(status: (u16, u16)) -> Option<&'static str> {
    let row = STATUS.binary_search_by_key(&status, |&(subject, detail, _)| (subject, detail));
    row.ok().and_then(|row| STATUS.get(row)).map(|row| row.2)
}

fn by_code(code: u16) -> Option<&'static str> {
    Some(match code {
        421 => "service not available, closing transmission channel",
        432 => "a password transition is needed",
        450 => "mailbox unavailable",
        451 => "local error in processing",
        452 => "insufficient system storage",
        455 => "server unable to accommodate parameters",
        500 => "syntax error, command unrecognized",
        501 => "syntax error in parameters or arguments",
        502 => "command not implemented",
        503 => "bad sequence of commands",
        504 => "command parameter not implemented",
        534 => "authentication mechanism is too weak",
        535 => "authentication credentials invalid",
        538 => "encryption required for requested authentication mechanism",
        550 => "mailbox unavailable",
        551 => "user not local",
        552 => "exceeded storage allocation",
        553 => "mailbox name not allowed",
        554 => "transaction failed",
        555 => "parameters not recognized or not implemented",
        556 => "domain does not accept mail",
        _ => return None,
    })
}

/// Subject, detail, text as registered. Those of detail 0 say no more than the reply does.
const STATUS: [(u16, u16, &str); 72] = [
    (1, 1, "bad destination mailbox address"),
    (1, 2, "bad destination system address"),
    (1, 3, "bad destination mailbox address syntax"),
    (1, 4, "destination mailbox address ambiguous"),
    (1, 5, "destination address valid"),
    (1, 6, "destination mailbox has moved, no forwarding address"),
    (1, 7, "bad sender's mailbox address syntax"),
    (1, 8, "bad sender's system address"),
    (1, 9, "message relayed to non-compliant mailer"),
    (1, 10, "recipient address has null MX"),
    (2, 1, "mailbox disabled, not accepting messages"),
    (2, 2, "mailbox full"),
    (2, 3, "message length exceeds administrative limit"),
    (2, 4, "mailing list expansion problem"),
    (3, 1, "mail system full"),
    (3, 2, "system not accepting network messages"),
    (3, 3, "system not capable of selected features"),
    (3, 4, "message too big for system"),
    (3, 5, "system incorrectly configured"),
    (3, 6, "requested priority was changed"),
    (4, 1, "no answer from host"),
    (4, 2, "bad connection"),
    (4, 3, "directory server failure"),
    (4, 4, "unable to route"),
    (4, 5, "mail system congestion"),
    (4, 6, "routing loop detected"),
    (4, 7, "delivery time expired"),
    (5, 1, "invalid command"),
    (5, 2, "syntax error"),
    (5, 3, "too many recipients"),
    (5, 4, "invalid command arguments"),
    (5, 5, "wrong protocol version"),
    (5, 6, "authentication exchange line is too long"),
    (6, 1, "media not supported"),
    (6, 2, "conversion required and prohibited"),
    (6, 3, "conversion required but not supported"),
    (6, 4, "conversion with loss performed"),
    (6, 5, "conversion failed"),
    (6, 6, "message content not available"),
    (6, 7, "non-ASCII addresses not permitted for that sender or recipient"),
    (6, 8, "UTF-8 string reply is required, but not permitted by the SMTP client"),
    (6, 9, "UTF-8 header message cannot be transferred to one or more recipients"),
    (7, 1, "delivery not authorized, message refused"),
    (7, 2, "mailing list expansion prohibited"),
    (7, 3, "security conversion required but not possible"),
    (7, 4, "security features not supported"),
    (7, 5, "cryptographic failure"),
    (7, 6, "cryptographic algorithm not supported"),
    (7, 7, "message integrity failure"),
    (7, 8, "authentication credentials invalid"),
    (7, 9, "authentication mechanism is too weak"),
    (7, 10, "encryption needed"),
    (7, 11, "encryption required for requested authentication mechanism"),
    (7, 12, "a password transition is needed"),
    (7, 13, "user account disabled"),
    (7, 14, "trust relationship required"),
    (7, 15, "priority level is too low"),
    (7, 16, "message is too big for the specified priority"),
    (7, 17, "mailbox owner has changed"),
    (7, 18, "domain owner has changed"),
    (7, 19, "RRVS test cannot be completed"),
    (7, 20, "no passing DKIM signature found"),
    (7, 21, "no acceptable DKIM signature found"),
    (7, 22, "no valid author-matched DKIM signature found"),
    (7, 23, "SPF validation failed"),
    (7, 24, "SPF validation error"),
    (7, 25, "reverse DNS validation failed"),
    (7, 26, "multiple authentication checks failed"),
    (7, 27, "sender address has null MX"),
    (7, 28, "mail flood detected"),
    (7, 29, "ARC validation failure"),
    (7, 30, "REQUIRETLS support required"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, enhanced: Option<&str>) -> ReplyReport {
        ReplyReport {
            code,
            enhanced: enhanced.map(str::to_owned),
            lines: Vec::new(),
            complete: true,
        }
    }

    #[test]
    fn the_enhanced_status_code_says_more_than_the_reply_code() {
        let meaning_of = |code, enhanced| meaning(&reply(code, enhanced));
        let refused = "5.7.1 is \"delivery not authorized, message refused\"";
        assert_eq!(meaning_of(550, Some("5.7.1")).as_deref(), Some(refused));
        let unavailable = "550 is \"mailbox unavailable\"";
        assert_eq!(meaning_of(550, None).as_deref(), Some(unavailable));
        assert_eq!(meaning_of(550, Some("5.0.0")).as_deref(), Some(unavailable));
        assert_eq!(meaning_of(599, None), None);
    }

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(STATUS.is_sorted_by_key(|&(subject, detail, _)| (subject, detail)));
    }
}
