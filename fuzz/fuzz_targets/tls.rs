//! Bytes of both directions, with gaps, as TLS: records, handshakes and what is protected. Data is
//! told only where it verified, which random bytes do not.
#![no_main]

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::flow::{Gap, GapCause};
use smtp_decrypt::keys::{KeyRing, KeySource};
use smtp_decrypt::moment::{Moment, Timestamp};
use smtp_decrypt::role::Role;
use smtp_decrypt::tls::{Keys, Tls};
use smtp_decrypt_fuzz::{lab, number, piece};

static RING: LazyLock<Arc<KeyRing>> = LazyLock::new(|| {
    let key = KeySource::KeyFile(lab().join("pki/server.key"));
    let log = KeySource::KeyLog(lab().join("mails/mixed/mixed.keylog"));
    Arc::new(KeyRing::load(&[key, log]).0)
});

fuzz_target!(|bytes: &[u8]| {
    let ends = [([192, 0, 2, 1], 40_000), ([192, 0, 2, 2], 465)].map(SocketAddr::from);
    let keys = Keys { ring: Arc::clone(&RING), ..Keys::default() };
    let mut tls = Tls::new(ends, keys);
    let (mut rest, mut frame) = (bytes, 0);
    while let (Some(what), Some(words)) = (number(&mut rest), piece(&mut rest)) {
        frame += 1;
        let at = Moment { ts: Timestamp(frame as i64), frame };
        let from = if what & 1 == 0 { Role::Client } else { Role::Server };
        match what & 6 {
            6 => {
                let gap = Gap { bytes: words.len() as u64, cause: GapCause::Lost };
                tls.feed_gap(from, gap, at, &mut |_| {});
            }
            _ => tls.feed(from, words, at, &mut |_| {}),
        }
    }
    let facts = tls.into_facts();
    assert!(facts.alerts.len() <= 16);
});
