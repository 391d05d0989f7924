//! Blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian, as `export` writes them.

use zeroize::Zeroizing;

/// Block types (§10.1).
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

/// What tells the byte order (§4.1).
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// The version of the format.
const VERSION: [u16; 2] = [1, 0];

/// A section whose length is not told: it ends with the file.
const UNTOLD: u64 = u64::MAX;

/// `TLSK`: secrets as `SSLKEYLOGFILE` has them (§4.7).
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// The end of a list of options (§3.5).
const END: u16 = 0;

/// A comment, of any block (§3.5).
pub(super) const COMMENT: u16 = 1;

/// The option that tells the unit of an interface's clock (§4.2), and nanoseconds as an exponent of ten.
const IF_TSRESOL: u16 = 9;
const NANOSECONDS: u8 = 9;

/// The program that wrote a section (§4.1).
const SHB_USERAPPL: u16 = 4;

/// Bytes of a block's type and its two lengths (§3.1).
const FRAME: usize = 12;

/// An option: its code, and its value.
pub(super) type BlockOption = (u16, Vec<u8>);

/// A packet to write.
pub(super) struct Packet<'p> {
    /// The number of its interface in the section, from 0.
    pub(super) interface: u32,
    /// Its time, in the unit that the interface's options tell; microseconds without one.
    pub(super) ticks: u64,
    /// Bytes on the wire.
    pub(super) wire_len: u32,
    /// The bytes captured.
    pub(super) data: &'p [u8],
    /// Comments and what else is said of it.
    pub(super) options: &'p [BlockOption],
}

/// A section header; the comment says what the file is.
pub(super) fn section(comment: &str, out: &mut Vec<u8>) {
    let program = concat!("smtp-decrypt ", env!("CARGO_PKG_VERSION"));
    let told = [(COMMENT, comment.into()), (SHB_USERAPPL, program.into())];
    let mut body = Vec::new();
    body.extend(BYTE_ORDER_MAGIC.to_le_bytes());
    VERSION.iter().for_each(|number| body.extend(number.to_le_bytes()));
    body.extend(UNTOLD.to_le_bytes());
    push_options(&told, &mut body);
    block(SECTION_HEADER, &body, out);
}

/// An interface: its libpcap link type, and bytes kept of each packet (0 is all).
pub(super) fn interface(link: u16, snaplen: u32, options: &[BlockOption], out: &mut Vec<u8>) {
    let mut body = Vec::new();
    // The reserved field behind the link type is zero.
    body.extend(u32::from(link).to_le_bytes());
    body.extend(snaplen.to_le_bytes());
    push_options(options, &mut body);
    block(INTERFACE_DESCRIPTION, &body, out);
}

/// An interface of whole packets whose clock counts nanoseconds.
pub(super) fn nanosecond_interface(link: u16, out: &mut Vec<u8>) {
    interface(link, 0, &[(IF_TSRESOL, vec![NANOSECONDS])], out);
}

/// A block of secrets, lines of a key log, that serves the packets behind it.
#[must_use]
pub(super) fn secrets(lines: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut body = Zeroizing::new(Vec::with_capacity(8 + lines.len() + 3));
    body.extend(TLS_KEY_LOG.to_le_bytes());
    body.extend(len_of(lines).to_le_bytes());
    push_padded(lines, &mut body);
    let mut whole = Zeroizing::new(Vec::with_capacity(FRAME + body.len()));
    block(DECRYPTION_SECRETS, &body, &mut whole);
    whole
}

/// A packet.
pub(super) fn packet(packet: &Packet<'_>, out: &mut Vec<u8>) {
    let mut body = Vec::with_capacity(24 + packet.data.len());
    let (high, low) = ((packet.ticks >> 32) as u32, packet.ticks as u32);
    let fields = [packet.interface, high, low, len_of(packet.data), packet.wire_len];
    fields.iter().for_each(|field| body.extend(field.to_le_bytes()));
    push_padded(packet.data, &mut body);
    push_options(packet.options, &mut body);
    block(ENHANCED_PACKET, &body, out);
}

fn block(kind: u32, body: &[u8], out: &mut Vec<u8>) {
    let len = len_of(body).saturating_add(FRAME as u32).to_le_bytes();
    out.extend(kind.to_le_bytes());
    out.extend(len);
    out.extend(body);
    out.extend(len);
}

fn push_options(options: &[BlockOption], body: &mut Vec<u8>) {
    if options.is_empty() {
        return;
    }
    for (code, value) in options {
        let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
        body.extend(code.to_le_bytes());
        body.extend((value.len() as u16).to_le_bytes());
        push_padded(value, body);
    }
    body.extend(END.to_le_bytes());
    body.extend([0; 2]);
}

/// Fields end on a border of 32 bits.
fn push_padded(value: &[u8], body: &mut Vec<u8>) {
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

/// Nothing that is written is near the limit: packets and blocks of secrets have caps of their own.
fn len_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
