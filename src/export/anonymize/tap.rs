//! Listens to one connection, and writes aside its packets and what stands in for its streams.

use std::io;
use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use super::packet::Seen;
use super::sparse::SparseFile;
use super::stream::Parts;
use crate::engine::Tap;
use crate::export::lane::{Content, Run};
use crate::export::masked_stream::{MaskedStream, Shows};
use crate::export::runs::{Writer, Written};
use crate::flow::TcpEvent;
use crate::moment::Span;
use crate::report::SessionReport;
use crate::role::{PerRole, Role};
use crate::session::{Observer, StreamParts};
use crate::smtp::{SecretSpan, SmtpEvent};
use crate::tls::{Aliases, Rewriter, Rewritten, SeenRecord, TlsEvent};

/// One session, written aside.
pub(super) struct Anonymous {
    /// The session's first frame, which no other session has.
    pub(super) first_frame: u64,
    pub(super) says_anything: bool,
    pub(super) packets: io::Result<Written<Seen>>,
    pub(super) parts: PerRole<io::Result<Parts>>,
    pub(super) rewritten: Rewritten,
}

/// Takes all of a connection.
pub(super) struct AnonymousTap {
    masked: MaskedStream,
    written: Streams,
    packets: Writer<Seen>,
    layout: PerRole<StreamParts>,
    done: Sender<Anonymous>,
}

/// What stands in for the streams.
struct Streams {
    rewriter: Rewriter,
    /// Bytes and gaps given to the masked so far, and as TLS began.
    given: PerRole<u64>,
    tls_from: PerRole<Option<u64>>,
    says_anything: bool,
    plain: PerRole<SparseFile>,
    tls: PerRole<SparseFile>,
}

impl AnonymousTap {
    pub(super) fn new(
        aside: &Path,
        number: u64,
        packets: Writer<Seen>,
        aliases: &Arc<Mutex<Aliases>>,
        done: Sender<Anonymous>,
    ) -> Self {
        let file = |part: &str, role: Role| {
            let side = if role == Role::Client { "client" } else { "server" };
            SparseFile::new(aside.join(format!("{number}-{side}-{part}")))
        };
        let written = Streams {
            rewriter: Rewriter::new(Arc::clone(aliases)),
            given: PerRole::default(),
            tls_from: PerRole::default(),
            says_anything: false,
            plain: PerRole::new(|role| file("plain", role)),
            tls: PerRole::new(|role| file("tls", role)),
        };
        // No option shows what this is not to hold.
        let masked = MaskedStream::new(Shows::NoNames);
        Self { masked, written, packets, layout: PerRole::default(), done }
    }
}

impl Streams {
    /// Text that names nobody: plain, or the content of records.
    fn take(&mut self, from: Role, run: &Run<'_, Span>) {
        let Content::Bytes(bytes) = run.content else { return };
        self.says_anything |= !bytes.is_empty();
        if self.tls_from[from].is_none_or(|tls_from| run.offset < tls_from) {
            return self.plain[from].push(run.offset, bytes);
        }
        let tls = &mut self.tls;
        self.rewriter.text(from, bytes, &mut |from, at, bytes| tls[from].push(at, bytes));
    }

    fn record(&mut self, record: &SeenRecord<'_>) {
        let tls = &mut self.tls;
        self.rewriter.record(record, &mut |from, at, bytes| tls[from].push(at, bytes));
    }

    fn finish(self, layout: &PerRole<StreamParts>) -> (PerRole<io::Result<Parts>>, Rewritten) {
        let Self { rewriter, plain, mut tls, .. } = self;
        let rewritten = rewriter.finish(&mut |from, at, bytes| tls[from].push(at, bytes));
        let parts = |layout, plain: SparseFile, tls: SparseFile| {
            Ok(Parts { layout, plain: plain.finish()?, tls: tls.finish()? })
        };
        let parts = PerRole {
            client: parts(layout.client, plain.client, tls.client),
            server: parts(layout.server, plain.server, tls.server),
        };
        (parts, rewritten)
    }

    fn discard(self) {
        let Self { plain, tls, .. } = self;
        for file in [plain.client, plain.server, tls.client, tls.server] {
            file.discard();
        }
    }
}

impl Observer for AnonymousTap {
    fn tcp(&mut self, event: &TcpEvent<'_>) {
        if let TcpEvent::Packet(packet) = event {
            self.packets.push(Seen::new(packet));
        }
    }

    fn moment(&mut self, at: Span) {
        self.masked.moment(at);
    }

    fn bytes(&mut self, from: Role, bytes: &[u8]) {
        self.written.given[from] += bytes.len() as u64;
        self.masked.bytes(from, bytes);
    }

    fn gap(&mut self, from: Role, bytes: u64) {
        self.written.given[from] = self.written.given[from].saturating_add(bytes);
        self.masked.gap(from, bytes);
    }

    fn smtp(&mut self, event: &SmtpEvent<'_>) {
        self.masked.smtp(event);
    }

    fn doubts(&mut self, doubts: &[SecretSpan]) {
        let Self { masked, written, .. } = self;
        masked.release(doubts, &mut |from, run| written.take(from, &run));
    }

    fn wants_records(&self) -> bool {
        true
    }

    fn tls_begins(&mut self) {
        let given = self.written.given;
        Role::BOTH.iter().for_each(|&role| self.written.tls_from[role] = Some(given[role]));
    }

    fn tls(&mut self, event: &TlsEvent<'_>) {
        if let TlsEvent::Record(record) = event {
            self.written.record(record);
        }
    }

    fn streams(&mut self, streams: &PerRole<StreamParts>) {
        self.layout = *streams;
    }
}

impl Tap for AnonymousTap {
    fn finish(self: Box<Self>, session: Option<&SessionReport>) {
        let Self { masked, mut written, packets, layout, done } = *self;
        masked.finish(&mut |from, run| written.take(from, &run));
        let Some(session) = session else {
            written.discard();
            return packets.discard();
        };
        let (first_frame, says_anything) = (session.frames.first, written.says_anything);
        let (parts, rewritten) = written.finish(&layout);
        let packets = packets.finish();
        // The other end is gone only if the run is over.
        let _ = done.send(Anonymous { first_frame, says_anything, packets, parts, rewritten });
    }
}
