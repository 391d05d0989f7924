//! DATA's transparency and end (RFC 5321 §4.1.1.4, §4.5.2), as a machine that never looks back.

use memchr::memchr2;

/// How many line ends of a body are not CRLF (RFC 5321 §2.3.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BareNewlines {
    pub(super) lf: u64,
    pub(super) cr: u64,
    /// Dot lines that end with or stand behind a bare CR or LF: not the end of data, yet some
    /// servers take them for it, which lets a sender smuggle mails past others (CVE-2023-51764 and
    /// its like).
    pub(super) false_ends: u64,
    /// How the first of them is written.
    pub(super) first_false_end: Option<&'static str>,
}

impl BareNewlines {
    pub(super) fn is_empty(&self) -> bool {
        self.lf == 0 && self.cr == 0
    }
}

/// A whole dot line that is not the end. Its bytes are held back: a lax server stores none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DotLine {
    Lf,
    CrLf,
    Cr,
}

impl DotLine {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b".\n",
            Self::CrLf => b".\r\n",
            Self::Cr => b".\r",
        }
    }
}

/// Where in a line the next byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// At the start of a line behind CRLF, or at the start of the body.
    #[default]
    Start,
    /// Behind the dot that begins such a line: not emitted, it is stuffing or the end.
    Dot,
    /// Behind that dot and a CR.
    DotCr,
    /// At the start of a line behind a bare LF.
    LfStart,
    /// Behind a dot there; this one is emitted late, in case it is a false end.
    LfDot,
    LfDotCr,
    /// Behind a dot that stands behind a bare CR; emitted late too.
    CrDot,
    FalseEnd(DotLine),
    Middle,
    Cr,
}

/// Takes the dots out of a DATA body and finds its end.
#[derive(Debug, Default)]
pub(super) struct Unstuffer {
    state: State,
    pub(super) bare: BareNewlines,
}

impl Unstuffer {
    /// Reads up to the end of the body; `emit` takes the unstuffed pieces. Tells how many bytes
    /// were taken, and whether the final dot line was among them.
    pub(super) fn read(&mut self, input: &[u8], emit: &mut dyn FnMut(&[u8])) -> (usize, bool) {
        let mut rest = input;
        while let Some((&byte, behind)) = rest.split_first() {
            if self.state == State::Middle {
                rest = self.middle(rest, emit);
                continue;
            }
            rest = behind;
            if self.step(byte, emit) {
                return (input.len().saturating_sub(rest.len()), true);
            }
        }
        (input.len(), false)
    }

    /// A gap: where in a line the next byte stands is not known.
    pub(super) fn lose_place(&mut self, emit: &mut dyn FnMut(&[u8])) {
        self.release(emit);
        self.state = State::Middle;
    }

    /// Whether the last line was a dot line that only a lax server takes for the end.
    pub(super) fn is_at_false_end(&self) -> bool {
        matches!(self.state, State::FalseEnd(_))
    }

    /// The body ends here, without a final dot line.
    pub(super) fn finish(&mut self, emit: &mut dyn FnMut(&[u8])) {
        self.release(emit);
    }

    /// Most of a body: lines without a dot in front go on together, as they are.
    fn middle<'i>(&mut self, input: &'i [u8], emit: &mut dyn FnMut(&[u8])) -> &'i [u8] {
        let (text, rest) = input.split_at_checked(plain(input)).unwrap_or((input, &[]));
        emit(text);
        match text.last() {
            Some(b'\r') => self.state = State::Cr,
            Some(b'\n') => self.bare_lf(),
            _ => {}
        }
        rest
    }

    /// One byte in any other state; true at the end of the body.
    fn step(&mut self, byte: u8, emit: &mut dyn FnMut(&[u8])) -> bool {
        match (self.state, byte) {
            (State::FalseEnd(DotLine::Cr), b'\n') => self.state = State::FalseEnd(DotLine::CrLf),
            (State::FalseEnd(_), _) => {
                self.release(emit);
                return self.step(byte, emit);
            }
            (State::Start, b'.') => self.state = State::Dot,
            (State::LfStart, b'.') => self.state = State::LfDot,
            (State::Cr, b'.') => {
                self.bare_cr();
                self.state = State::CrDot;
            }
            (State::Dot, b'\r') => self.state = State::DotCr,
            (State::LfDot, b'\r') => self.state = State::LfDotCr,
            (State::DotCr, b'\n') => return true,
            (State::Dot, b'\n') => self.false_end(DotLine::Lf, "<CR><LF>.<LF>"),
            (State::LfDot, b'\n') => self.false_end(DotLine::Lf, "<LF>.<LF>"),
            (State::LfDotCr, b'\n') => self.false_end(DotLine::CrLf, "<LF>.<CR><LF>"),
            (State::CrDot, b'\n') => self.false_end(DotLine::Lf, "<CR>.<LF>"),
            (State::CrDot, b'\r') => self.false_end(DotLine::Cr, "<CR>.<CR>"),
            (State::DotCr, _) => {
                self.count_false_end("<CR><LF>.<CR>");
                self.release(emit);
                self.text(byte, emit);
            }
            _ => {
                self.release(emit);
                self.text(byte, emit);
            }
        }
        false
    }

    fn text(&mut self, byte: u8, emit: &mut dyn FnMut(&[u8])) {
        let behind_cr = matches!(self.state, State::Cr | State::DotCr | State::LfDotCr);
        emit(&[byte]);
        if behind_cr && byte != b'\n' {
            self.bare_cr();
        }
        match byte {
            b'\n' if behind_cr => self.state = State::Start,
            b'\n' => self.bare_lf(),
            b'\r' => self.state = State::Cr,
            _ => self.state = State::Middle,
        }
    }

    fn bare_lf(&mut self) {
        self.bare.lf = self.bare.lf.saturating_add(1);
        self.state = State::LfStart;
    }

    fn bare_cr(&mut self) {
        self.bare.cr = self.bare.cr.saturating_add(1);
    }

    fn false_end(&mut self, line: DotLine, written: &'static str) {
        self.bare.lf = self.bare.lf.saturating_add(u64::from(line == DotLine::Lf));
        self.count_false_end(written);
        self.state = State::FalseEnd(line);
    }

    fn count_false_end(&mut self, written: &'static str) {
        self.bare.false_ends = self.bare.false_ends.saturating_add(1);
        self.bare.first_false_end.get_or_insert(written);
    }

    /// Lets go what was held back, now that it is known to be content. The dot of `Dot` and
    /// `DotCr` was stuffing and stays out.
    fn release(&mut self, emit: &mut dyn FnMut(&[u8])) {
        match self.state {
            State::DotCr => emit(b"\r"),
            State::LfDot | State::CrDot => emit(b"."),
            State::LfDotCr => emit(b".\r"),
            State::FalseEnd(line) => {
                emit(line.bytes());
                self.state = match line {
                    DotLine::Lf => State::LfStart,
                    DotLine::CrLf => State::Start,
                    DotLine::Cr => State::Cr,
                };
            }
            _ => {}
        }
    }
}

/// How many bytes, from the middle of a line on, hold no dot that begins one: up to the first CR or
/// LF that is not both and followed by text.
fn plain(input: &[u8]) -> usize {
    let mut from = 0_usize;
    while let Some(rest) = input.get(from..)
        && let Some(end) = memchr2(b'\r', b'\n', rest)
    {
        let text = end.saturating_add(2);
        match rest.get(end..=text) {
            Some([b'\r', b'\n', next]) if !matches!(next, b'.' | b'\r' | b'\n') => {
                from = from.saturating_add(text)
            }
            _ => return from.saturating_add(end).saturating_add(1),
        }
    }
    input.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The body, the bytes taken and whether the end was found.
    fn read(text: &[u8]) -> (Vec<u8>, usize, bool, BareNewlines) {
        let (mut unstuffer, mut body) = (Unstuffer::default(), Vec::new());
        let mut emit = |piece: &[u8]| body.extend_from_slice(piece);
        let (taken, ended) = unstuffer.read(text, &mut emit);
        if !ended {
            unstuffer.finish(&mut emit);
        }
        (body, taken, ended, unstuffer.bare)
    }

    fn stuff(body: &[u8]) -> Vec<u8> {
        let mut wire = Vec::new();
        for line in body.split_inclusive(|&b| b == b'\n') {
            wire.extend(line.starts_with(b".").then_some(b'.'));
            wire.extend_from_slice(line);
        }
        wire.extend_from_slice(b".\r\n");
        wire
    }

    #[test]
    fn stuffed_dots_come_out_and_the_dot_line_ends_the_body() {
        let (body, taken, ended, bare) = read(b"a\r\n..b\r\n...\r\n.c\r\n.\r\nQUIT\r\n");
        assert_eq!(body, b"a\r\n.b\r\n..\r\nc\r\n");
        assert_eq!((taken, ended, bare), (20, true, BareNewlines::default()));
    }

    #[test]
    fn an_empty_body_is_a_dot_line_alone() {
        assert_eq!(read(b".\r\n"), (vec![], 3, true, BareNewlines::default()));
    }

    #[test]
    fn lax_ends_are_content_and_are_counted() {
        let forms = [
            ("a\n.\nb", "<LF>.<LF>"),
            ("a\n.\r\nb", "<LF>.<CR><LF>"),
            ("a\r\n.\nb", "<CR><LF>.<LF>"),
            ("a\n.\n.\r\nb", "<LF>.<LF>"),
            ("a\r.\rb", "<CR>.<CR>"),
            ("a\r.\r\nb", "<CR>.<CR>"),
            ("a\r.\nb", "<CR>.<LF>"),
        ];
        for (text, form) in forms {
            let (body, _, ended, bare) = read(text.as_bytes());
            assert_eq!(body, text.as_bytes(), "{text:?}");
            assert!(!ended && bare.false_ends > 0, "{text:?}");
            assert_eq!(bare.first_false_end, Some(form), "{text:?}");
        }
    }

    #[test]
    fn a_dot_behind_a_bare_cr_is_no_stuffing() {
        let (body, _, ended, bare) = read(b"a\r.b\r..\rc\r\n.\r\n");
        assert_eq!((&body[..], ended), (&b"a\r.b\r..\rc\r\n"[..], true));
        assert_eq!((bare.cr, bare.false_ends), (3, 0));
    }

    #[test]
    fn a_bare_cr_is_content_and_is_counted() {
        let (body, _, ended, bare) = read(b"a\rb\r\r\n.\r\r\n.\r\n");
        assert_eq!(body, b"a\rb\r\r\n\r\r\n");
        assert!(ended);
        assert_eq!(bare.cr, 3);
    }

    #[test]
    fn a_true_end_behind_a_false_one_is_found() {
        let (body, _, ended, _) = read(b"a\n.\r\n.\r\n");
        assert_eq!((&body[..], ended), (&b"a\n.\r\n"[..], true));
    }

    proptest! {
        #[test]
        fn unstuffing_undoes_stuffing(lines in prop::collection::vec("[.a]{0,4}", 0..9)) {
            let body = lines.iter().map(|l| format!("{l}\r\n")).collect::<String>();
            let wire = stuff(body.as_bytes());
            prop_assert_eq!(read(&wire), (body.into_bytes(), wire.len(), true, BareNewlines::default()));
        }

        #[test]
        fn how_a_body_is_cut_does_not_matter(text in "[.a\r\n]{0,24}", cut in 0_usize..24) {
            let text = text.as_bytes();
            let (first, second) = text.split_at(cut.min(text.len()));
            let (mut unstuffer, mut body) = (Unstuffer::default(), Vec::new());
            let mut emit = |piece: &[u8]| body.extend_from_slice(piece);
            let (mut taken, mut ended) = unstuffer.read(first, &mut emit);
            if !ended {
                let (more, end) = unstuffer.read(second, &mut emit);
                (taken, ended) = (taken + more, end);
            }
            if !ended {
                unstuffer.finish(&mut emit);
            }
            prop_assert_eq!((body, taken, ended, unstuffer.bare), read(text));
        }
    }
}
