//! What the fields of a header say, read by `mail-parser`: addresses, types and names of parts.

use mail_parser::{Addr, Address, HeaderName, MessageParser, MimeHeaders as _};

use super::header;
use super::mime::Part;
use super::words;

/// Most addresses of one field that are told: a field may have thousands.
pub(super) const MOST_ADDRESSES: usize = 100;

/// Longest value that is told, in characters: a line has 998 (RFC 5322 §2.1.1), a folded field may
/// have more.
pub(super) const MAX_VALUE: usize = 4096;

/// What a message says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The Message-ID field as written.
    pub message_id: Option<String>,
    /// The Subject field, decoded (RFC 2047).
    pub subject: Option<String>,
    /// The Date field as written.
    pub date: Option<String>,
    /// The addresses of From, as `name <address>`, decoded.
    pub from: Vec<String>,
    /// Those of To.
    pub to: Vec<String>,
    /// Those of Cc.
    pub cc: Vec<String>,
}

impl Fields {
    /// Reads a message's header.
    pub(super) fn read(header: &[u8]) -> Self {
        let first = |name| header::fields(header, name).into_iter().next().map(clipped);
        let normalized = words::normalized(header);
        let parsed = MessageParser::new().with_address_headers().parse_headers(&*normalized);
        let list = |name| parsed.as_ref().and_then(|m| m.header(name)?.as_address()).map(addresses);
        Self {
            message_id: first("Message-ID"),
            subject: first("Subject").map(|subject| words::decoded(&subject).into_owned()),
            date: first("Date"),
            from: list(HeaderName::From).unwrap_or_default(),
            to: list(HeaderName::To).unwrap_or_default(),
            cc: list(HeaderName::Cc).unwrap_or_default(),
        }
    }
}

/// What a header says of the part behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct PartFields {
    /// Of a multipart: what stands between its parts.
    pub(super) boundary: Option<String>,
    /// All but its place and its measures.
    pub(super) part: Part,
}

impl PartFields {
    /// Reads the header of a message or of a part.
    pub(super) fn read(header: &[u8]) -> Self {
        let normalized = words::normalized(header);
        let parsed = MessageParser::new().with_mime_headers().parse_headers(&*normalized);
        let kind = parsed.as_ref().and_then(|part| part.content_type());
        let text = |text: Option<&str>| text.map(|text| clipped(text.to_owned()));
        let content_type = match kind {
            Some(kind) => {
                let subtype = kind.subtype().map(|subtype| format!("/{subtype}"));
                clipped(format!("{}{}", kind.ctype(), subtype.unwrap_or_default()))
            }
            // RFC 2045 §5.2.
            None => "text/plain".to_owned(),
        };
        let is_multipart = kind.is_some_and(|kind| kind.ctype().eq_ignore_ascii_case("multipart"));
        let boundary = kind.and_then(|kind| kind.attribute("boundary"));
        let disposition = parsed.as_ref().and_then(|part| part.content_disposition());
        let encoding = parsed.as_ref().and_then(|part| part.content_transfer_encoding());
        Self {
            boundary: boundary.filter(|b| is_multipart && !b.is_empty()).map(str::to_owned),
            part: Part {
                content_type: content_type.to_ascii_lowercase(),
                name: text(parsed.as_ref().and_then(|part| part.attachment_name())),
                disposition: text(disposition.map(|d| d.ctype())).map(|d| d.to_ascii_lowercase()),
                transfer_encoding: text(encoding).map(|e| e.trim().to_ascii_lowercase()),
                ..Part::default()
            },
        }
    }
}

fn addresses(field: &Address<'_>) -> Vec<String> {
    let written = |address: &Addr<'_>| match (address.name(), address.address()) {
        (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
        (None, Some(address)) => Some(address.to_owned()),
        (Some(name), None) => Some(name.to_owned()),
        (None, None) => None,
    };
    field.iter().filter_map(written).take(MOST_ADDRESSES).map(clipped).collect()
}

fn clipped(text: String) -> String {
    match text.char_indices().nth(MAX_VALUE) {
        None => text,
        Some((end, _)) => text.get(..end).unwrap_or(&text).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_message_are_decoded() {
        let header = "Subject: test =?gb2312?B?suLK1A==?=\r\nMessage-ID: <1@x>\r\n\
            Date: Mon, 5 Oct 2009 11:36:07 +0530\r\nFrom: \"A, B\" <q@r>\r\n\
            To: =?utf-8?q?J=C3=BCrgen?= <a@b>, c@d,\r\n Group: x@y, z@z;\r\nCC: e@f\r\n";
        let fields = Fields::read(header.as_bytes());
        assert_eq!(fields.subject.as_deref(), Some("test 测试"));
        assert_eq!(fields.message_id.as_deref(), Some("<1@x>"));
        assert_eq!(fields.date.as_deref(), Some("Mon, 5 Oct 2009 11:36:07 +0530"));
        assert_eq!(fields.from, ["A, B <q@r>"]);
        assert_eq!(fields.to, ["Jürgen <a@b>", "c@d", "x@y", "z@z"]);
        assert_eq!(fields.cc, ["e@f"]);
    }

    #[test]
    fn names_are_decoded_from_words_without_padding() {
        let header = "From: =?utf-8?B?SGVsbG8?= <a@b>\r\n\
            To: =?utf-8?Q?caf=C3?=\r\n =?utf-8?Q?=A9?= <c@d>, e@f\r\n";
        let fields = Fields::read(header.as_bytes());
        assert_eq!(fields.from, ["Hello <a@b>"]);
        assert_eq!(fields.to, ["café <c@d>", "e@f"]);
        let header = "Content-Type: text/plain; name=\"=?utf-8?B?SGVsbG8?=\"\r\n";
        assert_eq!(PartFields::read(header.as_bytes()).part.name.as_deref(), Some("Hello"));
    }

    #[test]
    fn the_fields_of_a_part_are_decoded() {
        let header = "Content-Type: Application/PDF; name*0*=utf-8''%e2%82%ac; name*1=\".pdf\"\r\n\
            Content-Disposition: ATTACHMENT\r\nContent-Transfer-Encoding: BASE64\r\n";
        let part = PartFields::read(header.as_bytes()).part;
        assert_eq!(part.content_type, "application/pdf");
        assert_eq!(part.name.as_deref(), Some("€.pdf"));
        assert_eq!(part.disposition.as_deref(), Some("attachment"));
        assert_eq!(part.transfer_encoding.as_deref(), Some("base64"));
    }

    #[test]
    fn a_boundary_counts_in_a_multipart_only() {
        let boundary = |kind: &str| {
            PartFields::read(format!("Content-Type: {kind}; boundary=\"a b\"\r\n").as_bytes())
                .boundary
        };
        assert_eq!(boundary("multipart/mixed").as_deref(), Some("a b"));
        assert_eq!(boundary("text/plain"), None);
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(Fields::read(b""), Fields::default());
        assert_eq!(PartFields::read(b"\xff\xfe: \xff\r\n").part.content_type, "text/plain");
    }
}
