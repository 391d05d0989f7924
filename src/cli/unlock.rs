//! `unlock`: handshakes and private keys become a key log, on the one machine that has the keys.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Write};
use std::path::Path;

use anyhow::Context as _;

use super::args::UnlockArgs;
use super::exit::{Exit, Faults};
use super::target::{How, Target};
use super::{output, plan, precautions};
use crate::hex::HexArray;
use crate::keys::{KeySource, RsaKey};
use crate::render::handshakes;
use crate::sandbox::Access;
use crate::tls::lock::{Asked, Lock, LockFate, Unlocker, Way};
use crate::tls::{KeyLogLine, lock};

/// Locks whose RSA operations are done together. Engines do eight at once; more only share the
/// reading of the keys.
pub(super) const BATCH: usize = 1024;

/// A line of more bytes is none of ours: the numbers of the largest key have four thousand digits each.
pub(super) const LONGEST_LINE: u64 = 16 << 10;

/// Keys that were not given and are named one by one; the others are counted.
pub(super) const MOST_NAMED: usize = 100;

/// Runs the command.
pub(super) fn run(args: &UnlockArgs) -> anyhow::Result<Exit> {
    let (ring, errors) = plan::load_ring(&sources(args), args.rsa_engine);
    let inputs: Vec<_> =
        [&args.handshakes, &args.keys, &args.key].into_iter().flatten().cloned().collect();
    let mut out = Target::create(&args.output, How { private: true, live: false })?;
    out.spare(&inputs)?;
    if !args.no_sandbox {
        let rename = out.directory().into_iter().collect();
        let access = Access { read: args.handshakes.clone(), rename, ..Access::default() };
        precautions::confine(&access, false);
    }
    let mut tally = Tally::default();
    let mut written = Ok(());
    let mut tell = |lock: &Lock, fate: Result<KeyLogLine, LockFate>| match fate {
        Ok(line) => {
            tally.opened += 1;
            if written.is_ok() {
                written = out.write_all(&line.disclose());
            }
        }
        Err(fate) => tally.closed(lock, fate),
    };
    let mut unlocker = Unlocker::new(&ring);
    let mut damaged = false;
    for path in &args.handshakes {
        let read = each_batch(path, |batch| unlocker.open(batch, &mut tell));
        if let Err(error) = read {
            output::complain(&format!("{error:#}"));
            damaged = true;
        }
    }
    let asked = unlocker.finish(&mut tell);
    written.and_then(|()| out.finish()).context("cannot write the key log")?;
    if !args.quiet {
        tally.tell();
        asked.iter().for_each(|(key, asked)| tell_of(ring.key(*key), asked));
    }
    Ok(Exit::of_run(Faults { keys: !errors.is_empty(), captures: damaged, ..Faults::default() }))
}

fn sources(args: &UnlockArgs) -> Vec<KeySource> {
    plan::key_sources(args.password_file.as_deref(), &args.keys, &args.key)
}

/// Reads the locks of a file, so many at a time. A bad line ends the file, and those before it count.
fn each_batch(path: &Path, mut take: impl FnMut(Vec<Lock>)) -> anyhow::Result<()> {
    let cannot = || format!("cannot read {}", path.display());
    let mut file = BufReader::new(File::open(path).with_context(cannot)?);
    let mut batch = Vec::with_capacity(BATCH);
    let mut line = String::new();
    for number in 1_u64.. {
        line.clear();
        let read = (&mut file).take(LONGEST_LINE).read_line(&mut line);
        let lock = match read {
            Ok(0) => break,
            Ok(_) => handshakes::read(&line).map_err(anyhow::Error::msg),
            Err(error) => Err(error.into()),
        };
        match lock {
            Ok(lock) => batch.push(lock),
            Err(error) => {
                take(batch);
                return Err(error.context(format!("{}:{number}", path.display())));
            }
        }
        if batch.len() == BATCH {
            take(std::mem::take(&mut batch));
        }
    }
    take(batch);
    Ok(())
}

/// What came of all.
#[derive(Default)]
struct Tally {
    opened: u64,
    /// How many handshakes each key that was not given would open, by its SHA-256 as people have it.
    keys_missing: BTreeMap<String, u64>,
    others: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn closed(&mut self, lock: &Lock, fate: LockFate) {
        let reason = match fate {
            LockFate::NoKey => {
                let key = key_of(lock);
                let is_named = self.keys_missing.contains_key(&key);
                if is_named || self.keys_missing.len() < MOST_NAMED {
                    *self.keys_missing.entry(key).or_default() += 1;
                    return;
                }
                "no key was given for further servers"
            }
            LockFate::BadPremaster => "the key opens no premaster secret",
            LockFate::TranscriptDamaged => {
                "the secret is bound to a handshake of which messages are missing"
            }
            LockFate::Unsupported => "a version or suite without such a secret",
            LockFate::NoOrigin => "resumed, and the session resumed was not opened",
            LockFate::Exhausted => "the key answers no more in this run",
            LockFate::Reused => "its ciphertext was answered for other handshakes",
            LockFate::TooMany => {
                "resumed, and too many wait for their origin: unlock fewer files at a time"
            }
            _ => "not opened",
        };
        *self.others.entry(reason).or_default() += 1;
    }

    fn tell(&self) {
        let warning = match self.opened {
            0 => "",
            _ => "; whoever has the key log and the captures reads passwords and bodies",
        };
        let s = if self.opened == 1 { "" } else { "s" };
        output::say(&format!("{} handshake{s} unlocked{warning}", self.opened));
        for (key, count) in &self.keys_missing {
            output::say(&format!("{count} closed: no key was given for {key}"));
        }
        for (reason, count) in &self.others {
            output::say(&format!("{count} closed: {reason}"));
        }
    }
}

/// What a key was asked: who reads this knows what the file was told.
fn tell_of(key: &RsaKey, asked: &Asked) {
    let Asked { answered, bindings, in_vain, refused } = asked;
    let name = HexArray(key.identity().spki_sha256);
    output::say(&format!(
        "key {name}: {answered} answered of {bindings} handshakes, {in_vain} in vain, {refused} refused"
    ));
}

fn key_of(lock: &Lock) -> String {
    match &lock.way {
        Way::KeyExchange(lock::KeyExchange { certificate: Some(key), .. }) => {
            format!("the certificate's key with the SHA-256 {}", key.spki_sha256)
        }
        _ => format!("the server {}, whose certificate was not captured", lock.server()),
    }
}
