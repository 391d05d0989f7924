//! What the lengths of sealed records say. In TLS 1.3 all behind the ServerHello is protected, alerts
//! too, and calls itself application data (RFC 8446 §5.2); but an alert is shorter than anything else
//! that may come in its place.

use super::case::Case;
use crate::flow::{Closing, TcpFacts};
use crate::moment::Moment;
use crate::report::codes;
use crate::report::diagnosis::{Cause, Likelihood};
use crate::role::Role;
use crate::smtp::StartTls;
use crate::tls::TlsFacts;
use crate::tls::facts::KeySearch;
use crate::tls::facts::Sealed;
use crate::tls::names::ExtensionType;

/// early_data (RFC 8446 §4.2.10): the client's first records may then be anything.
const EARLY_DATA: ExtensionType = ExtensionType(42);

/// The header of a handshake message, in bytes (RFC 8446 §4).
const MESSAGE_HEADER: usize = 4;

/// The type of the content, which is sealed with it (RFC 8446 §5.2).
const CONTENT_TYPE: usize = 1;

/// An alert: its level and description (RFC 8446 §6).
const ALERT: usize = 2;

/// A Certificate message without a certificate: what a client answers that has none
/// (RFC 8446 §4.4.2).
const EMPTY_CERTIFICATE: usize = MESSAGE_HEADER + 4;

/// `QUIT`, CR, LF; so are NOOP, RSET and DATA, but none of these can be a client's first command.
const QUIT: usize = 6;

/// Who broke a handshake off that nobody can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::judge) enum Objection {
    /// The client never sent a Finished: its longest record has so many bytes.
    Client { longest: usize, at: Moment },
    /// The server ended it behind the client's Finished, after a record as short as an alert if
    /// there is one.
    Server { alert: Option<usize>, at: Moment },
    /// The client was done, and left without having said anything; or no more than QUIT.
    ClientLeft { said_quit: bool, at: Moment },
}

impl Objection {
    /// Whether the handshake failed by it.
    pub(in crate::judge) fn ends_handshake(self) -> bool {
        !matches!(self, Self::ClientLeft { .. })
    }
}

/// The client's records are all too short for a Finished.
pub(crate) fn lacks_finished(tls: &TlsFacts, tcp: &TcpFacts) -> bool {
    matches!(objection(tls, tcp), Some(Objection::Client { .. }))
}

/// How many bytes a suite adds to a record, and how long the content of a Finished is: the table's
/// names tell both.
fn sizes(tls: &TlsFacts) -> Option<(usize, usize)> {
    let suite = tls.suite()?;
    let tag = if suite.name.ends_with("CCM_8_SHA256") { 8 } else { 16 };
    let hash = if suite.name.ends_with("SHA384") { 48 } else { 32 };
    Some((CONTENT_TYPE + tag, MESSAGE_HEADER + hash))
}

/// Who objected in a handshake of TLS 1.3 that was not opened, if its records tell.
pub(in crate::judge) fn objection(tls: &TlsFacts, tcp: &TcpFacts) -> Option<Objection> {
    let is_opened = matches!(tls.keys, KeySearch::Opened(_));
    let is_whole = Role::BOTH.iter().all(|&role| tls.gaps[role].first.is_none())
        && tls.client_hello.as_ref().is_some_and(|hello| !hello.offers(EARLY_DATA));
    if !tls.is_tls13() || is_opened || !is_whole || tls.began_late {
        return None;
    }
    let by = match tcp.closing() {
        Closing::Fin(by) | Closing::Rst(by) => by,
        Closing::Open => return None,
    };
    let (overhead, finished) = sizes(tls)?;
    let (client, server) = (&tls.sealed.client, &tls.sealed.server);
    let (_, last) = client.last?;
    if client.longest < finished + overhead {
        return Some(Objection::Client { longest: client.longest, at: last });
    }
    let place = client.first.iter().position(|&(len, _)| len == finished + overhead)?;
    let (_, done) = *client.first.get(place)?;
    if let Some(objection) = of_server(server, done, overhead, by, tcp) {
        return Some(objection);
    }
    of_client_that_left(client.first.get(place + 1..)?, overhead, by, tcp)
}

/// The server says nothing behind the client's Finished but what is as short as an alert.
fn of_server(
    server: &Sealed,
    done: Moment,
    overhead: usize,
    by: Role,
    tcp: &TcpFacts,
) -> Option<Objection> {
    let mut after = server.first.iter().filter(|(_, at)| *at > done);
    let first = after.next();
    let end = tcp.left_at(Role::Server)?;
    match first {
        Some(&(len, at)) if len <= ALERT + overhead && after.next().is_none() => {
            Some(Objection::Server { alert: Some(len), at })
        }
        None if by == Role::Server && end > done => {
            Some(Objection::Server { alert: None, at: end })
        }
        _ => None,
    }
}

/// The client's records behind its Finished: none, a close_notify, or `QUIT` with one behind it.
fn of_client_that_left(
    said: &[(usize, Moment)],
    overhead: usize,
    by: Role,
    tcp: &TcpFacts,
) -> Option<Objection> {
    if by != Role::Client {
        return None;
    }
    let at = tcp.left_at(Role::Client)?;
    let lengths: Vec<_> = said.iter().map(|&(len, _)| len.saturating_sub(overhead)).collect();
    match lengths[..] {
        [] | [ALERT] => Some(Objection::ClientLeft { said_quit: false, at }),
        [QUIT] | [QUIT, ALERT] => Some(Objection::ClientLeft { said_quit: true, at }),
        _ => None,
    }
}

/// Why a handshake failed that was not opened.
pub(super) fn causes(case: &Case<'_>) -> Vec<Cause> {
    let Some(facts) = case.tls else { return Vec::new() };
    match objection(facts, case.tcp) {
        Some(Objection::Client { longest, at }) => vec![by_client(facts, longest, at)],
        Some(Objection::Server { alert, at }) => by_server(case, facts, alert, at),
        Some(Objection::ClientLeft { said_quit, at }) if case.is_after_starttls() => {
            vec![client_left(said_quit, at)]
        }
        _ => Vec::new(),
    }
}

fn by_client(facts: &TlsFacts, longest: usize, at: Moment) -> Cause {
    let (overhead, finished) = sizes(facts).unwrap_or_default();
    let other = match longest == EMPTY_CERTIFICATE + overhead {
        true => "an alert, or an empty Certificate with nothing behind it",
        false => "an alert",
    };
    let message = format!(
        "the client broke the TLS 1.3 handshake off: it sent no Finished, for its longest protected record has {longest} bytes and a Finished needs {}; the record can only be {other} (frame {}): the client did not accept the server's certificate, or something else of its answer; which alert it is only a key log tells",
        finished + overhead,
        at.frame
    );
    Cause::new(codes::TLS_BROKEN_OFF, Likelihood::Certain, message).at(at.frame)
}

fn by_server(case: &Case<'_>, facts: &TlsFacts, alert: Option<usize>, at: Moment) -> Vec<Cause> {
    let deed = if case.tcp.rst.server.is_some() { "reset" } else { "closed" };
    let (overhead, _) = sizes(facts).unwrap_or_default();
    let no_certificate = facts
        .sealed
        .client
        .first
        .first()
        .is_some_and(|&(len, _)| len == EMPTY_CERTIFICATE + overhead);
    let shown = alert.map_or_else(String::new, |len| {
        format!(" after a record of {len} bytes, as short as an alert (frame {})", at.frame)
    });
    let message = format!(
        "the server {deed} the connection right after the client's Finished{shown}: it did not accept the client's flight in the TLS 1.3 handshake; which alert it is only a key log tells"
    );
    let broken = Cause::new(codes::TLS_BROKEN_OFF, Likelihood::Likely, message).at(at.frame);
    if !no_certificate {
        return vec![broken];
    }
    let message = format!(
        "the server {deed} the connection right after the client's Finished{shown}; the client's first record is as long as an empty Certificate: the server asked for a client certificate, and the client had none"
    );
    let required = Cause::new(codes::TLS_CLIENT_CERTIFICATE_REQUIRED, Likelihood::Likely, message);
    vec![required.at(at.frame)]
}

fn client_left(said_quit: bool, at: Moment) -> Cause {
    let deed = if said_quit {
        "said no more than a record as short as QUIT, and left"
    } else {
        "said nothing, and left"
    };
    let message = format!(
        "the client finished the TLS 1.3 handshake, {deed} (frame {}): it did not accept the server's certificate (its issuer, its name, DANE or MTA-STS), or wanted no more than to look",
        at.frame
    );
    Cause::new(codes::TLS_CERTIFICATE_NOT_ACCEPTED, Likelihood::Likely, message).at(at.frame)
}

impl Case<'_> {
    /// Inside TLS the client speaks first: it was the client's turn.
    pub(super) fn is_after_starttls(&self) -> bool {
        self.session.smtp.as_ref().is_some_and(|smtp| smtp.starttls == StartTls::Accepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Timestamp;
    use crate::role::PerRole;
    use crate::tls::hello::{ClientHello, ServerHello};
    use crate::tls::names::ProtocolVersion;
    use crate::tls::suite::SuiteId;

    /// TLS_AES_256_GCM_SHA384: a Finished has 52 bytes, and a record 17 more.
    const SUITE: SuiteId = SuiteId(0x1302);
    const FINISHED: usize = 69;
    const ALERT_RECORD: usize = 19;

    fn at(ns: i64) -> Moment {
        Moment { ts: Timestamp(ns), frame: ns.unsigned_abs() }
    }

    fn sealed(records: &[(usize, i64)]) -> Sealed {
        Sealed {
            first: records.iter().map(|&(len, ns)| (len, at(ns))).collect(),
            longest: records.iter().map(|&(len, _)| len).max().unwrap_or(0),
            last: records.last().map(|&(len, ns)| (len, at(ns))),
        }
    }

    fn facts(client: &[(usize, i64)], server: &[(usize, i64)]) -> TlsFacts {
        let version = ProtocolVersion::TLS12;
        TlsFacts {
            client_hello: Some(ClientHello { version, ..ClientHello::default() }),
            server_hello: Some(ServerHello {
                version,
                cipher_suite: SUITE,
                selected_version: Some(ProtocolVersion::TLS13),
                ..ServerHello::default()
            }),
            sealed: PerRole { client: sealed(client), server: sealed(server) },
            ..TlsFacts::default()
        }
    }

    fn closed(by: Role) -> TcpFacts {
        let mut tcp = TcpFacts::default();
        tcp.fin[by] = Some(at(90));
        tcp
    }

    const FLIGHT: [(usize, i64); 2] = [(40, 1), (900, 2)];

    #[test]
    fn a_client_without_a_finished_broke_the_handshake_off() {
        let alert = facts(&[(35, 10)], &FLIGHT);
        let told = objection(&alert, &closed(Role::Server));
        assert_eq!(told, Some(Objection::Client { longest: 35, at: at(10) }));
        assert_eq!(objection(&alert, &TcpFacts::default()), None, "the rest may be to come");
    }

    #[test]
    fn a_server_that_ends_it_behind_the_clients_finished_objected() {
        let client = [(25, 10), (FINISHED, 11), (42, 13)];
        let server = [FLIGHT[0], FLIGHT[1], (ALERT_RECORD, 12)];
        let told = objection(&facts(&client, &server), &closed(Role::Server));
        assert_eq!(told, Some(Objection::Server { alert: Some(ALERT_RECORD), at: at(12) }));
        let tickets = [FLIGHT[0], FLIGHT[1], (255, 12), (60, 14)];
        assert_eq!(objection(&facts(&client, &tickets), &closed(Role::Server)), None);
    }

    #[test]
    fn a_client_that_says_no_more_than_quit_did_not_want_to_go_on() {
        let tickets = [FLIGHT[0], FLIGHT[1], (255, 12)];
        let quit = [(FINISHED, 11), (23, 13), (ALERT_RECORD, 14)];
        let told = objection(&facts(&quit, &tickets), &closed(Role::Client));
        assert_eq!(told, Some(Objection::ClientLeft { said_quit: true, at: at(90) }));
        let ehlo = [(FINISHED, 11), (42, 13), (23, 14), (ALERT_RECORD, 15)];
        assert_eq!(objection(&facts(&ehlo, &tickets), &closed(Role::Client)), None);
    }

    #[test]
    fn where_records_are_missing_or_early_data_may_come_nothing_is_said() {
        let mut lossy = facts(&[(35, 10)], &FLIGHT);
        lossy.gaps.client.first = Some(at(9));
        assert_eq!(objection(&lossy, &closed(Role::Client)), None);
        let mut early = facts(&[(35, 10)], &FLIGHT);
        if let Some(hello) = &mut early.client_hello {
            hello.extensions.push(EARLY_DATA);
        }
        assert_eq!(objection(&early, &closed(Role::Client)), None);
    }
}
