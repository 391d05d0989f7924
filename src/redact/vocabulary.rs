//! The words of replies that name nobody: those of the RFCs, of the usual servers, and the small words
//! between them. What is not among them may be a name.

/// In lower case and in order.
#[rustfmt::skip]
const WORDS: [&str; 581] = [
    "8bitmime", "accept", "accepted", "access", "account", "action", "active", "actively",
    "address", "addresses", "administrative", "administrator", "again", "allowed", "already",
    "amavis", "amazon", "amazonses", "an", "and", "anonymous", "another", "any", "apop",
    "application", "are", "as", "at", "atrn", "attachment", "attempt", "attempts", "auth",
    "authenticated", "authenticating", "authentication", "authenticator", "authorization",
    "authorized", "available", "b", "bad", "badly", "banner", "bdat", "be", "because", "been",
    "before", "begin", "binarymime", "blacklist", "blacklisted", "blocked", "body", "both",
    "bounce", "burl", "busy", "by", "bye", "bytes", "c", "can", "cannot", "capabilities",
    "certificate", "change", "check", "checkpoint", "chunking", "ciphertext", "client", "close",
    "closed", "closing", "code", "command", "commands", "completed", "concurrent", "configuration",
    "connect", "connected", "connecting", "connection", "connections", "contact", "contacted",
    "content", "continue", "control", "could", "courier", "cr", "cram", "credentials", "crlf",
    "cyrus", "d", "data", "database", "decrypt", "deferred", "delayed", "deliver", "deliverby",
    "delivered", "delivery", "denied", "desired", "destination", "dh", "digest", "disabled",
    "discarded", "disconnected", "disconnecting", "disk", "dkim", "dmarc", "dns", "do", "does",
    "domain", "domains", "done", "dot", "dovecot", "down", "dsn", "dunno", "e", "early", "easier",
    "ehlo", "else", "email", "empty", "enabled", "encryption", "end", "ending",
    "enhancedstatuscodes", "enough", "enter", "environment", "error", "errors", "esmtp", "esmtpa",
    "esmtps", "esmtpsa", "etrn", "exceeded", "exceeds", "exchange", "exim", "exist", "exists",
    "expected", "expired", "expn", "external", "failed", "failing", "failure", "fatal", "file",
    "filter", "first", "followed", "following", "for", "forbidden", "format", "found", "from",
    "full", "future", "gateway", "generic", "gmail", "go", "goodbye", "google", "graylist",
    "graylisted", "graylisting", "greet", "greetings", "greylist", "greylisted", "greylisting",
    "gs2", "gsmtp", "gssapi", "haraka", "has", "have", "header", "headers", "hello", "helo", "help",
    "here", "hi", "host", "hosted", "hostname", "https", "i", "id", "if", "ignored", "illegal",
    "immediately", "in", "incorrect", "infected", "inform", "input", "insufficient", "internal",
    "invalid", "invocation", "ip", "is", "issue", "it", "item", "its", "junk", "kerberos", "key",
    "known", "large", "later", "length", "less", "let", "lf", "limit", "limits", "line", "lines",
    "list", "listed", "lmtp", "local", "lock", "login", "long", "longer", "lookup", "loop", "mail",
    "mailbox", "mailer", "malformed", "malware", "many", "marker", "match", "max", "maximum", "may",
    "md5", "me", "means", "mechanism", "message", "messages", "microsoft", "milter", "mime",
    "mimecast", "minutes", "missing", "mode", "more", "moved", "mt", "mta", "much", "must", "mx",
    "name", "need", "needed", "nested", "new", "next", "no", "nobody", "none", "noop", "not",
    "nothing", "now", "nowhere", "ntlm", "null", "number", "oauth", "oauthbearer", "of", "off",
    "ok", "okay", "older", "on", "only", "open", "openbsd", "opensmtpd", "operation", "or", "other",
    "otp", "our", "out", "outlook", "over", "overquota", "own", "parameter", "parameters", "parse",
    "part", "password", "path", "per", "permanent", "permanently", "permission", "permitted", "pgp",
    "pipeconnect", "pipelining", "plain", "please", "pleased", "plus", "policy", "port", "postfix",
    "postmaster", "prdr", "premature", "present", "problem", "proceed", "processed", "processing",
    "prohibited", "proofpoint", "protection", "protocol", "provided", "proxy", "ptr", "qmail",
    "queue", "queued", "quit", "quota", "rate", "rbl", "reached", "read", "ready", "reason",
    "receive", "received", "receiving", "recipient", "recipients", "record", "refused", "regularly",
    "reject", "rejected", "rejecting", "relay", "relayed", "relaying", "relays", "remote", "report",
    "reputation", "requested", "require", "required", "requires", "requiretls", "reset",
    "resources", "response", "restriction", "restrictions", "resume", "retry", "return", "reverse",
    "rhost", "route", "rrvs", "rset", "s", "safe", "saml", "sasl", "scanned", "scanner", "scram",
    "second", "seconds", "secure", "security", "see", "self", "send", "sender", "senders",
    "sending", "sendmail", "sent", "sequence", "server", "servers", "service", "session", "setting",
    "sha", "sha1", "sha256", "sha512", "shorter", "shutting", "side", "signature", "site", "size",
    "slow", "smtp", "smtpd", "smtps", "smtputf8", "so", "solicit", "some", "soml", "sorry",
    "source", "space", "spam", "spamhaus", "speak", "specified", "spf", "spoke", "spool", "ssl",
    "start", "starting", "starttls", "state", "storage", "store", "stored", "submission",
    "submitter", "succeeded", "successful", "successfully", "such", "suspended", "suspicious",
    "syntax", "system", "systems", "tarpit", "temporarily", "temporary", "terminated",
    "terminating", "test", "than", "thank", "thanks", "that", "the", "then", "there", "this",
    "throttled", "throttling", "time", "timed", "timeout", "times", "tls", "to", "today", "token",
    "too", "tool", "transaction", "transfer", "transient", "transmission", "trouble", "try", "turn",
    "txt", "type", "unable", "unauthenticated", "unauthorized", "unavailable", "unexpected",
    "unfortunately", "unimplemented", "unknown", "unrecognized", "unrouteable", "unsolicited",
    "unspecified", "until", "up", "upgrade", "url", "us", "use", "used", "user", "username",
    "users", "using", "utf8", "utf8smtp", "valid", "validated", "validation", "value", "verb",
    "verification", "verify", "version", "via", "viewed", "virtual", "virus", "vrfy", "wait", "was",
    "way", "we", "welcome", "went", "while", "will", "with", "within", "without", "would", "write",
    "wrong", "xclient", "xexch50", "xforward", "xoauth", "xoauth2", "xrdst", "yet", "you", "your",
    "yourself", "zen", "zimbra",
];

/// Numbers that one word may have in it, behind points or hyphens: a version or a status has three, and
/// an address four.
const MOST_NUMBERS: usize = 3;

/// Digits of a number: sizes have nine.
const LONGEST_NUMBER: usize = 10;

/// Whether a word, with what points, hyphens and brackets are in it, can be nobody's name.
pub(super) fn is_known(word: &str) -> bool {
    let parts = || word.split(|c: char| c.is_ascii_punctuation()).filter(|part| !part.is_empty());
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = parts().filter(is_number);
    // Addresses of IPv6 may have few numbers.
    !word.contains("::")
        && numbers.clone().count() <= MOST_NUMBERS
        && numbers.clone().all(|number| number.len() <= LONGEST_NUMBER)
        && parts().filter(|part| !is_number(part)).all(is_word)
}

fn is_word(part: &str) -> bool {
    // Firewalls that take STARTTLS away leave `XXXXXXXA`: nothing of a name is left.
    let is_crossed_out = part.len() > 3 && part.trim_start_matches('X').len() <= 1;
    is_crossed_out || WORDS.binary_search(&part.to_ascii_lowercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order() {
        assert!(WORDS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn names_addresses_and_queue_ids_are_not_known() {
        for word in [
            "Ok:",
            "2.1.5",
            "<CR><LF>.<CR><LF>",
            "SCRAM-SHA-256-PLUS",
            "4.96",
            "52428800",
            "XXXXXXXA",
        ] {
            assert!(is_known(word), "{word}");
        }
        for word in [
            "bob",
            "bob...",
            "mx.example.com",
            "192.0.2.1",
            "[192.0.2.1]:25",
            "host-192-0-2-1",
            "::1",
            "2620::25",
            "4LAB01",
            "id=1Mugho-0003Dg-Un",
            "user@example.com",
            "M\u{fc}ller",
        ] {
            assert!(!is_known(word), "{word}");
        }
    }
}
