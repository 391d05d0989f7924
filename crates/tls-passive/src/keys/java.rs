//! Java key stores (JKS), as `sun.security.provider.JavaKeyStore` and its `KeyProtector` write them. What
//! hides a key there is the SHA-1 of its password, block after block.

use pkcs8::der::asn1::AnyRef;
use rsa::PrivateKey;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::form::Form;
use super::passwords::{Candidates, Refusal};
use super::problem::Problem;
use super::{asn1, der};

const MAGIC: &[u8] = &[0xfe, 0xed, 0xfe, 0xed];

/// The kinds of entries.
const PRIVATE_KEY: u32 = 1;
const CERTIFICATE: u32 = 2;

const DIGEST: usize = 20;

/// What Java's tools suggest, and most stores have.
const USUAL_PASSWORD: &[u8] = b"changeit";

/// The RSA keys of a store; never none. JCEKS hides keys in another way, and is not read.
pub(super) fn keys(bytes: &[u8], passwords: Candidates<'_>) -> Result<Vec<PrivateKey>, Problem> {
    let store = bytes.strip_prefix(MAGIC).ok_or(Problem::OtherForm(Form::JavaKeyStore))?;
    let hidden = hidden_keys(store).ok_or(Problem::Damaged)?;
    if hidden.is_empty() {
        return Err(Problem::NoKey);
    }
    let opened = passwords.open(|password| all_of(&hidden, password.bytes));
    opened.or_else(|problem| {
        all_of(&hidden, USUAL_PASSWORD).map_err(|refusal| match (refusal, problem) {
            (Refusal::Problem(problem), _) => problem,
            // What opens it is a password, or else the store's own tool.
            (_, Problem::NoPassword) => Problem::LockedForm(Form::JavaKeyStore),
            (_, problem) => problem,
        })
    })
}

fn all_of(hidden: &[&[u8]], password: &[u8]) -> Result<Vec<PrivateKey>, Refusal> {
    let mut keys = Vec::new();
    let mut other = None;
    for hidden in hidden {
        match der::decode(&shown(hidden, password).ok_or(Refusal::WrongPassword)?) {
            Ok(key) => keys.push(key),
            Err(problem) => other = other.or(Some(problem)),
        }
    }
    match (keys.is_empty(), other) {
        (true, Some(problem)) => Err(problem.into()),
        _ => Ok(keys),
    }
}

/// The EncryptedPrivateKeyInfo of each private key.
fn hidden_keys(mut rest: &[u8]) -> Option<Vec<&[u8]>> {
    let version = number(&mut rest)?;
    let mut found = Vec::new();
    for _ in 0..number(&mut rest)? {
        let kind = number(&mut rest)?;
        short_text(&mut rest)?;
        rest = rest.get(8..)?;
        match kind {
            PRIVATE_KEY => {
                found.push(long_bytes(&mut rest)?);
                for _ in 0..number(&mut rest)? {
                    certificate(version, &mut rest)?;
                }
            }
            CERTIFICATE => certificate(version, &mut rest)?,
            _ => return None,
        }
    }
    Some(found)
}

/// Its type stands ahead of a certificate from version 2 on.
fn certificate(version: u32, rest: &mut &[u8]) -> Option<()> {
    if version >= 2 {
        short_text(rest)?;
    }
    long_bytes(rest).map(|_| ())
}

/// The PrivateKeyInfo, if the password is right: a salt, what is hidden, and the digest of password and
/// plaintext.
fn shown(hidden: &[u8], password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let [_, data] = asn1::fields(AnyRef::try_from(hidden).ok()?)?[..] else { return None };
    let (salt, rest) = asn1::octets(data)?.split_at_checked(DIGEST)?;
    let (ciphertext, expected) = rest.split_at_checked(rest.len().checked_sub(DIGEST)?)?;
    let password = utf16(password)?;
    let mut plaintext = Zeroizing::new(Vec::with_capacity(ciphertext.len()));
    let mut block: [u8; DIGEST] = salt.try_into().ok()?;
    for part in ciphertext.chunks(DIGEST) {
        block = Sha1::new_with_prefix(&*password).chain_update(block).finalize().into();
        plaintext.extend(part.iter().zip(block).map(|(byte, key)| byte ^ key));
    }
    let found = Sha1::new_with_prefix(&*password).chain_update(&*plaintext).finalize();
    (found[..] == *expected).then_some(plaintext)
}

/// The password as Java has it.
fn utf16(password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(password).ok()?;
    let mut units = Zeroizing::new(Vec::with_capacity(password.len() * 2));
    units.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    Some(units)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (number, behind) = rest.split_first_chunk::<4>()?;
    *rest = behind;
    Some(u32::from_be_bytes(*number))
}

fn long_bytes<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let len = number(rest)?;
    taken(rest, len as usize)
}

fn short_text<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (len, behind) = rest.split_first_chunk::<2>()?;
    *rest = behind;
    taken(rest, usize::from(u16::from_be_bytes(*len)))
}

fn taken<'b>(rest: &mut &'b [u8], len: usize) -> Option<&'b [u8]> {
    let (taken, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    Some(taken)
}
