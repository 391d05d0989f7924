//! A key file, PEM or DER: the RSA keys in it, or why there is none.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rsa::PrivateKey;
use zeroize::Zeroizing;

use super::error::{Fault, KeyError, Place};
use super::form::{self, Form};
use super::passwords::Candidates;
use super::pem::{self, Block};
use super::problem::Problem;
use super::{openssh, shape, stored, unlock};

/// A bundle with every CA certificate there is has a quarter of this; so has a list of ten thousand
/// rows. What is larger is a capture or a disk image, named by mistake.
pub(super) const MAX_BYTES: u64 = 1 << 20;

/// What a key file holds.
#[derive(Debug)]
pub(super) struct KeyFile {
    /// Its RSA keys; never none.
    pub(super) keys: Vec<PrivateKey>,
    /// What else is in it that cannot be used.
    pub(super) remark: Option<String>,
}

/// Reads the keys of the file at `path`.
pub(super) fn load(path: &Path, passwords: Candidates<'_>) -> Result<KeyFile, KeyError> {
    let bytes = read(path)?;
    let granted = passwords.budget.read(bytes.len() as u64);
    granted.map_err(|problem| KeyError::new(Place::file(path), problem))?;
    parse(&bytes, passwords).map_err(|fault| fault.in_file(path))
}

/// Why a file that another file names is not read: it is not there, or it is a device, a pipe or a
/// folder, which may have no end. (A pipe that the user names is what the user wants.)
pub(super) fn irregular(path: &Path) -> Option<io::Error> {
    match path.metadata() {
        Ok(file) if file.is_file() => None,
        Ok(file) if file.is_dir() => Some(io::ErrorKind::IsADirectory.into()),
        Ok(_) => Some(io::Error::other("not a regular file")),
        Err(error) => Some(error),
    }
}

/// The whole of a file that holds secrets; they are wiped when it is dropped.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let error = |problem| KeyError::new(Place::file(path), problem);
    let bytes = read_capped(path).map_err(|io| error(Problem::Unreadable(io)))?;
    within_cap(&bytes).map_err(|fault| fault.in_file(path))?;
    Ok(bytes)
}

/// `bytes`, unless they are too many for any key file.
pub(super) fn within_cap(bytes: &[u8]) -> Result<&[u8], Fault> {
    match bytes.len() as u64 > MAX_BYTES {
        true => Err(Problem::TooLarge(MAX_BYTES).into()),
        false => Ok(bytes),
    }
}

/// At most one byte more than the cap. The room is made before: growth leaves copies behind.
fn read_capped(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let room = file.metadata()?.len().min(MAX_BYTES).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or(0)));
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The keys in `bytes`.
pub(super) fn parse(bytes: &[u8], passwords: Candidates<'_>) -> Result<KeyFile, Fault> {
    if bytes.trim_ascii().is_empty() {
        return Err(Problem::Empty.into());
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let text = stored::utf8_of_utf16(bytes).ok_or(Problem::Utf16)?;
        return of_text(text.as_bytes(), passwords);
    }
    if shape::looks_like_der(bytes) {
        return Ok(KeyFile { keys: unlock::keys(bytes, passwords)?, remark: None });
    }
    if let Some(form) = Form::of(bytes) {
        return stored::keys(form, bytes, passwords);
    }
    of_text(bytes, passwords)
}

/// The keys in a PEM text.
pub(super) fn of_text(bytes: &[u8], passwords: Candidates<'_>) -> Result<KeyFile, Fault> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match str::from_utf8(text).ok().and_then(form::with_lines) {
        // Its lines are ours, and would mislead.
        Some(lines) => pem::blocks(lines.as_bytes())
            .and_then(|blocks| from_blocks(&blocks, passwords))
            .map_err(|fault| Fault { line: None, column: None, ..fault }),
        None => from_blocks(&pem::blocks(text)?, passwords),
    }
}

/// A damaged block fails the file; one of no use here only does so if there is no key beside it.
fn from_blocks(blocks: &[Block<'_>], passwords: Candidates<'_>) -> Result<KeyFile, Fault> {
    let (mut keys, mut unusable, mut certificates) = (Vec::new(), None, 0_usize);
    for block in blocks {
        match private_keys(block, passwords) {
            Some(Ok(found)) => keys.extend(found),
            Some(Err(fault)) if is_damage(&fault.problem) => return Err(fault),
            // What was not tried is told before what did not open.
            Some(Err(fault)) if matches!(fault.problem, Problem::ManyDerivations(_)) => {
                unusable = Some(fault);
            }
            Some(Err(fault)) => unusable = unusable.or(Some(fault)),
            None => certificates += usize::from(block.label.ends_with("CERTIFICATE")),
        }
    }
    match (keys.is_empty(), unusable) {
        (true, Some(fault)) => Err(fault),
        (true, None) if certificates > 0 => Err(Problem::OnlyCertificates(certificates).into()),
        (true, None) => Err(Problem::NoKey.into()),
        (false, unusable) => Ok(KeyFile { keys, remark: unusable.as_ref().map(remark) }),
    }
}

/// What the block holds, or `None` if it is no key at all. Its contents count, not its label: the
/// label of a PKCS#1 key is found on PKCS#8 ones, and the other way round.
fn private_keys(
    block: &Block<'_>,
    passwords: Candidates<'_>,
) -> Option<Result<Vec<PrivateKey>, Fault>> {
    let unusable = |problem| Some(Err(Fault::at_line(block.line, problem)));
    match block.label {
        "OPENSSH PRIVATE KEY" => Some(openssh(block)),
        label if label.ends_with("PUBLIC KEY") => unusable(Problem::PublicKey),
        label if !label.ends_with("PRIVATE KEY") && label != "PKCS12" => None,
        "EC PRIVATE KEY" if block.encrypted => unusable(Problem::NotRsa("an EC".into())),
        "DSA PRIVATE KEY" if block.encrypted => unusable(Problem::NotRsa("a DSA".into())),
        _ => Some(decode(block, passwords)),
    }
}

fn openssh(block: &Block<'_>) -> Result<Vec<PrivateKey>, Fault> {
    let key = openssh::key(&block.decode()?);
    key.map(|key| vec![key]).map_err(|problem| Fault::at_line(block.line, problem))
}

fn decode(block: &Block<'_>, passwords: Candidates<'_>) -> Result<Vec<PrivateKey>, Fault> {
    let bytes = block.decode()?;
    let keys = if block.encrypted {
        unlock::legacy_key(block.dek_info, &bytes, passwords).map(|key| vec![key])
    } else {
        unlock::keys(&bytes, passwords)
    };
    keys.map_err(|problem| Fault::at_line(block.line, problem))
}

/// A key that was meant and is broken, as against one of another kind.
fn is_damage(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::Base64 | Problem::Damaged | Problem::Inconsistent | Problem::KeySize(_)
    )
}

fn remark(fault: &Fault) -> String {
    format!("its file also holds, at line {}: {}", fault.line.unwrap_or(0), fault.problem)
}

#[cfg(test)]
mod tests;
