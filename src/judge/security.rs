//! What weakens a session, whether it came to its end or not.

use super::certificate::oddities;
use crate::flow::{Closing, TcpFacts};
use crate::report::codes::{self, Severity};
use crate::report::findings::{Finding, finding};
use crate::report::session::SessionReport;
use crate::report::timeline::TimelineEvent;
use crate::role::Role;
use crate::smtp::{StartTls, Verb};
use crate::tls::TlsFacts;
use crate::tls::hello::{ClientHello, EXTENDED_MASTER_SECRET, ServerHello};
use crate::tls::names::{ExtensionType, ProtocolVersion};
use crate::tls::suite::{Cipher, KeyExchange, Suite, SuiteId};

/// renegotiation_info, and the suite that stands for it (RFC 5746 §3.3).
const RENEGOTIATION_INFO: ExtensionType = ExtensionType(65281);
const RENEGOTIATION_SCSV: SuiteId = SuiteId(0x00FF);

/// The last bytes of a server's random that say "I could do TLS 1.3" and "TLS 1.2"
/// (RFC 8446 §4.1.3).
const DOWNGRADE_FROM_13: &[u8] = b"DOWNGRD\x01";
const DOWNGRADE_FROM_12: &[u8] = b"DOWNGRD\x00";

/// What weakens the TLS layer.
pub(super) fn of_tls(session: &SessionReport, facts: &TlsFacts, tcp: &TcpFacts) -> Vec<Finding> {
    let certificate = facts.certificate_at.map(|at| at.frame);
    let odd = oddities(session, facts)
        .into_iter()
        .map(|oddity| finding(oddity.code, oddity.message).at(certificate));
    let mut found: Vec<_> = odd.collect();
    let hellos = facts.client_hello.as_ref().zip(facts.server_hello.as_ref());
    if let Some((client, server)) = hellos {
        let frame = session.frame_of(TimelineEvent::TlsServerHello);
        found.extend(of_hellos(facts, client, server).into_iter().map(|found| found.at(frame)));
    }
    found.extend(no_close_notify(session, facts, tcp));
    found
}

fn of_hellos(facts: &TlsFacts, client: &ClientHello, server: &ServerHello) -> Vec<Finding> {
    [
        old_version(facts),
        facts.suite().filter(|suite| is_weak(suite)).map(weak_cipher),
        facts.suite().filter(|suite| is_anonymous(suite)).map(anonymous_cipher),
        no_extended_master_secret(facts, client, server),
        insecure_renegotiation(facts),
        compression(server),
        downgrade(client, server),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn old_version(facts: &TlsFacts) -> Option<Finding> {
    let version = facts.version().filter(|&version| version < ProtocolVersion::TLS12)?;
    Some(finding(codes::TLS_OLD_VERSION, format!("{version} was agreed on")))
}

fn weak_cipher(suite: &'static Suite) -> Finding {
    finding(codes::TLS_WEAK_CIPHER, format!("{} was agreed on", suite.id.both_names()))
}

fn anonymous_cipher(suite: &'static Suite) -> Finding {
    finding(codes::TLS_ANONYMOUS_CIPHER, format!("{} was agreed on", suite.id.both_names()))
}

fn is_anonymous(suite: &Suite) -> bool {
    matches!(suite.key_exchange, KeyExchange::DhAnon | KeyExchange::EcdhAnon)
}

/// Whether a cipher is none, or no protection any more.
pub(super) fn is_weak(suite: &Suite) -> bool {
    use Cipher::{
        Des40Cbc, DesCbc, IdeaCbc, Null, Rc2Bits40Cbc, Rc2Bits56Cbc, Rc2Bits128Cbc, Rc4Bits40,
        Rc4Bits56, Rc4Bits128, TripleDesCbc,
    };
    matches!(
        suite.cipher,
        Null | Rc4Bits40
            | Rc4Bits56
            | Rc4Bits128
            | Rc2Bits40Cbc
            | Rc2Bits56Cbc
            | Rc2Bits128Cbc
            | Des40Cbc
            | DesCbc
            | IdeaCbc
            | TripleDesCbc
    )
}

/// TLS 1.3 binds its keys to the handshake by itself; SSL cannot have it (RFC 7627 §4).
fn no_extended_master_secret(
    facts: &TlsFacts,
    client: &ClientHello,
    server: &ServerHello,
) -> Option<Finding> {
    if !is_before_13(facts) || server.agrees(EXTENDED_MASTER_SECRET) {
        return None;
    }
    let who = if client.offers(EXTENDED_MASTER_SECRET) {
        "the client offered it, the server did not take it up"
    } else {
        "the client did not offer it"
    };
    Some(finding(codes::TLS_NO_EXTENDED_MASTER_SECRET, format!("no extended master secret: {who}")))
}

fn is_before_13(facts: &TlsFacts) -> bool {
    facts.version().is_some_and(|v| (ProtocolVersion::TLS10..=ProtocolVersion::TLS12).contains(&v))
}

/// The client offered secure renegotiation, the server did not take it up (RFC 5746).
pub(super) fn lacks_secure_renegotiation(facts: &TlsFacts) -> bool {
    let Some((client, server)) = facts.client_hello.as_ref().zip(facts.server_hello.as_ref())
    else {
        return false;
    };
    let offered =
        client.offers(RENEGOTIATION_INFO) || client.cipher_suites.contains(&RENEGOTIATION_SCSV);
    is_before_13(facts) && offered && !server.agrees(RENEGOTIATION_INFO)
}

fn insecure_renegotiation(facts: &TlsFacts) -> Option<Finding> {
    lacks_secure_renegotiation(facts).then(|| {
        finding(
            codes::TLS_INSECURE_RENEGOTIATION,
            "the client offers secure renegotiation, the server does not take it up",
        )
    })
}

fn compression(server: &ServerHello) -> Option<Finding> {
    let method = server.compression_method;
    (method != 0).then(|| {
        finding(codes::TLS_COMPRESSION, format!("compression method {method} was agreed on"))
    })
}

/// A server marks its random when it agrees to less than it can do. With a client that offers more,
/// somebody has taken that out of the offer on its way (RFC 8446 §4.1.3).
fn downgrade(client: &ClientHello, server: &ServerHello) -> Option<Finding> {
    let agreed = server.agreed_version();
    let offered = client.highest_version();
    let mark = server.random.get(24..)?;
    let lost = match mark {
        _ if mark == DOWNGRADE_FROM_13 => offered >= ProtocolVersion::TLS13,
        _ if mark == DOWNGRADE_FROM_12 => offered >= ProtocolVersion::TLS12,
        _ => false,
    };
    (lost && agreed < offered).then(|| {
        finding(
            codes::TLS_DOWNGRADE,
            format!(
                "the client offers {offered}, {agreed} was agreed on, and the server's random says that it can do more"
            ),
        )
    })
}

/// Who closes first owes a close_notify (RFC 5246 §7.2.1). Where records are not opened an alert at
/// the end may be one.
fn no_close_notify(session: &SessionReport, facts: &TlsFacts, tcp: &TcpFacts) -> Option<Finding> {
    let (Closing::Fin(by) | Closing::Rst(by)) = tcp.closing() else { return None };
    let gaps = Role::BOTH.iter().any(|&role| facts.gaps[role].first.is_some());
    let ended = facts.alerts.iter().any(|alert| alert.from == by);
    if !facts.is_complete() || gaps || ended || facts.is_ssl2() {
        return None;
    }
    // In TLS 1.3 an alert that is not opened looks like data.
    let hidden = facts.is_tls13() && facts.opened[by].records == 0;
    let frame = Some(session.frames.last);
    (!hidden).then(|| {
        let message = format!("the {} closed the connection without close_notify", by.name());
        let found = finding(codes::TLS_NO_CLOSE_NOTIFY, message).at(frame);
        // Many clients leave it out after QUIT, and no server minds.
        match by {
            Role::Client => Finding { severity: Severity::Info, ..found },
            Role::Server => found,
        }
    })
}

/// Mail in plain text although TLS was to be had.
pub(super) fn starttls_unused(session: &SessionReport) -> Option<Finding> {
    let smtp = session.smtp.as_ref().filter(|smtp| smtp.starttls == StartTls::Offered)?;
    let mail = smtp.exchanges.iter().find(|e| e.verb == Some(Verb::Mail))?;
    let message = "the server offers STARTTLS, and the client sends mail without it";
    (!mail.encrypted).then(|| finding(codes::SMTP_STARTTLS_UNUSED, message).at(mail.frame))
}
