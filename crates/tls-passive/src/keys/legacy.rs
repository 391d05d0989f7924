//! Encrypted PEM as OpenSSL wrote it before PKCS#8: `Proc-Type: 4,ENCRYPTED` and
//! `DEK-Info: CIPHER,IV` (headers of RFC 1421, key derivation of OpenSSL alone).

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::kdf;
use super::passwords::Refusal;
use super::problem::Problem;

/// The first bytes of the initialization vector are the salt, whatever the cipher.
const SALT_BYTES: usize = 8;

/// The plaintext of a block, if the password makes good padding.
pub(super) fn decrypt(
    dek_info: Option<&str>,
    ciphertext: &[u8],
    password: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let (name, iv) = dek_info.and_then(|info| info.split_once(',')).ok_or(Problem::DekInfo)?;
    let cipher = cipher(name.trim()).ok_or_else(|| {
        Problem::UnknownEncryption(super::error::printable(
            &name.chars().take(40).collect::<String>(),
        ))
    })?;
    let iv = unhex(iv.trim()).filter(|iv| iv.len() == cipher.iv_len()).ok_or(Problem::DekInfo)?;
    let salt = iv.get(..SALT_BYTES).ok_or(Problem::DekInfo)?;
    let key = kdf::bytes_to_key(password, salt, cipher.key_len());
    cipher.decrypt(&key, &iv, ciphertext).ok_or(Refusal::WrongPassword)
}

fn cipher(name: &str) -> Option<Cipher> {
    Some(match name {
        "DES-CBC" => Cipher::Des,
        "DES-EDE3-CBC" => Cipher::TripleDes3,
        "AES-128-CBC" => Cipher::Aes128,
        "AES-192-CBC" => Cipher::Aes192,
        "AES-256-CBC" => Cipher::Aes256,
        "RC2-40-CBC" => Cipher::Rc2 { key_len: 5 },
        "RC2-64-CBC" => Cipher::Rc2 { key_len: 8 },
        "RC2-CBC" => Cipher::Rc2 { key_len: 16 },
        _ => return None,
    })
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |c: &u8| char::from(*c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?);
    digits.as_bytes().chunks(2).map(pair).collect()
}
