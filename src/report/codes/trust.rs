//! Findings about certificates, as those who verify them see them.

use super::row::{Code, Row, Severity};

codes![
    TLS_BAD_SIGNATURE = Row {
        code: "tls.bad_signature",
        severity: Severity::Warning,
        meaning: "A certificate was not signed by the one that has the name of its issuer.",
        evidence: "The signature does not verify with that key; the key identifiers of both tell whether it is another key.",
        causes: &[
            "an intermediate of the same name that was renewed with a new key, or is an old one",
            "a certificate that was damaged or forged",
        ],
        advice: "let the server send the intermediate that the authority gave out with this certificate",
    },
    TLS_CERTIFICATE_MALFORMED = Row {
        code: "tls.certificate_malformed",
        severity: Severity::Warning,
        meaning: "A certificate is built so that verifiers refuse it.",
        evidence: "An extension that stands twice or cannot be read, a critical one that nobody knows, or dates between which no time lies.",
        causes: &["a private authority with its own software"],
        advice: "have the certificate issued anew; RFC 5280 says how it must be built",
    },
    TLS_CERTIFICATE_REVOKED = Row {
        code: "tls.certificate_revoked",
        severity: Severity::Warning,
        meaning: "The server's certificate is revoked.",
        evidence: "The OCSP response that the server itself sent, signed by the issuer.",
        causes: &["the key was exposed, or the certificate replaced"],
        advice: "install the certificate that replaced it",
    },
    TLS_CHAIN_INCOMPLETE = Row {
        code: "tls.chain_incomplete",
        severity: Severity::Warning,
        meaning: "The server leaves out an intermediate certificate: clients that do not have it cannot verify the chain.",
        evidence: "No certificate that was sent or is trusted (`--ca`) has the issuer's name; where another session shows it, it is named.",
        causes: &[
            "only the certificate was configured, not its chain (`smtpd_tls_chain_files`, `fullchain.pem`)",
        ],
        advice: "configure the whole chain: the server's certificate first, then each issuer but the root",
    },
    TLS_NOT_TRUSTED = Row {
        code: "tls.not_trusted",
        severity: Severity::Info,
        meaning: "The server's chain ends in a root that is not among those of `--ca`.",
        evidence: "Each certificate of the chain is signed by the next, and the last or its issuer is not trusted.",
        causes: &["a private authority", "a list of roots that is old"],
        advice: "give the root with `--ca` if the client trusts it; on port 25 most clients do not verify at all",
    },
    TLS_CERTIFICATE_DISPUTED = Row {
        code: "tls.certificate_disputed",
        severity: Severity::Info,
        meaning: "Some programs refuse the server's certificate, and others accept it.",
        evidence: "The rule that they read differently, and who refuses.",
        causes: &[
            "a name only in the common name, a wildcard within a label, an extended key usage without serverAuth, a CA certificate as a server's own, a chain of many certificates",
        ],
        advice: "have the certificate issued as all programs take it",
    },
    TLS_OCSP_STAPLE = Row {
        code: "tls.ocsp_staple",
        severity: Severity::Info,
        meaning: "The OCSP response that should come with the certificate is missing or out of date.",
        evidence: "The certificate's TLS feature (must-staple) and no response, or `nextUpdate` before the session.",
        causes: &["the server cannot reach the responder, or does not staple"],
        advice: "let the server fetch OCSP responses, or have a certificate without must-staple",
    },
    TLS_DANE_MISMATCH = Row {
        code: "tls.dane_mismatch",
        severity: Severity::Warning,
        meaning: "The TLSA records of the server do not match its certificates: senders who honour DANE do not deliver.",
        evidence: "The records of `--tlsa` or of DNS answers with AD, beside the certificates; the record that would match.",
        causes: &["the key was changed before the records, or the records were not changed"],
        advice: "publish the record that would match beside the old one, and wait for the TTL before the key is changed",
    },
    TLS_DANE_UNUSABLE = Row {
        code: "tls.dane_unusable",
        severity: Severity::Info,
        meaning: "None of the server's TLSA records can be used for mail: TLS is mandatory, and nothing is authenticated.",
        evidence: "Usages 0 and 1, unknown numbers, or data of a wrong length (RFC 7672 section 3.1).",
        causes: &["records as the web would use them"],
        advice: "publish a record 3 1 1 with the SHA-256 of the server's key",
    },
    TLS_MTA_STS = Row {
        code: "tls.mta_sts",
        severity: Severity::Warning,
        meaning: "The server does not keep to the MTA-STS policy.",
        evidence: "The policy of `--mta-sts` does not list its name, or lists it and its certificate is not valid.",
        causes: &["an MX that was added without the policy", "a certificate that was not renewed"],
        advice: "list each MX in the policy and change its id, or mend the certificate",
    },
];
