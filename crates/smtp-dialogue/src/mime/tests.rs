//! Parts by hand, and as `mail-parser` finds them in the whole message.

use mail_parser::MimeHeaders as _;
use proptest::prelude::*;

use super::*;

const NESTED: &str = "preamble\r\n--outer\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n\
    --in\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
    a=3D=\r\nb\r\n\r\n--in  \r\n\r\nplain\r\n--in--\r\nepilogue\r\n--outer\r\n\
    Content-Type: application/pdf; name=\"a b.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename*=utf-8''%e2%82%ac.pdf\r\n\r\nJVBE\r\nRg==\r\n--outer--\r\nend\r\n";

fn parts_of(header: &str, body: &[u8], cut: usize) -> Vec<Part> {
    let mut parts = Parts::new(PartFields::read(header.as_bytes()));
    body.chunks(cut.max(1)).for_each(|piece| parts.push(piece));
    parts.finish(true)
}

fn sha256(bytes: &[u8]) -> Option<[u8; 32]> {
    Some(Sha256::digest(bytes).into())
}

#[test]
fn nested_parts_are_found_however_the_body_is_cut() {
    let header = "Content-Type: multipart/mixed; boundary=\"outer\"\r\n";
    for cut in 1..NESTED.len() {
        let parts = parts_of(header, NESTED.as_bytes(), cut);
        let told = parts.iter().map(|part| (part.number.as_str(), part.content_type.as_str()));
        let expected = [("1.1", "text/plain"), ("1.2", "text/plain"), ("2", "application/pdf")];
        assert!(told.eq(expected), "{cut}: {parts:?}");
        assert_eq!(parts[0].sha256, sha256(b"a=b\r\n"), "{cut}");
        assert_eq!(parts[1].sha256, sha256(b"plain"), "{cut}");
        assert_eq!(parts[2].sha256, sha256(b"%PDF"), "{cut}");
        assert_eq!((parts[2].encoded_bytes, parts[2].bytes), (Some(10), Some(4)));
        assert_eq!(parts[2].name.as_deref(), Some("€.pdf"));
        assert_eq!(parts[2].disposition.as_deref(), Some("attachment"));
    }
}

#[test]
fn a_message_without_parts_is_one() {
    let parts = parts_of("Subject: x\r\n", b"--no boundary\r\nhi\r\n", 3);
    assert_eq!((parts.len(), parts[0].number.as_str()), (1, "1"));
    assert_eq!((parts[0].content_type.as_str(), parts[0].bytes), ("text/plain", Some(19)));
}

#[test]
fn a_part_with_a_gap_has_no_size_and_the_next_one_has() {
    let header = "Content-Type: multipart/mixed; boundary=b\r\n";
    let mut parts = Parts::new(PartFields::read(header.as_bytes()));
    parts.push(b"--b\r\n\r\nfirst");
    parts.lose();
    parts.push(b"line\r\n--b\r\n\r\nsecond\r\n--b--\r\n");
    let parts = parts.finish(true);
    assert_eq!((parts[0].bytes, parts[0].sha256), (None, None));
    assert_eq!(parts[1].sha256, sha256(b"second"));
}

#[test]
fn parts_and_levels_without_end_are_bounded() {
    let header = "Content-Type: multipart/mixed; boundary=b\r\n";
    let many = "--b\r\n\r\nx\r\n".repeat(2 * MOST_PARTS);
    assert_eq!(parts_of(header, many.as_bytes(), 999).len(), MOST_PARTS);
    let deep = "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".repeat(500);
    let mut parts = Parts::new(PartFields::read(header.as_bytes()));
    parts.push(deep.as_bytes());
    assert!(parts.levels.len() <= MOST_LEVELS);
    let long = vec![b'-'; 1 << 16];
    parts.push(&long);
    assert!(parts.line.len() <= MAX_BOUNDARY_LINE + 1, "{}", parts.line.len());
}

#[test]
fn a_cr_after_a_cr_is_not_kept_for_ever() {
    let header = "Content-Type: multipart/mixed; boundary=b\r\n";
    let mut parts = Parts::new(PartFields::read(header.as_bytes()));
    parts.push(b"--b\r\n\r\nx");
    (0..999).for_each(|_| parts.push(b"\r"));
    assert!(parts.held.len() <= 2);
    parts.push(b"\n--b--\r\n");
    let parts = parts.finish(true);
    assert_eq!(parts[0].sha256, sha256(&[b"x", &[b'\r'; 998][..]].concat()));
}

proptest! {
    /// The second source: `mail-parser` reads the whole message at once.
    #[test]
    fn the_parts_are_those_that_mail_parser_finds(
        bodies in prop::collection::vec(("[a-z =\r\n-]{0,40}", 0_u8..3), 1..5),
        cut in 1_usize..40,
    ) {
        let mut body = String::new();
        for (text, encoding) in &bodies {
            let text = text.replace('\r', "").replace('\n', "\r\n");
            let (name, text) = match encoding {
                0 => ("7bit", text),
                1 => ("base64", "QUJD\r\nREU=".to_owned()),
                _ => ("quoted-printable", text.replace('=', "=3D").replace(' ', "_")),
            };
            let kind = "Content-Type: application/octet-stream; name=n.bin";
            body += &format!("--=_1\r\n{kind}\r\nContent-Transfer-Encoding: {name}\r\n\r\n{text}\r\n");
        }
        body += "--=_1--\r\n";
        let header = "Content-Type: multipart/mixed; boundary=\"=_1\"\r\n";
        let ours = parts_of(header, body.as_bytes(), cut);
        let whole = format!("{header}\r\n{body}");
        let theirs = mail_parser::MessageParser::default().parse(whole.as_bytes()).unwrap();
        let leaves: Vec<_> = theirs.parts.iter().skip(1).collect();
        prop_assert_eq!(ours.len(), leaves.len());
        for (ours, theirs) in ours.iter().zip(leaves) {
            prop_assert_eq!(ours.name.as_deref(), theirs.attachment_name());
            prop_assert_eq!(ours.sha256, sha256(theirs.contents()), "{:?}", whole);
        }
    }
}
