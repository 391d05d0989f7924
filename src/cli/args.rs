//! What was typed, nothing resolved.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::keys::RsaEngine;

/// Decrypts SMTP over TLS from packet captures, and says why when it cannot.
#[derive(Debug, Parser)]
#[command(name = "smtp-decrypt", version, args_conflicts_with_subcommands = true)]
#[command(after_help = "Without a command the captures are shown: \
    smtp-decrypt --keys keys.list capture.pcap")]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) show: ShowArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show decrypted conversations and timing (the default command)
    Show(Box<ShowArgs>),
    /// Write what was decrypted to files
    Export(Box<ExportArgs>),
}

/// Options that every command shares.
#[derive(Debug, Args)]
pub(super) struct SharedArgs {
    /// RSA key list: rows of ip,port,proto,path, as Wireshark's tls.keys_list
    #[arg(long, value_name = "FILE")]
    pub(super) keys: Vec<PathBuf>,
    /// A server's RSA private key, PEM or DER, for any connection
    #[arg(long, value_name = "FILE")]
    pub(super) key: Vec<PathBuf>,
    /// Secrets of single sessions, as SSLKEYLOGFILE (RFC 9850)
    #[arg(long, value_name = "FILE")]
    pub(super) keylog: Vec<PathBuf>,
    /// Passwords of encrypted keys, one a line; also read from SMTP_DECRYPT_PASSWORD
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
    /// Only the session of this number
    #[arg(long, value_name = "N")]
    pub(super) session: Vec<u64>,
    /// Report every connection that carries TLS, not only mail
    #[arg(long)]
    pub(super) all_tls: bool,
    /// Number of threads (the output is the same for any)
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<std::num::NonZeroUsize>,
    /// What computes RSA: auto, ifma, avx2, portable or reference (the output is the same for any)
    #[arg(long, value_name = "ENGINE", default_value = "auto", hide_short_help = true)]
    pub(super) rsa_engine: RsaEngine,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    /// Exit with 4 if a session that carries data was not decrypted
    #[arg(long)]
    pub(super) require_decrypted: bool,
    /// Say more on standard error
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Say nothing on standard error but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Capture files or directories; - is standard input
    #[arg(value_name = "CAPTURE", required = true)]
    pub(super) captures: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    pub(super) shared: SharedArgs,
    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
    /// Where to print it, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// What to show that is masked by default
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(super) reveal: Vec<RevealWhat>,
    /// The timing report alone
    #[arg(long)]
    pub(super) timing: bool,
    /// Wait for more where the capture ends (one file, or standard input), until interrupted
    #[arg(long)]
    pub(super) follow: bool,
    /// With --follow: end when nothing has come for so many seconds
    #[arg(long, value_name = "SECONDS", requires = "follow")]
    pub(super) idle: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// What to write
    pub(super) kind: ExportKind,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
    /// The directory to write to; made if missing
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: PathBuf,
    /// Overwrite files that exist
    #[arg(long)]
    pub(super) force: bool,
    /// How to name flows, in the letters of tcpflow -T [default: %A.%a-%B.%b%V%v%C%c]
    #[arg(long, value_name = "TEMPLATE", long_help = NAME_HELP)]
    pub(super) name: Option<String>,
    /// What to write that is masked by default
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(super) reveal: Vec<RevealWhat>,
}

const NAME_HELP: &str = "How to name flows, in the letters of tcpflow -T \
[default: %A.%a-%B.%b%V%v%C%c]

  %A %a  address and port of the sender       %B %b  of the receiver
  %T %t  start of the connection, as 2026-11-21T23:58:54Z, in Unix seconds
  %C %c  'c' and a number, where a name comes again; %# the number always
  %N %K %M %G  the session's number and its thousands, three digits each
  %S     the session's number, 20 digits      %%     a percent sign
  %E %e  MAC addresses, and %V %v VLAN: not known here; 'unknown-mac' and nothing
  /      makes directories";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One document, described by docs/report.schema.json
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal
    Auto,
    /// Also on pipes
    Always,
    /// Not at all
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RevealWhat {
    /// Passwords and other AUTH secrets
    Auth,
    /// Message bodies
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportKind {
    /// The mails as the server stores them, and envelopes.json beside them
    Eml,
    /// The application's bytes of each direction, two files a session
    Flows,
}
