//! The second opinion: rustls-webpki on the path that our own reading found. Where our reading finds
//! nothing and the library refuses, nothing is called valid.

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::path::Step;
use super::signature::FOR_WEBPKI;
use crate::moment::Timestamp;

/// What rustls-webpki says against a path at a time; None if nothing, or only what is known to be a
/// limit of the library. A path of one certificate, which is trusted by itself, is none to verify.
pub(super) fn objection(
    steps: &[Step],
    name: Option<&str>,
    at: Timestamp,
    is_client: bool,
) -> Option<String> {
    let [own, between @ .., anchor] = steps else { return None };
    let der = |step: &Step| CertificateDer::from(step.reading.certificate.der.to_vec());
    let between: Vec<_> = between.iter().map(der).collect();
    let (own, anchor) = (der(own), der(anchor));
    match verify(&own, &between, &anchor, name, at, is_client) {
        Ok(()) => None,
        Err(error) if is_limit(&error) => None,
        Err(error) => Some(error.to_string()),
    }
}

fn verify(
    own: &CertificateDer<'_>,
    between: &[CertificateDer<'_>],
    anchor: &CertificateDer<'_>,
    name: Option<&str>,
    at: Timestamp,
    is_client: bool,
) -> Result<(), Error> {
    let own = EndEntityCert::try_from(own)?;
    let anchors = [anchor_from_trusted_cert(anchor)?];
    let seconds = u64::try_from(at.0 / 1_000_000_000).unwrap_or(0);
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let usage = if is_client { KeyUsage::client_auth() } else { KeyUsage::server_auth() };
    own.verify_for_usage(FOR_WEBPKI, &anchors, between, time, usage, None, None)?;
    let name = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
    name.map_or(Ok(()), |name| own.verify_is_valid_for_subject_name(&name))
}

/// What the library does not do and others do: chains of more than six intermediates, authorities'
/// certificates of servers, serial numbers and versions that RFC 5280 forbids, old
/// algorithms and anchors. Our own reading has judged these.
fn is_limit(error: &Error) -> bool {
    matches!(
        error,
        Error::MaximumPathDepthExceeded
            | Error::CaUsedAsEndEntity
            | Error::InvalidSerialNumber
            | Error::UnsupportedCertVersion
            | Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
            | Error::RequiredEkuNotFoundContext(_)
    )
}
