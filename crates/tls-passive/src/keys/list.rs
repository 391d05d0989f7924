//! The key list file: rows with their positions, in every dialect a tutorial may have taught.
//!
//! * lines `ip,port,proto,path[,password]`, and several such rows between `;` (the preference
//!   `tls.keys_list`, once `ssl.keys_list`);
//! * `"ip","port","proto","path","password"` (the UAT file `ssl_keys`), where an unquoted field is
//!   text spelled in hexadecimal;
//! * `"path","password"` (the UAT file `rsa_keys`).
//!
//! `#` begins a comment; blank lines, CRLF and a byte order mark mean nothing. Every faulty row is
//! reported, not only the first. A relative path starts at the folder of the list.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::address::AddressPattern;
use super::error::{Fault, KeyError, Place};
use super::field::{Field, Rows, hex_text};
use super::port::PortPattern;
use super::problem::Problem;
use super::row::Row;

/// What a row copied out of a command line or a preferences file may still have in front.
const PREFIXES: [&[u8]; 4] =
    [b"tls.keys_list:", b"ssl.keys_list:", b"uat:ssl_keys:", b"uat:rsa_keys:"];

/// First words of the lines of a key log, which is given with another option.
const KEY_LOG_WORDS: [&[u8]; 5] = [
    b"CLIENT_RANDOM ",
    b"RSA ",
    b"CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
    b"SERVER_HANDSHAKE_TRAFFIC_SECRET ",
    b"CLIENT_TRAFFIC_SECRET_0 ",
];

/// A file that is no key list at all would else give an error for each of its lines.
pub(super) const MAX_FAULTS: usize = 1000;

/// What the third column is known to say. Of another word it may be a password whose column is wrong.
const PROTOCOLS: [&str; 22] = [
    "data",
    "dns",
    "ftp",
    "http",
    "http2",
    "https",
    "imap",
    "imaps",
    "ldap",
    "ldaps",
    "lmtp",
    "pop",
    "pop3",
    "pop3s",
    "sip",
    "smtp",
    "smtps",
    "ssl",
    "start_tls",
    "starttls",
    "submission",
    "tls",
];

/// A row and the key file it names.
pub(super) struct ListRow {
    /// The servers it is for.
    pub(super) row: Row,
    /// The key file.
    pub(super) path: PathBuf,
    /// The password of the key file.
    pub(super) password: Option<Zeroizing<Vec<u8>>>,
    /// Where the list names the key file.
    pub(super) at: Place,
    /// Where it has the password.
    pub(super) password_at: Option<Place>,
    /// What the user should know of the row, though it is good.
    pub(super) remark: Option<String>,
}

/// Reads the list `text` of `file`: the good rows, and what is wrong with the others.
pub(super) fn parse(text: &[u8], file: &Path) -> (Vec<ListRow>, Vec<KeyError>) {
    let mut list = List { file, rows: Vec::new(), faults: Vec::new() };
    let outcome = list.read(text);
    list.faults.extend(outcome.err().map(|fault| fault.in_file(file)));
    (list.rows, list.faults)
}

struct List<'a> {
    file: &'a Path,
    rows: Vec<ListRow>,
    faults: Vec<KeyError>,
}

/// A line and its number.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a [u8],
    number: u32,
}

impl List<'_> {
    /// An error here is one of the whole list: nothing more of it is worth reading.
    fn read(&mut self, text: &[u8]) -> Result<(), Fault> {
        if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
            return Err(Problem::Utf16.into());
        }
        if text.contains(&0) {
            return Err(Problem::BinaryList.into());
        }
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        for (number, text) in (1..).zip(text.split(|&b| b == b'\n')) {
            self.line(Line { text, number })?;
        }
        Ok(())
    }

    fn line(&mut self, line: Line<'_>) -> Result<(), Fault> {
        if let Some(problem) = mistaken(line.text) {
            return Err(Fault::at_line(line.number, problem));
        }
        for row in Rows::new(line.text, start(line.text)) {
            match row {
                Ok(fields) => self.row(line, fields),
                Err(fault) => self.fault(line, fault.at, fault.problem),
            }
        }
        if self.faults.len() >= MAX_FAULTS {
            return Err(Fault::at_line(line.number, Problem::TooManyFaults));
        }
        Ok(())
    }

    fn row(&mut self, line: Line<'_>, mut fields: Vec<Field>) {
        spell_out(&mut fields);
        match fields.as_slice() {
            [path, password] if path.quoted => {
                let row = Row::everywhere(self.source(line));
                self.push(line, row, path, Some(password), None);
            }
            [ip, port, proto, path, rest @ ..] => self.full(line, [ip, port, proto, path], rest),
            [first, ..] => self.fault(line, first.at, Problem::FieldCount(fields.len())),
            [] => {}
        }
    }

    /// A row of four fields or more. Each bad field is told, so that one run shows them all.
    fn full(&mut self, line: Line<'_>, fields: [&Field; 4], rest: &[Field]) {
        let [ip, port, proto, path] = fields;
        let address = AddressPattern::parse(&text(ip));
        let pattern = PortPattern::parse(&text(port));
        if address.is_none() {
            self.fault(line, ip.at, Problem::Address);
        }
        if pattern.is_none() {
            self.fault(line, port.at, Problem::Port);
        }
        let (Some(address), Some(port)) = (address, pattern) else { return };
        let remark = remark(&address, rest.len());
        let row =
            Row { address, port, protocol: protocol(&text(proto)), source: self.source(line) };
        self.push(line, row, path, rest.first(), remark);
    }

    fn push(
        &mut self,
        line: Line<'_>,
        row: Row,
        path: &Field,
        password: Option<&Field>,
        remark: Option<String>,
    ) {
        if path.bytes.is_empty() {
            return self.fault(line, path.at, Problem::NoPath);
        }
        if path.bytes.starts_with(b"pkcs11:") {
            return self.fault(line, path.at, Problem::Token);
        }
        let password = password.filter(|field| !field.bytes.is_empty());
        let password_at = password.map(|field| self.place(line, field.at));
        let password = password.map(|field| field.bytes.clone());
        let at = self.place(line, path.at);
        let path = self.file.parent().unwrap_or_else(|| Path::new("")).join(os_path(&path.bytes));
        self.rows.push(ListRow { row, path, password, at, password_at, remark });
    }

    fn fault(&mut self, line: Line<'_>, at: usize, problem: Problem) {
        let place = self.place(line, at);
        self.faults.push(KeyError::new(place, problem));
    }

    fn place(&self, line: Line<'_>, at: usize) -> Place {
        let column = Some(column(line.text, at));
        Place { line: Some(line.number), column, ..Place::file(self.file) }
    }

    fn source(&self, line: Line<'_>) -> String {
        Place { line: Some(line.number), ..Place::file(self.file) }.to_string()
    }
}

/// What else the file is, if this line gives it away.
fn mistaken(line: &[u8]) -> Option<Problem> {
    if line.starts_with(b"-----BEGIN ") {
        return Some(Problem::PemNotList);
    }
    let logged = KEY_LOG_WORDS.iter().any(|word| line.starts_with(word));
    logged.then_some(Problem::KeyLogNotList)
}

/// Where the rows of the line begin: after a prefix that names the dialect, if it has one.
fn start(line: &[u8]) -> usize {
    let indent = line.len() - line.trim_ascii_start().len();
    let prefix = PREFIXES.iter().find(|prefix| line[indent..].starts_with(prefix));
    indent + prefix.map_or(0, |prefix| prefix.len())
}

/// Reads the unquoted fields of a row that also has quoted ones as Wireshark does: as text in
/// hexadecimal. A port is left alone if it is one only as it stands.
fn spell_out(fields: &mut [Field]) {
    if !fields.iter().any(|field| field.quoted) {
        return;
    }
    for (index, field) in fields.iter_mut().enumerate().filter(|(_, field)| !field.quoted) {
        let Some(bytes) = hex_text(&field.bytes) else { continue };
        let spelled = String::from_utf8_lossy(&bytes);
        if index != 1 || PortPattern::parse(&spelled).is_some() {
            field.bytes = bytes;
        }
    }
}

/// `rest` counts the fields from the password on.
fn remark(address: &AddressPattern, rest: usize) -> Option<String> {
    if let AddressPattern::Name(name) = address {
        return Some(format!("host name {name} is not resolved: the row fits no address"));
    }
    (rest > 1).then(|| "fields after the password are ignored".to_owned())
}

fn text(field: &Field) -> String {
    String::from_utf8_lossy(&field.bytes).trim().to_owned()
}

/// The protocol as written, if it is one.
fn protocol(written: &str) -> String {
    let is_known =
        written.is_empty() || PROTOCOLS.iter().any(|known| written.eq_ignore_ascii_case(known));
    if is_known { written.to_owned() } else { "other".to_owned() }
}

/// The 1-based column, in characters, of byte `at`: continuation bytes of UTF-8 do not count.
pub(super) fn column(line: &[u8], at: usize) -> u32 {
    let characters = line.iter().take(at).filter(|&&b| b & 0xc0 != 0x80).count();
    u32::try_from(characters).unwrap_or(u32::MAX).saturating_add(1)
}

/// On Unix a path is bytes, whatever their encoding.
#[cfg(unix)]
pub(super) fn os_path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
pub(super) fn os_path(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
mod tests;
