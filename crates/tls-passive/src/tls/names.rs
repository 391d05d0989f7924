//! The names of TLS numbers, from IANA's registries ("TLS Parameters", "TLS ExtensionType Values").

use std::fmt;

/// A protocol version as it stands on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion(pub u16);

impl ProtocolVersion {
    /// SSL 2.0, by the number its hello carries.
    pub const SSL2: Self = Self(0x0002);
    /// SSL 3.0 (RFC 6101).
    pub const SSL3: Self = Self(0x0300);
    /// TLS 1.0 (RFC 2246).
    pub const TLS10: Self = Self(0x0301);
    /// TLS 1.1 (RFC 4346).
    pub const TLS11: Self = Self(0x0302);
    /// TLS 1.2 (RFC 5246).
    pub const TLS12: Self = Self(0x0303);
    /// TLS 1.3 (RFC 8446).
    pub const TLS13: Self = Self(0x0304);
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::SSL2 => "SSLv2",
            Self::SSL3 => "SSLv3",
            Self::TLS10 => "TLSv1.0",
            Self::TLS11 => "TLSv1.1",
            Self::TLS12 => "TLSv1.2",
            Self::TLS13 => "TLSv1.3",
            Self(number) => return write_number(f, number),
        };
        f.write_str(name)
    }
}

/// GREASE values are 0x0A0A, 0x1A1A … 0xFAFA (RFC 8701 §2).
#[must_use]
pub fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0F == 0x0A
}

fn write_number(f: &mut fmt::Formatter<'_>, number: u16) -> fmt::Result {
    if is_grease(number) {
        return write!(f, "GREASE (0x{number:04X})");
    }
    write!(f, "0x{number:04X}")
}

macro_rules! named_numbers {
    ($(#[$doc:meta])* $type:ident: $($number:literal $name:literal),* $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(pub u16);

        impl $type {
            /// IANA's name, if there is one.
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($name),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write_number(f, self.0),
                }
            }
        }
    };
}

named_numbers! {
    /// The type of a hello extension (RFC 5246 §7.4.1.4).
    ExtensionType:
    0 "server_name", 1 "max_fragment_length", 2 "client_certificate_url", 3 "trusted_ca_keys",
    4 "truncated_hmac", 5 "status_request", 6 "user_mapping", 7 "client_authz",
    8 "server_authz", 9 "cert_type", 10 "supported_groups", 11 "ec_point_formats", 12 "srp",
    13 "signature_algorithms", 14 "use_srtp", 15 "heartbeat",
    16 "application_layer_protocol_negotiation", 17 "status_request_v2",
    18 "signed_certificate_timestamp", 19 "client_certificate_type",
    20 "server_certificate_type", 21 "padding", 22 "encrypt_then_mac",
    23 "extended_master_secret", 24 "token_binding", 25 "cached_info", 27 "compress_certificate",
    28 "record_size_limit", 34 "delegated_credential", 35 "session_ticket", 41 "pre_shared_key",
    42 "early_data", 43 "supported_versions", 44 "cookie", 45 "psk_key_exchange_modes",
    47 "certificate_authorities", 48 "oid_filters", 49 "post_handshake_auth",
    50 "signature_algorithms_cert", 51 "key_share", 57 "quic_transport_parameters",
    13172 "next_protocol_negotiation", 17513 "application_settings",
    17613 "application_settings_new", 65037 "encrypted_client_hello", 65281 "renegotiation_info",
}

named_numbers! {
    /// A group for the key exchange (RFC 8422 §5.1.1, RFC 7919, RFC 8446 §4.2.7).
    NamedGroup:
    1 "sect163k1", 3 "sect163r2", 6 "sect233k1", 7 "sect233r1", 9 "sect283k1", 10 "sect283r1",
    11 "sect409k1", 12 "sect409r1", 13 "sect571k1", 14 "sect571r1", 15 "secp160k1",
    16 "secp160r1", 17 "secp160r2", 18 "secp192k1", 19 "secp192r1", 20 "secp224k1",
    21 "secp224r1", 22 "secp256k1", 23 "secp256r1", 24 "secp384r1", 25 "secp521r1",
    26 "brainpoolP256r1", 27 "brainpoolP384r1", 28 "brainpoolP512r1", 29 "x25519", 30 "x448",
    31 "brainpoolP256r1tls13", 32 "brainpoolP384r1tls13", 33 "brainpoolP512r1tls13",
    41 "curveSM2", 256 "ffdhe2048", 257 "ffdhe3072", 258 "ffdhe4096", 259 "ffdhe6144",
    260 "ffdhe8192", 512 "MLKEM512", 513 "MLKEM768", 514 "MLKEM1024",
    4587 "SecP256r1MLKEM768", 4588 "X25519MLKEM768", 4589 "SecP384r1MLKEM1024",
    25497 "X25519Kyber768Draft00",
}

named_numbers! {
    /// A signature scheme; before TLS 1.3 a pair of hash and signature (RFC 8446 §4.2.3).
    SignatureScheme:
    0x0101 "rsa_pkcs1_md5", 0x0201 "rsa_pkcs1_sha1", 0x0202 "dsa_sha1", 0x0203 "ecdsa_sha1",
    0x0301 "rsa_pkcs1_sha224", 0x0302 "dsa_sha224", 0x0303 "ecdsa_sha224",
    0x0401 "rsa_pkcs1_sha256", 0x0402 "dsa_sha256", 0x0403 "ecdsa_secp256r1_sha256",
    0x0501 "rsa_pkcs1_sha384", 0x0502 "dsa_sha384", 0x0503 "ecdsa_secp384r1_sha384",
    0x0601 "rsa_pkcs1_sha512", 0x0602 "dsa_sha512", 0x0603 "ecdsa_secp521r1_sha512",
    0x0708 "sm2sig_sm3", 0x0804 "rsa_pss_rsae_sha256", 0x0805 "rsa_pss_rsae_sha384",
    0x0806 "rsa_pss_rsae_sha512", 0x0807 "ed25519", 0x0808 "ed448",
    0x0809 "rsa_pss_pss_sha256", 0x080A "rsa_pss_pss_sha384", 0x080B "rsa_pss_pss_sha512",
    0x081A "ecdsa_brainpoolP256r1tls13_sha256", 0x081B "ecdsa_brainpoolP384r1tls13_sha384",
    0x081C "ecdsa_brainpoolP512r1tls13_sha512", 0x0904 "mldsa44", 0x0905 "mldsa65",
    0x0906 "mldsa87",
}

named_numbers! {
    /// What an alert says (RFC 5246 §7.2, RFC 8446 §6).
    AlertDescription:
    0 "close_notify", 10 "unexpected_message", 20 "bad_record_mac", 21 "decryption_failed",
    22 "record_overflow", 30 "decompression_failure", 40 "handshake_failure",
    41 "no_certificate", 42 "bad_certificate", 43 "unsupported_certificate",
    44 "certificate_revoked", 45 "certificate_expired", 46 "certificate_unknown",
    47 "illegal_parameter", 48 "unknown_ca", 49 "access_denied", 50 "decode_error",
    51 "decrypt_error", 60 "export_restriction", 70 "protocol_version",
    71 "insufficient_security", 80 "internal_error", 86 "inappropriate_fallback",
    90 "user_canceled", 100 "no_renegotiation", 109 "missing_extension",
    110 "unsupported_extension", 111 "certificate_unobtainable", 112 "unrecognized_name",
    113 "bad_certificate_status_response", 114 "bad_certificate_hash_value",
    115 "unknown_psk_identity", 116 "certificate_required", 120 "no_application_protocol",
    121 "ech_required",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_numbers_are_hex_and_grease_says_so() {
        assert_eq!(ExtensionType(23).to_string(), "extended_master_secret");
        assert_eq!(NamedGroup(0x7777).to_string(), "0x7777");
        assert_eq!(NamedGroup(0xFAFA).to_string(), "GREASE (0xFAFA)");
        assert!(!is_grease(0x0A1A));
        assert_eq!(ProtocolVersion(0x7F17).to_string(), "0x7F17");
    }
}
