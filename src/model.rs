//! What a session and a report are made of: data alone, each field explained in `docs/report.md`.
//! All of it can be serialised with serde, to the JSON that `docs/report.schema.json` describes.

pub use crate::filter::{ConnectionFilter, FilterError};
pub use crate::keys::{KeyError, KeySource, Place, SecretBytes};
pub use crate::moment::Timestamp;
pub use crate::record::Reveal;
pub use crate::report::codes;
pub use crate::report::{
    AlertLevel, AlertReport, Attribution, AuthReport, BySender, CaptureReport, Cause,
    CertificateReport, Checksums, ClientHelloReport, ClockSteps, CloseKind, Code, Conclusion,
    ConversationExchange, Decryption, DecryptionStatus, DeliveryReport, Diagnosis, DkimReport,
    Dropped, Endpoint, Finding, FrameSpan, GreetingReport, Helo, KeyReport, Likelihood, MailReport,
    MailTotals, MissingOrigin, OriginReport, Outcome, PartReport, Position, Protocol, ProxyReport,
    Quality, Reason, RecipientReport, RelatedReport, ReplyReport, ResumptionMethod,
    ResumptionReport, SecretOrigin, Sender, ServerHelloReport, SessionReport, Severity,
    SkippedFrames, SkippedLink, SmtpReport, StepKind, StepReport, Summary, TcpReport,
    TimelineEntry, TimelineEvent, Timing, TlsMode, TlsReport, Transfer, Tunnel, TunnelProtocol,
    Vantage,
};
pub use crate::role::{PerRole, Role};
