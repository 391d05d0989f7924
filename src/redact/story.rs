//! Names in what passed beside a session, and in the way of a mail.

use super::redactor::Redactor;
use crate::report::{DeliveryReport, RelatedReport, StepReport};

impl Redactor {
    /// Puts pseudonyms into deliveries.
    pub fn deliveries(&mut self, deliveries: &mut [DeliveryReport]) {
        deliveries.iter_mut().for_each(|delivery| self.delivery(delivery));
    }

    fn delivery(&mut self, delivery: &mut DeliveryReport) {
        let DeliveryReport {
            id: _,
            message_id,
            from,
            to,
            outcome: _,
            start: _,
            duration_ns: _,
            copies: _,
            summary,
            sessions: _,
            steps,
        } = delivery;
        message_id.iter_mut().for_each(|id| self.wire(id));
        from.iter_mut().chain(to).for_each(|path| *path = self.names.mailbox(path));
        self.wire(summary);
        for step in steps {
            let StepReport {
                kind: _,
                session: _,
                frame: _,
                t_ns: _,
                duration_ns: _,
                host,
                summary,
            } = step;
            self.wire(host);
            self.wire(summary);
        }
    }

    pub(super) fn related(&mut self, related: &mut RelatedReport) {
        let RelatedReport {
            kind: _,
            from,
            to,
            frame: _,
            last_frame: _,
            t_ns: _,
            duration_ns: _,
            summary,
            explains: _,
        } = related;
        [from, to, summary].into_iter().for_each(|text| self.wire(text));
    }
}
