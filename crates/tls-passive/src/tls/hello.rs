//! ClientHello and ServerHello. The fixed parts are read by `tls-parser`; the extensions are walked
//! here, since its reader of ServerHello extensions loses encrypt_then_mac (reference: type 22
//! comes out as unknown), and nothing of its types leaves this file.

use tls_parser::{parse_tls_handshake_client_hello, parse_tls_handshake_server_hello};

use super::names::{ExtensionType, NamedGroup, ProtocolVersion, SignatureScheme};
use super::suite::{CipherKind, SuiteId};

/// The client's offer (RFC 5246 §7.4.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// `client_version`; TLS 1.3 leaves it at 1.2 and says more in an extension.
    pub version: ProtocolVersion,
    /// `random`.
    pub random: [u8; 32],
    /// `session_id`: of a session to resume, or filling.
    pub session_id: Vec<u8>,
    /// Suites in order of preference, signals and GREASE among them.
    pub cipher_suites: Vec<SuiteId>,
    /// Compression methods; 0 is none.
    pub compression_methods: Vec<u8>,
    /// Types of the extensions in order.
    pub extensions: Vec<ExtensionType>,
    /// The host name of server_name (RFC 6066 §3).
    pub server_name: Option<String>,
    /// supported_groups.
    pub groups: Vec<NamedGroup>,
    /// ec_point_formats.
    pub point_formats: Vec<u8>,
    /// signature_algorithms.
    pub signature_algorithms: Vec<SignatureScheme>,
    /// ALPN protocol names.
    pub alpn: Vec<Vec<u8>>,
    /// supported_versions (RFC 8446 §4.2.1).
    pub supported_versions: Vec<ProtocolVersion>,
    /// The ticket in session_ticket, empty if the client only asks for one (RFC 5077 §3.2).
    pub session_ticket: Option<Vec<u8>>,
    /// The cipher kinds of SSL 2.0 that a hello in its format offers.
    pub ssl2_kinds: Vec<CipherKind>,
    /// It came in SSL 2.0 format (RFC 5246 §E.2).
    pub ssl2_format: bool,
}

/// The server's choice (RFC 5246 §7.4.1.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerHello {
    /// `server_version`; TLS 1.3 leaves it at 1.2 and says more in an extension.
    pub version: ProtocolVersion,
    /// `random`.
    pub random: [u8; 32],
    /// `session_id`: of the session, new or resumed.
    pub session_id: Vec<u8>,
    /// The suite.
    pub cipher_suite: SuiteId,
    /// The compression method; 0 is none.
    pub compression_method: u8,
    /// Types of the extensions in order.
    pub extensions: Vec<ExtensionType>,
    /// The version in supported_versions, which overrules `version` (RFC 8446 §4.2.1).
    pub selected_version: Option<ProtocolVersion>,
    /// The group of its key_share (RFC 8446 §4.2.8); of a HelloRetryRequest the group asked for.
    pub group: Option<NamedGroup>,
    /// The protocol chosen, where it stands here: up to TLS 1.2 (RFC 7301 §3.1).
    pub alpn: Option<Vec<u8>>,
    /// Signed certificate timestamps that it brings (RFC 6962 §3.3.1).
    pub timestamps: usize,
}

/// The `random` of a ServerHello that is a HelloRetryRequest (RFC 8446 §4.1.3).
const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

impl ClientHello {
    /// Reads the body of a ClientHello. None if it is malformed.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let (_, hello) = parse_tls_handshake_client_hello(body).ok()?;
        let mut parsed = Self {
            version: ProtocolVersion(hello.version.0),
            random: hello.random.try_into().ok()?,
            session_id: hello.session_id.unwrap_or_default().to_vec(),
            cipher_suites: hello.ciphers.iter().map(|id| SuiteId(id.0)).collect(),
            compression_methods: hello.comp.iter().map(|id| id.0).collect(),
            ..Self::default()
        };
        for (kind, data) in extensions(hello.ext.unwrap_or_default()) {
            parsed.extensions.push(kind);
            parsed.read_extension(kind, data);
        }
        Some(parsed)
    }

    /// Reads an SSL 2.0 CLIENT-HELLO that offers TLS, from its message type on (RFC 5246 §E.2).
    #[must_use]
    pub fn parse_ssl2(message: &[u8]) -> Option<Self> {
        let mut rest = Reader(message.get(1..)?);
        let version = ProtocolVersion(rest.u16()?);
        let lengths = [rest.u16()?, rest.u16()?, rest.u16()?];
        let [suites, session_id, challenge] = lengths.map(usize::from);
        let suites = rest.take(suites)?;
        let session_id = rest.take(session_id)?.to_vec();
        let challenge = rest.take(challenge)?;
        // The challenge is the random, right-justified.
        let mut random = [0; 32];
        let start = 32_usize.checked_sub(challenge.len())?;
        random.get_mut(start..)?.copy_from_slice(challenge);
        // A suite has three bytes; those of TLS begin with 0, the others are SSL 2.0's own.
        let tls = suites.chunks_exact(3).filter(|suite| suite[0] == 0);
        let cipher_suites =
            tls.map(|suite| SuiteId(u16::from_be_bytes([suite[1], suite[2]]))).collect();
        let kinds = suites.as_chunks().0.iter().map(|&kind| CipherKind::from_wire(kind));
        let ssl2_kinds = kinds.filter(|kind| kind.is_ssl2()).collect();
        Some(Self {
            version,
            random,
            session_id,
            cipher_suites,
            ssl2_kinds,
            ssl2_format: true,
            ..Self::default()
        })
    }

    /// Whether an extension was offered.
    #[must_use]
    pub fn offers(&self, extension: ExtensionType) -> bool {
        self.extensions.contains(&extension)
    }

    /// The highest version offered, GREASE left out.
    #[must_use]
    pub fn highest_version(&self) -> ProtocolVersion {
        let offered = self.supported_versions.iter().filter(|v| !super::names::is_grease(v.0));
        offered.copied().max().unwrap_or(self.version)
    }

    fn read_extension(&mut self, kind: ExtensionType, data: &[u8]) {
        let mut reader = Reader(data);
        match kind.0 {
            0 => self.server_name = server_name(data),
            10 => self.groups = reader.u16_list().into_iter().map(NamedGroup).collect(),
            11 => self.point_formats = reader.vector8().unwrap_or_default().to_vec(),
            13 => {
                self.signature_algorithms =
                    reader.u16_list().into_iter().map(SignatureScheme).collect();
            }
            16 => self.alpn = alpn(data),
            35 => self.session_ticket = Some(data.to_vec()),
            43 => {
                let list = reader.vector8().unwrap_or_default();
                self.supported_versions = u16s(list).map(ProtocolVersion).collect();
            }
            _ => {}
        }
    }
}

impl ServerHello {
    /// Reads the body of a ServerHello. None if it is malformed.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let (rest, hello) = parse_tls_handshake_server_hello(body).ok()?;
        let mut parsed = Self {
            version: ProtocolVersion(hello.version.0),
            random: hello.random.try_into().ok()?,
            session_id: hello.session_id.unwrap_or_default().to_vec(),
            cipher_suite: SuiteId(hello.cipher.0),
            compression_method: hello.compression.0,
            ..Self::default()
        };
        // For SSL 3.0 tls-parser leaves the extensions unread; some servers send them all the same.
        let block = hello.ext.or_else(|| Reader(rest).vector16());
        for (kind, data) in extensions(block.unwrap_or_default()) {
            parsed.extensions.push(kind);
            parsed.read_extension(kind, data);
        }
        Some(parsed)
    }

    fn read_extension(&mut self, kind: ExtensionType, data: &[u8]) {
        match kind.0 {
            16 => self.alpn = alpn(data).into_iter().next(),
            18 => self.timestamps = timestamps(data),
            43 => self.selected_version = Reader(data).u16().map(ProtocolVersion),
            51 => self.group = Reader(data).u16().map(NamedGroup),
            _ => {}
        }
    }

    /// The version agreed on.
    #[must_use]
    pub fn agreed_version(&self) -> ProtocolVersion {
        self.selected_version.unwrap_or(self.version)
    }

    /// Whether it asks for another ClientHello (RFC 8446 §4.1.4).
    #[must_use]
    pub fn is_hello_retry_request(&self) -> bool {
        self.random == HELLO_RETRY_REQUEST
    }

    /// Whether an extension was agreed on.
    #[must_use]
    pub fn agrees(&self, extension: ExtensionType) -> bool {
        self.extensions.contains(&extension)
    }
}

/// extended_master_secret (RFC 7627).
pub const EXTENDED_MASTER_SECRET: ExtensionType = ExtensionType(23);
/// encrypt_then_mac (RFC 7366).
pub const ENCRYPT_THEN_MAC: ExtensionType = ExtensionType(22);

/// The protocol chosen in EncryptedExtensions (RFC 8446 §4.3.1).
pub(super) fn encrypted_alpn(body: &[u8]) -> Option<Vec<u8>> {
    let mut block = extensions(Reader(body).vector16()?);
    block.find_map(|(kind, data)| alpn(data).into_iter().next().filter(|_| kind.0 == 16))
}

/// What the extensions of the first entry of a Certificate message of TLS 1.3 bring (RFC 8446
/// §4.4.2): an OCSP response and the number of signed certificate timestamps.
pub(super) fn of_first_entry(block: &[u8]) -> (Option<Vec<u8>>, usize) {
    let (mut staple, mut count) = (None, 0);
    for (kind, data) in extensions(block) {
        match kind.0 {
            5 => staple = certificate_status(data),
            18 => count = timestamps(data),
            _ => {}
        }
    }
    (staple, count)
}

/// The OCSP response in a CertificateStatus (RFC 6066 §8).
pub(super) fn certificate_status(body: &[u8]) -> Option<Vec<u8>> {
    let (&[1, a, b, c], rest) = body.split_first_chunk()? else { return None };
    let len = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
    rest.get(..len).filter(|staple| !staple.is_empty()).map(<[u8]>::to_vec)
}

/// How many a SignedCertificateTimestampList has (RFC 6962 §3.3).
fn timestamps(data: &[u8]) -> usize {
    let mut list = Reader(Reader(data).vector16().unwrap_or_default());
    std::iter::from_fn(|| list.vector16()).count()
}

/// Type and content of each extension in a block; stops where the block is malformed.
fn extensions(block: &[u8]) -> impl Iterator<Item = (ExtensionType, &[u8])> {
    let mut reader = Reader(block);
    std::iter::from_fn(move || Some((ExtensionType(reader.u16()?), reader.vector16()?)))
}

/// The first name of type host_name (RFC 6066 §3).
fn server_name(data: &[u8]) -> Option<String> {
    let mut names = Reader(Reader(data).vector16()?);
    while let Some(kind) = names.u8() {
        let name = names.vector16()?;
        if kind == 0 {
            return Some(String::from_utf8_lossy(name).into_owned());
        }
    }
    None
}

fn alpn(data: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Reader(Reader(data).vector16().unwrap_or_default());
    std::iter::from_fn(|| names.vector8().map(<[u8]>::to_vec)).collect()
}

fn u16s(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

/// The vectors of the presentation language (RFC 5246 §4.3).
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn vector8(&mut self) -> Option<&'a [u8]> {
        let len = self.u8()?;
        self.take(usize::from(len))
    }

    fn vector16(&mut self) -> Option<&'a [u8]> {
        let len = self.u16()?;
        self.take(usize::from(len))
    }

    fn u16_list(&mut self) -> Vec<u16> {
        u16s(self.vector16().unwrap_or_default()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_encrypt_then_mac_of_a_server_hello() {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 0x2F, 0, 0, 8, 0, 22, 0, 0, 0, 23, 0, 0]);
        let hello = ServerHello::parse(&body).unwrap();
        assert!(hello.agrees(ENCRYPT_THEN_MAC) && hello.agrees(EXTENDED_MASTER_SECRET));
        assert_eq!(hello.cipher_suite, SuiteId(0x2F));
        assert_eq!(hello.agreed_version(), ProtocolVersion::TLS12);
    }

    #[test]
    fn reads_the_offer_of_an_ssl_2_hello() {
        let mut message = vec![1, 3, 1, 0, 6, 0, 0, 0, 16, 0, 0, 0x2F, 1, 0, 0x80];
        message.extend([9; 16]);
        let hello = ClientHello::parse_ssl2(&message).unwrap();
        assert_eq!(hello.version, ProtocolVersion::TLS10);
        assert_eq!(hello.cipher_suites, [SuiteId(0x2F)]);
        assert_eq!(hello.random[..17], [[0; 16].as_slice(), &[9]].concat());
        assert_eq!(hello.ssl2_kinds, [CipherKind(0x01_0080)]);
        assert!(hello.ssl2_format);
    }

    proptest! {
        #[test]
        fn no_bytes_make_them_panic(bytes: Vec<u8>) {
            let _ = ClientHello::parse(&bytes);
            let _ = ServerHello::parse(&bytes);
            let _ = ClientHello::parse_ssl2(&bytes);
        }
    }
}
