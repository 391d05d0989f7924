//! What was typed, nothing resolved.

mod check;
mod choice;
mod fleet;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{profile, select};
use crate::filter::{ConnectionFilter, Instant, PacketFilter};
use crate::judge::SlowLimit;
use crate::keys::RsaEngine;
use crate::render::{FORMATS, Format};
pub(super) use check::{CheckArgs, CheckFormat};
pub(super) use choice::ChoiceArgs;
pub(super) use fleet::{HandshakesArgs, SplitArgs, UnlockArgs};
pub(super) use values::{
    AddressArg, Color, ExportKind, OutcomeArg, RedactWhat, RevealWhat, SeverityArg, Times,
    parse_duration,
};
use values::{formats, parse_ratio};

/// Decrypts SMTP over TLS from packet captures, and says why when it cannot.
#[derive(Debug, Parser)]
#[command(name = "smtp-decrypt", version, args_conflicts_with_subcommands = true)]
#[command(after_help = AFTER_HELP, after_long_help = AFTER_LONG_HELP)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) show: ShowArgs,
    /// Explain a finding's code or an outcome, or `list` all codes
    #[arg(long, value_name = "CODE", exclusive = true)]
    pub(super) explain: Option<String>,
    /// List every limit: what a capture can make grow, and how far
    #[arg(long, exclusive = true)]
    pub(super) limits: bool,
}

const AFTER_HELP: &str = "Without a command the captures are shown: \
    smtp-decrypt --keys keys.list capture.pcap";

const AFTER_LONG_HELP: &str = "\
Without a command the captures are shown:

  smtp-decrypt --keys keys.list capture.pcap       with the server's RSA key
  smtp-decrypt --keylog session.keylog capture.pcap

A key list has a row a server: 192.0.2.25,587,smtp,server.key

Exit codes:
  0  done, whether or not there was anything to decrypt
  1  compare: the negotiations differ; check: a rule failed
  2  wrong usage, or a key, key list, key log or policy that cannot be used
  3  a capture cannot be read, or not to its end
  4  --require-decrypted, and a session was not decrypted

Environment:
  SMTP_DECRYPT_PASSWORD  a password of encrypted keys
  NO_COLOR               no colours, if it is not empty

`smtp-decrypt COMMAND --help` tells of a command.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show decrypted conversations and timing (the default command)
    Show(Box<ShowArgs>),
    /// Write what was decrypted to files
    Export(Box<ExportArgs>),
    /// Write a capture that may be shared: the same sessions, and nobody named
    Anonymize(Box<AnonymizeArgs>),
    /// Tell where two negotiations part, and why
    Compare(Box<CompareArgs>),
    /// Hold sessions against policies and baselines, for CI
    Check(Box<CheckArgs>),
    /// Validate keys and key logs: which sessions each opens, and which are missing
    Keys(Box<KeysArgs>),
    /// Write the packets that concern us into shards, each to be read alone
    Split(Box<SplitArgs>),
    /// Write what the holder of the keys needs to open the sessions; no secret, no content
    Handshakes(Box<HandshakesArgs>),
    /// Turn what `handshakes` wrote into a key log, where the keys are
    Unlock(Box<UnlockArgs>),
    /// Print what completes commands and options in a shell
    Completions(CompletionsArgs),
    /// Print the manual page, in roff
    Man(ManArgs),
    /// Print what this build is: version, commit, target
    Version,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The page of this command, instead of that of the program
    pub(super) command: Option<String>,
}

/// The parts of a help page.
const KEYS: &str = "Keys";
const TRUST: &str = "What is trusted";
const SELECTION: &str = "Which sessions";
const OUTPUT: &str = "Output";
const JUDGEMENT: &str = "Limits and rules";
const RUN: &str = "How it runs";

/// Options that every command shares.
#[derive(Debug, Args)]
pub(super) struct SharedArgs {
    /// RSA key list: rows of ip,port,proto,path, as Wireshark's tls.keys_list
    #[arg(help_heading = KEYS, long, value_name = "FILE")]
    pub(super) keys: Vec<PathBuf>,
    /// A server's RSA private key, PEM or DER, for any connection; repeatable
    #[arg(help_heading = KEYS, long, value_name = "FILE")]
    pub(super) key: Vec<PathBuf>,
    /// Secrets of single sessions, as SSLKEYLOGFILE (RFC 9850): a file, also gzipped, a folder, or -
    #[arg(help_heading = KEYS, long, value_name = "FILE")]
    pub(super) keylog: Vec<PathBuf>,
    /// A pre-shared key in hex, IDENTITY:KEY, or a file with one a line; repeatable
    #[arg(help_heading = KEYS, long, value_name = "HEX|FILE")]
    pub(super) psk: Vec<String>,
    /// What a machine still has of its sessions: OpenSSL session files, Postfix caches, memory dumps (also
    /// .gz, .zst, folders); searched for their secrets; repeatable
    #[arg(help_heading = KEYS, long, value_name = "FILE")]
    pub(super) secrets_from: Vec<PathBuf>,
    /// A Wireshark profile, for the keys and the key log it names: its folder, or its name
    #[arg(help_heading = KEYS, long, value_name = "DIR|NAME", value_parser = profile::folder)]
    pub(super) wireshark_profile: Vec<PathBuf>,
    /// Passwords of encrypted keys, one a line; also read from SMTP_DECRYPT_PASSWORD
    #[arg(help_heading = KEYS, long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
    /// Certificates to trust, PEM or DER: a file, a directory, or `system`; repeatable
    #[arg(help_heading = TRUST, long, value_name = "FILE|DIR|system")]
    pub(super) ca: Vec<PathBuf>,
    /// TLSA records of DANE, as a zone file has them; those of the capture count anyway
    #[arg(help_heading = TRUST, long, value_name = "FILE")]
    pub(super) tlsa: Vec<PathBuf>,
    /// An MTA-STS policy; the file's time is taken for when it was fetched
    #[arg(help_heading = TRUST, long, value_name = "FILE")]
    pub(super) mta_sts: Vec<PathBuf>,
    /// Only connections of which a packet matches: pcap-filter(7), at any level of nesting
    #[arg(help_heading = SELECTION, long, value_name = "EXPR", value_parser = select::connection_filter)]
    pub(super) filter: Option<ConnectionFilter>,
    /// Only packets that match, as tcpdump takes them
    #[arg(help_heading = SELECTION, long, value_name = "EXPR", value_parser = select::packet_filter)]
    pub(super) packet_filter: Option<PacketFilter>,
    /// Only connections with a packet from then on: RFC 3339, HH:MM:SS, or seconds from the first
    #[arg(help_heading = SELECTION, long, value_name = "WHEN")]
    pub(super) since: Option<Instant>,
    /// Only connections with a packet before then
    #[arg(help_heading = SELECTION, long, value_name = "WHEN")]
    pub(super) until: Option<Instant>,
    #[command(flatten)]
    pub(super) choice: ChoiceArgs,
    /// Report every connection that carries TLS, not only mail
    #[arg(help_heading = SELECTION, long)]
    pub(super) all_tls: bool,
    /// Show each point of a capture on both sides of NAT, and each half, as a session of its own
    #[arg(help_heading = SELECTION, long)]
    pub(super) no_join: bool,
    /// Number of threads (the output is the same for any)
    #[arg(help_heading = RUN, long, value_name = "N")]
    pub(super) threads: Option<std::num::NonZeroUsize>,
    /// What computes RSA: auto, ifma, avx2, portable or reference (the output is the same for any)
    #[arg(help_heading = RUN, long, value_name = "ENGINE", default_value = "auto", hide_short_help = true)]
    pub(super) rsa_engine: RsaEngine,
    /// Do not give up the rights to other files, the network and other programs (Linux)
    #[arg(help_heading = RUN, long, hide_short_help = true)]
    pub(super) no_sandbox: bool,
    /// When to use colours
    #[arg(help_heading = OUTPUT, long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    /// Exit with 4 if a session that carries data was not decrypted
    #[arg(help_heading = RUN, long)]
    pub(super) require_decrypted: bool,
    /// Show more: whole lists of suites, extensions and certificates
    #[arg(help_heading = OUTPUT, short, long, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Say nothing on standard error but errors, and show no progress
    #[arg(help_heading = OUTPUT, short, long, conflicts_with = "verbose")]
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
    #[arg(help_heading = OUTPUT, long, value_name = "FORMAT", default_value = FORMATS[0].name, value_parser = formats())]
    pub(super) format: &'static Format,
    /// Where to print it, instead of standard output; replaced if it exists
    #[arg(help_heading = OUTPUT, short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// What to show that is masked by default
    #[arg(help_heading = OUTPUT, long, value_name = "WHAT", value_delimiter = ',')]
    pub(super) reveal: Vec<RevealWhat>,
    /// What to put pseudonyms for, so that the report may leave the house; subjects stay
    #[arg(help_heading = OUTPUT, long, value_name = "WHAT", value_delimiter = ',', conflicts_with_all = ["reveal", "hex", "packets"])]
    pub(super) redact: Vec<RedactWhat>,
    /// Where to write which name each pseudonym stands for
    #[arg(help_heading = OUTPUT, long, value_name = "FILE", requires = "redact")]
    pub(super) redact_map: Option<PathBuf>,
    /// A line a session and the totals alone, when all was read
    #[arg(help_heading = OUTPUT, long, conflicts_with_all = ["timing", "packets", "hex"])]
    pub(super) list: bool,
    /// The way of each mail alone: lookups, attempts, retries, hops (record `port 53` too)
    #[arg(help_heading = OUTPUT, long, conflicts_with_all = ["list", "timing", "packets", "hex"])]
    pub(super) deliveries: bool,
    /// The timing report alone; of several sessions, percentiles first
    #[arg(help_heading = OUTPUT, long)]
    pub(super) timing: bool,
    /// Wait for more where the capture ends (one file, or standard input), until interrupted
    #[arg(help_heading = RUN, long)]
    pub(super) follow: bool,
    /// With --follow: end when nothing has come for so many seconds
    #[arg(help_heading = RUN, long, value_name = "SECONDS", requires = "follow")]
    pub(super) idle: Option<u32>,
    /// A line a packet alone, with what each carried
    #[arg(help_heading = OUTPUT, long)]
    pub(super) packets: bool,
    /// The application's bytes in hex alone; with --packets, under the packet that completed them
    #[arg(help_heading = OUTPUT, long)]
    pub(super) hex: bool,
    /// How text shows times
    #[arg(help_heading = OUTPUT, long, value_name = "HOW", default_value = "relative")]
    pub(super) time: Times,
    /// How long a phase may take before it is a finding, as in greeting=2s or rcpt=off
    #[arg(help_heading = JUDGEMENT, long, value_name = "PHASE=DURATION", long_help = SLOW_HELP)]
    pub(super) slow: Vec<SlowLimit>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// What to write
    pub(super) kind: ExportKind,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
    /// The directory to write to; made if missing
    #[arg(help_heading = OUTPUT, short, long, value_name = "DIR")]
    pub(super) output: PathBuf,
    /// Overwrite files that exist
    #[arg(help_heading = OUTPUT, long)]
    pub(super) force: bool,
    /// How to name flows, in the letters of tcpflow -T [default: %A.%a-%B.%b%V%v%C%c]
    #[arg(help_heading = OUTPUT, long, value_name = "TEMPLATE", long_help = NAME_HELP)]
    pub(super) name: Option<String>,
    /// What to write that is masked by default
    #[arg(help_heading = OUTPUT, long, value_name = "WHAT", value_delimiter = ',')]
    pub(super) reveal: Vec<RevealWhat>,
    /// Of pcapng-plain: what to put pseudonyms for, and to mask, so that it may leave the house
    #[arg(help_heading = OUTPUT, long, value_name = "WHAT", value_delimiter = ',', conflicts_with = "reveal")]
    pub(super) redact: Vec<RedactWhat>,
}

#[derive(Debug, Args)]
pub(super) struct AnonymizeArgs {
    #[command(flatten)]
    pub(super) shared: SharedArgs,
    /// The capture to write, as pcapng
    #[arg(help_heading = OUTPUT, short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Overwrite it if it exists
    #[arg(help_heading = OUTPUT, long)]
    pub(super) force: bool,
}

const SLOW_HELP: &str = "How long a phase may take before it is a finding; repeatable

  connect    SYN to ACK                    1s     tcp.slow_connect
  greeting   ACK to the greeting           1s     smtp.slow_greeting
  starttls   STARTTLS to its reply         1s     smtp.slow_starttls
  handshake  ClientHello to Finished       500ms  tls.slow_handshake
  auth       AUTH to its final reply       3s     smtp.slow_auth
  mail       MAIL to its reply             1s     smtp.slow_mail
  rcpt       RCPT to its reply             3s     smtp.slow_rcpt
  data       DATA to its reply             1s     smtp.slow_data
  transfer   a message's first byte, last  off    smtp.slow_transfer
  accept     a message's last byte, reply  5s     smtp.slow_accept

A duration has a unit (us, ms, s, m); off is never slow.";

#[derive(Debug, Args)]
#[command(override_usage = "smtp-decrypt compare [OPTIONS] GOOD BAD")]
#[command(mut_arg("captures", |arg| arg.num_args(2).value_names(["GOOD", "BAD"])
    .help("The good capture and the bad one: files or directories; - is standard input")))]
pub(super) struct CompareArgs {
    #[command(flatten)]
    pub(super) shared: SharedArgs,
    /// The session of this number on the good side
    #[arg(help_heading = SELECTION, long, value_name = "N")]
    pub(super) good_session: Option<u64>,
    /// The session of this number on the bad side
    #[arg(help_heading = SELECTION, long, value_name = "N")]
    pub(super) bad_session: Option<u64>,
    /// On the good side the sessions of this client or server: IP, IP:PORT or [IPv6]:PORT
    #[arg(help_heading = SELECTION, long, value_name = "ADDRESS")]
    pub(super) good_address: Option<AddressArg>,
    /// On the bad side the sessions of this client or server
    #[arg(help_heading = SELECTION, long, value_name = "ADDRESS")]
    pub(super) bad_address: Option<AddressArg>,
    /// Times differ if one is so many times as long as the other ...
    #[arg(help_heading = JUDGEMENT, long, value_name = "TIMES", default_value = "2", value_parser = parse_ratio)]
    pub(super) tolerance: f64,
    /// ... and by so much more: 100ms, 1.5s
    #[arg(help_heading = JUDGEMENT, long, value_name = "TIME", default_value = "100ms", value_parser = parse_duration)]
    pub(super) floor: i64,
    /// What to print
    #[arg(help_heading = OUTPUT, long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: CompareFormat,
    /// Columns of the text
    #[arg(help_heading = OUTPUT, long, value_name = "COLUMNS", default_value_t = 80)]
    pub(super) width: usize,
    /// Where to print it, instead of standard output
    #[arg(help_heading = OUTPUT, short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(mut_arg("captures", |arg| arg.required(false)
    .help("Capture files or directories; - is standard input. Without any, only the keys are validated")))]
pub(super) struct KeysArgs {
    #[command(flatten)]
    pub(super) shared: SharedArgs,
    /// What to print
    #[arg(help_heading = OUTPUT, long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: KeysFormat,
    /// Where to print it, instead of standard output
    #[arg(help_heading = OUTPUT, short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KeysFormat {
    /// For people
    Text,
    /// One document
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CompareFormat {
    /// For people
    Text,
    /// One page to look at: two ladders side by side
    Html,
    /// One document
    Json,
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
