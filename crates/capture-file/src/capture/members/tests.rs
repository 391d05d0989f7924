use std::io::{Cursor, Write};

use flate2::write::GzEncoder;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(bytes: &[u8]) -> (Vec<u8>, Option<ErrorKind>) {
    let source = Block::new(Box::new(Cursor::new(bytes.to_vec())), 16);
    let mut content = Vec::new();
    let result = Members::new(source).read_to_end(&mut content);
    (content, result.err().map(|error| error.kind()))
}

/// Bytes that compress neither to nothing nor not at all.
fn long() -> Vec<u8> {
    (0_u32..75_000).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 12).to_le_bytes()).collect()
}

/// What a program makes of `bytes`; none where it is not installed.
fn compressed(program: &str, arguments: &[&str], bytes: &[u8]) -> Option<Vec<u8>> {
    use std::process::{Command, Stdio};
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else {
        eprintln!("skipped: {program} is not installed");
        return None;
    };
    let (mut input, bytes) = (child.stdin.take().unwrap(), bytes.to_vec());
    let feeder = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    Some(output.stdout)
}

const PROGRAMS: [(&str, &[&str]); 9] = [
    ("gzip", &["-c"]),
    ("zstd", &["-q", "-c"]),
    ("zstd", &["-q", "-c", "-19", "--long=27"]),
    ("zstd", &["-q", "-c", "--no-check", "-1"]),
    ("lz4", &["-q", "-c"]),
    ("lz4", &["-q", "-c", "-9", "-BD", "-B4"]),
    ("xz", &["-q", "-c", "-T1"]),
    ("xz", &["-q", "-c", "-9", "--block-size=65536"]),
    ("xz", &["-q", "-c", "--check=sha256", "-T1"]),
];

#[test]
fn reads_what_the_programs_write() {
    for (program, arguments) in PROGRAMS {
        let Some(file) = compressed(program, arguments, &long()) else { continue };
        assert_eq!(read(&file), (long(), None), "{program} {arguments:?}");
        let twice = [file.clone(), gzip(b" and "), file].concat();
        let content = [&long()[..], b" and ", &long()].concat();
        assert_eq!(read(&twice), (content, None), "{program} {arguments:?}");
    }
}

#[test]
fn gives_what_comes_before_a_cut() {
    for (program, arguments) in PROGRAMS {
        let Some(file) = compressed(program, arguments, &long()) else { continue };
        for cut in [1, 2, 5, file.len() / 3] {
            let (content, error) = read(&file[..file.len() - cut]);
            assert_eq!(error, Some(ErrorKind::UnexpectedEof), "{program} {arguments:?} {cut}");
            assert!(long().starts_with(&content), "{program} {arguments:?} {cut}");
        }
        let (content, _) = read(&file[..file.len() - 1]);
        assert!(content.len() >= 128 << 10, "{program} {arguments:?} {}", content.len());
    }
}

#[test]
fn tells_of_a_wrong_byte_and_survives_it() {
    for (program, arguments) in PROGRAMS {
        let Some(file) = compressed(program, arguments, &long()) else { continue };
        for at in (8..file.len()).step_by(file.len() / 40) {
            let mut file = file.clone();
            file[at] ^= 0x10;
            let (content, error) = read(&file);
            let is_checked = !arguments.contains(&"--no-check");
            assert!(error.is_some() || content == long() || !is_checked, "{program} {at}");
        }
    }
}

/// By hand: a stored block of DEFLATE with 1,000 bytes, and behind it a block of a type that is none
/// (RFC 1951 §3.2.3).
#[test]
fn gives_what_comes_before_a_wrong_block_however_the_bytes_come() {
    let content = [7; 1_000];
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let stored = [&[0][..], &1_000_u16.to_le_bytes(), &(!1_000_u16).to_le_bytes(), &content];
    let file = [&header[..], &stored.concat(), &[7; 8]].concat();
    for most in [1, 7, 4096] {
        let source = Block::new(Box::new(Few { source: Cursor::new(file.clone()), most }), 4096);
        let mut read = Vec::new();
        let result = Members::new(source).read_to_end(&mut read);
        assert_eq!(result.map_err(|error| error.kind()).err(), Some(ErrorKind::InvalidInput));
        assert!(content.starts_with(&read) && read.len() > content.len() - STEP, "{}", read.len());
    }
}

/// Gives so many bytes at a time.
struct Few {
    source: Cursor<Vec<u8>>,
    most: usize,
}

impl Read for Few {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let few = buffer.len().min(self.most);
        self.source.read(&mut buffer[..few])
    }
}

#[test]
fn ignores_what_was_appended_to_the_last_member() {
    assert_eq!(read(&[gzip(b"whole"), vec![0; 512]].concat()), (b"whole".to_vec(), None));
}

#[test]
fn passes_over_skippable_frames() {
    let skippable = b"\x53\x2a\x4d\x18\x05\0\0\0hello";
    let file = [&skippable[..], &gzip(b"one"), skippable, &gzip(b"two")].concat();
    assert_eq!(read(&file), (b"onetwo".to_vec(), None));
    assert_eq!(read(&skippable[..9]), (Vec::new(), Some(ErrorKind::UnexpectedEof)));
}

#[test]
fn does_not_ignore_a_member_that_is_cut() {
    let mut cut = [gzip(b"one"), gzip(b"two")].concat();
    cut.pop();
    assert_eq!(read(&cut).1, Some(ErrorKind::UnexpectedEof));
}

#[test]
fn refuses_a_window_larger_than_the_cap() {
    // A frame of zstd with a window of 2 GiB (RFC 8878 §3.1.1.1.2): exponent 21, mantissa 0.
    let (content, error) = read(b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00");
    assert_eq!((content.len(), error), (0, Some(ErrorKind::OutOfMemory)));
}
