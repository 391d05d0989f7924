//! Policies: any text is one or is refused at a place within it; whatever its expressions say, working
//! them out over a session ends, and takes no more memory than it may.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::capture::Capture;
use smtp_decrypt::check::{Checker, Policy, PolicyError};
use smtp_decrypt::report::SessionReport;
use smtp_decrypt_fuzz::reports;

static SESSIONS: LazyLock<Vec<SessionReport>> =
    LazyLock::new(|| reports(Capture::from_bytes(include_bytes!("../../testdata/plain.pcap"))));

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let rule = format!("[[rule]]\nname = 'x'\nexpect = '''\n{}'''\n", text.replace("'''", "''"));
    for policy in [text, &rule] {
        if let Err(error) = checked(policy) {
            let place = error.to_string();
            let line: usize = place.split(':').nth(1).and_then(|line| line.parse().ok()).expect("a line");
            assert!(line <= policy.matches('\n').count() + 1, "{place}");
        }
    }
});

fn checked(policy: &str) -> Result<(), PolicyError> {
    let mut checker = Checker::new(vec![Policy::parse("p", policy)?]);
    SESSIONS.iter().try_for_each(|session| checker.add(session))?;
    checker.finish(false, None).map(drop)
}
