//! Lines of the wire blanked byte for byte, for captures that leave the house: names have no room for
//! pseudonyms there.
//!
//! Only what is known to name nobody stays: of the client's lines verbs and parameters, of the free text
//! of replies the words of a list.

use super::vocabulary::is_known;

/// Commands that stay readable with what follows them (RFC 5321 §4.1, RFC 3207, RFC 3030).
const PLAIN: [&str; 6] = ["DATA", "RSET", "QUIT", "STARTTLS", "BDAT", "NOOP"];

/// Commands that keep only their verb: what follows is a name, or may be one.
const NAMING: [&str; 11] = [
    "EHLO", "HELO", "LHLO", "VRFY", "EXPN", "HELP", "ETRN", "ATRN", "XCLIENT", "XFORWARD",
    "CONNECT",
];

/// Parameters of MAIL and RCPT whose values name nobody; all other values are blanked.
const HARMLESS: [&str; 8] =
    ["SIZE", "BODY", "RET", "NOTIFY", "SMTPUTF8", "REQUIRETLS", "HOLDFOR", "MT-PRIORITY"];

/// A line of the client.
#[must_use]
pub fn blank_command(line: &[u8]) -> Vec<u8> {
    let Some((text, end)) = readable(line) else { return blank_bytes(line) };
    let (verb, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
    let name = verb.to_ascii_uppercase();
    let is_harmless =
        |word: &str| word.bytes().all(|b| b.is_ascii_digit()) || word.eq_ignore_ascii_case("LAST");
    let rest = match name.as_str() {
        name if PLAIN.contains(&name) && rest.split(' ').all(is_harmless) => rest.to_owned(),
        name if PLAIN.contains(&name) || NAMING.contains(&name) => blank(rest),
        "MAIL" | "RCPT" => blank_path(rest),
        "AUTH" => blank_behind_first(rest),
        "PROXY" => blank_proxy(rest),
        _ => return blank_bytes(line),
    };
    [verb.as_bytes(), rest.as_bytes(), end.as_bytes()].concat()
}

/// A line of the server. `names_itself`: the first word of the text is the server's name
/// (RFC 5321 §4.2).
#[must_use]
pub fn blank_reply(line: &[u8], names_itself: bool) -> Vec<u8> {
    let Some((text, end)) = readable(line) else { return blank_bytes(line) };
    let is_reply = text.len() >= 3 && text.bytes().take(3).all(|b| b.is_ascii_digit());
    let Some((code, rest)) = text.split_at_checked(4.min(text.len())).filter(|_| is_reply) else {
        return blank_bytes(line);
    };
    let rest = match names_itself {
        // A challenge may hold a name, in base64 (RFC 2195 §2).
        _ if code.starts_with("334") => blank(rest),
        true if has_name(rest) => {
            let (name, rest) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
            blank(name) + &unknown_words_blanked(rest)
        }
        _ => unknown_words_blanked(rest),
    };
    [code.as_bytes(), rest.as_bytes(), end.as_bytes()].concat()
}

/// The same with an `x` for each letter and digit, in as many bytes.
fn blank(name: &str) -> String {
    let mut blank = String::with_capacity(name.len());
    for c in name.chars() {
        match c.is_ascii() && !c.is_ascii_alphanumeric() {
            true => blank.push(c),
            false => blank.extend(std::iter::repeat_n('x', c.len_utf8())),
        }
    }
    blank
}

/// Words parted by spaces, with their punctuation.
fn unknown_words_blanked(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace);
    words.map(|word| if is_known(word.trim()) { word.to_owned() } else { blank(word) }).collect()
}

/// Whether a reply's text begins with a name, and not with an enhanced code (RFC 2034 §4).
fn has_name(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default();
    first.chars().any(char::is_alphabetic)
}

/// A line of a body, or of what nobody knows: its end stays, and a dot ahead of all, which ends a body or
/// is stuffed (RFC 5321 §4.5.2).
#[must_use]
pub fn blank_bytes(line: &[u8]) -> Vec<u8> {
    let keeps = |(place, byte): (usize, &u8)| match byte {
        b'\r' | b'\n' => *byte,
        b'.' if place == 0 => *byte,
        _ => b'x',
    };
    line.iter().enumerate().map(keeps).collect()
}

/// Text and the line's end apart; none where a line is no text.
fn readable(line: &[u8]) -> Option<(&str, &str)> {
    let line = str::from_utf8(line).ok()?;
    let text = line.trim_end_matches(['\r', '\n']);
    let is_text = !text.chars().any(|c| c.is_control() && c != '\t');
    is_text.then(|| line.split_at(text.len()))
}

/// ` FROM:<path> parameters`.
fn blank_path(rest: &str) -> String {
    let (path, parameters) = rest.split_at(rest.find('>').map_or(rest.len(), |end| end + 1));
    let (word, path) = path.split_at(path.find(':').map_or(0, |colon| colon + 1));
    let is_known = matches!(word.trim_start().to_ascii_uppercase().as_str(), "FROM:" | "TO:");
    let word = if is_known { word.to_owned() } else { blank(word) };
    let parameters: Vec<_> = parameters.split(' ').map(blank_parameter).collect();
    word + &blank(path) + &parameters.join(" ")
}

fn blank_parameter(parameter: &str) -> String {
    let (keyword, value) = parameter.split_at(parameter.find('=').unwrap_or(parameter.len()));
    let is_harmless = HARMLESS.contains(&keyword.to_ascii_uppercase().as_str());
    let is_keyword = keyword.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match (is_harmless, is_keyword && !value.is_empty()) {
        (true, _) => parameter.to_owned(),
        (false, true) => keyword.to_owned() + &blank(value),
        (false, false) => blank(parameter),
    }
}

/// The family becomes one behind which nothing is read (proxy-protocol.txt §2.1).
fn blank_proxy(rest: &str) -> String {
    const UNKNOWN: &str = " UNKNOWN ";
    let Some(left) = rest.len().checked_sub(UNKNOWN.len()) else { return blank(rest) };
    UNKNOWN.to_owned() + &"x".repeat(left)
}

/// The mechanism stays.
fn blank_behind_first(rest: &str) -> String {
    let words = rest.trim_start();
    let start = rest.len() - words.len();
    let end = words.find(' ').map_or(rest.len(), |space| start + space);
    rest[..end].to_owned() + &blank(&rest[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_commands_only_what_names_nobody_stays() {
        for (line, safe) in [
            ("EHLO client.example.org\r\n", "EHLO xxxxxx.xxxxxxx.xxx\r\n"),
            (
                "MAIL FROM:<a.b@example.org> SIZE=12 BODY=8BITMIME AUTH=c@d.de\r\n",
                "MAIL FROM:<x.x@xxxxxxx.xxx> SIZE=12 BODY=8BITMIME AUTH=x@x.xx\r\n",
            ),
            (
                "rcpt to:<bob@example.com> NOTIFY=NEVER\n",
                "rcpt to:<xxx@xxxxxxx.xxx> NOTIFY=NEVER\n",
            ),
            ("MAIL FROM:<>\r\n", "MAIL FROM:<>\r\n"),
            ("BDAT 86 LAST\r\n", "BDAT 86 LAST\r\n"),
            ("QUIT bob\r\n", "QUIT xxx\r\n"),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY UNKNOWN xxxxxxxxxxxxxxxxxxxx\r\n"),
            ("AUTH PLAIN ******\r\n", "AUTH PLAIN ******\r\n"),
            ("AUTH LOGIN Ym9i\r\n", "AUTH LOGIN xxxx\r\n"),
            ("Dear Bob,\r\n", "xxxxxxxxx\r\n"),
            ("Mail me, Bob\r\n", "Mail xx, xxx\r\n"),
            (".\r\n", ".\r\n"),
            ("\0\x01\x02 a\r\n", "xxxxx\r\n"),
        ] {
            let blanked = blank_command(line.as_bytes());
            assert_eq!(String::from_utf8(blanked).unwrap(), safe, "{line}");
        }
    }

    #[test]
    fn names_in_replies_are_blanked_at_the_same_length() {
        for (line, names_itself, safe) in [
            ("220 mailhost ESMTP Postfix\r\n", true, "220 xxxxxxxx ESMTP Postfix\r\n"),
            ("554 5.7.1 mailhost.de\r\n", true, "554 5.7.1 xxxxxxxx.xx\r\n"),
            ("250 2.1.5 Ok\r\n", false, "250 2.1.5 Ok\r\n"),
            ("250-SIZE 10240000\r\n", false, "250-SIZE 10240000\r\n"),
            ("550 5.1.1 <bob@example.com> no\r\n", false, "550 5.1.1 <xxx@xxxxxxx.xxx> no\r\n"),
            ("554 [10.0.0.1] blocked\r\n", false, "554 [xx.x.x.x] blocked\r\n"),
            ("550 5.1.1 bob... User unknown\r\n", false, "550 5.1.1 xxx... User unknown\r\n"),
            ("250 Ok: queued as 4LAB01\r\n", false, "250 Ok: queued as xxxxxx\r\n"),
            ("334 VXNlcm5hbWU6\r\n", false, "334 xxxxxxxxxxxx\r\n"),
            ("no reply at all\r\n", false, "xxxxxxxxxxxxxxx\r\n"),
            ("221\r\n", false, "221\r\n"),
        ] {
            let blanked = blank_reply(line.as_bytes(), names_itself);
            assert_eq!(String::from_utf8(blanked).unwrap(), safe, "{line}");
        }
    }
}
