//! What verifying certificates shows becomes findings, and part of the cause where a side refused them.

use super::rules;
use crate::report::codes::finding;
use crate::report::findings::{Finding, Severity};
use crate::report::session::SessionReport;
use crate::report::validation::{
    DaneStatus, Problem, StsMode, StsStatus, Validation, ValidationStatus,
};

/// Adds to a session what its validation shows.
pub(crate) fn tell(session: &mut SessionReport) {
    let Some(tls) = &session.tls else { return };
    let Some(validation) = &tls.validation else { return };
    let frame = session.frame_of("tls.certificate");
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
        "bad_signature" | "wrong_issuer_key" => "tls.bad_signature",
        "revoked" => "tls.certificate_revoked",
        "duplicate_extension"
        | "malformed_extension"
        | "unknown_critical_extension"
        | "never_valid" => "tls.certificate_malformed",
        "expired" if problem.certificate == Some(0) => "tls.certificate_expired",
        "expired" => "tls.issuer_expired",
        "not_yet_valid" => "tls.certificate_not_yet_valid",
        "issuer_not_ca" | "no_key_cert_sign" | "path_length_exceeded" | "name_constraints" => {
            "tls.bad_issuer"
        }
        "extended_key_usage" => "tls.certificate_purpose",
        "weak_signature" => "tls.weak_signature",
        "weak_key" => "tls.weak_key",
        "name_mismatch" => "tls.certificate_name_mismatch",
        "self_signed" => "tls.self_signed_certificate",
        "issuer_missing" => "tls.chain_incomplete",
        "unknown_root" => "tls.not_trusted",
        "must_staple" | "staple_expired" => "tls.ocsp_staple",
        _ => "tls.certificate_disputed",
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
            "tls.dane_mismatch",
            format!("{}; this record would match: {}", dane.message, dane.would_match),
        )),
        DaneStatus::Unusable => Some(found("tls.dane_unusable", dane.message.clone())),
        DaneStatus::Insecure | DaneStatus::Match => None,
    }
}

fn of_policy(validation: &Validation) -> Option<Finding> {
    let sts = validation.mta_sts.as_ref()?;
    if !matches!(sts.status, StsStatus::MxNotListed | StsStatus::CertificateInvalid) {
        return None;
    }
    let found = finding("tls.mta_sts", sts.message.clone());
    let is_test = sts.mode != StsMode::Enforce;
    Some(if is_test { Finding { severity: Severity::Info, ..found } } else { found })
}

/// What DANE authenticates needs no dates, names or issuers (RFC 7671 §5.1).
fn excuse(finding: &mut Finding) {
    let is_of_pkix = matches!(
        finding.code,
        "tls.certificate_expired"
            | "tls.certificate_not_yet_valid"
            | "tls.certificate_name_mismatch"
            | "tls.self_signed_certificate"
            | "tls.issuer_expired"
    );
    if is_of_pkix && finding.severity != Severity::Error {
        finding.severity = Severity::Info;
        finding.message.push_str(
            "; that is no fault where DNS authenticates the server (RFC 7671 section 5.1)",
        );
    }
}

/// Causes that are about the server's certificate.
const ABOUT_CERTIFICATE: [&str; 8] = [
    "tls.unknown_ca",
    "tls.certificate_rejected",
    "tls.certificate_not_accepted",
    "tls.certificate_expired",
    "tls.certificate_not_yet_valid",
    "tls.self_signed_certificate",
    "tls.certificate_name_mismatch",
    "tls.bad_issuer",
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
