//! The model of the report: data and their names, no more. `record` collects it, `judge` draws its
//! conclusions, `redact` takes the names out. Every field is explained in `docs/report.md`; names
//! and meaning are a contract.

pub(crate) mod also_seen;
pub mod codes;
pub(crate) mod conclusion;
pub(crate) mod decryption;
pub(crate) mod delivery;
pub(crate) mod diagnosis;
pub(crate) mod document;
pub(crate) mod endpoint;
pub(crate) mod exchange;
pub(crate) mod findings;
pub(crate) mod key_audit;
pub mod limits;
pub(crate) mod mail;
mod named;
pub(crate) mod outcome;
pub(crate) mod percentiles;
pub(crate) mod proxy;
pub(crate) mod quality;
pub(crate) mod reason;
pub(crate) mod related;
pub(crate) mod session;
pub(crate) mod smtp;
pub(crate) mod software;
pub(crate) mod summary;
pub(crate) mod tcp;
pub(crate) mod timeline;
pub(crate) mod timing;
pub(crate) mod tls;
pub(crate) mod transaction;
pub(crate) mod transcript;
pub(crate) mod validation;
pub(crate) mod vantage;

pub use also_seen::{AlsoSeen, SeenAs};
pub use codes::{Code, Severity};
pub use conclusion::Conclusion;
pub use decryption::{Decryption, DecryptionStatus, SecretOrigin};
pub use delivery::{DeliveryReport, StepKind, StepReport};
pub use diagnosis::{Cause, Diagnosis, Likelihood};
pub use document::{CaptureReport, Generator, KeyReport, Report, SCHEMA};
pub use endpoint::Endpoint;
pub use exchange::{ConversationExchange, ReplyReport};
pub use findings::Finding;
pub use key_audit::{
    KEY_AUDIT_SCHEMA, KeyAudit, LoggedSession, MissingKey, MissingSecret, RowReport, UnusableKey,
    UsableKey,
};
pub use mail::{DkimReport, MailReport, PartReport, RecipientReport};
pub use outcome::Outcome;
#[cfg(feature = "program")]
pub(crate) use percentiles::MOST_EXACT;
pub use percentiles::Percentiles;
pub use proxy::ProxyReport;
pub use quality::{BySender, Checksums, ClockSteps, Dropped, Quality, Sender, SkippedLink};
pub use reason::Reason;
pub use related::RelatedReport;
pub use session::SessionReport;
pub use smtp::{AuthReport, GreetingReport, Helo, SmtpReport};
pub use software::{SOFTWARE, Software};
pub use summary::{MailTotals, MissingOrigin, SkippedFrames, Summary};
pub use tcp::{CloseKind, FrameSpan, TcpReport};
pub use timeline::{Layer, TimelineEntry, TimelineEvent};
pub use timing::{Attribution, Timing};
pub use tls::{
    AlertLevel, AlertReport, CertificateReport, ClientHelloReport, OriginReport, ResumptionMethod,
    ResumptionReport, ServerHelloReport, TlsMode, TlsReport,
};
pub use transaction::TransactionReport;
pub use transcript::{Content, Piece, Transcript};
pub use vantage::{Position, Vantage};

pub use crate::flow::PacketSeen;
pub use crate::session::{Protocol, Tunnel, TunnelProtocol};
pub use crate::smtp::{AuthResult, StartTls, Transfer, Verb};
pub use validation::{
    DaneRecord, DaneReport, DaneStatus, PathStep, Problem, StapleReport, StapleStatus, StsMode,
    StsReport, StsStatus, Validation, ValidationStatus,
};
