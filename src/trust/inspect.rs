//! What speaks against the certificates of a path, one by one (RFC 5280 §6.1).

use super::fault::{Fault, Reason};
use super::names::{self, Naming};
use super::path::{End, Path, Source, Step};
use super::reading::Reading;
use crate::moment::Timestamp;

/// RSA and DSA keys below this many bits are refused by every current verifier.
const LEAST_BITS: u32 = 1024;

/// And below this by OpenSSL's security level 2; curves below the second.
const USUAL_BITS: u32 = 2048;
const USUAL_CURVE: u32 = 224;

/// Intermediates of which the strictest mail program takes no more (Postfix, GnuTLS).
const MOST_ABOVE: usize = 16;

/// What is asked of a path.
#[derive(Clone, Copy)]
pub(super) struct Demand<'a> {
    pub(super) at: Timestamp,
    /// The host that the certificate must name.
    pub(super) name: Option<&'a str>,
    /// The certificate is a client's.
    pub(super) is_client: bool,
    /// Roots were given.
    pub(super) has_roots: bool,
    /// How they are called.
    pub(super) roots: &'a str,
}

/// Everything that speaks against a path.
pub(super) fn faults(path: &Path, demand: &Demand<'_>) -> Vec<Fault> {
    let mut found = Vec::new();
    let top = path.steps.len().saturating_sub(1);
    for (place, step) in path.steps.iter().enumerate() {
        let is_anchor = path.is_trusted() && place == top;
        found.extend(in_itself(step, demand.at));
        if !is_anchor && !step.reading.is_self_issued() {
            found.extend(weak_signature(step));
        }
        if place == 0 {
            found.extend(own(step, demand, is_anchor));
        } else {
            found.extend(as_issuer(path, place, is_anchor, demand));
        }
    }
    found.extend(end(path, demand));
    found.extend(long_chain(path));
    found
}

fn fault(reason: Reason, step: &Step, message: String) -> Fault {
    Fault::new(reason, step.source, &step.reading, message)
}

/// What is wrong with a certificate whoever holds it.
fn in_itself(step: &Step, at: Timestamp) -> Vec<Fault> {
    let (reading, named) = (&step.reading, described(step));
    let mut found: Vec<_> = validity(step, at).into_iter().chain(weak_key(step)).collect();
    let extensions = [
        (Reason::DuplicateExtension, &reading.duplicates, "has the same extension twice"),
        (Reason::MalformedExtension, &reading.malformed, "has an extension that cannot be read"),
        (
            Reason::UnknownCriticalExtension,
            &reading.unknown_critical,
            "has a critical extension that no verifier knows",
        ),
    ];
    for (reason, oids, what) in extensions {
        found.extend(
            oids.first()
                .map(|oid| fault(reason, step, format!("{named} {what}: {}", extension(oid)))),
        );
    }
    if reading.has_negative_serial {
        let message = format!("{named} has a negative serial number, which RFC 5280 forbids");
        found.push(fault(Reason::NegativeSerial, step, message));
    }
    found
}

/// An extension's name beside its OID.
fn extension(oid: &str) -> String {
    let name = match oid {
        "2.5.29.14" => "subjectKeyIdentifier",
        "2.5.29.15" => "keyUsage",
        "2.5.29.17" => "subjectAltName",
        "2.5.29.19" => "basicConstraints",
        "2.5.29.30" => "nameConstraints",
        "2.5.29.35" => "authorityKeyIdentifier",
        "2.5.29.37" => "extendedKeyUsage",
        _ => return oid.to_owned(),
    };
    format!("{name} ({oid})")
}

/// A certificate as the subject of a sentence.
pub(super) fn described(step: &Step) -> String {
    let named = step.reading.named();
    match step.source {
        Source::Sent(0) => format!("the certificate of {named}"),
        Source::Sent(_) if step.reading.is_self_issued() => {
            format!("the root {named}, which was sent,")
        }
        Source::Sent(_) => format!("the intermediate certificate of {named}"),
        Source::Trusted if step.reading.is_self_issued() => {
            format!("the root {named} of the bundle")
        }
        Source::Trusted => format!("the certificate of {named} in the bundle"),
        Source::Capture(id) => format!("the certificate of {named}, which session {id} shows,"),
    }
}

fn validity(step: &Step, at: Timestamp) -> Option<Fault> {
    let certificate = &step.reading.certificate;
    let (from, to) = (certificate.not_before, certificate.not_after);
    let named = described(step);
    if to < from {
        let message = format!(
            "{named} can never be valid: its notBefore ({}) lies after its notAfter ({})",
            day(from),
            day(to)
        );
        return Some(fault(Reason::NeverValid, step, message));
    }
    // Both ends belong to the time, and have no fraction (RFC 5280 §4.1.2.5).
    if at.0 >= to.0.saturating_add(1_000_000_000) {
        return Some(fault(Reason::Expired, step, format!("{named} expired on {}", day(to))));
    }
    let early = format!(
        "{named} is not yet valid: valid from {} on, the session was on {}",
        day(from),
        day(at)
    );
    (at < from).then(|| fault(Reason::NotYetValid, step, early))
}

/// To the second.
pub(super) fn day(at: Timestamp) -> String {
    let exact = at.to_string();
    exact.split_once('.').map_or_else(|| exact.clone(), |(second, _)| format!("{second}Z"))
}

fn weak_key(step: &Step) -> Option<Fault> {
    let certificate = &step.reading.certificate;
    let (kind, bits) = (certificate.key_algorithm.as_str(), certificate.key_bits);
    let reason = match kind {
        "RSA" | "RSA-PSS" | "DSA" if bits < LEAST_BITS => Reason::WeakKey,
        "RSA" | "RSA-PSS" | "DSA" if bits < USUAL_BITS => Reason::SmallKey,
        "EC" if bits < USUAL_CURVE => Reason::SmallKey,
        _ => return None,
    };
    let message = format!("{} has a weak key: {kind} with {bits} bits", described(step));
    (bits > 0).then(|| fault(reason, step, message))
}

fn weak_signature(step: &Step) -> Option<Fault> {
    let name = &step.reading.certificate.signature_algorithm;
    let lower = name.to_ascii_lowercase();
    let hash = [("sha1", "SHA-1"), ("md5", "MD5"), ("md2", "MD2")]
        .into_iter()
        .find_map(|(part, hash)| lower.contains(part).then_some(hash))?;
    let message =
        format!("{} is signed with {hash} ({name}), which verifiers refuse today", described(step));
    Some(fault(Reason::WeakSignature, step, message))
}

/// What the sender's own certificate must be.
fn own(step: &Step, demand: &Demand<'_>, is_anchor: bool) -> Vec<Fault> {
    let mut found: Vec<_> = purpose(step, demand).into_iter().collect();
    found.extend(demand.name.and_then(|name| name_fault(step, name)));
    if step.reading.certificate.is_ca == Some(true) && !is_anchor && !step.reading.is_self_issued()
    {
        let message = format!(
            "{} is a CA certificate (CA:TRUE), used as a server's own: some verifiers refuse that",
            described(step)
        );
        found.push(fault(Reason::LeafIsCa, step, message));
    }
    found
}

fn purpose(step: &Step, demand: &Demand<'_>) -> Option<Fault> {
    let wanted = if demand.is_client { "clientAuth" } else { "serverAuth" };
    let whom = if demand.is_client { "clients" } else { "servers" };
    let usage = &step.reading.certificate.extended_key_usage;
    if usage.is_empty() || usage.iter().any(|usage| usage == wanted) {
        return None;
    }
    let told = usage.join(", ");
    if usage.iter().any(|usage| usage == "anyExtendedKeyUsage") {
        let message = format!(
            "the extended key usage of {} is {told} without {wanted}: OpenSSL refuses that for {whom}, GnuTLS does not",
            described(step)
        );
        return Some(fault(Reason::AnyExtendedKeyUsage, step, message));
    }
    let message = format!(
        "{} is not for {whom}: its extended key usage is {told}, not {wanted}",
        described(step)
    );
    Some(fault(Reason::ExtendedKeyUsage, step, message))
}

fn name_fault(step: &Step, name: &str) -> Option<Fault> {
    let (named, reading) = (described(step), &step.reading);
    let (reason, message) = match names::naming(reading, name) {
        Naming::Named => return None,
        Naming::PartialWildcard(pattern) => (
            Reason::PartialWildcard,
            format!(
                "{named} is for \"{name}\" only by the partial wildcard \"{pattern}\": OpenSSL takes that, GnuTLS and others say that it does not match"
            ),
        ),
        Naming::CommonNameOnly(common) => (
            Reason::NameOnlyInCommonName,
            format!(
                "{named} has \"{common}\" only as common name (CN), and no subjectAltName: OpenSSL and GnuTLS fall back to the CN, Go, Python and browsers do not"
            ),
        ),
        Naming::Other => (
            Reason::NameMismatch,
            format!("{named} does not name \"{name}\": it is for {}", names::list(reading)),
        ),
    };
    Some(fault(reason, step, message))
}

/// What a certificate that signed another must be (RFC 5280 §6.1.4).
fn as_issuer(path: &Path, place: usize, is_anchor: bool, demand: &Demand<'_>) -> Vec<Fault> {
    let Some(step) = path.steps.get(place) else { return Vec::new() };
    let below = path.steps.get(..place).unwrap_or_default();
    let certificate = &step.reading.certificate;
    let mut found = Vec::new();
    // Certificates of versions 1 and 2 have no extension to say it; verifiers take them as roots.
    let is_old_root = is_anchor && step.reading.version < 3;
    if certificate.is_ca != Some(true) && !is_old_root {
        let why = if certificate.is_ca.is_none() { "no basicConstraints" } else { "CA:FALSE" };
        let message = format!("{} signed another and is not a CA ({why})", described(step));
        found.push(fault(Reason::IssuerNotCa, step, message));
    }
    let usage = &certificate.key_usage;
    if !usage.is_empty() && !usage.contains(&"keyCertSign") {
        let message = format!(
            "{} may not sign certificates: its key usage is {}, without keyCertSign",
            described(step),
            usage.join(", ")
        );
        found.push(fault(Reason::NoKeyCertSign, step, message));
    }
    found.extend(path_length(step, below));
    found.extend(constraints(step, below));
    if !is_anchor {
        found.extend(issuer_purpose(step, demand));
    }
    found
}

fn issuer_purpose(step: &Step, demand: &Demand<'_>) -> Option<Fault> {
    let wanted = if demand.is_client { "clientAuth" } else { "serverAuth" };
    let usage = &step.reading.certificate.extended_key_usage;
    let is_for_all = |usage: &String| usage == wanted || usage == "anyExtendedKeyUsage";
    if usage.is_empty() || usage.iter().any(is_for_all) {
        return None;
    }
    let message = format!(
        "{} may not issue for this: its extended key usage is {}, without {wanted}",
        described(step),
        usage.join(", ")
    );
    Some(fault(Reason::ExtendedKeyUsage, step, message))
}

/// Certificates that issued themselves do not count (RFC 5280 §4.2.1.9).
fn path_length(step: &Step, below: &[Step]) -> Option<Fault> {
    let most = step.reading.certificate.path_length?;
    let between = below.iter().skip(1).filter(|step| !step.reading.is_self_issued()).count();
    let message = format!(
        "the path length constraint of {} ({most}) is exceeded: {between} authorities follow below it",
        step.reading.named()
    );
    let is_over = u32::try_from(between).is_ok_and(|between| between > most);
    is_over.then(|| fault(Reason::PathLengthExceeded, step, message))
}

fn constraints(step: &Step, below: &[Step]) -> Option<Fault> {
    let counts = |(place, step): &(usize, &Step)| *place == 0 || !step.reading.is_self_issued();
    below.iter().enumerate().filter(counts).find_map(|(_, lower)| {
        let why = step.reading.constraints.violation(&lower.reading)?;
        let message = format!(
            "the name constraints of {} {why} (certificate of {})",
            step.reading.named(),
            lower.reading.named()
        );
        Some(fault(Reason::NameConstraints, lower, message))
    })
}

/// Why a path leads to nothing that is trusted. Without roots only a signature that does not verify
/// says anything.
fn end(path: &Path, demand: &Demand<'_>) -> Option<Fault> {
    let top = path.top()?;
    let (named, issuer) = (described(top), &top.reading.certificate.issuer);
    let roots = demand.roots;
    match &path.end {
        End::Trusted => partial(path, demand),
        End::NotSignedBy(issuer) => Some(not_signed_by(top, issuer)),
        End::Unverifiable => {
            let algorithm = &top.reading.certificate.signature_algorithm;
            let message = format!(
                "the signature of {named} cannot be verified here: its algorithm is {algorithm}"
            );
            Some(fault(Reason::Unverifiable, top, message))
        }
        _ if !demand.has_roots => None,
        End::SelfSigned if path.steps.len() == 1 => {
            let message = format!("{named} is self-signed, and not in the bundle ({roots})");
            Some(fault(Reason::SelfSigned, top, message))
        }
        End::SelfSigned => {
            let message = format!(
                "the chain ends in the root {}, which is not in the bundle ({roots}): unknown root",
                top.reading.named()
            );
            Some(fault(Reason::UnknownRoot, top, message))
        }
        End::NoIssuer if path.steps.len() == 1 => {
            let message = format!(
                "{named} was sent without the intermediate certificate of its issuer \"{issuer}\", which is missing also from the bundle ({roots})"
            );
            Some(fault(Reason::IssuerMissing, top, message))
        }
        End::NoIssuer | End::TooLong => {
            let message = format!(
                "the chain ends at {}: the certificate of its issuer \"{issuer}\" was not sent and is not in the bundle ({roots}), so either an intermediate is missing, or that root is unknown",
                top.reading.named()
            );
            Some(fault(Reason::UnknownRoot, top, message))
        }
    }
}

/// OpenSSL wants a path to end in a root.
fn partial(path: &Path, _demand: &Demand<'_>) -> Option<Fault> {
    let top = path.top().filter(|top| !top.reading.is_self_issued())?;
    let message = format!(
        "the trust anchor is {}, which is not itself self-signed: GnuTLS takes it, OpenSSL only with -partial_chain",
        top.reading.named()
    );
    Some(fault(Reason::AnchorNotSelfSigned, top, message))
}

/// The name is right, and the signature is not: another key of that name, or a broken signature. The
/// key identifiers tell which, where both certificates have one.
fn not_signed_by(top: &Step, issuer: &Step) -> Fault {
    let wanted = top.reading.certificate.authority_key_id.as_ref();
    let present = issuer.reading.certificate.subject_key_id.as_ref();
    let (named, by) = (described(top), described(issuer));
    let hex = |id: &Vec<u8>| crate::hex::hex(id);
    let ids = wanted.zip(present);
    if let Some((wanted, present)) = ids.filter(|(wanted, present)| wanted != present) {
        let message = format!(
            "{named} was not signed by the key of {by}, though the name is that of its issuer: it is another key with the same name (authority key identifier {}, key identifier there {})",
            hex(wanted),
            hex(present)
        );
        return fault(Reason::WrongIssuerKey, top, message);
    }
    let why = match ids {
        Some(_) => "the key identifiers agree, so the signature is broken",
        None => "the signature is broken, or it was made by another key of the same name",
    };
    let message = format!("the signature of {named} does not verify with the key of {by}: {why}");
    fault(Reason::BadSignature, top, message)
}

fn long_chain(path: &Path) -> Option<Fault> {
    let above = path.steps.len().saturating_sub(1);
    let first = path.steps.first().filter(|_| above > MOST_ABOVE)?;
    let message = format!(
        "{} stands below a long chain of {above} certificates: not every verifier goes so deep",
        described(first)
    );
    Some(fault(Reason::LongChain, first, message))
}

/// Whether certificates were sent that no path needs, and whether they were out of order.
pub(super) fn remarks(path: &Path, sent: &[std::sync::Arc<Reading>]) -> Vec<String> {
    let places: Vec<_> = path
        .steps
        .iter()
        .filter_map(|step| match step.source {
            Source::Sent(place) => Some(place),
            Source::Trusted | Source::Capture(_) => None,
        })
        .collect();
    let mut notes = Vec::new();
    if !places.is_sorted() {
        notes.push("the certificates were sent in another order than that of the chain".to_owned());
    }
    let is_spare = |(place, reading): &(usize, &std::sync::Arc<Reading>)| {
        let stands =
            path.steps.iter().any(|s| s.reading.certificate.sha256 == reading.certificate.sha256);
        !places.contains(place) && !stands
    };
    let spare: Vec<_> = sent.iter().enumerate().filter(is_spare).map(|(_, r)| r.named()).collect();
    if path.is_trusted() && !spare.is_empty() {
        notes.push(format!("sent along and not needed: {}", spare.join(", ")));
    }
    for step in &path.steps {
        notes.extend(match step.source {
            Source::Trusted if !step.reading.is_self_issued() => Some(format!(
                "the intermediate {} was not sent and comes from the bundle: clients without it may refuse",
                step.reading.named()
            )),
            _ => None,
        });
    }
    notes
}
