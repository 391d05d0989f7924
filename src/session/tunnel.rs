//! What comes before all else where a client speaks through a proxy: SOCKS 4, 4a and 5 (RFC 1928,
//! RFC 1929), or HTTP's CONNECT (RFC 9110 §9.3.6). Behind it the stream is the target's.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::{Observer, Piece, SNIFFED, Session};
use crate::role::{PerRole, Role};

/// How a client asks a proxy for its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TunnelProtocol {
    /// SOCKS 4 or 4a.
    Socks4,
    /// SOCKS 5 (RFC 1928).
    Socks5,
    /// HTTP's CONNECT (RFC 9110 §9.3.6).
    HttpConnect,
}

impl TunnelProtocol {
    /// `socks4`, `socks5` or `http_connect`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Socks4 => "socks4",
            Self::Socks5 => "socks5",
            Self::HttpConnect => "http_connect",
        }
    }
}

/// A connection through a proxy that was asked for by its client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tunnel {
    /// How it asked for the target.
    pub protocol: TunnelProtocol,
    /// Whom the client asked for, as `host:port`.
    pub target: String,
    /// The port alone.
    #[serde(skip)]
    pub port: u16,
}

impl<O: Observer> Session<O> {
    /// Puts aside what was said to a proxy ahead of the target's bytes. False while that may still
    /// go on.
    pub(super) fn enter_tunnel(&mut self) -> bool {
        let is_whole =
            |role: &Role| !self.pending[*role].iter().any(|p| matches!(p, Piece::Gap(..)));
        let may_begin = self.from_start && !self.is_in_tls() && self.target.is_none();
        if !may_begin || !Role::BOTH.iter().all(is_whole) {
            return true;
        }
        match prelude(&self.sniffed.client, &self.sniffed.server) {
            Prelude::None => true,
            Prelude::Unsure => self.pending_bytes > 2 * SNIFFED,
            Prelude::Done(taken, tunnel) => {
                Role::BOTH.into_iter().for_each(|role| self.drop_front(role, taken[role]));
                self.target = Some(tunnel.port);
                self.observer.tunnel(&tunnel);
                true
            }
        }
    }

    /// Forgets so many of the first bytes of a direction.
    fn drop_front(&mut self, role: Role, mut len: usize) {
        let sniffed = &mut self.sniffed[role];
        sniffed.drain(..len.min(sniffed.len()));
        self.pending_bytes = self.pending_bytes.saturating_sub(len);
        while len > 0 {
            let Some(Piece::Bytes(mut bytes, at)) = self.pending[role].pop_front() else { return };
            let cut = len.min(bytes.len());
            len -= cut;
            bytes.drain(..cut);
            if !bytes.is_empty() {
                self.pending[role].push_front(Piece::Bytes(bytes, at));
            }
        }
    }
}

/// What the first bytes of both directions are.
#[derive(Debug, PartialEq, Eq)]
enum Prelude {
    /// No proxy is asked for anything that is known here.
    None,
    /// More bytes will tell.
    Unsure,
    /// A tunnel, and how many bytes of each direction made it.
    Done(PerRole<usize>, Tunnel),
}

/// Reads the first bytes of a connection, as many as there are.
fn prelude(client: &[u8], server: &[u8]) -> Prelude {
    let mut wire = Wire { client, server, taken: PerRole::default() };
    let read = match client.first() {
        Some(5) => wire.socks5(),
        Some(4) => wire.socks4(),
        Some(b'C') if b"CONNECT ".starts_with(client.get(..8).unwrap_or(client)) => wire.http(),
        _ => return Prelude::None,
    };
    match read {
        Ok(tunnel) => Prelude::Done(wire.taken, tunnel),
        Err(Stop::Short) => Prelude::Unsure,
        Err(Stop::Foreign) => Prelude::None,
    }
}

/// Why reading ended.
enum Stop {
    /// Not all of it has come yet.
    Short,
    /// It is something else, or the proxy refused.
    Foreign,
}

type Read<T> = Result<T, Stop>;

/// Both directions, and how far each was read.
struct Wire<'a> {
    client: &'a [u8],
    server: &'a [u8],
    taken: PerRole<usize>,
}

impl<'a> Wire<'a> {
    fn socks5(&mut self) -> Read<Tunnel> {
        let [_version, methods] = self.said()?;
        self.client_bytes(usize::from(methods))?;
        let [5, method] = self.answered()? else { return Err(Stop::Foreign) };
        match method {
            0 => {}
            2 => self.socks5_password()?,
            _ => return Err(Stop::Foreign),
        }
        let [5, 1, 0, kind] = self.said()? else { return Err(Stop::Foreign) };
        let host = self.socks5_address(kind)?;
        let port = u16::from_be_bytes(self.said()?);
        let [5, 0, 0, kind] = self.answered()? else { return Err(Stop::Foreign) };
        self.skip_socks5_bound(kind)?;
        Ok(Tunnel { protocol: TunnelProtocol::Socks5, target: format!("{host}:{port}"), port })
    }

    /// RFC 1929: a user and a password. Nothing of them is kept.
    fn socks5_password(&mut self) -> Read<()> {
        let [1, user] = self.said()? else { return Err(Stop::Foreign) };
        self.client_bytes(usize::from(user))?;
        let [password] = self.said()?;
        self.client_bytes(usize::from(password))?;
        let [_version, 0] = self.answered()? else { return Err(Stop::Foreign) };
        Ok(())
    }

    fn socks5_address(&mut self, kind: u8) -> Read<String> {
        match kind {
            1 => Ok(Ipv4Addr::from(self.said::<4>()?).to_string()),
            3 => {
                let [len] = self.said()?;
                let name = self.client_bytes(usize::from(len))?;
                Ok(String::from_utf8_lossy(name).into_owned())
            }
            4 => Ok(format!("[{}]", Ipv6Addr::from(self.said::<16>()?))),
            _ => Err(Stop::Foreign),
        }
    }

    /// The address that the proxy speaks from: it tells the session nothing.
    fn skip_socks5_bound(&mut self, kind: u8) -> Read<()> {
        let len = match kind {
            1 => 4,
            3 => usize::from(self.answered::<1>()?[0]),
            4 => 16,
            _ => return Err(Stop::Foreign),
        };
        self.server_bytes(len.saturating_add(2))?;
        Ok(())
    }

    /// SOCKS 4, and 4a where the address is 0.0.0.x: a name follows.
    fn socks4(&mut self) -> Read<Tunnel> {
        let [_version, 1, port @ .., a, b, c, d] = self.said::<8>()? else {
            return Err(Stop::Foreign);
        };
        self.client_until(b"\0")?;
        let host = match [a, b, c] {
            [0, 0, 0] if d != 0 => String::from_utf8_lossy(self.client_until(b"\0")?).into_owned(),
            _ => Ipv4Addr::new(a, b, c, d).to_string(),
        };
        let [0, 90, ..] = self.answered::<8>()? else { return Err(Stop::Foreign) };
        let port = u16::from_be_bytes(port);
        Ok(Tunnel { protocol: TunnelProtocol::Socks4, target: format!("{host}:{port}"), port })
    }

    /// A proxy that wants to know who asks says 407 first, on the same connection.
    fn http(&mut self) -> Read<Tunnel> {
        loop {
            let request = self.client_until(b"\r\n\r\n")?;
            let target = words(request).nth(1).ok_or(Stop::Foreign)?.to_owned();
            let answer = self.server_until(b"\r\n\r\n")?;
            match words(answer).nth(1) {
                Some(code) if code.starts_with('2') => {
                    let port = target.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
                    let port = port.ok_or(Stop::Foreign)?;
                    return Ok(Tunnel { protocol: TunnelProtocol::HttpConnect, target, port });
                }
                Some("407") => self.server_bytes(content_length(answer))?,
                _ => return Err(Stop::Foreign),
            };
        }
    }

    fn said<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.client_bytes(N)?.try_into().map_err(|_| Stop::Short)
    }

    fn answered<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.server_bytes(N)?.try_into().map_err(|_| Stop::Short)
    }

    fn client_bytes(&mut self, len: usize) -> Read<&'a [u8]> {
        take(self.client, &mut self.taken.client, len)
    }

    fn server_bytes(&mut self, len: usize) -> Read<&'a [u8]> {
        take(self.server, &mut self.taken.server, len)
    }

    /// What stands ahead of `end`, which is taken too.
    fn client_until(&mut self, end: &[u8]) -> Read<&'a [u8]> {
        take_until(self.client, &mut self.taken.client, end)
    }

    fn server_until(&mut self, end: &[u8]) -> Read<&'a [u8]> {
        take_until(self.server, &mut self.taken.server, end)
    }
}

fn take<'a>(bytes: &'a [u8], taken: &mut usize, len: usize) -> Read<&'a [u8]> {
    let end = taken.saturating_add(len);
    let found = bytes.get(*taken..end).ok_or(Stop::Short)?;
    *taken = end;
    Ok(found)
}

fn take_until<'a>(bytes: &'a [u8], taken: &mut usize, end: &[u8]) -> Read<&'a [u8]> {
    let rest = bytes.get(*taken..).ok_or(Stop::Short)?;
    let len = rest.windows(end.len()).position(|window| window == end).ok_or(Stop::Short)?;
    let found = take(bytes, taken, len)?;
    take(bytes, taken, end.len())?;
    Ok(found)
}

/// The words of a message's first line.
fn words(message: &[u8]) -> impl Iterator<Item = &str> {
    let line = message.split(|byte| *byte == b'\r').next().unwrap_or_default();
    str::from_utf8(line).unwrap_or_default().split_ascii_whitespace()
}

fn content_length(message: &[u8]) -> usize {
    let text = String::from_utf8_lossy(message).to_ascii_lowercase();
    let value = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(client: &[u8], server: &[u8]) -> (usize, usize, &'static str, String) {
        match prelude(client, server) {
            Prelude::Done(taken, tunnel) => {
                (taken.client, taken.server, tunnel.protocol.name(), tunnel.target)
            }
            other => panic!("{other:?}"),
        }
    }

    /// However little has come, it is never taken for something else, nor for a whole.
    fn assert_unsure_before_its_end(client: &[u8], server: &[u8], taken: (usize, usize)) {
        for cut in 1..taken.0 {
            assert_eq!(prelude(&client[..cut], server), Prelude::Unsure, "client {cut}");
        }
        for cut in 0..taken.1 {
            assert_eq!(prelude(client, &server[..cut]), Prelude::Unsure, "server {cut}");
        }
    }

    #[test]
    fn socks5_by_name_and_by_address() {
        let client = b"\x05\x01\x00\x05\x01\x00\x03\x06mx.org\x00\x19EHLO a\r\n";
        let server = b"\x05\x00\x05\x00\x00\x01\x0a\x00\x00\x01\xd1\xcd220 mx\r\n";
        assert_eq!(done(client, server), (16, 12, "socks5", "mx.org:25".to_owned()));
        assert_unsure_before_its_end(client, server, (16, 12));
        let client = b"\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x01\x02\x4b";
        assert_eq!(done(client, server).3, "192.0.2.1:587");
    }

    #[test]
    fn socks5_with_a_password() {
        let client = b"\x05\x02\x00\x02\x01\x03tim\x02pw\x05\x01\x00\x03\x01m\x00\x19";
        let server = b"\x05\x02\x01\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
        assert_eq!(done(client, server), (20, 14, "socks5", "m:25".to_owned()));
        assert_unsure_before_its_end(client, server, (20, 14));
    }

    #[test]
    fn socks4_and_4a() {
        let server = b"\x00\x5a\x00\x00\x00\x00\x00\x00";
        let client = b"\x04\x01\x00\x19\xc0\x00\x02\x01tim\x00";
        assert_eq!(done(client, server), (12, 8, "socks4", "192.0.2.1:25".to_owned()));
        let client = b"\x04\x01\x00\x19\x00\x00\x00\x01\x00mx.org\x00";
        assert_eq!(done(client, server), (16, 8, "socks4", "mx.org:25".to_owned()));
        assert_unsure_before_its_end(client, server, (16, 8));
    }

    #[test]
    fn http_connect_also_after_a_407() {
        let ask = "CONNECT mx.org:25 HTTP/1.1\r\nHost: mx.org:25\r\n\r\n";
        let yes = "HTTP/1.1 200 Connection established\r\n\r\n";
        let (asked, said) = (ask.len(), yes.len());
        let found = done(ask.as_bytes(), yes.as_bytes());
        assert_eq!(found, (asked, said, "http_connect", "mx.org:25".to_owned()));
        assert_unsure_before_its_end(ask.as_bytes(), yes.as_bytes(), (asked, said));
        let no = "HTTP/1.1 407 Who are you?\r\nContent-Length: 3\r\n\r\nno\n";
        let found = done(format!("{ask}{ask}").as_bytes(), format!("{no}{yes}").as_bytes());
        assert_eq!((found.0, found.1), (2 * asked, no.len() + said));
    }

    #[test]
    fn a_refusal_and_other_protocols_are_no_tunnel() {
        let asked = b"\x05\x01\x00\x05\x01\x00\x03\x01m\x00\x19";
        let refused = b"\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00";
        assert_eq!(prelude(asked, refused), Prelude::None);
        for client in [&b""[..], b"EHLO a\r\n", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"CONN x"] {
            assert_eq!(prelude(client, b""), Prelude::None);
        }
        let no = b"HTTP/1.1 403 Forbidden\r\n\r\n";
        assert_eq!(prelude(b"CONNECT a:25 HTTP/1.1\r\n\r\n", no), Prelude::None);
    }
}
