//! Pages of real sessions, and pages of hostile ones.

use std::ops::ControlFlow;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Conclusion, Renderer as _, Style, TextReport, Views};
use crate::capture::{Capture, Input};
use crate::engine::Setup;
use crate::keys::{KeyRing, KeySource};
use crate::moment::Timestamp;
use crate::record::Reveal;
use crate::report::codes;
use crate::report::{
    AuthReport, AuthResult, CertificateReport, Finding, MailReport, ProxyReport, ReplyReport,
    SessionReport, Severity, SkippedFrames, Summary, Verb,
};
use crate::testdata::find;
use crate::tls::Keys;

pub(in crate::render) struct Run {
    pub(in crate::render) sessions: Vec<SessionReport>,
    summary: Summary,
    findings: Vec<Finding>,
}

/// What the engine says of the capture `NAME` with the keys beside it.
pub(in crate::render) fn run(name: &str, reveal: Reveal) -> Run {
    let keys = find(&format!("{name}.keys"));
    let sources: Vec<_> = keys.exists().then_some(KeySource::List(keys)).into_iter().collect();
    let (ring, errors) = KeyRing::load(&sources);
    assert!(errors.is_empty(), "{errors:?}");
    let setup = Arc::new(Setup {
        keys: Keys { ring: Arc::new(ring), ..Keys::default() },
        reveal,
        ..Setup::default()
    });
    let path = find(&format!("{name}.pcap"));
    let mut capture = Capture::open(vec![Input::File(path)]);
    let mut sessions = Vec::new();
    let totals = crate::engine::run(
        &mut capture,
        &setup,
        |_| None,
        |session| {
            sessions.push(session);
            ControlFlow::Continue(())
        },
    );
    Run { sessions, summary: totals.summary, findings: totals.findings }
}

impl Run {
    fn page(&self, style: Style) -> String {
        let mut out = Vec::new();
        let mut report = TextReport::new(style);
        for session in self.sessions.clone() {
            report.session(session, &mut out).unwrap();
        }
        let (summary, findings) = (self.summary.clone(), self.findings.clone());
        report.finish(Conclusion { summary, findings, ..Conclusion::default() }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }
}

/// What every page without colours keeps to.
fn check(page: &str) {
    for line in page.lines() {
        let width: usize = line.chars().map(super::wrap::columns).sum();
        assert!(width <= 80, "{width} columns: {line:?}");
        assert!(!line.ends_with(' '), "spaces at the end: {line:?}");
    }
    let control = page.chars().find(|&c| c.is_control() && c != '\n');
    assert_eq!(control, None, "in {page:?}");
}

fn snapshot(name: &str, capture: &str, reveal: Reveal, style: Style) {
    let page = run(capture, reveal).page(style);
    check(&page);
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, page));
}

macro_rules! pages {
    ($($capture:ident),* $(,)?) => {
        $(#[test]
        fn $capture() {
            snapshot(stringify!($capture), stringify!($capture), MASKED, Style::default());
        })*
    };
}

const MASKED: Reveal = Reveal { auth: false, body: false };

pages! {
    tls12_aes128_sha, wrong_key, starttls_refused, tls_handshake_failed, tls13, rcpt_rejected,
    auth_login_ok, plain, several_mails, sll2, midstream, lmtp, bdat, pipelining, snaplen, mixed,
    greeting_554, proxy_v2, ipv6, resume_ticket, rst_after_clienthello,
}

#[test]
fn auth_login_ok_revealed() {
    let all = Reveal { auth: true, body: true };
    snapshot("auth_login_ok_revealed", "auth_login_ok", all, Style::default());
}

#[test]
fn timing_alone() {
    let style = Style { views: Views { timing: true, ..Views::default() }, ..Style::default() };
    snapshot("timing_alone", "rcpt_rejected", MASKED, style);
}

#[test]
fn colours_change_nothing_but_colours() {
    let run = run("auth_plain_failed", MASKED);
    let plain = run.page(Style::default());
    let colored = run.page(Style { colors: true, ..Style::default() });
    assert!(!plain.contains('\u{1b}'));
    assert!(colored.contains("\u{1b}[34mC: "), "the client is blue");
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn the_width_is_kept_whatever_it_is() {
    let run = run("rcpt_rejected", MASKED);
    for width in [0, 40, 60, 132, 1_000] {
        let page = run.page(Style { width, ..Style::default() });
        let widest = page.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width.max(40), "{widest} columns where {width} are");
    }
}

#[test]
fn a_line_that_goes_on_is_never_taken_for_another() {
    let mut run = run("plain", MASKED);
    let forged = format!("250 ok{}S: 250 forged", " ".repeat(90));
    run.sessions[0].smtp.as_mut().unwrap().exchanges[0].reply.as_mut().unwrap().lines[0] = forged;
    let page = run.page(Style::default());
    let line = page.lines().find(|line| line.contains("forged")).unwrap();
    assert!(line.starts_with(&" ".repeat(30)), "{line:?}");
}

#[test]
fn what_is_left_out_is_counted() {
    let mut run = run("plain", MASKED);
    let smtp = run.sessions[0].smtp.as_mut().unwrap();
    smtp.omitted_exchanges = 7;
    smtp.exchanges[1].command = Some("x".repeat(1_234));
    let entry = run.sessions[0].timeline[0].clone();
    for frame in 100..300 {
        run.sessions[0].timeline.push(crate::report::TimelineEntry { frame, ..entry.clone() });
    }
    let page = run.page(Style::default());
    check(&page);
    assert!(page.contains("[7 more commands were not kept]"));
    assert!(page.replace(&format!("\n{:30}", ""), " ").contains("[234 more characters]"));
    assert!(page.contains("lines are left out"));
}

/// Puts `evil` wherever a capture, a key list or a file name can put a text.
fn poison(run: &mut Run, evil: &str) {
    let evil = || evil.to_owned();
    let session = &mut run.sessions[0];
    session.proxy =
        Some(ProxyReport { version: 2, source: Some(evil()), destination: Some(evil()) });
    for finding in &mut session.findings {
        (finding.message, finding.hint) = (evil(), Some(evil()));
    }
    for entry in &mut session.timeline {
        entry.detail = Some(evil());
    }
    let reply = ReplyReport {
        code: 550,
        enhanced: Some(evil()),
        lines: vec![evil(), evil()],
        complete: true,
    };
    let smtp = session.smtp.as_mut().unwrap();
    for exchange in &mut smtp.exchanges {
        (exchange.command, exchange.verb) = (Some(evil()), Some(Verb::Other(evil().into())));
        exchange.reply = Some(reply.clone());
    }
    smtp.auth =
        Some(AuthReport { mechanism: evil(), user: Some(evil()), result: AuthResult::Rejected });
    smtp.exchanges[1].verb = Some(Verb::Message);
    smtp.mails.push(MailReport {
        from: Some(evil()),
        to: vec![evil(), evil()],
        rejected_to: vec![evil()],
        transfer: crate::report::Transfer::Data,
        bytes: Some(1),
        sha256: Some(evil()),
        reply: Some(reply),
        queue_id: Some(evil()),
        message_id: Some(evil()),
        subject: Some(evil()),
        encrypted: true,
        complete: true,
        body: Some(evil()),
        ..MailReport::default()
    });
    let tls = session.tls.as_mut().unwrap();
    (tls.version, tls.cipher_suite) = (Some(evil()), Some(evil()));
    tls.cipher_suite_id = Some(evil());
    tls.client_hello.as_mut().unwrap().server_name = Some(evil());
    (tls.decryption.evidence, tls.decryption.hint) = (evil(), Some(evil()));
    tls.certificates.push(certificate(&evil()));
    tls.certificates.rotate_right(1);
    run.summary.skipped_frames.push(SkippedFrames { reason: evil(), frames: 1, first_frame: 1 });
    run.findings.push(Finding::new(codes::CAPTURE_CORRUPT, Severity::Error, evil()).hint(evil()));
}

fn certificate(evil: &str) -> CertificateReport {
    let evil = || evil.to_owned();
    CertificateReport {
        subject: evil(),
        issuer: evil(),
        subject_alt_names: vec![evil()],
        not_before: Timestamp(i64::MIN),
        not_after: Timestamp(i64::MAX),
        serial: evil(),
        key_algorithm: evil(),
        key_bits: 0,
        sha256: evil(),
        spki_sha256: evil(),
        signature_algorithm: evil(),
        is_ca: None,
        path_length: None,
        key_usage: Vec::new(),
        extended_key_usage: vec![evil()],
        subject_key_id: Some(evil()),
        authority_key_id: Some(evil()),
        der: Arc::default(),
    }
}

#[test]
fn nothing_hostile_gets_through() {
    for evil in ["\u{1b}]0;title\u{7}\u{1b}[2J", "\r\nS: 250 ok\r\n", "\u{202e}\u{200b}", "\u{9b}"]
    {
        let mut run = run("wrong_key", MASKED);
        poison(&mut run, evil);
        let page = run.page(Style::default());
        check(&page);
        assert!(!page.contains('\u{202e}') && !page.contains("\nS: 250"), "{page}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_off_the_wire_is_harmless(evil in any::<String>(), wide in "[你 \u{301}\u{1F600}]{0,99}") {
        for evil in [evil, wide] {
            let mut run = run("wrong_key", MASKED);
            poison(&mut run, &evil);
            check(&run.page(Style::default()));
        }
    }
}
