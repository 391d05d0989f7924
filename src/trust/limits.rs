//! The limits of this room.

use super::{chain, path, shown, signature, staple, store, sts, tlsa};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "trust":
    super::MOST_SENT => Count, "certificates of one side of a session that are judged", "no chain has so many; further ones are passed over";
    super::MOST_OF_HOST => Count, "TLSA records of a host that are held against its certificate", "a zone has a handful";
    store::MOST_ANCHORS => Count, "certificates that are trusted (`--ca`)", "a system has some 150; further ones are passed over";
    path::LONGEST_PATH => Count, "certificates of a path", "verifiers allow 6 to 100; a longer one is not followed";
    path::MOST_PATHS => Count, "paths of a chain that are compared", "cross-certificates make two or three";
    path::MOST_SIGNATURES => Count, "signatures that are verified anew for one chain", "then what is left stays unverified";
    path::MOST_REMEMBERED => Count, "signatures whose verdict is remembered", "2 MB; then all are verified anew";
    chain::MOST_REMEMBERED => Count, "certificates that are kept read, and opinions on paths", "some 20 MB; then they are read anew";
    shown::MOST_SHOWN => Count, "certificates of authorities in sessions that later chains may need", "more than are in use; further ones are not remembered";
    signature::MOST_RSA_BITS => Bits, "an RSA key whose signatures are verified", "nobody has a larger one; it stays unverified";
    staple::MOST_ANSWERS => Count, "answers of a stapled OCSP response that are looked through", "a staple has one";
    tlsa::MOST_RECORDS => Count, "TLSA records that are kept", "more than a zone of mail servers has";
    tlsa::LONGEST_DATA => Bytes, "the data of a TLSA record", "a whole certificate with room; a longer one is an error";
    sts::LONGEST_POLICY => Bytes, "an MTA-STS policy", "RFC 8461 section 3.3; a longer one is an error";
};
