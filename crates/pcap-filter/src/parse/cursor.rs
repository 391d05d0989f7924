//! The parser's place among the tokens.

use std::ops::Range;

use super::super::error::FilterError;
use super::super::token::{Placed, Token};
use super::Parser;
use super::chain::Conjunction;
use super::keyword::{is_not, keyword};

impl Parser {
    pub(super) fn placed(&self, place: usize) -> &Placed {
        // The last is the end, and nothing goes past it.
        const END: &Placed = &Placed { token: Token::End, at: 0..0 };
        self.tokens.get(place).or_else(|| self.tokens.last()).unwrap_or(END)
    }

    pub(super) fn token(&self) -> &Token {
        &self.placed(self.next).token
    }

    pub(super) fn at(&self) -> Range<usize> {
        self.placed(self.next).at.clone()
    }

    pub(super) fn at_before(&self) -> Range<usize> {
        self.placed(self.next.saturating_sub(1)).at.clone()
    }

    pub(super) fn keyword(&self) -> Option<&str> {
        keyword(self.token())
    }

    pub(super) fn is_not(&self) -> bool {
        is_not(self.token())
    }

    pub(super) fn takes_sign(&mut self, sign: &str) -> bool {
        let is_there = matches!(self.token(), Token::Sign(found) if *found == sign);
        self.next += usize::from(is_there);
        is_there
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), FilterError> {
        match self.takes_sign(sign) {
            true => Ok(()),
            false => Err(self.expected(&format!("`{sign}`"))),
        }
    }

    pub(super) fn conjunction(&mut self) -> Option<Conjunction> {
        let found = match self.token() {
            Token::Sign("&&") => Conjunction::And,
            Token::Sign("||") => Conjunction::Or,
            token => match keyword(token)? {
                "and" => Conjunction::And,
                "or" => Conjunction::Or,
                _ => return None,
            },
        };
        self.next += 1;
        Some(found)
    }

    /// A number, which may stand in parentheses.
    pub(super) fn number(&mut self) -> Result<Option<u32>, FilterError> {
        if let Token::Number(number) = *self.token() {
            self.next += 1;
            return Ok(Some(number));
        }
        if !self.takes_sign("(") {
            return Ok(None);
        }
        let number = self.deeper(Self::expect_number)?;
        self.expect_sign(")")?;
        Ok(Some(number))
    }

    pub(super) fn expect_number(&mut self) -> Result<u32, FilterError> {
        self.number()?.ok_or_else(|| self.expected("a number"))
    }

    pub(super) fn expected(&self, what: &str) -> FilterError {
        let found = match self.token() {
            Token::End => "the end".to_owned(),
            Token::Word { text, .. } => format!("`{text}`"),
            Token::Number(number) => format!("the number {number}"),
            Token::Dotted(..) | Token::Ip6(_) | Token::Ether(_) => "an address".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
        };
        FilterError::new(self.at(), format!("expected {what}, found {found}"))
    }
}
