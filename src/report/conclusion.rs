//! The part of a report that is about all sessions.

use super::delivery::DeliveryReport;
use super::document::{CaptureReport, KeyReport};
use super::findings::Finding;
use super::quality::Quality;
use super::summary::Summary;

/// What is known when all sessions are over.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Conclusion {
    /// The input files.
    pub captures: Vec<CaptureReport>,
    /// The keys given.
    pub keys: Vec<KeyReport>,
    /// The way of each mail, in order of first packet.
    pub deliveries: Vec<DeliveryReport>,
    /// Findings that belong to no session.
    pub findings: Vec<Finding>,
    /// What the capture lacks.
    pub quality: Quality,
    /// Totals.
    pub summary: Summary,
}
