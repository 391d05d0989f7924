//! The walls of ARCHITECTURE.md: who may know whom, and where things may stand.

use std::fs;
use std::path::{Path, PathBuf};

use crate::lab;

/// A room, and the other rooms that it may name. That no crate names the program's rooms, nor a crate
/// that it does not depend on, is held by the compiler: here stand the rooms that share a crate.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("capture", &[]),
    ("decode", &["capture"]),
    ("dns", &[]),
    ("beside", &["decode", "dns"]),
    ("story", &["beside", "decode", "dns", "report"]),
    ("keys", &[]),
    ("tls", &["flow", "keys"]),
    ("report", &["flow", "session", "smtp", "tls"]),
    ("trust", &["dns", "report", "smtp", "tls"]),
    ("judge", &["capture", "flow", "keys", "report", "session", "smtp", "tls"]),
    ("record", &["capture", "flow", "judge", "report", "session", "smtp", "tls"]),
    ("redact", &["report", "smtp"]),
    ("session", &["flow", "smtp", "tls"]),
    (
        "engine",
        &[
            "beside", "capture", "decode", "dns", "filter", "flow", "judge", "record", "report",
            "session", "story", "tls", "trust",
        ],
    ),
    ("sieve", &["capture", "decode", "flow", "session", "tls"]),
    ("compare", &["report"]),
    ("check", &["compare", "report"]),
    ("render", &["check", "compare", "report", "tls"]),
    (
        "export",
        &[
            "capture", "decode", "engine", "flow", "record", "redact", "render", "report",
            "session", "sieve", "smtp", "tls",
        ],
    ),
    ("sandbox", &[]),
    ("model", &["filter", "keys", "record", "report"]),
    ("reader", &["capture", "engine", "filter", "judge", "keys", "model", "tls"]),
];

/// The terms that every room may name.
const TERMS: &[&str] = &["hex", "limits", "moment", "role", "segment"];

/// Rooms that need no row: `cli` brings all others together, and those of a crate of their own name
/// nobody.
const WITHOUT_ROW: &[&str] =
    &["cli", "lib", "main", "filter", "flow", "smtp", "hex", "limits", "moment", "role", "segment"];

/// Walls within a room.
const WITHIN: &[(&str, &str)] = &[("tls/decrypt", "flow")];

/// A crate that only some places may name.
const CRATES: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("anyhow", &["cli"]),
    ("anstream", &["cli", "render"]),
    ("anstyle", &["cli", "render"]),
    ("rsa", &["keys", "trust/signature"]),
    ("rsa_batch", &["keys"]),
    ("aes", &["tls/decrypt", "keys"]),
    ("cbc", &["tls/decrypt", "keys"]),
    ("aes_gcm", &["tls/decrypt"]),
    ("hmac", &["tls/decrypt"]),
    ("jiff", &["render", "judge", "moment.rs", "filter", "compare/rank.rs"]),
    ("serde_json", &["render", "export", "cli", "check", "compare/seen.rs", "capture/sniff.rs"]),
    ("signal_hook", &["cli"]),
    ("similar", &["compare"]),
    ("cel", &["check"]),
    ("toml", &["check"]),
    ("parquet", &["render"]),
    ("quick_junit", &["render"]),
    ("askama", &["render"]),
    ("base64_simd", &["render", "smtp", "keys"]),
    ("hickory_proto", &["dns"]),
    ("pcap_parser", &["capture"]),
    ("flate2", &["capture", "tls/decrypt", "keys/keylog/load.rs"]),
    ("tls_parser", &["tls"]),
    ("x509_parser", &["tls", "trust"]),
    ("webpki", &["trust/second.rs"]),
    ("rustls_native_certs", &["cli"]),
];

/// Lines of a file, tests apart, beyond which it wants to be two.
const MOST_LINES: usize = 500;

/// Files over the limit, each to be cut soon. A file that is shorter again must leave this list.
const TOO_LONG_YET: &[&str] = &[];

/// Where the code stands, and the room that all of a folder is, if it is one.
const FOLDERS: &[(&str, &str)] = &[
    ("src", ""),
    ("crates/capture-file/src", ""),
    ("crates/capture-terms/src", ""),
    ("crates/pcap-filter/src", "filter/"),
    ("crates/smtp-dialogue/src", "smtp/"),
    ("crates/tcp-reassembly/src", "flow/"),
    ("crates/tls-passive/src", ""),
];

/// The code, without files that hold tests only.
pub(crate) fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (folder, _) in FOLDERS {
        collect(&lab::root().join(folder), &mut found);
    }
    found.sort();
    assert!(found.len() > 50, "only {} files found", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match path.is_dir() {
            true if name == "tests" => {}
            true => collect(&path, found),
            false if is_test_support(&name) => {}
            false if name.ends_with(".rs") => found.push(path),
            false => {}
        }
    }
}

/// Files behind `#[cfg(test)] mod`.
fn is_test_support(name: &str) -> bool {
    ["tests.rs", "testframe.rs", "testfile.rs"].contains(&name)
}

/// A file up to its tests, which stand at its bottom, and without comments.
pub(crate) fn without_tests(path: &Path) -> String {
    let text = lab::read_text(path);
    let code: Vec<_> = text
        .lines()
        .take_while(|line| !line.starts_with("mod tests {"))
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    code.join("\n")
}

/// Its room and its place there: `tls/machine.rs`.
fn name_in_src(path: &Path) -> String {
    let within = |(folder, room): &(&str, &str)| {
        let rest = path.strip_prefix(lab::root().join(folder)).ok()?;
        Some(format!("{room}{}", rest.to_string_lossy().replace('\\', "/")))
    };
    FOLDERS.iter().find_map(within).expect("a file of the code")
}

fn is_in(path: &Path, room: &str) -> bool {
    let name = name_in_src(path);
    name == room || name == format!("{room}.rs") || name.starts_with(&format!("{room}/"))
}

/// The rooms that code names by `crate::room` or `crate::{room, …}`.
fn rooms_named(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (place, _) in code.match_indices("crate::") {
        let rest = &code[place + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => rooms.extend(heads_of_group(group)),
            None => rooms.push(head(rest)),
        }
    }
    rooms
}

/// `a::{b, c}, d}` has the heads `a` and `d`.
fn heads_of_group(group: &str) -> Vec<String> {
    let (mut heads, mut depth, mut start) = (Vec::new(), 0, 0);
    for (place, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                heads.push(head(group[start..place].trim_start()));
                start = place + 1;
                if c == '}' {
                    return heads;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads
}

fn head(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Whether code names a crate: `name::` that is not the end of a longer path or word.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::")).any(|(place, _)| {
        let before = code[..place].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn the_reader_of_paths_sees_groups_and_nesting() {
    let code = "use crate::tls::Tls;\nuse crate::{flow::{Body, Gap}, keys, moment::Moment};";
    assert_eq!(rooms_named(code), ["tls", "flow", "keys", "moment"]);
    assert!(names_crate("use rsa::Key;", "rsa"));
    assert!(!names_crate("use crate::keys::rsa::Key;", "rsa"));
    assert!(!names_crate("use my_rsa::Key;", "rsa"));
}

/// `tls` of `tls/machine.rs`, `session` of `session.rs`.
fn room_of(path: &Path) -> String {
    head(&name_in_src(path))
}

#[test]
fn a_room_names_only_the_rooms_that_it_may() {
    let mut breaches = Vec::new();
    for path in sources() {
        let room = room_of(&path);
        if WITHOUT_ROW.contains(&room.as_str()) {
            continue;
        }
        let row = MAY_NAME.iter().find(|(name, _)| *name == room);
        let (_, may) = row.unwrap_or_else(|| panic!("{room} has no row in MAY_NAME"));
        let over = rooms_named(&without_tests(&path)).into_iter().filter(|name| {
            let known = [room.as_str()].iter().chain(TERMS).chain(*may).any(|may| may == name);
            !known && name.starts_with(char::is_lowercase)
        });
        breaches.extend(over.map(|name| format!("{} names crate::{name}", name_in_src(&path))));
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn what_may_be_named_is_named_and_exists() {
    let mut named: Vec<(String, String)> = Vec::new();
    for path in sources() {
        let names = rooms_named(&without_tests(&path));
        named.extend(names.into_iter().map(|name| (room_of(&path), name)));
    }
    for (room, may) in MAY_NAME {
        assert!(sources().iter().any(|path| room_of(path) == *room), "{room} is gone");
        for other in *may {
            let pair = (room.to_string(), other.to_string());
            assert!(named.contains(&pair), "{room} does not name {other}: take it off its row");
        }
    }
}

#[test]
fn walls_stand_within_rooms_too() {
    for (place, forbidden) in WITHIN {
        for path in sources().iter().filter(|path| is_in(path, place)) {
            let named = rooms_named(&without_tests(path));
            assert!(!named.iter().any(|name| name == forbidden), "{}", name_in_src(path));
        }
    }
}

#[test]
fn each_crate_is_named_only_where_it_belongs() {
    let mut breaches = Vec::new();
    for path in sources() {
        let code = without_tests(&path);
        for (name, places) in CRATES {
            if names_crate(&code, name) && !places.iter().any(|place| is_in(&path, place)) {
                breaches.push(format!("{} names {name}", name_in_src(&path)));
            }
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn tls_takes_keys_through_their_door_only() {
    for path in sources().iter().filter(|path| is_in(path, "tls")) {
        let code = without_tests(path);
        let private = code
            .match_indices("crate::keys::")
            .map(|(place, found)| code[place + found.len()..].chars().next().unwrap_or_default());
        for first in private {
            let is_door = first.is_uppercase() || first == '{';
            assert!(is_door, "{} reaches into a module of keys", name_in_src(path));
        }
    }
}

/// Where secrets pass on their way to a file: whoever else names them is a leak.
const CARRIERS: &[&str] = &[
    "tls/decrypt",
    "tls/disclosed.rs",
    "tls/candidates.rs",
    "tls/lock",
    "tls.rs",
    "session/observer.rs",
];

/// The type that carries them.
const KEY_LOG_LINE: &str = "crates/tls-passive/src/tls/decrypt/keylog_line.rs";

/// Where they are put into words.
const WRITERS: &[&str] = &["export/secrets.rs", "cli/unlock.rs"];

#[test]
fn secrets_leave_through_one_door() {
    for path in sources() {
        let code = without_tests(&path);
        let may_carry = CARRIERS.iter().any(|place| is_in(&path, place));
        let writes = WRITERS.iter().any(|place| is_in(&path, place));
        let name = name_in_src(&path);
        assert!(may_carry || writes || !code.contains("KeyLogLine"), "{name} carries secrets");
        let is_door = writes || is_in(&path, "export") || is_in(&path, "tls");
        assert!(is_door || !code.contains("disclose()") || name == "session/observer.rs", "{name}");
    }
    let door = lab::read_text(&lab::root().join(KEY_LOG_LINE));
    let derived = door.lines().filter(|line| line.starts_with("#[derive("));
    assert_eq!(derived.collect::<Vec<_>>(), ["#[derive(PartialEq, Eq)]"]);
}

#[test]
fn only_the_output_of_cli_prints() {
    let printers = ["println!", "print!(", "eprintln!", "eprint!(", "dbg!(", "io::stdout()"];
    for path in sources().iter().filter(|path| !is_in(path, "cli/output.rs")) {
        let code = without_tests(path);
        for printer in printers {
            assert!(!code.contains(printer), "{} has {printer}", name_in_src(path));
        }
    }
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
    for path in sources() {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let drawers = ["utils", "util", "common", "helpers", "helper", "misc"];
        assert!(!drawers.contains(&stem.as_str()), "{}", path.display());
    }
}

#[test]
fn no_file_is_longer_than_500_lines() {
    for path in sources() {
        let name = name_in_src(&path);
        let lines = lab::read_text(&path).lines().count();
        match TOO_LONG_YET.contains(&name.as_str()) {
            true => assert!(lines > MOST_LINES, "{name} is short now: take it off the list"),
            false => assert!(lines <= MOST_LINES, "{name} has {lines} lines"),
        }
    }
}

#[test]
fn unsafe_code_is_forbidden_and_files_begin_with_what_they_are_for() {
    for (folder, _) in FOLDERS {
        let library = lab::read_text(&lab::root().join(folder).join("lib.rs"));
        assert!(library.contains("#![forbid(unsafe_code)]"), "{folder}");
    }
    for path in sources() {
        assert!(lab::read_text(&path).starts_with("//! "), "{}", path.display());
    }
}

#[test]
fn the_crate_of_rsa_is_unsafe_in_two_files_only_and_says_why_each_time() {
    let folder = lab::root().join("crates/rsa-batch/src");
    assert!(lab::read_text(&folder.join("lib.rs")).contains("#![deny(unsafe_code)]"));
    let mut files = Vec::new();
    collect(&folder, &mut files);
    let mut blocks = 0;
    for path in files {
        let text = lab::read_text(&path);
        let found = text.matches("unsafe {").count();
        let allowed = path.ends_with("lanes/ifma.rs") || path.ends_with("lanes/avx2.rs");
        assert!(found == 0 || allowed, "{}", path.display());
        assert_eq!(text.matches("// SAFETY: ").count(), found, "{}", path.display());
        blocks += found;
    }
    assert_eq!(blocks, 8);
}

/// The rooms that keep what comes off the wire. (What a page shows of it is up to the page.)
const KEEPERS: &[&str] = &[
    "capture",
    "decode",
    "flow",
    "filter",
    "session.rs",
    "session",
    "tls",
    "keys",
    "smtp",
    "report",
    "record",
    "judge",
    "redact",
    "engine",
];

/// Numbers of a format or a sentence: they sound like a cap, and nothing is kept up to them.
const NO_CAPS: &[&str] = &[
    "MAX_FIELDS",
    "MAX_NAMED",
    "MAX_PREMASTER_BYTES",
    "MAX_SESSION_ID",
    "MAX_VERB",
    "MAX_WINDOW_SCALE",
    "MOST_DELAY",
    "MOST_KEYS",
    "MOST_IN_FRONT",
    "MOST_LABELS",
];

#[test]
fn every_cap_is_in_the_table_of_limits() {
    let listed = lab::read_text(&lab::root().join("docs/limits.md"));
    for path in sources().iter().filter(|path| KEEPERS.iter().any(|room| is_in(path, room))) {
        let code = without_tests(path);
        for (place, _) in code.match_indices("const M") {
            let name = head(&code[place + "const ".len()..]);
            let is_cap = name.starts_with("MAX_") || name.starts_with("MOST_");
            let is_listed = listed.contains(&format!("::{name}`"));
            assert!(
                is_listed || !is_cap || NO_CAPS.contains(&name.as_str()),
                "{}: {name} belongs into the `limits.rs` of its room",
                name_in_src(path)
            );
        }
    }
}
