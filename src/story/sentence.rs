//! The sentences on what passed beside a session.

use std::net::SocketAddr;

use super::lookups::Lookup;
use super::terms::Meaning;
use crate::beside::{Knock, Service, Wait};
use crate::dns::{DnsData, Rcode};
use crate::moment::{Timestamp, seconds};

/// "the server asked 192.0.2.53 for … and got … after 3.000 s (frames 4, 5)".
pub(super) fn of_lookup(who: &str, lookup: &Lookup, meaning: &Meaning, until: Timestamp) -> String {
    let Lookup { resolver, name, kind, .. } = lookup;
    let what = format!("{kind} {name}{}", about(lookup, meaning));
    let frames = frames(lookup);
    let again = match lookup.truncated {
        true => {
            "; the answer over UDP was truncated (TC), so it was asked for again with DNS over TCP"
        }
        false => "",
    };
    let ns = seconds(lookup.ns(until));
    match lookup.answered.filter(|at| at.ts <= until) {
        Some(_) => format!(
            "{who} asked {resolver} for {what} and got {} after {ns} ({frames}){again}",
            answer(lookup, meaning)
        ),
        None => {
            format!(
                "{who} asked {resolver} for {what} {} in {ns} and got no answer ({frames}){again}",
                times(lookup.questions)
            )
        }
    }
}

pub(super) fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "two times".to_owned(),
        more => format!("{more} times"),
    }
}

fn frames(lookup: &Lookup) -> String {
    let list: Vec<_> = lookup.frames.iter().map(u64::to_string).collect();
    format!("{} {}", if list.len() == 1 { "frame" } else { "frames" }, list.join(", "))
}

/// What a name has to do with the session, in brackets.
fn about(lookup: &Lookup, meaning: &Meaning) -> String {
    let is_text = &*lookup.kind == "TXT";
    match meaning {
        Meaning::Reverse => ", the reverse name of the client,".to_owned(),
        Meaning::List(zone) => format!(" (DNSBL {zone})"),
        _ if lookup.name.starts_with("_dmarc.") => " (DMARC)".to_owned(),
        _ if lookup.name.contains("._domainkey.") => " (DKIM)".to_owned(),
        _ if lookup.name.starts_with("_mta-sts.") => " (MTA-STS)".to_owned(),
        Meaning::Sender | Meaning::Helo if is_text => " (SPF)".to_owned(),
        Meaning::Followed(_) if is_text => " (SPF, by way of another record)".to_owned(),
        Meaning::Sender => ", the sender's domain,".to_owned(),
        Meaning::Helo => ", the name in EHLO,".to_owned(),
        Meaning::Recipient => ", a recipient's domain,".to_owned(),
        Meaning::Author => ", the author's domain,".to_owned(),
        Meaning::Followed(before) => format!(", which {before} led to,"),
    }
}

/// What was answered.
pub(super) fn answer(lookup: &Lookup, meaning: &Meaning) -> String {
    match lookup.rcode {
        Rcode::NxDomain if matches!(meaning, Meaning::List(_)) => {
            "\"not listed\" (NXDOMAIN)".into()
        }
        Rcode::NxDomain => "\"no such name\" (NXDOMAIN)".into(),
        Rcode::ServFail => "SERVFAIL (server failure)".into(),
        Rcode::NoError if lookup.records.is_empty() => "\"no such record\"".into(),
        Rcode::NoError => said(lookup),
        other => other.to_string(),
    }
}

/// The first records, in words.
pub(super) fn said(lookup: &Lookup) -> String {
    let words = lookup.records.iter().filter_map(|record| match &record.data {
        DnsData::Address(address) => Some(address.to_string()),
        DnsData::Mx(preference, host) => Some(format!("{preference} {host}")),
        DnsData::Alias(name) | DnsData::Pointer(name) => Some(name.clone()),
        DnsData::Tlsa(tlsa) => Some(format!("{} {} {}", tlsa.usage, tlsa.selector, tlsa.matching)),
        DnsData::Text(_) | DnsData::Other => None,
    });
    let words: Vec<_> = words.take(4).collect();
    if words.is_empty() { "an answer".to_owned() } else { words.join(", ") }
}

/// "the server waited 6.004 s for the milter at 127.0.0.1:8891 (frames 30 to 33)".
pub(super) fn of_wait(wait: &Wait) -> String {
    let ns = seconds(wait.ended.ts - wait.asked.ts);
    let frames = format!("(frames {} to {})", wait.asked.frame, wait.ended.frame);
    let place = place(wait.service, wait.server);
    match (&wait.answer, wait.is_answered) {
        (Some(answer), _) => {
            format!("the server waited {ns} for {place}, which then answered \"{answer}\" {frames}")
        }
        (None, true) => format!("the server waited {ns} for {place} {frames}"),
        (None, false) => {
            format!("the server waited {ns} for {place}, got no answer and gave up {frames}")
        }
    }
}

/// "the server tried ident (RFC 1413) at 192.0.2.10:113 …: 5 SYNs in 4.084 s, unanswered".
pub(super) fn of_knock(knock: &Knock, service: Service, why: &str, until: Timestamp) -> String {
    format!(
        "the server tried to connect to {}{why} for {}: {} SYNs, unanswered (frames {} to {})",
        place(service, knock.server),
        seconds(until - knock.first.ts),
        knock.count,
        knock.first.frame,
        knock.last.frame
    )
}

fn place(service: Service, server: SocketAddr) -> String {
    format!("{} at {server}", service.server())
}
