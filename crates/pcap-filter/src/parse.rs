//! The grammar of pcap-filter(7): tokens become an expression.
//!
//! `and` and `or` bind equally and to the left, `not` binds tightest. A bare value behind `and`,
//! `or` or `not` takes the qualifiers of the primitive before it: `port 25 or 587`.

mod chain;
mod cursor;
mod keyword;
mod sum;
mod value;

#[cfg(test)]
mod tests;

use super::ast::{Compare, Direction, Expr, Primitive, Proto};
use super::error::FilterError;
use super::token::{Placed, Token, tokens};
use chain::{Chain, Conjunction};
use keyword::FOREIGN;
pub(super) use sum::MAX_OPERATORS;
pub(super) use value::mask6;

/// Bytes of an expression: hundreds of addresses that a script put together, and no more.
pub(super) const MAX_LENGTH: usize = 64 << 10;

/// Parentheses, negations and changes between `and` and `or` within each other.
pub(super) const MAX_DEPTH: usize = 100;

/// What stands before a value and says what it is.
#[derive(Clone, Copy, Debug)]
struct Qualifiers {
    proto: Option<Proto>,
    direction: Direction,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A host, as nothing else is said.
    Unsaid,
    Host,
    Net,
    Port,
    PortRange,
    Proto,
}

/// An expression, and the qualifiers that a bare value behind it takes.
type Qualified = (Expr, Option<Qualifiers>);

/// Reads an expression. An empty one is `None`: all packets.
pub(super) fn parse(text: &str) -> Result<Option<Expr>, FilterError> {
    if text.len() > MAX_LENGTH {
        let message = format!("a filter has at most {MAX_LENGTH} bytes");
        return Err(FilterError::new(0..0, message));
    }
    let mut parser = Parser::new(tokens(text)?)?;
    if *parser.token() == Token::End {
        return Ok(None);
    }
    let (expr, _) = parser.expr(None)?;
    match parser.token() {
        Token::End => Ok(Some(expr)),
        _ => Err(parser.expected("`and`, `or` or the end")),
    }
}

struct Parser {
    tokens: Vec<Placed>,
    /// For each opening parenthesis, the place of what closes it.
    closing: Vec<usize>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn new(tokens: Vec<Placed>) -> Result<Self, FilterError> {
        let mut closing = vec![0; tokens.len()];
        let mut open = Vec::new();
        for (place, Placed { token, at }) in tokens.iter().enumerate() {
            match token {
                Token::Sign("(") => open.push((place, at)),
                Token::Sign(")") => {
                    let Some((opening, _)) = open.pop() else {
                        return Err(FilterError::new(at.clone(), "nothing is open here to close"));
                    };
                    if let Some(closing) = closing.get_mut(opening) {
                        *closing = place;
                    }
                }
                _ => {}
            }
        }
        match open.pop() {
            Some((_, at)) => Err(FilterError::new(at.clone(), "this parenthesis is not closed")),
            None => Ok(Self { tokens, closing, next: 0, depth: 0 }),
        }
    }

    fn expr(&mut self, inherited: Option<Qualifiers>) -> Result<Qualified, FilterError> {
        self.deeper(|parser| parser.chain(inherited))
    }

    /// Operands with `and` and `or` between them. Equal words make one list.
    fn chain(&mut self, inherited: Option<Qualifiers>) -> Result<Qualified, FilterError> {
        let (first, mut qualifiers) = self.term(inherited)?;
        let mut chain = Chain::new(first);
        while let Some(word) = self.conjunction() {
            let (next, behind) = self.operand(qualifiers)?;
            chain.push(word, next);
            if self.depth + chain.changes > MAX_DEPTH {
                return Err(self.too_deep());
            }
            qualifiers = behind;
        }
        Ok((chain.into_expr(), qualifiers))
    }

    /// A value that takes the qualifiers from before, or a primitive with its own.
    fn operand(&mut self, inherited: Option<Qualifiers>) -> Result<Qualified, FilterError> {
        match inherited {
            Some(qualifiers) if self.is_at_value() => Ok((self.value(qualifiers)?, inherited)),
            _ => self.term(inherited),
        }
    }

    fn term(&mut self, inherited: Option<Qualifiers>) -> Result<Qualified, FilterError> {
        if self.is_not() {
            self.next += 1;
            let (inner, qualifiers) = self.deeper(|parser| parser.operand(inherited))?;
            return Ok((Expr::Not(Box::new(inner)), qualifiers));
        }
        if self.is_at_sum() {
            return Ok((self.relation()?, None));
        }
        if self.takes_sign("(") {
            let (expr, _) = self.expr(None)?;
            self.expect_sign(")")?;
            return Ok((expr, inherited));
        }
        let Some(word) = self.keyword().map(str::to_owned) else {
            return Err(self.expected("a primitive such as `host`, `port` or `tcp`"));
        };
        self.primitive(&word)
    }

    fn primitive(&mut self, word: &str) -> Result<Qualified, FilterError> {
        if let Some(proto) = Proto::named(word) {
            self.next += 1;
            return self.behind_proto(proto);
        }
        if let Some(qualifiers) = self.qualifiers(None)? {
            return Ok((self.value(qualifiers)?, Some(qualifiers)));
        }
        let Some(found) = self.lone(word)? else {
            return Err(self.expected("a primitive such as `host`, `port` or `tcp`"));
        };
        Ok((found, None))
    }

    /// What may stand behind a protocol; nothing needs to.
    fn behind_proto(&mut self, proto: Proto) -> Result<Qualified, FilterError> {
        if let Some(qualifiers) = self.qualifiers(Some(proto))? {
            return Ok((self.value(qualifiers)?, Some(qualifiers)));
        }
        let at = self.at_before();
        let primitive = match self.keyword() {
            Some("broadcast") if proto == Proto::Link => Primitive::Broadcast,
            Some("broadcast") => {
                let message = "only `broadcast` and `ether broadcast` can be told from a file: \
                     `ip broadcast` needs the network's mask";
                return Err(FilterError::new(self.at(), message));
            }
            Some("multicast") => match proto {
                Proto::Link => Primitive::Multicast(None),
                Proto::Ip | Proto::Ip6 => Primitive::Multicast(Some(proto)),
                _ => {
                    return Err(FilterError::new(at, "`ether`, `ip` and `ip6` have a multicast"));
                }
            },
            _ if proto == Proto::Link => {
                return Err(self.expected("`host`, `src`, `dst`, `proto` or `[`"));
            }
            _ => return Ok((Expr::Is(Primitive::Proto(proto)), None)),
        };
        self.next += 1;
        Ok((Expr::Is(primitive), None))
    }

    /// `src`, `dst`, and what kind of value follows; none if neither is there.
    fn qualifiers(&mut self, proto: Option<Proto>) -> Result<Option<Qualifiers>, FilterError> {
        if self.keyword() == Some("gateway") {
            let message = "`gateway` needs names of hosts, and none are looked up; \
                 `ether host MAC and not host ADDRESS` says the same";
            return Err(FilterError::new(self.at(), message));
        }
        let direction = self.direction();
        let kind = match self.keyword() {
            Some("host") => Kind::Host,
            Some("net") => Kind::Net,
            Some("port") => Kind::Port,
            Some("portrange") => Kind::PortRange,
            Some("proto") if direction.is_none() => Kind::Proto,
            _ => {
                let unsaid = |direction| Qualifiers { proto, direction, kind: Kind::Unsaid };
                return Ok(direction.map(unsaid));
            }
        };
        self.next += 1;
        Ok(Some(Qualifiers { proto, direction: direction.unwrap_or(Direction::Either), kind }))
    }

    fn direction(&mut self) -> Option<Direction> {
        let (one, other) = match self.keyword()? {
            "src" => (Direction::Source, "dst"),
            "dst" => (Direction::Destination, "src"),
            _ => return None,
        };
        self.next += 1;
        let start = self.next;
        let direction = match self.conjunction() {
            Some(Conjunction::Or) => Direction::Either,
            Some(Conjunction::And) => Direction::Both,
            None => return Some(one),
        };
        if self.keyword() == Some(other) {
            self.next += 1;
            return Some(direction);
        }
        self.next = start;
        Some(one)
    }

    /// Primitives without qualifiers.
    fn lone(&mut self, word: &str) -> Result<Option<Expr>, FilterError> {
        let at = self.at();
        self.next += 1;
        let primitive = match word {
            "broadcast" => Primitive::Broadcast,
            "multicast" => Primitive::Multicast(None),
            "inbound" => Primitive::Outbound(false),
            "outbound" => Primitive::Outbound(true),
            "pppoed" => Primitive::PppoeDiscovery,
            "ifindex" => Primitive::Interface(self.expect_number()?),
            "vlan" => Primitive::Vlan(self.numbered("VLAN", 0xfff)?.map(|id| id as u16)),
            "mpls" => Primitive::Mpls(self.numbered("MPLS label", 0xf_ffff)?),
            "pppoes" => {
                Primitive::PppoeSession(self.numbered("PPPoE session", 0xffff)?.map(|id| id as u16))
            }
            "geneve" => Primitive::Geneve(self.numbered("Geneve network", 0xff_ffff)?),
            "less" => self.of_length(Compare::AtMost)?,
            "greater" => self.of_length(Compare::AtLeast)?,
            _ => {
                self.next -= 1;
                let foreign = FOREIGN.iter().find(|(_, words)| words.contains(&word));
                let refuse = |(about, _): &(&str, _)| {
                    FilterError::new(at, format!("filters here do not know {about} (`{word}`)"))
                };
                return foreign.map_or(Ok(None), |foreign| Err(refuse(foreign)));
            }
        };
        Ok(Some(Expr::Is(primitive)))
    }

    /// A number, if one is there, that is not too large for what it is.
    fn numbered(&mut self, what: &str, most: u32) -> Result<Option<u32>, FilterError> {
        let at = self.at();
        let Some(number) = self.number()? else { return Ok(None) };
        if number > most {
            return Err(FilterError::new(at, format!("a {what} is at most {most}")));
        }
        Ok(Some(number))
    }

    /// Runs `parse` one level deeper, if that is allowed.
    fn deeper<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn too_deep(&self) -> FilterError {
        let message = format!("more than {MAX_DEPTH} levels within each other");
        FilterError::new(self.at(), message)
    }
}
