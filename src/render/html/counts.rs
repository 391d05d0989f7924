//! How many sessions have which outcome, version, suite.

use std::collections::BTreeMap;

use askama::Template;

use super::inked::class;
use super::overview::Row;

/// Values that are listed of one kind, the commonest first; the others are summed up.
const MOST_VALUES: usize = 8;

/// Counts of one column of the table of sessions.
#[derive(Debug, Template)]
#[template(path = "counts.html")]
pub(super) struct Counts {
    title: &'static str,
    /// The column's number, by which a value is a filter.
    column: usize,
    values: Vec<Value>,
    others: usize,
}

#[derive(Debug, PartialEq)]
struct Value {
    name: String,
    class: &'static str,
    count: usize,
    /// Of the commonest, in thousandths.
    share: usize,
}

impl Counts {
    /// Counts what `of` says of each row.
    pub(super) fn new(
        title: &'static str,
        column: usize,
        rows: &[Row],
        of: impl Fn(&Row) -> (crate::render::text::ink::Ink, String),
    ) -> Self {
        let mut counts: BTreeMap<String, (&'static str, usize)> = BTreeMap::new();
        for (ink, name) in rows.iter().map(of) {
            counts.entry(name).or_insert_with(|| (class(ink), 0)).1 += 1;
        }
        let mut values: Vec<_> = counts.into_iter().collect();
        values.sort_by_key(|(_, (_, count))| std::cmp::Reverse(*count));
        let most = values.first().map_or(1, |(_, (_, count))| *count);
        let value = |(name, (class, count)): (String, (&'static str, usize))| Value {
            name,
            class,
            count,
            share: count * 1_000 / most,
        };
        let others = values.iter().skip(MOST_VALUES).map(|(_, (_, count))| count).sum();
        Self {
            title,
            column,
            values: values.into_iter().take(MOST_VALUES).map(value).collect(),
            others,
        }
    }

    /// Whether it tells more than one value does.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}
