//! Captures made in memory: two ends talk, then packets are lost, doubled, cut or mixed up.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use smtp_decrypt::capture::{Capture, Input};
use smtp_decrypt::decode::Decoder;
use smtp_decrypt::role::Role;

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;

/// Between two packets of a talk, in ns.
const TICK: i64 = 100_000;

/// When talks begin: 2026-11-21T00:00:00Z.
const DAWN: i64 = 1_795_219_200_000_000_000;

/// One TCP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) ts: i64,
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: u8,
    pub(crate) window: u16,
    pub(crate) id: u16,
    pub(crate) payload: Vec<u8>,
    /// So many bytes of the payload were captured.
    pub(crate) captured: usize,
}

impl Frame {
    pub(crate) fn has_data(&self) -> bool {
        !self.payload.is_empty()
    }

    /// The frame cut in two behind `at` bytes of payload. A SYN stays with the first part, FIN and
    /// PSH with the second.
    pub(crate) fn split(&self, at: usize) -> [Self; 2] {
        let mut parts = [self.clone(), self.clone()];
        let syn = u32::from(self.flags & SYN != 0);
        parts[0].payload.truncate(at);
        parts[0].flags &= !(FIN | PSH);
        parts[1].payload.drain(..at);
        parts[1].flags &= !SYN;
        parts[1].seq = self.seq.wrapping_add(syn).wrapping_add(u32::try_from(at).expect("short"));
        for part in &mut parts {
            part.captured = part.payload.len();
        }
        parts
    }

    /// The whole Ethernet frame.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let segment = self.tcp();
        match (self.source.ip(), self.destination.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let len = u16::try_from(20 + segment.len()).expect("a packet").to_be_bytes();
                let [id_high, id_low] = self.id.to_be_bytes();
                let mut ip = vec![0x45, 0, len[0], len[1], id_high, id_low, 0x40, 0, 64, 6, 0, 0];
                ip.extend(from.octets());
                ip.extend(to.octets());
                [&ethernet(0x0800), ip.as_slice(), &segment].concat()
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let len = u16::try_from(segment.len()).expect("a packet").to_be_bytes();
                let mut ip = vec![0x60, 0, 0, 0, len[0], len[1], 6, 64];
                ip.extend(from.octets());
                ip.extend(to.octets());
                [&ethernet(0x86dd), ip.as_slice(), &segment].concat()
            }
            _ => panic!("both ends are of one family"),
        }
    }

    fn tcp(&self) -> Vec<u8> {
        let mut tcp = [self.source.port(), self.destination.port()].map(u16::to_be_bytes).concat();
        tcp.extend([self.seq, self.ack].map(u32::to_be_bytes).concat());
        tcp.extend([5 << 4, self.flags]);
        tcp.extend([self.window, 0, 0].map(u16::to_be_bytes).concat());
        tcp.extend(&self.payload);
        tcp
    }
}

/// The header of an Ethernet frame.
pub(crate) fn ethernet(ethertype: u16) -> [u8; 14] {
    let [high, low] = ethertype.to_be_bytes();
    [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, high, low]
}

/// A pcap file of these frames, in this order, with times in ns.
pub(crate) fn pcap(frames: &[Frame]) -> Vec<u8> {
    let mut file = pcap_header(1);
    for frame in frames {
        let bytes = frame.bytes();
        let kept = bytes.len() - (frame.payload.len() - frame.captured);
        record(&mut file, frame.ts, &bytes, kept);
    }
    file
}

/// A record of a pcap file, of which the snap length kept so many bytes.
pub(crate) fn record(file: &mut Vec<u8>, ts: i64, bytes: &[u8], kept: usize) {
    let (seconds, ns) = (ts.div_euclid(1_000_000_000), ts.rem_euclid(1_000_000_000));
    for field in [seconds, ns, kept as i64, bytes.len() as i64] {
        file.extend(u32::try_from(field).expect("a field of 32 bits").to_le_bytes());
    }
    file.extend(&bytes[..kept]);
}

/// The header of a pcap file with times in ns.
pub(crate) fn pcap_header(link_type: u32) -> Vec<u8> {
    let mut file = 0xa1b2_3c4d_u32.to_le_bytes().to_vec();
    file.extend([2_u16, 4].map(u16::to_le_bytes).concat());
    file.extend([0, 0, 0x0004_0000, link_type].map(u32::to_le_bytes).concat());
    file
}

/// The TCP packets of capture files.
pub(crate) fn frames_of(files: &[PathBuf]) -> Vec<Frame> {
    let mut capture = Capture::open(files.iter().cloned().map(Input::File).collect());
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    while let Some(packet) = capture.next_packet() {
        let Ok(segment) = decoder.decode(&packet) else { continue };
        let mut payload = segment.payload.to_vec();
        payload.resize(payload.len() + segment.cut as usize, 0);
        frames.push(Frame {
            ts: segment.at.ts.0,
            source: segment.source,
            destination: segment.destination,
            seq: segment.seq,
            ack: segment.ack,
            flags: segment.flags.0,
            window: segment.window,
            id: segment.ip_id.unwrap_or_default(),
            captured: segment.payload.len(),
            payload,
        });
    }
    assert!(!frames.is_empty(), "no packets in {files:?}");
    frames
}

/// Gives the frames new times, in the order in which they stand.
pub(crate) fn restamp(frames: &mut [Frame]) {
    for (index, frame) in frames.iter_mut().enumerate() {
        frame.ts = DAWN + index as i64 * TICK;
    }
}

/// Two ends that talk, and what is captured of it.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    client: SocketAddr,
    server: SocketAddr,
    /// The next sequence number of client and server.
    next: [u32; 2],
    now: i64,
    packets: u16,
    /// Payload bytes in a packet, at most.
    mss: usize,
    frames: Vec<Frame>,
}

impl Talk {
    /// A connection that is open before the capture begins.
    pub(crate) fn midway() -> Self {
        Self {
            client: SocketAddr::from(([192, 0, 2, 1], 40_000)),
            server: SocketAddr::from(([192, 0, 2, 25], 25)),
            next: [1_000_000, 7_000_000],
            now: DAWN,
            packets: 0,
            mss: 1_460,
            frames: Vec::new(),
        }
    }

    /// A connection from its SYN on.
    pub(crate) fn open() -> Self {
        Self::midway().dial()
    }

    /// A connection from its SYN on, between these ends.
    pub(crate) fn between(client: &str, server: &str) -> Self {
        let (client, server) = (client.parse().expect("an end"), server.parse().expect("an end"));
        Self { client, server, ..Self::midway() }.dial()
    }

    /// A connection from its SYN on, with these initial sequence numbers.
    pub(crate) fn numbered(client: u32, server: u32) -> Self {
        Self { next: [client, server], ..Self::midway() }.dial()
    }

    /// Only so many bytes in a packet.
    pub(crate) fn segments_of(mut self, mss: usize) -> Self {
        self.mss = mss;
        self
    }

    fn dial(mut self) -> Self {
        self.packet(Role::Client, SYN, b"");
        self.packet(Role::Server, SYN | ACK, b"");
        self.packet(Role::Client, ACK, b"");
        self
    }

    pub(crate) fn client(mut self, words: impl AsRef<[u8]>) -> Self {
        self.say(Role::Client, words.as_ref());
        self
    }

    pub(crate) fn server(mut self, words: impl AsRef<[u8]>) -> Self {
        self.say(Role::Server, words.as_ref());
        self
    }

    /// A packet of an end, made by hand.
    pub(crate) fn with(mut self, from: Role, flags: u8, payload: &[u8]) -> Self {
        self.packet(from, flags, payload);
        self
    }

    /// Time passes.
    pub(crate) fn wait(mut self, ns: i64) -> Self {
        self.now += ns;
        self
    }

    /// Both ends say FIN, the client first.
    pub(crate) fn close(self) -> Self {
        self.with(Role::Client, FIN | ACK, b"").with(Role::Server, FIN | ACK, b"").with(
            Role::Client,
            ACK,
            b"",
        )
    }

    /// A whole dialogue with one mail, plain.
    pub(crate) fn mail(self, body: &str) -> Self {
        self.server("220 mx.example.com ESMTP ready\r\n")
            .client("EHLO client.example.org\r\n")
            .server("250-mx.example.com\r\n250-PIPELINING\r\n250 SIZE 1000000\r\n")
            .one_mail(body)
            .client("QUIT\r\n")
            .server("221 2.0.0 Bye\r\n")
    }

    /// A transaction of a client that was introduced already.
    pub(crate) fn one_mail(self, body: &str) -> Self {
        self.client("MAIL FROM:<a@example.org>\r\n")
            .server("250 2.1.0 Ok\r\n")
            .client("RCPT TO:<b@example.com>\r\n")
            .server("250 2.1.5 Ok\r\n")
            .client("DATA\r\n")
            .server("354 go ahead\r\n")
            .client(format!("{body}.\r\n"))
            .server("250 2.0.0 Ok: queued as 4F2A\r\n")
    }

    pub(crate) fn frames(self) -> Vec<Frame> {
        self.frames
    }

    pub(crate) fn pcap(&self) -> Vec<u8> {
        pcap(&self.frames)
    }

    /// Data in packets, and the peer's acknowledgement of it.
    fn say(&mut self, from: Role, words: &[u8]) {
        for piece in words.chunks(self.mss) {
            self.packet(from, PSH | ACK, piece);
        }
        self.packet(from.peer(), ACK, b"");
    }

    fn packet(&mut self, from: Role, flags: u8, payload: &[u8]) {
        let [me, peer] = if from == Role::Client { [0, 1] } else { [1, 0] };
        let ends = [self.client, self.server];
        self.packets += 1;
        self.frames.push(Frame {
            ts: self.now,
            source: ends[me],
            destination: ends[peer],
            seq: self.next[me],
            ack: if flags & ACK == 0 { 0 } else { self.next[peer] },
            flags,
            window: 64_000,
            id: self.packets,
            payload: payload.to_vec(),
            captured: payload.len(),
        });
        let numbers = u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        let len = u32::try_from(payload.len()).expect("a packet");
        self.next[me] = self.next[me].wrapping_add(numbers).wrapping_add(len);
        self.now += TICK;
    }
}
