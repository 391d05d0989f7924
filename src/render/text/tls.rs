//! What was agreed on, or else what was offered.

use std::fmt::Display;
use std::io;

use super::ink::Ink;
use super::line::{LABELS, Line};
use super::page::Page;
use crate::report::TlsReport;

/// Suites that are listed of an offer that came to nothing; more are counted.
const MOST_SUITES: usize = 8;

/// Writes version, suite and key exchange, and the host name asked for.
pub(in crate::render) fn facts(tls: &TlsReport, page: &mut Page<'_>) -> io::Result<()> {
    if tls.version.is_some() || tls.cipher_suite.is_some() {
        agreed(tls, page)?;
    }
    if tls.cipher_suite.is_none() {
        offered(tls, page)?;
    }
    let name = tls.client_hello.as_ref().and_then(|hello| hello.server_name.as_ref());
    name.map_or(Ok(()), |name| page.put(Line::labelled("SNI").text(name)))?;
    if page.detail() { hellos(tls, page) } else { Ok(()) }
}

/// Both hellos, list by list.
fn hellos(tls: &TlsReport, page: &mut Page<'_>) -> io::Result<()> {
    if let Some(hello) = &tls.client_hello {
        page.put(Line::labelled("ClientHello").text(&hello.version))?;
        list("versions ", &hello.supported_versions, page)?;
        list("suites ", &hello.cipher_suites, page)?;
        list("extensions ", &hello.extensions, page)?;
        list("groups ", &hello.groups, page)?;
        list("signatures ", &hello.signature_algorithms, page)?;
        list("ALPN ", &hello.alpn, page)?;
        list("JA3 ", std::slice::from_ref(&hello.ja3), page)?;
        list("JA4 ", std::slice::from_ref(&hello.ja4), page)?;
    }
    let Some(hello) = &tls.server_hello else { return Ok(()) };
    page.put(Line::labelled("ServerHello").inked(Ink::Dim, "JA3S ").text(&hello.ja3s))?;
    list("extensions ", &hello.extensions, page)
}

fn list<T: Display>(name: &'static str, items: &[T], page: &mut Page<'_>) -> io::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    let mut line = Line::hanging(LABELS + 2);
    page.put(line.tab(LABELS).inked(Ink::Dim, name).list(items, ", ", usize::MAX))
}

fn agreed(tls: &TlsReport, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::labelled("TLS");
    line.ink(Ink::Strong).text(tls.version.as_deref().unwrap_or("version unknown"));
    if let Some(name) = tls.cipher_suite_openssl {
        line.own(" ").own(name);
    }
    line.ink(Ink::Plain);
    let iana = tls.cipher_suite.as_deref();
    if let Some(name) = iana.filter(|&name| Some(name) != tls.cipher_suite_openssl) {
        line.own(", ").text(name);
    }
    if let Some(id) = &tls.cipher_suite_id {
        line.own(" (").text(id).own(")");
    }
    page.put(&line)?;
    terms(tls, page)
}

/// How keys came about, and the extensions that matter for them.
fn terms(tls: &TlsReport, page: &mut Page<'_>) -> io::Result<()> {
    let mut terms = Vec::new();
    // TLS 1.3 has no key exchange to choose; its suites do not name one.
    let chosen = tls.key_exchange.filter(|name| !name.starts_with("TLS"));
    terms.extend(chosen.map(|name| format!("{name} key exchange")));
    terms.extend(tls.resumed.map(|by| format!("resumed by {}", by.name().replace('_', " "))));
    let optional = [
        (tls.extended_master_secret, "extended master secret"),
        (tls.encrypt_then_mac, "encrypt-then-MAC"),
        (tls.client_certificate_sent, "client certificate"),
        (tls.client_certificate_requested && !tls.client_certificate_sent, NO_CERTIFICATE),
    ];
    terms.extend(optional.iter().filter(|term| term.0).map(|term| term.1.to_owned()));
    match tls.renegotiations {
        0 => {}
        n => terms.push(format!("renegotiated {n} times")),
    }
    let mut line = Line::unlabelled();
    line.list(&terms, ", ", usize::MAX);
    if terms.is_empty() { Ok(()) } else { page.put(&line) }
}

const NO_CERTIFICATE: &str = "client certificate asked for, none sent";

fn offered(tls: &TlsReport, page: &mut Page<'_>) -> io::Result<()> {
    let Some(hello) = &tls.client_hello else { return Ok(()) };
    let most = if page.detail() { usize::MAX } else { MOST_SUITES };
    let mut line = Line::labelled("TLS offered");
    match &hello.supported_versions[..] {
        [] => line.text(&hello.version),
        versions => line.list(versions, " ", usize::MAX),
    };
    page.put(line.own(": ").list(&hello.cipher_suites, ", ", most))
}
