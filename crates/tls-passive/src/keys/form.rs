//! Forms in which keys are kept that are neither PEM nor DER, told by how they begin; and PEM whose
//! line ends were lost on the way through a variable or a quoted string.

use std::fmt;

use zeroize::Zeroizing;

/// A form of key files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JKS or JCEKS.
    JavaKeyStore,
    /// RFC 7517.
    JsonWebKey,
    /// `RSAKeyValue` (W3C XML Signature §4.5.2.2).
    DotNetXml,
    /// A `.ppk` file.
    Putty,
    /// A PEM file in base64, as a Kubernetes Secret holds it.
    Base64OfPem,
}

/// `-----BEGIN` in base64, but for the bits that depend on what follows.
const BEGIN_IN_BASE64: &[u8] = b"LS0tLS1CRUdJTi";

const ARMOR: [&str; 2] = ["-----BEGIN ", "-----END "];
const DASHES: &str = "-----";

impl Form {
    /// The form of a file, if it is one of these.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let text = bytes.trim_ascii_start();
        let has = |word: &[u8]| text.windows(word.len()).any(|window| window == word);
        match text {
            [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => Some(Self::JavaKeyStore),
            [b'{' | b'[', ..] if has(b"\"kty\"") => Some(Self::JsonWebKey),
            [b'<', ..] if has(b"RSAKeyValue") => Some(Self::DotNetXml),
            _ if text.starts_with(b"PuTTY-User-Key-File") => Some(Self::Putty),
            _ if has(BEGIN_IN_BASE64) => Some(Self::Base64OfPem),
            _ => None,
        }
    }

    /// The command that makes PEM of the file called `file`.
    #[must_use]
    pub fn conversion(self, file: &str) -> String {
        match self {
            Self::JavaKeyStore => format!(
                "keytool -importkeystore -srckeystore {file} -destkeystore key.p12 -deststoretype PKCS12, \
                 and give key.p12"
            ),
            Self::JsonWebKey => format!(
                "make PEM of it: step crypto key format --pem {file}, or its library's export"
            ),
            Self::DotNetXml => "export it as PEM: RSA.ExportPkcs8PrivateKeyPem() of .NET".to_owned(),
            Self::Putty => format!("puttygen {file} -O private-openssh -o key && ssh-keygen -p -m PEM -f key"),
            Self::Base64OfPem => {
                "decode it: kubectl get secret NAME -o jsonpath='{.data.tls\\.key}' | base64 -d > tls.key"
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::JavaKeyStore => "a Java key store (JKS)",
            Self::JsonWebKey => "a JSON Web Key (JWK)",
            Self::DotNetXml => "an XML key of .NET",
            Self::Putty => "a key of PuTTY",
            Self::Base64OfPem => "a PEM file in base64, as in a Kubernetes Secret",
        })
    }
}

/// The PEM texts in base64 that a file holds: the whole of it, or values of its.
pub(super) fn decoded_pem(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let is_blank = u8::is_ascii_whitespace;
    let mut pem = Zeroizing::new(Vec::with_capacity(bytes.len()));
    if bytes.iter().all(|byte| is_digit(byte) || is_blank(byte)) {
        append_decoded(bytes, &mut pem)?;
    } else {
        let values = bytes.split(|byte| !is_digit(byte));
        for value in values.filter(|value| value.starts_with(BEGIN_IN_BASE64)) {
            append_decoded(value, &mut pem)?;
            pem.push(b'\n');
        }
    }
    (!pem.is_empty()).then_some(pem)
}

fn append_decoded(base64: &[u8], out: &mut Zeroizing<Vec<u8>>) -> Option<()> {
    let mut digits = Zeroizing::new(base64.to_vec());
    let decoded = base64_simd::forgiving_decode_inplace(&mut digits).ok()?;
    out.extend_from_slice(decoded);
    Some(())
}

/// A PEM text whose blocks stand on one line, or whose line ends are written as `\n`, with its lines;
/// none if it has them.
pub(super) fn with_lines(text: &str) -> Option<Zeroizing<String>> {
    let is_folded =
        |line: &str| ARMOR.iter().any(|armor| line.contains(armor)) && !is_alone(line.trim());
    if !text.lines().any(is_folded) {
        return None;
    }
    // Two line ends for each armor at most: it never grows, and leaves no copies behind.
    let mut lines = Zeroizing::new(String::with_capacity(text.len() * 2 + 16));
    let mut rest = text;
    while let Some((at, len)) = next_break(rest) {
        let (before, behind) = rest.split_at(at);
        let (token, behind) = behind.split_at(len);
        lines.push_str(before);
        lines.push('\n');
        if token.starts_with(DASHES) {
            lines.push_str(token);
            lines.push('\n');
        }
        rest = behind;
    }
    lines.push_str(rest);
    Some(lines)
}

fn is_alone(line: &str) -> bool {
    armor_at(line).is_some_and(|(at, len)| at == 0 && len == line.len())
}

/// The next armor or written line end: where it is, and how long.
fn next_break(text: &str) -> Option<(usize, usize)> {
    let written = ["\\r", "\\n"].iter().filter_map(|end| Some((text.find(end)?, end.len())));
    written.chain(armor_at(text)).min()
}

/// The next `-----BEGIN LABEL-----` or `-----END LABEL-----`.
fn armor_at(text: &str) -> Option<(usize, usize)> {
    let found = ARMOR.iter().filter_map(|start| {
        let at = text.find(start)?;
        let label = text.get(at + start.len()..)?;
        Some((at, start.len() + label.find(DASHES)? + DASHES.len()))
    });
    found.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_known_by_how_it_begins() {
        let known = [
            (&b"\xfe\xed\xfe\xed\0\0\0\x02"[..], Form::JavaKeyStore),
            (b"{\"kty\": \"RSA\", \"n\": \"x\"}", Form::JsonWebKey),
            (b"<RSAKeyValue><Modulus>", Form::DotNetXml),
            (b"PuTTY-User-Key-File-2: ssh-rsa", Form::Putty),
            (b"data:\n  tls.key: LS0tLS1CRUdJTiBQUklW", Form::Base64OfPem),
        ];
        for (bytes, form) in known {
            assert_eq!(Form::of(bytes), Some(form));
        }
        assert_eq!(Form::of(b"{\"name\": 1}"), None);
        assert_eq!(Form::of(b"-----BEGIN PRIVATE KEY-----\nAAAA"), None);
    }

    #[test]
    fn lost_line_ends_come_back() {
        let expected = ["-----BEGIN A-----", "Zm9v", "-----END A-----"];
        for text in [
            "-----BEGIN A----- Zm9v -----END A-----",
            "KEY=\"-----BEGIN A-----\\nZm9v\\n-----END A-----\\n\"",
            "-----BEGIN A-----\\r\\nZm9v\\r\\n-----END A-----",
            "-----BEGIN A-----Zm9v-----END A-----",
        ] {
            let lines = with_lines(text).expect(text);
            let found: Vec<_> = lines
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with("KEY") && *line != "\"")
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_text_with_its_lines_is_left_alone() {
        assert!(with_lines("x\n  -----BEGIN A-----\r\nZm9v\r\n-----END A-----\n").is_none());
        assert!(with_lines("no key at all").is_none());
    }
}
