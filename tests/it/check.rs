//! `check`: policies, their errors, baselines and formats.

use std::fs;

use serde_json::{Value, json};
use smtp_decrypt::check::{Checker, Checks, Policy, PolicyError, Status};
use smtp_decrypt::report::SessionReport;

use crate::cli::{code, file, path, run, stderr, stdout};
use crate::lab::{self, Lab, items};
use crate::run::Runner;
use crate::schema;

const GOOD: &str = "@tls12_aes128_gcm_sha256.pcap";
const KEYS: &str = "@tls12_aes128_gcm_sha256.keys";

fn sessions(name: &str) -> Vec<SessionReport> {
    let lab = Lab::load(name);
    Runner::with_keys_and_log_of(&lab).sessions_of_files(&lab.files)
}

fn checked(policy: &str, sessions: &[SessionReport]) -> Result<Checks, PolicyError> {
    let mut checker = Checker::new(vec![Policy::parse("p.toml", policy)?]);
    sessions.iter().try_for_each(|session| checker.add(session))?;
    checker.finish(false, false, None)
}

/// What one expectation comes to.
fn status(expect: &str, sessions: &[SessionReport]) -> Status {
    let policy = format!("[[rule]]\nname = 'x'\nexpect = '''{expect}'''\n");
    checked(&policy, sessions).unwrap_or_else(|error| panic!("{expect}: {error}")).results[0].status
}

#[test]
fn expressions_see_the_session_as_the_report_has_it() {
    let tls = sessions("tls12_aes128_gcm_sha256");
    for expect in [
        r#"tls.version == "TLSv1.2""#,
        r#"timing.tls_handshake_ns < duration("500ms")"#,
        "timing.tls_handshake_ns > 0",
        r#"timing.total_ns - timing.tls_handshake_ns > duration("0s")"#,
        "smtp.mails.all(m, m.reply.code == 250)",
        "smtp.mails.exists(m, m.encrypted) && smtp.mails.size() == 1",
        r#"tls.certificates[0].key_bits >= 2048"#,
        r#""STARTTLS" in smtp.exchanges.map(e, e.verb)"#,
        r#"smtp.exchanges[0].reply.lines[0].startsWith("220")"#,
        r#"tls.cipher_suite.matches("GCM")"#,
        "has(tls.version) && !has(tls.resumed)",
        "server.port in [25, 587]",
        r#"findings.all(f, f.severity != "error")"#,
    ] {
        assert_eq!(status(expect, &tls), Status::Passed, "{expect}");
    }
    for expect in [r#"tls.version == "TLSv1.3""#, "smtp.mails.all(m, m.reply.code == 251)"] {
        assert_eq!(status(expect, &tls), Status::Failed, "{expect}");
    }
}

#[test]
fn what_is_absent_is_false_or_skipped_and_never_an_error() {
    let plain = sessions("plain");
    let refused = sessions("greeting_554");
    for expect in [
        r#"tls.version == "TLSv1.3""#,
        r#"tls.decryption.status in ["decrypted"]"#,
        "tls.certificates[0].issuer != null",
    ] {
        assert_eq!(status(expect, &plain), Status::Failed, "{expect}");
    }
    for expect in [
        r#"timing.tls_handshake_ns < duration("500ms")"#,
        "tls.certificates[0].key_bits >= 2048",
        "tls.alerts.all(a, a.encrypted)",
        r#"tls.version.startsWith("TLS")"#,
        r#"tls.version.matches("TLS")"#,
        "tls.certificates.size() > 0",
        "size(tls.certificates) > 0",
        r#""x" in tls.client_hello.extensions"#,
        "timing.tls_handshake_ns + 1 > 0",
    ] {
        assert_eq!(status(expect, &plain), Status::Skipped, "{expect}");
    }
    for expect in [
        "tls == null",
        "tls.version == null",
        "!has(tls.version)",
        r#"tls == null || tls.version == "TLSv1.3""#,
        r#"timing.tls_handshake_ns == null || timing.tls_handshake_ns < 5"#,
        "smtp.mails.all(m, m.reply.code == 250)",
    ] {
        assert_eq!(status(expect, &plain), Status::Passed, "{expect}");
    }
    // No mail at all: nothing that is not 250.
    assert_eq!(status("smtp.mails.all(m, m.reply.code == 250)", &refused), Status::Passed);
}

/// Policies with one error each, and where it is.
const WRONG: &[(&str, usize, usize)] = &[
    ("[[rule]]\nname = 'x'\nexpect = 'tls.version =='\n", 3, 25),
    ("[[rule]]\nname = 'x'\nexpect = 'tls.vresion == null'\n", 3, 14),
    (
        "[[rule]]\nname = 'x'\nexpect = '''\noutcome == 'delivered' &&\n  tls.vresion == null'''\n",
        5,
        6,
    ),
    ("[[rule]]\nname = 'x'\nwhere = 'nonsense'\nexpect = 'true'\n", 3, 10),
    ("[[rule]]\nname = 'x'\nexpect = 'outcome'\n", 3, 11),
    ("[[rule]]\nname = 'x'\nexpect = 'id < \"a\"'\n", 3, 14),
    ("[[rule]]\nname = 'x'\nexpect = 'id < duration(\"soon\")'\n", 3, 24),
    ("[[rule]]\nname = 'x'\nseverity = 'fatal'\nexpect = 'true'\n", 3, 12),
    ("[[rule]]\nname = 'x'\nexpects = 'true'\n", 3, 1),
    ("[[rule]\nname = 'x'\n", 1, 8),
    ("[[limit]]\nname = 'x'\nvalue = 'outcome'\nexpect = 'p95 > 0'\n", 3, 10),
    ("[[limit]]\nname = 'x'\nexpect = 'p96 > 0'\n", 3, 11),
    ("name = 'nothing'\n", 1, 1),
];

#[test]
fn errors_of_a_policy_name_line_and_column_also_within_an_expression() {
    let tls = sessions("tls12_aes128_gcm_sha256");
    for (policy, line, column) in WRONG {
        let error = checked(policy, &tls).expect_err(policy).to_string();
        let place = format!("p.toml:{line}:{column}: ");
        assert!(error.starts_with(&place), "{policy}\n{error}\ninstead of {place}");
    }
}

#[test]
fn limits_count_sessions_and_rank_values() {
    let mut several = sessions("rcpt_rejected");
    several.extend(sessions("plain"));
    for (at, session) in several.iter_mut().enumerate() {
        session.timing.greeting_ns = Some(1_000 * (1 + at as i64));
    }
    let limit = |body: &str| {
        let policy = format!("[[limit]]\nname = 'x'\n{body}\n");
        checked(&policy, &several).expect(body).results[0].status
    };
    for body in [
        "expect = 'count == 3 && total == 3'",
        "where = 'tls != null'\nexpect = 'count == 2 && share > 0.6 && share < 0.7'",
        "value = 'timing.greeting_ns'\nexpect = 'p50 == 2000 && p95 == 3000 && mean == 2000'",
        "value = 'timing.greeting_ns'\nexpect = 'min == 1000 && max == 3000 && sum == 6000'",
    ] {
        assert_eq!(limit(body), Status::Passed, "{body}");
    }
    assert_eq!(limit("expect = 'count < 3'"), Status::Failed);
    assert_eq!(limit("value = 'timing.auth_ns'\nexpect = 'p95 < 5'"), Status::Skipped);
}

#[test]
fn built_in_policies_judge_every_capture_of_testdata_without_an_error() {
    for name in smtp_decrypt::check::BUILT_IN {
        for lab in Lab::all() {
            let policy = smtp_decrypt::check::named(name).expect("built in").expect("a policy");
            let mut checker = Checker::new(vec![policy]);
            for session in Runner::with_keys_and_log_of(&lab).sessions_of_files(&lab.files) {
                if let Err(error) = checker.add(&session) {
                    panic!("{name} on {}: {error}", lab.name);
                }
            }
            let checks = checker.finish(false, false, None).expect("limits");
            schema::assert_valid_of("check", &checks);
        }
    }
}

#[test]
fn the_levels_of_mozilla_part_old_sessions_from_new_ones() {
    let verdict = |name: &str, capture: &str| {
        let policy = smtp_decrypt::check::named(name).expect("built in").expect("a policy");
        let mut checker = Checker::new(vec![policy]);
        sessions(capture).iter().for_each(|session| checker.add(session).expect("no error"));
        let checks = checker.finish(false, false, None).expect("limits");
        let failed = checks.results.iter().filter(|result| result.status == Status::Failed);
        failed.map(|result| result.name.clone()).collect::<Vec<_>>()
    };
    assert!(verdict("intermediate", "ecdhe_tls12").is_empty());
    assert_eq!(verdict("intermediate", "tls12_aes128_sha"), ["suites of level Intermediate"]);
    assert_eq!(verdict("intermediate", "tls10_aes128_sha").len(), 2);
    assert!(verdict("modern", "ecdhe_tls12").contains(&"TLS 1.3".to_owned()));
    // A lab's key is RSA; all else is as the level asks for.
    assert_eq!(verdict("modern", "tls13"), ["the server's key is ECDSA"]);
    assert!(verdict("no-plaintext-auth", "auth_login_ok").is_empty());
    assert!(verdict("ses", "plain").contains(&"TLS comes before AUTH and MAIL".to_owned()));
}

#[test]
fn a_failure_says_what_was_found_instead() {
    let policy = "[[rule]]\nname = 'x'\nexpect = '''\ntls.certificates[0].key_bits > 9000\n && outcome == 'reset\
                  ' && tls.alerts[7].level == null'''\n";
    let checks = checked(policy, &sessions("key_rsa1024")).expect("a policy");
    assert_eq!(
        checks.results[0].failures[0].message,
        "tls.certificates[0].key_bits is 1024, outcome is \"delivered\", tls.alerts[7].level is null"
    );
    assert_eq!(checks.results[0].failures[0].session, Some(1));
}

#[test]
fn a_baseline_is_written_held_and_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let stored = folder.path().join("stored.json");
    let check = |more: &[&str], capture: &str| {
        let arguments =
            [&["check", "-q", "--keys", KEYS, "--baseline", path(&stored)], more].concat();
        run(&[arguments.as_slice(), &[capture]].concat())
    };
    assert_eq!(code(&check(&[], GOOD)), 2, "there is none yet");
    assert_eq!(code(&check(&["--update"], GOOD)), 0);
    assert_eq!(code(&check(&[], GOOD)), 0);
    let mut report: Value = lab::json(&stored);
    report["sessions"][0]["tls"]["version"] = json!("TLSv1.1");
    report["sessions"][0]["timing"]["mail_ns"] = json!(9_000_000_000_i64);
    report["sessions"][0]["frames"]["last"] = json!(1);
    fs::write(&stored, report.to_string()).expect("written");
    let output = check(&["--format", "json"], GOOD);
    assert_eq!(code(&output), 1);
    let checks: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    schema::assert_valid_of("check", &checks);
    let changes = items(&checks["baseline"]["changes"]);
    let paths: Vec<_> = changes.iter().map(|change| lab::text(&change["path"])).collect();
    assert_eq!(paths, ["sessions[1].timing.mail_ns", "sessions[1].tls.version"]);
    let text = check(&[], GOOD);
    assert!(stdout(&text).contains("- \"TLSv1.1\"") && stdout(&text).contains("+ \"TLSv1.2\""));
    fs::write(&stored, "{\n").expect("written");
    let output = check(&[], GOOD);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("stored.json:2:"), "{}", stderr(&output));
}

#[test]
fn failures_are_told_in_every_format() {
    let (_folder, policy) = file(
        "p.toml",
        "[[rule]]\nname = 'a: <b>'\nexpect = 'tls.version == \"TLSv1.3\"'\n\
         [[rule]]\nname = 'soft'\nseverity = 'warning'\nexpect = 'false'\n",
    );
    let check = |format: &str, more: &[&str]| {
        let shared = ["check", "--keys", KEYS, "--policy", path(&policy), "--format", format, GOOD];
        let output = run(&[&shared, more].concat());
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        stdout(&output).to_owned()
    };
    let text = check("text", &[]);
    assert!(text.contains("FAIL a: <b>") && text.contains("tls.version is \"TLSv1.2\""), "{text}");
    let junit = check("junit", &[]);
    assert!(junit.contains("failures=\"1\"") && junit.contains("a: &lt;b&gt;"), "{junit}");
    let strict = check("junit", &["--strict"]);
    assert!(strict.contains("failures=\"2\""), "{strict}");
    let github = check("github", &[]);
    assert!(github.contains(",line=2,title=a%3A <b>::session 1, "), "{github}");
    assert!(github.contains("::warning "), "{github}");
    let json: Value = serde_json::from_str(&check("json", &[])).expect("JSON");
    schema::assert_valid_of("check", &json);
    assert_eq!(json["passed"], false);
    assert_eq!(json["results"][0]["failures"][0]["session"], 1);
}

#[test]
fn misuse_of_check_exits_with_2() {
    let (_folder, wrong) = file("wrong.toml", "[[rule]]\nname = 'x'\nexpect = 'tls.'\n");
    for arguments in [
        &["check", GOOD][..],
        &["check", "--policy", "no-such-policy", GOOD],
        &["check", "--policy", path(&wrong), GOOD],
        &["check", "--update", "--policy", "modern", GOOD],
        &["check", "--policy", "modern"],
    ] {
        assert_eq!(code(&run(arguments)), 2, "{arguments:?}");
    }
    let located = run(&["check", "--policy", path(&wrong), GOOD]);
    assert!(stderr(&located).contains("wrong.toml:3:"), "{}", stderr(&located));
    assert_eq!(code(&run(&["check", "--policy", "modern", "no-such-file"])), 3);
}

#[test]
fn a_name_that_is_none_is_told_with_those_that_are() {
    let tls = sessions("tls12_aes128_gcm_sha256");
    let told = |policy: &str| checked(policy, &tls).expect_err(policy).to_string();
    let rule = told("[[rule]]\nname = 'x'\nexpect = 'tsl.version == null'\n");
    assert!(rule.contains("no `tsl` here, but ") && rule.contains("timing, tls"), "{rule}");
    let limit = told("[[limit]]\nname = 'x'\nvalue = 'id'\nexpect = 'value < 5'\n");
    assert!(limit.contains("no `value` here, but count, max, mean, min"), "{limit}");
    let unit = told("[[rule]]\nname = 'x'\nexpect = 'timing.rcpt_ns <= 500ms'\n");
    assert!(unit.contains("duration(\"500ms\")"), "{unit}");
    let none = told("[[rule]]\nname = 'x'\nexpect = 'outcome == \"500ms\" &&'\n");
    assert!(!none.contains("duration"), "{none}");
}

#[test]
fn the_policy_in_the_help_is_one() {
    let help = run(&["check", "--help"]);
    let text = stdout(&help);
    let example = text.find("  [[rule]]").and_then(|from| text.get(from..)).expect("an example");
    let policy = example.split("\nExpressions are CEL").next().expect("its end");
    let plain = checked(policy, &sessions("tls12_aes128_gcm_sha256")).expect(policy);
    assert_eq!(plain.results.len(), 3);
}

#[test]
fn a_built_in_policy_is_printed_as_it_is_held() {
    let printed = run(&["check", "--print-policy", "ses"]);
    let (_folder, copy) = file("ses.toml", &printed.stdout);
    let [own, copied] = ["ses", path(&copy)]
        .map(|policy| run(&["check", "--keys", KEYS, "--policy", policy, GOOD]));
    assert_eq!((code(&own), stdout(&own)), (code(&copied), stdout(&copied)));
    assert_eq!(code(&run(&["check", "--print-policy", "mine"])), 2);
}

#[test]
fn a_capture_without_sessions_passes_no_check_that_wants_some() {
    let nobody = ["check", "--filter", "host 192.0.2.200", GOOD];
    let none = run(&[&nobody[..], &["--policy", "modern"]].concat());
    assert_eq!(code(&none), 1);
    assert!(stdout(&none).contains("nothing was checked: 0 sessions"), "{}", stdout(&none));
    let allowed = run(&[&nobody[..], &["--policy", "modern", "--allow-empty"]].concat());
    assert_eq!(code(&allowed), 0);
    assert!(stdout(&allowed).contains("nothing was checked: 0 sessions"), "{}", stdout(&allowed));
    assert_eq!(code(&run(&[&nobody[..], &["--min-sessions", "1"]].concat())), 1);
    assert_eq!(code(&run(&["check", "--min-sessions", "1", GOOD])), 0);
    assert_eq!(code(&run(&["check", "--min-sessions", "2", GOOD])), 1);
}

/// A policy whose one expression, at line 3, is this.
fn of_one(expect: &str) -> String {
    format!("[[rule]]\nname = 'x'\nexpect = '''{expect}'''\n")
}

/// Expressions that would cost anything, by what grows in them.
fn ruinous() -> Vec<(&'static str, String)> {
    let numbers = "1,".repeat(100);
    let each = format!("[{numbers}1]");
    let doubled = r#".map(a, a + a)"#.repeat(40);
    let nested = ".map(a, [a, a])".repeat(30);
    let loops = |depth: usize| {
        (0..depth).fold("true".to_owned(), |inner, n| format!("{each}.all(v{n}, {inner})"))
    };
    let growing =
        format!("{each}.map(a, {each}.map(b, {each}.map(c, \"sixteen letters.\" + a + b)))");
    vec![
        ("texts that double", format!("[1].map(a, \"xx\"){doubled}.size() > 0")),
        ("lists that double", format!("[[1]]{doubled}.size() > 0")),
        ("a tree that is compared", format!("[1]{nested} == [1]{nested}")),
        ("loops in loops", loops(5)),
        ("errors that `||` would pass over", format!("({}) || true", loops(5))),
        ("lists of texts", growing.replace("+ a + b", "+ \"and more of it\"")),
        ("regular expressions that are made", {
            let computed = r#""x".matches("a{500}" + string(a + b + c))"#;
            format!("{each}.all(a, {each}.all(b, {each}.all(c, !{computed})))")
        }),
        ("a large regular expression", r#""x".matches("(((a{100}){100}){100})")"#.to_owned()),
        ("a sum of many", format!("{}1 > 0", "1 + ".repeat(20_000))),
        ("a sum of some hundred", format!("{}1 > 0", "1 + ".repeat(400))),
        ("indices", format!("outcome{} == null", "[0]".repeat(20_000))),
        ("indices of some hundred", format!("outcome{} == null", "[0]".repeat(200))),
        ("brackets", format!("{}1{} > 0", "(".repeat(5_000), ")".repeat(5_000))),
        ("brackets of some hundred", format!("{}1{} > 0", "(".repeat(300), ")".repeat(300))),
        ("choices", format!("{}true", "true ? true : ".repeat(200))),
        ("fields", format!("tls{} == null", ".a".repeat(400))),
    ]
}

#[test]
fn an_expression_that_would_cost_anything_is_an_error_with_its_place() {
    let tls = sessions("tls12_aes128_gcm_sha256");
    for (kind, expect) in ruinous() {
        let error = match checked(&of_one(&expect), &tls) {
            Ok(checks) => panic!("{kind}: {:?}", checks.results[0].status),
            Err(error) => error.to_string(),
        };
        assert!(error.starts_with("p.toml:3:"), "{kind}: {error}");
        assert!(error.len() < 2_000, "{kind}: {} bytes of message", error.len());
    }
}

#[test]
fn the_steps_of_an_expression_are_those_of_the_session_it_reads() {
    let mut session = sessions("plain").remove(0);
    let smtp = session.smtp.as_mut().expect("SMTP");
    let exchange = smtp.exchanges[0].clone();
    smtp.exchanges = vec![exchange; 20_000];
    let long = [session];
    for expect in [
        "smtp.exchanges.all(e, e.verb == null || e.verb != 'DEBUG')",
        "smtp.exchanges.map(e, e.verb).size() == 20000",
        "smtp.exchanges.filter(e, e.reply != null && e.reply.lines.exists(l, l.matches('^2')))\
         .size() >= 0",
    ] {
        assert_eq!(status(expect, &long), Status::Passed, "{expect}");
    }
    let square =
        "smtp.exchanges.all(a, smtp.exchanges.all(b, smtp.exchanges.all(c, a.frame == c.frame)))";
    let error = checked(&of_one(square), &long).expect_err("too many steps").to_string();
    assert!(error.contains("steps"), "{error}");
}

proptest::proptest! {
    /// Whatever is made of the words of expressions, it is worked out or refused at a place.
    #[test]
    fn any_words_are_an_expression_or_an_error_with_its_place(
        words in proptest::collection::vec(0..WORDS.len(), 1..60)
    ) {
        let expect: String = words.into_iter().map(|word| WORDS[word]).collect();
        let policy = format!("[[rule]]\nname = 'x'\nexpect = \"\"\"{expect}\"\"\"\n");
        let plain = vec![SESSION.with(Clone::clone)];
        if let Err(error) = checked(&policy, &plain) {
            let error = error.to_string();
            assert!(error.starts_with("p.toml:3:"), "{expect}\n{error}");
        }
    }
}

const WORDS: &[&str] = &[
    "smtp",
    ".exchanges",
    ".mails",
    ".size()",
    "[0]",
    "[",
    "]",
    "(",
    ")",
    ", ",
    " + ",
    " - ",
    " * ",
    " / ",
    " % ",
    " == ",
    " < ",
    " in ",
    " && ",
    " || ",
    "!",
    " ? ",
    " : ",
    "1",
    "0",
    "2.5",
    "null",
    "'a'",
    "true",
    ".map(x, ",
    ".all(x, ",
    ".exists(y, ",
    ".filter(x, ",
    "x",
    "y",
    ".verb",
    "tls",
    ".matches('a+')",
    ".matches(x)",
    "duration('1s')",
    "string(",
    "int(",
    "max(",
    "{'a': ",
    "}",
    "has(tls.version)",
    "id",
];

thread_local! {
    static SESSION: SessionReport = sessions("plain").remove(0);
}

#[test]
fn values_that_a_field_never_has_and_other_kinds_are_errors_with_the_nearest_name() {
    let told =
        |expect: &str| Policy::parse("p.toml", &of_one(expect)).expect_err(expect).to_string();
    for (expect, place, words) in [
        ("outcome == 'deliverd'", "3:24", "did you mean \"delivered\"?"),
        ("outcome in ['delivered', 'rejectd']", "3:38", "did you mean \"rejected\"?"),
        ("tls.version == 1.2", "3:25", "compared with a number"),
        ("tls.decryption.status == 'decryptd'", "3:", "did you mean \"decrypted\"?"),
        ("smtp.mails.all(m, m.repli.code == 250)", "3:", "did you mean `reply`?"),
        ("findings.exists(f, f.severity == 'eror')", "3:", "did you mean \"error\"?"),
        ("tls.handshake_complete == 'yes'", "3:", "the field is true or false"),
        ("tls.version == ", "3:", "this is no expression: it ends where"),
    ] {
        let error = told(expect);
        assert!(error.starts_with(&format!("p.toml:{place}")), "{expect}: {error}");
        assert!(error.contains(words), "{expect}: {error}");
        assert!(!error.contains("expecting {") && !error.contains("<EOF>"), "{error}");
    }
    let field = Policy::parse("p.toml", "[[rule]]\nname = 'x'\nexpects = 'true'\n").expect_err("x");
    assert!(field.to_string().contains("did you mean `expect`?"), "{field}");
    let kind = Policy::parse("p.toml", "[[rule]]\nname = 'x'\nexpect = true\n").expect_err("x");
    assert!(kind.to_string().contains("a text in quotes"), "{kind}");
}

/// A policy, a capture that is right by it, and some that are not.
const TEETH: &[(&str, &str, &[&str])] = &[
    (
        "delivered",
        "tls12_aes128_gcm_sha256",
        &[
            "greeting_554",
            "tls_unknown_ca",
            "starttls_refused",
            "bad_syn_unanswered",
            "bad_no_greeting",
        ],
    ),
    (
        "enforce",
        "ecdhe_tls12",
        &[
            "plain",
            "starttls_refused",
            "bad_starttls_stripped",
            "bad_certificate_expired",
            "bad_certificate_name",
            "tls_unknown_ca",
            "bad_syn_unanswered",
            "bad_connection_refused",
        ],
    ),
    (
        "intermediate",
        "ecdhe_tls12",
        &[
            "starttls_refused",
            "bad_starttls_stripped",
            "bad_certificate_name",
            "bad_syn_unanswered",
        ],
    ),
    (
        "ses",
        "",
        &["tls_handshake_failed", "tls_unknown_ca", "bad_syn_unanswered", "starttls_refused"],
    ),
];

#[test]
fn built_in_policies_have_teeth() {
    let passes = |policy: &str, capture: &str| {
        let policy = smtp_decrypt::check::named(policy).expect("built in").expect("a policy");
        let mut checker = Checker::new(vec![policy]);
        sessions(capture).iter().for_each(|session| checker.add(session).expect("no error"));
        let checks = checker.finish(false, false, None).expect("limits");
        let failed = checks.results.iter().filter(|result| result.counts(false));
        (checks.passed, failed.map(|result| result.name.clone()).collect::<Vec<_>>())
    };
    for (policy, good, bad) in TEETH {
        if !good.is_empty() {
            let (passed, failed) = passes(policy, good);
            assert!(passed, "{policy} on {good}: {failed:?}");
        }
        for bad in *bad {
            assert!(!passes(policy, bad).0, "{policy} lets {bad} pass");
        }
    }
}

#[test]
fn all_formats_count_the_same_things() {
    let (_folder, policy) = file(
        "p.toml",
        "[[rule]]\nname = 'a'\nexpect = 'tls.version == \"TLSv1.3\"'\n\
         [[rule]]\nname = 'soft'\nseverity = 'warning'\nexpect = 'false'\n\
         [[rule]]\nname = 'good'\nexpect = 'true'\n\
         [[rule]]\nname = 'nobody'\nwhere = 'false'\nexpect = 'true'\n",
    );
    let check = |format: &str| {
        let all = ["check", "--keys", KEYS, "--policy", path(&policy), "--format", format, GOOD];
        stdout(&run(&all)).to_owned()
    };
    let counts = "1 checks passed, 1 failed, 1 warned, 1 were about no session";
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for format in ["text", "github", "tap"] {
        assert!(flat(&check(format)).contains(counts), "{format}: {}", check(format));
    }
    let junit = check("junit");
    assert!(junit.contains("tests=\"4\"") && junit.contains("failures=\"1\""), "{junit}");
    assert!(junit.contains(" time=\"") && junit.contains("<skipped"), "{junit}");
    let tap = check("tap");
    assert!(tap.starts_with("TAP version 14\n1..4\nnot ok 1 - "), "{tap}");
    assert_eq!(tap.lines().filter(|line| line.starts_with("not ok")).count(), 1);
    let sarif: Value = serde_json::from_str(&check("sarif")).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let results = items(&sarif["runs"][0]["results"]);
    let levels: Vec<_> = results.iter().map(|result| lab::text(&result["level"])).collect();
    assert_eq!(levels, ["error", "warning"]);
    assert_eq!(items(&sarif["runs"][0]["tool"]["driver"]["rules"]).len(), 4);
}

#[test]
fn sessions_of_a_rule_are_one_annotation() {
    let (_folder, policy) = file("p.toml", "[[rule]]\nname = 'x'\nexpect = 'id > 1'\n");
    let all = ["check", "--policy", path(&policy), "--format", "github", "@mixed.pcap"];
    let output = run(&all);
    let annotations: Vec<_> = stdout(&output).lines().filter(|l| l.starts_with("::")).collect();
    assert_eq!(annotations.len(), 1, "{annotations:?}");
    assert!(annotations[0].contains("(1 of 4 sessions fails)"), "{annotations:?}");
    let text = run(&["check", "--policy", path(&policy), "@mixed.pcap"]);
    assert!(stdout(&text).contains("(1 of 4 sessions fails)"), "{}", stdout(&text));
}

#[test]
fn a_policy_is_explained_with_types_and_values() {
    let output = run(&["check", "--explain-policy", "delivered"]);
    assert_eq!(code(&output), 0);
    let text = stdout(&output);
    assert!(text.contains("outcome: a text, one of delivered, rejected"), "{text}");
    assert!(text.contains("smtp.mails: a list"), "{text}");
}

#[test]
fn fields_are_left_out_of_a_baseline_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let stored = folder.path().join("stored.json");
    let check = |more: &[&str]| {
        let all = ["check", "-q", "--keys", KEYS, "--baseline", path(&stored)];
        code(&run(&[&all, more, &[GOOD]].concat()))
    };
    assert_eq!(check(&["--update"]), 0);
    let mut report: Value = lab::json(&stored);
    report["sessions"][0]["tls"]["version"] = json!("TLSv1.1");
    report["sessions"][0]["smtp"]["mails"][0]["from"] = json!("another@example.org");
    fs::write(&stored, report.to_string()).expect("written");
    assert_eq!(check(&[]), 1);
    assert_eq!(check(&["--ignore", "tls.version"]), 0);
    assert_eq!(check(&["--ignore", "tls.version", "--also", "mails.from"]), 1);
}
