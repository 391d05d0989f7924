//! Command lines (RFC 5321 §4.1 and the extensions that add verbs).

use std::collections::BTreeMap;

use super::verb::{MAX_VERB, Verb};

/// The path of MAIL or RCPT, and what stands behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path {
    /// Without brackets and source route.
    pub(super) address: String,
    pub(super) parameters: Parameters,
}

/// Extension parameters of MAIL and RCPT (RFC 5321 §4.1.2), keywords in capitals, values as sent.
/// SIZE (RFC 1870), BODY (RFC 6152, 3030), SMTPUTF8 (RFC 6531), RET, ENVID, NOTIFY and ORCPT (RFC
/// 3461), BY (RFC 2852), REQUIRETLS (RFC 8689), AUTH (RFC 4954) and any other.
pub type Parameters = BTreeMap<String, Option<String>>;

/// What a command asks for, as far as the dialogue depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Hello {
        verb: Verb,
        name: String,
    },
    /// STARTTLS, and Exchange's own X-ANONYMOUSTLS.
    StartTls,
    /// AUTH, and Exchange's own X-EXPS. `secret_at` is where the initial response begins.
    Auth {
        mechanism: String,
        secret_at: Option<usize>,
    },
    Mail(Path),
    Rcpt(Path),
    Data,
    Bdat {
        size: u64,
        last: bool,
    },
    /// Exchange's XEXCH50: so many bytes follow when the server has said 354.
    Blob {
        size: u64,
    },
    /// A BDAT whose size cannot be read.
    MalformedBdat,
    /// RSET, and XCLIENT, after which all begins anew.
    Reset,
    Quit,
    Other,
}

/// The verb of a line: the letters before the first space.
pub(super) fn verb(line: &[u8]) -> Option<Verb> {
    let word = first_word(line);
    // `AUTH=PLAIN ...` is an old form that some clients still use.
    Verb::of(if starts_with(word, b"AUTH=") { b"AUTH" } else { word })
}

/// Whether a line begins with a verb known by name.
pub(super) fn is_known(line: &[u8]) -> bool {
    verb(line).is_some_and(|verb| !matches!(verb, Verb::Other(_) | Verb::Message))
}

/// Whether a line that comes after a gap is a command, not text of a body that has one's letters.
pub(super) fn is_certain(line: &[u8]) -> bool {
    let rest = arguments(line);
    match verb(line) {
        Some(Verb::Data | Verb::Rset | Verb::Quit | Verb::StartTls | Verb::XAnonymousTls) => {
            rest.is_empty()
        }
        Some(Verb::Mail) => starts_with(rest, b"FROM:"),
        Some(Verb::Rcpt) => starts_with(rest, b"TO:"),
        Some(Verb::Bdat) => matches!(parse(line), Command::Bdat { .. }),
        Some(Verb::Help | Verb::Send | Verb::Turn | Verb::Proxy) => false,
        _ => is_known(line) && first_word(line).iter().all(u8::is_ascii_uppercase),
    }
}

/// Reads a command line; what cannot be read is [`Command::Other`].
pub(super) fn parse(line: &[u8]) -> Command {
    let rest = arguments(line);
    let Some(verb) = verb(line) else { return Command::Other };
    match verb {
        Verb::Ehlo | Verb::Helo | Verb::Lhlo => hello(verb, rest),
        Verb::StartTls | Verb::XAnonymousTls => Command::StartTls,
        Verb::Auth | Verb::XExps => auth(line),
        Verb::Mail => path(rest, b"FROM").map_or(Command::Other, Command::Mail),
        Verb::Rcpt => path(rest, b"TO").map_or(Command::Other, Command::Rcpt),
        Verb::Data => Command::Data,
        Verb::Bdat => bdat(rest).unwrap_or(Command::MalformedBdat),
        Verb::Xexch50 => blob(rest).unwrap_or(Command::Other),
        Verb::Rset | Verb::Xclient => Command::Reset,
        Verb::Quit => Command::Quit,
        _ => Command::Other,
    }
}

fn hello(verb: Verb, rest: &[u8]) -> Command {
    Command::Hello { verb, name: String::from_utf8_lossy(rest).into_owned() }
}

/// RFC 4954 §4. All behind the mechanism counts as secret, and so does a mechanism that cannot be
/// one (RFC 4422 §3.1): a user may have typed a password there.
fn auth(line: &[u8]) -> Command {
    let (mechanism, end) = match word_at(line, end_of_auth(line)) {
        None => (&[][..], line.len()),
        Some((start, word)) if !is_mechanism(word) => (&[][..], start),
        Some((start, word)) => (word, start.saturating_add(word.len())),
    };
    // `=` stands for an empty initial response: there is nothing to hide.
    let secret_at = word_at(line, end).filter(|(_, word)| *word != b"=").map(|(start, _)| start);
    Command::Auth { mechanism: String::from_utf8_lossy(mechanism).to_ascii_uppercase(), secret_at }
}

/// Names of SASL mechanisms that a misspelt AUTH has behind it.
const MECHANISMS: [&str; 12] = [
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "DIGEST-MD5",
    "NTLM",
    "GSSAPI",
    "XOAUTH2",
    "OAUTHBEARER",
    "EXTERNAL",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1-PLUS",
];

/// Where a secret begins in a line that is no AUTH: one that is misspelt, the PASS and LOGIN of other
/// protocols, XCLIENT's password, the URL of BURL (RFC 4468 section 3.2), which may hold one.
pub(super) fn secret_at(line: &[u8]) -> Option<usize> {
    let (start, word) = word_at(line, 0)?;
    let behind = start.saturating_add(word.len());
    let (argument_at, argument) = word_at(line, behind)?;
    let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    if is("PASS") || is("PASSWD") || is("PASSWORD") || is("LOGIN") || is("BURL") {
        return Some(argument_at);
    }
    if is("XCLIENT") {
        return password_at(line);
    }
    if is_known(line) {
        return None;
    }
    let names_mechanism =
        MECHANISMS.iter().any(|name| argument.eq_ignore_ascii_case(name.as_bytes()));
    if names_mechanism {
        let end = argument_at.saturating_add(argument.len());
        return word_at(line, end).map(|(at, _)| at);
    }
    resembles_auth(word).then_some(argument_at)
}

/// The value of `PASSWORD=`, and all behind it.
fn password_at(line: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"PASSWORD=";
    let at = line.windows(NAME.len()).position(|part| part.eq_ignore_ascii_case(NAME))?;
    Some(at.saturating_add(NAME.len()))
}

/// AUTH with a letter too many, too few, another, or two of them swapped.
fn resembles_auth(word: &[u8]) -> bool {
    const AUTH: &[u8] = b"AUTH";
    let word = word.to_ascii_uppercase();
    let common = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let front = common(&word, AUTH);
    let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<_>>();
    let back = common(&reversed(&word), &reversed(AUTH));
    let is_swapped = word.len() == AUTH.len() && {
        let (mut left, mut right) = (word.clone(), AUTH.to_vec());
        left.sort_unstable();
        right.sort_unstable();
        left == right
    };
    let same = front.saturating_add(back);
    is_swapped
        || match word.len() {
            3 | 4 => same >= 3,
            5 => same >= AUTH.len(),
            _ => false,
        }
}

fn is_mechanism(word: &[u8]) -> bool {
    let is_letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    word.len() <= MAX_VERB && word.iter().all(is_letter)
}

fn end_of_auth(line: &[u8]) -> usize {
    let Some((start, word)) = word_at(line, 0) else { return line.len() };
    let len = if starts_with(word, b"AUTH=") { b"AUTH=".len() } else { word.len() };
    start.saturating_add(len)
}

/// RFC 3030 §2: `BDAT <size> [LAST]`.
fn bdat(rest: &[u8]) -> Option<Command> {
    let rest = std::str::from_utf8(rest).ok()?;
    let mut words = rest.split_ascii_whitespace();
    let size = words.next()?;
    if !size.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let last = words.next();
    // A server that does not understand the line takes no chunk behind it.
    if last.is_some_and(|word| !word.eq_ignore_ascii_case("LAST")) || words.next().is_some() {
        return None;
    }
    Some(Command::Bdat { size: size.parse().ok()?, last: last.is_some() })
}

/// `XEXCH50 <size> <version>` of Exchange 2000 to 2010.
fn blob(rest: &[u8]) -> Option<Command> {
    let size = std::str::from_utf8(first_word(rest)).ok()?.parse().ok()?;
    Some(Command::Blob { size })
}

/// `FROM:<path> parameters` or `TO:<path> parameters` (RFC 5321 §4.1.2); colon and brackets may be
/// missing, as servers forgive.
fn path(rest: &[u8], keyword: &[u8]) -> Option<Path> {
    if !starts_with(rest, keyword) {
        return None;
    }
    let rest = rest.get(keyword.len()..)?;
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(b":").unwrap_or(rest).trim_ascii_start();
    let (address, behind) = match rest.strip_prefix(b"<") {
        Some(inner) => {
            let (path, behind) = inner.split_at_checked(closing_bracket(inner))?;
            (without_route(path), behind.get(1..).unwrap_or_default())
        }
        None => (first_word(rest), arguments(rest)),
    };
    let address = String::from_utf8_lossy(address).into_owned();
    Some(Path { address, parameters: parameters(behind) })
}

fn parameters(behind: &[u8]) -> Parameters {
    let behind = String::from_utf8_lossy(behind);
    let parameter = |word: &str| match word.split_once('=') {
        Some((keyword, value)) => (keyword.to_ascii_uppercase(), Some(value.to_owned())),
        None => (word.to_ascii_uppercase(), None),
    };
    behind.split_ascii_whitespace().map(parameter).collect()
}

/// Where the path ends: the first `>` outside a quoted string.
fn closing_bracket(inner: &[u8]) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    let is_end = |&b: &u8| {
        let was_escaped = escaped;
        escaped = quoted && !was_escaped && b == b'\\';
        quoted ^= b == b'"' && !was_escaped;
        b == b'>' && !quoted
    };
    inner.iter().position(is_end).unwrap_or(inner.len())
}

/// RFC 5321 §4.1.1.3: `@a,@b:` ahead of the mailbox is to be ignored.
fn without_route(path: &[u8]) -> &[u8] {
    if !path.starts_with(b"@") {
        return path;
    }
    path.iter().position(|&b| b == b':').and_then(|i| path.get(i..)?.get(1..)).unwrap_or(path)
}

fn first_word(line: &[u8]) -> &[u8] {
    word_at(line, 0).map_or(&[], |(_, word)| word)
}

fn arguments(line: &[u8]) -> &[u8] {
    let end = word_at(line, 0).map_or(0, |(start, word)| start.saturating_add(word.len()));
    line.get(end..).unwrap_or(&[]).trim_ascii()
}

/// The first word at or behind offset `from`, and its own offset.
fn word_at(line: &[u8], from: usize) -> Option<(usize, &[u8])> {
    let is_space = |b: &u8| matches!(b, b' ' | b'\t');
    let rest = line.get(from..)?;
    let skipped = rest.iter().position(|b| !is_space(b))?;
    let word = rest.get(skipped..)?.split(is_space).next()?;
    Some((from.saturating_add(skipped), word))
}

fn starts_with(line: &[u8], prefix: &[u8]) -> bool {
    line.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(line: &str) -> Option<String> {
        match parse(line.as_bytes()) {
            Command::Mail(path) => Some(path.address),
            _ => None,
        }
    }

    fn auth(line: &str) -> (String, Option<&str>) {
        match parse(line.as_bytes()) {
            Command::Auth { mechanism, secret_at } => (mechanism, secret_at.map(|at| &line[at..])),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn paths_lose_brackets_and_routes() {
        assert_eq!(from("MAIL FROM:<a@b> SIZE=12").as_deref(), Some("a@b"));
        assert_eq!(from("mail from: <a@b>").as_deref(), Some("a@b"));
        assert_eq!(from("MAIL FROM:<>").as_deref(), Some(""));
        assert_eq!(from("MAIL FROM:a@b SIZE=1").as_deref(), Some("a@b"));
        assert_eq!(from("MAIL FROM:<@x,@y:a@b>").as_deref(), Some("a@b"));
        assert_eq!(from(r#"MAIL FROM:<"a>\"b"@c> BODY=8BITMIME"#).as_deref(), Some(r#""a>\"b"@c"#));
        assert_eq!(from("MAIL FROM:<a@b").as_deref(), Some("a@b"));
        assert_eq!(from("MAIL TO:<a@b>"), None);
    }

    #[test]
    fn the_parameters_of_the_extensions_are_read() {
        let line =
            b"MAIL FROM:<a@b> size=1024 BODY=8BITMIME SMTPUTF8 ENVID=QQ314159 by=120;R AUTH=<>";
        let Command::Mail(path) = parse(line) else { panic!() };
        let read = path.parameters.iter().map(|(k, v)| (k.as_str(), v.as_deref()));
        let expected = [
            ("AUTH", Some("<>")),
            ("BODY", Some("8BITMIME")),
            ("BY", Some("120;R")),
            ("ENVID", Some("QQ314159")),
            ("SIZE", Some("1024")),
            ("SMTPUTF8", None),
        ];
        assert!(read.eq(expected));
        // RFC 3461 §10.1.
        let line = b"RCPT TO:<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU";
        let Command::Rcpt(path) = parse(line) else { panic!() };
        assert_eq!(path.parameters["NOTIFY"].as_deref(), Some("SUCCESS,FAILURE"));
        assert_eq!(path.parameters["ORCPT"].as_deref(), Some("rfc822;Dana@Ivory.EDU"));
        assert_eq!(from("MAIL FROM:a@b SIZE=1").as_deref(), Some("a@b"));
    }

    #[test]
    fn all_behind_the_mechanism_is_secret() {
        assert_eq!(auth("AUTH PLAIN AGEAYg=="), ("PLAIN".into(), Some("AGEAYg==")));
        assert_eq!(auth("auth login"), ("LOGIN".into(), None));
        assert_eq!(auth("  AUTH  PLAIN  a b"), ("PLAIN".into(), Some("a b")));
        assert_eq!(auth("AUTH=PLAIN AGEA"), ("PLAIN".into(), Some("AGEA")));
        assert_eq!(auth("AUTH PLAIN ="), ("PLAIN".into(), None));
        assert_eq!(auth("AUTH"), (String::new(), None));
    }

    #[test]
    fn what_cannot_be_a_mechanism_is_taken_for_a_secret() {
        assert_eq!(auth("AUTH AGEAYg== x"), (String::new(), Some("AGEAYg== x")));
    }

    #[test]
    fn a_chunk_size_must_be_a_number() {
        assert_eq!(parse(b"BDAT 86 LAST"), Command::Bdat { size: 86, last: true });
        assert_eq!(parse(b"bdat 0 last"), Command::Bdat { size: 0, last: true });
        let oversized = "BDAT 99999999999999999999";
        for line in ["BDAT", "BDAT x", "BDAT -1", "BDAT +1", "BDAT 5 X", "BDAT 5 LAST 6", oversized]
        {
            assert_eq!(parse(line.as_bytes()), Command::MalformedBdat, "{line}");
        }
    }

    #[test]
    fn verbs_are_capitals_and_unknown_ones_are_cut() {
        let name = |line: &[u8]| verb(line).map(|verb| verb.name().to_owned());
        assert_eq!(name(b"quit").as_deref(), Some("QUIT"));
        assert_eq!(name(b"xyzzy now").as_deref(), Some("XYZZY"));
        assert_eq!(name(&[b'a'; 99]).map(|name| name.len()), Some(MAX_VERB));
        assert_eq!(name(b""), None);
        assert!(is_known(b"noop") && !is_known(b"xyzzy") && !is_known(b""));
    }

    #[test]
    fn text_of_a_body_is_not_taken_for_a_command() {
        for line in
            ["Data is here", "HELP me", "Quit smoking", "mail order", "MAIL order", "Subject: x"]
        {
            assert!(!is_certain(line.as_bytes()), "{line}");
        }
        for line in ["QUIT", "RCPT TO:<a@b>", "EHLO x", "BDAT 5 LAST", "AUTH PLAIN x"] {
            assert!(is_certain(line.as_bytes()), "{line}");
        }
    }
}
