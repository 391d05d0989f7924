//! The name a server gives a message, from the words of its final reply. Each MTA has its own.

use super::reply::Reply;

/// The queue id, if the reply tells one in a form that is known.
pub(super) fn queue_id(reply: &Reply) -> Option<String> {
    if !reply.is_positive() {
        return None;
    }
    let text = reply.texts().collect::<Vec<_>>().join(" ");
    let readers = [queued, exim, exchange, sendmail, gmail, qmail, cisco, icewarp, haraka, courier]
        .into_iter()
        .chain([lmtp, cyrus, mimecast, momentum, oracle, ses]);
    readers.into_iter().find_map(|read| read(&text))
}

/// `2.0.0 Ok: queued as 4LAB01` (Postfix, MailHog, Mailpit, ZoneMTA), `Message queued with id 1a2b.`
/// (Stalwart), `queued on mx.example.com as 17-AbC` (Yandex). A content filter quotes the next hop's
/// words, so the last counts.
fn queued(text: &str) -> Option<String> {
    let (_, behind) = behind_last(text, "queued ")?;
    let mut words = behind.split_whitespace();
    match words.next()?.to_ascii_lowercase().as_str() {
        "as" => id(words.next()?),
        "with" => {
            words.next().filter(|word| word.eq_ignore_ascii_case("id")).and(id(words.next()?))
        }
        "on" => words.nth(1).filter(|word| word.eq_ignore_ascii_case("as")).and(id(words.next()?)),
        _ => None,
    }
}

/// `OK id=1qXyZ-0001Ab-2C`; since 4.97 `1qXyZ-00000000ABC-0xyz`.
fn exim(text: &str) -> Option<String> {
    word_behind(text, " id=")
}

/// `2.6.0 <id@host> [InternalId=1234, Hostname=mx.example.com] Queued mail for delivery`.
fn exchange(text: &str) -> Option<String> {
    word_behind(text, "[InternalId=")
}

/// `2.0.0 x8QAb1cd012345 Message accepted for delivery`; OpenSMTPD, Proofpoint, Kerio and
/// CommuniGate have the same words.
fn sendmail(text: &str) -> Option<String> {
    let (before, _) = behind_last(text, " message accepted for delivery")?;
    let word = before.split_whitespace().last()?;
    let is_hex = word.len() >= 8 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let is_word = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let has_digit = word.bytes().any(|b| b.is_ascii_digit());
    (is_word && (has_digit || is_hex)).then(|| word.to_owned())
}

/// `2.0.0 OK  1699999999 a1-20020a05.123 - gsmtp`; the end was not always there.
fn gmail(text: &str) -> Option<String> {
    let text = text.trim_end();
    let words = text.strip_suffix(" - gsmtp").unwrap_or(text);
    let [.., "OK", time, id] = words.split_whitespace().collect::<Vec<_>>()[..] else {
        return None;
    };
    is_unix_time(time).then(|| id.to_owned())
}

/// `ok 1699999999 qp 12345`: qmail's log names the message by the process that queued it.
fn qmail(text: &str) -> Option<String> {
    let (before, behind) = text.split_once(" qp ")?;
    let time = before.split_whitespace().last()?;
    let pid = behind.split_whitespace().next()?;
    let is_pid = pid.bytes().all(|b| b.is_ascii_digit());
    (is_unix_time(time) && is_pid).then(|| pid.to_owned())
}

/// `ok:  Message 1234567 accepted`.
fn cisco(text: &str) -> Option<String> {
    let id = text.strip_prefix("ok:")?.trim_start().strip_prefix("Message ")?;
    id.trim_end().strip_suffix(" accepted").map(str::to_owned)
}

/// `2.6.0 1234 bytes received in 00:00:01; Message id F1XYZ123 accepted for delivery`.
fn icewarp(text: &str) -> Option<String> {
    text.contains("accepted for delivery").then(|| word_behind(text, "; Message id ")).flatten()
}

/// `Message Queued (F1C2E3D4-A5B6-47C8-9D0E-1F2A3B4C5D6E.1)`: Haraka puts the transaction's UUID
/// behind whatever the queue said.
fn haraka(text: &str) -> Option<String> {
    let (_, id) = text.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let uuid = id.split('.').next()?;
    let lengths = uuid.split('-').map(str::len);
    let is_hex = uuid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    (is_hex && lengths.eq([8, 4, 4, 4, 12])).then(|| id.to_owned())
}

/// `Ok. 0000000000001234.0000000065530000.00000ABC`: inode, time and process.
fn courier(text: &str) -> Option<String> {
    let id = text.strip_prefix("Ok. ")?.trim_end();
    let is_hex = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit());
    (id.split('.').count() == 3 && id.split('.').all(is_hex)).then(|| id.to_owned())
}

/// `2.0.0 <user@example.com> aBcDeFgHiJkL Saved`: Dovecot names the session and the delivery.
fn lmtp(text: &str) -> Option<String> {
    let [.., recipient, id, "Saved"] = text.split_whitespace().collect::<Vec<_>>()[..] else {
        return None;
    };
    (recipient.starts_with('<') && recipient.ends_with('>')).then(|| id.to_owned())
}

/// `2.1.5 Ok SESSIONID=<mx-123-1699999999-1-456>`.
fn cyrus(text: &str) -> Option<String> {
    word_behind(text, "SESSIONID=<")
}

/// `... Received OK [AbCdEfGhIjKl.uk1]`.
fn mimecast(text: &str) -> Option<String> {
    word_behind(text, " Received OK [")
}

/// `2.0.0 OK A1/B2-12345-67890ABC`.
fn momentum(text: &str) -> Option<String> {
    let (_, id) = text.trim_end().rsplit_once("OK ")?;
    let (host, rest) = id.split_once('/')?;
    let is_hex = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit());
    let is_id = is_hex(host) && rest.split('-').count() == 3 && rest.split('-').all(is_hex);
    is_id.then(|| id.to_owned())
}

/// `2.5.0 Ok, envelope id 0ABC00XYZ@mail.example.com`.
fn oracle(text: &str) -> Option<String> {
    word_behind(text, "envelope id ")
}

/// `Ok 0100018c1a2b3c4d-...-000000`: Amazon SES gives the message id alone.
fn ses(text: &str) -> Option<String> {
    let id = text.strip_prefix("Ok ")?.trim_end();
    let is_id = id.len() >= 20 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_id.then(|| id.to_owned())
}

fn is_unix_time(word: &str) -> bool {
    word.len() == 10 && word.bytes().all(|b| b.is_ascii_digit())
}

/// What stands ahead of a mark and behind it; the mark may be in capitals.
fn behind_last<'t>(text: &'t str, mark: &str) -> Option<(&'t str, &'t str)> {
    let start = text.to_ascii_lowercase().rfind(mark)?;
    Some((text.get(..start)?, text.get(start.saturating_add(mark.len())..)?))
}

fn word_behind(text: &str, mark: &str) -> Option<String> {
    let (_, rest) = text.rsplit_once(mark)?;
    id(rest.split(|c: char| c.is_whitespace() || ",];>".contains(c)).next()?)
}

/// Without the marks that a sentence puts around a word.
fn id(word: &str) -> Option<String> {
    let word = word.trim_start_matches('<').trim_end_matches(['.', ',', ';', ')', ']', '>']);
    (!word.is_empty()).then(|| word.to_owned())
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
            ("250 ok 1699999999 qp 12345", "12345"),
            ("250 ok 1699999999 qp 77 server-1.example.com!1699999999!77!1", "77"),
            ("250 Queued! 1699999999 qp 12345 <a@b>", "12345"),
            ("250 Ok: queued as AbC_d-1=@mailhog.example", "AbC_d-1=@mailhog.example"),
            ("250 Mail OK queued as smtp1,RMCowA3.4S2 1699999999", "smtp1,RMCowA3.4S2"),
            ("250 2.0.0 Ok: queued on mx1.example.com as 17-AbC", "17-AbC"),
            ("250 2.0.0 Message queued with id 1a2b3c4d5e6f.", "1a2b3c4d5e6f"),
            ("250 OK id=1rHqpB-00000000ABC-0xyz", "1rHqpB-00000000ABC-0xyz"),
            ("250 Requested mail action okay, completed: id=1M-1a-00A", "1M-1a-00A"),
            ("250 2.0.0: abcdefab Message accepted for delivery", "abcdefab"),
            ("250 12345678 message accepted for delivery", "12345678"),
            ("250 2.0.0 OK 1269459233 35si1234567", "35si1234567"),
            (
                "250 Message Queued (F1C2E3D4-A5B6-47C8-9D0E-1F2A3B4C5D6E.1)",
                "F1C2E3D4-A5B6-47C8-9D0E-1F2A3B4C5D6E.1",
            ),
            (
                "250 Ok. 0000000000001234.0000000065530000.00000ABC",
                "0000000000001234.0000000065530000.00000ABC",
            ),
            ("250 2.0.0 <b@example.com> aBc+DeF:2 Saved", "aBc+DeF:2"),
            ("250 2.1.5 Ok SESSIONID=<mx-123-1699999999-1-456>", "mx-123-1699999999-1-456"),
            ("250 SmtpThread-1@x.lan Received OK [AbCdEfGh.uk1]", "AbCdEfGh.uk1"),
            ("250 2.0.0 OK A1/B2-12345-67890ABC", "A1/B2-12345-67890ABC"),
            ("250 2.5.0 Ok, envelope id 0ABC00XYZ@mail.example.com", "0ABC00XYZ@mail.example.com"),
            (
                "250 2.6.0 12 bytes received in 00:00:01; Message id F1X accepted for delivery",
                "F1X",
            ),
            ("250 Ok 0100018c1a2b3c4d-5e6f7a8b-000000", "0100018c1a2b3c4d-5e6f7a8b-000000"),
        ];
        for (line, id) in known {
            assert_eq!(queue_id(&reply(&[line])).as_deref(), Some(id), "{line}");
        }
    }

    #[test]
    fn a_refusal_and_unknown_words_have_no_queue_id() {
        for line in [
            "550 5.7.1 queued as nothing",
            "250 2.0.0 Ok",
            "250 Ok thanks",
            "250",
            "250 2.0.0 OK: queued",
            "250 2.0.0 Message accepted for delivery",
            "250 Ok: Message accepted for delivery",
            "250 Queued (0.123 seconds)",
            "250 2.6.0 <a@b> Queued mail for delivery",
            "250 Ok, message saved <Message-ID: a@b>",
            "250 ok dirdel",
        ] {
            assert_eq!(queue_id(&reply(&[line])), None, "{line}");
        }
    }
}
