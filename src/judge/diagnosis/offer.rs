//! What a client offered, and which part of it the server may not share. A server that says only
//! `handshake_failure` is likeliest to miss what few servers have.

use crate::report::codes::{self, Code};
use crate::tls::hello::ClientHello;
use crate::tls::names::{NamedGroup, ProtocolVersion, SignatureScheme, is_grease};
use crate::tls::suite::{KeyExchange, SuiteId};

/// Of a long offer so many are named; of more the number is enough.
const MOST_NAMED: usize = 4;

/// Suites of which nearly every server with an RSA certificate has one: AES with GCM or CBC, in
/// TLS 1.3, with ECDHE and with RSA.
const COMMON_SUITES: [u16; 14] = [
    0x1301, 0x1302, 0xC02F, 0xC030, 0xC013, 0xC014, 0xC027, 0xC028, 0x009C, 0x009D, 0x002F, 0x0035,
    0x003C, 0x003D,
];

/// secp256r1, secp384r1 and x25519: the first is mandatory, the last recommended (RFC 8446 §9.1).
const COMMON_GROUPS: [u16; 3] = [23, 24, 29];

/// What an RSA key can sign with (RFC 8446 §9.1: rsa_pkcs1_sha256 and rsa_pss_rsae_sha256 are
/// mandatory), in any size of hash.
const RSA_SIGNATURES: [u16; 7] = [0x0201, 0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806];

/// A part of the offer that the server may not share.
pub(super) struct Gap {
    pub(super) code: Code,
    pub(super) message: String,
    /// Nothing that most servers have is in the offer.
    is_likely: bool,
}

/// What the server may have missed, the likeliest first. Versions are the last: servers have an
/// alert of their own for them.
pub(super) fn gaps(hello: &ClientHello) -> Vec<Gap> {
    let checks = [suites(hello), groups(hello), signatures(hello), versions(hello)];
    let mut gaps: Vec<_> = checks.into_iter().flatten().collect();
    gaps.sort_by_key(|gap| !gap.is_likely);
    gaps
}

fn suites(hello: &ClientHello) -> Option<Gap> {
    let offered = &hello.cipher_suites;
    Some(Gap {
        code: codes::TLS_NO_SHARED_CIPHER,
        message: format!("it accepts none of the cipher suites offered ({})", suite_list(offered)),
        is_likely: !offered.iter().any(|id| COMMON_SUITES.contains(&id.0)),
    })
}

fn groups(hello: &ClientHello) -> Option<Gap> {
    if !offers_exchange(hello, &[KeyExchange::Tls13, KeyExchange::Ecdhe, KeyExchange::EcdhAnon]) {
        return None;
    }
    let is_likely = |group: &NamedGroup| COMMON_GROUPS.contains(&group.0);
    Some(Gap {
        code: codes::TLS_NO_SHARED_GROUP,
        message: format!("it has none of the groups offered ({})", list(&hello.groups, |g| g.0)?),
        is_likely: !hello.groups.iter().any(is_likely),
    })
}

fn signatures(hello: &ClientHello) -> Option<Gap> {
    if !offers_exchange(hello, &[KeyExchange::Tls13, KeyExchange::Ecdhe, KeyExchange::Dhe]) {
        return None;
    }
    let offered = &hello.signature_algorithms;
    let is_rsa = |scheme: &SignatureScheme| RSA_SIGNATURES.contains(&scheme.0);
    Some(Gap {
        code: codes::TLS_NO_SHARED_SIGNATURE_ALGORITHM,
        message: format!(
            "its key can sign in none of the ways that the client accepts ({})",
            list(offered, |scheme| scheme.0)?
        ),
        is_likely: !offered.iter().any(is_rsa),
    })
}

fn offers_exchange(hello: &ClientHello, exchanges: &[KeyExchange]) -> bool {
    let suites = hello.cipher_suites.iter().filter_map(|id| id.suite());
    suites.into_iter().any(|suite| exchanges.contains(&suite.key_exchange))
}

fn versions(hello: &ClientHello) -> Option<Gap> {
    Some(Gap {
        code: codes::TLS_NO_SHARED_VERSION,
        message: format!("no version is shared: {}", version_list(hello)),
        is_likely: false,
    })
}

/// The versions of an offer, as a sentence.
pub(super) fn version_list(hello: &ClientHello) -> String {
    let mut offered: Vec<ProtocolVersion> = hello.supported_versions.clone();
    offered.retain(|version| !is_grease(version.0));
    if offered.is_empty() {
        return format!("the client offers versions up to {}", hello.highest_version());
    }
    let names: Vec<_> = offered.iter().map(ToString::to_string).collect();
    format!("the client offers {}", names.join(", "))
}

/// The first suites of an offer by both of their names, and how many there are.
fn suite_list(suites: &[SuiteId]) -> String {
    let real = suites.iter().filter(|id| !is_grease(id.0) && !is_signal(**id));
    shorten(real.map(|id| id.both_names()).collect())
}

/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV and TLS_FALLBACK_SCSV are signals (RFC 5746 §3.3, RFC 7507).
fn is_signal(id: SuiteId) -> bool {
    matches!(id.0, 0x00FF | 0x5600)
}

/// The first of an extension's values; None where the client sent none.
fn list<T: ToString>(values: &[T], number: impl Fn(&T) -> u16) -> Option<String> {
    let real = values.iter().filter(|value| !is_grease(number(value)));
    let names: Vec<_> = real.map(ToString::to_string).collect();
    (!names.is_empty()).then(|| shorten(names))
}

fn shorten(names: Vec<String>) -> String {
    match names.len() {
        0 => "none at all".into(),
        n if n <= MOST_NAMED => names.join(", "),
        n => format!("{n}: {} ...", names.get(..MOST_NAMED).unwrap_or_default().join(", ")),
    }
}
