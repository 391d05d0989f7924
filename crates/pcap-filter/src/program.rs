//! What a primitive becomes for frames of one link type: fields at known places, compared. It is
//! run on a frame without allocating.

use super::ast::{Compare, Operator};

/// A field lies behind the bytes that were captured (the snap length cut it), or a sum was divided
/// by zero. BPF ends there, and the packet does not match, whatever is negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfRange;

/// A frame, or the part of one from some header on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'f> {
    /// The bytes captured.
    pub(super) data: &'f [u8],
    /// The length of the whole packet on the wire.
    pub(super) len: u32,
}

/// Places that depend on the frame: where the frame inside Geneve begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Register {
    Header,
    Type,
    Payload,
}

/// What [`Register`]s hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Registers([u32; 3]);

/// Where a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) register: Option<Register>,
    pub(super) offset: u32,
    /// Header between `offset` and the field, whose length it says itself.
    pub(super) behind: VariableHeader,
}

/// A header of variable length; its place, from the same register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VariableHeader {
    Nothing,
    /// IPv4, with its options.
    Ip4(u32),
    /// The extension headers behind the 40 bytes of IPv6.
    Ip6Extensions(u32),
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Always(bool),
    Field {
        place: Place,
        size: u8,
        mask: u32,
        compare: Compare,
        value: u32,
    },
    /// What IPv6 carries, behind its extension headers.
    Ip6Carries {
        header: Place,
        protocol: u32,
    },
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// Holds only if the `guards` do: the protocols whose bytes are looked at.
    Relation {
        guards: Vec<Self>,
        left: Value,
        compare: Compare,
        right: Value,
    },
    /// Notes where the frame inside Geneve begins. Always true.
    Geneve(Place),
    /// The frame inside Geneve has an Ethernet header.
    IsEthernetInside,
}

/// A sum, its places known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(u32),
    Len,
    Load { place: Place, index: Box<Self>, size: u8 },
    Negative(Box<Self>),
    Binary(Box<Self>, Operator, Box<Self>),
}

/// EtherType of "Transparent Ethernet Bridging": an Ethernet frame.
const ETHERNET_INSIDE: u32 = 0x6558;

impl Frame<'_> {
    fn load(&self, at: u32, size: u8) -> Result<u32, OutOfRange> {
        let start = usize::try_from(at).map_err(|_| OutOfRange)?;
        let bytes = self.data.get(start..).and_then(|data| data.get(..size.into()));
        let bytes = bytes.ok_or(OutOfRange)?;
        Ok(bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
    }

    fn field(&self, place: Place, size: u8, registers: &Registers) -> Result<u32, OutOfRange> {
        self.indexed(place, 0, size, registers)
    }

    /// The field so many bytes behind `place`. What varies wraps around as BPF's index register
    /// does; what does not is added without.
    fn indexed(
        &self,
        place: Place,
        index: u32,
        size: u8,
        registers: &Registers,
    ) -> Result<u32, OutOfRange> {
        let start = place.register.map_or(0, |register| registers.of(register));
        let varying = start.wrapping_add(self.len_of(place.behind, start)?).wrapping_add(index);
        self.load(varying.checked_add(place.offset).ok_or(OutOfRange)?, size)
    }

    fn len_of(&self, behind: VariableHeader, start: u32) -> Result<u32, OutOfRange> {
        match behind {
            VariableHeader::Nothing => Ok(0),
            VariableHeader::Ip4(header) => Ok((self.load(add(start, header)?, 1)? & 0x0f) * 4),
            VariableHeader::Ip6Extensions(header) => Ok(self.extensions(add(start, header)?)?.1),
        }
    }

    /// The protocol behind IPv6's extension headers, and their length (RFC 8200 §4).
    fn extensions(&self, header: u32) -> Result<(u32, u32), OutOfRange> {
        let mut protocol = self.load(add(header, 6)?, 1)?;
        let mut len = 0;
        // Hop-by-hop options, routing, destination options; fragment; authentication.
        while matches!(protocol, 0 | 43 | 44 | 51 | 60) {
            let at = add(header, 40 + len)?;
            let units = self.load(add(at, 1)?, 1)?;
            len += match protocol {
                44 => 8,
                51 => (units + 2) * 4,
                _ => (units + 1) * 8,
            };
            protocol = self.load(at, 1)?;
        }
        Ok((protocol, len))
    }
}

fn add(start: u32, offset: u32) -> Result<u32, OutOfRange> {
    start.checked_add(offset).ok_or(OutOfRange)
}

impl Registers {
    fn of(&self, register: Register) -> u32 {
        self.0[register as usize]
    }

    fn set(&mut self, register: Register, value: u32) {
        self.0[register as usize] = value;
    }
}

impl Test {
    /// Whether it holds for `frame`.
    pub(super) fn holds(
        &self,
        frame: &Frame<'_>,
        registers: &mut Registers,
    ) -> Result<bool, OutOfRange> {
        match self {
            Self::Always(holds) => Ok(*holds),
            Self::Field { place, size, mask, compare, value } => {
                Ok(compare.holds(frame.field(*place, *size, registers)? & mask, *value))
            }
            Self::Ip6Carries { header, protocol } => {
                let start = header.register.map_or(0, |register| registers.of(register));
                Ok(frame.extensions(add(start, header.offset)?)?.0 == *protocol)
            }
            Self::All(tests) => all(tests, frame, registers),
            Self::Any(tests) => {
                for test in tests {
                    if test.holds(frame, registers)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(test) => Ok(!test.holds(frame, registers)?),
            Self::Relation { guards, left, compare, right } => {
                if !all(guards, frame, registers)? {
                    return Ok(false);
                }
                let left = left.of(frame, registers)?;
                Ok(compare.holds(left, right.of(frame, registers)?))
            }
            Self::Geneve(header) => note_inside(frame, *header, registers).map(|()| true),
            Self::IsEthernetInside => {
                Ok(registers.of(Register::Header) != registers.of(Register::Payload))
            }
        }
    }
}

fn all(tests: &[Test], frame: &Frame<'_>, registers: &mut Registers) -> Result<bool, OutOfRange> {
    for test in tests {
        if !test.holds(frame, registers)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Finds what the Geneve header at `header` carries (RFC 8926 §3.4).
fn note_inside(
    frame: &Frame<'_>,
    header: Place,
    registers: &mut Registers,
) -> Result<(), OutOfRange> {
    let start = header.register.map_or(0, |register| registers.of(register));
    let at = add(start, header.offset)?;
    let at = add(at, frame.len_of(header.behind, start)?)?;
    let options = (frame.load(at, 1)? & 0x3f) * 4;
    let inside = add(at, 8 + options)?;
    let is_ethernet = frame.load(add(at, 2)?, 2)? == ETHERNET_INSIDE;
    registers.set(Register::Header, inside);
    registers.set(Register::Type, if is_ethernet { add(inside, 12)? } else { add(at, 2)? });
    registers.set(Register::Payload, if is_ethernet { add(inside, 14)? } else { inside });
    Ok(())
}

impl Value {
    fn of(&self, frame: &Frame<'_>, registers: &Registers) -> Result<u32, OutOfRange> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Len => Ok(frame.len),
            Self::Load { place, index, size } => {
                let index = index.of(frame, registers)?;
                frame.indexed(*place, index, *size, registers)
            }
            Self::Negative(inner) => Ok(inner.of(frame, registers)?.wrapping_neg()),
            Self::Binary(left, operator, right) => {
                let left = left.of(frame, registers)?;
                operator.apply(left, right.of(frame, registers)?).ok_or(OutOfRange)
            }
        }
    }
}

impl Operator {
    /// On 32 bits, as BPF does; nothing where it would divide by zero.
    fn apply(self, left: u32, right: u32) -> Option<u32> {
        Some(match self {
            Self::Or => left | right,
            Self::Xor => left ^ right,
            Self::And => left & right,
            Self::Left => left.checked_shl(right).unwrap_or(0),
            Self::Right => left.checked_shr(right).unwrap_or(0),
            Self::Plus => left.wrapping_add(right),
            Self::Minus => left.wrapping_sub(right),
            Self::Times => left.wrapping_mul(right),
            Self::Over => left.checked_div(right)?,
            Self::Modulo => left.checked_rem(right)?,
        })
    }
}
