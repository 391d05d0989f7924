//! Colours, by what they mean.

use anstyle::{AnsiColor, Color, Style};

use crate::report::Severity;
use crate::role::Role;

/// What a piece of text is, and so how it looks where there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::render) enum Ink {
    /// Nothing special.
    #[default]
    Plain,
    /// A heading.
    Strong,
    /// What the eye may skip: times, labels.
    Dim,
    /// What the client says: blue, as in `tcpflow -g`.
    Client,
    /// What the server says: red, as in `tcpflow -g`.
    Server,
    /// It went well.
    Good,
    /// It may have gone wrong.
    Warn,
    /// It went wrong.
    Bad,
    /// Where TLS begins.
    Border,
}

impl Ink {
    /// The ink of a finding.
    pub(in crate::render) fn of_severity(severity: Severity) -> Self {
        match severity {
            Severity::Error => Self::Bad,
            Severity::Warning => Self::Warn,
            Severity::Info => Self::Dim,
        }
    }

    /// The ink of one end's words.
    pub(in crate::render) fn of_role(role: Role) -> Self {
        match role {
            Role::Client => Self::Client,
            Role::Server => Self::Server,
        }
    }

    /// How a terminal shows it.
    pub(in crate::render) fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(Color::Ansi(color)));
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Client => color(AnsiColor::Blue),
            Self::Server => color(AnsiColor::Red),
            Self::Good => color(AnsiColor::Green).bold(),
            Self::Warn => color(AnsiColor::Yellow).bold(),
            Self::Bad => color(AnsiColor::Red).bold(),
            Self::Border => color(AnsiColor::Cyan).bold(),
        }
    }
}
