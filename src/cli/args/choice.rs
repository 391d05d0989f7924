//! Which sessions, by what is known when they have ended.

use clap::Args;

use super::SELECTION;
use super::values::{AddressArg, NumbersArg, OutcomeArg, SeverityArg, code, condition, outcomes};
use crate::report::Code;

/// Several kinds must all fit; of one kind, any.
#[derive(Debug, Args)]
pub(in crate::cli) struct ChoiceArgs {
    /// Only sessions with these numbers, as the same command prints them without --session: 3, or 1,4-6
    #[arg(help_heading = SELECTION, long, value_name = "N", value_delimiter = ',')]
    pub(in crate::cli) session: Vec<NumbersArg>,
    /// Only sessions that came out so: delivered, tls_failed, ...; failed: any that failed
    #[arg(help_heading = SELECTION, long, value_name = "OUTCOME", value_delimiter = ',', value_parser = outcomes())]
    pub(in crate::cli) outcome: Vec<OutcomeArg>,
    /// Only sessions with this server: IP, IP:PORT or [IPv6]:PORT
    #[arg(help_heading = SELECTION, long, value_name = "ADDRESS")]
    pub(in crate::cli) server: Vec<AddressArg>,
    /// Only sessions with this in a sender, of the envelope or the header
    #[arg(help_heading = SELECTION, long, value_name = "TEXT")]
    pub(in crate::cli) from: Vec<String>,
    /// Only sessions with this in a recipient, accepted or refused
    #[arg(help_heading = SELECTION, long, value_name = "TEXT")]
    pub(in crate::cli) to: Vec<String>,
    /// Only sessions with this in a subject
    #[arg(help_heading = SELECTION, long, value_name = "TEXT")]
    pub(in crate::cli) subject: Vec<String>,
    /// Only sessions with a mail of this Message-ID, with or without brackets
    #[arg(help_heading = SELECTION, long, value_name = "ID")]
    pub(in crate::cli) message_id: Vec<String>,
    /// Only sessions with a mail that the server queued under this name
    #[arg(help_heading = SELECTION, long, value_name = "ID")]
    pub(in crate::cli) queue_id: Vec<String>,
    /// Only sessions with a finding that is at least so bad
    #[arg(help_heading = SELECTION, long, value_name = "SEVERITY")]
    pub(in crate::cli) severity: Option<SeverityArg>,
    /// Only sessions with this finding: smtp.rejected, ... (see --explain)
    #[arg(help_heading = SELECTION, long, value_name = "CODE", value_delimiter = ',', value_parser = code)]
    pub(in crate::cli) finding: Vec<Code>,
    /// Only sessions of which this is true, in the language of `check`: duration_ns > 1000000000
    #[arg(help_heading = SELECTION, long = "where", value_name = "EXPR", value_parser = condition)]
    pub(in crate::cli) condition: Option<String>,
}
