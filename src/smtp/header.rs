//! The two header fields of a message that a report names (RFC 5322 §2.2).

/// Most bytes of a message kept until its header is read: Postfix's own `header_size_limit` is
/// 102400; the fields wanted stand early. Freed as soon as the header ends.
const MAX_HEADER: usize = 64 * 1024;

/// Collects the header while the body streams by.
#[derive(Default)]
pub(super) struct HeaderReader {
    kept: Vec<u8>,
    is_done: bool,
}

impl HeaderReader {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.is_done {
            return;
        }
        let seen = self.kept.len();
        let room = MAX_HEADER.saturating_sub(seen);
        self.kept.extend(bytes.iter().take(room));
        // An empty line ends the header; it may have begun in an earlier piece.
        let end = end_of_header(&self.kept, seen.saturating_sub(3));
        self.kept.truncate(end.unwrap_or(self.kept.len()));
        self.is_done = end.is_some() || self.kept.len() >= MAX_HEADER;
    }

    /// No more bytes of the header are to be had: some are missing.
    pub(super) fn stop(&mut self) {
        self.is_done = true;
    }

    /// The unfolded value of the first field of this name.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let mut lines =
            self.kept.split(|&b| b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
        let first = lines.find_map(|line| value_of(line, name))?;
        let mut value = first.to_vec();
        for line in lines.take_while(|line| matches!(line.first(), Some(b' ' | b'\t'))) {
            // RFC 5322 §2.2.3: unfolding removes the line end alone; its white space stays.
            value.extend_from_slice(line);
        }
        Some(String::from_utf8_lossy(value.trim_ascii()).into_owned())
    }
}

fn end_of_header(kept: &[u8], from: usize) -> Option<usize> {
    let is_end = |w: &[u8]| w.starts_with(b"\n\n") || w.starts_with(b"\n\r\n");
    if from == 0 && (kept.starts_with(b"\r\n") || kept.starts_with(b"\n")) {
        return Some(0);
    }
    let tail = kept.get(from..)?;
    (0..tail.len()).find(|&i| tail.get(i..).is_some_and(is_end)).map(|i| from.saturating_add(i))
}

fn value_of<'l>(line: &'l [u8], name: &str) -> Option<&'l [u8]> {
    let (head, rest) = line.split_at_checked(name.len())?;
    let rest = rest.trim_ascii_start();
    head.eq_ignore_ascii_case(name.as_bytes()).then(|| rest.strip_prefix(b":")).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str, name: &str) -> Option<String> {
        let mut reader = HeaderReader::default();
        text.as_bytes().chunks(3).for_each(|piece| reader.push(piece));
        reader.field(name)
    }

    #[test]
    fn a_field_is_found_in_any_case_and_unfolded() {
        let text =
            "From: a\r\nSUBJECT: one\r\n  two\r\n\tthree\r\nmessage-id: <1@x>\r\n\r\nSubject: no";
        assert_eq!(field(text, "Subject").as_deref(), Some("one  two\tthree"));
        assert_eq!(field(text, "Message-ID").as_deref(), Some("<1@x>"));
    }

    #[test]
    fn the_body_is_not_searched() {
        assert_eq!(field("From: a\r\n\r\nSubject: no\r\n", "Subject"), None);
        assert_eq!(field("\r\nSubject: no\r\n", "Subject"), None);
        assert_eq!(field("From: a\n\nSubject: no\n", "Subject"), None);
    }

    #[test]
    fn a_header_without_end_is_bounded() {
        let mut reader = HeaderReader::default();
        (0..40).for_each(|_| reader.push(&[b'x'; 4096]));
        assert_eq!(reader.kept.len(), MAX_HEADER);
    }
}
