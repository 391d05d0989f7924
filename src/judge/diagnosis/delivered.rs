//! What went wrong although mail was accepted: nobody told the client, or the connection died later.

use super::case::Case;
use super::closing::{left_early, reused};
use super::reply::whole;
use crate::moment::seconds;
use crate::report::codes;
use crate::report::diagnosis::{Cause, Likelihood};
use crate::report::mail::MailReport;
use crate::report::smtp::SmtpReport;
use crate::role::Role;

/// Why the session failed all the same.
pub(super) fn causes(case: &Case<'_>) -> Vec<Cause> {
    let Some(smtp) = &case.session.smtp else { return Vec::new() };
    let cause = unconfirmed(case, smtp).or_else(|| reused(case, smtp));
    cause.into_iter().collect()
}

/// The server accepted a message, and the client never got to know.
fn unconfirmed(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let mail = smtp.mails.iter().find(|mail| mail.confirmed == Some(false))?;
    let said = whole(mail.reply.as_ref()?);
    let at = mail.reply_at?;
    let why = late(case, mail).unwrap_or_else(|| repeated(case));
    let message = format!(
        "the server accepted the message ({said}, frame {}), {why}: the reply is unconfirmed, so the client will send the mail again",
        at.frame
    );
    Some(Cause::new(codes::SMTP_UNCONFIRMED_MESSAGE, Likelihood::Certain, message).at(at.frame))
}

/// The client had left before the reply came.
fn late(case: &Case<'_>, mail: &MailReport) -> Option<String> {
    let (at, left) = (mail.reply_at?, left_early(case.tcp, Role::Client)?);
    (left < at).then(|| {
        let waited = mail.end_at.map_or_else(String::new, |end| {
            format!(", which had waited {} for it", seconds((left.ts - end.ts).max(0)))
        });
        format!(
            "but {} after the client had left{waited} (frame {})",
            seconds(at.ts - left.ts),
            left.frame
        )
    })
}

/// The reply did not reach it.
fn repeated(case: &Case<'_>) -> String {
    match case.tcp.unacknowledged.server.attempts {
        0 => "and the client never acknowledged the reply".to_owned(),
        times => format!("repeated the reply {times} times, and the client never acknowledged it"),
    }
}
