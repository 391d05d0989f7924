//! Findings about a conversation with the wrong one, or at the wrong time: another service, a firewall in
//! between, a server that left, a client that could not work with what it met.

use super::row::{Code, Row, Severity};

codes![
    SMTP_OTHER_PROTOCOL = Row {
        code: "smtp.other_protocol",
        severity: Severity::Error,
        meaning: "One side speaks another protocol than SMTP.",
        evidence: "Its first line.",
        causes: &[
            "a wrong port or host in the client (IMAP 143, POP3 110, SSH 22)",
            "a proxy or web server in the place of the mail server",
        ],
        advice: "correct the port or the host in the client",
    },
    SMTP_CLOSED_BEFORE_GREETING = Row {
        code: "smtp.closed_before_greeting",
        severity: Severity::Error,
        meaning: "The server let the client in and closed the connection without a greeting.",
        evidence: "FIN or RST of the server before its first byte.",
        causes: &[
            "a proxy or load balancer with no server behind it",
            "an access rule (hosts.deny, a limit of connections)",
            "a server that is starting or stopping",
        ],
        advice: "see the log of the server, or of the proxy before it: it closed by itself",
    },
    SMTP_PROXY_HEADER_UNEXPECTED = Row {
        code: "smtp.proxy_header_unexpected",
        severity: Severity::Warning,
        meaning: "A proxy begins with a PROXY protocol header, and the server does not expect one.",
        evidence: "The header, and the reply that refuses it as a command; on the client's side of the proxy, a refusal of a line that the client did not send.",
        causes: &[
            "the header is switched on in the proxy or load balancer, and not in the server",
            "the proxy's check of the port, or another port of the server, speaks with the header",
        ],
        advice: "switch the header on or off on both sides alike",
    },
    SMTP_GREETING_UNFINISHED = Row {
        code: "smtp.greeting_unfinished",
        severity: Severity::Error,
        meaning: "The server's greeting had begun, and the connection ended before its last line.",
        evidence: "A line 220- without a line 220 behind it, and who closed.",
        causes: &[
            "Postfix postscreen or a tarpit: the first line is bait, the last comes after 6 s and more",
            "a client whose timeout is too short",
        ],
        advice: "let the client wait for the last line of the greeting: RFC 5321 §4.5.3.2.1 gives it 5 minutes",
    },
    SMTP_SERVER_CLOSED = Row {
        code: "smtp.server_closed",
        severity: Severity::Error,
        meaning: "The server closed the connection though something was owed or under way, and did not say why.",
        evidence: "The first FIN or RST, the server's, and the command that it left unanswered.",
        causes: &[
            "the server's program crashed",
            "a proxy that lost its server, or a limit that closes without 421",
        ],
        advice: "see the log of the server at that time, and of whatever stands before it",
    },
    SMTP_STARTTLS_INSIDE_TLS = Row {
        code: "smtp.starttls_inside_tls",
        severity: Severity::Warning,
        meaning: "STARTTLS is demanded or asked for inside TLS.",
        evidence: "The reply 530, or the command STARTTLS, in a dialogue that is encrypted.",
        causes: &[
            "a proxy or load balancer that ends TLS and speaks plain SMTP to a server which demands STARTTLS",
            "a client that is set to TLS from the first byte and to STARTTLS",
        ],
        advice: "use one of them: TLS from the first byte (port 465) or STARTTLS (port 587 or 25), in the client, the proxy and the server alike",
    },
    SMTP_MAILBOX_FULL = Row {
        code: "smtp.mailbox_full",
        severity: Severity::Error,
        meaning: "The recipient's mailbox is full.",
        evidence: "A reply 552, 452 or x.2.2 that speaks of the mailbox or its quota.",
        causes: &["the recipient's quota"],
        advice: "only the recipient, or who runs the mailbox, can make room; 4xx may be tried again",
    },
    SMTP_SERVER_TROUBLE = Row {
        code: "smtp.server_trouble",
        severity: Severity::Error,
        meaning: "The server could not do its work for now, for a reason of its own.",
        evidence: "A reply 451 or 4.3.x.",
        causes: &[
            "a filter (milter), a policy service or a database that cannot be reached",
            "a full disk",
        ],
        advice: "see the server's log at that time; the client should try again later",
    },
    SMTP_NO_SHARED_MECHANISM = Row {
        code: "smtp.no_shared_mechanism",
        severity: Severity::Error,
        meaning: "The server offers no way to authenticate that the client seems to know.",
        evidence: "The mechanisms of the EHLO reply, and a client that leaves without AUTH.",
        causes: &[
            "a provider that takes OAuth only (XOAUTH2, OAUTHBEARER), and a client with a password",
            "a client that was not told to use OAuth",
        ],
        advice: "let the client use one of the mechanisms offered, or let the server offer PLAIN or LOGIN inside TLS",
    },
    SMTP_INSPECTED = Row {
        code: "smtp.inspected",
        severity: Severity::Warning,
        meaning: "A firewall on the way reads and rewrites SMTP.",
        evidence: "A banner of asterisks, or keywords and commands whose letters are X.",
        causes: &["Cisco PIX and ASA: `fixup protocol smtp`, `inspect esmtp`"],
        advice: "switch SMTP inspection off (`no inspect esmtp`, `no fixup protocol smtp 25`), or allow what it masks (`allow-tls`)",
    },
    SMTP_SMTPUTF8_MISSING = Row {
        code: "smtp.smtputf8_missing",
        severity: Severity::Warning,
        meaning: "An address has letters beyond ASCII, without SMTPUTF8.",
        evidence: "The command, and whether SMTPUTF8 was offered and asked for (RFC 6531).",
        causes: &[
            "a client that does not know SMTPUTF8",
            "a server that does not offer it and takes the bytes all the same",
        ],
        advice: "let the client ask for SMTPUTF8 at MAIL, and the server offer it; else use an address in ASCII (domains: xn--)",
    },
    SMTP_DUPLICATE_MAIL = Row {
        code: "smtp.duplicate_mail",
        severity: Severity::Warning,
        meaning: "The same message was accepted twice from one client.",
        evidence: "The Message-ID in two sessions with this server.",
        causes: &[
            "the client did not get the reply to the first, and tried again",
            "two entries in a queue",
        ],
        advice: "look why the first was not confirmed: timeouts of the client below 10 minutes, or a final reply that was lost (RFC 1047)",
    },
    SMTP_EARLY_TALKER = Row {
        code: "smtp.early_talker",
        severity: Severity::Warning,
        meaning: "The client spoke before the server had greeted it.",
        evidence: "The client's first command, in a frame before the greeting's.",
        causes: &[
            "a script that pipes a whole mail into `nc`",
            "a program that does not read replies, as those that send junk",
        ],
        advice: "wait for the greeting (RFC 5321 §4.3.1); Exim refuses early talkers (`smtp_enforce_sync`), Postfix's postscreen and Sendmail's greet_pause do too",
    },
];
