//! What of a connection's plaintext the observer hears: nothing that may be ciphertext.

use std::mem;

use super::{Observer, Piece, Session, StreamParts, Text};
use crate::flow::{Body, Gap, GapCause, TcpFacts};
use crate::moment::Span;
use crate::role::{PerRole, Role};
use crate::smtp::{SecretSpan, SmtpEvent};

/// Bytes of text after which it is not ciphertext by chance: of random bytes four in ten may stand
/// in text.
const ENOUGH: usize = 32;

/// How a PROXY protocol header in binary form begins: no ciphertext.
const PROXY_V2: &[u8] = b"\r\n\r\n\0";

/// Whether what is taken for plaintext is. Where TLS may have begun in a gap, or before the
/// capture, it may be the middle of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is.
    Clear,
    /// The next bytes tell.
    Doubtful,
    /// It is not: nothing of it is for the observer.
    Muted,
}

impl<O: Observer> Session<O> {
    /// What does not concern us is not listened to.
    pub(super) fn give_text(&mut self, from: Role, body: &Body<'_>, at: Span) {
        if !self.observer.wants_text() || !self.is_for_the_observer(body) {
            return;
        }
        let doubts = self.doubts();
        self.observer.moment(at);
        match body {
            Body::Bytes(bytes) => self.observer.bytes(from, bytes),
            Body::Gap(gap) => self.observer.gap(from, gap.bytes),
        }
        self.observer.doubts(&doubts);
    }

    /// What came out of TLS was opened, and so concerns us.
    fn is_for_the_observer(&mut self, body: &Body<'_>) -> bool {
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

    pub(super) fn give_piece(&mut self, from: Role, piece: &Piece) {
        match piece {
            Piece::Bytes(bytes, at) => self.give_text(from, &Body::Bytes(bytes), *at),
            &Piece::Gap(bytes, at) => {
                self.give_text(from, &Body::Gap(Gap { bytes, cause: GapCause::Lost }), at);
            }
        }
    }

    /// Tells who writes the streams anew how they are made up.
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
        self.observer.streams(&streams);
    }

    /// A line that TLS cuts off never ends, so the dialogue will not say what it was.
    pub(super) fn hide_doubts(&mut self) {
        let doubts = self.doubts();
        doubts.into_iter().for_each(|span| self.observer.smtp(&SmtpEvent::SecretSpan(span)));
    }

    /// Too little was said to know what it is: it is the application's all the same.
    pub(super) fn give_the_undecided(&mut self) {
        self.trust = Trust::Doubtful;
        self.give_header_back();
        for role in Role::BOTH {
            let pieces = mem::take(&mut self.pending[role]);
            pieces.iter().for_each(|piece| self.give_piece(role, piece));
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
    use super::*;
    use crate::flow::{Chunk, Conversation as _, TcpEvent, TcpFacts};
    use crate::moment::Moment;
    use crate::tls::Keys;

    struct Listener(Vec<u8>);

    impl Observer for Listener {
        fn bytes(&mut self, _from: Role, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
    }

    /// What is heard of a connection to `port` that says this.
    fn heard(port: u16, said: &[(Role, Body<'_>)]) -> Vec<u8> {
        let mut session = Session::new(1, Keys::default(), false, Listener(Vec::new()));
        let (client, server) = (([10, 0, 0, 1], 40_000).into(), ([10, 0, 0, 2], port).into());
        session.on_tcp(TcpEvent::Opened { client, server, from_start: false });
        for &(from, body) in said {
            let chunk = Chunk { from, offset: 0, at: Moment::default(), body };
            session.on_tcp(TcpEvent::Data(chunk));
        }
        session.on_tcp(TcpEvent::Finished(&TcpFacts::default()));
        session.into_observer().0
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
