//! A look into packets before their turn: what will be asked of an RSA key.

use super::handshake::{HEADER, HandshakeType, message_length};
use super::record::{self, ContentType};

/// The premaster secret as a client encrypts it, if a ClientKeyExchange is whole within these bytes
/// and they begin with a record. Other layouts are not worth a search: what is not seen here is
/// computed when its turn comes.
pub(super) fn encrypted_premaster(payload: &[u8]) -> Option<&[u8]> {
    let mut rest = payload;
    while let &[kind, 3, _, high, low, ref behind @ ..] = rest
        && ContentType(kind) == ContentType::HANDSHAKE
    {
        let length = usize::from(u16::from_be_bytes([high, low]));
        if let Some(body) = key_exchange(behind.get(..length)?) {
            return Some(without_length(body));
        }
        rest = rest.get(record::HEADER + length..)?;
    }
    None
}

/// The body of the ClientKeyExchange among whole messages.
fn key_exchange(mut messages: &[u8]) -> Option<&[u8]> {
    while let Ok(Some(total)) = message_length(messages) {
        let (message, rest) = messages.split_at_checked(total)?;
        if message.first() == Some(&HandshakeType::CLIENT_KEY_EXCHANGE.0) {
            return message.get(HEADER..);
        }
        messages = rest;
    }
    None
}

/// TLS puts a length of two bytes before the ciphertext, SSL 3.0 none (RFC 5246 §7.4.7.1).
fn without_length(body: &[u8]) -> &[u8] {
    match body.split_first_chunk::<2>() {
        Some((&length, rest)) if usize::from(u16::from_be_bytes(length)) == rest.len() => rest,
        _ => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &[u8] = &[22, 3, 3, 0, 7, 11, 0, 0, 3, 0, 0, 0];
    const KEY_EXCHANGE: &[u8] = &[22, 3, 3, 0, 7, 16, 0, 0, 3, 0, 1, 42];

    #[test]
    fn finds_a_key_exchange_behind_other_messages() {
        let flight = [CERTIFICATE, KEY_EXCHANGE, &[20, 3, 3, 0, 1, 1]].concat();
        assert_eq!(encrypted_premaster(&flight), Some(&[42][..]));
        let one_record = [&[22, 3, 3, 0, 14], &CERTIFICATE[5..], &KEY_EXCHANGE[5..]].concat();
        assert_eq!(encrypted_premaster(&one_record), Some(&[42][..]));
        assert_eq!(encrypted_premaster(&[22, 3, 0, 0, 5, 16, 0, 0, 1, 42]), Some(&[42][..]));
    }

    #[test]
    fn passes_over_what_is_not_whole() {
        assert_eq!(encrypted_premaster(&KEY_EXCHANGE[..11]), None);
        assert_eq!(encrypted_premaster(b"EHLO x\r\n"), None);
        assert_eq!(encrypted_premaster(&[22, 3, 3, 0, 0]), None);
        assert_eq!(encrypted_premaster(CERTIFICATE), None);
    }
}
