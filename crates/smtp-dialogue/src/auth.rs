//! Who authenticates (RFC 4954): the user's name out of the SASL messages that tell it.

use super::base64;
use super::event::{MASK, WireText};
use super::facts::{Auth, AuthResult};

/// Longest user name kept, in bytes: RFC 4616 §2 lets a server refuse what is longer than 255
/// characters of UTF-8.
pub(super) const MAX_USER: usize = 1024;

/// An authentication under way.
pub(super) struct Attempt {
    pub(super) auth: Auth,
    responses: u32,
}

impl Attempt {
    pub(super) fn new(mechanism: String) -> Self {
        let auth = Auth { mechanism, user: None, result: AuthResult::Unfinished };
        Self { auth, responses: 0 }
    }

    /// Takes the client's next message, in base64: the initial response or a later one.
    pub(super) fn respond(&mut self, base64: &[u8]) {
        let is_first = self.responses == 0;
        self.responses = self.responses.saturating_add(1);
        if self.auth.user.is_some() {
            return;
        }
        let Some(message) = base64::decode(base64) else { return };
        let user = user(&self.auth.mechanism, is_first, &message);
        let text = |user: Vec<u8>| String::from_utf8_lossy(&user).into_owned();
        // Control characters are in no name (RFC 8265 §3.1): something else was put in its place.
        let is_name = |user: &Vec<u8>| {
            !user.is_empty() && user.len() <= MAX_USER && !user.iter().any(u8::is_ascii_control)
        };
        self.auth.user = user.filter(is_name).map(text);
    }

    /// Whether the client has sent nothing but the mechanism.
    pub(super) fn has_said_nothing(&self) -> bool {
        self.responses == 0
    }

    /// Takes the server's answer.
    pub(super) fn answer(&mut self, code: u16) {
        match code {
            235 => self.auth.result = AuthResult::Accepted,
            400..=599 => self.auth.result = AuthResult::Rejected,
            _ => {}
        }
    }

    /// Whether what the client says gives its password away to whoever reads it.
    pub(super) fn is_readable(&self) -> bool {
        let hashed = ["CRAM-MD5", "DIGEST-MD5", "NTLM", "GSSAPI", "EXTERNAL", "ANONYMOUS"];
        let mechanism = self.auth.mechanism.as_str();
        !hashed.contains(&mechanism) && !mechanism.starts_with("SCRAM-")
    }
}

fn user(mechanism: &str, is_first: bool, message: &[u8]) -> Option<Vec<u8>> {
    match mechanism {
        "PLAIN" => plain(message),
        "LOGIN" | "EXTERNAL" | "ANONYMOUS" => is_first.then(|| message.to_vec()),
        "CRAM-MD5" => before_last_space(message),
        "XOAUTH2" => between(message, b"user=", 1),
        "OAUTHBEARER" => between(message, b"a=", b','),
        "DIGEST-MD5" => between(message, b"username=\"", b'"'),
        "NTLM" => ntlm(message),
        _ if mechanism.starts_with("SCRAM-") => scram(message),
        _ => None,
    }
}

/// RFC 4616 §2: `[authzid] NUL authcid NUL passwd`.
fn plain(message: &[u8]) -> Option<Vec<u8>> {
    let mut parts = message.split(|&b| b == 0);
    let (_authzid, authcid, _passwd) = (parts.next()?, parts.next()?, parts.next()?);
    Some(authcid.to_vec())
}

/// RFC 2195 §2: user, space, digest.
fn before_last_space(message: &[u8]) -> Option<Vec<u8>> {
    let space = message.iter().rposition(|&b| b == b' ')?;
    message.get(..space).map(<[u8]>::to_vec)
}

/// RFC 5802 §5.1: `n=`, with comma and equals sign written `=2C` and `=3D`; only the first message
/// has it.
fn scram(message: &[u8]) -> Option<Vec<u8>> {
    // The GS2 header comes first and may be `n,` itself, hence the comma.
    let name = between(message, b",n=", b',')?;
    let name = String::from_utf8_lossy(&name).replace("=2C", ",").replace("=3D", "=");
    Some(name.into_bytes())
}

/// MS-NLMP §2.2.1.3: the AUTHENTICATE message names the user at the offset its fields tell.
fn ntlm(message: &[u8]) -> Option<Vec<u8>> {
    if !message.starts_with(b"NTLMSSP\0\x03\0\0\0") {
        return None;
    }
    let short = |at: usize| Some(u16::from_le_bytes(message.get(at..)?.first_chunk().copied()?));
    let (len, offset) = (usize::from(short(36)?), usize::from(short(40)?));
    let name = message.get(offset..)?.get(..len)?;
    let is_unicode = message.get(60).is_some_and(|flags| flags & 1 == 1);
    if !is_unicode {
        return Some(name.to_vec());
    }
    let units =
        name.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)));
    Some(String::from_utf16_lossy(&units.collect::<Vec<_>>()).into_bytes())
}

/// What stands between `mark` and the next `end`, or the end of the message.
fn between(message: &[u8], mark: &[u8], end: u8) -> Option<Vec<u8>> {
    let at = message.windows(mark.len()).position(|w| w == mark)?;
    let rest = message.get(at..)?.get(mark.len()..)?;
    rest.split(|&b| b == end).next().map(<[u8]>::to_vec)
}

/// Whether a line outside any AUTH may be a SASL message all the same.
pub(super) fn may_be_response(line: &[u8]) -> bool {
    line.len() >= 4 && base64::is_base64(line)
}

/// The line as the report may show it: what stands at `secret_at` and behind is masked.
pub(super) fn mask(line: &[u8], secret_at: usize) -> WireText {
    WireText::from(&[line.get(..secret_at).unwrap_or(&[]), MASK].concat()[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user_of(mechanism: &str, responses: &[&str]) -> Option<String> {
        let mut attempt = Attempt::new(mechanism.to_owned());
        responses.iter().for_each(|r| attempt.respond(r.as_bytes()));
        attempt.auth.user
    }

    #[test]
    fn plain_tells_the_authentication_identity() {
        assert_eq!(user_of("PLAIN", &["AHRpbQB0YW5zdGFhZnRhbnN0YWFm"]).as_deref(), Some("tim"));
        assert_eq!(user_of("PLAIN", &["YQBiAGM="]).as_deref(), Some("b"));
        assert_eq!(user_of("PLAIN", &["aGVsbG8="]), None);
    }

    #[test]
    fn login_tells_the_user_and_never_the_password() {
        let both = ["dXNlckBleGFtcGxlLmNvbQ==", "czNjcmV0LXBhc3M="];
        assert_eq!(user_of("LOGIN", &both).as_deref(), Some("user@example.com"));
        assert_eq!(user_of("LOGIN", &["%%%", "czNjcmV0LXBhc3M="]), None);
        assert_eq!(user_of("LOGIN", &["xxxxxxxx", "xxxx"]), None, "as it is anonymized");
        assert_eq!(user_of("LOGIN", &["", "czNjcmV0LXBhc3M="]), None);
    }

    #[test]
    fn the_other_mechanisms_tell_their_users() {
        // RFC 2195 §2, RFC 5802 §5, RFC 7628 §4.1, Google's XOAUTH2, RFC 2831 §4.
        let known = [
            ("CRAM-MD5", "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw", "tim"),
            ("SCRAM-SHA-1", "biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05SdjlxeGRhd0w=", "user"),
            (
                "OAUTHBEARER",
                "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9\
                 QmVhcmVyIHZGOQEB",
                "user@example.com",
            ),
            ("XOAUTH2", "dXNlcj1hQGIuYwFhdXRoPUJlYXJlciB4eQEB", "a@b.c"),
            ("DIGEST-MD5", "dXNlcm5hbWU9ImNocmlzIixyZWFsbT0iZWx3b29kIg==", "chris"),
            ("EXTERNAL", "dGlt", "tim"),
        ];
        for (mechanism, response, user) in known {
            assert_eq!(user_of(mechanism, &[response]).as_deref(), Some(user), "{mechanism}");
        }
    }

    #[test]
    fn ntlm_tells_the_user_of_its_third_message() {
        let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
        message.resize(36, 0);
        message.extend([6, 0, 6, 0, 64, 0, 0, 0]);
        message.resize(60, 0);
        message.extend([1, 0, 0, 0]);
        message.extend(b"T\0i\0m\0");
        assert_eq!(ntlm(&message).as_deref(), Some(&b"Tim"[..]));
        assert!((0..message.len()).all(|cut| ntlm(&message[..cut]).is_none()));
    }

    #[test]
    fn an_empty_user_is_none() {
        assert_eq!(user_of("LOGIN", &[""]), None);
        assert_eq!(user_of("PLAIN", &["AAA="]), None);
    }
}
