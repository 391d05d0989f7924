//! What is told of an input file.

use crate::capture::FileFacts;
use crate::report::document::CaptureReport;

impl CaptureReport {
    /// What is told of a file.
    #[must_use]
    pub fn new(file: &FileFacts) -> Self {
        Self {
            path: file.path.clone(),
            format: file.format.map(|format| format.name()),
            compression: file.compression.map(|compression| compression.name()),
            link_types: file.link_types.iter().map(|link| link.to_string()).collect(),
            packets: file.packets,
            bytes: file.bytes,
            first: file.first,
            last: file.last,
            snaplen_truncated: file.snaplen_truncated,
            complete: file.complete,
            damaged_places: file.damages,
            skipped_bytes: file.skipped_bytes,
        }
    }
}
