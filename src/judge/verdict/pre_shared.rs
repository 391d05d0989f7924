//! Why a session whose keys come from a pre-shared key stays closed.

use super::case::Case;
use super::explanation::Explanation;
use crate::report::reason::Reason;
use crate::tls::suite::{KeyExchange, Suite};

impl Case<'_> {
    /// The keys come from a pre-shared key, which was not given.
    pub(super) fn shared_secret(&self, suite: &Suite) -> Explanation {
        let beside = match suite.key_exchange {
            KeyExchange::RsaPsk => "besides what the RSA key opens ",
            _ => "",
        };
        let tried = match (self.keys.ring.pre_shared().len(), suite.key_exchange) {
            (0, _) => String::new(),
            (given, KeyExchange::RsaPsk) => {
                format!(
                    "; {given} were given, and none opens it together with an RSA key that was given"
                )
            }
            (given, _) => format!("; {given} were given, and none opens it"),
        };
        let and_key = if beside.is_empty() { "" } else { ", and the server's RSA key with --key" };
        Explanation::new(
            Reason::UnsupportedCipherSuite,
            format!(
                "{} uses {}: {beside}its keys come from a pre-shared key that both ends were given by other \
                 ways{tried}",
                suite.name,
                suite.key_exchange.name()
            ),
            format!(
                "give that key with --psk{and_key}; or record a key log at one of the ends (SSLKEYLOGFILE): it \
                 opens the session without the pre-shared key"
            ),
        )
    }
}
