//! What the arguments mean: inputs, keys, what may be shown; and what was wrong in the end.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::args::{RevealWhat, SharedArgs};
use super::asked::Asked;
use super::exit::{Exit, Faults};
use super::mistyped;
use super::output;
use super::pre_shared;
use super::precautions;
use super::secrets_from;
use super::select;
use super::trust;
use crate::capture::{Capture, Damage, DamageKind, FileFacts, Input};
use crate::engine::Setup;
use crate::judge::SlowLimit;
use crate::keys::{KeyError, KeyRing, KeySource, Problem, RsaEngine, files_of_profile};
use crate::record::Reveal;
use crate::report::{SessionReport, Summary};
use crate::sandbox::Access;
use crate::tls::Keys;

/// Where a password can be given that no file is to hold. Not on the command line, which every user
/// of the machine can read.
const PASSWORD_VARIABLE: &str = "SMTP_DECRYPT_PASSWORD";

/// What a command is asked to do.
pub(super) struct Plan {
    pub(super) setup: Arc<Setup>,
    /// What is wrong with the keys; it has been told.
    pub(super) key_errors: Vec<KeyError>,
    /// What profiles are made of and name, read before the process is confined.
    profile_files: Vec<PathBuf>,
    sessions: Asked,
    require_decrypted: bool,
    quiet: bool,
    verbose: bool,
    /// Set if it follows a capture: whether an interrupt ended that.
    follows: Option<Arc<AtomicBool>>,
    /// Every file that may hold secrets was read to its end.
    is_all_searched: Cell<bool>,
    faults: Faults,
}

impl Plan {
    /// Loads the keys. One that cannot be used is told at once and remembered for the exit code;
    /// with the others the work goes on.
    pub(super) fn new(args: &SharedArgs, reveal: &[RevealWhat]) -> Self {
        let (ring, errors) = load_ring(&sources(args), args.rsa_engine);
        if errors.is_empty() && !args.quiet {
            empty(args, &ring).into_iter().for_each(output::say);
        }
        if !args.quiet {
            ring.keylog().remarks().iter().for_each(|remark| output::say(remark));
            precautions::exposed(secret_files(args, &ring))
                .iter()
                .for_each(|text| output::warn(text));
        }
        let (trust, is_wrong) = trust::load(args);
        let setup = Setup {
            trust: Arc::new(trust),
            keys: Keys { ring: Arc::new(ring), ..Keys::default() },
            reveal: Reveal {
                auth: reveal.contains(&RevealWhat::Auth),
                body: reveal.contains(&RevealWhat::Body),
            },
            all_tls: args.all_tls,
            keeps_apart: args.no_join,
            selection: select::selection(args),
            // Asked here: once confined, nobody can read how much of the machine a container has.
            threads: args.threads.or_else(|| thread::available_parallelism().ok()),
            ..Setup::default()
        };
        Self {
            setup: Arc::new(setup),
            profile_files: args
                .wireshark_profile
                .iter()
                .flat_map(|p| files_of_profile(p))
                .collect(),
            sessions: Asked::new(&args.choice),
            require_decrypted: args.require_decrypted,
            quiet: args.quiet,
            verbose: args.verbose > 0,
            follows: None,
            is_all_searched: Cell::new(true),
            faults: Faults { keys: is_wrong || !errors.is_empty(), ..Faults::default() },
            key_errors: errors,
        }
    }

    /// The same, unless a file that the user named cannot be read: that has been told, and a report
    /// would only say what follows from it.
    pub(super) fn with_readable_keys(args: &SharedArgs, reveal: &[RevealWhat]) -> Option<Self> {
        let plan = Self::new(args, reveal);
        let is_unreadable = |error: &KeyError| {
            error.row.is_none() && matches!(error.problem, Problem::Unreadable(_))
        };
        (!plan.key_errors.iter().any(is_unreadable)).then_some(plan)
    }

    /// The capture is still being written: that it ends within a record is no fault where an interrupt
    /// ends it. Where nothing has come for long, the rest of the record will not come.
    pub(super) fn follows(&mut self, interrupted: Arc<AtomicBool>) {
        self.follows = Some(interrupted);
        if let Some(setup) = Arc::get_mut(&mut self.setup) {
            setup.follows = true;
        }
        if !self.quiet {
            output::say("waiting for more; an interrupt (Ctrl-C) ends it with the report");
        }
    }

    fn is_interrupted(&self) -> bool {
        self.follows.as_ref().is_some_and(|interrupted| interrupted.load(Ordering::Relaxed))
    }

    fn is_fault(&self, file: &FileFacts) -> bool {
        let is_cut = |damage: &Damage| matches!(damage.kind, DamageKind::Truncated { .. });
        file.damage.as_ref().is_some_and(|damage| !(self.is_interrupted() && is_cut(damage)))
    }

    /// From here on only the captures can be read, and `access` is what else can be done. To be
    /// called when keys are loaded, and before a capture is opened or a thread started. Confined so, what
    /// a machine still has is searched for secrets.
    pub(super) fn confine(&self, args: &SharedArgs, mut access: Access) {
        if !args.no_sandbox {
            access.read.extend(args.captures.iter().chain(&args.secrets_from).cloned());
            precautions::confine(&access, self.verbose);
        }
        if !args.secrets_from.is_empty() {
            self.is_all_searched.set(secrets_from::search(args, &self.setup));
        }
    }

    /// Files that are read, and so must not be written.
    pub(super) fn inputs(&self, args: &SharedArgs, capture: &Capture) -> Vec<PathBuf> {
        let captures = capture.files().map(|file| PathBuf::from(&file.path));
        self.key_files(args).chain(captures).collect()
    }

    /// Takes what the user says is slow.
    pub(super) fn limit(&mut self, limits: &[SlowLimit]) {
        if let Some(setup) = Arc::get_mut(&mut self.setup) {
            limits.iter().for_each(|&limit| setup.slow.set(limit));
        }
    }

    /// Works with so many threads, whatever was asked for.
    pub(super) fn use_threads(&mut self, threads: NonZeroUsize) {
        if let Some(setup) = Arc::get_mut(&mut self.setup) {
            setup.threads = Some(threads);
        }
    }

    /// Whether the user wants to see a session. Notes whether it was decrypted.
    pub(super) fn wants(&mut self, session: &SessionReport) -> bool {
        let wanted = self.sessions.wants(session);
        self.faults.not_decrypted |= self.require_decrypted && wanted && session.is_closed();
        wanted
    }

    /// The files that key material was read from, those that the user named and those that they
    /// name.
    pub(super) fn key_files<'a>(
        &'a self,
        args: &'a SharedArgs,
    ) -> impl Iterator<Item = PathBuf> + use<'a> {
        let named = [&args.keys, &args.key, &args.keylog, &args.secrets_from].into_iter().flatten();
        let keys = self.setup.keys.ring.keys();
        let keys = keys.iter().map(|key| PathBuf::from(&key.identity().path));
        let named = named.chain(&args.password_file).chain(&self.profile_files);
        let named = named.chain(trust::files(args));
        named.cloned().chain(keys).chain(pre_shared::files(&args.psk))
    }

    fn has_no_keys(&self) -> bool {
        self.setup.keys.ring.is_empty()
            && self.setup.keys.ring.pre_shared().is_empty()
            && self.setup.keys.ring.keylog().is_empty()
    }

    /// Says on standard error what was wrong with the captures, and what was seen instead where no
    /// session was found; decides the exit code.
    pub(super) fn conclude(mut self, capture: &Capture, summary: &Summary) -> Exit {
        self.observe(capture, summary);
        self.exit()
    }

    /// The same for one of several captures; [`Plan::exit`] decides when all were read.
    pub(super) fn observe(&mut self, capture: &Capture, summary: &Summary) {
        for file in capture.files().filter(|file| self.is_fault(file)) {
            complain_of_file(file);
        }
        self.faults.captures |= capture.files().any(|file| self.is_fault(file));
        for file in capture.passed_over().iter().filter(|_| !self.quiet) {
            let Some(damage) = &file.damage else { continue };
            output::say(&format!("passed over {}: it {}", file.path, damage));
        }
        // Where no file could be opened, that has been said, and is all there is to say.
        let nothing_read = capture.files().all(|file| file.format.is_none());
        if summary.sessions == 0 && !self.quiet && !nothing_read {
            output::say(&nothing_found(summary, self.has_no_keys()));
        }
        if let Some(text) = self.sessions.error(summary) {
            output::complain(&text);
            self.faults.choice = true;
        } else if let Some(text) = self.sessions.none_found(summary).filter(|_| !self.quiet) {
            output::say(&text);
        }
    }

    /// Decides the exit code where no capture was to be read.
    pub(super) fn exit_without_captures(self) -> Exit {
        self.exit_code()
    }

    fn exit_code(&self) -> Exit {
        let Faults { keys, .. } = self.faults;
        Exit::of_run(Faults { keys: keys || !self.is_all_searched.get(), ..self.faults })
    }

    /// Decides the exit code.
    pub(super) fn exit(self) -> Exit {
        if let Some(text) = unmatched(&self.setup.keys.ring).filter(|_| !self.quiet) {
            output::say(&text);
        }
        if let Some(text) = unusable(&self.key_errors).filter(|_| !self.quiet) {
            output::complain(&text);
        }
        self.exit_code()
    }
}

/// What was told before the report, for who sees its end only.
fn unusable(errors: &[KeyError]) -> Option<String> {
    match errors {
        [] => None,
        [one] => Some(format!("as told above, not all keys can be used: {one}")),
        [first, ..] => Some(format!(
            "as told above, not all keys can be used: {} errors, {first}",
            errors.len()
        )),
    }
}

/// The captures that the arguments name.
pub(super) fn capture(args: &SharedArgs) -> Capture {
    capture_of(&args.captures)
}

/// One capture of these files.
pub(super) fn capture_of(paths: &[PathBuf]) -> Capture {
    Capture::open(paths.iter().map(|path| input(path)).collect())
}

fn input(path: &Path) -> Input {
    if path == Path::new("-") { Input::Stdin } else { Input::File(PathBuf::from(path)) }
}

fn sources(args: &SharedArgs) -> Vec<KeySource> {
    let keys = key_sources(args.password_file.as_deref(), &args.keys, &args.key);
    let logs = args.keylog.iter().cloned().map(KeySource::KeyLog);
    let profiles = args.wireshark_profile.iter().cloned().map(KeySource::WiresharkProfile);
    keys.into_iter().chain(logs).chain(profiles).chain(pre_shared::sources(&args.psk)).collect()
}

/// Where private keys come from.
pub(super) fn key_sources(
    passwords: Option<&Path>,
    lists: &[PathBuf],
    files: &[PathBuf],
) -> Vec<KeySource> {
    let passwords = passwords.map(|path| KeySource::PasswordFile(path.to_owned()));
    let variable = KeySource::PasswordVariable(PASSWORD_VARIABLE);
    let lists = lists.iter().cloned().map(KeySource::List);
    let files = files.iter().cloned().map(KeySource::KeyFile);
    passwords.into_iter().chain([variable]).chain(lists).chain(files).collect()
}

/// Loads keys, and tells what is wrong with any of them.
pub(super) fn load_ring(sources: &[KeySource], engine: RsaEngine) -> (KeyRing, Vec<KeyError>) {
    let (ring, errors) = KeyRing::load(sources);
    errors.iter().for_each(complain_of_key);
    (ring.with_rsa_engine(engine), errors)
}

/// What was named and holds nothing.
fn empty(args: &SharedArgs, ring: &KeyRing) -> Option<&'static str> {
    match ring.is_empty() {
        true if !args.keys.is_empty() => Some("the key list names no key"),
        true if !args.wireshark_profile.is_empty() && ring.keylog().is_empty() => {
            Some("the Wireshark profile names neither a key nor a key log")
        }
        _ => None,
    }
}

/// Lines of key logs that are about no session of the capture: often the log is that of another run,
/// or of another side of a proxy (peers.md §2.2, ask 13).
fn unmatched(ring: &KeyRing) -> Option<String> {
    let log = ring.keylog().read()?;
    let first = log.first_unmatched()?;
    let (unmatched, lines) = (log.unmatched_lines(), log.file_lines());
    Some(format!(
        "no session has the secrets of {unmatched} of {lines} key log lines, first {first}"
    ))
}

/// Keys that were read, key logs and the password file.
fn secret_files(args: &SharedArgs, ring: &KeyRing) -> impl Iterator<Item = PathBuf> {
    let keys = ring.keys().iter().map(|key| PathBuf::from(&key.identity().path));
    let files = args.keylog.iter().chain(&args.secrets_from).chain(&args.password_file);
    keys.chain(files.cloned()).chain(pre_shared::files(&args.psk))
}

fn complain_of_key(error: &KeyError) {
    output::complain(&error.to_string());
    output::hint(&error.hint());
}

/// Says which captures are damaged, and whether any is.
pub(super) fn complain_of_damage(capture: &Capture) -> bool {
    capture.files().for_each(complain_of_file);
    capture.files().any(|file| file.damage.is_some())
}

fn complain_of_file(file: &FileFacts) {
    let Some(damage) = &file.damage else { return };
    let read = match damage.kind {
        DamageKind::Truncated { .. } | DamageKind::Corrupt(_) if damage.resumed.is_none() => {
            format!(" ({} packets before it were read)", file.packets)
        }
        DamageKind::Truncated { .. } | DamageKind::Corrupt(_) => format!(
            " ({} packets were read; {} damaged places, {} bytes passed over)",
            file.packets, file.damages, file.skipped_bytes
        ),
        _ => String::new(),
    };
    output::complain(&format!("{}: {damage}{read}", file.path));
    if let Some(command) = mistyped::command(&file.path) {
        output::hint(&format!("did you mean the command `{command}`?"));
    }
}

/// What was seen instead of sessions, and what would help.
fn nothing_found(summary: &Summary, no_keys: bool) -> String {
    let mut seen = vec![format!("{} packets", summary.packets)];
    if summary.filtered_packets > 0 {
        seen.push(format!("{} of them not taken by the filters", summary.filtered_packets));
    }
    if summary.connections > 0 {
        seen.push(format!("{} TCP connections", summary.connections));
    }
    if summary.other_tls_connections > 0 {
        seen.push(format!("{} of them with TLS that is not mail's", summary.other_tls_connections));
    }
    for skipped in &summary.skipped_frames {
        seen.push(format!("{} frames without TCP ({})", skipped.frames, skipped.reason));
    }
    let advice = match summary {
        _ if summary.packets == 0 => "the capture has no packets",
        _ if summary.other_tls_connections > 0 && no_keys => {
            "--all-tls shows them; a row in a key list names a server on any port"
        }
        _ if summary.other_tls_connections > 0 => "--all-tls shows them",
        _ if summary.connections == 0 && summary.filtered_packets > 0 => {
            "is the filter too narrow?"
        }
        _ if summary.connections == 0 => "was it the right interface and capture filter?",
        _ => "none of them speaks SMTP or LMTP: was it the right capture filter?",
    };
    format!("no mail session found: {}; {advice}", seen.join(", "))
}
