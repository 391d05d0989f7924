//! Arithmetic on a packet's bytes: `tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn`.

use super::super::ast::{Compare, Expr, Operator, Primitive, Proto, Sum};
use super::super::error::FilterError;
use super::super::token::Token;
use super::Parser;
use super::keyword::keyword;

/// Operators in one sum, which nests as deep as it has operators.
pub(crate) const MAX_OPERATORS: usize = 100;

impl Parser {
    /// Whether a relation begins here, and no expression in parentheses.
    pub(super) fn is_at_sum(&self) -> bool {
        let behind = |place: usize| &self.placed(place).token;
        match self.token() {
            Token::Sign("-") => true,
            Token::Number(_) => is_operator(behind(self.next + 1)),
            // A sum in parentheses has an operator behind them.
            Token::Sign("(") => {
                let closing = self.closing.get(self.next).copied().unwrap_or(self.next);
                is_operator(behind(closing + 1))
            }
            token => match keyword(token) {
                Some("len" | "length") => true,
                Some(word) => {
                    Proto::named(word).is_some() && *behind(self.next + 1) == Token::Sign("[")
                }
                None => false,
            },
        }
    }

    pub(super) fn relation(&mut self) -> Result<Expr, FilterError> {
        let left = self.sum()?;
        let Some(compare) = self.compare() else {
            return Err(self.expected("a comparison such as `=`, `!=` or `>`"));
        };
        let right = self.sum()?;
        Ok(Expr::Is(Primitive::Relation(left, compare, right)))
    }

    pub(super) fn of_length(&mut self, compare: Compare) -> Result<Primitive, FilterError> {
        let number = self.expect_number()?;
        Ok(Primitive::Relation(Sum::Len, compare, Sum::Number(number)))
    }

    fn compare(&mut self) -> Option<Compare> {
        let Token::Sign(sign) = *self.token() else { return None };
        let found = compare_of(sign)?;
        self.next += 1;
        Some(found)
    }

    fn sum(&mut self) -> Result<Sum, FilterError> {
        let mut operators = 0;
        self.deeper(|parser| parser.sum_above(0, &mut operators))
    }

    /// Operators that bind tighter than `strength`, and their operands; to the left where equal.
    fn sum_above(&mut self, strength: u8, operators: &mut usize) -> Result<Sum, FilterError> {
        let mut left = self.deeper(|parser| parser.operand_of_sum(operators))?;
        while let Some(operator) = self.operator().filter(|found| found.strength() > strength) {
            *operators += 1;
            if *operators > MAX_OPERATORS {
                return Err(self.too_deep());
            }
            self.next += 1;
            let at = self.at();
            let right = self.deeper(|parser| parser.sum_above(operator.strength(), operators))?;
            if let Some(problem) = problem(operator, &right) {
                return Err(FilterError::new(at, problem));
            }
            left = Sum::Binary(Box::new(left), operator, Box::new(right));
        }
        Ok(left)
    }

    fn operator(&self) -> Option<Operator> {
        let Token::Sign(sign) = self.token() else { return None };
        Operator::ALL.into_iter().find(|operator| operator.symbol() == *sign)
    }

    fn operand_of_sum(&mut self, operators: &mut usize) -> Result<Sum, FilterError> {
        if let Token::Number(number) = *self.token() {
            self.next += 1;
            return Ok(Sum::Number(number));
        }
        if self.takes_sign("-") {
            let inner = self.deeper(|parser| parser.operand_of_sum(operators))?;
            return Ok(Sum::Negative(Box::new(inner)));
        }
        if self.takes_sign("(") {
            let inner = self.deeper(|parser| parser.sum_above(0, operators))?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        match self.keyword() {
            Some("len" | "length") => {
                self.next += 1;
                Ok(Sum::Len)
            }
            Some(word) if Proto::named(word).is_some() => {
                let proto = Proto::named(word).unwrap_or(Proto::Link);
                self.load(proto, operators)
            }
            _ => Err(self.expected("a number, `len` or bytes such as `tcp[13]`")),
        }
    }

    /// `proto[index]` and `proto[index:size]`.
    fn load(&mut self, proto: Proto, operators: &mut usize) -> Result<Sum, FilterError> {
        if !has_bytes(proto) {
            let message = format!("the bytes of `{}` cannot be looked at", proto.name());
            return Err(FilterError::new(self.at(), message));
        }
        self.next += 1;
        self.expect_sign("[")?;
        let index = self.deeper(|parser| parser.sum_above(0, operators))?;
        let size = if self.takes_sign(":") { self.size()? } else { 1 };
        self.expect_sign("]")?;
        Ok(Sum::Load { proto, index: Box::new(index), size })
    }

    fn size(&mut self) -> Result<u8, FilterError> {
        let at = self.at();
        match self.expect_number()? {
            size @ (1 | 2 | 4) => Ok(size as u8),
            _ => Err(FilterError::new(at, "1, 2 or 4 bytes can be looked at")),
        }
    }
}

/// `tcp[…]`, `ip[…]` and the like, but not `ah[…]`: the language does not say where it begins.
fn has_bytes(proto: Proto) -> bool {
    !matches!(
        proto,
        Proto::Ah
            | Proto::Esp
            | Proto::Aarp
            | Proto::Iso
            | Proto::Stp
            | Proto::Ipx
            | Proto::Netbeui
    )
}

fn compare_of(sign: &str) -> Option<Compare> {
    let sign = if sign == "==" { "=" } else { sign };
    Compare::ALL.into_iter().find(|compare| compare.symbol() == sign)
}

/// What makes a sum go on: an operator or a comparison.
pub(super) fn is_operator(token: &Token) -> bool {
    let Token::Sign(sign) = token else { return false };
    compare_of(sign).is_some() || Operator::ALL.iter().any(|found| found.symbol() == *sign)
}

fn problem(operator: Operator, right: &Sum) -> Option<&'static str> {
    match (operator, right) {
        (Operator::Over | Operator::Modulo, Sum::Number(0)) => Some("division by zero"),
        (Operator::Left | Operator::Right, Sum::Number(32..)) => {
            Some("numbers have 32 bits, and are shifted by at most 31")
        }
        _ => None,
    }
}
