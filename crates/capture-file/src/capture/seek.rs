//! Where a damaged file can be read again: the next place that looks like the border of a record.

use super::block::Block;

/// How far behind the damage a border is looked for, in bytes: longer than any record, and than
/// what a disk or a copy loses in one piece.
pub(super) const MAX_SEARCH: u64 = 64 << 20;

/// Bytes searched at a time.
const WINDOW: usize = 1 << 20;

/// Bytes at the end of a window that are searched with the next one, so that some records of the
/// largest frames are in sight behind each candidate.
const OVERLAP: usize = WINDOW / 2;

/// Goes to the next border behind the record that `block` is at, and tells how many bytes were
/// passed over; none where there is no border. `is_border` sees what follows a candidate, and whether
/// that reaches to the end of the file.
pub(super) fn next_border(
    block: &mut Block,
    is_border: impl Fn(&[u8], bool) -> bool,
) -> Option<u64> {
    let mut skipped = 0;
    // Where the search began, there is none.
    let mut from = 1;
    while skipped < MAX_SEARCH {
        let to_the_end = !block.fill(WINDOW).unwrap_or(false);
        let window = block.unread();
        let until = if to_the_end { window.len() } else { window.len().saturating_sub(OVERLAP) };
        let mut candidates = from..until;
        let found =
            candidates.find(|&at| is_border(window.get(at..).unwrap_or_default(), to_the_end));
        if to_the_end && found.is_none() {
            return None;
        }
        let passed = block.consume(found.unwrap_or(until));
        skipped += passed.len() as u64;
        if found.is_some() {
            return Some(skipped);
        }
        from = 0;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn block(bytes: Vec<u8>) -> Block {
        Block::new(Box::new(Cursor::new(bytes)), 64)
    }

    #[test]
    fn finds_a_border_in_a_later_window() {
        let mut bytes = vec![0; 3 * WINDOW + 5];
        bytes.extend(b"record");
        let mut block = block(bytes);
        let found = next_border(&mut block, |window, _| window.starts_with(b"record"));
        assert_eq!((found, block.unread()), (Some(3 * WINDOW as u64 + 5), &b"record"[..]));
    }

    #[test]
    fn does_not_find_the_place_where_it_began() {
        let mut block = block(b"record.record".to_vec());
        let found = next_border(&mut block, |window, _| window.starts_with(b"record"));
        assert_eq!(found, Some(7));
    }

    #[test]
    fn gives_up_at_the_end() {
        assert_eq!(next_border(&mut block(vec![0; 100]), |_, _| false), None);
    }
}
