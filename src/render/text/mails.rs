//! The mails of a session: whose, what became of them, and by what they are found again.

use std::io;

use super::ink::Ink;
use super::line::{LABELS, Line};
use super::message::measure;
use super::page::Page;
use crate::report::{DkimReport, MailReport, PartReport, SessionReport};

/// Recipients that are listed of one mail; more are counted.
const MOST_RECIPIENTS: usize = 20;

/// Writes each mail of a session.
pub(super) fn facts(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let mails = session.smtp.as_ref().map_or(&[][..], |smtp| &smtp.mails);
    mails.iter().enumerate().try_for_each(|(i, mail)| one(i, mail, page))
}

/// Writes a mail, the session's first being number 0.
pub(in crate::render) fn one(i: usize, mail: &MailReport, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::hanging(LABELS);
    line.ink(Ink::Dim).own("Mail ").text(i + 1).tab(LABELS).ink(Ink::Plain);
    envelope(mail, &mut line);
    page.put(&line)?;
    identity(mail, page)
}

fn envelope(mail: &MailReport, line: &mut Line) {
    let (ink, fate) = match &mail.reply {
        None => (Ink::Warn, "unanswered"),
        Some(_) if mail.is_accepted() => (Ink::Good, "accepted"),
        Some(_) => (Ink::Bad, "refused"),
    };
    line.inked(ink, fate).own(": ");
    match mail.from.as_deref() {
        None => line.own("(sender not captured)"),
        Some("") => line.own("<>"),
        Some(from) => line.text(from),
    };
    line.own(" -> ").list(&mail.to, ", ", MOST_RECIPIENTS);
    if !mail.rejected_to.is_empty() {
        line.own(if mail.to.is_empty() { "" } else { " " }).inked(Ink::Bad, "(refused: ");
        line.list(&mail.rejected_to, ", ", MOST_RECIPIENTS).inked(Ink::Bad, ")");
    }
}

/// Size, hash and names.
fn identity(mail: &MailReport, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::unlabelled();
    measure(mail, &mut line);
    if let Some(id) = &mail.queue_id {
        line.own(", queue id ").text(id);
    }
    page.put(&line)?;
    let refusal = mail.reply.as_ref().filter(|_| !mail.is_accepted());
    for text in refusal.iter().flat_map(|reply| &reply.lines) {
        page.put(Line::unlabelled().ink(Ink::Bad).text(text))?;
    }
    named("Subject: ", mail.subject.as_ref(), page)?;
    named("Message-ID: ", mail.message_id.as_ref(), page)?;
    mail.parts.iter().filter(|part| part.name.is_some()).try_for_each(|part| file(part, page))?;
    mail.dkim.iter().try_for_each(|dkim| signature(dkim, page))
}

/// A part that has a file's name.
fn file(part: &PartReport, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::unlabelled();
    line.inked(Ink::Dim, "File: ").text(part.name.as_deref().unwrap_or_default());
    line.own(" (").text(&part.content_type);
    if let Some(bytes) = part.bytes {
        line.own(", ").text(bytes).own(" bytes");
    }
    page.put(line.own(")"))
}

/// What a DKIM signature says of the body as it was captured.
fn signature(dkim: &DkimReport, page: &mut Page<'_>) -> io::Result<()> {
    let (ink, says) = match dkim.body_hash {
        Some("match") => (Ink::Good, "the body is the one that was signed"),
        Some("mismatch") => (Ink::Warn, "the body is not the one that was signed"),
        Some(_) => (Ink::Plain, "signed in a way that is not known here"),
        None => (Ink::Plain, "bytes of the body are missing"),
    };
    let mut line = Line::unlabelled();
    line.inked(Ink::Dim, "DKIM: ").text(&dkim.domain).own(", ");
    page.put(line.inked(ink, says))
}

fn named(name: &'static str, value: Option<&String>, page: &mut Page<'_>) -> io::Result<()> {
    let put = |value: &String| page.put(Line::unlabelled().inked(Ink::Dim, name).text(value));
    value.map_or(Ok(()), put)
}
