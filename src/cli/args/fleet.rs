//! The commands of fleets: steps that an engine runs on many machines.

use std::num::NonZeroU16;
use std::path::PathBuf;

use clap::Args;

use super::SharedArgs;
use crate::keys::RsaEngine;

#[derive(Debug, Args)]
pub(in crate::cli) struct SplitArgs {
    /// How many shards; the same number for all captures that belong together
    #[arg(long, value_name = "N")]
    pub(in crate::cli) shards: NonZeroU16,
    /// The directory to write to; made if missing
    #[arg(short, long, value_name = "DIR")]
    pub(in crate::cli) output: PathBuf,
    /// Overwrite files that exist
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// A server's port of which all connections are kept, as those of mail are
    #[arg(long, value_name = "PORT")]
    pub(in crate::cli) port: Vec<u16>,
    /// Keep every connection that carries TLS, not only what mail or an RSA key may open
    #[arg(long)]
    pub(in crate::cli) all_tls: bool,
    /// Say nothing on standard error but errors
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
    /// Do not give up the rights to other files, the network and other programs (Linux)
    #[arg(long, hide_short_help = true)]
    pub(in crate::cli) no_sandbox: bool,
    /// Capture files or directories; - is standard input
    #[arg(value_name = "CAPTURE", required = true)]
    pub(in crate::cli) captures: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct HandshakesArgs {
    #[command(flatten)]
    pub(in crate::cli) shared: SharedArgs,
    /// Where to write them, instead of standard output; overwritten if it exists
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct UnlockArgs {
    /// RSA key list: rows of ip,port,proto,path, as Wireshark's tls.keys_list
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) keys: Vec<PathBuf>,
    /// A server's RSA private key, PEM or DER
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) key: Vec<PathBuf>,
    /// Passwords of encrypted keys, one a line; also read from SMTP_DECRYPT_PASSWORD
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) password_file: Option<PathBuf>,
    /// What computes RSA: auto, ifma, avx2, portable or reference (the output is the same for any)
    #[arg(long, value_name = "ENGINE", default_value = "auto", hide_short_help = true)]
    pub(in crate::cli) rsa_engine: RsaEngine,
    /// The key log to write, for its owner alone; overwritten if it exists
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: PathBuf,
    /// Say nothing on standard error but errors
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
    /// Do not give up the rights to other files, the network and other programs (Linux)
    #[arg(long, hide_short_help = true)]
    pub(in crate::cli) no_sandbox: bool,
    /// Files that `smtp-decrypt handshakes` wrote
    #[arg(value_name = "HANDSHAKES", required = true)]
    pub(in crate::cli) handshakes: Vec<PathBuf>,
}
