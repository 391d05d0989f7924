//! Policies: any text is one or is refused at a place within it; whatever its expressions say, working
//! them out over a session ends.
#![no_main]

use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::capture::Capture;
use smtp_decrypt::check::{Checker, Policy, PolicyError};
use smtp_decrypt::engine::{self, Setup};
use smtp_decrypt::report::SessionReport;

const PLAIN: &[u8] = include_bytes!("../../testdata/mails/plain/plain.pcap");

static SESSIONS: LazyLock<Vec<SessionReport>> = LazyLock::new(|| {
    let mut capture = Capture::from_bytes("plain", PLAIN.to_vec());
    let mut sessions = Vec::new();
    engine::run(&mut capture, &Arc::new(Setup::default()), |_| None, |session| {
        sessions.push(session);
        ControlFlow::Continue(())
    });
    sessions
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let rule = format!("[[rule]]\nname = 'x'\nexpect = '''\n{}'''\n", text.replace("'''", "''"));
    for policy in [text, &rule] {
        if let Err(error) = checked(policy) {
            let said = error.to_string();
            let line = said.split(':').nth(1).and_then(|line| line.parse::<usize>().ok());
            let lines = policy.matches('\n').count() + 1;
            assert!(line.is_some_and(|line| line <= lines), "{said}");
        }
    }
});

fn checked(policy: &str) -> Result<(), PolicyError> {
    let mut checker = Checker::new(vec![Policy::parse("p", policy)?]);
    SESSIONS.iter().try_for_each(|session| checker.add(session))?;
    checker.finish(false, None).map(drop)
}
