//! What is spoken on a connection.

use super::{Session, Text};
use crate::report::{Ends, Protocol};

impl Session {
    pub(super) fn protocol(&self, ends: &Ends, has_tls: bool) -> Protocol {
        let facts = match &self.text {
            Text::Talking(dialogue) => Some(dialogue.facts()),
            Text::Sniffing | Text::Foreign => None,
        };
        match (facts, has_tls) {
            (Some(facts), _) if facts.is_lmtp => Protocol::Lmtp,
            (Some(_), true) if self.implicit => Protocol::Smtps,
            (Some(_), true) => Protocol::SmtpStartTls,
            (Some(_), false) => Protocol::Smtp,
            (None, true) if matches!(self.text, Text::Sniffing) && self.is_mail_server(ends) => {
                if self.implicit {
                    Protocol::Smtps
                } else {
                    Protocol::SmtpStartTls
                }
            }
            (None, true) => Protocol::Tls,
            (None, false) => Protocol::Unknown,
        }
    }

    /// By its port, or by what a row of the key list says of it.
    pub(super) fn is_mail_server(&self, ends: &Ends) -> bool {
        let mut rows = self.setup.keys.ring.rows_naming(ends.server.ip(), ends.server.port());
        self.is_smtp_port() || rows.any(|(row, _)| row.protocol == "smtp")
    }
}
