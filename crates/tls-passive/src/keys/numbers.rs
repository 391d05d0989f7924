//! RSA keys that are written as text, number by number: JSON Web Keys (RFC 7517, RFC 7518 §6.3) and the
//! `RSAKeyValue` of .NET (W3C XML Signature §4.5.2.2).

use rsa::PrivateKey;
use zeroize::Zeroizing;

use super::der;
use super::form::Form;
use super::problem::Problem;

/// Members of a JSON object that are looked at; those of a key are twelve.
const LONGEST_OBJECT: usize = 64;

/// Keys of a set that are read.
const LARGEST_SET: usize = 1000;

/// The RSA keys of a JSON Web Key or of a set of them; never none.
pub(super) fn of_json(text: &str) -> Result<Vec<PrivateKey>, Problem> {
    let mut keys = Vec::new();
    let mut other = None;
    for object in objects(text).iter().filter(|object| member(object, "kty").is_some()) {
        match key_of(object) {
            Ok(key) => keys.push(key),
            Err(problem) => other = other.or(Some(problem)),
        }
    }
    if keys.is_empty() { Err(other.unwrap_or(Problem::Damaged)) } else { Ok(keys) }
}

type Object<'t> = Vec<(&'t str, &'t str)>;

fn member<'t>(object: &Object<'t>, name: &str) -> Option<&'t str> {
    object.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

fn key_of(object: &Object<'_>) -> Result<PrivateKey, Problem> {
    match member(object, "kty") {
        Some("RSA") => {}
        Some("EC") => return Err(Problem::NotRsa("an EC".into())),
        Some("OKP") => return Err(Problem::NotRsa("an Edwards-curve".into())),
        _ => return Err(Problem::NotRsa("a symmetric".into())),
    }
    if member(object, "d").is_none() {
        return Err(Problem::PublicKey);
    }
    let number = |name: &str| member(object, name).and_then(|text| decoded(text, true));
    built(["n", "e", "d", "p", "q"].map(number), Form::JsonWebKey)
}

/// The key of an XML document.
pub(super) fn of_xml(text: &str) -> Result<Vec<PrivateKey>, Problem> {
    if element(text, "D").is_none() {
        return Err(Problem::PublicKey);
    }
    let number = |name: &str| element(text, name).and_then(|text| decoded(text, false));
    let numbers = ["Modulus", "Exponent", "D", "P", "Q"].map(number);
    built(numbers, Form::DotNetXml).map(|key| vec![key])
}

fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, behind) = text.split_once(&format!("<{name}>"))?;
    Some(behind.split_once(&format!("</{name}>"))?.0)
}

/// A key needs its primes to be checked; few programs leave them out.
fn built(numbers: [Option<Zeroizing<Vec<u8>>>; 5], form: Form) -> Result<PrivateKey, Problem> {
    let [Some(n), Some(e), Some(d), Some(p), Some(q)] = &numbers else {
        return Err(Problem::OtherForm(form));
    };
    der::of_numbers(n, e, d, &[p, q])
}

fn decoded(text: &str, is_for_urls: bool) -> Option<Zeroizing<Vec<u8>>> {
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    digits.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'='));
    let base64 =
        if is_for_urls { base64_simd::URL_SAFE_NO_PAD } else { base64_simd::STANDARD_NO_PAD };
    let len = base64.decode_inplace(&mut digits).ok()?.len();
    digits.truncate(len);
    Some(digits)
}

/// The members with text of each object, innermost ones by themselves. Names and values of keys have no
/// escapes; what has is no part of one.
fn objects(text: &str) -> Vec<Object<'_>> {
    let (mut done, mut open) = (Vec::new(), Vec::<Object<'_>>::new());
    let (mut rest, mut name) = (text, None);
    while let Some(at) = rest.find(['"', '{', '}', ',']) {
        let (mark, behind) = (rest.as_bytes().get(at), rest.get(at + 1..).unwrap_or_default());
        rest = behind;
        match mark {
            Some(b'{') => {
                name = None;
                open.push(Object::new());
            }
            Some(b'}') => done.extend(open.pop()),
            Some(b',') => name = None,
            _ => {
                let Some((word, behind)) = quoted(rest) else { break };
                rest = behind;
                match (name.take(), open.last_mut()) {
                    (Some(name), Some(object)) if object.len() < LONGEST_OBJECT => {
                        object.push((name, word));
                    }
                    _ => name = behind.trim_start().starts_with(':').then_some(word),
                }
            }
        }
        if done.len() > LARGEST_SET {
            break;
        }
    }
    done
}

/// What stands up to the closing quote, and what is behind it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn members_are_found_in_sets_and_beside_other_values() {
        let text = r#"{"keys": [{"kty":"EC","x5c":["a","b"],"n" : "1"}, {"kty":"RSA", "use":"sig"}], "z":1}"#;
        let found = objects(text);
        assert_eq!(member(&found[0], "n"), Some("1"));
        assert_eq!(member(&found[1], "kty"), Some("RSA"));
        assert!(matches!(of_json(text), Err(Problem::NotRsa(_))));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r#"[{}"\\:, a-c\[\]é]{0,60}"#) {
            let _ = (of_json(&text), of_xml(&text));
        }
    }
}
