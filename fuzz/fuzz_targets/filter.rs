//! Filters: any text is one or is refused at a place within it, and one never fails on a packet.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::filter::{ConnectionFilter, PacketFilter};
use smtp_decrypt_fuzz::{number, piece};

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let Some(text) = piece(&mut rest).and_then(|text| std::str::from_utf8(text).ok()) else {
        return;
    };
    if let Err(error) = ConnectionFilter::parse(text) {
        assert!(text.get(error.at.clone()).is_some(), "{error:?} is not within {text:?}");
    }
    let Ok(mut filter) = PacketFilter::parse(text) else { return };
    let Some(link) = number(&mut rest) else { return };
    while let Some(packet) = piece(&mut rest) {
        let first = filter.matches(link, packet, packet.len() as u32);
        assert_eq!(filter.matches(link, packet, packet.len() as u32), first, "two answers");
    }
});
