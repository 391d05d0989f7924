//! Records of every suite and version, lost, damaged and cut on their way: what opens is what was sealed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::tls::suite::SuiteId;
use smtp_decrypt::tls::{Fate, Rehearsal};
use smtp_decrypt_fuzz::{number, piece};

static SUITES: LazyLock<Vec<SuiteId>> =
    LazyLock::new(|| (0..=u16::MAX).map(SuiteId).filter(|id| id.suite().is_some()).collect());

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let (Some(suite), Some(version)) = (number(&mut rest), number(&mut rest)) else { return };
    let suite = SUITES[usize::from(suite) % SUITES.len()];
    let (version, encrypt_then_mac) = (0x0300 + version % 5, version & 0x8000 != 0);
    let Some(mut rehearsal) = Rehearsal::new(suite, version, encrypt_then_mac) else { return };
    while let (Some(what), Some(at), Some(content)) =
        (number(&mut rest), number(&mut rest), piece(&mut rest))
    {
        let [what, value] = what.to_le_bytes();
        let fate = match what % 8 {
            0..4 => Fate::Arrives,
            4 | 5 => Fate::Lost { but_its_end: what & 0x80 != 0 },
            6 => Fate::Damaged(usize::from(at), value),
            _ => Fate::Cut(usize::from(at)),
        };
        rehearsal.send(&content[..content.len().min(1 << 14)], value, fate);
    }
});
