//! `export pcapng-dsb`: the input with the secrets of the sessions chosen inside, so that others read
//! these without any key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::keylog;
use super::secrets;
use super::staged::{Placed, StagedFile};
use super::{OrCannot as _, Result, Run};
use crate::capture::{Description, Original};
use crate::export::pcapng::{self, Packet};

/// The file.
const WITH_SECRETS: &str = "with-secrets.pcapng";

/// Packets are written aside while they are read, since what comes ahead of them is known only at the
/// end: which secrets there are. So standard input need not be read twice.
struct Copy {
    packets: StagedFile,
    /// Interfaces that packets were captured on, by what is said of them: rotated files repeat it.
    numbers: HashMap<Description, u32>,
    interfaces: Vec<u8>,
    block: Vec<u8>,
}

impl Copy {
    fn new(packets: StagedFile) -> Self {
        Self { packets, numbers: HashMap::new(), interfaces: Vec::new(), block: Vec::new() }
    }

    fn packet(&mut self, original: &Original<'_>) {
        let interface = self.number(original.interface);
        let Original { ticks, wire_len, data, options, .. } = original;
        let packet = Packet { interface, ticks: *ticks, wire_len: *wire_len, data, options };
        self.block.clear();
        pcapng::packet(&packet, &mut self.block);
        self.packets.push(&self.block);
    }

    fn number(&mut self, interface: &Description) -> u32 {
        if let Some(number) = self.numbers.get(interface) {
            return *number;
        }
        let Description { link, snaplen, options } = interface;
        pcapng::interface(link.0, *snaplen, options, &mut self.interfaces);
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(interface.clone(), number);
        number
    }
}

/// Writes the file, which gets its name later.
pub(crate) fn write(run: &mut Run<'_>) -> Result<Vec<Placed>> {
    let copy = Arc::new(Mutex::new(Copy::new(run.file("packets"))));
    let copyist = Arc::clone(&copy);
    run.capture.copy(move |original| {
        copyist.lock().unwrap_or_else(PoisonError::into_inner).packet(original);
    });
    let secrets = secrets::collect(run);
    keylog::tell(&secrets, run);
    if secrets.is_empty() {
        return Ok(Vec::new());
    }
    run.notice.add(
        "to be written: every packet of the captures, also those of other sessions, which stay closed"
            .to_owned(),
    );
    let mut copy = copy.lock().unwrap_or_else(PoisonError::into_inner);
    let mut head = Vec::new();
    let sessions = super::notice::numbers(&secrets.sessions);
    pcapng::section(&format!("with the TLS secrets of {sessions}"), &mut head);
    let mut file = run.file(WITH_SECRETS);
    file.push(&head);
    file.push(&copy.interfaces);
    secrets.blocks().for_each(|lines| file.push(&pcapng::secrets(&lines)));
    let packets = std::mem::replace(&mut copy.packets, run.file("no-packets"));
    file.append(packets.finish().or_cannot("write the packets")?.0);
    let (staged, bytes) = file.finish().or_cannot("write the capture")?;
    Ok(vec![Placed { staged, name: WITH_SECRETS.to_owned(), session: None, bytes }])
}
