//! Records under made-up secrets that are lost and damaged on their way: whatever happens to them,
//! what opens is what was sealed. For the property test below and for the fuzz target `records`.

use super::protection::{Protection, RecordCipher, RecordGap, RecordOptions, record_ciphers};
use super::seal::{RecordPlace, Unsealed};
use super::{MasterSecret, Randoms, Tls13Hash, TrafficSecret, TrialBudget};
use crate::tls::names::ProtocolVersion;
use crate::tls::record::{ContentType, HEADER, RecordHeader};
use crate::tls::suite::SuiteId;

/// What happens to a record between the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Arrives,
    /// It was not captured, or its end alone was.
    Lost {
        /// Its last bytes were.
        but_its_end: bool,
    },
    /// The byte at this place, counted round and round, is changed by XOR.
    Damaged(usize, u8),
    /// Only so many bytes are taken for it.
    Cut(usize),
}

/// One direction of a session.
pub struct Rehearsal {
    version: ProtocolVersion,
    sealing: RecordCipher,
    opening: RecordCipher,
    /// The fragment that went last, which TLS 1.0 chains to.
    last: Vec<u8>,
    /// What was sealed, by number.
    sent: Vec<Vec<u8>>,
    /// Keystream used.
    keystream: u64,
    gap: Option<RecordGap>,
    budget: TrialBudget,
    /// A record did not arrive as it was sent: what comes behind it need not open.
    is_harmed: bool,
}

impl Rehearsal {
    /// A session of this suite and version. None if they are not opened together.
    #[must_use]
    pub fn new(suite: SuiteId, version: u16, encrypt_then_mac: bool) -> Option<Self> {
        let version = ProtocolVersion(version);
        let [sealing, opening] = [(), ()].map(|()| cipher(suite, version, encrypt_then_mac));
        Some(Self {
            version,
            sealing: sealing?,
            opening: opening?,
            last: Vec::new(),
            sent: Vec::new(),
            keystream: 0,
            gap: None,
            budget: TrialBudget::default(),
            is_harmed: false,
        })
    }

    /// Sends one record with so many blocks or bytes of padding more than it needs. True if it opened.
    ///
    /// # Panics
    ///
    /// If it opens to something that was not sent under its number, or does not open although nothing
    /// stands in its way.
    #[allow(clippy::expect_used, reason = "it is what tests call")]
    pub fn send(&mut self, content: &[u8], padding: u8, fate: Fate) -> bool {
        let mut original = vec![0; self.sealed_len(content.len(), padding)];
        for (byte, counted) in original.iter_mut().zip((self.sent.len() as u64).to_be_bytes()) {
            *byte = counted;
        }
        let fragment = self.seal(content, &original).expect("made to fit");
        self.sent.push(content.to_vec());
        self.last.clone_from(&fragment);
        match fate {
            Fate::Lost { but_its_end } => self.lose(&fragment, but_its_end),
            Fate::Arrives => self.arrive(&fragment, true),
            Fate::Damaged(at, with) => {
                let mut damaged = fragment;
                let at = at % damaged.len().max(1);
                damaged.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= with);
                self.arrive(&damaged, with == 0)
            }
            Fate::Cut(len) => {
                let kept = fragment.get(..len).unwrap_or(&fragment);
                self.arrive(kept, kept.len() == fragment.len())
            }
        }
    }

    fn seal(&mut self, content: &[u8], original: &[u8]) -> Option<Vec<u8>> {
        let place = RecordPlace { number: self.sent.len() as u64, keystream: self.keystream };
        let header = self.header();
        let content_type = ContentType::APPLICATION_DATA;
        let before = &self.last;
        let record = Unsealed { place, header, content_type, content, original, before };
        let sealed = self.sealing.seal(&record)?;
        self.keystream += sealed.len() as u64;
        Some(sealed)
    }

    fn lose(&mut self, fragment: &[u8], but_its_end: bool) -> bool {
        let gap = self.gap.get_or_insert_default();
        gap.bytes += (HEADER + fragment.len()) as u64;
        // Where nothing was captured of it, the chain of TLS 1.0 is broken for one record.
        gap.before = if but_its_end { fragment.to_vec() } else { Vec::new() };
        self.is_harmed |= !but_its_end && self.version <= ProtocolVersion::TLS10;
        false
    }

    fn arrive(&mut self, fragment: &[u8], is_whole: bool) -> bool {
        self.budget.earn(fragment.len());
        let (header, mut scratch) = (self.header(), Vec::new());
        let opened = match self.gap.take() {
            Some(gap) => {
                self.opening.open_behind(&gap, header, fragment, &mut scratch, &mut self.budget)
            }
            None => self.opening.open(header, fragment, &mut scratch),
        };
        let opened = opened.map(|content| content.bytes.to_vec());
        let last = self.sent.last();
        if let Ok(bytes) = &opened {
            assert_eq!(Some(bytes), last, "what opened is not what was sent");
        }
        self.is_harmed |= !is_whole || self.budget.is_spent();
        assert!(opened.is_ok() || self.is_harmed, "whole, and does not open: {:?}", opened.err());
        opened.is_ok()
    }

    fn header(&self) -> RecordHeader {
        let version = self.version.min(ProtocolVersion::TLS12);
        RecordHeader { content_type: ContentType::APPLICATION_DATA, version }
    }

    /// How long the fragment of so much content is.
    fn sealed_len(&self, content: usize, padding: u8) -> usize {
        let padding = usize::from(padding);
        match &self.sealing.protection {
            Protection::Null(mac) => content + mac.len(),
            Protection::Stream(stream) => content + stream.mac.len(),
            Protection::Aead(aead) if self.version == ProtocolVersion::TLS13 => {
                content + 1 + padding + aead.tag
            }
            Protection::Aead(aead) => aead.explicit_len() + content + aead.tag,
            Protection::Cbc(cbc) => {
                let [inside, behind] =
                    if cbc.encrypt_then_mac { [0, cbc.mac.len()] } else { [cbc.mac.len(), 0] };
                let least = (content + inside + 1).next_multiple_of(cbc.block);
                // The padding's length is one byte; that of SSL 3.0 stays below a block.
                let most = (256 - cbc.block) / cbc.block;
                let more = if self.version == ProtocolVersion::SSL3 { 0 } else { padding % most };
                let explicit = if cbc.chained_iv.is_some() { 0 } else { cbc.block };
                explicit + least + more * cbc.block + behind
            }
        }
    }
}

fn cipher(
    suite: SuiteId,
    version: ProtocolVersion,
    encrypt_then_mac: bool,
) -> Option<RecordCipher> {
    let suite = suite.suite()?;
    if version == ProtocolVersion::TLS13 {
        let secret = vec![7; Tls13Hash::of(suite)?.len()];
        return TrafficSecret::new(suite, &secret)?.cipher(suite).ok();
    }
    let master = MasterSecret::new(&[7; 48]);
    let randoms = Randoms { client: [1; 32], server: [2; 32] };
    let options = RecordOptions { encrypt_then_mac, deflate: false };
    record_ciphers(suite, version, options, &master, &randoms).ok().map(|both| both.client)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fate() -> impl Strategy<Value = Fate> {
        prop_oneof![
            6 => Just(Fate::Arrives),
            2 => any::<bool>().prop_map(|but_its_end| Fate::Lost { but_its_end }),
            1 => any::<(usize, u8)>().prop_map(|(at, with)| Fate::Damaged(at, with)),
            1 => (0..400_usize).prop_map(Fate::Cut),
        ]
    }

    fn records() -> impl Strategy<Value = Vec<(Vec<u8>, u8, Fate)>> {
        prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..300), any::<u8>(), fate()),
            1..12,
        )
    }

    /// The sessions that can be: every suite of the table in every version that opens it.
    fn sessions() -> Vec<(SuiteId, u16, bool)> {
        let suites = (0..=u16::MAX).map(SuiteId).filter(|id| id.suite().is_some());
        let versions =
            suites.flat_map(|suite| (0x0300..=0x0304).map(move |version| (suite, version)));
        let sessions =
            versions.flat_map(|(suite, version)| [(suite, version, false), (suite, version, true)]);
        sessions
            .filter(|&(suite, version, etm)| Rehearsal::new(suite, version, etm).is_some())
            .collect()
    }

    #[test]
    fn every_suite_opens_what_it_sealed() {
        let sessions = sessions();
        assert!(sessions.len() > 1_000, "{}", sessions.len());
        for (suite, version, etm) in sessions {
            let mut rehearsal = Rehearsal::new(suite, version, etm).expect("it was there");
            rehearsal.send(b"EHLO client.example.org\r\n", 3, Fate::Arrives);
            rehearsal.send(b"", 0, Fate::Arrives);
        }
    }

    /// RFC 7366 §3: the MAC does not cover the IV of TLS 1.0, which is the end of the record before.
    #[test]
    fn behind_an_altered_record_a_chained_iv_is_not_trusted_until_a_record_verified() {
        let aes128_sha = SuiteId(0x002F);
        let mut rehearsal = Rehearsal::new(aes128_sha, 0x0301, true).expect("it is opened");
        assert!(!rehearsal.send(b"RCPT TO:<a@example.com>", 0, Fate::Damaged(35, 1)));
        assert!(!rehearsal.send(b"RCPT TO:<b@example.com>", 0, Fate::Arrives));
        assert!(rehearsal.send(b"RCPT TO:<c@example.com>", 0, Fate::Arrives));
    }

    proptest! {
        #[test]
        fn what_opens_is_what_was_sealed_whatever_happens_on_the_way(
            which in any::<prop::sample::Index>(),
            records in records(),
        ) {
            static SESSIONS: std::sync::LazyLock<Vec<(SuiteId, u16, bool)>> = std::sync::LazyLock::new(sessions);
            let (suite, version, etm) = SESSIONS[which.index(SESSIONS.len())];
            let mut rehearsal = Rehearsal::new(suite, version, etm).expect("one of them");
            for (content, padding, fate) in records {
                rehearsal.send(&content, padding, fate);
            }
        }
    }
}
