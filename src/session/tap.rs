//! Who listens to a connection while it is understood: `export` does.

use std::mem;

use super::{Piece, Session, Text};
use crate::flow::{Body, Gap, GapCause, PacketSeen, TcpFacts};
use crate::moment::Span;
use crate::report::SessionReport;
use crate::role::{PerRole, Role};
use crate::smtp::{SecretSpan, SmtpEvent};
use crate::tls::{KeyLogLine, Lock, SeenRecord, Tls};

/// Bytes of text after which it is not ciphertext by chance: of random bytes four in ten may stand
/// in text.
const ENOUGH: usize = 32;

/// How a PROXY protocol header in binary form begins: no ciphertext.
const PROXY_V2: &[u8] = b"\r\n\r\n\0";

/// Takes the application's bytes of a connection that concerns us: what is plain, and what came
/// out of TLS. Never ciphertext.
///
/// Secrets stand in these bytes. [`SmtpEvent::SecretSpan`] tells where, in offsets that count the
/// bytes and gaps given of that direction; it may come after them, and until then
/// [`doubts`](Self::doubts) names them.
pub trait Tap: Send {
    /// A packet of the connection, captured as it is.
    fn packet(&mut self, _packet: &PacketSeen) {}
    /// When the bytes or the gap that come next were captured.
    fn moment(&mut self, _at: Span) {}
    /// The next bytes of a direction.
    fn bytes(&mut self, _from: Role, _bytes: &[u8]) {}
    /// So many bytes of a direction are missing here; inside TLS, so many at most.
    fn gap(&mut self, _from: Role, _bytes: u64) {}
    /// What happens in the dialogue; its bytes are given right after.
    fn smtp(&mut self, _event: &SmtpEvent<'_>) {}
    /// What of the bytes given may still turn out to be a secret. Told after each of the above.
    fn doubts(&mut self, _doubts: &[SecretSpan]) {}
    /// Whether it wants the secrets that open the connection: for `export` to write.
    fn wants_secrets(&self) -> bool {
        false
    }
    /// The secrets that opened the connection, told before its end.
    fn secrets(&mut self, _secrets: Vec<KeyLogLine>) {}
    /// Whether it wants the records of TLS, to write them anew.
    fn wants_records(&self) -> bool {
        false
    }
    /// TLS begins behind what was given.
    fn tls_begins(&mut self) {}
    /// A record of TLS; what it held for the application was given before.
    fn record(&mut self, _record: &SeenRecord<'_>) {}
    /// Where the parts of the streams lie, told before the connection's end.
    fn streams(&mut self, _streams: &PerRole<StreamParts>) {}
    /// Whether it wants what the holder of the keys needs to open the connection.
    fn wants_locks(&self) -> bool {
        false
    }
    /// That, told before the end, of connections that do not concern us too: a key may change that.
    fn locks(&mut self, _locks: Vec<Lock>) {}
    /// The connection is over: a session, or nothing that concerns us.
    fn finish(self: Box<Self>, session: Option<&SessionReport>);
}

/// The parts of one direction's stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamParts {
    /// The sequence number of its first byte, if it is known.
    pub first_seq: Option<u32>,
    /// Where TLS begins, or the stream ends: an offset that counts gaps.
    pub tls_from: u64,
}

/// Has `tls` keep what the tap wants of it.
pub(super) fn ask(tap: &dyn Tap, tls: &mut Tls) {
    if tap.wants_secrets() {
        tls.disclose();
    }
    if tap.wants_locks() {
        tls.note_locks();
    }
    if tap.wants_records() {
        tls.watch_records();
    }
}

/// Tells the tap what was kept for it.
pub(super) fn tell(tap: &mut dyn Tap, tls: &mut Tls) {
    tap.secrets(tls.take_disclosed());
    tap.locks(tls.take_locks());
}

/// Whether what is taken for plaintext is. Where TLS may have begun in a gap, or before the
/// capture, it may be the middle of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is.
    Clear,
    /// The next bytes tell.
    Doubtful,
    /// It is not: nothing of it is for the tap.
    Muted,
}

impl Session {
    /// What does not concern us is not listened to.
    pub(super) fn tap_body(&mut self, from: Role, body: &Body<'_>, at: Span) {
        if self.tap.is_none() || !self.is_for_the_tap(body) {
            return;
        }
        let doubts = self.doubts();
        let Some(tap) = &mut self.tap else { return };
        tap.moment(at);
        match body {
            Body::Bytes(bytes) => tap.bytes(from, bytes),
            Body::Gap(gap) => tap.gap(from, gap.bytes),
        }
        tap.doubts(&doubts);
    }

    /// What came out of TLS was opened, and so concerns us.
    fn is_for_the_tap(&mut self, body: &Body<'_>) -> bool {
        if self.is_in_tls() {
            return true;
        }
        if let (Trust::Doubtful, Body::Bytes(bytes)) = (self.trust, body) {
            self.trust = trust(bytes);
        }
        let is_ours = || self.ends.is_some_and(|ends| self.concerns_us(&ends, None));
        self.trust != Trust::Muted && is_ours()
    }

    fn doubts(&self) -> Vec<SecretSpan> {
        match &self.text {
            Text::Talking(dialogue) => dialogue.doubts(),
            Text::Sniffing | Text::Foreign => Vec::new(),
        }
    }

    pub(super) fn tap_piece(&mut self, from: Role, piece: &Piece) {
        match piece {
            Piece::Bytes(bytes, at) => self.tap_body(from, &Body::Bytes(bytes), *at),
            &Piece::Gap(bytes, at) => {
                self.tap_body(from, &Body::Gap(Gap { bytes, cause: GapCause::Lost }), at);
            }
        }
    }

    /// Tells a tap that writes the streams anew how they are made up.
    pub(super) fn tell_streams(&mut self, tcp: &TcpFacts) {
        if let Some(mut tls) = self.tls.take() {
            Role::BOTH
                .iter()
                .for_each(|&role| tls.tell_cut(role, &mut |event| self.on_tls(&event)));
            self.tls = Some(tls);
        }
        let fed = |role| self.tls.as_ref().map_or(0, |tls| tls.fed(role));
        let streams = PerRole::new(|role| StreamParts {
            first_seq: tcp.first_seq[role],
            tls_from: self.received[role].saturating_sub(fed(role)),
        });
        if let Some(tap) = &mut self.tap {
            tap.streams(&streams);
        }
    }

    /// A line that TLS cuts off never ends, so the dialogue will not say what it was.
    pub(super) fn hide_doubts(&mut self) {
        let doubts = self.doubts();
        if let Some(tap) = &mut self.tap {
            doubts.into_iter().for_each(|span| tap.smtp(&SmtpEvent::SecretSpan(span)));
        }
    }

    /// Too little was said to know what it is: it is the application's all the same.
    pub(super) fn tap_the_undecided(&mut self) {
        self.trust = Trust::Doubtful;
        for role in Role::BOTH {
            let pieces = mem::take(&mut self.pending[role]);
            pieces.iter().for_each(|piece| self.tap_piece(role, piece));
        }
    }
}

fn trust(bytes: &[u8]) -> Trust {
    match is_text(bytes) || bytes.starts_with(PROXY_V2) {
        false => Trust::Muted,
        true if bytes.len() < ENOUGH => Trust::Doubtful,
        true => Trust::Clear,
    }
}

/// UTF-8, perhaps cut at either end, without control characters but those of text.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let is_continued = |byte: &&u8| (0x80..0xc0).contains(*byte);
    let cut = bytes.iter().take(3).take_while(is_continued).count();
    let bytes = bytes.get(cut..).unwrap_or_default();
    let is_utf8 = str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    is_utf8 && bytes.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};

    use super::*;
    use crate::flow::{Chunk, Conversation as _, TcpEvent, TcpFacts};
    use crate::moment::Moment;
    use crate::record::Reveal;
    use crate::session::Setup;
    use crate::tls::Keys;

    struct Listener {
        heard: Vec<u8>,
        done: Sender<Vec<u8>>,
    }

    impl Tap for Listener {
        fn bytes(&mut self, _from: Role, bytes: &[u8]) {
            self.heard.extend_from_slice(bytes);
        }

        fn finish(self: Box<Self>, _session: Option<&SessionReport>) {
            self.done.send(self.heard).unwrap();
        }
    }

    /// What is heard of a connection to `port` that says this.
    fn heard(port: u16, said: &[(Role, Body<'_>)]) -> Vec<u8> {
        let (done, heard) = channel();
        let reveal = Reveal { auth: false, body: false };
        let setup = Arc::new(Setup { keys: Keys::default(), reveal, ..Setup::default() });
        let tap = Box::new(Listener { heard: Vec::new(), done });
        let mut session = Session::new(1, setup, Some(tap));
        let (client, server) = (([10, 0, 0, 1], 40_000).into(), ([10, 0, 0, 2], port).into());
        session.on_tcp(TcpEvent::Opened { client, server, from_start: false });
        for &(from, body) in said {
            let chunk = Chunk { from, offset: 0, at: Moment::default(), body };
            session.on_tcp(TcpEvent::Data(chunk));
        }
        session.on_tcp(TcpEvent::Finished(&TcpFacts::default()));
        heard.recv().unwrap()
    }

    fn said(from: Role, text: &[u8]) -> (Role, Body<'_>) {
        (from, Body::Bytes(text))
    }

    #[test]
    fn the_middle_of_a_record_is_not_taken_for_plaintext() {
        let middle = b"\x8f\x02\x11\xfe\n\x00\x93 of a record\r\n\x01\x02";
        assert_eq!(heard(465, &[said(Role::Client, middle)]), b"");
        assert_eq!(heard(465, &[said(Role::Client, &middle[..4])]), b"");
        let gap = Body::Gap(Gap { bytes: 900, cause: GapCause::Lost });
        let talk = [
            said(Role::Server, b"220 a ESMTP\r\n"),
            said(Role::Client, b"STARTTLS\r\n"),
            said(Role::Server, b"220 go\r\n"),
            (Role::Client, gap),
            (Role::Server, gap),
            said(Role::Client, middle),
            said(Role::Server, middle),
        ];
        let heard = heard(25, &talk);
        assert_eq!(String::from_utf8(heard).unwrap(), "220 a ESMTP\r\nSTARTTLS\r\n220 go\r\n");
    }

    #[test]
    fn other_protocols_are_heard_where_they_concern_us() {
        let http = [said(Role::Client, b"GET / HTTP/1.0\r\n\r\n")];
        assert_eq!(heard(25, &http), b"GET / HTTP/1.0\r\n\r\n");
        assert_eq!(heard(80, &http), b"");
    }
}
