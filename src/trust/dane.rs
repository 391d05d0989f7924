//! DANE for mail (RFC 6698, RFC 7671, RFC 7672): TLSA records against the certificates that a server
//! sent.

use std::sync::Arc;

use sha2::{Digest, Sha256, Sha512};

use super::reading::Reading;
use super::tlsa::Tlsa;
use crate::report::validation::{DaneRecord, DaneReport, DaneStatus};

/// Usage 3, DANE-EE, and usage 2, DANE-TA (RFC 7218).
pub(super) const DANE_EE: u8 = 3;
pub(super) const DANE_TA: u8 = 2;

/// The record that authenticates a server.
pub(super) struct Match {
    pub(super) usage: u8,
    /// The certificate that it names; None if only the record has it.
    pub(super) anchor: Arc<Reading>,
}

/// What the records of a host say.
pub(super) struct Verdict {
    pub(super) report: DaneReport,
    pub(super) matches: Vec<Match>,
}

/// Holds records against a chain. `records` are all of the owner `_port._tcp.host`.
pub(super) fn verdict(records: &[Tlsa], sent: &[Arc<Reading>]) -> Option<Verdict> {
    let (first, own) = (records.first()?, sent.first()?);
    let owner = format!("_{}._tcp.{}.", first.port, first.host);
    let mut matches = Vec::new();
    let mut told = Vec::new();
    for record in records {
        let unusable = unusable(record);
        let found = if unusable.is_none() { matching(record, sent) } else { None };
        told.push(DaneRecord {
            record: record.to_string(),
            source: record.source.clone(),
            unusable,
            certificate: found.as_ref().and_then(|(place, _)| *place),
        });
        matches.extend(found.map(|(_, anchor)| Match { usage: record.usage, anchor }));
    }
    // Whoever has any match of usage 3 needs no chain: it is asked first.
    matches.sort_by_key(|found| std::cmp::Reverse(found.usage));
    let usable = told.iter().filter(|record| record.unusable.is_none()).count();
    let (status, message) = match (matches.first(), usable) {
        (Some(found), _) => (DaneStatus::Match, matched(found, records.len())),
        (None, 0) => (DaneStatus::Unusable, unusable_only(&told)),
        (None, usable) => (DaneStatus::Mismatch, mismatched(usable, own, &told)),
    };
    let report = DaneReport {
        status,
        owner: owner.clone(),
        message,
        records: told,
        would_match: format!(
            "{owner} IN TLSA 3 1 1 {}",
            crate::hex::hex(&own.certificate.spki_sha256)
        ),
        authenticated: None,
    };
    Some(Verdict { report, matches })
}

fn matched(found: &Match, records: usize) -> String {
    let of = if records == 1 {
        "the TLSA record".to_owned()
    } else {
        format!("one of {records} TLSA records")
    };
    let whose = match found.usage {
        DANE_EE => "the server's certificate",
        _ => "the trust anchor of the chain",
    };
    format!("{of} matches {whose}, of \"{}\"", found.anchor.certificate.subject)
}

fn unusable_only(told: &[DaneRecord]) -> String {
    let why = told.iter().find_map(|record| record.unusable.as_deref()).unwrap_or_default();
    format!(
        "no TLSA record is usable for SMTP ({why}): TLS is mandatory, and nothing is authenticated (RFC 7672 section 2.2)"
    )
}

fn mismatched(usable: usize, own: &Reading, told: &[DaneRecord]) -> String {
    let listed: Vec<_> = told.iter().map(|record| record.record.as_str()).collect();
    let of = if usable == 1 {
        "the usable TLSA record does not match".to_owned()
    } else {
        format!("none of the {usable} usable TLSA records matches")
    };
    let of = if told.len() == 1 { "the TLSA record does not match".to_owned() } else { of };
    format!(
        "{of} the certificate of \"{}\" or its chain ({})",
        own.certificate.subject,
        listed.join("; ")
    )
}

/// Why a record is not used for mail (RFC 7672 §3.1.3 and §2.2, RFC 7671 §4).
fn unusable(record: &Tlsa) -> Option<String> {
    match record.usage {
        0 => return Some("usage 0 (PKIX-TA) is not used for SMTP, RFC 7672 section 3.1.3".into()),
        1 => return Some("usage 1 (PKIX-EE) is not used for SMTP, RFC 7672 section 3.1.3".into()),
        DANE_TA | DANE_EE => {}
        other => return Some(format!("unknown usage {other}")),
    }
    if record.selector > 1 {
        return Some(format!("unknown selector {}", record.selector));
    }
    let (name, length) = match record.matching {
        0 => return record.data.is_empty().then(|| "it has no data".to_owned()),
        1 => ("SHA-256", 32),
        2 => ("SHA-512", 64),
        other => return Some(format!("unknown matching type {other}")),
    };
    let len = record.data.len();
    (len != length).then(|| format!("wrong length: {len} bytes, and {name} has {length}"))
}

/// The certificate that a record names, and its place in what was sent.
fn matching(record: &Tlsa, sent: &[Arc<Reading>]) -> Option<(Option<usize>, Arc<Reading>)> {
    let own = sent.iter().enumerate().take(1);
    let above = sent.iter().enumerate().skip(1);
    let found = match record.usage {
        DANE_EE => own.into_iter().find(|(_, reading)| fits(record, reading)),
        _ => above.into_iter().find(|(_, reading)| fits(record, reading)),
    };
    if let Some((place, reading)) = found {
        return Some((Some(place), Arc::clone(reading)));
    }
    // RFC 7671 §5.2.2: "2 0 0" has the whole anchor, which need not be sent.
    let is_whole = (record.usage, record.selector, record.matching) == (DANE_TA, 0, 0);
    let anchor = is_whole.then(|| Reading::of(&record.data)).flatten().map(Arc::new)?;
    let signed = sent.iter().any(|reading| reading.issuer == anchor.subject);
    signed.then_some((None, anchor))
}

fn fits(record: &Tlsa, reading: &Reading) -> bool {
    let selected: &[u8] = match record.selector {
        0 => &reading.certificate.der,
        _ => &reading.key.spki,
    };
    match record.matching {
        0 => selected == record.data,
        1 => Sha256::digest(selected).as_slice() == record.data,
        _ => Sha512::digest(selected).as_slice() == record.data,
    }
}
