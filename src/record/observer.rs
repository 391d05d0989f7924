//! The recorder hears of a connection.

use super::recorder::Recorder;
use crate::flow::TcpEvent;
use crate::session::{Closed, Observer, Tunnel};
use crate::smtp::SmtpEvent;
use crate::tls::TlsEvent;

impl Observer for Recorder {
    fn tcp(&mut self, event: &TcpEvent<'_>) {
        match event {
            TcpEvent::Data(chunk) => self.on_chunk(chunk),
            TcpEvent::Retransmission(from, at) => self.on_retransmission(*from, *at),
            TcpEvent::Packet(_) | TcpEvent::Opened { .. } | TcpEvent::Finished(_) => {}
        }
    }

    fn tunnel(&mut self, tunnel: &Tunnel) {
        self.tunnel = Some(tunnel.clone());
    }

    fn tls(&mut self, event: &TlsEvent<'_>) {
        self.on_tls(event);
    }

    fn take_smtp(&mut self, event: SmtpEvent<'_>) {
        self.on_smtp(event);
    }

    /// What is shown of the dialogue comes with its events.
    fn wants_text(&self) -> bool {
        false
    }

    fn closed(&mut self, closed: &Closed<'_>) {
        self.report = Some(Box::new(std::mem::take(self).finish(closed)));
    }
}
