use proptest::prelude::*;

use super::*;
use crate::moment::Timestamp;

fn at(ns: i64) -> Moment {
    Moment { ts: Timestamp(ns), frame: ns.unsigned_abs() }
}

fn records(pieces: &[&[u8]]) -> Vec<(u8, Vec<u8>, i64)> {
    let mut reader = RecordReader::default();
    let mut seen = Vec::new();
    for (i, piece) in pieces.iter().enumerate() {
        reader.feed(piece, at(i as i64), &mut |found| match found {
            Found::Record(r) => {
                seen.push((r.header.content_type.0, r.fragment.to_vec(), r.at().ts.0));
            }
            Found::NotTls(bytes, at) => seen.push((255, bytes.to_vec(), at.ts.0)),
            Found::MoreOfIt(_) => {}
        });
    }
    seen
}

const TWO: &[u8] = &[22, 3, 1, 0, 3, b'a', b'b', b'c', 23, 3, 3, 0, 0];

#[test]
fn reads_records_and_empty_fragments() {
    assert_eq!(records(&[TWO]), [(22, b"abc".to_vec(), 0), (23, vec![], 0)]);
}

#[test]
fn takes_fragments_up_to_the_limit_of_tls_1_2() {
    let mut long = vec![23, 3, 3, 0x48, 0];
    long.resize(5 + LARGEST_FRAGMENT, 7);
    assert_eq!(records(&[&long])[0].1.len(), LARGEST_FRAGMENT);
    long[4] = 1;
    assert_eq!(records(&[&long])[0].0, 255);
}

#[test]
fn knows_an_ssl_2_hello_only_at_the_start() {
    let hello = [0x80, 5, 1, 3, 1, 9, 9];
    assert_eq!(records(&[&hello]), [(0, vec![1, 3, 1, 9, 9], 0)]);
    assert_eq!(records(&[&TWO[8..], &hello])[1].0, 255);
}

#[test]
fn says_what_is_no_record() {
    assert_eq!(records(&[b"500 what?\r\n"]), [(255, b"500 what?\r\n".to_vec(), 0)]);
}

#[test]
fn a_gap_inside_a_record_costs_that_record_alone() {
    let mut reader = RecordReader::default();
    let mut seen = 0;
    reader.feed(&[23, 3, 3, 0, 10, 1, 2], at(0), &mut |_| seen += 1);
    reader.skip(5);
    reader.feed(&[8, 9, 10], at(1), &mut |_| seen += 1);
    reader.feed(&[23, 3, 3, 0, 1, 1], at(2), &mut |found| {
        let Found::Record(record) = found else { panic!("{found:?}") };
        let gap = record.behind.unwrap();
        assert_eq!((gap.bytes, &gap.before[..]), (15, &[8, 9, 10][..]));
        seen += 1;
    });
    assert_eq!(seen, 1);
}

#[test]
fn records_know_where_they_end_also_behind_a_gap() {
    let mut reader = RecordReader::default();
    let mut ends = Vec::new();
    let mut feed = |reader: &mut RecordReader, bytes: &[u8]| {
        reader.feed(bytes, at(0), &mut |found| match found {
            Found::Record(record) => ends.push(record.end),
            Found::NotTls(..) | Found::MoreOfIt(_) => unreachable!(),
        });
    };
    feed(&mut reader, &[23, 3, 3, 0, 1, 7, 23, 3]);
    feed(&mut reader, &[3, 0, 2, 8]);
    assert_eq!(reader.unfinished(), Some((6, [23, 3, 3, 0, 2])));
    feed(&mut reader, &[9, 23]);
    reader.skip(100);
    feed(&mut reader, &[9, 23, 3]);
    feed(&mut reader, &[3, 0, 2, 8, 8, 23, 3, 3, 0, 1, 5, 23]);
    assert_eq!(ends, [6, 13, 122, 128]);
}

#[test]
fn the_next_border_is_found_behind_a_gap() {
    let mut reader = RecordReader::default();
    reader.feed(&[23, 3, 3, 0, 1, 7], at(0), &mut |_| ());
    reader.skip(100);
    // A header by its looks alone, then two records.
    let tail = [9, 23, 3, 3, 0, 1, 3, 1, 23, 3, 3, 0, 2, 8, 8, 23, 3, 3, 0, 1, 5];
    let mut seen = Vec::new();
    reader.feed(&tail, at(1), &mut |found| {
        let Found::Record(record) = found else { panic!("{found:?}") };
        seen.push((record.fragment.to_vec(), record.behind.map(|gap| gap.bytes)));
    });
    assert_eq!(seen, [(vec![8, 8], Some(108)), (vec![5], None)]);
}

#[test]
fn a_message_is_as_late_as_its_own_bytes() {
    let mut reader = RecordReader::default();
    reader.feed(&[22, 3, 3, 0, 4, 1, 2], at(1), &mut |_| ());
    reader.feed(&[3, 4], at(9), &mut |found| {
        let Found::Record(record) = found else { panic!("{found:?}") };
        assert_eq!(record.at_of(0, 2), at(1));
        assert_eq!(record.at_of(1, 3), at(9));
        assert_eq!(record.at(), at(9));
    });
}

proptest! {
    #[test]
    fn any_segmentation_gives_the_same_records(
        cuts in proptest::collection::vec(1_usize..5, 0..20)
    ) {
        let stream = TWO.repeat(3);
        let whole: Vec<_> = records(&[&stream]).into_iter().map(|r| (r.0, r.1)).collect();
        let mut pieces = Vec::new();
        let mut rest = &stream[..];
        for cut in cuts {
            let (piece, tail) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = tail;
        }
        pieces.push(rest);
        let cut: Vec<_> = records(&pieces).into_iter().map(|r| (r.0, r.1)).collect();
        prop_assert_eq!(cut, whole);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, cut in 0_usize..64, gap: u64) {
        let mut reader = RecordReader::default();
        let (head, tail) = bytes.split_at(cut.min(bytes.len()));
        reader.feed(head, at(0), &mut |_| ());
        reader.skip(gap);
        reader.feed(tail, at(1), &mut |_| ());
    }
}
