//! The packets that `split` keeps, as captures of the connections that belong together.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::path::Path;

use super::pcapng::{self, Packet};
use super::{OrCannot as _, Placed, Result, StagedFile};
use crate::capture::LinkType;
use crate::sieve::{Kept, Origin};

/// The shards that have packets.
pub(crate) struct Shards<'s> {
    number: NonZeroU16,
    aside: &'s Path,
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
    /// So many, as files in `aside`.
    pub(crate) fn new(number: NonZeroU16, aside: &'s Path) -> Self {
        Self { number, aside, files: BTreeMap::new(), secrets: Vec::new() }
    }

    /// Adds what `split` keeps.
    pub(crate) fn take(&mut self, kept: &Kept) {
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
        let Self { number, aside, files, secrets } = self;
        files.entry(index).or_insert_with(|| {
            let mut head = Vec::new();
            pcapng::section(&format!("shard {index} of {number}"), &mut head);
            head.extend_from_slice(secrets);
            let mut file = StagedFile::new(aside.join(name_of(index)));
            file.push(&head);
            ShardFile { file, interfaces: Vec::new() }
        })
    }

    /// Ends the files, which get their names later.
    pub(crate) fn finish(self) -> Result<Vec<Placed>> {
        let finish = |(index, shard): (u64, ShardFile)| {
            let (staged, bytes) = shard.file.finish().or_cannot("write a shard")?;
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
