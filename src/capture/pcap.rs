//! The classic format of libpcap (draft-ietf-opsawg-pcap).

use pcap_parser::nom::{Err, IResult, Needed};
use pcap_parser::{
    LegacyPcapBlock, PcapError, PcapHeader, parse_pcap_frame, parse_pcap_frame_be,
    parse_pcap_frame_modified, parse_pcap_header,
};

use crate::moment::Timestamp;

use super::block::{Block, MAX_RECORD};
use super::file::Record;
use super::{DamageKind, LinkType};

/// Bytes of the magic number: a file with fewer is not even the start of this format.
const MAGIC: usize = 4;

/// Bytes of the file header (§4).
const FILE_HEADER: usize = 24;

/// Bytes of a record header (§5), the least any record has.
const RECORD_HEADER: usize = 16;

/// libpcap's own limit on a frame; a larger length in a file that promises no more is damage, and
/// seen at once instead of after megabytes of nonsense.
const MAXIMUM_SNAPLEN: u32 = 262_144;

type ParseFrame = fn(&[u8]) -> IResult<&[u8], LegacyPcapBlock<'_>, PcapError<&[u8]>>;

/// Reads the records that follow a file header.
pub(super) struct Pcap {
    /// Of every frame.
    pub(super) link: LinkType,
    ns_per_tick: i64,
    largest_frame: u32,
    parse_frame: ParseFrame,
}

impl Pcap {
    /// Reads the file header; `None` if it is not one of this format.
    ///
    /// The byte order and the Kuznetzov ("modified") variant are told by the magic number alone.
    pub(super) fn open(block: &mut Block) -> Result<Option<Self>, DamageKind> {
        block.fill(FILE_HEADER)?;
        if block.unread().len() < MAGIC {
            return Ok(None);
        }
        let header = match parse_pcap_header(block.unread()) {
            Ok((_, header)) => header,
            Err(Err::Incomplete(_)) => return block.demand(FILE_HEADER).map(|_| None),
            Err(_) => return Ok(None),
        };
        block.consume(FILE_HEADER);
        Ok(Some(Self::new(&header)))
    }

    fn new(header: &PcapHeader) -> Self {
        Self {
            link: link_type(header),
            ns_per_tick: if header.is_nanosecond_precision() { 1 } else { 1_000 },
            largest_frame: header.snaplen.clamp(MAXIMUM_SNAPLEN, MAX_RECORD as u32),
            parse_frame: match (header.is_bigendian(), header.is_modified_format()) {
                (_, true) => parse_pcap_frame_modified,
                (true, false) => parse_pcap_frame_be,
                (false, false) => parse_pcap_frame,
            },
        }
    }

    /// The next record, `None` at the end of the file.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<Option<Record>, DamageKind> {
        loop {
            let unread = block.unread();
            let missing = match (self.parse_frame)(unread) {
                Ok((rest, frame)) => {
                    let size = unread.len() - rest.len();
                    let record = self.record(&frame, size)?;
                    return Ok(Some(record.at(block.consume(size))));
                }
                Err(Err::Incomplete(Needed::Size(missing))) => missing.get(),
                Err(_) => return Err(DamageKind::corrupt("a record header cannot be read")),
            };
            let needed = unread.len().saturating_add(missing);
            self.check_frame_len(needed.saturating_sub(RECORD_HEADER))?;
            if !block.demand(needed)? {
                return Ok(None);
            }
        }
    }

    /// The frame is the last thing in its record. The time is computed here: the fraction of a
    /// damaged record may be more than a second.
    fn record(&self, frame: &LegacyPcapBlock<'_>, size: usize) -> Result<Record, DamageKind> {
        let captured = frame.data.len();
        self.check_frame_len(captured)?;
        let seconds = i64::from(frame.ts_sec) * 1_000_000_000;
        Ok(Record {
            ts: Timestamp(seconds + i64::from(frame.ts_usec) * self.ns_per_tick),
            link: self.link,
            wire_len: frame.origlen.max(frame.caplen),
            data: size - captured..size,
        })
    }

    fn check_frame_len(&self, len: usize) -> Result<(), DamageKind> {
        if len <= self.largest_frame as usize + RECORD_HEADER {
            return Ok(());
        }
        Err(DamageKind::Corrupt(format!("a record claims to hold a frame of {len} bytes")))
    }
}

/// The upper bits of the field hold the length of the frame check sequence (§4), which the IP
/// layer cuts off anyhow; pcap-parser does not mask them.
fn link_type(header: &PcapHeader) -> LinkType {
    LinkType((header.network.0 & 0xffff) as u16)
}

#[cfg(test)]
mod tests {
    use super::super::testfile::{Order, PcapFile, facts, packets};
    use super::*;
    use crate::capture::{FileFacts, Format};

    #[test]
    fn reads_a_little_endian_microsecond_file() {
        let file = PcapFile::new().record(5, 7, b"frame").bytes();
        let found = packets(file);
        assert_eq!(found, [(Timestamp(5_000_007_000), LinkType::EN10MB, 5, b"frame".to_vec())]);
    }

    #[test]
    fn reads_a_big_endian_nanosecond_file() {
        let file = PcapFile { magic: 0xa1b2_3c4d, order: Order::Big, ..PcapFile::new() };
        let found = packets(file.record(5, 7, b"frame").bytes());
        assert_eq!(found, [(Timestamp(5_000_000_007), LinkType::EN10MB, 5, b"frame".to_vec())]);
    }

    #[test]
    fn reads_the_modified_format_of_kuznetzov() {
        let file = PcapFile { magic: 0xa1b2_cd34, padding: 8, ..PcapFile::new() };
        let found = packets(file.record(1, 0, b"one").record(2, 0, b"two").bytes());
        assert_eq!(found.iter().map(|p| p.3.as_slice()).collect::<Vec<_>>(), [b"one", b"two"]);
    }

    #[test]
    fn masks_the_length_of_the_frame_check_sequence() {
        let file = PcapFile { network: 0x4400_0001, ..PcapFile::new() };
        assert_eq!(packets(file.record(1, 0, b"x").bytes())[0].1, LinkType::EN10MB);
    }

    #[test]
    fn delivers_what_comes_before_a_cut() {
        let mut file = PcapFile::new().record(1, 0, b"whole").record(2, 0, b"cut").bytes();
        file.pop();
        let facts = facts(file);
        assert_eq!((facts.packets, facts.complete, facts.bytes), (1, false, 24 + 21));
        let damage = facts.damage.unwrap();
        assert_eq!(damage.offset, 24 + 21);
        assert_eq!(damage.kind, DamageKind::Truncated { present: 18, needed: 19 });
    }

    #[test]
    fn calls_a_file_cut_within_its_header_truncated() {
        let mut file = PcapFile::new().bytes();
        file.truncate(20);
        let kind = facts(file).damage.unwrap().kind;
        assert_eq!(kind, DamageKind::Truncated { present: 20, needed: 24 });
    }

    #[test]
    fn refuses_a_frame_larger_than_any_snap_length() {
        let file = PcapFile::new().record(1, 0, b"good").header(2, 0, 0x7fff_ffff, 60).bytes();
        let facts = facts(file);
        assert_eq!(facts.packets, 1);
        assert!(matches!(facts.damage.unwrap().kind, DamageKind::Corrupt(_)));
    }

    #[test]
    fn counts_the_frames_that_the_snap_length_cut() {
        let file = PcapFile::new().header(1, 0, 2, 90).raw(b"ab").record(3, 0, b"whole").bytes();
        let FileFacts { format, snaplen_truncated, packets, complete, .. } = facts(file);
        assert_eq!(
            (format, snaplen_truncated, packets, complete),
            (Some(Format::Pcap), 1, 2, true)
        );
    }
}
