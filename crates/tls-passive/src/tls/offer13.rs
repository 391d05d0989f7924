//! What the hellos of TLS 1.3 say of pre-shared keys and key exchanges (RFC 8446 §4.2.8, §4.2.11), read of the
//! transcript that ends with the ServerHello: what binds a key to a session is a hash of these bytes.

use super::handshake::{HEADER, message_length};

const PRE_SHARED_KEY: u16 = 41;
const KEY_SHARE: u16 = 51;

/// `legacy_version` and `random`, which both hellos begin with.
const VERSION_AND_RANDOM: usize = 34;

/// A pre-shared key that the client offers.
pub(super) struct Offered<'t> {
    pub(super) identity: &'t [u8],
    pub(super) binder: &'t [u8],
}

/// What the client offers.
pub(super) struct Offer<'t> {
    pub(super) pre_shared: Vec<Offered<'t>>,
    /// The transcript that the binders are made of: all before them.
    pub(super) up_to_binders: &'t [u8],
}

/// What the server chooses.
pub(super) struct Choice {
    /// The place of the pre-shared key among those offered.
    pub(super) pre_shared: Option<u16>,
    /// There is a key exchange beside it.
    pub(super) has_key_share: bool,
}

impl<'t> Offer<'t> {
    pub(super) fn of(transcript: &'t [u8]) -> Option<Self> {
        let [client, server] = last_two(transcript)?;
        let mut rest = client.get(HEADER + VERSION_AND_RANDOM..)?;
        short_vector(&mut rest)?;
        vector(&mut rest)?;
        short_vector(&mut rest)?;
        // It is the last extension (RFC 8446 §4.2.11).
        let (_, offered) =
            extensions(rest)?.into_iter().last().filter(|(id, _)| *id == PRE_SHARED_KEY)?;
        let mut rest = offered;
        let mut identities = vector(&mut rest)?;
        let binders_at = transcript.len() - server.len() - rest.len();
        let mut binders = vector(&mut rest)?;
        let mut pre_shared = Vec::new();
        while !identities.is_empty() {
            let identity = vector(&mut identities)?;
            identities = identities.get(4..)?;
            pre_shared.push(Offered { identity, binder: short_vector(&mut binders)? });
        }
        Some(Self { pre_shared, up_to_binders: transcript.get(..binders_at)? })
    }
}

impl Choice {
    pub(super) fn of(transcript: &[u8]) -> Option<Self> {
        let [_, server] = last_two(transcript)?;
        let mut rest = server.get(HEADER + VERSION_AND_RANDOM..)?;
        short_vector(&mut rest)?;
        // The suite, and a compression method that is none.
        let extensions = extensions(rest.get(3..)?)?;
        let find = |wanted| extensions.iter().find(|(id, _)| *id == wanted).map(|(_, body)| *body);
        let number = |body: &[u8]| Some(u16::from_be_bytes(*body.first_chunk()?));
        Some(Self {
            pre_shared: find(PRE_SHARED_KEY).and_then(number),
            has_key_share: find(KEY_SHARE).is_some(),
        })
    }
}

/// The last two messages.
fn last_two(transcript: &[u8]) -> Option<[&[u8]; 2]> {
    let (mut rest, mut last) = (transcript, [&transcript[..0]; 2]);
    while !rest.is_empty() {
        let (message, behind) = rest.split_at_checked(message_length(rest).ok()??)?;
        (last, rest) = ([last[1], message], behind);
    }
    (!last[0].is_empty()).then_some(last)
}

/// Extensions behind the length of all, by their types.
fn extensions(mut bytes: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut all = vector(&mut bytes)?;
    let mut found = Vec::new();
    while let Some((id, rest)) = all.split_first_chunk::<2>() {
        all = rest;
        found.push((u16::from_be_bytes(*id), vector(&mut all)?));
    }
    Some(found)
}

/// What stands behind a length of two bytes.
fn vector<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (&length, rest) = bytes.split_first_chunk::<2>()?;
    let (content, rest) = rest.split_at_checked(u16::from_be_bytes(length).into())?;
    *bytes = rest;
    Some(content)
}

/// What stands behind a length of one byte.
fn short_vector<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (&length, rest) = bytes.split_first()?;
    let (content, rest) = rest.split_at_checked(length.into())?;
    *bytes = rest;
    Some(content)
}
