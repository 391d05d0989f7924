//! Private keys as OpenSSH writes them (its PROTOCOL.key), as long as they are not encrypted.

use rsa::PrivateKey;

use super::der;
use super::problem::Problem;

const MAGIC: &[u8] = b"openssh-key-v1\0";

/// The RSA key in a block.
pub(super) fn key(bytes: &[u8]) -> Result<PrivateKey, Problem> {
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(Problem::Damaged)?;
    let cipher = string(&mut rest).ok_or(Problem::Damaged)?;
    if cipher != b"none" {
        return Err(Problem::OpenSsh);
    }
    private_part(rest).ok_or(Problem::Damaged).and_then(of_private_part)
}

/// Behind the cipher: the key derivation and its options, the number of keys, the public key.
fn private_part(mut rest: &[u8]) -> Option<&[u8]> {
    string(&mut rest)?;
    string(&mut rest)?;
    let (_, behind) = rest.split_first_chunk::<4>()?;
    rest = behind;
    string(&mut rest)?;
    string(&mut rest)
}

/// Two check numbers, the kind, and the numbers of the key.
fn of_private_part(bytes: &[u8]) -> Result<PrivateKey, Problem> {
    let (_, mut rest) = bytes.split_first_chunk::<8>().ok_or(Problem::Damaged)?;
    let kind = string(&mut rest).ok_or(Problem::Damaged)?;
    if kind != b"ssh-rsa" {
        let is_ec = kind.starts_with(b"ecdsa");
        return Err(Problem::NotRsa(if is_ec { "an EC" } else { "an OpenSSH" }.into()));
    }
    let mut number = || string(&mut rest).map(unsigned).ok_or(Problem::Damaged);
    let (n, e, d, _inverse, p, q) =
        (number()?, number()?, number()?, number()?, number()?, number()?);
    der::of_numbers(n, e, d, &[p, q])
}

/// A number is signed (RFC 4251 §5): a zero stands ahead of a high bit.
fn unsigned(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

fn string<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (len, behind) = rest.split_first_chunk::<4>()?;
    let (string, behind) = behind.split_at_checked(u32::from_be_bytes(*len) as usize)?;
    *rest = behind;
    Some(string)
}
