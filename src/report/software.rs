//! The one table of how programs write key logs, and how they are made to exchange keys by RSA.
//! Hints name a row of it, and `docs/key-logs.md` is made of it.

/// A program or library that speaks TLS.
#[derive(Debug)]
pub struct Software {
    /// Its name.
    pub name: &'static str,
    /// Words of the greeting by which a server shows that it is this.
    pub greeting: &'static [&'static str],
    /// How it writes the secrets of its sessions to a file.
    pub key_log: &'static str,
    /// How to make it offer or accept RSA key exchange alone.
    pub rsa_exchange: &'static str,
}

/// Servers first, then clients, then libraries.
pub const SOFTWARE: &[Software] = &[
    Software {
        name: "Postfix",
        greeting: &["Postfix"],
        key_log: "no option for it; add `LD_PRELOAD=libsslkeylog.so SSLKEYLOGFILE=FILE` to `import_environment`, or look on with eCapture",
        rsa_exchange: "`smtpd_tls_protocols` and `smtpd_tls_mandatory_protocols` = `<=TLSv1.2`, `tls_high_cipherlist = kRSA`, `smtpd_tls_ciphers` and `smtpd_tls_mandatory_ciphers` = `high`; the client with `smtp_` for `smtpd_`",
    },
    Software {
        name: "Exim",
        greeting: &["Exim"],
        key_log: "start it with `SSLKEYLOGFILE=FILE` and set `keep_environment = SSLKEYLOGFILE`; its user must be allowed to write the file",
        rsa_exchange: "`tls_require_ciphers = kRSA` and `openssl_options = +no_tlsv1_3`; built with GnuTLS `tls_require_ciphers = NORMAL:-VERS-TLS1.3:-KX-ALL:+RSA`",
    },
    Software {
        name: "Sendmail",
        greeting: &["Sendmail"],
        key_log: "no option for it; start it with `LD_PRELOAD=libsslkeylog.so SSLKEYLOGFILE=FILE`, or look on with eCapture",
        rsa_exchange: "`O CipherList=kRSA`, `O ServerSSLOptions=+SSL_OP_NO_TLSv1_3`, `O ClientSSLOptions=+SSL_OP_NO_TLSv1_3`",
    },
    Software {
        name: "Exchange and other programs with Schannel",
        greeting: &["Microsoft ESMTP MAIL Service"],
        key_log: "none; record it at the other end",
        rsa_exchange: "switch TLS 1.3 and the ECDHE and DHE suites off (`Disable-TlsCipherSuite`), and restart; or at the other end",
    },
    Software {
        name: "a service of others (Amazon SES, Gmail, Microsoft 365)",
        greeting: &["amazonses.com", "SimpleEmailService", "gsmtp", "outlook.com"],
        key_log: "record it at the client",
        rsa_exchange: "let the client offer nothing else, as long as the service takes that",
    },
    Software {
        name: "openssl s_client and s_server",
        greeting: &[],
        key_log: "`-keylogfile FILE`",
        rsa_exchange: "`-tls1_2 -cipher kRSA`",
    },
    Software {
        name: "swaks",
        greeting: &[],
        key_log: "as any program with OpenSSL, below",
        rsa_exchange: "`--tls-protocol tlsv1_2 --tls-cipher AES128-SHA`",
    },
    Software {
        name: "curl with `smtp://`",
        greeting: &[],
        key_log: "`SSLKEYLOGFILE=FILE curl ...`, depending on its TLS library",
        rsa_exchange: "`--tls-max 1.2 --ciphers AES128-GCM-SHA256`",
    },
    Software {
        name: "Thunderbird and other programs with NSS",
        greeting: &[],
        key_log: "start it with `SSLKEYLOGFILE=FILE`; some distributions switch that off when they build",
        rsa_exchange: "`security.tls.version.max = 3`, and `false` for each `security.ssl3.` preference with `ecdhe` or `dhe` in its name",
    },
    Software {
        name: "Java",
        greeting: &[],
        key_log: "`-javaagent:extract-tls-secrets.jar=FILE`, or `-javaagent:jSSLKeyLog.jar==FILE`",
        rsa_exchange: "`-Djdk.tls.client.protocols=TLSv1.2 -Djdk.tls.client.cipherSuites=TLS_RSA_WITH_AES_128_GCM_SHA256`, a server with `server` for `client`; where `jdk.tls.disabledAlgorithms` in `java.security` names `TLS_RSA_*` (JDK 24), take that out",
    },
    Software {
        name: "Python",
        greeting: &[],
        key_log: "`ctx.keylog_filename = \"FILE\"`; a context of `ssl.create_default_context()` also obeys `SSLKEYLOGFILE`",
        rsa_exchange: "`ctx.maximum_version = ssl.TLSVersion.TLSv1_2; ctx.set_ciphers(\"kRSA\")`",
    },
    Software {
        name: "Go",
        greeting: &[],
        key_log: "`tls.Config{KeyLogWriter: file}`",
        rsa_exchange: "`tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}`",
    },
    Software {
        name: "Node.js",
        greeting: &[],
        key_log: "`node --tls-keylog=FILE app.js`",
        rsa_exchange: "`--tls-max-v1.2 --tls-cipher-list=AES128-GCM-SHA256`",
    },
    Software {
        name: "Rust with rustls",
        greeting: &[],
        key_log: "`config.key_log = Arc::new(rustls::KeyLogFile::new())`, which obeys `SSLKEYLOGFILE`",
        rsa_exchange: "it has none: at the other end",
    },
    Software {
        name: "any program with GnuTLS",
        greeting: &[],
        key_log: "start it with `SSLKEYLOGFILE=FILE`",
        rsa_exchange: "priority string `NORMAL:-VERS-TLS1.3:-KX-ALL:+RSA`",
    },
    Software {
        name: "any program with OpenSSL",
        greeting: &[],
        key_log: "in its source `SSL_CTX_set_keylog_callback`; without it `LD_PRELOAD=libsslkeylog.so SSLKEYLOGFILE=FILE`, or `ecapture tls -m keylog --keylogfile=FILE` (eBPF)",
        rsa_exchange: "`MaxProtocol = TLSv1.2` and `CipherString = kRSA` in the `openssl.cnf` that `OPENSSL_CONF` names, where the program does not set its own",
    },
];

/// The server that a greeting names, which most do.
pub(crate) fn of_greeting(text: &str) -> Option<&'static Software> {
    SOFTWARE.iter().find(|software| software.greeting.iter().any(|word| text.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_names_its_server() {
        let named = |text| of_greeting(text).map(|software| software.name);
        assert_eq!(named("mail.example.com ESMTP Postfix (Debian/GNU)"), Some("Postfix"));
        assert_eq!(named("mx.example.com ESMTP Exim 4.96 Sun, 22 Nov 2026"), Some("Exim"));
        let ses = named("email-smtp.eu-west-1.amazonaws.com ESMTP SimpleEmailService-d-X");
        assert!(ses.is_some_and(|name| name.contains("Amazon SES")));
        assert_eq!(named("mail.example.com ESMTP ready"), None);
    }
}
