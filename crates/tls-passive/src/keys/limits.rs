//! The limits of this room.

use super::{
    asn1, budget, file, keylog, list, passwords, pbe, pkcs12, pre_shared, problem, ring,
    rsa_operations,
};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "keys":
    file::MAX_BYTES => Bytes, "a key file or key list", "four times a bundle of every CA; a larger one was named by mistake";
    list::MAX_FAULTS => Count, "faulty rows told of a key list", "then the rest is not read";
    problem::MIN_BITS => Bits, "the smallest RSA key", "a shorter one cannot carry a premaster secret";
    problem::MAX_BITS => Bits, "the largest RSA key", "OpenSSL's limit, which bounds the work";
    passwords::MAX_PASSWORDS => Count, "passwords tried on an encrypted key", "each may cost a key derivation";
    budget::MOST_READ => Bytes, "all key files of a run", "twenty thousand keys of 2048 bits";
    budget::MOST_ITERATIONS => Count, "iterations of all key derivations of a run", "a minute or two; keys beyond stay closed, which is told";
    ring::MOST_PAIRS => Count, "pairs of a row of a list and a key", "a row for each of ten thousand servers with ten keys";
    pbe::MAX_ITERATIONS => Count, "iterations of a key derivation", "seconds (RFC 8018 section 4.2); a hostile file could ask for hours";
    pbe::MAX_SCRYPT_BYTES => Bytes, "memory of scrypt", "sixteen times what OpenSSL's files take";
    pbe::MAX_SCRYPT_PASSES => Count, "passes of scrypt over it", "OpenSSL's files have one";
    pre_shared::MOST_KEYS => Count, "pre-shared keys of a run", "each is tried on the sessions whose identity it fits; further ones are not read";
    pre_shared::LONGEST_KEY => Bytes, "a pre-shared key", "OpenSSL's limit";
    asn1::MAX_DEPTH => Count, "nesting of a DER value", "a PFX is ten levels deep; each costs a copy";
    pkcs12::MAX_DEPTH => Count, "bags within bags of a PKCS#12 file", "nobody has seen any";
    keylog::MAX_SECRETS => Count, "secrets of all key logs", "some 200,000 sessions of TLS 1.3; the rest is not read";
    keylog::MAX_REMARKS => Count, "remarks on key logs", "a log of another tool has one for each line";
    keylog::group::MAX_RIVALS => Count, "secrets of one key log for one session", "each is tried";
    keylog::load::MOST_FILES => Count, "files of a folder that are read as key logs", "in order of their names; the others are not read";
    keylog::load::MAX_BYTES => Bytes, "a key log, read line by line", "six times the log of MAX_SECRETS: a pipe may have no end";
    keylog::parser::MAX_LINE => Bytes, "a line of a key log", "no secret is longer";
    keylog::parser::MAX_FAULTS => Count, "faulty lines told of a key log", "the others are counted";
    rsa_operations::MOST_ANSWERS => Count, "answers of RSA operations that are kept", "2 MB; the oldest is computed again";
    rsa_operations::MOST_COMING => Count, "ciphertexts seen ahead, to be computed together", "more than a batch of packets has of short sessions";
    rsa_operations::MOST_SERVERS => Count, "servers whose key is known from earlier sessions", "those of a large operator";
};
