//! `--limits`: what a capture, a key file or an option can make grow, and how far.

use std::io::Write as _;

use super::exit::Exit;
use super::target::How;
use super::{check, follow, output, secrets_from, trust as files, unlock};
use crate::limits::{Limit, limits};
use crate::{
    beside, capture, compare, decode, dns, engine, export, filter, flow, judge, keys, record,
    redact, render, report, session, sieve, smtp, story, tls, trust,
};

/// Those of this room.
const LIMITS: &[Limit] = limits! { "cli":
    check::MOST_POLICY => Bytes, "a policy", "thousands of rules; more is an error";
    check::MOST_BASELINE => Bytes, "a stored report", "50,000 sessions; more is an error";
    files::LONGEST_FILE => Bytes, "a file of certificates or TLSA records", "a system's roots have 200 KB; a longer one is an error";
    files::MOST_FILES => Count, "files of a directory of certificates", "a system has some 300; further ones are not read";
    follow::PIECES => Count, "pieces of 64 KiB read ahead by `--follow`", "then the reader waits";
    secrets_from::MOST_LOCKS => Count, "sessions for which secrets are searched", "some 10 KB each; further ones are not searched for, which is told";
    unlock::LONGEST_LINE => Bytes, "a line of handshakes that `unlock` reads", "the numbers of the largest key have four thousand digits each";
    unlock::MOST_NAMED => Count, "keys that were not given and that `unlock` names", "the others are counted";
    unlock::BATCH => Count, "handshakes that `unlock` takes at a time", "engines do eight at once";
};

/// Those of all rooms, in the order in which the data passes them.
fn all() -> impl Iterator<Item = &'static Limit> {
    let rooms: [&'static [Limit]; 25] = [
        capture::limits::LIMITS,
        decode::limits::LIMITS,
        dns::limits::LIMITS,
        beside::limits::LIMITS,
        flow::limits::LIMITS,
        filter::limits::LIMITS,
        session::limits::LIMITS,
        tls::limits::LIMITS,
        tls::limits::DECRYPT,
        keys::limits::LIMITS,
        smtp::limits::LIMITS,
        report::limits::LIMITS,
        record::limits::LIMITS,
        trust::limits::LIMITS,
        judge::limits::LIMITS,
        story::limits::LIMITS,
        redact::limits::LIMITS,
        engine::limits::LIMITS,
        sieve::LIMITS,
        compare::limits::LIMITS,
        crate::check::limits::LIMITS,
        render::limits::LIMITS,
        export::limits::LIMITS,
        secret_sources::limits::LIMITS,
        LIMITS,
    ];
    rooms.into_iter().flatten()
}

/// Prints them.
pub(super) fn run() -> anyhow::Result<Exit> {
    let mut out = output::open(None, How::default())?;
    for limit in all() {
        let Limit { name, bounds, why, .. } = limit;
        writeln!(out, "{name}  {}\n    {bounds}: {why}", limit.shown())?;
    }
    out.finish()?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::*;

    /// Where the page is kept.
    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/limits.md");

    /// `docs/limits.md`.
    fn page() -> String {
        let mut page = String::from(INTRODUCTION);
        for limit in all() {
            let Limit { name, bounds, why, .. } = limit;
            let _ = writeln!(page, "| `{name}` | {} | {bounds} | {why} |", limit.shown());
        }
        page
    }

    const INTRODUCTION: &str = "\
# Limits

What a capture, a key file or an option can make grow, and how far. `smtp-decrypt --limits` prints the
same table; it is made of the constants themselves (a file `limits.rs` in each room), and a test holds this page.

Beyond a limit one session loses something, which a finding or a count tells; all others are whole.

| constant | value | what it bounds | why so large, or what happens beyond |
| --- | --- | --- | --- |
";

    #[test]
    fn the_page_is_made_of_the_limits() {
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(PAGE, page()).unwrap();
        }
        let kept = std::fs::read_to_string(PAGE).unwrap();
        assert!(kept == page(), "docs/limits.md is old: UPDATE_DOCS=1 cargo test the_page");
    }

    #[test]
    fn each_limit_has_one_name_and_a_value() {
        let names: BTreeSet<_> = all().map(|limit| limit.name).collect();
        assert_eq!(names.len(), all().count());
        assert!(all().all(|limit| limit.value > 0 && !limit.bounds.is_empty()));
        assert!(names.contains("capture::block::MAX_RECORD"), "{names:?}");
    }
}
