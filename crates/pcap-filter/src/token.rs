//! An expression in words, numbers, addresses and signs.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::error::FilterError;
use super::names;

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, or a name. Behind a backslash it is no keyword.
    Word {
        text: String,
        is_escaped: bool,
    },
    Number(u32),
    /// Two to four numbers with dots, the missing ones at the end: the address padded with zeros,
    /// and how many bits were written.
    Dotted(Ipv4Addr, u8),
    Ip6(Ipv6Addr),
    Ether([u8; 6]),
    /// Anything else.
    Sign(&'static str),
    End,
}

/// A token, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: Range<usize>,
}

/// Longer ones first.
const SIGNS: [&str; 24] = [
    ">=", "<=", "!=", "==", "<<", ">>", "&&", "||", "+", "-", "*", "/", "%", ":", "[", "]", "!",
    "<", ">", "(", ")", "&", "|", "^",
];

/// All tokens of `text`, with [`Token::End`] behind them.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, FilterError> {
    let mut found = Vec::new();
    let mut start = 0;
    loop {
        let rest = text.get(start..).unwrap_or_default();
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        start += rest.len() - trimmed.len();
        let (token, len) = next(trimmed, start)?;
        found.push(Placed { token, at: start..start + len });
        if len == 0 {
            return Ok(found);
        }
        start += len;
    }
}

/// The first token of `text`, which stands at `start`, and its length.
fn next(text: &str, start: usize) -> Result<(Token, usize), FilterError> {
    let Some(first) = text.chars().next() else { return Ok((Token::End, 0)) };
    if let Some(found) = address_with_colons(text, start)? {
        return Ok(found);
    }
    if first == '\\' {
        let len = run(text, |c| !" !()\n\t".contains(c));
        let name = text.get(1..len).unwrap_or_default();
        return Ok((Token::Word { text: name.to_owned(), is_escaped: true }, len));
    }
    if first.is_ascii_alphanumeric() {
        let word = word(text);
        return Ok((of_word(word, start)?, word.len()));
    }
    if let Some(sign) = SIGNS.iter().find(|sign| text.starts_with(**sign)) {
        return Ok((Token::Sign(sign), sign.len()));
    }
    if first == '=' {
        return Ok((Token::Sign("="), 1));
    }
    let message = format!("`{first}` means nothing in a filter");
    Err(FilterError::new(start..start + first.len_utf8(), message))
}

/// How many bytes of `text` belong to its first characters that are as asked.
fn run(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is(c)).unwrap_or(text.len())
}

/// Letters, digits, dots, and hyphens and underscores between them.
fn word(text: &str) -> &str {
    let len = run(text, |c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    text.get(..len).unwrap_or_default().trim_end_matches(['-', '_'])
}

/// An IPv6 or Ethernet address. `tcp[0:2]` has a colon too, but not so many.
fn address_with_colons(text: &str, start: usize) -> Result<Option<(Token, usize)>, FilterError> {
    let len = run(text, |c| c.is_ascii_hexdigit() || ":.".contains(c));
    let text = text.get(..len).unwrap_or_default();
    let colons = text.matches(':').count();
    if colons < 2 {
        return Ok(None);
    }
    if let Ok(address) = text.parse() {
        return Ok(Some((Token::Ip6(address), len)));
    }
    if let Some(address) = ether(text, ':') {
        return Ok(Some((Token::Ether(address), len)));
    }
    let message = format!("`{text}` is neither an IPv6 nor an Ethernet address");
    Err(FilterError::new(start..start + len, message))
}

/// Six numbers of one or two hexadecimal digits.
fn ether(text: &str, separator: char) -> Option<[u8; 6]> {
    let mut address = [0; 6];
    let mut parts = text.split(separator);
    for byte in &mut address {
        let part = parts.next().filter(|part| matches!(part.len(), 1 | 2))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(address)
}

/// `0011.2233.4455` and `001122334455`.
fn ether_of_digits(text: &str) -> Option<[u8; 6]> {
    let is_grouped = text.len() == 14 && text.split('.').all(|part| part.len() == 4);
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    if digits.len() != 12 || !(is_grouped || text.len() == 12) {
        return None;
    }
    let number = u64::from_str_radix(&digits, 16).ok()?;
    let [_, _, address @ ..] = number.to_be_bytes();
    Some(address)
}

fn of_word(text: &str, start: usize) -> Result<Token, FilterError> {
    let at = || start..start + text.len();
    let address = ether(text, '-').or_else(|| ether(text, '.')).or_else(|| ether_of_digits(text));
    if let Some(address) = address {
        return Ok(Token::Ether(address));
    }
    if is_number(text) {
        let number = number(text).map_err(|message| FilterError::new(at(), message))?;
        return Ok(Token::Number(number));
    }
    if let Some(value) = names::constant(text) {
        return Ok(Token::Number(value));
    }
    if (2..=4).contains(&text.split('.').count()) && text.split('.').all(is_decimal) {
        let Some((address, bits)) = dotted(text) else {
            let message = format!("`{text}` is no IPv4 address: a number is above 255");
            return Err(FilterError::new(at(), message));
        };
        return Ok(Token::Dotted(address, bits));
    }
    Ok(Token::Word { text: text.to_owned(), is_escaped: false })
}

fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn hexadecimal(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

fn is_number(text: &str) -> bool {
    let is_hex =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_decimal(text) || hexadecimal(text).is_some_and(is_hex)
}

/// As in C: hexadecimal behind `0x`, octal behind `0`.
pub(super) fn number(text: &str) -> Result<u32, String> {
    let parsed = match (hexadecimal(text), text.strip_prefix('0')) {
        (Some(digits), _) => u32::from_str_radix(digits, 16),
        (None, Some(digits)) if digits.contains(['8', '9']) => {
            return Err(format!("`{text}` begins with 0 and so is octal, but has an 8 or a 9"));
        }
        (None, Some(digits)) if !digits.is_empty() => u32::from_str_radix(digits, 8),
        _ => text.parse(),
    };
    parsed.map_err(|_| format!("`{text}` does not fit in 32 bits"))
}

/// The numbers are decimal whatever they begin with.
fn dotted(text: &str) -> Option<(Ipv4Addr, u8)> {
    let mut octets = [0; 4];
    let mut bits = 0;
    for (octet, part) in octets.iter_mut().zip(text.split('.')) {
        *octet = part.parse().ok()?;
        bits += 8;
    }
    Some((octets.into(), bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Token> {
        let mut tokens: Vec<_> =
            tokens(text).unwrap().into_iter().map(|placed| placed.token).collect();
        assert_eq!(tokens.pop(), Some(Token::End));
        tokens
    }

    fn word(text: &str) -> Token {
        Token::Word { text: text.to_owned(), is_escaped: false }
    }

    #[test]
    fn numbers_are_as_in_c() {
        assert_eq!(read("10 0x1F 017 0"), [10, 31, 15, 0].map(Token::Number));
        for wrong in ["08", "4294967296", "0x100000000"] {
            assert_eq!(tokens(wrong).unwrap_err().at, 0..wrong.len());
        }
    }

    #[test]
    fn a_hyphen_belongs_to_the_word() {
        assert_eq!(read("25-30 len-1"), [word("25-30"), word("len-1")]);
        assert_eq!(read("len - 1"), [word("len"), Token::Sign("-"), Token::Number(1)]);
        assert_eq!(
            read("tcp-syn|tcp-ack"),
            [Token::Number(2), Token::Sign("|"), Token::Number(16)]
        );
    }

    #[test]
    fn addresses_of_every_spelling() {
        let mac = Token::Ether([0, 0x11, 0x22, 0x33, 0x44, 0x55]);
        for spelling in ["0:11:22:33:44:55", "00-11-22-33-44-55", "0011.2233.4455", "001122334455"]
        {
            assert_eq!(read(spelling), std::slice::from_ref(&mac), "{spelling}");
        }
        assert_eq!(read("fe80::1"), [Token::Ip6("fe80::1".parse().unwrap())]);
        assert_eq!(read("::"), [Token::Ip6(Ipv6Addr::UNSPECIFIED)]);
        assert_eq!(read("10.1"), [Token::Dotted([10, 1, 0, 0].into(), 16)]);
        assert!(tokens("1.2.3.256").is_err() && tokens("1:2:3").is_err());
    }

    #[test]
    fn a_colon_between_brackets_is_a_sign() {
        let signs = read("ip[0:2]");
        assert_eq!(signs[2..5], [Token::Number(0), Token::Sign(":"), Token::Number(2)]);
    }

    #[test]
    fn says_where_a_character_means_nothing() {
        assert_eq!(tokens("port ~25").unwrap_err().at, 5..6);
        assert_eq!(tokens("port \u{e4}").unwrap_err().at, 5..7);
    }
}
