//! Handshake messages without what names or identifies anybody, as long as they were
//! (RFC 5246 §7.4, RFC 8446 §4). What is not known is zeros.

use super::aliases::Aliases;
use super::certificate;
use super::extension::{self, Speaker, alias};
use super::fields::Fields;
use crate::role::Role;
use crate::tls::handshake::{HandshakeType, Message};
use crate::tls::names::ProtocolVersion;
use crate::tls::suite::KeyExchange;

const ENCRYPTED_EXTENSIONS: HandshakeType = HandshakeType(8);

/// The client's and the server's random, with the version ahead of it.
const VERSION_AND_RANDOM: usize = 34;

/// What has been agreed on so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Agreed {
    pub(super) version: ProtocolVersion,
    pub(super) key_exchange: Option<KeyExchange>,
}

impl Agreed {
    fn is_tls13(self) -> bool {
        self.version == ProtocolVersion::TLS13
    }

    /// Signatures tell their algorithm from TLS 1.2 on (RFC 5246 §4.7).
    fn names_algorithms(self) -> bool {
        self.version >= ProtocolVersion::TLS12
    }
}

/// The body of a message, but for Finished, which follows from all others.
pub(super) fn rewritten(
    from: Role,
    message: &Message<'_>,
    agreed: Agreed,
    aliases: &mut Aliases,
) -> Vec<u8> {
    let mut body = message.body.to_vec();
    let mut fields = Fields(&mut body);
    if write_over(from, message.kind, &mut fields, agreed, aliases).is_none() {
        // What was kept before the fault would be of a message that nobody can read.
        body.fill(0);
    }
    body
}

/// None where the message is not what it should be.
fn write_over(
    from: Role,
    kind: HandshakeType,
    body: &mut Fields<'_>,
    agreed: Agreed,
    aliases: &mut Aliases,
) -> Option<()> {
    let speaker = if from == Role::Client { Speaker::Client } else { Speaker::Server };
    match kind {
        HandshakeType::CLIENT_HELLO => client_hello(body, aliases)?,
        HandshakeType::SERVER_HELLO => server_hello(body, aliases)?,
        ENCRYPTED_EXTENSIONS => extension::block(body.vector(2)?, speaker, aliases)?,
        HandshakeType::CERTIFICATE => certificates(body, agreed, aliases)?,
        HandshakeType::CERTIFICATE_REQUEST => certificate_request(body, agreed, aliases)?,
        HandshakeType::SERVER_KEY_EXCHANGE => server_key_exchange(body, agreed)?,
        HandshakeType::CLIENT_KEY_EXCHANGE => client_key_exchange(body),
        HandshakeType::CERTIFICATE_VERIFY => signature(body, agreed)?,
        HandshakeType::NEW_SESSION_TICKET => new_ticket(body, agreed, aliases)?,
        HandshakeType::KEY_UPDATE => _ = body.take(1)?,
        _ => {}
    }
    body.rest().fill(0);
    Some(())
}

fn client_hello(body: &mut Fields<'_>, aliases: &mut Aliases) -> Option<()> {
    body.take(VERSION_AND_RANDOM)?;
    alias(body.vector(1)?.rest(), aliases);
    body.vector(2)?;
    body.vector(1)?;
    if !body.is_empty() {
        extension::block(body.vector(2)?, Speaker::Client, aliases)?;
    }
    Some(())
}

/// The hello in SSL 2.0 format, from its message type on (RFC 5246 §E.2).
pub(super) fn ssl2_client_hello(content: &[u8], aliases: &mut Aliases) -> Vec<u8> {
    let mut content = content.to_vec();
    let mut fields = Fields(&mut content);
    let mut write_over = || {
        fields.take(3)?;
        let lengths = [fields.u16()?, fields.u16()?];
        fields.u16()?;
        fields.take(lengths[0].into())?;
        alias(fields.take(lengths[1].into())?, aliases);
        Some(())
    };
    if write_over().is_none() {
        content.fill(0);
    }
    content
}

fn server_hello(body: &mut Fields<'_>, aliases: &mut Aliases) -> Option<()> {
    body.take(VERSION_AND_RANDOM)?;
    alias(body.vector(1)?.rest(), aliases);
    // The suite and the compression method.
    body.take(3)?;
    if !body.is_empty() {
        extension::block(body.vector(2)?, Speaker::Server, aliases)?;
    }
    Some(())
}

fn certificates(body: &mut Fields<'_>, agreed: Agreed, aliases: &mut Aliases) -> Option<()> {
    if agreed.is_tls13() {
        body.vector(1)?.rest().fill(0);
    }
    let mut list = body.vector(3)?;
    while !list.is_empty() {
        let der = list.vector(3)?.rest();
        let safe = certificate::rewritten(der, aliases);
        der.copy_from_slice(&safe);
        if agreed.is_tls13() {
            extension::block(list.vector(2)?, Speaker::Server, aliases)?;
        }
    }
    Some(())
}

fn certificate_request(body: &mut Fields<'_>, agreed: Agreed, aliases: &mut Aliases) -> Option<()> {
    if agreed.is_tls13() {
        body.vector(1)?.rest().fill(0);
        return extension::block(body.vector(2)?, Speaker::Server, aliases);
    }
    body.vector(1)?;
    if agreed.names_algorithms() {
        body.vector(2)?;
    }
    let mut authorities = body.vector(2)?;
    while !authorities.is_empty() {
        let name = authorities.vector(2)?.rest();
        let safe = certificate::rewritten(name, aliases);
        name.copy_from_slice(&safe);
    }
    Some(())
}

/// The curve, or the length of the prime, stays (RFC 8422 §5.4, RFC 5246 §7.4.3).
fn server_key_exchange(body: &mut Fields<'_>, agreed: Agreed) -> Option<()> {
    const NAMED_CURVE: u8 = 3;
    match agreed.key_exchange? {
        KeyExchange::Ecdhe | KeyExchange::EcdhAnon => {
            let [kind, ..] = body.take(3)? else { return None };
            if *kind != NAMED_CURVE {
                return None;
            }
            body.vector(1)?.rest().fill(0);
        }
        KeyExchange::Dhe | KeyExchange::DhAnon => {
            for _ in 0..3 {
                length_alone(body.vector(2)?.rest());
            }
        }
        KeyExchange::RsaExport => {
            length_alone(body.vector(2)?.rest());
            length_alone(body.vector(2)?.rest());
        }
        _ => return Some(()),
    }
    if !body.is_empty() {
        signature(body, agreed)?;
    }
    Some(())
}

/// Of a number only how many bits it has.
fn length_alone(number: &mut [u8]) {
    if let Some((first, rest)) = number.split_first_mut() {
        *first = first.checked_ilog2().map_or(0, |top| 1 << top);
        rest.fill(0);
    }
}

/// What was encrypted, or the client's public key: its length in one byte or two, if it has one ahead.
fn client_key_exchange(body: &mut Fields<'_>) {
    let len = body.0.len();
    let kept = match *body.0 {
        [high, low, ..] if usize::from(u16::from_be_bytes([high, low])) + 2 == len => 2,
        [one, ..] if usize::from(one) + 1 == len => 1,
        _ => 0,
    };
    body.take(kept);
}

fn signature(body: &mut Fields<'_>, agreed: Agreed) -> Option<()> {
    if agreed.names_algorithms() {
        body.take(2)?;
    }
    body.vector(2)?.rest().fill(0);
    Some(())
}

/// Lifetimes stay (RFC 5077 §3.3, RFC 8446 §4.6.1).
fn new_ticket(body: &mut Fields<'_>, agreed: Agreed, aliases: &mut Aliases) -> Option<()> {
    body.take(4)?;
    if agreed.is_tls13() {
        body.take(4)?;
        body.vector(1)?;
    }
    alias(body.vector(2)?.rest(), aliases);
    if agreed.is_tls13() {
        extension::block(body.vector(2)?, Speaker::Server, aliases)?;
    }
    Some(())
}
