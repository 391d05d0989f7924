"""Which folder of testdata/ a capture lies in: the first topic that has a pattern for its name."""
from fnmatch import fnmatchcase

TOPICS = {
    "tls13": ["tls13", "tls13_*"],
    "ssl2": ["ssl2", "sslv2", "sslv2_hello"],
    "suites": ["tls1?_aes*", "suites_*"],
    "forward-secrecy": ["ecdhe_tls12", "dhe_tls12", "ecdsa_tls12"],
    "extensions": ["ext_*", "max_fragment_length", "record_size_limit"],
    "records": ["compression_*", "empty_fragments", "split_records", "several_records"],
    "renegotiation": ["renegotiation_*"],
    "resumption": ["resume_*", "ticket_renewal"],
    "client-certificates": ["client_certificate*", "bad_client_certificate*"],
    "keys": ["wrong_key", "no_key", "key_rsa*"],
    "ports": ["port25_*", "port465_*", "port587_*"],
    "transport": ["ipv6", "proxy_v?", "tiny_segments"],
    "capture-forms": ["format_*", "sll2", "snaplen", "midstream", "truncated_file", "rotated"],
    "loss": ["loss_*"],
    "mails": ["plain", "pipelining", "several_mails", "bdat", "lmtp", "mixed"],
    "auth": ["auth_*", "bad_auth_*"],
    "starttls": ["starttls_refused", "bad_starttls_*", "bad_mail_before_tls", "bad_plain_to_tls_port", "bad_tls_to_plain_port"],
    "refusals": ["greeting_554", "rcpt_rejected", "bad_greeting_421", "bad_size", "bad_relay", "bad_greylisted", "bad_content"],
    "endings": ["bad_message_*", "bad_slow_recipient", "bad_idle", "bad_no_quit", "bad_no_close_notify"],
    "network-failures": ["bad_connection_refused", "bad_syn_unanswered", "bad_no_greeting", "bad_mtu"],
    "certificate-failures": ["bad_certificate_*", "tls_unknown_ca"],
    "handshake-failures": ["tls_handshake_failed", "rst_after_clienthello", "bad_version_*", "bad_cipher", "bad_group",
                           "bad_signature_algorithm", "bad_alpn", "bad_server_name", "bad_no_server_name", "bad_fallback",
                           "bad_renegotiation_info", "bad_weak_dh", "bad_closed_at_client_hello", "bad_reset_at_certificate",
                           "bad_silence", "bad_altered_record"],
}


def topic(name):
    for each, patterns in TOPICS.items():
        if any(fnmatchcase(name, pattern) for pattern in patterns):
            return each
    raise SystemExit(f"{name} has no topic: name it in testdata/generate/lab/topics.py")


def folder(out, name):
    """Where the files of a capture are: OUT/TOPIC/NAME/."""
    return out / topic(name) / name
