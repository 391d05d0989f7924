//! What extensions say of a negotiation stays; names, tickets and key shares go (RFC 8446 §4.2).

use super::aliases::Aliases;
use super::fields::Fields;
use crate::tls::names::is_grease;

/// Extensions that stay as they are: versions, groups, algorithms, protocols, sizes.
const TELLING: [u16; 16] = [
    1,  // max_fragment_length
    10, // supported_groups
    11, // ec_point_formats
    13, // signature_algorithms
    15, // heartbeat
    16, // application_layer_protocol_negotiation
    21, // padding
    22, // encrypt_then_mac
    23, // extended_master_secret
    27, // compress_certificate
    28, // record_size_limit
    42, // early_data
    43, // supported_versions
    45, // psk_key_exchange_modes
    49, // post_handshake_auth
    50, // signature_algorithms_cert
];

const SERVER_NAME: u16 = 0;
const STATUS_REQUEST: u16 = 5;
const SESSION_TICKET: u16 = 35;
const PRE_SHARED_KEY: u16 = 41;
const COOKIE: u16 = 44;
const KEY_SHARE: u16 = 51;
const RENEGOTIATION_INFO: u16 = 0xFF01;

/// A status_request without names (RFC 6066 §8).
const NAMELESS_STATUS_REQUEST: usize = 5;

/// Who speaks: some extensions look otherwise in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    Client,
    Server,
}

/// Writes over a block of extensions, without the length ahead of it.
pub(super) fn block(mut block: Fields<'_>, speaker: Speaker, aliases: &mut Aliases) -> Option<()> {
    while !block.is_empty() {
        let kind = block.u16()?;
        let content = block.vector(2)?.rest();
        if one(kind, &mut Fields(&mut *content), speaker, aliases).is_none() {
            content.fill(0);
        }
    }
    Some(())
}

/// None for what is not known well enough to keep any of it.
fn one(kind: u16, content: &mut Fields<'_>, speaker: Speaker, aliases: &mut Aliases) -> Option<()> {
    match (kind, speaker) {
        (kind, _) if TELLING.contains(&kind) => {}
        (kind, _) if is_grease(kind) && content.0.len() <= 1 => {}
        (STATUS_REQUEST, _) if content.0.len() <= NAMELESS_STATUS_REQUEST => {}
        (SERVER_NAME, Speaker::Client) => server_names(content.vector(2)?, aliases)?,
        (SESSION_TICKET, _) => alias(content.rest(), aliases),
        (COOKIE, _) => alias(content.vector(2)?.rest(), aliases),
        (PRE_SHARED_KEY, Speaker::Client) => offered_keys(content, aliases)?,
        (PRE_SHARED_KEY, Speaker::Server) => {}
        (KEY_SHARE, Speaker::Client) => {
            let mut shares = content.vector(2)?;
            while !shares.is_empty() {
                share(&mut shares)?;
            }
        }
        // A HelloRetryRequest has the group alone.
        (KEY_SHARE, Speaker::Server) if content.0.len() == 2 => {}
        (KEY_SHARE, Speaker::Server) => share(content)?,
        (RENEGOTIATION_INFO, _) => content.vector(1)?.rest().fill(0),
        _ => return None,
    }
    Some(())
}

/// Puts the pseudonym of a number in its place.
pub(super) fn alias(number: &mut [u8], aliases: &mut Aliases) {
    if !number.is_empty() {
        let pseudonym = aliases.number(number);
        number.copy_from_slice(&pseudonym);
    }
}

fn server_names(mut names: Fields<'_>, aliases: &mut Aliases) -> Option<()> {
    while !names.is_empty() {
        names.take(1)?;
        let name = names.vector(2)?.rest();
        let pseudonym = aliases.text(name);
        name.copy_from_slice(&pseudonym);
    }
    Some(())
}

/// Tickets by pseudonym, their ages as they are, and no binder (RFC 8446 §4.2.11).
fn offered_keys(content: &mut Fields<'_>, aliases: &mut Aliases) -> Option<()> {
    let mut identities = content.vector(2)?;
    while !identities.is_empty() {
        alias(identities.vector(2)?.rest(), aliases);
        identities.take(4)?;
    }
    let mut binders = content.vector(2)?;
    while !binders.is_empty() {
        binders.vector(1)?.rest().fill(0);
    }
    Some(())
}

/// The group stays, the key goes.
fn share(shares: &mut Fields<'_>) -> Option<()> {
    shares.u16()?;
    shares.vector(2)?.rest().fill(0);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written_over(speaker: Speaker, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        block(Fields(&mut bytes), speaker, &mut Aliases::default()).unwrap();
        bytes
    }

    #[test]
    fn names_tickets_and_keys_go_and_the_rest_stays() {
        let name = b"\x00\x00\x00\x09\x00\x07\x00\x00\x04mx.a";
        assert_eq!(
            written_over(Speaker::Client, name),
            b"\x00\x00\x00\x09\x00\x07\x00\x00\x04aa.a"
        );
        let groups = b"\x00\x0a\x00\x04\x00\x02\x00\x1d";
        assert_eq!(written_over(Speaker::Client, groups), groups);
        let key = b"\x00\x33\x00\x08\x00\x06\x00\x1d\x00\x02\x77\x77";
        assert_eq!(written_over(Speaker::Client, key)[10..], [0, 0]);
        assert_eq!(written_over(Speaker::Server, b"\x00\x33\x00\x02\x00\x1d")[4..], [0, 0x1d]);
        let ticket = written_over(Speaker::Client, b"\x00\x23\x00\x04tick");
        assert!(ticket.len() == 8 && &ticket[4..] != b"tick");
    }

    #[test]
    fn nothing_stays_of_what_is_not_known_or_malformed() {
        let unknown = b"\x12\x34\x00\x03abc";
        assert_eq!(written_over(Speaker::Client, unknown), b"\x12\x34\x00\x03\0\0\0");
        let short = b"\x00\x00\x00\x05\x00\x09\x00ab";
        assert_eq!(written_over(Speaker::Client, short)[4..], [0; 5]);
    }
}
