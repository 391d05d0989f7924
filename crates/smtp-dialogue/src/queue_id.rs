//! The name a server gives a message, from the words of its final reply. Each MTA has its own.

use super::reply::Reply;

/// The queue id, if the reply tells one in a form that is known.
pub(super) fn queue_id(reply: &Reply) -> Option<String> {
    if !reply.is_positive() {
        return None;
    }
    let text = reply.texts().collect::<Vec<_>>().join(" ");
    [postfix, exim, exchange, sendmail, gmail, qmail, cisco, ses]
        .iter()
        .find_map(|read| read(&text))
}

/// `2.0.0 Ok: queued as 4LAB01`. A content filter quotes the next hop's words, so the last counts.
fn postfix(text: &str) -> Option<String> {
    word_after(text, "queued as ")
}

/// `OK id=1qXyZ-0001Ab-2C`.
fn exim(text: &str) -> Option<String> {
    word_after(text, " id=")
}

/// `2.6.0 <id@host> [InternalId=1234, Hostname=mx.example.com] Queued mail for delivery`.
fn exchange(text: &str) -> Option<String> {
    word_after(text, "[InternalId=")
}

/// `2.0.0 x8QAb1cd012345 Message accepted for delivery`; OpenSMTPD has the same words.
fn sendmail(text: &str) -> Option<String> {
    let (before, _) = text.split_once(" Message accepted for delivery")?;
    before.split_whitespace().last().map(str::to_owned)
}

/// `2.0.0 OK  1699999999 a1-20020a05.123 - gsmtp`.
fn gmail(text: &str) -> Option<String> {
    text.trim_end().strip_suffix(" - gsmtp")?.split_whitespace().last().map(str::to_owned)
}

/// `ok 1699999999 qp 12345`.
fn qmail(text: &str) -> Option<String> {
    let (time, pid) = text.strip_prefix("ok ")?.split_once(" qp ")?;
    Some(format!("{time} qp {pid}"))
}

/// `ok:  Message 1234567 accepted`.
fn cisco(text: &str) -> Option<String> {
    let id = text.strip_prefix("ok:")?.trim_start().strip_prefix("Message ")?;
    id.trim_end().strip_suffix(" accepted").map(str::to_owned)
}

/// `Ok 0100018c1a2b3c4d-...-000000`: Amazon SES gives the message id alone.
fn ses(text: &str) -> Option<String> {
    let id = text.strip_prefix("Ok ")?.trim_end();
    let is_id = id.len() >= 20 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_id.then(|| id.to_owned())
}

fn word_after(text: &str, mark: &str) -> Option<String> {
    let (_, rest) = text.rsplit_once(mark)?;
    let word = rest.split(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | ';')).next()?;
    (!word.is_empty()).then(|| word.trim_end_matches(['.', ')']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::tests::reply;

    #[test]
    fn the_words_of_the_usual_servers_are_understood() {
        let known = [
            ("250 2.0.0 Ok: queued as 4LAB01", "4LAB01"),
            ("250 2.0.0 Ok: 50060 bytes queued as 33CD7520117", "33CD7520117"),
            ("250 2.0.0 from MTA(smtp:[::1]:10025): 250 2.0.0 Ok: queued as 4F2", "4F2"),
            ("250 OK id=1qXyZ-0001Ab-2C", "1qXyZ-0001Ab-2C"),
            ("250 2.0.0 x8QAb1cd012345 Message accepted for delivery", "x8QAb1cd012345"),
            ("250 2.6.0 <a@b> [InternalId=77, Hostname=h] Queued mail for delivery", "77"),
            ("250 2.0.0 OK  1699999999 a1-20020a05.123 - gsmtp", "a1-20020a05.123"),
            ("250 2.0.0 8a3d9f2b Message accepted for delivery", "8a3d9f2b"),
            ("250 ok:  Message 1234567 accepted", "1234567"),
            ("250 ok 1699999999 qp 12345", "1699999999 qp 12345"),
            ("250 Ok 0100018c1a2b3c4d-5e6f7a8b-000000", "0100018c1a2b3c4d-5e6f7a8b-000000"),
        ];
        for (line, id) in known {
            assert_eq!(queue_id(&reply(&[line])).as_deref(), Some(id), "{line}");
        }
    }

    #[test]
    fn a_refusal_and_unknown_words_have_no_queue_id() {
        for line in ["550 5.7.1 queued as nothing", "250 2.0.0 Ok", "250 Ok thanks", "250"] {
            assert_eq!(queue_id(&reply(&[line])), None, "{line}");
        }
    }
}
