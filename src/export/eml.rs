//! `export eml`: one file a mail, and the envelopes beside them.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};

use super::staged::{Placed, StagedFile};
use super::{OrCannot as _, Result, Run};
use crate::engine::Tap;
use crate::export::envelope::{self, Envelope};
use crate::report::{MailReport, SessionReport};
use crate::session::Observer;
use crate::smtp::SmtpEvent;

/// The file of the envelopes.
const ENVELOPES: &str = "envelopes.json";

/// The mails of a session, written aside, in the order in which the report has them.
struct Mails {
    /// The session's first frame, which no other session has.
    first_frame: u64,
    files: Vec<io::Result<(PathBuf, u64)>>,
}

/// Writes the mails of one connection.
struct MailTap {
    number: u64,
    aside: PathBuf,
    /// Mails under way, by their numbers in the dialogue.
    open: BTreeMap<u64, StagedFile>,
    files: Vec<io::Result<(PathBuf, u64)>>,
    done: Sender<Mails>,
}

impl MailTap {
    fn new(number: u64, aside: &Path, done: Sender<Mails>) -> Self {
        let aside = aside.to_owned();
        Self { number, aside, open: BTreeMap::new(), files: Vec::new(), done }
    }

    fn file(&mut self, mail: u64) -> &mut StagedFile {
        let path = || self.aside.join(format!("{}.{mail}", self.number));
        self.open.entry(mail).or_insert_with(|| StagedFile::new(path()))
    }
}

impl Observer for MailTap {
    fn smtp(&mut self, event: &SmtpEvent<'_>) {
        match event {
            SmtpEvent::Body { mail, bytes } => self.file(*mail).push(bytes),
            SmtpEvent::Mail(mail) => {
                // A mail without a byte is a file too.
                self.file(mail.number);
                let file = self.open.remove(&mail.number).map(StagedFile::finish);
                self.files.extend(file);
            }
            _ => {}
        }
    }
}

impl Tap for MailTap {
    fn finish(self: Box<Self>, session: Option<&SessionReport>) {
        let Some(session) = session.filter(|_| !self.files.is_empty()) else { return };
        // The other end is gone only if the run is over.
        let _ = self.done.send(Mails { first_frame: session.frames.first, files: self.files });
    }
}

/// A session with mails.
struct Sent {
    id: u64,
    first_frame: u64,
    mails: Vec<MailReport>,
}

impl Sent {
    fn of(session: &SessionReport) -> Option<Self> {
        let mails = session.smtp.as_ref()?.mails.clone();
        Some(Self { id: session.id, first_frame: session.frames.first, mails })
    }
}

/// Writes the files, which get their names later.
pub(crate) fn write(run: &mut Run<'_>) -> Result<Vec<Placed>> {
    let (done, mails) = mpsc::channel();
    let aside = run.aside.to_owned();
    let mut sessions = Vec::new();
    run.read(
        |number| Some(Box::new(MailTap::new(number, &aside, done.clone()))),
        |session| sessions.extend(Sent::of(session)),
    );
    let mut files: HashMap<u64, Mails> =
        mails.try_iter().map(|mails| (mails.first_frame, mails)).collect();
    sessions.sort_by_key(|session| session.id);
    let mut placed = Vec::new();
    let mut envelopes = Vec::new();
    for session in sessions {
        let Some(mails) = files.remove(&session.first_frame) else { continue };
        place(session, mails, &mut placed, &mut envelopes)?;
    }
    let mut with_mail: Vec<_> = placed.iter().filter_map(|file| file.session).collect();
    with_mail.dedup();
    run.notice.say_of(&with_mail, &format!("mails ({}), with envelopes and bodies", placed.len()));
    placed.push(write_envelopes(&envelopes, run)?);
    Ok(placed)
}

fn place(
    session: Sent,
    mails: Mails,
    placed: &mut Vec<Placed>,
    envelopes: &mut Vec<Envelope>,
) -> Result<()> {
    for (n, (mail, file)) in (1..).zip(session.mails.into_iter().zip(mails.files)) {
        let (staged, bytes) = file.or_cannot("write a mail")?;
        let name = name(session.id, n, mail.complete);
        envelopes.push(Envelope::new(name.clone(), session.id, mail));
        placed.push(Placed { staged, name, session: Some(session.id), bytes });
    }
    Ok(())
}

fn name(session: u64, mail: u64, complete: bool) -> String {
    let ending = if complete { "eml" } else { "partial.eml" };
    format!("{session:04}-{mail}.{ending}")
}

fn write_envelopes(envelopes: &[Envelope], run: &Run<'_>) -> Result<Placed> {
    let mut file = run.file(ENVELOPES);
    let json = envelope::to_json(envelopes).map_err(io::Error::from);
    file.push(&json.or_cannot("write the envelopes")?);
    let (staged, bytes) = file.finish().or_cannot("write the envelopes")?;
    Ok(Placed { staged, name: ENVELOPES.to_owned(), session: None, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_named_after_session_and_place() {
        assert_eq!(name(1, 1, true), "0001-1.eml");
        assert_eq!(name(12_345, 20, false), "12345-20.partial.eml");
    }
}
