//! `--packet-filter`: libpcap's meaning, packet by packet.

use std::collections::HashMap;

use super::ast::Expr;
use super::compile::{Reading, compile};
use super::error::FilterError;
use super::layout::Layout;
use super::parse::parse;
use super::program::{Frame, Registers, Test};

/// Link types that programs are kept for. A capture has few; one that claims more waits longer.
pub(super) const MOST_PROGRAMS: usize = 64;

/// Takes packets one by one, as `tcpdump -r FILE EXPR` does.
#[derive(Clone, Debug)]
pub struct PacketFilter {
    /// None takes everything.
    expr: Option<Expr>,
    /// By link type.
    programs: HashMap<u16, Expr<Test>>,
}

impl PacketFilter {
    /// Reads an expression of pcap-filter(7).
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self { expr: parse(text)?, programs: HashMap::new() })
    }

    /// Whether headers are found in frames of a link type. In others only `len` and `ether[N]` are.
    #[must_use]
    pub fn knows(link_type: u16) -> bool {
        Layout::knows(link_type)
    }

    /// Whether a packet matches, by its link type, the bytes captured and its length on the wire.
    pub fn matches(&mut self, link_type: u16, data: &[u8], len: u32) -> bool {
        let Some(expr) = &self.expr else { return true };
        if self.programs.len() > MOST_PROGRAMS {
            self.programs.clear();
        }
        let program = self.programs.entry(link_type).or_insert_with(|| program(expr, link_type));
        let frame = Frame { data, len };
        let mut registers = Registers::default();
        program.holds(&mut |test| test.holds(&frame, &mut registers)).unwrap_or(false)
    }
}

/// Later primitives look behind the tags and tunnels that earlier ones asked for.
fn program(expr: &Expr, link_type: u16) -> Expr<Test> {
    let mut layout = Layout::of_link_type(link_type);
    expr.map(&mut |primitive| compile(primitive, &mut layout, Reading::Libpcap))
}
