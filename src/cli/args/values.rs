//! What options take: their values, by name or number.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::render::{FORMATS, Format};
use crate::report::Outcome;

/// Sessions of one outcome, or all that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum OutcomeArg {
    Failed,
    Is(Outcome),
}

/// The outcomes that the report has, by their names, and what they have in common.
pub(super) fn outcomes() -> impl TypedValueParser<Value = OutcomeArg> {
    let failed = PossibleValue::new("failed").help("Any of those in which mail failed");
    let named = |outcome: &Outcome| PossibleValue::new(outcome.name()).help(outcome.meaning());
    let names = PossibleValuesParser::new(Outcome::ALL.iter().map(named).chain([failed]));
    names.map(|name| Outcome::named(&name).map_or(OutcomeArg::Failed, OutcomeArg::Is))
}

/// An end of a connection, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct AddressArg {
    pub(in crate::cli) ip: IpAddr,
    pub(in crate::cli) port: Option<u16>,
}

impl AddressArg {
    /// Whether it is that end.
    pub(in crate::cli) fn is_of(self, end: SocketAddr) -> bool {
        self.ip == end.ip() && self.port.is_none_or(|port| port == end.port())
    }
}

impl FromStr for AddressArg {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(end) = text.parse::<SocketAddr>() {
            return Ok(Self { ip: end.ip(), port: Some(end.port()) });
        }
        let ip = text.trim_start_matches('[').trim_end_matches(']').parse();
        ip.map(|ip| Self { ip, port: None }).map_err(|_| "expected IP, IP:PORT or [IPv6]:PORT")
    }
}

pub(super) fn parse_ratio(text: &str) -> Result<f64, &'static str> {
    let ratio: f64 = text.parse().map_err(|_| "expected a number, such as 2 or 1.5")?;
    if ratio.is_finite() && ratio >= 1.0 { Ok(ratio) } else { Err("expected a number from 1 on") }
}

/// Nanoseconds of `100ms`, `1.5s`, `20us`, `3m`.
pub(in crate::cli) fn parse_duration(text: &str) -> Result<i64, &'static str> {
    const USAGE: &str = "expected a number and a unit (us, ms, s, m), such as 100ms or 1.5s";
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(USAGE)?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 6e10,
        _ => return Err(USAGE),
    };
    let ns = number.parse::<f64>().map_err(|_| USAGE)? * unit;
    if ns <= 1e18 { Ok(ns.round() as i64) } else { Err("expected less than thirty years") }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Times {
    /// Since the session's first packet
    Relative,
    /// Since the line before
    Delta,
    /// Time of day in UTC
    Utc,
    /// Time of day here
    Local,
    /// Seconds since 1970
    Epoch,
}

/// The formats that `render` has, by their names.
pub(super) fn formats() -> impl TypedValueParser<Value = &'static Format> {
    let named = |format: &Format| PossibleValue::new(format.name).help(format.about);
    let names = PossibleValuesParser::new(FORMATS.iter().map(named));
    names.try_map(|name| Format::named(&name).ok_or("no such format"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Color {
    /// On a terminal
    Auto,
    /// Also on pipes
    Always,
    /// Not at all
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RevealWhat {
    /// Passwords and other AUTH secrets
    Auth,
    /// Message bodies
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RedactWhat {
    /// Mailboxes, domains, IP addresses, and what certificates are found by
    Addresses,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportKind {
    /// The mails as the server stores them, and envelopes.json beside them
    Eml,
    /// The application's bytes of each direction, two files a session
    Flows,
    /// The secrets of the sessions opened, as SSLKEYLOGFILE: whoever has them reads these sessions
    Keylog,
    /// The input as pcapng with these secrets inside, so that others read it without keys
    PcapngDsb,
    /// A capture of the sessions as plaintext TCP, at their times, for every tool
    PcapngPlain,
}

impl ExportKind {
    /// Whether there are files of single sessions.
    pub(in crate::cli) fn is_by_session(self) -> bool {
        matches!(self, Self::Eml | Self::Flows)
    }

    /// Whether what is written is the application's bytes, not secrets that lead to them.
    pub(in crate::cli) fn holds_text(self) -> bool {
        matches!(self, Self::Eml | Self::Flows | Self::PcapngPlain)
    }
}
