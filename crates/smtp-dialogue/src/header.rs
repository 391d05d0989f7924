//! A header on its way (RFC 5322 §2.2): kept until it ends, then asked for fields.

/// Collects a header while a message streams by.
pub(super) struct HeaderReader {
    kept: Vec<u8>,
    most: usize,
    /// Nothing but perhaps a CR stands in the line so far.
    line_is_empty: bool,
    is_stopped: bool,
}

impl HeaderReader {
    /// A reader that keeps so many bytes at most; of a longer header the end is still found.
    pub(super) fn new(most: usize) -> Self {
        Self { kept: Vec::new(), most, line_is_empty: true, is_stopped: false }
    }

    /// Takes the next bytes. Once the empty line that ends the header has come, gives what stands
    /// behind it; then no more is to be pushed.
    pub(super) fn push<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        if self.is_stopped {
            return None;
        }
        let mut rest = bytes;
        while let Some(lf) = rest.iter().position(|&b| b == b'\n') {
            let (line, behind) = rest.split_at_checked(lf.saturating_add(1))?;
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            if self.line_is_empty && matches!(text, b"" | b"\r") {
                return Some(behind);
            }
            self.keep(line);
            self.line_is_empty = true;
            rest = behind;
        }
        self.line_is_empty &= matches!(rest, b"" | b"\r");
        self.keep(rest);
        None
    }

    /// No more bytes of the header are to be had: some are missing.
    pub(super) fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// What was kept of the header.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.kept
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.most.saturating_sub(self.kept.len());
        self.kept.extend(bytes.iter().take(room));
    }
}

/// The unfolded values of all fields of this name.
pub(super) fn fields(header: &[u8], name: &str) -> Vec<String> {
    let mut lines = header.split(|&b| b == b'\n').peekable();
    let mut values = Vec::new();
    while let Some(line) = lines.next() {
        let Some(first) = value_of(trimmed(line), name) else { continue };
        let mut value = first.to_vec();
        let is_folded = |line: &&[u8]| matches!(line.first(), Some(b' ' | b'\t'));
        while let Some(line) = lines.next_if(is_folded) {
            // RFC 5322 §2.2.3: unfolding removes the line end alone; its white space stays.
            value.extend_from_slice(trimmed(line));
        }
        values.push(String::from_utf8_lossy(value.trim_ascii()).into_owned());
    }
    values
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn value_of<'l>(line: &'l [u8], name: &str) -> Option<&'l [u8]> {
    let (head, rest) = line.split_at_checked(name.len())?;
    let rest = rest.trim_ascii_start();
    head.eq_ignore_ascii_case(name.as_bytes()).then(|| rest.strip_prefix(b":")).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header's end and what stands behind it, read in pieces of `cut` bytes.
    fn read(text: &str, cut: usize) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut reader = HeaderReader::new(1 << 16);
        let mut behind: Option<Vec<u8>> = None;
        for piece in text.as_bytes().chunks(cut) {
            match &mut behind {
                Some(behind) => behind.extend_from_slice(piece),
                None => behind = reader.push(piece).map(<[u8]>::to_vec),
            }
        }
        (reader.kept, behind)
    }

    #[test]
    fn fields_are_found_in_any_case_and_unfolded() {
        let text =
            "From: a\r\nSUBJECT: one\r\n  two\r\n\tthree\r\nmessage-id: <1@x>\r\nsubject : b";
        assert_eq!(fields(text.as_bytes(), "Subject"), ["one  two\tthree", "b"]);
        assert_eq!(fields(text.as_bytes(), "Message-ID"), ["<1@x>"]);
        assert!(fields(text.as_bytes(), "To").is_empty());
    }

    #[test]
    fn an_empty_line_ends_the_header_however_it_is_cut() {
        for (text, header, body) in [
            ("From: a\r\n\r\nSubject: no\r\n", "From: a\r\n", "Subject: no\r\n"),
            ("\r\nSubject: no\r\n", "", "Subject: no\r\n"),
            ("From: a\n\nno\n", "From: a\n", "no\n"),
            ("From: a\r\n \r\n\r\n", "From: a\r\n \r\n", ""),
        ] {
            for cut in 1..9 {
                let (kept, behind) = read(text, cut);
                assert!(kept.starts_with(header.as_bytes()), "{text:?} {cut}");
                assert_eq!(behind.as_deref(), Some(body.as_bytes()), "{text:?} {cut}");
            }
        }
    }

    #[test]
    fn a_header_without_end_is_bounded() {
        let mut reader = HeaderReader::new(64);
        (0..40).for_each(|_| assert_eq!(reader.push(&[b'x'; 4096]), None));
        assert_eq!(reader.kept.len(), 64);
        assert_eq!(reader.push(b"\r\n\r\nbody"), Some(&b"body"[..]));
    }
}
