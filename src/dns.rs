//! DNS messages (RFC 1035 §4): one question, and what answers it.

pub mod limits;
#[cfg(feature = "dns")]
mod wire;

use std::fmt;
use std::net::IpAddr;

/// Records that are read of one answer: more than any MX list or address list that mail needs.
pub(crate) const MOST_RECORDS: usize = 32;

/// The port of DNS (RFC 1035 §4.2).
pub const PORT: u16 = 53;

/// A question, or the answer to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsMessage {
    /// Matches an answer with its question.
    pub id: u16,
    /// It answers.
    pub is_answer: bool,
    /// What became of the question (RFC 1035 §4.1.1).
    pub rcode: Rcode,
    /// The answer did not fit: it is to be asked for again over TCP (RFC 7766 §5).
    pub truncated: bool,
    /// The resolver says that it checked the answer's signatures (RFC 4035 §3.2.3).
    pub authentic: bool,
    /// The name that was asked for: lower case, without the final dot.
    pub name: String,
    /// The type that was asked for: `A`, `MX`, `TLSA`.
    pub kind: String,
    /// The answer section.
    pub records: Vec<DnsRecord>,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rcode {
    /// It was answered, if only by "no such record".
    NoError,
    /// There is no such name.
    NxDomain,
    /// The resolver failed.
    ServFail,
    /// The resolver refused to answer.
    Refused,
    /// Another code, as its number.
    Other(u16),
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoError => f.write_str("NOERROR"),
            Self::NxDomain => f.write_str("NXDOMAIN"),
            Self::ServFail => f.write_str("SERVFAIL"),
            Self::Refused => f.write_str("REFUSED"),
            Self::Other(code) => write!(f, "RCODE {code}"),
        }
    }
}

/// A record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRecord {
    /// Whose record it is: lower case, without the final dot.
    pub owner: String,
    /// So many seconds it may be kept.
    pub ttl: u32,
    /// What it says.
    pub data: DnsData,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsData {
    /// A, AAAA: an address.
    Address(IpAddr),
    /// MX: preference and host (RFC 5321 §5.1).
    Mx(u16, String),
    /// CNAME: the name it stands for.
    Alias(String),
    /// PTR: the name of an address.
    Pointer(String),
    /// TXT: its strings, joined.
    Text(String),
    /// TLSA (RFC 6698 §2.1).
    Tlsa(Tlsa),
    /// A type that mail has no use for.
    Other,
}

/// A TLSA record (RFC 6698 §2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlsa {
    /// 0 to 3: which certificate, and whether a CA must vouch for it too.
    pub usage: u8,
    /// 0: the whole certificate, 1: its public key.
    pub selector: u8,
    /// 0: as it is, 1: SHA-256, 2: SHA-512.
    pub matching: u8,
    /// What it is matched with.
    pub data: Vec<u8>,
}

impl DnsMessage {
    /// Reads a message. None if it is none, asks for no one thing, or the feature `dns` is off.
    #[must_use]
    pub fn read(
        #[cfg_attr(not(feature = "dns"), expect(unused_variables))] bytes: &[u8],
    ) -> Option<Self> {
        #[cfg(feature = "dns")]
        return wire::read(bytes);
        #[cfg(not(feature = "dns"))]
        return None;
    }

    /// Reads the messages of a TCP segment that begins with one: each has its length in front
    /// (RFC 1035 §4.2.2). What is cut off at the end is left out.
    pub fn read_stream(mut bytes: &[u8]) -> impl Iterator<Item = Self> {
        std::iter::from_fn(move || {
            let (len, rest) = bytes.split_first_chunk()?;
            let (message, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
            bytes = rest;
            Self::read(message)
        })
    }

    /// The addresses in the answer.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.records.iter().filter_map(|record| match record.data {
            DnsData::Address(address) => Some(address),
            _ => None,
        })
    }
}

#[cfg(all(test, feature = "dns"))]
mod tests {
    use super::*;

    /// A question by hand (RFC 1035 §4.1).
    fn question(id: u16, name: &str, kind: u16) -> Vec<u8> {
        let mut bytes = [id.to_be_bytes(), [1, 0], [0, 1], [0, 0], [0, 0], [0, 0]].concat();
        for label in name.split('.') {
            bytes.push(label.len() as u8);
            bytes.extend(label.as_bytes());
        }
        bytes.push(0);
        bytes.extend([kind.to_be_bytes(), [0, 1]].concat());
        bytes
    }

    /// The answer with one record, whose owner points to the question.
    fn answer(id: u16, name: &str, kind: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = question(id, name, kind);
        bytes[2..4].copy_from_slice(&[0x81, 0xa0]);
        bytes[7] = 1;
        bytes.extend([0xc0, 12]);
        bytes.extend([kind.to_be_bytes(), [0, 1], [0, 0], [14, 16]].concat());
        bytes.extend((data.len() as u16).to_be_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn a_question_names_what_is_asked_for() {
        let asked = DnsMessage::read(&question(7, "MX1.Example.NET", 28)).unwrap();
        assert_eq!((asked.id, asked.is_answer), (7, false));
        assert_eq!((asked.name.as_str(), asked.kind.as_str()), ("mx1.example.net", "AAAA"));
    }

    #[test]
    fn the_records_that_mail_asks_for_are_read() {
        let data = |kind, data: &[u8]| {
            let answer = DnsMessage::read(&answer(1, "a.b", kind, data)).unwrap();
            assert!(answer.is_answer && answer.authentic && answer.rcode == Rcode::NoError);
            let [record] = answer.records.try_into().unwrap();
            assert_eq!((record.owner.as_str(), record.ttl), ("a.b", 3600));
            record.data
        };
        assert_eq!(data(1, &[192, 0, 2, 1]), DnsData::Address([192, 0, 2, 1].into()));
        assert_eq!(data(15, &[0, 10, 1, b'm', 0xc0, 12]), DnsData::Mx(10, "m.a.b".into()));
        assert_eq!(data(12, &[1, b'p', 0]), DnsData::Pointer("p".into()));
        assert_eq!(data(16, b"\x03v=s\x03pf1"), DnsData::Text("v=spf1".into()));
        let tlsa = Tlsa { usage: 3, selector: 1, matching: 1, data: vec![9; 32] };
        assert_eq!(data(52, &[&[3, 1, 1][..], &[9; 32]].concat()), DnsData::Tlsa(tlsa));
    }

    #[test]
    fn over_tcp_each_message_has_its_length_in_front() {
        let one = question(1, "a", 1);
        let mut stream = (one.len() as u16).to_be_bytes().to_vec();
        stream.extend(&one);
        let twice = [&stream[..], &stream, &[0, 200, 1]].concat();
        assert_eq!(DnsMessage::read_stream(&twice).count(), 2);
    }

    #[test]
    fn what_is_no_message_is_none() {
        for bytes in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", &[0; 12], &[0xff; 64]] {
            assert_eq!(DnsMessage::read(bytes), None, "{bytes:?}");
        }
        let whole = answer(1, "a.b", 15, &[0, 10, 1, b'm', 0xc0, 12]);
        for len in 0..whole.len() {
            assert_eq!(DnsMessage::read(&whole[..len]), None, "{len}");
        }
    }
}
