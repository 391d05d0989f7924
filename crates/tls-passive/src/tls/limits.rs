//! The limits of this room.

use super::lock::{self, record_lock, seen, unlock};
use super::rewrite::aliases;
use super::{
    awaiting, disclosed, facts, handshake, machine, mid_capture, negotiation, record, schedule13,
};
use crate::limits::{Limit, limits};

pub use super::decrypt::limits::LIMITS as DECRYPT;

/// All of them.
pub const LIMITS: &[Limit] = limits! { "tls":
    record::LARGEST_FRAGMENT => Bytes, "one record", "RFC 5246 section 6.2.3; a longer one is no TLS";
    handshake::LARGEST_MESSAGE => Bytes, "one handshake message", "a hundred certificates; a longer one is noise";
    negotiation::LONGEST_TRANSCRIPT => Bytes, "the handshake messages until both Finished are checked", "two of the longest certificate lists; then Finished is not checked";
    negotiation::MOST_CANDIDATES => Count, "secrets that a session may have", "a key log may have several lines for it; further ones are not tried";
    negotiation::MOST_STRANGERS => Count, "sessions of a key log tried where a hello is missing", "the last ones first";
    mid_capture::MOST_STRANGERS => Count, "the same in TLS 1.3", "the last ones first";
    mid_capture::MOST_RECORDS => Count, "records tried with each of them", "one that stays closed is of another session";
    machine::MOST_ALERTS => Count, "alerts that are kept", "more say nothing new; all are counted";
    facts::MOST_SEALED => Count, "protected records of TLS 1.3 whose lengths are kept, by direction", "a flight of the client has four; the longest is known of all";
    facts::MOST_QUOTED => Bytes, "what is kept of plain text where TLS should be", "a line to quote";
    schedule13::MOST_UPDATES => Count, "key updates tried behind a gap", "one gap rarely hides two; then the rest stays closed";
    disclosed::MOST_LINES => Count, "secrets of a connection that are kept for an export", "a connection with more renegotiations is an attack";
    awaiting::MOST_BYTES => Bytes, "records that wait for the session that they resume, by connection", "a mail; beyond, they are read without its secret";
    awaiting::MOST_BYTES_TOGETHER => Bytes, "the same in each of 64 shards", "the same";
    aliases::MOST_KNOWN => Count, "words, numbers and sessions that `anonymize` tells apart", "those beyond share a pseudonym";
    lock::MOST_NUMBER => Bytes, "a ciphertext or a number of a key in a handshake file", "those of the largest key; a longer one is an error";
    unlock::MOST_WAITING => Count, "resumptions that wait in `unlock` for their origin", "some 70 MB; further ones stay closed, which is told";
    unlock::MOST_MASTERS => Count, "session IDs and tickets that `unlock` knows", "some 75 MB; sessions that name further ones stay closed";
    unlock::MOST_ANSWERS => Count, "handshakes that `unlock` answers", "as many as a key log may have secrets";
    unlock::MOST_IN_VAIN => Count, "ciphertexts with which a key is asked in vain", "whoever searches for a secret by the answers needs more; then the key answers no more";
    unlock::MOST_BINDINGS => Count, "handshakes that one ciphertext is answered for", "it belongs to one";
    record_lock::MOST_RECORDS => Count, "records of a direction kept ahead of a search for secrets", "the first that application keys of TLS 1.3 protect is among them";
    record_lock::LONGEST_RECORD => Bytes, "one of them", "a longer one proves nothing that a shorter one does not";
    seen::MOST_LOCKS => Count, "handshakes of a connection that `handshakes` writes", "a connection with more is an attack";
};
