//! What a selection takes of the packets on their way in.

use std::collections::BTreeMap;

use crate::capture::{LinkType, Packet};
use crate::decode::{Content, Header, Headers, Segment};
use crate::filter::{self, Decoded, PacketFilter, Selection};
use crate::moment::Timestamp;
use crate::report::codes;
use crate::report::{Finding, Severity};

/// A selection at work on one capture.
pub(super) struct Chooser {
    selection: Selection,
    first: Option<Timestamp>,
    /// Packets that are not wanted, or are of no connection that is.
    pub(super) filtered: u64,
    /// Frames in which the packet filter finds no header, and the first of them.
    opaque: BTreeMap<LinkType, (u64, u64)>,
}

impl Chooser {
    pub(super) fn new(selection: &Selection) -> Self {
        Self { selection: selection.clone(), first: None, filtered: 0, opaque: BTreeMap::new() }
    }

    /// Whether a packet is looked at.
    pub(super) fn takes_packet(&mut self, packet: &Packet<'_>) -> bool {
        self.first.get_or_insert(packet.ts);
        let Some(filter) = &mut self.selection.packets else { return true };
        let takes = filter.matches(packet.link.0, packet.data, packet.wire_len);
        self.filtered += u64::from(!takes);
        if !PacketFilter::knows(packet.link.0) {
            self.opaque.entry(packet.link).or_insert((0, packet.frame)).0 += 1;
        }
        takes
    }

    /// Findings about what a filter could not look into.
    pub(super) fn findings(&self) -> impl Iterator<Item = Finding> {
        self.opaque.iter().map(|(link, &(frames, first))| {
            let message = format!(
                "--packet-filter finds no headers in frames of the link type {link}: {frames}"
            );
            Finding::new(codes::CAPTURE_OPAQUE_TO_FILTER, Severity::Warning, message)
                .at(first)
                .hint("use `--filter`, which looks into every frame that can be decoded")
        })
    }

    /// Whether headers are to be noted.
    pub(super) fn asks_for_headers(&self) -> bool {
        self.selection.connections.is_some()
    }

    /// Whether a connection can be wanted, by its ends. Only of one that is in no tunnel these are
    /// all that counts.
    pub(super) fn may_take(&mut self, content: &Content<'_>, headers: &Headers<'_>) -> bool {
        let Some(filter) = &self.selection.connections else { return true };
        let (source, destination) = content.ends();
        let may = is_in_tunnel(headers) || filter.may_match(source, destination);
        self.filtered += u64::from(!may);
        may
    }

    /// Whether a segment, of a packet of this length on the wire, makes its connection a wanted one.
    pub(super) fn takes(&mut self, segment: &Segment<'_>, len: u32, headers: &Headers<'_>) -> bool {
        let first = self.first.unwrap_or(segment.at.ts);
        if !self.selection.window.holds(segment.at.ts, first) {
            return false;
        }
        let Some(filter) = &mut self.selection.connections else { return true };
        let mut plain = [(filter::Header::Ether(0), &[][..]); 32];
        let mut count = 0;
        for (place, &(header, data)) in plain.iter_mut().zip(headers.all()) {
            *place = (plain_header(header), data);
            count += 1;
        }
        filter.matches(&Decoded {
            source: segment.source,
            destination: segment.destination,
            headers: plain.get(..count).unwrap_or_default(),
            len,
        })
    }
}

fn plain_header(header: Header) -> filter::Header {
    match header {
        Header::Link(link) => filter::Header::Link(link.0),
        Header::Ether(ethertype) => filter::Header::Ether(ethertype),
    }
}

/// More than one IP header, or a link layer that is not the first.
fn is_in_tunnel(headers: &Headers<'_>) -> bool {
    let inner = headers.all().get(1..).unwrap_or_default();
    let is_ip = |header: &Header| matches!(header, Header::Ether(0x0800 | 0x86dd));
    let ips = inner.iter().filter(|(header, _)| is_ip(header)).count();
    ips > 1 || inner.iter().any(|(header, _)| matches!(header, Header::Link(_)))
}
