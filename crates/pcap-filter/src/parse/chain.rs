//! Operands with `and` and `or` between them.

use super::super::ast::Expr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conjunction {
    And,
    Or,
}

/// Operands read so far, from the left.
pub(super) struct Chain {
    parts: Vec<Expr>,
    word: Option<Conjunction>,
    /// How often `and` followed `or`, or the other way round.
    pub(super) changes: usize,
}

impl Chain {
    pub(super) fn new(first: Expr) -> Self {
        Self { parts: vec![first], word: None, changes: 0 }
    }

    pub(super) fn push(&mut self, word: Conjunction, next: Expr) {
        if self.word.is_some_and(|before| before != word) {
            let parts = std::mem::take(&mut self.parts);
            self.parts = vec![Self { parts, ..*self }.into_expr()];
            self.changes += 1;
        }
        self.word = Some(word);
        self.parts.push(next);
    }

    pub(super) fn into_expr(mut self) -> Expr {
        match self.word {
            Some(Conjunction::And) => Expr::All(self.parts),
            Some(Conjunction::Or) => Expr::Any(self.parts),
            None => self.parts.pop().unwrap_or(Expr::All(Vec::new())),
        }
    }
}
