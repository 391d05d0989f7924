//! The PROXY protocol header ahead of the client's first command, in text and in binary
//! (<https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt>).

use std::net::{IpAddr, SocketAddr};

use crate::moment::Moment;

/// §2.2: the twelve bytes that begin a binary header.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// §2.2: signature, command, family, and the length of what follows.
const FIXED: usize = 16;

/// Most bytes of a binary header that are kept: its fixed part and two IPv6 addresses with ports.
/// The TLVs behind them, up to 64 KiB, are skipped.
pub(super) const MAX_KEPT: usize = FIXED + 36;

/// A PROXY protocol header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyHeader {
    /// Text or binary.
    pub version: ProxyVersion,
    /// The client as the proxy saw it; none if unknown, or if the proxy speaks for itself.
    pub source: Option<SocketAddr>,
    /// Whom that client had called.
    pub destination: Option<SocketAddr>,
}

/// The two forms of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyVersion {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

impl ProxyVersion {
    /// `1` or `2`.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }
}

/// §2.1: the longest line, its CR LF included.
const LONGEST_LINE: usize = 107;

/// How a line of the text form begins.
const WORD: &[u8] = b"PROXY ";

/// What a client's first bytes say of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderStart {
    /// There is none.
    None,
    /// More bytes will tell.
    Unsure,
    /// One that is so many bytes long, TLVs included; the bytes given may be fewer.
    Found(usize),
}

/// Whether a client begins with a header, however it was cut into segments.
#[must_use]
pub fn header_start(client: &[u8]) -> HeaderStart {
    let head = |len: usize| client.get(..len).unwrap_or(client);
    if client.is_empty() {
        return HeaderStart::None;
    }
    if WORD.starts_with(head(WORD.len())) {
        return line_start(head(LONGEST_LINE));
    }
    if !SIGNATURE.starts_with(head(SIGNATURE.len())) {
        return HeaderStart::None;
    }
    match (client.get(12), u16_at(client, 14)) {
        // §2.2: the version is 2 in the upper half of the byte.
        (Some(command), _) if command >> 4 != 2 => HeaderStart::None,
        (_, Some(len)) => HeaderStart::Found(FIXED.saturating_add(usize::from(len))),
        _ => HeaderStart::Unsure,
    }
}

/// The same for the text form.
fn line_start(line: &[u8]) -> HeaderStart {
    let Some(end) = line.iter().position(|&byte| byte == b'\n') else {
        return if line.len() < LONGEST_LINE { HeaderStart::Unsure } else { HeaderStart::None };
    };
    let text = line.get(..end).unwrap_or(line);
    match parse_v1(text.strip_suffix(b"\r").unwrap_or(text)) {
        Some(_) => HeaderStart::Found(end.saturating_add(1)),
        None => HeaderStart::None,
    }
}

/// The header that these bytes are, whole but perhaps for TLVs.
#[must_use]
pub fn header(bytes: &[u8]) -> Option<ProxyHeader> {
    if bytes.starts_with(WORD) {
        let line = bytes.strip_suffix(b"\n")?;
        return parse_v1(line.strip_suffix(b"\r").unwrap_or(line));
    }
    bytes.starts_with(SIGNATURE).then(|| parse_v2(bytes))
}

/// §2.1: `PROXY TCP4 192.0.2.77 192.0.2.25 41234 25`; none if the line is no such header.
pub(super) fn parse_v1(line: &[u8]) -> Option<ProxyHeader> {
    let mut words = std::str::from_utf8(line).ok()?.strip_prefix("PROXY ")?.split(' ');
    let family = words.next()?;
    if family == "UNKNOWN" {
        return Some(ProxyHeader { version: ProxyVersion::V1, source: None, destination: None });
    }
    let ips: [IpAddr; 2] = [words.next()?.parse().ok()?, words.next()?.parse().ok()?];
    let ports: [u16; 2] = [words.next()?.parse().ok()?, words.next()?.parse().ok()?];
    let fits = ips.iter().all(|ip| ip.is_ipv4() == (family == "TCP4"));
    if !fits || !matches!(family, "TCP4" | "TCP6") || words.next().is_some() {
        return None;
    }
    let [source, destination] = [(ips[0], ports[0]), (ips[1], ports[1])].map(SocketAddr::from);
    Some(ProxyHeader {
        version: ProxyVersion::V1,
        source: Some(source),
        destination: Some(destination),
    })
}

/// What a byte did to the header under way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    More,
    Done(ProxyHeader),
    /// It is none; the bytes held, and this one behind them, are SMTP.
    NotAHeader(Vec<u8>),
}

/// Collects a binary header at the start of the client's stream.
#[derive(Default)]
pub(super) struct ProxyReader {
    kept: Vec<u8>,
    seen: usize,
    pub(super) at: Moment,
}

impl ProxyReader {
    /// What was held back of a header that will not come to its end.
    pub(super) fn take_held(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.kept)
    }

    /// The bytes of a header behind its addresses: TLVs, which may hold what is nobody's business.
    /// An unknown family has no addresses that could be told from them.
    pub(super) fn beyond_addresses(&self) -> (u64, u64) {
        let addresses = match self.kept.get(13) {
            Some(0x11 | 0x12) => 12,
            Some(0x21 | 0x22) => 36,
            _ => 0,
        };
        (FIXED.saturating_add(addresses) as u64, self.seen as u64)
    }

    pub(super) fn push(&mut self, byte: u8, at: Moment) -> Step {
        if SIGNATURE.get(self.seen).is_some_and(|&expected| expected != byte) {
            return Step::NotAHeader(std::mem::take(&mut self.kept));
        }
        self.at = self.at.max(at);
        self.seen = self.seen.saturating_add(1);
        if self.kept.len() < MAX_KEPT {
            self.kept.push(byte);
        }
        let Some(length) = u16_at(&self.kept, 14) else { return Step::More };
        if self.seen < usize::from(length).saturating_add(FIXED) {
            return Step::More;
        }
        Step::Done(parse_v2(&self.kept))
    }
}

/// §2.2; `header` is complete but for its TLVs. A LOCAL command or a family without ports has no
/// addresses.
fn parse_v2(header: &[u8]) -> ProxyHeader {
    let addresses = match (header.get(12), header.get(13)) {
        (Some(0x21), Some(0x11)) => v2_addresses::<4>(header).map(|ips| ips.map(IpAddr::from)),
        (Some(0x21), Some(0x21)) => v2_addresses::<16>(header).map(|ips| ips.map(IpAddr::from)),
        _ => None,
    };
    let family_len = if header.get(13) == Some(&0x11) { 4 } else { 16 };
    let ports_at = FIXED.saturating_add(family_len).saturating_add(family_len);
    let source = u16_at(header, ports_at);
    let destination = u16_at(header, ports_at.saturating_add(2));
    let join = |ip: Option<IpAddr>, port: Option<u16>| Some(SocketAddr::new(ip?, port?));
    ProxyHeader {
        version: ProxyVersion::V2,
        source: join(addresses.map(|[source, _]| source), source),
        destination: join(addresses.map(|[_, destination]| destination), destination),
    }
}

fn v2_addresses<const N: usize>(header: &[u8]) -> Option<[[u8; N]; 2]> {
    let rest = header.get(FIXED..)?;
    let (source, rest) = rest.split_first_chunk::<N>()?;
    Some([*source, *rest.first_chunk::<N>()?])
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<ProxyHeader> {
        let mut reader = ProxyReader::default();
        bytes.iter().find_map(|&b| match reader.push(b, Moment::default()) {
            Step::Done(header) => Some(header),
            _ => None,
        })
    }

    fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let len = (rest.len() as u16).to_be_bytes();
        [&SIGNATURE[..], &[command, family], &len, rest].concat()
    }

    fn ends(header: ProxyHeader) -> Option<(String, String)> {
        Some((header.source?.to_string(), header.destination?.to_string()))
    }

    #[test]
    fn the_text_form_is_read() {
        let header = parse_v1(b"PROXY TCP4 192.0.2.77 192.0.2.25 41234 25").unwrap();
        assert_eq!(ends(header), Some(("192.0.2.77:41234".into(), "192.0.2.25:25".into())));
        let header = parse_v1(b"PROXY TCP6 2001:db8::1 2001:db8::2 1 25").unwrap();
        assert_eq!(ends(header), Some(("[2001:db8::1]:1".into(), "[2001:db8::2]:25".into())));
        assert_eq!(parse_v1(b"PROXY UNKNOWN").unwrap().source, None);
    }

    #[test]
    fn a_text_form_gone_wrong_is_none() {
        for line in
            ["PROXY", "PROXY TCP4 1.2.3.4 ::1 1 2", "PROXY TCP4 1.2.3.4 1.2.3.4 1", "EHLO x"]
        {
            assert_eq!(parse_v1(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn the_binary_form_is_read_with_its_tlvs_skipped() {
        let mut rest = vec![192, 0, 2, 77, 192, 0, 2, 25, 0xa1, 0x12, 0, 25];
        rest.extend([0; 9_000]);
        let header = read(&v2(0x21, 0x11, &rest)).unwrap();
        assert_eq!(header.version, ProxyVersion::V2);
        assert_eq!(ends(header), Some(("192.0.2.77:41234".into(), "192.0.2.25:25".into())));
        let mut rest = [0; 36];
        (rest[15], rest[31], rest[33], rest[35]) = (1, 2, 7, 25);
        let header = read(&v2(0x21, 0x21, &rest)).unwrap();
        assert_eq!(ends(header), Some(("[::1]:7".into(), "[::2]:25".into())));
    }

    #[test]
    fn a_proxy_that_speaks_for_itself_names_nobody() {
        assert_eq!(read(&v2(0x20, 0, &[])).unwrap().source, None);
        assert_eq!(read(&v2(0x21, 0x11, &[1, 2])).unwrap().source, None);
    }

    #[test]
    fn a_header_is_found_however_little_has_come() {
        let v1 = &b"PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\n"[..];
        let v2 = v2(0x21, 0x11, &[9; 40]);
        for (header, enough) in [(v1, v1.len()), (&v2, FIXED)] {
            for cut in 1..header.len() {
                let expected = match cut < enough {
                    true => HeaderStart::Unsure,
                    false => HeaderStart::Found(header.len()),
                };
                assert_eq!(header_start(&header[..cut]), expected, "{cut}");
            }
            let behind = [header, b"\x16\x03\x01"].concat();
            assert_eq!(header_start(&behind), HeaderStart::Found(header.len()));
        }
    }

    #[test]
    fn other_first_bytes_are_no_header() {
        let wrong_version = v2(0x11, 0x11, &[0; 12]);
        let long = [b"PROXY ".as_slice(), &[b'x'; 200]].concat();
        let others: [&[u8]; 6] =
            [b"", b"EHLO a\r\n", b"PROXY TCP4 you\r\n", b"\r\n\r\nEHLO", &wrong_version, &long];
        for other in others {
            assert_eq!(header_start(other), HeaderStart::None);
        }
    }

    #[test]
    fn what_is_no_header_comes_back() {
        let mut reader = ProxyReader::default();
        assert_eq!(reader.push(b'\r', Moment::default()), Step::More);
        assert_eq!(reader.push(b'E', Moment::default()), Step::NotAHeader(b"\r".to_vec()));
    }
}
