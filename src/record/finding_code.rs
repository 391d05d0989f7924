//! The code of what a dialogue finds.

use crate::report::codes::{self, Code};
use crate::smtp::FindingKind;

pub(super) fn code_of(kind: FindingKind) -> Code {
    match kind {
        FindingKind::BareNewline => codes::SMTP_BARE_NEWLINE,
        FindingKind::EhloNotRepeated => codes::SMTP_EHLO_NOT_REPEATED,
        FindingKind::ProtocolError => codes::SMTP_PROTOCOL_ERROR,
        FindingKind::AuthInClear => codes::SMTP_AUTH_IN_CLEAR,
        FindingKind::EarlyTalker => codes::SMTP_EARLY_TALKER,
        FindingKind::StarttlsInjection => codes::SMTP_STARTTLS_INJECTION,
    }
}
