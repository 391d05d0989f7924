//! The page `docs/key-logs.md`: how to get a session that can be opened, program by program.

use std::fmt::Write as _;

use crate::report::SOFTWARE;

const HEAD: &str = "# Key logs, and RSA key exchange for a test

Most servers and clients of today choose ECDHE or TLS 1.3, and no server key opens those
(`forward_secrecy` and `tls13` in [verdicts.md](verdicts.md)). There are two ways to a session that
can be opened: record the secrets of the sessions in a key log, at one of the two ends, or let one
of them offer RSA key exchange only, and capture again.

This page is made of the table in `src/report/software.rs`, and a test holds it to that. Where a
server's greeting names it, the session's hint has its row.

## Record a key log

```console
$ smtp-decrypt --keylog session.keylog capture.pcap
$ smtp-decrypt keys --keylog session.keylog capture.pcap
```

The second tells which sessions the log lacks, by their client randoms, and which of its lines are
about no session of the capture.
";

const PRELOAD: &str = "
`libsslkeylog.so` is a small library that hooks into OpenSSL (`sslkeylog.c` of the Wireshark notes of
Peter Wu); [eCapture](https://github.com/gojue/ecapture) looks on from the kernel and needs no
restart. [extract-tls-secrets](https://github.com/neykov/extract-tls-secrets) and
[jSSLKeyLog](https://github.com/jsslkeylog/jsslkeylog) are Java agents.

A log opens only the sessions that it has lines for. `editcap --inject-secrets
tls,session.keylog IN.pcapng OUT.pcapng` puts it into a capture, which then needs no option. Treat
it as you treat the mail.

## Exchange keys by RSA, for a test

";

const TAIL: &str = "
OpenSSL 3 needs `@SECLEVEL=0` behind the cipher string for TLS 1.0 and 1.1, and servers may forbid
them at a second place. Set it back afterwards: RSA key exchange means that who has the key can read
all that was ever captured.
";

/// The page.
#[must_use]
pub fn page() -> String {
    let mut out = format!("{HEAD}\n| end | how |\n| --- | --- |\n");
    SOFTWARE.iter().for_each(|software| row(&mut out, software.name, software.key_log));
    out += PRELOAD;
    out += "| end | how |\n| --- | --- |\n";
    SOFTWARE.iter().for_each(|software| row(&mut out, software.name, software.rsa_exchange));
    out + TAIL
}

fn row(out: &mut String, name: &str, how: &str) {
    let _ = writeln!(out, "| {name} | {how} |");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the page is kept.
    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/key-logs.md");

    #[test]
    fn the_page_is_made_of_the_table() {
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(PAGE, page()).unwrap();
        }
        let kept = std::fs::read_to_string(PAGE).unwrap();
        assert!(kept == page(), "docs/key-logs.md is old: UPDATE_DOCS=1 cargo test the_page");
    }
}
