//! What is odd about a server's certificate: the reasons that clients have to refuse one.

use crate::moment::Timestamp;
use crate::report::session::SessionReport;
use crate::report::tls::CertificateReport;
use crate::tls::TlsFacts;
use crate::tls::certificate::Certificate;

/// RSA keys below this many bits are refused by current clients (OpenSSL's security level 2).
const LEAST_RSA_BITS: u32 = 2048;

/// Curves below this many bits, likewise.
const LEAST_EC_BITS: u32 = 224;

/// One reason to refuse a certificate.
pub(super) struct Oddity {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// What is odd about the server's own certificate, the worst first.
pub(super) fn oddities(session: &SessionReport, facts: &TlsFacts) -> Vec<Oddity> {
    let Some(certificate) = facts.certificates.first() else { return Vec::new() };
    let checks: [Option<Oddity>; 5] = [
        expired(session, certificate),
        not_yet_valid(session, certificate),
        other_name(facts, certificate),
        self_signed(certificate),
        weak_key(certificate),
    ];
    checks.into_iter().flatten().collect()
}

fn expired(session: &SessionReport, certificate: &Certificate) -> Option<Oddity> {
    let message = format!(
        "the certificate of \"{}\" expired on {}",
        certificate.subject,
        to_the_second(certificate.not_after)
    );
    (certificate.not_after < session.start)
        .then_some(Oddity { code: "tls.certificate_expired", message })
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
        .then_some(Oddity { code: "tls.certificate_not_yet_valid", message })
}

fn other_name(facts: &TlsFacts, certificate: &Certificate) -> Option<Oddity> {
    let asked = facts.client_hello.as_ref()?.server_name.as_ref()?;
    let names = names(certificate);
    if names.iter().any(|name| covers(name, asked)) {
        return None;
    }
    let message = format!(
        "the client asked for \"{asked}\", the certificate is for {}",
        names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    );
    Some(Oddity { code: "tls.certificate_name_mismatch", message })
}

fn self_signed(certificate: &Certificate) -> Option<Oddity> {
    let message = format!("the certificate of \"{}\" is signed by itself", certificate.subject);
    (certificate.subject == certificate.issuer)
        .then_some(Oddity { code: "tls.self_signed_certificate", message })
}

fn weak_key(certificate: &Certificate) -> Option<Oddity> {
    let least = match certificate.key_algorithm.as_str() {
        "RSA" => LEAST_RSA_BITS,
        "EC" => LEAST_EC_BITS,
        _ => return None,
    };
    let (algorithm, bits) = (&certificate.key_algorithm, certificate.key_bits);
    let message = format!("the certificate's key is {algorithm} with {bits} bits");
    (bits > 0 && bits < least).then_some(Oddity { code: "tls.weak_key", message })
}

/// The names that a certificate is for: subjectAltName, or the common name where there is none
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
}
