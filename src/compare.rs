//! Where two negotiations part, and why: a good session beside a bad one, or many beside many.
//! Knows the model of the report, and nothing of packets, ciphers or rendering.

mod align;
mod cause;
mod course;
mod difference;
mod facts;
mod groups;
pub(crate) mod limits;
mod model;
mod negotiation;
mod normal;
mod pair;
mod parting;
mod phases;
mod population;
mod rank;
mod seen;
mod side;

pub use align::{Row, RowCell};
pub use difference::{Difference, Likelihood, Topic};
pub use groups::FailureGroup;
pub use model::{Comparison, Ignored, SCHEMA, SessionId, SideReport};
pub use negotiation::Negotiation;
pub use parting::Divergence;
pub use phases::{PhaseRow, Tolerance, Waited};
pub use population::{Outlier, Population, ShapeRow, Share, Spread, SpreadRow};
pub use side::{Pick, Side};

/// Compares what two sides did.
#[must_use]
pub fn compare(good: &Side, bad: &Side, tolerance: &Tolerance) -> Comparison {
    let pair = side::best_match(good, bad);
    let mut comparison = match pair {
        Some((good, bad)) => pair::compare(good, bad, tolerance),
        None => pair::one_is_empty(good, bad),
    };
    comparison.good.sessions = good.sessions();
    comparison.bad.sessions = bad.sessions();
    if good.sessions() > 1 || bad.sessions() > 1 {
        population::describe(&mut comparison, good, bad, tolerance);
    }
    comparison
}
