//! Names of exported streams, as tcpflow gives them (its `-T` letters). Nothing in a name comes
//! off the wire but numbers.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use thiserror::Error;

use crate::moment::Timestamp;

/// tcpflow's own template.
pub const DEFAULT_TEMPLATE: &str = "%A.%a-%B.%b%V%v%C%c";

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// What a stream is named after.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// Who sent it.
    pub source: SocketAddr,
    /// To whom.
    pub destination: SocketAddr,
    /// When its connection began.
    pub start: Timestamp,
    /// The number of its session.
    pub session: u64,
}

/// How streams are named.
#[derive(Clone, Debug)]
pub struct Template(Vec<Part>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Literal(char),
    Letter(char),
}

/// What is wrong with a template.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    /// A letter that has no meaning.
    #[error("%{0} is no letter of a name; there are A a B b E e T t V v C c # N K M G S and %%")]
    Unknown(char),
    /// A lone % at the end.
    #[error("a % at the end of a name; write %% for the character")]
    Unfinished,
    /// A control character.
    #[error("a control character in a name")]
    Control,
    /// A name that is empty, begins with /, or has a part that is empty, `.` or `..`.
    #[error("{0:?} is no name of a file inside the directory")]
    Outside(String),
}

impl Template {
    /// Reads a template; `/` in it makes directories.
    ///
    /// # Errors
    ///
    /// A letter that is not tcpflow's, or a name that would not stay in the directory.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            parts.push(match char {
                '%' => letter(chars.next())?,
                char if char.is_control() => return Err(TemplateError::Control),
                char => Part::Literal(char),
            });
        }
        let template = Self(parts);
        template.check()?;
        Ok(template)
    }

    /// The name of a stream; `count` says how many streams had that name before.
    #[must_use]
    pub fn name(&self, stream: &Stream, count: u64) -> String {
        let mut name = String::new();
        for &part in &self.0 {
            match part {
                Part::Literal(char) => name.push(char),
                Part::Letter(letter) => push(&mut name, letter, stream, count),
            }
        }
        if count > 0 && !self.counts() {
            _ = write!(name, "c{count}");
        }
        name
    }

    /// Whether the count is somewhere in the names.
    fn counts(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Letter('c' | '#')))
    }

    /// Which parts of a name are empty depends on the count alone: two samples show them all.
    fn check(&self) -> Result<(), TemplateError> {
        let end = SocketAddr::from(([0, 0, 0, 0], 0));
        let sample =
            Stream { source: end, destination: end, start: Timestamp::default(), session: 1 };
        for count in 0..2 {
            let name = self.name(&sample, count);
            if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
                return Err(TemplateError::Outside(name));
            }
        }
        Ok(())
    }
}

fn letter(letter: Option<char>) -> Result<Part, TemplateError> {
    match letter {
        None => Err(TemplateError::Unfinished),
        Some('%') => Ok(Part::Literal('%')),
        Some(known) if "AaBbEeTtVvCc#NKMGS".contains(known) => Ok(Part::Letter(known)),
        Some(unknown) => Err(TemplateError::Unknown(unknown)),
    }
}

fn push(name: &mut String, letter: char, stream: &Stream, count: u64) {
    let thousands = |power: u32| stream.session / 1000_u64.pow(power) % 1000;
    _ = match letter {
        'A' => write!(name, "{}", address(stream.source.ip())),
        'a' => write!(name, "{:05}", stream.source.port()),
        'B' => write!(name, "{}", address(stream.destination.ip())),
        'b' => write!(name, "{:05}", stream.destination.port()),
        // The decoder does not keep the frames' addresses.
        'E' | 'e' => write!(name, "unknown-mac"),
        'T' => write!(name, "{}", seconds_of(stream.start)),
        't' => write!(name, "{}", stream.start.0.div_euclid(SECOND)),
        // Nor their VLAN: tcpflow's names of streams without one.
        'V' | 'v' => Ok(()),
        'C' if count > 0 => write!(name, "c"),
        'c' if count > 0 => write!(name, "{count}"),
        '#' => write!(name, "{count}"),
        'N' => write!(name, "{:03}", thousands(0)),
        'K' => write!(name, "{:03}", thousands(1)),
        'M' => write!(name, "{:03}", thousands(2)),
        'G' => write!(name, "{:03}", thousands(3)),
        'S' => write!(name, "{:020}", stream.session),
        _ => Ok(()),
    };
}

fn address(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.octets().map(|octet| format!("{octet:03}")).join("."),
        IpAddr::V6(ip) => ip.to_string().replace(':', "_"),
    }
}

/// RFC 3339 to the second.
fn seconds_of(time: Timestamp) -> String {
    let text = time.to_string();
    text.split_once('.')
        .map_or_else(|| text.replace(' ', "_"), |(seconds, _)| format!("{seconds}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(source: &str, destination: &str) -> Stream {
        Stream {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            start: Timestamp(1_795_305_534_458_863_001),
            session: 12_345_678,
        }
    }

    fn name(template: &str, count: u64) -> String {
        let stream = stream("127.0.0.1:40000", "10.0.255.2:587");
        Template::parse(template).unwrap().name(&stream, count)
    }

    #[test]
    fn streams_are_named_as_tcpflow_names_them() {
        assert_eq!(name(DEFAULT_TEMPLATE, 0), "127.000.000.001.40000-010.000.255.002.00587");
        assert_eq!(name(DEFAULT_TEMPLATE, 2), "127.000.000.001.40000-010.000.255.002.00587c2");
        let six = stream("[2001:db8::1]:25", "[::1]:40000");
        let template = Template::parse(DEFAULT_TEMPLATE).unwrap();
        assert_eq!(template.name(&six, 0), "2001_db8__1.00025-__1.40000");
    }

    #[test]
    fn every_letter_of_tcpflow_is_known() {
        assert_eq!(name("%T %t", 0), "2026-11-21T23:58:54Z 1795305534");
        assert_eq!(name("%G/%M/%K/%N", 0), "000/012/345/678");
        assert_eq!(name("%S%%", 0), "00000000000012345678%");
        assert_eq!(name("x%V%v%C%c%#", 0), "x0");
        assert_eq!(name("x%V%v%C%c%#", 3), "xc33");
        assert_eq!(name("%E %e", 0), "unknown-mac unknown-mac");
    }

    #[test]
    fn a_template_without_a_count_gets_one_where_a_name_comes_again() {
        assert_eq!(name("%A", 0), "127.000.000.001");
        assert_eq!(name("%A", 1), "127.000.000.001c1");
    }

    #[test]
    fn a_wrong_template_is_told() {
        let error = |text: &str| Template::parse(text).unwrap_err();
        assert_eq!(error("%A%x"), TemplateError::Unknown('x'));
        assert_eq!(error("%A%"), TemplateError::Unfinished);
        assert_eq!(error("a\nb"), TemplateError::Control);
        for text in ["", "/etc/%A", "%A/../../%B", "..", "a//b", "%C", "a/", "./%A", ".%C./%A"] {
            assert!(matches!(error(text), TemplateError::Outside(_)), "{text}");
        }
    }
}
