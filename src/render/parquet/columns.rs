//! THE table of tables: each column, its type, and where the JSON report has it.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number.
    Number,
    Boolean,
    /// Text; of a list or an object, its JSON.
    Text,
    /// RFC 3339 in the report; here microseconds of UTC, which all engines read as a time.
    Time,
    /// RFC 3339 in the report, nanoseconds since 1970 here.
    Nanoseconds,
}

impl Kind {
    /// As the language of schemas has it.
    pub(super) fn declared(self) -> (&'static str, &'static str) {
        match self {
            Self::Number | Self::Nanoseconds => ("int64", ""),
            Self::Boolean => ("boolean", ""),
            Self::Text => ("binary", " (STRING)"),
            Self::Time => ("int64", " (TIMESTAMP(MICROS,false))"),
        }
    }
}

/// One column; each may be null.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// JSON pointer (RFC 6901) into the row's object.
    pub(super) at: &'static str,
}

/// One table.
pub(super) struct Layout {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
}

const fn number(name: &'static str, at: &'static str) -> Column {
    Column { name, kind: Kind::Number, at }
}

const fn boolean(name: &'static str, at: &'static str) -> Column {
    Column { name, kind: Kind::Boolean, at }
}

const fn text(name: &'static str, at: &'static str) -> Column {
    Column { name, kind: Kind::Text, at }
}

const fn time(name: &'static str, at: &'static str) -> Column {
    Column { name, kind: Kind::Time, at }
}

const fn nanoseconds(name: &'static str, at: &'static str) -> Column {
    Column { name, kind: Kind::Nanoseconds, at }
}

pub(super) static TABLES: &[Layout] = &[
    Layout { name: "sessions", columns: SESSIONS },
    Layout { name: "exchanges", columns: EXCHANGES },
    Layout { name: "mails", columns: MAILS },
    Layout { name: "findings", columns: FINDINGS },
    Layout { name: "timeline", columns: TIMELINE },
    Layout { name: "keys", columns: KEYS },
];

static SESSIONS: &[Column] = &[
    number("id", "/id"),
    time("start", "/start"),
    nanoseconds("start_ns", "/start"),
    number("duration_ns", "/duration_ns"),
    text("client_ip", "/client/ip"),
    number("client_port", "/client/port"),
    text("server_ip", "/server/ip"),
    number("server_port", "/server/port"),
    text("protocol", "/protocol"),
    text("outcome", "/outcome"),
    number("first_frame", "/frames/first"),
    number("last_frame", "/frames/last"),
    number("frames", "/frames/count"),
    number("tcp_rtt_ns", "/tcp/rtt_ns"),
    text("tcp_closed_by", "/tcp/closed_by"),
    text("tcp_close", "/tcp/close"),
    number("client_bytes", "/tcp/bytes/client"),
    number("server_bytes", "/tcp/bytes/server"),
    number("client_retransmissions", "/tcp/retransmissions/client"),
    number("server_retransmissions", "/tcp/retransmissions/server"),
    number("client_lost_bytes", "/tcp/lost_bytes/client"),
    number("server_lost_bytes", "/tcp/lost_bytes/server"),
    text("tls_mode", "/tls/mode"),
    text("tls_version", "/tls/version"),
    text("cipher_suite", "/tls/cipher_suite"),
    text("cipher_suite_id", "/tls/cipher_suite_id"),
    text("key_exchange", "/tls/key_exchange"),
    text("server_name", "/tls/client_hello/server_name"),
    text("ja3", "/tls/client_hello/ja3"),
    text("ja4", "/tls/client_hello/ja4"),
    text("ja3s", "/tls/server_hello/ja3s"),
    text("certificate_subject", "/tls/certificates/0/subject"),
    text("certificate_spki_sha256", "/tls/certificates/0/spki_sha256"),
    time("certificate_not_after", "/tls/certificates/0/not_after"),
    number("certificate_key_bits", "/tls/certificates/0/key_bits"),
    text("resumed", "/tls/resumed"),
    boolean("handshake_complete", "/tls/handshake_complete"),
    text("decryption_status", "/tls/decryption/status"),
    text("decryption_reason", "/tls/decryption/reason"),
    text("decryption_secret", "/tls/decryption/secret"),
    text("decryption_key", "/tls/decryption/key"),
    boolean("finished_verified", "/tls/decryption/finished_verified"),
    text("helo", "/smtp/helo/name"),
    text("starttls", "/smtp/starttls"),
    text("auth_mechanism", "/smtp/auth/mechanism"),
    text("auth_user", "/smtp/auth/user"),
    text("auth_result", "/smtp/auth/result"),
    text("cause", "/diagnosis/code"),
    text("cause_likelihood", "/diagnosis/likelihood"),
    text("cause_message", "/diagnosis/message"),
    number("tcp_connect_ns", "/timing/tcp_connect_ns"),
    number("greeting_ns", "/timing/greeting_ns"),
    number("starttls_ns", "/timing/starttls_ns"),
    number("tls_handshake_ns", "/timing/tls_handshake_ns"),
    number("tls_server_flight_ns", "/timing/tls_server_flight_ns"),
    number("tls_client_flight_ns", "/timing/tls_client_flight_ns"),
    number("tls_server_finish_ns", "/timing/tls_server_finish_ns"),
    number("auth_ns", "/timing/auth_ns"),
    number("mail_ns", "/timing/mail_ns"),
    number("rcpt_ns", "/timing/rcpt_ns"),
    number("data_go_ahead_ns", "/timing/data_go_ahead_ns"),
    number("data_transfer_ns", "/timing/data_transfer_ns"),
    number("data_accept_ns", "/timing/data_accept_ns"),
    number("total_ns", "/timing/total_ns"),
    number("network_ns", "/timing/attribution/network_ns"),
    number("client_ns", "/timing/attribution/client_ns"),
    number("server_ns", "/timing/attribution/server_ns"),
    number("third_party_ns", "/timing/attribution/third_party_ns"),
];

static EXCHANGES: &[Column] = &[
    number("session", "/session"),
    number("n", "/n"),
    text("command", "/command"),
    text("verb", "/verb"),
    number("reply_code", "/reply/code"),
    text("reply_enhanced", "/reply/enhanced"),
    text("reply_lines", "/reply/lines"),
    number("frame", "/frame"),
    number("reply_frame", "/reply_frame"),
    number("t_ns", "/t_ns"),
    number("latency_ns", "/latency_ns"),
    boolean("encrypted", "/encrypted"),
];

static MAILS: &[Column] = &[
    number("session", "/session"),
    number("n", "/n"),
    text("from", "/from"),
    text("to", "/to"),
    text("rejected_to", "/rejected_to"),
    text("transfer", "/transfer"),
    number("bytes", "/bytes"),
    text("sha256", "/sha256"),
    number("reply_code", "/reply/code"),
    text("queue_id", "/queue_id"),
    text("message_id", "/message_id"),
    text("subject", "/subject"),
    boolean("encrypted", "/encrypted"),
];

static FINDINGS: &[Column] = &[
    number("session", "/session"),
    number("n", "/n"),
    text("code", "/code"),
    text("severity", "/severity"),
    number("frame", "/frame"),
    text("message", "/message"),
    text("hint", "/hint"),
];

static TIMELINE: &[Column] = &[
    number("session", "/session"),
    number("n", "/n"),
    text("event", "/event"),
    text("from", "/from"),
    number("frame", "/frame"),
    number("t_ns", "/t_ns"),
    text("detail", "/detail"),
];

static KEYS: &[Column] = &[
    text("source", "/source"),
    text("path", "/path"),
    number("bits", "/bits"),
    text("spki_sha256", "/spki_sha256"),
    number("sessions_opened", "/sessions_opened"),
    text("note", "/note"),
];
