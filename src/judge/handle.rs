//! What names a session to those that resume it.

use sha2::{Digest, Sha256};

use crate::hex::hex;
use crate::report::tls::{ResumptionMethod, TlsReport};
use crate::tls::TlsFacts;
use crate::tls::facts::Resumption;

/// `tls.resumed` and `tls.resumption.handle`: what names a session to those that resume it.
pub(super) type Handle = (ResumptionMethod, String);

impl TlsReport {
    /// What later sessions name to resume this one.
    pub(super) fn gives_out(&self) -> impl Iterator<Item = Handle> {
        // A session that takes up an ID gives out the same, and in TLS 1.3 it only echoes
        // (RFC 8446 §4.1.3).
        let is_echo = self.resumed.is_some() || self.version.as_deref() == Some("TLSv1.3");
        let id = self.server_hello.as_ref().map(|hello| hello.session_id.clone());
        let id =
            id.filter(|id| !id.is_empty() && !is_echo).map(|id| (ResumptionMethod::SessionId, id));
        id.into_iter()
            .chain(self.new_ticket.clone().map(|ticket| (ResumptionMethod::Ticket, ticket)))
    }

    /// What this session names to resume an earlier one.
    pub(super) fn takes_up(&self) -> Option<Handle> {
        let handle = self.resumption.as_ref()?.handle.clone()?;
        Some((self.resumed?, handle))
    }
}

pub(crate) fn handle_of(facts: &TlsFacts, resumption: Resumption) -> Option<String> {
    match resumption {
        Resumption::SessionId => Some(hex(&facts.server_hello.as_ref()?.session_id)),
        Resumption::Ticket => ticket_handle(facts.client_hello.as_ref()?.session_ticket.as_ref()?),
        Resumption::Psk => None,
    }
}

/// Tickets of one server begin alike, with the name of its key (RFC 5077 §4): a hash tells them
/// apart.
pub(crate) fn ticket_handle(ticket: &[u8]) -> Option<String> {
    Some(hex(Sha256::digest(ticket).first_chunk::<8>()?))
}
