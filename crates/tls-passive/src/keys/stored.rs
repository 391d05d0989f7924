//! Keys in forms that are neither PEM nor DER: read where that needs no tool of theirs.

use rsa::PrivateKey;
use zeroize::Zeroizing;

use super::error::Fault;
use super::file::{self, KeyFile};
use super::form::{self, Form};
use super::passwords::Candidates;
use super::problem::Problem;
use super::{java, numbers};

/// The keys of a file in such a form.
pub(super) fn keys(form: Form, bytes: &[u8], passwords: Candidates<'_>) -> Result<KeyFile, Fault> {
    let text = || std::str::from_utf8(bytes).map_err(|_| Problem::OtherForm(form));
    let of = |keys: Vec<PrivateKey>| KeyFile { keys, remark: None };
    match form {
        Form::JavaKeyStore => Ok(of(java::keys(bytes, passwords)?)),
        Form::JsonWebKey => Ok(of(numbers::of_json(text()?)?)),
        Form::DotNetXml => Ok(of(numbers::of_xml(text()?)?)),
        Form::Base64OfPem => {
            let Some(pem) = form::decoded_pem(bytes) else {
                return Err(Problem::OtherForm(form).into());
            };
            file::of_text(&pem, passwords)
        }
        Form::Putty => Err(Problem::OtherForm(form).into()),
    }
}

/// UTF-16 with a byte order mark, as PowerShell and old editors write text.
pub(super) fn utf8_of_utf16(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let (order, units) = bytes.split_first_chunk::<2>()?;
    let unit = match order {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let units = units.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(unit);
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for character in char::decode_utf16(units) {
        text.push(character.ok()?);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rsa::traits::PublicKeyParts;

    use super::*;
    use crate::keys::passwords::Passwords;

    fn bytes(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/keys/testkeys/");
        std::fs::read(format!("{folder}{name}")).expect(name)
    }

    fn moduli(bytes: &[u8], password: &str) -> Result<Vec<rsa::BoxedUint>, String> {
        let mut passwords = Passwords::default();
        passwords.add(password.as_bytes()).expect("a password");
        let file = file::parse(bytes, passwords.behind(None));
        let file = file.map_err(|fault| fault.problem.to_string())?;
        Ok(file.keys.iter().map(|key| key.n().as_ref().clone()).collect())
    }

    #[test]
    fn one_key_in_the_forms_of_other_programs_is_one_key() {
        let expected = moduli(&bytes("rsa1024.pem"), "").expect("PEM");
        for (name, password) in [
            ("stored/rsa1024.openssh", ""),
            ("stored/rsa1024.jwk", ""),
            ("stored/set.jwks", ""),
            ("stored/rsa1024.xml", ""),
            ("stored/secret.yaml", ""),
            ("stored/whole.base64", ""),
            ("stored/powershell.pem", ""),
            ("stored/changeit.jks", ""),
            ("stored/secret.jks", "secret"),
            ("stored/java.p12", "secret"),
        ] {
            assert_eq!(moduli(&bytes(name), password).as_ref(), Ok(&expected), "{name}");
        }
    }

    #[test]
    fn a_wrong_password_is_not_a_missing_one() {
        for name in ["stored/secret.jks", "stored/java.p12"] {
            let wrong = moduli(&bytes(name), "wrong").expect_err(name);
            assert!(wrong.contains("the password is wrong"), "{name}: {wrong}");
            let missing = moduli(&bytes(name), "").expect_err(name);
            assert!(missing.contains("no password was given"), "{name}: {missing}");
        }
    }

    proptest! {
        #[test]
        fn no_damage_makes_a_reader_panic(at in any::<prop::sample::Index>(), byte: u8, len in any::<prop::sample::Index>()) {
            for name in ["rsa1024.openssh", "rsa1024.jwk", "rsa1024.xml", "secret.yaml", "secret.jks"] {
                let mut bytes = bytes(&format!("stored/{name}"));
                let place = at.index(bytes.len());
                bytes[place] = byte;
                let _ = moduli(&bytes, "secret");
                bytes.truncate(len.index(bytes.len()));
                let _ = moduli(&bytes, "secret");
            }
        }
    }
}
