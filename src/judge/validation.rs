//! What verifying certificates shows becomes findings, and part of the cause where a side refused them.

use super::rules;
use crate::report::Severity;
use crate::report::codes::{self, Code};
use crate::report::findings::{Finding, finding};
use crate::report::session::SessionReport;
use crate::report::timeline::TimelineEvent;
use crate::report::validation::{
    DaneStatus, Problem, StsMode, StsStatus, Validation, ValidationStatus,
};

/// Adds to a session what its validation shows.
pub(crate) fn tell(session: &mut SessionReport) {
    let Some(tls) = &session.tls else { return };
    let Some(validation) = &tls.validation else { return };
    let frame = session.frame_of(TimelineEvent::TlsCertificate);
    let is_asked = validation.trust.is_some();
    let told = validation.problems.iter().filter(|one| is_asked || one.refused_by.is_empty());
    let mut found: Vec<_> = told.map(of_problem).collect();
    found.extend(of_dane(validation));
    found.extend(of_policy(validation));
    let more = explained(session, validation);
    let by_dns = validation.dane.as_ref().is_some_and(|dane| dane.status == DaneStatus::Match);
    if by_dns {
        session.findings.iter_mut().for_each(excuse);
    }
    if let Some(more) = more {
        add_to_cause(session, &more);
    }
    for new in found {
        let tells =
            |other: &Finding| other.code == new.code || other.message.contains(&new.message);
        if !session.findings.iter().any(tells) {
            session.findings.push(new.at(frame));
        }
    }
    rules::sort(session);
}

/// The code of a finding for each reason; what `certificate` finds by itself has the same codes.
fn of_problem(problem: &Problem) -> Finding {
    let code = match problem.reason {
        "bad_signature" | "wrong_issuer_key" => codes::TLS_BAD_SIGNATURE,
        "revoked" => codes::TLS_CERTIFICATE_REVOKED,
        "duplicate_extension"
        | "malformed_extension"
        | "unknown_critical_extension"
        | "never_valid" => codes::TLS_CERTIFICATE_MALFORMED,
        "expired" if problem.certificate == Some(0) => codes::TLS_CERTIFICATE_EXPIRED,
        "expired" => codes::TLS_ISSUER_EXPIRED,
        "not_yet_valid" => codes::TLS_CERTIFICATE_NOT_YET_VALID,
        "issuer_not_ca" | "no_key_cert_sign" | "path_length_exceeded" | "name_constraints" => {
            codes::TLS_BAD_ISSUER
        }
        "extended_key_usage" => codes::TLS_CERTIFICATE_PURPOSE,
        "weak_signature" => codes::TLS_WEAK_SIGNATURE,
        "weak_key" => codes::TLS_WEAK_KEY,
        "name_mismatch" => codes::TLS_CERTIFICATE_NAME_MISMATCH,
        "self_signed" => codes::TLS_SELF_SIGNED_CERTIFICATE,
        "issuer_missing" => codes::TLS_CHAIN_INCOMPLETE,
        "unknown_root" => codes::TLS_NOT_TRUSTED,
        "must_staple" | "staple_expired" => codes::TLS_OCSP_STAPLE,
        _ => codes::TLS_CERTIFICATE_DISPUTED,
    };
    let mut message = problem.message.clone();
    if !problem.refused_by.is_empty() {
        message = format!("{message} (refused by {})", problem.refused_by.join(", "));
    }
    finding(code, message)
}

fn of_dane(validation: &Validation) -> Option<Finding> {
    let dane = validation.dane.as_ref()?;
    let found = |code, message| finding(code, format!("DANE: {message}"));
    match dane.status {
        DaneStatus::Mismatch => Some(found(
            codes::TLS_DANE_MISMATCH,
            format!("{}; this record would match: {}", dane.message, dane.would_match),
        )),
        DaneStatus::Unusable => Some(found(codes::TLS_DANE_UNUSABLE, dane.message.clone())),
        DaneStatus::Insecure | DaneStatus::Match => None,
    }
}

fn of_policy(validation: &Validation) -> Option<Finding> {
    let sts = validation.mta_sts.as_ref()?;
    if !matches!(sts.status, StsStatus::MxNotListed | StsStatus::CertificateInvalid) {
        return None;
    }
    let found = finding(codes::TLS_MTA_STS, sts.message.clone());
    let is_test = sts.mode != StsMode::Enforce;
    Some(if is_test { Finding { severity: Severity::Info, ..found } } else { found })
}

/// What DANE authenticates needs no dates, names or issuers (RFC 7671 §5.1).
fn excuse(finding: &mut Finding) {
    let is_of_pkix = matches!(
        finding.code,
        codes::TLS_CERTIFICATE_EXPIRED
            | codes::TLS_CERTIFICATE_NOT_YET_VALID
            | codes::TLS_CERTIFICATE_NAME_MISMATCH
            | codes::TLS_SELF_SIGNED_CERTIFICATE
            | codes::TLS_ISSUER_EXPIRED
    );
    if is_of_pkix && finding.severity != Severity::Error {
        finding.severity = Severity::Info;
        finding.message.push_str(
            "; that is no fault where DNS authenticates the server (RFC 7671 section 5.1)",
        );
    }
}

/// Causes that are about the server's certificate.
const ABOUT_CERTIFICATE: [Code; 8] = [
    codes::TLS_UNKNOWN_CA,
    codes::TLS_CERTIFICATE_REJECTED,
    codes::TLS_CERTIFICATE_NOT_ACCEPTED,
    codes::TLS_CERTIFICATE_EXPIRED,
    codes::TLS_CERTIFICATE_NOT_YET_VALID,
    codes::TLS_SELF_SIGNED_CERTIFICATE,
    codes::TLS_CERTIFICATE_NAME_MISMATCH,
    codes::TLS_BAD_ISSUER,
];

/// What the judgement adds to the cause of a refusal.
fn explained(session: &SessionReport, validation: &Validation) -> Option<String> {
    let cause = &session.diagnosis.as_ref()?.cause;
    if !ABOUT_CERTIFICATE.contains(&cause.code) {
        return None;
    }
    let trust = validation.trust.as_ref()?;
    match validation.status {
        ValidationStatus::Valid => Some(format!(
            "held against {trust} all is in order at that time, so the client trusts other roots, wanted another name, or its clock differs"
        )),
        ValidationStatus::Invalid => {
            let problem = validation.problems.first()?;
            let is_told = cause.message.contains(&problem.message);
            (!is_told).then(|| format!("held against {trust}: {}", problem.message))
        }
        ValidationStatus::NotChecked => None,
    }
}

/// Adds to the sentence of a diagnosis, and to the finding that is made of it.
fn add_to_cause(session: &mut SessionReport, more: &str) {
    let Some(diagnosis) = &mut session.diagnosis else { return };
    let cause = &mut diagnosis.cause;
    let finding = session.findings.iter_mut().find(|finding| finding.message == cause.message);
    if let Some(finding) = finding {
        finding.message = format!("{}; {more}", finding.message);
    }
    cause.message = format!("{}; {more}", cause.message);
}
