//! What is odd about a server's certificate: the reasons that clients have to refuse one.

use crate::moment::Timestamp;
use crate::report::codes::{self, Code};
use crate::report::session::SessionReport;
use crate::report::tls::CertificateReport;
use crate::tls::TlsFacts;
use crate::tls::certificate::Certificate;
use crate::tls::suite::KeyExchange;

/// RSA keys below this many bits are refused by current clients (OpenSSL's security level 2).
const LEAST_RSA_BITS: u32 = 2048;

/// Curves below this many bits, likewise.
const LEAST_EC_BITS: u32 = 224;

/// One reason to refuse a certificate.
pub(super) struct Oddity {
    pub(super) code: Code,
    pub(super) message: String,
}

/// What is odd about the server's own certificate, the worst first.
pub(super) fn oddities(session: &SessionReport, facts: &TlsFacts) -> Vec<Oddity> {
    let Some(certificate) = facts.certificates.first() else { return Vec::new() };
    let checks: [Option<Oddity>; 11] = [
        expired(session, certificate),
        not_yet_valid(session, certificate),
        other_name(facts, certificate),
        other_purpose(certificate),
        other_key_usage(facts, certificate),
        self_signed(certificate),
        weak_key(certificate),
        weak_signature(&facts.certificates),
        expired_issuer(session, &facts.certificates),
        issuer_without_power(&facts.certificates),
        excluded_name(&facts.certificates),
    ];
    checks.into_iter().flatten().collect()
}

/// extendedKeyUsage names purposes, and a server's is none of them (RFC 5280 §4.2.1.12).
fn other_purpose(certificate: &Certificate) -> Option<Oddity> {
    let usage = &certificate.extended_key_usage;
    let serves = |usage: &String| matches!(usage.as_str(), "serverAuth" | "anyExtendedKeyUsage");
    if usage.is_empty() || usage.iter().any(serves) {
        return None;
    }
    let message = format!(
        "the certificate's extended key usage is {}, not serverAuth: it is not for servers",
        usage.join(", ")
    );
    Some(Oddity { code: codes::TLS_CERTIFICATE_PURPOSE, message })
}

/// keyUsage must allow what the suite does with the key (RFC 5246 §7.4.2, RFC 8446 §4.4.2.2).
fn other_key_usage(facts: &TlsFacts, certificate: &Certificate) -> Option<Oddity> {
    let wanted = match facts.suite()?.key_exchange {
        KeyExchange::Rsa => "keyEncipherment",
        KeyExchange::Ecdhe | KeyExchange::Dhe | KeyExchange::Tls13 => "digitalSignature",
        _ => return None,
    };
    let usage = &certificate.key_usage;
    if usage.is_empty() || usage.contains(&wanted) {
        return None;
    }
    let message = format!(
        "the certificate's key usage is {}, and the suite needs {wanted}",
        usage.join(", ")
    );
    Some(Oddity { code: codes::TLS_CERTIFICATE_PURPOSE, message })
}

/// Signatures with MD5 and SHA-1 can be forged; what signs itself needs none (RFC 9155, RFC 9325).
fn weak_signature(chain: &[Certificate]) -> Option<Oddity> {
    let is_weak = |certificate: &&Certificate| {
        let name = certificate.signature_algorithm.to_ascii_lowercase();
        certificate.subject != certificate.issuer
            && ["sha1", "md5", "md2"].iter().any(|hash| name.contains(hash))
    };
    let weak = chain.iter().find(is_weak)?;
    let hash = match weak.signature_algorithm.to_ascii_lowercase() {
        name if name.contains("sha1") => "SHA-1",
        _ => "MD5",
    };
    let message = format!(
        "the certificate of \"{}\" is signed with {hash} ({}), which current clients refuse",
        weak.subject, weak.signature_algorithm
    );
    Some(Oddity { code: codes::TLS_WEAK_SIGNATURE, message })
}

/// An issuer of another certificate of the chain that is out of date.
fn expired_issuer(session: &SessionReport, chain: &[Certificate]) -> Option<Oddity> {
    let expired = issuers(chain).find(|issuer| issuer.not_after < session.start)?;
    let message = format!(
        "the certificate of its issuer \"{}\", which was sent with it, expired on {}",
        expired.subject,
        to_the_second(expired.not_after)
    );
    Some(Oddity { code: codes::TLS_ISSUER_EXPIRED, message })
}

/// Those that vouch for others of the chain. A root vouches for itself, and is trusted by itself.
fn issuers(chain: &[Certificate]) -> impl Iterator<Item = &Certificate> {
    chain.iter().skip(1).filter(|certificate| {
        let vouches = |other: &Certificate| {
            other.issuer == certificate.subject && other.sha256 != certificate.sha256
        };
        certificate.subject != certificate.issuer && chain.iter().any(vouches)
    })
}

/// A certificate that vouches for another, and is no authority's (RFC 5280 §4.2.1.9).
fn issuer_without_power(chain: &[Certificate]) -> Option<Oddity> {
    let is_powerless = |certificate: &&Certificate| {
        let usage = &certificate.key_usage;
        let signs = usage.is_empty() || usage.contains(&"keyCertSign");
        certificate.is_ca != Some(true) || !signs
    };
    let issuer = issuers(chain).find(is_powerless)?;
    let message = format!(
        "the certificate of its issuer \"{}\" is not that of an authority (no CA flag, or no keyCertSign)",
        issuer.subject
    );
    Some(Oddity { code: codes::TLS_BAD_ISSUER, message })
}

/// An issuer may vouch for some names only (RFC 5280 §4.2.1.10).
fn excluded_name(chain: &[Certificate]) -> Option<Oddity> {
    let certificate = chain.first()?;
    let names = names(certificate);
    let within = |name: &str, tree: &str| {
        let (name, tree) = (name.to_ascii_lowercase(), tree.to_ascii_lowercase());
        let tree = tree.trim_start_matches('.');
        name == tree || name.ends_with(&format!(".{tree}"))
    };
    issuers(chain).find_map(|issuer| {
        let excluded = |name: &&String| {
            let permitted = issuer.permitted_names.as_ref();
            issuer.excluded_names.iter().any(|tree| within(name, tree))
                || permitted.is_some_and(|trees| !trees.iter().any(|tree| within(name, tree)))
        };
        let name = names.iter().find(excluded)?;
        let message = format!(
            "\"{}\" may not vouch for \"{name}\": its name constraints exclude that name",
            issuer.subject
        );
        Some(Oddity { code: codes::TLS_BAD_ISSUER, message })
    })
}

/// Without a name to go by, the server shows the certificate that it has for all.
pub(super) fn without_name(facts: &TlsFacts) -> Option<String> {
    facts.client_hello.as_ref().filter(|hello| hello.server_name.is_none())?;
    let certificate = facts.certificates.first()?;
    Some(format!(
        "the client asked for no name (no SNI), so the server chose by itself: the certificate is for {}",
        list(&names(certificate))
    ))
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn expired(session: &SessionReport, certificate: &Certificate) -> Option<Oddity> {
    let message = format!(
        "the certificate of \"{}\" expired on {}",
        certificate.subject,
        to_the_second(certificate.not_after)
    );
    (certificate.not_after < session.start)
        .then_some(Oddity { code: codes::TLS_CERTIFICATE_EXPIRED, message })
}

/// The dates of certificates have no fraction (RFC 5280 §4.1.2.5).
fn to_the_second(at: Timestamp) -> String {
    let exact = at.to_string();
    match exact.split_once('.') {
        Some((second, _)) => format!("{second}Z"),
        None => exact,
    }
}

fn not_yet_valid(session: &SessionReport, certificate: &Certificate) -> Option<Oddity> {
    let message = format!(
        "the certificate of \"{}\" is valid from {} on, the session was on {}",
        certificate.subject,
        to_the_second(certificate.not_before),
        to_the_second(session.start)
    );
    (session.start < certificate.not_before)
        .then_some(Oddity { code: codes::TLS_CERTIFICATE_NOT_YET_VALID, message })
}

fn other_name(facts: &TlsFacts, certificate: &Certificate) -> Option<Oddity> {
    let asked = facts.client_hello.as_ref()?.server_name.as_ref()?;
    let names = names(certificate);
    if names.iter().any(|name| covers(name, asked)) {
        return None;
    }
    let message =
        format!("the client asked for \"{asked}\", the certificate is for {}", list(&names));
    Some(Oddity { code: codes::TLS_CERTIFICATE_NAME_MISMATCH, message })
}

fn self_signed(certificate: &Certificate) -> Option<Oddity> {
    let message = format!("the certificate of \"{}\" is signed by itself", certificate.subject);
    (certificate.subject == certificate.issuer)
        .then_some(Oddity { code: codes::TLS_SELF_SIGNED_CERTIFICATE, message })
}

fn weak_key(certificate: &Certificate) -> Option<Oddity> {
    let least = match certificate.key_algorithm.as_str() {
        "RSA" => LEAST_RSA_BITS,
        "EC" => LEAST_EC_BITS,
        _ => return None,
    };
    let (algorithm, bits) = (&certificate.key_algorithm, certificate.key_bits);
    let message = format!("the certificate's key is {algorithm} with {bits} bits");
    (bits > 0 && bits < least).then_some(Oddity { code: codes::TLS_WEAK_KEY, message })
}

/// The names that a certificate is for: subjectAltName, or else the common name
/// (RFC 6125 §6.4.4).
fn names(certificate: &Certificate) -> Vec<String> {
    if !certificate.subject_alt_names.is_empty() {
        return certificate.subject_alt_names.clone();
    }
    let common = certificate.subject.split(", ").find_map(|part| part.strip_prefix("CN="));
    common.map(str::to_owned).into_iter().collect()
}

/// Whether a name of a certificate covers the name asked for; a star stands for one label
/// (RFC 6125 §6.4.3).
fn covers(pattern: &str, asked: &str) -> bool {
    let pattern = pattern.strip_prefix("DNS:").unwrap_or(pattern);
    if let Some(parent) = pattern.strip_prefix("*.") {
        return asked.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent));
    }
    pattern.eq_ignore_ascii_case(asked.trim_end_matches('.'))
}

impl CertificateReport {
    /// Subject and issuer, as sentences name a certificate.
    pub(super) fn named(&self) -> String {
        format!("\"{}\", issued by \"{}\"", self.subject, self.issuer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_covers_one_label() {
        assert!(covers("*.example.com", "mail.example.com"));
        assert!(!covers("*.example.com", "a.mail.example.com"));
        assert!(!covers("*.example.com", "example.com"));
        assert!(covers("Mail.Example.com", "mail.example.com."));
    }

    const DAY: i64 = 86_400_000_000_000;

    fn certificate(subject: &str, issuer: &str) -> Certificate {
        Certificate {
            subject: subject.into(),
            issuer: issuer.into(),
            subject_alt_names: Vec::new(),
            not_before: Timestamp(0),
            not_after: Timestamp(DAY),
            serial: "1".into(),
            key_algorithm: "RSA".into(),
            key_bits: 2048,
            sha256: [subject.len() as u8; 32],
            spki_sha256: [0; 32],
            rsa: None,
            signature_algorithm: "sha256WithRSAEncryption".into(),
            is_ca: None,
            path_length: None,
            key_usage: Vec::new(),
            extended_key_usage: Vec::new(),
            permitted_names: None,
            excluded_names: Vec::new(),
            subject_key_id: None,
            authority_key_id: None,
            timestamps: 0,
            der: [].into(),
        }
    }

    fn leaf() -> Certificate {
        certificate("CN=mail.example.com", "CN=Issuer")
    }

    fn issuer() -> Certificate {
        Certificate { is_ca: Some(true), ..certificate("CN=Issuer", "CN=Root") }
    }

    #[test]
    fn a_certificate_for_clients_is_not_for_servers() {
        let with = |usage: &[&str]| Certificate {
            extended_key_usage: usage.iter().map(|name| (*name).to_owned()).collect(),
            ..leaf()
        };
        assert!(other_purpose(&with(&["clientAuth"])).is_some());
        assert!(other_purpose(&with(&["clientAuth", "serverAuth"])).is_none());
        assert!(other_purpose(&with(&[])).is_none(), "without the extension it is for all");
    }

    #[test]
    fn old_signatures_are_told_but_not_those_of_roots() {
        let signed = |name: &str| Certificate { signature_algorithm: name.into(), ..leaf() };
        assert!(weak_signature(&[signed("sha1WithRSAEncryption")]).is_some());
        assert!(weak_signature(&[signed("ecdsa-with-SHA256")]).is_none());
        let root = Certificate { issuer: leaf().subject, ..signed("sha1WithRSAEncryption") };
        assert!(weak_signature(&[root]).is_none());
    }

    #[test]
    fn an_issuer_must_be_an_authority_that_may_vouch_for_the_name() {
        let chain = |issuer: Certificate| [leaf(), issuer];
        assert!(issuer_without_power(&chain(issuer())).is_none());
        let none = Certificate { is_ca: None, ..issuer() };
        assert!(issuer_without_power(&chain(none.clone())).is_some());
        let other = Certificate { subject: "CN=Other".into(), ..none };
        assert!(issuer_without_power(&chain(other)).is_none(), "it vouches for nobody here");
        let held = |to: &str| Certificate { permitted_names: Some(vec![to.into()]), ..issuer() };
        assert!(excluded_name(&chain(held("example.com"))).is_none());
        assert!(excluded_name(&chain(held("example.org"))).is_some());
        let without = Certificate { excluded_names: vec![".example.com".into()], ..issuer() };
        assert!(excluded_name(&chain(without)).is_some());
    }
}
