//! Names and addresses found in running text: replies, commands, our own sentences.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::forms;
use super::redactor::Redactor;

/// Digits from which a hex number may be the beginning of a fingerprint.
const FINGERPRINT: usize = 12;

/// What names and addresses stand behind, with `=`: in replies of the usual servers, in parameters
/// and in certificates. Before any other `=` may stand a part of an address.
const KEYWORDS: [&str; 20] = [
    "addr",
    "auth",
    "client",
    "cn",
    "emailaddress",
    "from",
    "h",
    "helo",
    "host",
    "i",
    "ip",
    "login",
    "mail",
    "name",
    "orcpt",
    "rcpt",
    "relay",
    "sender",
    "to",
    "user",
];

/// Whose text it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Off the wire: what has the shape of a domain is one.
    Wire,
    /// Ours: it names files, which have that shape too. Only names that were met are replaced.
    Ours,
}

impl Redactor {
    /// The text with every name and address in it replaced.
    pub(super) fn text(&mut self, text: &str, source: Source) -> String {
        let mut safe = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let is_inside = safe.ends_with(|c: char| c.is_alphanumeric());
            if let Some((words, behind)) = forms::encoded_words(rest) {
                safe.push_str(&self.names.word(words));
                rest = behind;
            } else if let Some((local, behind)) = forms::quoted_local(rest) {
                let end = behind[1..].find(|c| !is_word(c)).map_or(behind.len(), |end| end + 1);
                let (domain, behind) = behind.split_at(end);
                safe.push_str(&self.names.mailbox(&(local + domain)));
                rest = behind;
            } else if let Some((ip, behind)) = (!is_inside).then(|| leading_ipv6(rest)).flatten() {
                let pseudonym = self.addresses.pseudonym(IpAddr::V6(ip)).to_string();
                safe.push_str(&pseudonym);
                rest = behind;
            } else if is_word(c) {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let (word, behind) = rest.split_at(end);
                let is_path = safe.ends_with('<') && behind.starts_with('>');
                let is_host = source == Source::Wire && is_introduced(&safe, behind);
                let pseudonym = match is_host {
                    true => Some(self.host_of(word)),
                    false => self.word(word, source, is_path),
                };
                safe.push_str(pseudonym.as_deref().unwrap_or(word));
                rest = behind;
            } else {
                safe.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        safe
    }

    /// One word, with what punctuation stands around it, if it is a name. `is_path`: in angle brackets.
    fn word(&mut self, word: &str, source: Source, is_path: bool) -> Option<String> {
        let is_edge = |c: char| matches!(c, '.' | '-' | '_' | '\'' | '=' | '*' | '~' | '!' | '`');
        let core = word.trim_matches(is_edge);
        let start = word.find(core).filter(|_| !core.is_empty())?;
        let replaced = self.core(core, source, is_path)?;
        Some(format!("{}{replaced}{}", &word[..start], &word[start + core.len()..]))
    }

    /// A word that stands where a host does.
    fn host_of(&mut self, word: &str) -> String {
        let as_host = |word: &str| word.chars().any(char::is_alphanumeric);
        let found = self.word(word, Source::Wire, false);
        found.unwrap_or_else(|| match as_host(word) {
            true => self.names.domain(word),
            false => word.to_owned(),
        })
    }

    /// A word that is not as names are written: it may be one in other clothes.
    fn disguised(&mut self, core: &str, source: Source, is_path: bool) -> Option<String> {
        if let Some(narrow) = forms::narrow(core) {
            let safe = self.word(&narrow, source, is_path).unwrap_or_else(|| narrow.clone());
            return (safe != narrow).then_some(safe);
        }
        if core.contains('&') && core.split('&').all(|field| field.contains('=')) {
            let fields: Vec<_> = core.split('&').map(|field| self.field(field, source)).collect();
            return Some(fields.join("&"));
        }
        let decoded = forms::percent_decoded(core)?;
        let safe = self.text(&decoded, source);
        (safe != decoded).then(|| forms::percent_encoded(&safe))
    }

    /// `name=value` of a query.
    fn field(&mut self, field: &str, source: Source) -> String {
        let Some((name, value)) = field.split_once('=') else { return field.to_owned() };
        let safe = self.word(value, source, false);
        format!("{name}={}", safe.as_deref().unwrap_or(value))
    }

    fn core(&mut self, core: &str, source: Source, is_path: bool) -> Option<String> {
        if let Some(safe) = self.disguised(core, source, is_path) {
            return Some(safe);
        }
        self.plain(core, source, is_path).or_else(|| self.parts(core, source))
    }

    /// Names and addresses with signs between them that words may have too: `192.0.2.1#5.7.1`.
    fn parts(&mut self, core: &str, source: Source) -> Option<String> {
        let is_border = |c: char| "=&#|{}^$*!`~%'".contains(c);
        if !core.contains(is_border) {
            return None;
        }
        let mut safe = String::with_capacity(core.len());
        for piece in core.split_inclusive(is_border) {
            let word = piece.trim_end_matches(is_border);
            let name = self.plain(word, source, false);
            safe.push_str(name.as_deref().unwrap_or(word));
            safe.push_str(&piece[word.len()..]);
        }
        (safe != core).then_some(safe)
    }

    fn plain(&mut self, core: &str, source: Source, is_path: bool) -> Option<String> {
        if let Some((keyword, value)) = core.split_once('=')
            && KEYWORDS.contains(&keyword.to_ascii_lowercase().as_str())
        {
            return Some(format!("{keyword}={}", self.word(value, source, false)?));
        }
        if core.contains('@') {
            return Some(self.names.mailbox(core));
        }
        if let Ok(ip) = core.parse::<Ipv4Addr>() {
            return Some(self.addresses.pseudonym(IpAddr::V4(ip)).to_string());
        }
        if let Some(known) = self.names.known(core) {
            return Some(known.clone());
        }
        if core.len() >= FINGERPRINT && core.bytes().all(|b| b.is_ascii_hexdigit()) {
            return self.names.known_fingerprint(core);
        }
        match () {
            () if source == Source::Wire && is_domain(core) => Some(self.names.domain(core)),
            // An address in the clothes of another: `alice+40example.com`, `alice=example.com`.
            () if source == Source::Wire && core.split(['+', '=']).any(is_domain) => {
                Some(self.names.local(core))
            }
            () if is_path && !is_control(core) => Some(self.names.local(core)),
            () => None,
        }
    }
}

/// Whether a host is what comes next: behind `HELO` in brackets, and behind `from` or `by` where its
/// address follows in brackets, as in a Received field (RFC 5321 §4.4).
fn is_introduced(ahead: &str, behind: &str) -> bool {
    let mut words = ahead.trim_end().rsplit(|c: char| !c.is_ascii_alphanumeric());
    let last = words.next().unwrap_or_default().to_ascii_lowercase();
    let is_greeting = matches!(last.as_str(), "helo" | "ehlo" | "lhlo");
    let in_brackets = ahead.trim_end().len() > last.len()
        && ahead.trim_end()[..ahead.trim_end().len() - last.len()].ends_with('(');
    let is_hop = matches!(last.as_str(), "from" | "by")
        && (behind.starts_with(" (") || behind.starts_with(" ["));
    ahead.ends_with(' ') && (is_hop || is_greeting && in_brackets)
}

/// What words, domains and local parts are made of (RFC 5321 §4.1.2), and what is not ASCII.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "@.-_+=%!#$&'*^`{}|~".contains(c) || !c.is_ascii()
}

/// `<CRLF>.<CRLF>`, as servers write it when they say how a message ends.
fn is_control(word: &str) -> bool {
    matches!(word, "CR" | "LF" | "CRLF" | "SP" | "NUL")
}

/// Two labels or more, the last of letters: what a domain looks like, and a number or a version
/// does not.
fn is_domain(word: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || "-_*".contains(c))
    };
    let Some((rest, last)) = word.rsplit_once('.') else { return false };
    let is_top = last.starts_with("xn--") || last.chars().all(char::is_alphabetic);
    last.chars().count() > 1 && is_top && rest.split('.').all(is_label)
}

/// An IPv6 address that the text begins with.
fn leading_ipv6(text: &str) -> Option<(Ipv6Addr, &str)> {
    let is_of = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    let end = text.find(|c| !is_of(c)).unwrap_or(text.len());
    let run = text[..end].trim_end_matches('.');
    let candidates = [run, run.strip_suffix(':').unwrap_or(run)];
    let behind_is_free = |len: usize| !text[len..].starts_with(|c: char| c.is_alphanumeric());
    let found = candidates.into_iter().find_map(|run| Some((run.parse().ok()?, run.len())));
    let (ip, len) = found.filter(|&(_, len)| len > 2 && behind_is_free(len))?;
    Some((ip, &text[len..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wire(text: &str) -> String {
        Redactor::default().text(text, Source::Wire)
    }

    #[test]
    fn names_and_addresses_in_replies_are_replaced() {
        for (text, safe) in [
            ("220 mx.example.com ESMTP", "220 host2.domain1.invalid ESMTP"),
            (
                "550 5.1.1 <bob@example.com>: user unknown.",
                "550 5.1.1 <user1@domain1.invalid>: user unknown.",
            ),
            ("550 <bob> unknown", "550 <user1> unknown"),
            ("554 [192.0.2.1] blocked", "554 [10.0.0.1] blocked"),
            (
                "see http://b.example.org/q?ip=192.0.2.1",
                "see http://host2.domain1.invalid/q?ip=10.0.0.1",
            ),
            ("from=<a@b.de> to=c@b.de", "from=<user1@domain1.invalid> to=user2@domain1.invalid"),
            ("client [IPv6:2001:db8::7]:25", "client [IPv6:2001:db8::1]:25"),
            ("4.3.2.1.zen.example.org", "host6.host5.host4.host3.host2.domain1.invalid"),
            ("ORCPT=rfc822;a@b.de", "ORCPT=rfc822;user1@domain1.invalid"),
            ("ORCPT=rfc822;a+40b.de", "ORCPT=rfc822;user1"),
            ("Bob <bob=x.de@list.de>", "Bob <user1@domain1.invalid>"),
            ("mx.example.com.", "host2.domain1.invalid."),
        ] {
            assert_eq!(wire(text), safe, "{text}");
        }
    }

    #[test]
    fn names_in_other_clothes_are_replaced() {
        for (text, safe) in [
            (
                "?s=mfrom&id=alice%40corp.example&ip=192.0.2.1",
                "?s=mfrom&id=user1%40domain1.invalid&ip=10.0.0.1",
            ),
            ("id=alice%2540corp.example", "user1%2540domain1.invalid"),
            ("http://x/?%22al%20ice%22%40corp.example", "http://x/?user1%40domain1.invalid"),
            ("<alice\u{ff20}corp\u{3002}example>", "<user1@domain1.invalid>"),
            ("\u{ff11}\u{ff19}\u{ff12}.0.2.1", "10.0.0.1"),
            ("<\"al \\\"ice\"@corp.example> no", "<user1@domain1.invalid> no"),
            ("=?utf-8?q?alice=40corp?= =?UTF-8?B?LmV4YW1wbGU=?= said", "name1 said"),
            (
                "from alice-pc ([192.0.2.7]) by mx (Postfix)",
                "from domain1.invalid ([10.0.0.1]) by domain2.invalid (Postfix)",
            ),
            (
                "from x ([192.0.2.7] (HELO alice-pc))",
                "from domain1.invalid ([10.0.0.1] (HELO domain2.invalid))",
            ),
            ("192.0.2.1#5.7.1", "10.0.0.1#5.7.1"),
        ] {
            assert_eq!(wire(text), safe, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_mailbox_stays_however_it_is_written(
            local in "[a-z]{5,9}(\\.[a-z]{5,9})?",
            domain in "[a-z]{5,9}\\.(example|test|de)",
            ahead in "(see |<|id=|http://[a-z]{1,9}\\.test/\\?x=1&q=|\\()?",
            form in 0..7_usize,
        ) {
            let written = |byte: u8| match byte.is_ascii_alphabetic() {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02x}"),
            };
            let wide = |c: char| char::from_u32(u32::from(c) + 0xFEE0).unwrap();
            let mailbox = format!("{local}@{domain}");
            let text = match form {
                0 => mailbox,
                1 => mailbox.replace('@', "%40"),
                2 => mailbox.bytes().map(written).collect(),
                3 => mailbox.bytes().map(|byte| format!("%{byte:02X}")).collect(),
                4 => mailbox.chars().map(wide).collect(),
                5 => format!("\"{local} smith\"@{domain}"),
                _ => mailbox.replace('@', "%2540"),
            };
            let safe = wire(&format!("{ahead}{text}"));
            let plain = std::iter::successors(Some(safe.clone()), |text| {
                forms::narrow(text).or_else(|| forms::percent_decoded(text))
            });
            let plain = plain.last().unwrap();
            prop_assert!(!plain.contains(&local) && !plain.contains(&domain), "{safe}");
        }
    }

    #[test]
    fn what_is_no_name_stays() {
        for text in [
            "250 2.0.0 Ok: queued as 4LAB01",
            "250 OK id=1Mugho-0003Dg-Un",
            "354 End data with <CR><LF>.<CR><LF>",
            "250-SIZE 52428800",
            "Exim 4.96 Mon, 05 Oct 2009 01:05:54 -0500",
            "Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675 ready",
            "Foo::bar 12:34:56 ::",
        ] {
            assert_eq!(wire(text), text);
        }
    }

    #[test]
    fn our_own_text_may_name_files() {
        let mut redactor = Redactor::default();
        let text = "opened with keys/mx.list:3, as mx.example.com asked";
        assert_eq!(redactor.text(text, Source::Ours), text);
        redactor.text("mx.example.com", Source::Wire);
        let safe = "opened with keys/mx.list:3, as host2.domain1.invalid asked";
        assert_eq!(redactor.text(text, Source::Ours), safe);
    }
}
