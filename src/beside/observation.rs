//! What is seen beside the sessions.

use std::net::SocketAddr;
use std::sync::Arc;

use super::service::Service;
use crate::decode::{Datagram, Neighbour};
use crate::dns::{self, DnsMessage};
use crate::moment::Moment;

/// Something that passed.
#[derive(Clone, Debug)]
pub enum Observation {
    /// A question for a name, or its answer.
    Name(Box<NameMessage>),
    /// A connection on which one side waited.
    Wait(Box<Wait>),
    /// A connection attempt that was repeated.
    Knock(Knock),
    /// A neighbour that was looked for, or answered.
    Neighbour(Neighbour),
}

/// A DNS message on its way.
#[derive(Clone, Debug)]
pub struct NameMessage {
    /// When it was captured.
    pub at: Moment,
    /// Who asks, and is answered.
    pub asker: SocketAddr,
    /// Who is asked.
    pub resolver: SocketAddr,
    /// It came over TCP.
    pub over_tcp: bool,
    /// What it says.
    pub message: DnsMessage,
}

/// From a client's last word to the server's next, or to the client's leaving.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Who waited.
    pub client: SocketAddr,
    /// Who was waited for.
    pub server: SocketAddr,
    /// The client's last word; its SYN if it had none.
    pub asked: Moment,
    /// The answer, or the end.
    pub ended: Moment,
    /// It was answered.
    pub is_answered: bool,
    /// What the connection is for.
    pub service: Service,
    /// Names and addresses in what the client had said.
    pub tokens: Arc<[Box<str>]>,
    /// The answer, where it is no secret.
    pub answer: Option<Box<str>>,
}

/// SYNs that were repeated.
#[derive(Clone, Copy, Debug)]
pub struct Knock {
    /// Who tries.
    pub client: SocketAddr,
    /// Whom.
    pub server: SocketAddr,
    /// The first SYN.
    pub first: Moment,
    /// The last so far.
    pub last: Moment,
    /// How many.
    pub count: u32,
}

impl Observation {
    /// The name message in a datagram, if it is one.
    #[must_use]
    pub fn of_datagram(datagram: &Datagram<'_>) -> Option<Self> {
        let ends = (datagram.source, datagram.destination);
        NameMessage::of(DnsMessage::read(datagram.payload)?, datagram.at, ends, false)
            .map(|name| Self::Name(Box::new(name)))
    }
}

impl NameMessage {
    /// Of a message between these ends. An answer comes from the port of DNS, a question goes there.
    pub(super) fn of(
        message: DnsMessage,
        at: Moment,
        (source, destination): (SocketAddr, SocketAddr),
        over_tcp: bool,
    ) -> Option<Self> {
        let (asker, resolver) = match message.is_answer {
            true => (destination, source),
            false => (source, destination),
        };
        let is_plausible = resolver.port() == dns::PORT;
        is_plausible.then_some(Self { at, asker, resolver, over_tcp, message })
    }
}
