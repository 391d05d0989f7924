//! What a file is, by its content.

/// Kinds of files that hold secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// Nothing.
    Empty,
    /// A session of OpenSSL in DER.
    SessionDer,
    /// A session of OpenSSL in PEM.
    SessionPem,
    /// Text: `openssl sess_id -text`, the output of `s_client`, `postmap -s`.
    Text,
    /// A database of Berkeley DB.
    BerkeleyDb,
    /// A database of LMDB.
    Lmdb,
    /// A database of GDBM.
    Gdbm,
    /// A database of TDB, as Exim keeps hints in.
    Tdb,
    /// A core file in ELF.
    ElfCore,
    /// A minidump of Windows.
    Minidump,
    /// The heap of a Java process.
    Hprof,
    /// Memory of a machine in the format of LiME.
    Lime,
    /// Memory of a machine in the format of AVML, which is compressed.
    Avml,
    /// Anything else: read as memory without a header.
    Raw,
}

/// Where in the course of things a secret lay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// In a file of a session.
    File,
    /// In a cache of sessions.
    Cache,
    /// In memory.
    Memory,
}

/// Bytes that [`Container::of`] looks at.
pub(crate) const HEAD: usize = 512;

/// Magic numbers of Berkeley DB: btree and hash, at byte 12, in either byte order.
const BERKELEY: [u32; 2] = [0x0005_3162, 0x0006_1561];

/// The magic number of LMDB, behind the header of its first page (16 bytes, or 24 on newer ones).
const LMDB: u32 = 0xbeef_c0de;

/// Magic numbers of GDBM: those of its versions.
const GDBM: [u32; 4] = [0x1357_9ace, 0x1357_9acd, 0x1357_9acf, 0x1357_9ad0];

/// `ET_CORE` of ELF.
const ET_CORE: u16 = 4;

impl Container {
    /// What begins so. `head` is the first [`HEAD`] bytes, or all there are.
    pub(crate) fn of(head: &[u8]) -> Self {
        match head {
            [] => Self::Empty,
            _ if head.starts_with(b"\x7fELF") && is_core(head) => Self::ElfCore,
            _ if head.starts_with(b"MDMP") => Self::Minidump,
            _ if head.starts_with(b"JAVA PROFILE 1.0.") => Self::Hprof,
            _ if head.starts_with(b"EMiL\x01\0\0\0") => Self::Lime,
            _ if head.starts_with(b"LMVA\x02\0\0\0") => Self::Avml,
            _ if head.starts_with(b"TDB file\n") => Self::Tdb,
            _ if word_at(head, 12).iter().any(|word| BERKELEY.contains(word)) => Self::BerkeleyDb,
            _ if [16, 24].iter().any(|&at| word_at(head, at).contains(&LMDB)) => Self::Lmdb,
            _ if word_at(head, 0).iter().any(|word| GDBM.contains(word)) => Self::Gdbm,
            _ if crate::session::is_session(head) => Self::SessionDer,
            _ if is_text(head) => Self::of_text(head),
            _ => Self::Raw,
        }
    }

    fn of_text(head: &[u8]) -> Self {
        let label = b"-----BEGIN SSL SESSION PARAMETERS-----";
        if head.trim_ascii_start().starts_with(label) { Self::SessionPem } else { Self::Text }
    }

    /// What a sentence calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "an empty file",
            Self::SessionDer => "a session of OpenSSL (DER)",
            Self::SessionPem => "a session of OpenSSL (PEM)",
            Self::Text => "text",
            Self::BerkeleyDb => "a database (Berkeley DB)",
            Self::Lmdb => "a database (LMDB)",
            Self::Gdbm => "a database (GDBM)",
            Self::Tdb => "a database (TDB)",
            Self::ElfCore => "a core file (ELF)",
            Self::Minidump => "a minidump",
            Self::Hprof => "a Java heap (hprof)",
            Self::Lime => "memory of a machine (LiME)",
            Self::Avml => "memory of a machine (AVML)",
            Self::Raw => "bytes without a known header",
        }
    }

    /// Where in the course of things a secret of it lay.
    #[must_use]
    pub fn kept(self) -> Kept {
        match self {
            Self::Empty | Self::SessionDer | Self::SessionPem | Self::Text => Kept::File,
            Self::BerkeleyDb | Self::Lmdb | Self::Gdbm | Self::Tdb => Kept::Cache,
            _ => Kept::Memory,
        }
    }
}

fn is_core(head: &[u8]) -> bool {
    let kind = head.get(16..18).and_then(|bytes| <[u8; 2]>::try_from(bytes).ok());
    let is_big_endian = head.get(5) == Some(&2);
    kind.is_some_and(|kind| match is_big_endian {
        true => u16::from_be_bytes(kind) == ET_CORE,
        false => u16::from_le_bytes(kind) == ET_CORE,
    })
}

/// The four bytes there, in both byte orders.
fn word_at(head: &[u8], at: usize) -> Vec<u32> {
    let bytes = head.get(at..).and_then(<[u8]>::first_chunk::<4>);
    bytes.map_or_else(Vec::new, |&bytes| vec![u32::from_le_bytes(bytes), u32::from_be_bytes(bytes)])
}

fn is_text(head: &[u8]) -> bool {
    let is_printed = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    head.iter().all(is_printed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_content() {
        let at = |offset: usize, bytes: &[u8]| [&vec![0; offset][..], bytes, &[0; 64]].concat();
        for (head, container) in [
            (Vec::new(), Container::Empty),
            (at(12, &0x0005_3162_u32.to_le_bytes()), Container::BerkeleyDb),
            (at(12, &0x0005_3162_u32.to_be_bytes()), Container::BerkeleyDb),
            (at(16, &0xbeef_c0de_u32.to_le_bytes()), Container::Lmdb),
            (b"JAVA PROFILE 1.0.2\0".to_vec(), Container::Hprof),
            (b"MDMP\x93\xa7".to_vec(), Container::Minidump),
            (b"EMiL\x01\0\0\0".to_vec(), Container::Lime),
            (b"key\tvalue\n".to_vec(), Container::Text),
            (vec![0x80; 20], Container::Raw),
        ] {
            assert_eq!(Container::of(&head), container, "{head:?}");
        }
    }

    #[test]
    fn a_program_is_no_core() {
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(64, 0);
        head[16] = 3;
        assert_eq!(Container::of(&head), Container::Raw);
        head[16] = 4;
        assert_eq!(Container::of(&head), Container::ElfCore);
    }
}
