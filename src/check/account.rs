//! What working out expressions may cost: steps over the whole run, bytes of each expression.

use std::cell::Cell;

/// Steps of all expressions of a run. A step is a node of an expression, an element that is
/// compared, or some bytes of text: well below a microsecond.
pub(super) const MOST_STEPS: u64 = 20_000_000;

/// Steps that a session adds for each value of its report, so that long captures can be checked.
pub(super) const STEPS_A_VALUE: u64 = 1_000;

/// Bytes that one expression makes while it is worked out.
pub(super) const MOST_MADE: u64 = 16 << 20;

/// Bytes of text that count as one step.
const STRIDE: usize = 64;

/// The account of a run.
#[derive(Debug)]
pub(super) struct Account {
    steps: Cell<u64>,
    made: Cell<u64>,
}

/// What an account has no more of, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spent(pub(super) &'static str);

impl Default for Account {
    fn default() -> Self {
        Self { steps: Cell::new(MOST_STEPS), made: Cell::new(0) }
    }
}

impl Account {
    /// A session of so many values is next.
    pub(super) fn grant(&self, values: u64) {
        let more = values.saturating_mul(STEPS_A_VALUE);
        self.steps.set(self.steps.get().saturating_add(more));
    }

    /// The next expression begins.
    pub(super) fn begin(&self) {
        self.made.set(0);
    }

    /// So many steps are taken.
    pub(super) fn step(&self, steps: u64) -> Result<(), Spent> {
        let left = self.steps.get().checked_sub(steps);
        self.steps.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or(Spent("takes too many steps"))
    }

    /// A text is read.
    pub(super) fn read(&self, text: &str) -> Result<(), Spent> {
        self.step(1 + (text.len() / STRIDE) as u64)
    }

    /// So many bytes are made.
    pub(super) fn make(&self, bytes: usize) -> Result<(), Spent> {
        let made = self.made.get().saturating_add(bytes as u64);
        self.made.set(made);
        if made > MOST_MADE {
            Err(Spent("makes texts and lists of more than 16 MiB"))
        } else {
            Ok(())
        }
    }
}
