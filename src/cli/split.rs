//! `split`: the packets of the connections that concern us, in shards. A connection that spans files
//! and hosts meets itself in one of them, so that each can be read alone (`docs/fleet.md`).

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZeroU16;
use std::sync::Arc;

use anyhow::Context as _;

use super::args::SplitArgs;
use super::exit::{Exit, Faults};
use super::staging::{Placed, StagedFile, Staging};
use super::target::How;
use super::{output, plan, precautions};
use crate::capture::LinkType;
use crate::render::pcapng::{self, Packet};
use crate::render::term;
use crate::sandbox::Access;
use crate::session::Setup;
use crate::sieve::{self, Kept, Origin, Tally};

/// Runs the command.
pub(super) fn run(args: &SplitArgs) -> anyhow::Result<Exit> {
    run_to(args, &mut output::open(None, How::default())?)
}

fn run_to(args: &SplitArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let staging = Staging::new(&args.output)?;
    if !args.no_sandbox {
        let write = vec![args.output.clone()];
        let access = Access { read: args.captures.clone(), write, ..Access::default() };
        precautions::confine(&access, false);
    }
    let mut capture = plan::capture_of(&args.captures);
    let setup = Arc::new(Setup { all_tls: args.all_tls, ..Setup::default() });
    let mut shards = Shards::new(args.shards, &staging);
    let tally = sieve::run(&mut capture, &setup, &args.port, &mut |kept| shards.take(&kept));
    let files = shards.finish()?;
    staging.publish(&files, args.force)?;
    list(&files, &staging, out)?;
    if !args.quiet {
        output::say(&told(&tally));
    }
    let captures = plan::complain_of_damage(&capture);
    Ok(Exit::of_run(Faults { captures, ..Faults::default() }))
}

/// A line a file: path, bytes.
fn list(files: &[Placed], staging: &Staging, out: &mut dyn Write) -> io::Result<()> {
    for file in files {
        let path = staging.path(file).display().to_string();
        writeln!(out, "{}\t{}", term::escaped(&path), file.bytes)?;
    }
    out.flush()
}

fn told(tally: &Tally) -> String {
    format!(
        "kept {} of {} packets, {} of {} bytes; {} connection{}",
        tally.kept_packets,
        tally.packets,
        tally.kept_bytes,
        tally.bytes,
        tally.connections,
        if tally.connections == 1 { "" } else { "s" }
    )
}

/// The shards that have packets.
struct Shards<'s> {
    number: NonZeroU16,
    staging: &'s Staging,
    files: BTreeMap<u64, ShardFile>,
    /// Secrets are for every shard, also for one that begins behind them.
    secrets: Vec<u8>,
}

/// A shard: a pcapng file.
struct ShardFile {
    file: StagedFile,
    interfaces: Vec<LinkType>,
}

impl<'s> Shards<'s> {
    fn new(number: NonZeroU16, staging: &'s Staging) -> Self {
        Self { number, staging, files: BTreeMap::new(), secrets: Vec::new() }
    }

    fn take(&mut self, kept: &Kept) {
        match kept {
            Kept::Packet(origin, shard) => {
                let index = shard.among(self.number.get().into());
                self.file(index).packet(origin);
            }
            // Of which connection it is, is not known: each shard puts together what it can.
            Kept::Part(origin) => {
                (0..self.number.get()).for_each(|index| self.file(index.into()).packet(origin));
            }
            Kept::Secrets(secrets) => {
                let block = pcapng::secrets(&secrets.data);
                self.files.values_mut().for_each(|shard| shard.file.push(&block));
                self.secrets.extend_from_slice(&block);
            }
        }
    }

    fn file(&mut self, index: u64) -> &mut ShardFile {
        let Self { number, staging, files, secrets } = self;
        files.entry(index).or_insert_with(|| {
            let mut head = Vec::new();
            pcapng::section(&format!("shard {index} of {number}"), &mut head);
            head.extend_from_slice(secrets);
            let mut file = staging.file(&name_of(index));
            file.push(&head);
            ShardFile { file, interfaces: Vec::new() }
        })
    }

    fn finish(self) -> anyhow::Result<Vec<Placed>> {
        let finish = |(index, shard): (u64, ShardFile)| {
            let (staged, bytes) = shard.file.finish().context("cannot write a shard")?;
            Ok(Placed { staged, name: name_of(index), session: None, bytes })
        };
        self.files.into_iter().map(finish).collect()
    }
}

impl ShardFile {
    fn packet(&mut self, origin: &Origin) {
        let mut block = Vec::with_capacity(origin.data.len() + origin.file.len() + 64);
        let known = self.interfaces.iter().position(|&link| link == origin.link);
        let interface = known.unwrap_or_else(|| {
            pcapng::nanosecond_interface(origin.link.0, &mut block);
            self.interfaces.push(origin.link);
            self.interfaces.len() - 1
        });
        let from = format!("{}:{}", origin.file, origin.number).into_bytes();
        let packet = Packet {
            interface: u32::try_from(interface).unwrap_or(u32::MAX),
            ticks: u64::try_from(origin.ts.0).unwrap_or_default(),
            wire_len: origin.wire_len,
            data: &origin.data,
            options: &[(pcapng::COMMENT, from)],
        };
        pcapng::packet(&packet, &mut block);
        self.file.push(&block);
    }
}

/// Five digits, so that names sort as numbers do.
fn name_of(index: u64) -> String {
    format!("shard-{index:05}.pcapng")
}
