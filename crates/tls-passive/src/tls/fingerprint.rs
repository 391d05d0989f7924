//! JA3, JA3S and JA4: short names for what a stack offers, as other tools compute them.
//!
//! JA3 and JA3S: <https://github.com/salesforce/ja3>; JA4 (the TLS client part, BSD-3-Clause):
//! <https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md>. All leave GREASE out.

use md5::{Digest, Md5};
use sha2::Sha256;

use super::hello::{ClientHello, ServerHello};
use super::names::{ProtocolVersion, is_grease};
use crate::hex::hex;

/// JA3 of a ClientHello: 32 hex digits.
#[must_use]
pub fn ja3(hello: &ClientHello) -> String {
    let fields = [
        hello.version.0.to_string(),
        decimal(hello.cipher_suites.iter().map(|id| id.0)),
        decimal(hello.extensions.iter().map(|id| id.0)),
        decimal(hello.groups.iter().map(|id| id.0)),
        decimal(hello.point_formats.iter().map(|&format| u16::from(format))),
    ];
    hex(&Md5::digest(fields.join(",")))
}

/// JA3S of a ServerHello: 32 hex digits.
#[must_use]
pub fn ja3s(hello: &ServerHello) -> String {
    let extensions = decimal(hello.extensions.iter().map(|id| id.0));
    hex(&Md5::digest(format!("{},{},{extensions}", hello.version.0, hello.cipher_suite.0)))
}

/// JA4 of a ClientHello that came over TCP.
#[must_use]
pub fn ja4(hello: &ClientHello) -> String {
    let suites = without_grease(hello.cipher_suites.iter().map(|id| id.0));
    let extensions = without_grease(hello.extensions.iter().map(|id| id.0));
    let name = if hello.server_name.is_some() { 'd' } else { 'i' };
    let head = format!(
        "t{}{name}{:02}{:02}{}",
        ja4_version(hello.highest_version()),
        suites.len().min(99),
        extensions.len().min(99),
        ja4_alpn(hello)
    );
    // server_name and ALPN are told by the first part already.
    let told = |id: &u16| *id == 0 || *id == 16;
    let mut listed = sorted_hex(extensions.into_iter().filter(|id| !told(id)).collect());
    let is_listed = !listed.is_empty();
    let schemes = without_grease(hello.signature_algorithms.iter().map(|id| id.0));
    if !schemes.is_empty() {
        listed = format!("{listed}_{}", in_order_hex(&schemes));
    }
    let extensions = if is_listed { ja4_hash(&listed) } else { ja4_hash("") };
    format!("{head}_{}_{extensions}", ja4_hash(&sorted_hex(suites)))
}

fn ja4_version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLS13 => "13",
        ProtocolVersion::TLS12 => "12",
        ProtocolVersion::TLS11 => "11",
        ProtocolVersion::TLS10 => "10",
        ProtocolVersion::SSL3 => "s3",
        ProtocolVersion::SSL2 => "s2",
        _ => "00",
    }
}

/// First and last character of the first ALPN name; of its hex if they are not alphanumeric.
fn ja4_alpn(hello: &ClientHello) -> String {
    let Some(name) = hello.alpn.first().filter(|name| !name.is_empty()) else { return "00".into() };
    let ends = |text: &[u8]| [text.first(), text.last()].into_iter().flatten().copied().collect();
    let direct: Vec<u8> = ends(name);
    let shown: Vec<u8> = if direct.iter().all(u8::is_ascii_alphanumeric) {
        direct
    } else {
        ends(hex(name).as_bytes())
    };
    String::from_utf8_lossy(&shown).into_owned()
}

/// The first 12 hex digits of SHA-256, or zeros for nothing.
fn ja4_hash(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".into();
    }
    hex(&Sha256::digest(text)).chars().take(12).collect()
}

fn without_grease(values: impl Iterator<Item = u16>) -> Vec<u16> {
    values.filter(|&value| !is_grease(value)).collect()
}

fn decimal(values: impl Iterator<Item = u16>) -> String {
    let shown: Vec<_> = without_grease(values).iter().map(u16::to_string).collect();
    shown.join("-")
}

fn sorted_hex(mut values: Vec<u16>) -> String {
    values.sort_unstable();
    in_order_hex(&values)
}

fn in_order_hex(values: &[u16]) -> String {
    let shown: Vec<_> = values.iter().map(|value| format!("{value:04x}")).collect();
    shown.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::names::{ExtensionType, NamedGroup, SignatureScheme};
    use crate::tls::suite::SuiteId;

    /// The worked example of JA4.md, "JA4 for a Chrome ClientHello".
    fn chrome() -> ClientHello {
        let suites = [
            0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014,
            0x009C, 0x009D, 0x002F, 0x0035,
        ];
        let extensions = [
            0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012,
            0x002B, 0xFF01, 0x000B, 0x000A, 0x0015,
        ];
        let schemes = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
        ClientHello {
            version: ProtocolVersion::TLS12,
            cipher_suites: suites.map(SuiteId).to_vec(),
            extensions: extensions.map(ExtensionType).to_vec(),
            signature_algorithms: schemes.map(SignatureScheme).to_vec(),
            supported_versions: vec![ProtocolVersion(0x3A3A), ProtocolVersion::TLS13],
            server_name: Some("example.com".into()),
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            ..ClientHello::default()
        }
    }

    #[test]
    fn ja4_is_that_of_the_specification() {
        assert_eq!(ja4(&chrome()), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn ja3_is_that_of_its_readme() {
        let hello = ClientHello {
            version: ProtocolVersion::TLS10,
            cipher_suites: [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4]
                .map(SuiteId)
                .to_vec(),
            extensions: [0, 10, 11].map(ExtensionType).to_vec(),
            groups: [23, 24, 25].map(NamedGroup).to_vec(),
            point_formats: vec![0],
            ..ClientHello::default()
        };
        assert_eq!(ja3(&hello), "ada70206e40642a3e4461f35503241d5");
    }
}
