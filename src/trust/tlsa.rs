//! TLSA records and the zone files that hold them (RFC 6698 §2, RFC 1035 §5.1).

use std::fmt;

use crate::dns::{DnsData, DnsMessage};

/// Records that are taken from files and from the capture.
pub(super) const MOST_RECORDS: usize = 10_000;

/// Bytes of a record's data: a whole certificate with room.
pub(super) const LONGEST_DATA: usize = 16 << 10;

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlsa {
    /// The host: the owner without port and protocol, lower case, without the last dot.
    pub host: String,
    /// The port of the owner `_25._tcp.`.
    pub port: u16,
    /// Certificate usage (RFC 6698 §2.1.1).
    pub usage: u8,
    /// Selector (§2.1.2): 0 the certificate, 1 its key.
    pub selector: u8,
    /// Matching type (§2.1.3): 0 the bytes, 1 SHA-256, 2 SHA-512.
    pub matching: u8,
    /// The data.
    pub data: Vec<u8>,
    /// Where it stands: `zone.tlsa:3`, or a frame.
    pub source: String,
}

impl fmt::Display for Tlsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = crate::hex::hex(&self.data);
        let shown = match data.get(..64) {
            Some(front) if data.len() > 128 => format!("{front}… ({} bytes)", self.data.len()),
            _ => data,
        };
        write!(f, "TLSA {} {} {} {shown}", self.usage, self.selector, self.matching)
    }
}

/// A record of a DNS answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The answer's frame.
    pub frame: u64,
    /// The answer carried AD: a resolver has checked its signatures (RFC 4035 §3.2.3).
    pub authentic: bool,
    /// The record.
    pub record: Tlsa,
}

impl Answered {
    /// The TLSA records of an answer.
    #[must_use]
    pub fn of(message: &DnsMessage, frame: u64) -> Vec<Self> {
        let authentic = message.authentic;
        let records = message.records.iter().filter(|_| message.is_answer);
        let found = records.filter_map(|record| {
            let DnsData::Tlsa(tlsa) = &record.data else { return None };
            // An owner that is an alias answers under the name that was asked for (RFC 7671 §7).
            let (port, host) =
                port_and_host(&message.name).or_else(|| port_and_host(&record.owner))?;
            let record = Tlsa {
                host,
                port,
                usage: tlsa.usage,
                selector: tlsa.selector,
                matching: tlsa.matching,
                data: tlsa.data.get(..LONGEST_DATA).unwrap_or(&tlsa.data).to_vec(),
                source: format!("frame {frame}"),
            };
            Some(Self { frame, authentic, record })
        });
        found.collect()
    }
}

/// What is wrong with a line of a zone file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneError {
    /// 1-based.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// The TLSA records of a zone file. Lines of other types are passed over.
///
/// # Errors
///
/// The first TLSA record that cannot be read.
pub fn zone(text: &str, source: &str) -> Result<Vec<Tlsa>, ZoneError> {
    let mut origin = String::new();
    let mut owner = String::new();
    let mut found = Vec::new();
    for (line, entry) in entries(text) {
        let words: Vec<_> = entry.split_whitespace().collect();
        match words.as_slice() {
            ["$ORIGIN", name, ..] => origin = (*name).trim_end_matches('.').to_owned(),
            [directive, ..] if directive.starts_with('$') => {}
            [] => {}
            [first, rest @ ..] => {
                let inherits = entry.starts_with([' ', '\t']);
                if !inherits {
                    owner = absolute(first, &origin);
                }
                let rest = if inherits { words.as_slice() } else { rest };
                let record = of_words(rest, &owner, format!("{source}:{line}"));
                found.extend(record.map_err(|message| ZoneError { line, message })?);
            }
        }
        if found.len() >= MOST_RECORDS {
            break;
        }
    }
    Ok(found)
}

/// Logical lines: comments gone, parentheses joined, each with the number of its first line.
fn entries(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut depth = 0_usize;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split(';').next().unwrap_or_default();
        let plain = line.replace(['(', ')'], " ");
        match found.last_mut().filter(|_| depth > 0) {
            Some((_, entry)) => entry.push_str(&plain),
            None => found.push((number, plain)),
        }
        depth = (depth + line.matches('(').count()).saturating_sub(line.matches(')').count());
    }
    found
}

fn absolute(name: &str, origin: &str) -> String {
    match name {
        "@" => origin.to_owned(),
        name if name.ends_with('.') || origin.is_empty() => name.trim_end_matches('.').to_owned(),
        name => format!("{name}.{origin}"),
    }
}

fn of_words(words: &[&str], owner: &str, source: String) -> Result<Option<Tlsa>, String> {
    let is_it =
        |word: &&str| word.eq_ignore_ascii_case("TLSA") || word.eq_ignore_ascii_case("TYPE52");
    let Some(place) = words.iter().take(3).position(is_it) else { return Ok(None) };
    let rest = words.get(place + 1..).unwrap_or_default();
    let Some((port, host)) = port_and_host(owner) else {
        return Err(format!(
            "the owner of a TLSA record is _PORT._tcp.HOST, not \"{owner}\" (RFC 6698 section 3)"
        ));
    };
    let (head, data) = match rest {
        // RFC 3597 §5: a length, then all of the data.
        ["\\#", _, hex @ ..] => {
            let all = octets(&hex.concat())?;
            let Some((head, data)) = all.split_first_chunk::<3>() else {
                return Err("the data of a TLSA record has three bytes and more".to_owned());
            };
            (*head, data.to_vec())
        }
        [usage, selector, matching, hex @ ..] => {
            ([number(usage)?, number(selector)?, number(matching)?], octets(&hex.concat())?)
        }
        _ => return Err("a TLSA record is: usage selector matching-type data".to_owned()),
    };
    let [usage, selector, matching] = head;
    Ok(Some(Tlsa { host, port, usage, selector, matching, data, source }))
}

fn number(word: &str) -> Result<u8, String> {
    word.parse().map_err(|_| format!("\"{word}\" is no number of a byte"))
}

fn octets(digits: &str) -> Result<Vec<u8>, String> {
    if digits.len() > 2 * LONGEST_DATA {
        return Err(format!("the data has more than {LONGEST_DATA} bytes"));
    }
    let bytes = digits.as_bytes().chunks(2);
    let octet = |pair: &[u8]| match pair {
        [_, _] => std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()),
        _ => None,
    };
    bytes.map(octet).collect::<Option<_>>().ok_or_else(|| "the data is no hex".to_owned())
}

/// `_25._tcp.mx.example.org`.
pub(super) fn port_and_host(owner: &str) -> Option<(u16, String)> {
    let (port, rest) = owner.strip_prefix('_')?.split_once('.')?;
    let (protocol, host) = rest.split_once('.')?;
    let is_tcp = protocol.eq_ignore_ascii_case("_tcp");
    Some((port.parse().ok()?, host.to_ascii_lowercase())).filter(|_| is_tcp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_file_has_origins_comments_parentheses_and_owners_that_are_left_out() {
        let text = "$ORIGIN example.org.\n; a comment\n_25._tcp.mx 3600 IN TLSA ( 3 1 1 ; why\n  0aFF\n  01 )\n   IN TLSA 2 0 1 02\nmx IN A 192.0.2.1\n_465._tcp.mx.example.net. TYPE52 \\# 4 03010103\n";
        let found = zone(text, "z").unwrap();
        let told: Vec<_> =
            found.iter().map(|r| (r.host.as_str(), r.port, r.usage, r.data.clone())).collect();
        assert_eq!(
            told,
            [
                ("mx.example.org", 25, 3, vec![0x0a, 0xff, 1]),
                ("mx.example.org", 25, 2, vec![2]),
                ("mx.example.net", 465, 3, vec![3]),
            ]
        );
        assert_eq!(found[1].source, "z:6");
    }

    #[test]
    fn a_record_that_cannot_be_read_names_its_line() {
        assert_eq!(zone("\n_25._tcp.a. IN TLSA 3 1 1 xy", "z").unwrap_err().line, 2);
        assert!(zone("mx.example.org. IN TLSA 3 1 1 00", "z").is_err());
        assert!(zone("", "z").unwrap().is_empty());
    }
}
