//! The model becomes bytes, one file a format. Knows neither the engine nor which files to
//! open.

pub mod csv;
pub mod explain;
pub mod flow_name;
pub mod github;
pub mod handshakes;
pub mod html;
pub mod json;
pub mod junit;
pub mod key_logs;
pub(crate) mod limits;
pub mod ndjson;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod sarif;
pub mod tap;
pub mod tcpflow;
pub mod term;
pub mod text;
pub mod tlsrpt;
mod visible;

use std::fmt;
use std::io::{self, Write};

use crate::report::{Conclusion, SessionReport};

/// Turns a run into bytes.
pub trait Renderer {
    /// Takes a session; they come in the order in which they end.
    ///
    /// # Errors
    ///
    /// What `out` says.
    fn session(&mut self, session: SessionReport, out: &mut dyn Write) -> io::Result<()>;

    /// Takes what is known at the end.
    ///
    /// # Errors
    ///
    /// What `out` says.
    fn finish(&mut self, rest: Conclusion, out: &mut dyn Write) -> io::Result<()>;
}

/// What `show` prints: a row of [`FORMATS`].
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its line of help.
    pub about: &'static str,
    /// It shows the application's bytes, which are only kept if it does.
    pub needs_bytes: bool,
    /// It has the views `--packets` and `--hex`.
    pub has_views: bool,
    /// Makes what renders it.
    pub renderer: fn(&text::Style) -> Box<dyn Renderer>,
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The format that is a folder of files.
#[cfg(feature = "parquet")]
pub const PARQUET: &str = "parquet";

/// All formats, the default first.
pub static FORMATS: &[Format] = &[
    Format {
        name: "text",
        about: "For people",
        needs_bytes: false,
        has_views: true,
        renderer: |style| Box::new(text::TextReport::new(*style)),
    },
    Format {
        name: "json",
        about: "One document, described by docs/report.schema.json",
        needs_bytes: false,
        has_views: false,
        renderer: |_| Box::new(json::Document::default()),
    },
    Format {
        name: "ndjson",
        about: "A JSON object a line: each session as it ends, then the totals",
        needs_bytes: false,
        has_views: false,
        renderer: |style| Box::new(ndjson::Lines::of(style.views)),
    },
    Format {
        name: "csv",
        about: "A row a session, under a header row (RFC 4180)",
        needs_bytes: false,
        has_views: false,
        renderer: |_| Box::new(csv::Rows::default()),
    },
    Format {
        name: "html",
        about: "One page to look at: tables, timelines, ladders, conversations",
        needs_bytes: false,
        has_views: true,
        renderer: |style| Box::new(html::HtmlReport::new(style)),
    },
    Format {
        name: "tlsrpt",
        about: "The JSON of SMTP TLS Reporting (RFC 8460), of sessions on port 25",
        needs_bytes: false,
        has_views: false,
        renderer: |_| Box::new(tlsrpt::TlsReporting::default()),
    },
    Format {
        name: "tcpflow",
        about: "What was said, as `tcpflow -c -FT -g` prints it",
        needs_bytes: true,
        has_views: false,
        renderer: |style| Box::new(tcpflow::Console::new(style)),
    },
    #[cfg(feature = "parquet")]
    Format {
        name: PARQUET,
        about: "Tables for SQL, one file each in the directory of -o (docs/fleet.md)",
        needs_bytes: false,
        has_views: false,
        // Which files they are, the command line says.
        renderer: |_| Box::new(ndjson::Lines::default()),
    },
];

impl Format {
    /// The format of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }
}
