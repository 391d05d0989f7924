//! What can be wrong with key material, and what to do about it.

use std::io;

use super::form::Form;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file cannot be opened or read.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    /// The file is larger than key material ever is.
    #[error("larger than {0} bytes: not key material")]
    TooLarge(u64),
    /// No byte but white space.
    #[error("the file is empty")]
    Empty,
    /// UTF-16, as some Windows editors and shells write it.
    #[error("the file is UTF-16 text")]
    Utf16,

    /// A key list with NUL bytes.
    #[error("not a key list: the file is binary")]
    BinaryList,
    /// A folder without the files of a Wireshark profile.
    #[error("no Wireshark profile: it has none of ssl_keys, rsa_keys and preferences")]
    NotProfile,
    /// A PEM file where a list was expected.
    #[error("a PEM file, not a key list")]
    PemNotList,
    /// A key log (`SSLKEYLOGFILE`) where a list was expected.
    #[error("a key log, not a key list")]
    KeyLogNotList,
    /// A quote that is never closed.
    #[error("the quote that opens here is not closed on this line")]
    UnclosedQuote,
    /// Text between a closing quote and the next comma.
    #[error("text after the closing quote")]
    TextAfterQuote,
    /// A row with too few fields.
    #[error("a row of {0} field(s) where `ip,port,proto,path` needs four")]
    FieldCount(usize),
    /// The first field.
    #[error("no address: neither an IP address, a network, a range, a host name nor a wildcard")]
    Address,
    /// The second field.
    #[error("no port: not a number from 0 to 65535, a range or a wildcard")]
    Port,
    /// The fourth field.
    #[error("the path of the key file is empty")]
    NoPath,
    /// A path that leads to no file. It is not shown: where columns are swapped it is a password.
    #[error("the file that this column names cannot be read: {0}")]
    NamedUnreadable(io::Error),
    /// More rows for one key, or keys for one row, than are kept.
    #[error("more than {0} pairs of a row and a key: the others are left out")]
    TooManyPairs(usize),
    /// More faulty rows than are worth listing.
    #[error("too many faulty rows: the rest of the list was not read")]
    TooManyFaults,

    /// A field of a key log line that is missing.
    #[error("the line has no {0}")]
    LogFieldMissing(&'static str),
    /// A character that is no hexadecimal digit.
    #[error("the {0} has a character that is no hexadecimal digit")]
    LogHex(&'static str),
    /// A field of a key log line that is too short or too long.
    #[error("the {what} has {digits} hexadecimal digits, which is no length of one")]
    LogLength {
        /// Which field.
        what: &'static str,
        /// Its length.
        digits: usize,
    },
    /// A key log line that no secret is long enough for.
    #[error("the line is longer than that of any secret")]
    LogLineTooLong,
    /// A key log with NUL bytes before its first secret.
    #[error("not a key log: the file is binary")]
    BinaryLog,
    /// Text without a line of a key log.
    #[error("not a key log: no line of it holds a secret")]
    NotKeyLog,
    /// More secrets than are kept.
    #[error("more than {0} secrets: the rest of the key log was not read")]
    TooManySecrets(usize),
    /// Faulty lines beyond those that were told one by one.
    #[error("{0} more lines are faulty")]
    MoreLogFaults(usize),

    /// A line that holds no pre-shared key. It is not shown.
    #[error("no pre-shared key: neither hexadecimal digits nor IDENTITY:KEY")]
    PreShared,
    /// More pre-shared keys than are tried.
    #[error("more than {0} pre-shared keys: the rest is not tried")]
    TooManyPreShared(usize),

    /// Neither PEM nor DER.
    #[error("no key found: neither a PEM block nor DER")]
    NoKey,
    /// Another form of keys.
    #[error("{0}, which is not read as it is")]
    OtherForm(Form),
    /// The same, encrypted, and nothing to open it with.
    #[error("{0}, encrypted, and no password was given")]
    LockedForm(Form),
    /// Certificates, but no key.
    #[error("holds {0} certificate(s) but no private key")]
    OnlyCertificates(usize),
    /// A public key.
    #[error("a public key: it cannot decrypt")]
    PublicKey,
    /// A private key of another kind than RSA.
    #[error("{0} key cannot decrypt any key exchange")]
    NotRsa(String),
    /// An encrypted key, and nothing to open it with.
    #[error("encrypted key: no password was given")]
    NoPassword,
    /// An encrypted key that none of the passwords opens. Damage cannot be told apart from it.
    #[error("encrypted key: {}", wrong_password(*.0))]
    WrongPassword(usize),
    /// A cipher or key derivation that is not supported.
    #[error("encrypted by {0}, which is not supported")]
    UnknownEncryption(String),
    /// A key derivation that would take too long or too much memory.
    #[error("encrypted with a key derivation that costs too much ({0})")]
    Costly(String),
    /// Key derivations that together would take too long.
    #[error("encrypted, and the key derivations of this run come to more than {0} iterations")]
    ManyDerivations(u64),
    /// Key files that together are too large.
    #[error("the key files of this run come to more than {0} bytes")]
    MuchKeyMaterial(u64),
    /// `Proc-Type: 4,ENCRYPTED` without a `DEK-Info` that can be read.
    #[error("encrypted, but its DEK-Info header is missing or damaged")]
    DekInfo,
    /// A password file without a password.
    #[error("the password file holds no password")]
    EmptyPasswordFile,
    /// More passwords than are worth trying.
    #[error("more than {0} passwords: the rest is not tried")]
    TooManyPasswords(usize),
    /// A PKCS#11 URI in place of a path.
    #[error("a PKCS#11 token: not supported")]
    Token,
    /// OpenSSH's own format, encrypted.
    #[error("an encrypted OpenSSH private key: this format is not supported")]
    OpenSsh,
    /// A PEM block without its END line, or with that of another.
    #[error("the PEM block `{0}` that begins here has no END line of its own")]
    Unterminated(String),
    /// PEM text that is no base64.
    #[error("not base64")]
    Base64,
    /// DER that cannot be read.
    #[error("damaged: not the DER of a private key")]
    Damaged,
    /// Numbers that are not one key's.
    #[error("the numbers of this RSA key contradict each other: the file is damaged")]
    Inconsistent,
    /// A modulus too short or too long.
    #[error("an RSA key of {0} bits: only {MIN_BITS} to {MAX_BITS} bits are supported")]
    KeySize(u32),
}

/// A 48-byte premaster secret and 11 bytes of padding (RFC 8017 §7.2.1): no shorter modulus can
/// ever have carried one.
pub(super) const MIN_BITS: u32 = (48 + 11) * 8;

/// OpenSSL's limit (`OPENSSL_RSA_MAX_MODULUS_BITS`); it bounds the work a hostile file can cause.
pub(super) const MAX_BITS: u32 = 16384;

const PASSWORD_HINT: &str = "write its password in the fifth field of its row, on a line of the \
    file that --password-file names, or in the environment variable SMTP_DECRYPT_PASSWORD";

const LOG_HINT: &str = "lines are `LABEL <client random> <secret>`; two programs that write to one \
    log at the same time can mix their lines";

impl Problem {
    /// What to do about the problem met in `file`.
    pub(super) fn hint(&self, file: &str) -> String {
        match self {
            Self::Unreadable(error) | Self::NamedUnreadable(error) => io_hint(error),
            Self::NoKey => {
                "name a file with an RSA private key, in PEM (`-----BEGIN ... PRIVATE KEY-----`) or DER; \
                 a key list is given with --keys, a key log with --keylog"
            }
            Self::TooLarge(_) | Self::Empty => {
                "name a file with an RSA private key, in PEM (`-----BEGIN ... PRIVATE KEY-----`) or DER"
            }
            Self::Utf16 => "save it as UTF-8 (or plain ASCII)",
            Self::BinaryList => "a list is text, one `ip,port,proto,path` a line; give a key file with --key",
            Self::NotProfile => {
                "Wireshark's Help > About > Folders names the folder of its profiles"
            }
            Self::PemNotList => "give a key file with --key",
            Self::KeyLogNotList => "give a key log with --keylog",
            Self::UnclosedQuote => "close it; inside quotes write \\\" for a quote and \\\\ for a backslash",
            Self::TextAfterQuote => "put a comma between fields and a `;` between rows",
            Self::FieldCount(_) => {
                "write `ip,port,proto,path[,password]`, or `\"path\",\"password\"`; quote each field by itself"
            }
            Self::Address => "write 192.0.2.1, 192.0.2.0/24, 2001:db8::1, a host name, or `any`",
            Self::Port => "write 25, 2500-2600, start_tls, or `any`",
            Self::NoPath => "the fourth field names the key file, relative to the folder of the list",
            Self::TooManyPairs(_) => "write one row for many servers: `any`, a network or a range",
            Self::MuchKeyMaterial(_) => "give the keys of this capture alone",
            Self::ManyDerivations(_) => {
                "write the keys without a password (openssl pkey -in FILE -out plain.key), or give fewer passwords"
            }
            Self::TooManyFaults => "is this file a key list?",
            Self::OnlyCertificates(_) => "name the file with the server's private key, often beside it as .key",
            Self::PublicKey => "name the file with the private key",
            Self::NotRsa(_) => "only an RSA key used for RSA key exchange, or a key log (--keylog), can",
            Self::NoPassword | Self::WrongPassword(_) => PASSWORD_HINT,
            Self::UnknownEncryption(_) | Self::Costly(_) | Self::DekInfo => {
                return format!("write it without a password: openssl pkey -in {file} -out plain.key");
            }
            Self::EmptyPasswordFile | Self::TooManyPasswords(_) => "write one password a line",
            Self::LogFieldMissing(_) | Self::LogHex(_) | Self::LogLength { .. }
            | Self::LogLineTooLong | Self::MoreLogFaults(_) => LOG_HINT,
            Self::BinaryLog | Self::NotKeyLog => {
                "a key log has lines like `CLIENT_RANDOM <64 digits> <96 digits>`; a key file is given \
                 with --key, a key list with --keys"
            }
            Self::TooManySecrets(_) => "cut the log down to the sessions of the capture",
            Self::PreShared => {
                "write the key in hexadecimal digits, or a line IDENTITY:KEY for each, as psktool of GnuTLS does; \
                 a file whose name is digits is given as ./NAME"
            }
            Self::TooManyPreShared(_) => "give the keys of this capture alone",
            Self::OtherForm(form) => return form.conversion(file),
            Self::LockedForm(form) => {
                return format!("{PASSWORD_HINT}; or convert it: {}", form.conversion(file));
            }
            Self::OpenSsh => "convert a copy of it: ssh-keygen -p -m PEM -f COPY",
            Self::Token => "name a key file; a key that cannot leave its token needs a key log (--keylog)",
            Self::Unterminated(_) | Self::Base64 | Self::Damaged | Self::Inconsistent => {
                "copy the key file again from its server; `openssl pkey -check -noout -in FILE` tests it"
            }
            Self::KeySize(_) => "a server with such a key needs a key log (--keylog)",
        }
        .to_owned()
    }
}

fn io_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "check the path: in a list it starts at the folder of the list, `~` is not expanded, and a \
             backslash in quotes is written \\\\"
        }
        io::ErrorKind::PermissionDenied => "run as a user who may read it, or copy it",
        io::ErrorKind::IsADirectory => "name the files in it: --key may be given several times",
        _ => "name a readable file",
    }
}

fn wrong_password(tried: usize) -> String {
    match tried {
        0 | 1 => "the password is wrong, or the file is damaged".to_owned(),
        n => format!("none of {n} passwords opens it"),
    }
}
