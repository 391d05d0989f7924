//! The verbs of commands.

use std::fmt;

use serde::{Serialize, Serializer};

/// Longest unknown verb kept, in bytes: RFC 5321 §2.4 verbs have four letters, no extension's is
/// longer than this.
pub(super) const MAX_VERB: usize = 20;

macro_rules! verbs {
    ($($(#[$doc:meta])* $variant:ident $name:literal),* $(,)?) => {
        /// What a client says: the verb of its command, or what stands for one where it says
        /// something else.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Verb {
            $($(#[$doc])* $variant,)*
            /// A line that answers a 334 challenge (RFC 4954 §4).
            AuthResponse,
            /// The final dot line of a DATA body, which stands for the whole message.
            Message,
            /// The bytes behind XEXCH50.
            Blob,
            /// One that is in no table, in capitals and cut to a length.
            Other(Box<str>),
        }

        impl Verb {
            /// The verb of this name, if it is one that is known.
            fn known(word: &[u8]) -> Option<Self> {
                $(if word.eq_ignore_ascii_case($name.as_bytes()) { return Some(Self::$variant) })*
                None
            }

            /// In capitals; `AUTH-RESPONSE`, `.` and `XEXCH50-BLOB` for what is no command.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::AuthResponse => "AUTH-RESPONSE",
                    Self::Message => ".",
                    Self::Blob => "XEXCH50-BLOB",
                    Self::Other(name) => name,
                }
            }
        }
    };
}

verbs! {
    /// RFC 5321 §4.1.1.1.
    Ehlo "EHLO",
    /// RFC 5321 §4.1.1.1.
    Helo "HELO",
    /// RFC 2033 §4.1.
    Lhlo "LHLO",
    /// RFC 5321 §4.1.1.2.
    Mail "MAIL",
    /// RFC 5321 §4.1.1.3.
    Rcpt "RCPT",
    /// RFC 5321 §4.1.1.4.
    Data "DATA",
    /// RFC 3030 §2.
    Bdat "BDAT",
    /// RFC 5321 §4.1.1.5.
    Rset "RSET",
    /// RFC 5321 §4.1.1.10.
    Quit "QUIT",
    /// RFC 5321 §4.1.1.9.
    Noop "NOOP",
    /// RFC 5321 §4.1.1.6.
    Vrfy "VRFY",
    /// RFC 5321 §4.1.1.7.
    Expn "EXPN",
    /// RFC 5321 §4.1.1.8.
    Help "HELP",
    /// RFC 3207 §4.
    StartTls "STARTTLS",
    /// RFC 4954 §4.
    Auth "AUTH",
    /// RFC 1985.
    Etrn "ETRN",
    /// RFC 821 §3.8.
    Turn "TURN",
    /// RFC 2645.
    Atrn "ATRN",
    /// RFC 4468.
    Burl "BURL",
    /// RFC 821 §3.4.
    Send "SEND",
    /// RFC 821 §3.4.
    Soml "SOML",
    /// RFC 821 §3.4.
    Saml "SAML",
    /// Postfix's: whom a proxy speaks for.
    Xclient "XCLIENT",
    /// Postfix's: whom a filter speaks for.
    Xforward "XFORWARD",
    /// Exchange's: STARTTLS without a certificate that anybody checks.
    XAnonymousTls "X-ANONYMOUSTLS",
    /// Exchange's AUTH between its servers.
    XExps "X-EXPS",
    /// Exchange's: properties of a message.
    Xexch50 "XEXCH50",
    /// Exchange's: how its servers are linked.
    XLink2State "X-LINK2STATE",
    /// Exchange's: addresses.
    Xadr "XADR",
    /// Exchange's: copies of messages.
    Xshadow "XSHADOW",
    /// The header of the PROXY protocol, where a line has its letters.
    Proxy "PROXY",
    /// Exchange's: keys of TLS that are kept.
    XSaveTlsKeys "X-SAVETLSKEYS",
}

impl Verb {
    /// The verb that a word of a command line is, in any case of letters; None if it is empty.
    #[must_use]
    pub fn of(word: &[u8]) -> Option<Self> {
        match word {
            b"" => None,
            b"." => Some(Self::Message),
            _ => Some(Self::known(word).unwrap_or_else(|| {
                let kept = word.get(..MAX_VERB).unwrap_or(word);
                Self::Other(String::from_utf8_lossy(kept).to_ascii_uppercase().into())
            })),
        }
    }

    /// Whether it asks for TLS: STARTTLS (RFC 3207), and Exchange's own between its servers.
    #[must_use]
    pub fn starts_tls(&self) -> bool {
        matches!(self, Self::StartTls | Self::XAnonymousTls)
    }

    /// Whether it introduces the client (RFC 5321 §4.1.1.1, RFC 2033 §4.1).
    #[must_use]
    pub fn is_hello(&self) -> bool {
        matches!(self, Self::Ehlo | Self::Helo | Self::Lhlo)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Verb {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_known_in_any_case_and_an_unknown_one_is_printed_in_capitals() {
        assert_eq!(Verb::of(b"StartTLS"), Some(Verb::StartTls));
        assert_eq!(Verb::of(b"xyzzy").unwrap().to_string(), "XYZZY");
        assert_eq!(Verb::of(b""), None);
        // What stands for no command cannot be said as one.
        assert_eq!(Verb::of(b"AUTH-RESPONSE"), Some(Verb::Other("AUTH-RESPONSE".into())));
    }

    #[test]
    fn exchange_has_a_starttls_of_its_own() {
        assert!(Verb::StartTls.starts_tls() && Verb::XAnonymousTls.starts_tls());
        assert!(!Verb::Auth.starts_tls() && !Verb::Other("STARTTLS2".into()).starts_tls());
    }
}
