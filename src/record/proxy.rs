//! What is told of a PROXY protocol header.

use crate::report::proxy::ProxyReport;
use crate::smtp::ProxyHeader;

impl ProxyReport {
    /// The report of a header.
    pub(super) fn of(header: &ProxyHeader) -> Self {
        Self {
            version: header.version.number(),
            source: header.source.map(|address| address.to_string()),
            destination: header.destination.map(|address| address.to_string()),
        }
    }
}
