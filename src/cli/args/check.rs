//! The command `check`: what is held, and how a policy is written.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{JUDGEMENT, OUTPUT, SharedArgs, parse_duration, parse_ratio};

#[derive(Debug, Args)]
#[command(mut_arg("captures", |arg| arg.required(false).required_unless_present_any(["print_policy", "explain_policy"])))]
#[command(after_help = CHECK_HELP, after_long_help = CHECK_LONG_HELP)]
pub(in crate::cli) struct CheckArgs {
    #[command(flatten)]
    pub(in crate::cli) shared: SharedArgs,
    /// A policy: a TOML file, or delivered, enforce, modern, intermediate, no-plaintext-auth, ses
    #[arg(help_heading = JUDGEMENT, long, value_name = "FILE|NAME")]
    pub(in crate::cli) policy: Vec<String>,
    /// Print a built-in policy, to begin one's own with: modern, intermediate, ...
    #[arg(help_heading = JUDGEMENT, long, value_name = "NAME", exclusive = true)]
    pub(in crate::cli) print_policy: Option<String>,
    /// Show which fields a policy names, with their types and values
    #[arg(help_heading = JUDGEMENT, long, value_name = "FILE|NAME", exclusive = true)]
    pub(in crate::cli) explain_policy: Option<String>,
    /// Pass even if nothing was checked: no session, or none that a rule is about
    #[arg(help_heading = JUDGEMENT, long)]
    pub(in crate::cli) allow_empty: bool,
    /// Fail if there are fewer sessions: where nothing was captured, no rule fails
    #[arg(help_heading = JUDGEMENT, long, value_name = "N")]
    pub(in crate::cli) min_sessions: Option<u64>,
    /// A stored report that the sessions must be like
    #[arg(help_heading = JUDGEMENT, long, value_name = "FILE")]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// Leave a field out of the comparison with the baseline: tls.version, findings
    #[arg(help_heading = JUDGEMENT, long, value_name = "FIELD", requires = "baseline")]
    pub(in crate::cli) ignore: Vec<String>,
    /// Compare a field that changes with the mail or the run, too: mails.from, queue_id
    #[arg(help_heading = JUDGEMENT, long, value_name = "FIELD", requires = "baseline")]
    pub(in crate::cli) also: Vec<String>,
    /// Write the baseline instead of holding it
    #[arg(help_heading = JUDGEMENT, long, requires = "baseline")]
    pub(in crate::cli) update: bool,
    /// Fail also if a rule of severity warning does
    #[arg(help_heading = JUDGEMENT, long)]
    pub(in crate::cli) strict: bool,
    /// Times differ from the baseline if one is so many times as long as the other ...
    #[arg(help_heading = JUDGEMENT, long, value_name = "TIMES", default_value = "2", value_parser = parse_ratio)]
    pub(in crate::cli) tolerance: f64,
    /// ... and by so much more: 100ms, 1.5s
    #[arg(help_heading = JUDGEMENT, long, value_name = "TIME", default_value = "100ms", value_parser = parse_duration)]
    pub(in crate::cli) floor: i64,
    /// What to print
    #[arg(help_heading = OUTPUT, long, value_name = "FORMAT", default_value = "text")]
    pub(in crate::cli) format: CheckFormat,
    /// Where to print it, instead of standard output
    #[arg(help_heading = OUTPUT, short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
}

const CHECK_HELP: &str = "`check --help` shows how a policy is written.";

const CHECK_LONG_HELP: &str = "\
A policy is a TOML file:

  [[rule]]                                # of each session
  name = \"TLS 1.2 or later\"
  expect = 'tls.version in [\"TLSv1.2\", \"TLSv1.3\"]'

  [[rule]]
  name = \"the handshake is quick\"
  severity = \"warning\"                  # fails the run with --strict only
  where = 'outcome == \"delivered\"'      # the sessions it is about
  expect = 'timing.tls_handshake_ns <= duration(\"500ms\")'

  [[limit]]                               # of all sessions together
  name = \"95 of 100 greetings come within a second\"
  value = 'timing.greeting_ns'
  expect = 'p95 < duration(\"1s\")'       # count, share, min, max, mean, p50 ...

Expressions are CEL (https://cel.dev). Names are the fields of a session as
`show --format json` prints it. What is not there is null: `in` and `==` are false
then, and where null would have to be less than something, the rule is passed
over: say `timing.tls_handshake_ns != null && ...` where it must be there.
--print-policy NAME prints a policy that is built in.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CheckFormat {
    /// For people
    Text,
    /// One document
    Json,
    /// JUnit XML
    Junit,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Test Anything Protocol, version 14
    Tap,
}
