//! The secrets in the trailers that an F5 BIG-IP puts behind its frames (`tcpdump --f5 ssl`), as lines
//! of a key log. The elements are those of provider 4 ("TLS"); Wireshark's `f5ethtrailer` reads the
//! same.

use zeroize::Zeroizing;

/// Provider, type, length with this header, version.
const HEADER: usize = 8;

/// Types of elements: up to TLS 1.2, and TLS 1.3. (1 and 3 have no secrets.)
const UP_TO_TLS_12: u16 = 0;
const TLS_13: u16 = 2;

const MASTER: usize = 48;
const RANDOM: usize = 32;

/// Each secret of TLS 1.3 stands in so many bytes, however long it is.
const ROOM: usize = 64;

/// The secrets of an element of TLS 1.3 in their order; the first is not in every version.
const SECRETS: [&str; 5] = [
    "CLIENT_EARLY_TRAFFIC_SECRET",
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
];

/// Gives each line of the elements of one trailer.
pub(super) fn lines(mut elements: &[u8], mut take: impl FnMut(&[u8])) {
    while let Some(&[_, _, a, b, c, d, e, f]) = elements.first_chunk() {
        let len = usize::from(u16::from_be_bytes([c, d])).max(HEADER);
        let Some((element, rest)) = elements.split_at_checked(len) else { return };
        elements = rest;
        let body = element.get(HEADER..).unwrap_or_default();
        match (u16::from_be_bytes([a, b]), u16::from_be_bytes([e, f])) {
            (UP_TO_TLS_12, 0) => master(body, &mut take),
            (TLS_13, 0 | 1) => traffic(body, &mut take),
            _ => {}
        }
    }
}

/// Master secret, client's random, server's random. All are zeros until they are known.
fn master(body: &[u8], take: &mut impl FnMut(&[u8])) {
    let Some((master, rest)) = body.split_at_checked(MASTER) else { return };
    let Some(random) = rest.get(..RANDOM) else { return };
    tell("CLIENT_RANDOM", random, master, take);
}

/// The length of the secrets, the secrets, client's random, server's random.
fn traffic(body: &[u8], take: &mut impl FnMut(&[u8])) {
    let Some((&len, rest)) = body.split_first() else { return };
    let secrets = rest.len().saturating_sub(2 * RANDOM) / ROOM;
    let Some(labels) = SECRETS.len().checked_sub(secrets).and_then(|from| SECRETS.get(from..))
    else {
        return;
    };
    let Some(random) = rest.get(secrets * ROOM..).and_then(|rest| rest.get(..RANDOM)) else {
        return;
    };
    for (label, room) in labels.iter().zip(rest.chunks_exact(ROOM)) {
        if let Some(secret) = room.get(..len.into()).filter(|secret| !secret.is_empty()) {
            tell(label, random, secret, take);
        }
    }
}

fn tell(label: &str, random: &[u8], secret: &[u8], take: &mut impl FnMut(&[u8])) {
    if secret.iter().all(|&byte| byte == 0) {
        return;
    }
    // As long as it gets, so that nothing of it is left behind where it grew.
    let mut line =
        Zeroizing::new(Vec::with_capacity(label.len() + 3 + 2 * (random.len() + secret.len())));
    line.extend_from_slice(label.as_bytes());
    for field in [random, secret] {
        line.push(b' ');
        line.extend(field.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    }
    line.push(b'\n');
    take(&line);
}

fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(kind: u16, body: &[u8]) -> Vec<u8> {
        let len = (HEADER + body.len()) as u16;
        [&[4, kind, len, 0].map(u16::to_be_bytes).concat()[..], body].concat()
    }

    fn told(elements: &[u8]) -> String {
        let mut told = Vec::new();
        lines(elements, |line| told.extend_from_slice(line));
        String::from_utf8(told).unwrap()
    }

    /// What Wireshark 4.0 makes of the same bytes (`f5ethtrailer.tls.keylog`).
    #[test]
    fn an_element_up_to_tls_12_is_a_line() {
        let body: Vec<u8> = (1..=112).collect();
        let random: String = (0x31..=0x50).map(|byte| format!("{byte:02x}")).collect();
        let master: String = (0x01..=0x30).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(told(&element(0, &body)), format!("CLIENT_RANDOM {random} {master}\n"));
    }

    #[test]
    fn an_element_of_tls_13_is_a_line_for_each_secret_that_is_known() {
        let mut body = vec![32];
        [1_u8, 2, 3, 0].iter().for_each(|&byte| body.extend([byte; ROOM]));
        body.extend([[7; RANDOM], [8; RANDOM]].concat());
        let expected: String = [
            ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "01"),
            ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "02"),
            ("CLIENT_TRAFFIC_SECRET_0", "03"),
        ]
        .iter()
        .map(|(label, byte)| format!("{label} {} {}\n", "07".repeat(32), byte.repeat(32)))
        .collect();
        assert_eq!(told(&element(2, &body)), expected);
        let early = [&[32][..], &[9; ROOM], &body[1..]].concat();
        assert!(told(&element(2, &early)).starts_with("CLIENT_EARLY_TRAFFIC_SECRET 0707"));
    }

    #[test]
    fn nothing_is_made_of_what_is_cut_or_of_another_kind() {
        let body: Vec<u8> = (1..=112).collect();
        assert_eq!(told(&element(1, &body)), "");
        assert_eq!(told(&element(0, &[0; 112])), "");
        let whole = element(0, &body);
        for len in 0..whole.len() {
            assert_eq!(told(&whole[..len]), "");
        }
    }
}
