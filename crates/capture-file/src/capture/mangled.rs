//! Captures that went through something made for text, put right where that can be done exactly.
//!
//! Recorders log to the stream that the capture goes to: then text stands before the file header. A
//! terminal (`docker run -t`, `ssh -t`) and a transfer in text mode write CR LF for each LF: each LF
//! of such a file stands behind a CR, so that to drop these is to have the bytes as they were. What
//! turned CR LF into LF, or into UTF-16, cannot be undone, and is named by `sniff`.

use std::io::{self, Read};

use super::block::Block;
use super::facts::{FileFacts, Repair};
use super::{pcap, pcapng, sniff};

/// Bytes of text before a file header that are looked through for it: some pages of a log.
pub(super) const MOST_TEXT: usize = 64 << 10;

/// Bytes at the start of a file in which a record must show that line ends were changed. Binary
/// fields have an LF without a CR long before.
pub(super) const MOST_EXAMINED: usize = 64 << 10;

/// Records that must follow each other without the added CRs, where they do not with them.
const FEWEST_MORE: usize = 3;

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// The content of `block` as the recorder wrote it, in a window of `size` bytes. What was put right
/// is noted in `facts`.
pub(super) fn mended(mut block: Block, size: usize, facts: &mut FileFacts) -> Block {
    if let Some(len) = text_before(&mut block) {
        block.consume(len);
        facts.skipped_bytes += len as u64;
        facts.repairs.push(Repair::TextBefore { bytes: len as u64 });
    }
    if !has_added_returns(&mut block) {
        return block;
    }
    facts.repairs.push(Repair::AddedReturns);
    let start = block.offset();
    Block::starting_at(start, Box::new(WithoutReturns { source: block }), size)
}

/// Bytes of text before the file header; none where a file begins with it, or has none.
fn text_before(block: &mut Block) -> Option<usize> {
    if is_header(block.unread()) {
        return None;
    }
    block.look_ahead(MOST_TEXT);
    let window = block.unread();
    let window = window.get(..MOST_TEXT).unwrap_or(window);
    let len = (1..window.len()).find(|&at| window.get(at..).is_some_and(is_header))?;
    window.get(..len).is_some_and(sniff::is_text).then_some(len)
}

fn is_header(bytes: &[u8]) -> bool {
    pcap::is_file_header(bytes) || pcapng::is_section_header(bytes) || is_changed_section(bytes)
}

/// The type of a section header, which has line ends in it to be told by them
/// (draft-ietf-opsawg-pcapng §4.1), with a CR before each LF.
fn is_changed_section(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\r\n\r\r\r\n")
}

/// Whether a CR was put before each LF: no LF is without one, and the records follow each other
/// without them, but not with them.
fn has_added_returns(block: &mut Block) -> bool {
    if is_changed_section(block.unread()) {
        return true;
    }
    let mut needed = pcap::FILE_HEADER;
    while needed <= MOST_EXAMINED {
        let is_there = block.look_ahead(needed);
        let window = block.unread();
        let window = window.get(..needed).unwrap_or(window);
        if has_lone_line_feed(window) {
            return false;
        }
        let Some(chain) = pcap::chain(window) else { return false };
        if chain.is_broken || (!is_there && chain.end < window.len()) {
            return holds_without_returns(block, chain.records);
        }
        if !is_there {
            return false;
        }
        needed = chain.next;
    }
    false
}

/// Whether the records of the file follow each other further than `records` without the CRs.
fn holds_without_returns(block: &mut Block, records: usize) -> bool {
    block.look_ahead(MOST_EXAMINED);
    let window = block.unread();
    let window = window.get(..MOST_EXAMINED).unwrap_or(window);
    let Some(chain) = pcap::chain(&without_returns(window)) else { return false };
    chain.records > records && (!chain.is_broken || chain.records >= records + FEWEST_MORE)
}

fn has_lone_line_feed(bytes: &[u8]) -> bool {
    let before = std::iter::once(&0).chain(bytes);
    before.zip(bytes).any(|(&before, &byte)| byte == LF && before != CR)
}

fn without_returns(bytes: &[u8]) -> Vec<u8> {
    let behind = bytes.iter().skip(1).chain(std::iter::once(&0));
    let kept = bytes.iter().zip(behind).filter(|&(&byte, &behind)| byte != CR || behind != LF);
    kept.map(|(&byte, _)| byte).collect()
}

/// Drops each CR that stands before an LF.
struct WithoutReturns {
    source: Block,
}

impl Read for WithoutReturns {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // Of two bytes, one can be given away or dropped.
            let more = self.source.fill(2)?;
            let (taken, given) = transfer(self.source.unread(), more, buffer);
            self.source.consume(taken);
            if given > 0 || taken == 0 {
                return Ok(given);
            }
        }
    }
}

/// Copies as much as fits; tells how many bytes were taken and given. With `more` to come, a CR at the
/// end is left until it is known what follows it.
fn transfer(bytes: &[u8], more: bool, buffer: &mut [u8]) -> (usize, usize) {
    let (mut taken, mut given) = (0, 0);
    while let (Some(&byte), Some(place)) = (bytes.get(taken), buffer.get_mut(given)) {
        let behind = bytes.get(taken + 1);
        if byte == CR && behind.is_none() && more {
            break;
        }
        taken += 1;
        if byte != CR || behind != Some(&LF) {
            *place = byte;
            given += 1;
        }
    }
    (taken, given)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::capture::testfile::{Order, PcapFile, PcapngFile, facts, packets};

    /// As the line discipline of a terminal writes it (`onlcr` of termios).
    fn through_a_terminal(bytes: &[u8]) -> Vec<u8> {
        bytes.iter().flat_map(|&byte| if byte == LF { vec![CR, LF] } else { vec![byte] }).collect()
    }

    fn pcap_of(frames: &[&[u8]]) -> Vec<u8> {
        let file = PcapFile::new();
        let add = |file: PcapFile, frame: &&[u8]| file.record(1_700_000_000, 10, frame);
        frames.iter().fold(file, add).bytes()
    }

    fn pcapng_of(frames: &[&[u8]]) -> Vec<u8> {
        let file = PcapngFile::new(Order::Little).interface(1, 0, &[]);
        frames.iter().fold(file, |file, frame| file.enhanced_packet(0, 10, frame)).bytes()
    }

    #[test]
    fn reads_a_capture_behind_the_text_of_its_recorder() {
        let log = b"tcpdump: listening on eth0, link-type EN10MB\n";
        for file in [pcap_of(&[b"first", b"second"]), pcapng_of(&[b"first", b"second"])] {
            let mangled = [&log[..], &file].concat();
            assert_eq!(packets(mangled.clone()), packets(file));
            let facts = facts(mangled);
            assert_eq!(facts.repairs, [Repair::TextBefore { bytes: log.len() as u64 }]);
            assert!(facts.complete);
        }
    }

    #[test]
    fn looks_for_no_header_behind_bytes_that_are_no_text() {
        let file = [&[0, 1, 2, 3][..], &pcap_of(&[b"first"])].concat();
        assert_eq!(packets(file.clone()), []);
        assert_eq!(facts(file).repairs, []);
    }

    #[test]
    fn reads_a_capture_that_went_through_a_terminal() {
        let frames: [&[u8]; 4] = [b"ten\n\n\x0b", b"EHLO x\r\n", &[LF; 10], b"last"];
        for file in [pcap_of(&frames), pcapng_of(&frames)] {
            let mangled = through_a_terminal(&file);
            assert_ne!(mangled, file);
            assert_eq!(packets(mangled.clone()), packets(file.clone()));
            assert_eq!(facts(mangled).repairs, [Repair::AddedReturns]);
            assert_eq!(facts(file).repairs, []);
        }
    }

    #[test]
    fn text_before_the_header_goes_through_the_terminal_too() {
        let file = pcap_of(&[b"ten\n\n\x0b", b"second", b"third", b"fourth"]);
        let mangled = through_a_terminal(&[&b"listening\n"[..], &file].concat());
        assert_eq!(packets(mangled), packets(file));
    }

    #[test]
    fn leaves_a_capture_alone_whose_line_ends_are_all_of_text() {
        let file = pcap_of(&[b"220 x ESMTP\r\n", b"EHLO y\r\n", b"250 x\r\n"]);
        assert_eq!(facts(file.clone()).repairs, []);
        assert!(packets(file).iter().all(|(.., data)| data.ends_with(b"\r\n")));
    }

    #[test]
    fn leaves_a_capture_alone_that_is_only_damaged() {
        let damaged = PcapFile::new().record(1, 2, b"a\r\n").raw(&[0xff; 40]).bytes();
        assert_eq!(facts(damaged).repairs, []);
    }

    proptest! {
        #[test]
        fn what_a_terminal_adds_is_dropped_wherever_the_bytes_are_cut(
            bytes in prop::collection::vec(prop_oneof![Just(CR), Just(LF), Just(7_u8)], 0..60),
            window in 1_usize..9,
        ) {
            let source = Block::new(Box::new(Cursor::new(through_a_terminal(&bytes))), window);
            let mut restored = Vec::new();
            WithoutReturns { source }.read_to_end(&mut restored).unwrap();
            prop_assert_eq!(restored, bytes);
        }
    }
}
