//! `export flows`: two files a session, the application's bytes of each direction.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};

use super::staged::{Placed, StagedFile};
use super::{OrCannot as _, Result, Run};
use crate::engine::Tap;
use crate::export::mask::Mask;
use crate::moment::Timestamp;
use crate::render::flow_name::{Stream, Template};
use crate::report::SessionReport;
use crate::role::{PerRole, Role};
use crate::session::{Ends, Observer};
use crate::smtp::{SecretSpan, SmtpEvent};

/// The streams of a session, written aside.
struct Streams {
    /// The session's first frame, which no other session has.
    first_frame: u64,
    files: PerRole<Option<io::Result<(PathBuf, u64)>>>,
    missing: PerRole<u64>,
}

/// Writes the bytes of one connection.
struct FlowTap {
    files: PerRole<StagedFile>,
    missing: PerRole<u64>,
    /// None where everything is revealed.
    masks: Option<PerRole<Mask>>,
    done: Sender<Streams>,
}

impl FlowTap {
    fn new(number: u64, aside: &Path, reveal: bool, done: Sender<Streams>) -> Self {
        let file = |role: Role| StagedFile::new(aside.join(format!("{number}.{}", role.name())));
        Self {
            files: PerRole::new(file),
            missing: PerRole::default(),
            masks: (!reveal).then(|| PerRole::new(|_| Mask::default())),
            done,
        }
    }
}

impl Observer for FlowTap {
    fn bytes(&mut self, from: Role, bytes: &[u8]) {
        match &mut self.masks {
            Some(masks) => masks[from].push(bytes),
            None => self.files[from].push(bytes),
        }
    }

    fn gap(&mut self, from: Role, bytes: u64) {
        self.missing[from] = self.missing[from].saturating_add(bytes);
        if let Some(masks) = &mut self.masks {
            masks[from].skip(bytes);
        }
    }

    fn smtp(&mut self, event: &SmtpEvent<'_>) {
        if let (SmtpEvent::SecretSpan(span), Some(masks)) = (event, &mut self.masks) {
            masks[span.from].hide(*span);
        }
    }

    fn doubts(&mut self, doubts: &[SecretSpan]) {
        let Some(masks) = &mut self.masks else { return };
        for role in Role::BOTH {
            // Almost always there is none or one: nothing is allocated for none.
            let of_role: Vec<_> = doubts.iter().filter(|d| d.from == role).copied().collect();
            let file = &mut self.files[role];
            masks[role].release(&of_role, &mut |bytes| file.push(bytes));
        }
    }
}

impl Tap for FlowTap {
    fn finish(mut self: Box<Self>, session: Option<&SessionReport>) {
        // Whatever was a secret has been told by now.
        self.doubts(&[]);
        let PerRole { client, server } = self.files;
        let Some(session) = session else {
            client.discard();
            return server.discard();
        };
        let end = |file: StagedFile| (file.bytes() > 0).then(|| file.finish());
        let files = PerRole { client: end(client), server: end(server) };
        let first_frame = session.frames.first;
        // The other end is gone only if the run is over.
        let _ = self.done.send(Streams { first_frame, files, missing: self.missing });
    }
}

/// What names the files of a session.
struct Named {
    id: u64,
    first_frame: u64,
    ends: Ends,
    start: Timestamp,
    has_tls: bool,
}

impl Named {
    fn new(session: &SessionReport) -> Self {
        Self {
            id: session.id,
            first_frame: session.frames.first,
            ends: Ends { client: session.client.0, server: session.server.0 },
            start: session.start,
            has_tls: session.tls.is_some(),
        }
    }

    fn stream(&self, from: Role) -> Stream {
        let Ends { client, server } = self.ends;
        let (source, destination) = match from {
            Role::Client => (client, server),
            Role::Server => (server, client),
        };
        Stream { source, destination, start: self.start, session: self.id }
    }
}

/// Names that are given already.
struct Names<'t> {
    template: &'t Template,
    taken: HashSet<String>,
    /// How often a name came, by what it would be the first time.
    counts: HashMap<String, u64>,
}

impl Names<'_> {
    fn next(&mut self, stream: &Stream) -> String {
        let count = self.counts.entry(self.template.name(stream, 0)).or_default();
        loop {
            let name = self.template.name(stream, *count);
            *count += 1;
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// Writes the files, which get their names later.
pub(crate) fn write(run: &mut Run<'_>, template: &Template) -> Result<Vec<Placed>> {
    let (done, streams) = mpsc::channel();
    let reveal = run.setup.reveal.auth;
    let aside = run.aside.to_owned();
    let mut sessions = Vec::new();
    run.read(
        |number| Some(Box::new(FlowTap::new(number, &aside, reveal, done.clone()))),
        |session| sessions.push(Named::new(session)),
    );
    let streams = streams.try_iter().map(|streams| (streams.first_frame, streams)).collect();
    sessions.sort_by_key(|session| session.id);
    let ids: Vec<_> = sessions.iter().map(|session| session.id).collect();
    let secrets = if reveal { "is shown" } else { "is masked" };
    run.notice.say_of(&ids, &format!("envelopes and bodies; what AUTH carries {secrets}"));
    place(&sessions, streams, template, run)
}

fn place(
    sessions: &[Named],
    mut streams: HashMap<u64, Streams>,
    template: &Template,
    run: &mut Run<'_>,
) -> Result<Vec<Placed>> {
    let mut names = Names { template, taken: HashSet::new(), counts: HashMap::new() };
    let mut files = Vec::new();
    for session in sessions {
        let Some(streams) = streams.remove(&session.first_frame) else { continue };
        let PerRole { client, server } = streams.files;
        for (role, file) in [(Role::Client, client), (Role::Server, server)] {
            let Some(file) = file else { continue };
            let (staged, bytes) = file.or_cannot("write a stream")?;
            let name = names.next(&session.stream(role));
            run.note_missing(&name, streams.missing[role], session.has_tls);
            files.push(Placed { staged, name, session: Some(session.id), bytes });
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_comes_again_is_counted() {
        let template = Template::parse("%a-%b%C%c").unwrap();
        let mut names =
            Names { template: &template, taken: HashSet::new(), counts: HashMap::new() };
        let stream = |client: u16, server: u16| Stream {
            source: ([10, 0, 0, 1], client).into(),
            destination: ([10, 0, 0, 2], server).into(),
            start: Timestamp::default(),
            session: 1,
        };
        let given = [(1, 25), (25, 1), (1, 25), (1, 25), (2, 25), (25, 1)]
            .map(|(client, server)| names.next(&stream(client, server)));
        let expected =
            ["00001-00025", "00025-00001", "00001-00025c1", "00001-00025c2", "00002-00025"];
        assert_eq!(given[..5], expected);
        assert_eq!(given[5], "00025-00001c1");
    }
}
