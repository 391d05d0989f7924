//! Files that say what is trusted: `--ca`, `--tlsa`, `--mta-sts`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::args::SharedArgs;
use super::output;
use crate::moment::Timestamp;
use crate::trust::{LONGEST_POLICY, Policy, Settings, zone};

/// What `--ca` calls the roots of the system.
const SYSTEM: &str = "system";

/// A longer file of certificates or records is not one.
pub(super) const LONGEST_FILE: u64 = 64 << 20;

/// Files of a directory that are read as certificates.
pub(super) const MOST_FILES: usize = 10_000;

/// Reads them. What cannot be used is told at once; whether there was any.
pub(super) fn load(args: &SharedArgs) -> (Settings, bool) {
    let mut settings = Settings::default();
    let mut complaints = Vec::new();
    for path in &args.ca {
        complaints.extend(authorities(&mut settings, path).err());
    }
    for path in &args.tlsa {
        complaints.extend(records(&mut settings, path).err());
    }
    for path in &args.mta_sts {
        complaints.extend(policy(&mut settings, path).err());
    }
    complaints.iter().for_each(|complaint| output::complain(complaint));
    (settings, !complaints.is_empty())
}

/// The files that were named, which must not be written.
pub(super) fn files(args: &SharedArgs) -> impl Iterator<Item = &PathBuf> {
    let named = args.ca.iter().filter(|path| path.as_path() != Path::new(SYSTEM));
    named.chain(&args.tlsa).chain(&args.mta_sts)
}

fn authorities(settings: &mut Settings, path: &Path) -> Result<(), String> {
    if path == Path::new(SYSTEM) {
        return system(settings);
    }
    if path.is_dir() {
        return directory(settings, path);
    }
    match settings.store.add_file(&path.to_string_lossy(), &read(path)?) {
        0 => Err(format!("{}: no certificate in PEM or DER", path.display())),
        _ => Ok(()),
    }
}

/// A directory such as /etc/ssl/certs: what is no certificate there is passed over.
fn directory(settings: &mut Settings, path: &Path) -> Result<(), String> {
    let told = |error| format!("{}: {error}", path.display());
    let entries = fs::read_dir(path).map_err(told)?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let mut found = 0;
    for file in files.iter().filter(|file| file.is_file()).take(MOST_FILES) {
        // A broken link or a file that may not be read is no fault of the others.
        found += read(file).map_or(0, |bytes| settings.store.add_bytes(&bytes));
    }
    settings.store.add_source(&path.to_string_lossy());
    if found == 0 {
        Err(format!("{}: no certificate in PEM or DER", path.display()))
    } else {
        Ok(())
    }
}

fn system(settings: &mut Settings) -> Result<(), String> {
    let found = rustls_native_certs::load_native_certs();
    found.certs.iter().for_each(|der| {
        settings.store.add(der);
    });
    settings.store.add_source(SYSTEM);
    match (found.certs.is_empty(), found.errors.first()) {
        (false, _) => Ok(()),
        (true, Some(error)) => Err(format!("--ca system: {error}")),
        (true, None) => {
            Err("--ca system: this system has no roots (Debian: ca-certificates)".into())
        }
    }
}

fn records(settings: &mut Settings, path: &Path) -> Result<(), String> {
    let text = text(path)?;
    let found = zone(&text, &path.to_string_lossy())
        .map_err(|error| format!("{}:{}: {}", path.display(), error.line, error.message))?;
    if found.is_empty() {
        return Err(format!("{}: no TLSA record", path.display()));
    }
    settings.tlsa.extend(found);
    Ok(())
}

/// The time of the file is taken for the time when the policy was fetched.
fn policy(settings: &mut Settings, path: &Path) -> Result<(), String> {
    let text = text(path)?;
    if text.len() > LONGEST_POLICY {
        return Err(format!("{}: a policy has {LONGEST_POLICY} bytes at most", path.display()));
    }
    let mut policy = Policy::parse(&text, &path.to_string_lossy())
        .map_err(|(line, message)| format!("{}:{line}: {message}", path.display()))?;
    let modified = fs::metadata(path).and_then(|file| file.modified()).ok();
    let since = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    policy.fetched = since.and_then(|age| i64::try_from(age.as_nanos()).ok()).map(Timestamp);
    settings.policies.push(policy);
    Ok(())
}

fn text(path: &Path) -> Result<String, String> {
    String::from_utf8(read(path)?).map_err(|_| format!("{}: no text", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let told = |error| format!("{}: {error}", path.display());
    if fs::metadata(path).map_err(told)?.len() > LONGEST_FILE {
        return Err(format!("{}: larger than any file of certificates", path.display()));
    }
    fs::read(path).map_err(told)
}
