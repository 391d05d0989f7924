//! The wire format, read by `hickory-proto`: nothing of its types leaves this file.

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::{Name, RData, Record as WireRecord};

use super::{DnsData, DnsMessage, DnsRecord, MOST_RECORDS, Rcode, Tlsa};

pub(super) fn read(bytes: &[u8]) -> Option<DnsMessage> {
    let message = Message::from_vec(bytes).ok()?;
    let meta = message.metadata;
    if meta.op_code != OpCode::Query {
        return None;
    }
    let question = message.queries.first()?;
    Some(DnsMessage {
        id: meta.id,
        is_answer: meta.message_type == MessageType::Response,
        rcode: rcode(meta.response_code),
        truncated: meta.truncation,
        authentic: meta.authentic_data,
        name: plain(&question.name),
        kind: question.query_type.to_string(),
        records: message.answers.iter().take(MOST_RECORDS).map(record).collect(),
    })
}

fn rcode(code: ResponseCode) -> Rcode {
    match code {
        ResponseCode::NoError => Rcode::NoError,
        ResponseCode::NXDomain => Rcode::NxDomain,
        ResponseCode::ServFail => Rcode::ServFail,
        ResponseCode::Refused => Rcode::Refused,
        other => Rcode::Other(other.into()),
    }
}

/// Names are the same in either case (RFC 1035 §2.3.3).
fn plain(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    match text.strip_suffix('.') {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => text,
    }
}

fn record(record: &WireRecord) -> DnsRecord {
    let data = match &record.data {
        RData::A(address) => DnsData::Address(address.0.into()),
        RData::AAAA(address) => DnsData::Address(address.0.into()),
        RData::MX(mx) => DnsData::Mx(mx.preference, plain(&mx.exchange)),
        RData::CNAME(name) => DnsData::Alias(plain(&name.0)),
        RData::PTR(name) => DnsData::Pointer(plain(&name.0)),
        RData::TXT(text) => DnsData::Text(String::from_utf8_lossy(&text.txt_data.concat()).into()),
        RData::TLSA(tlsa) => DnsData::Tlsa(Tlsa {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            data: tlsa.cert_data.clone(),
        }),
        _ => DnsData::Other,
    };
    DnsRecord { owner: plain(&record.name), ttl: record.ttl, data }
}
