//! `--deliveries`: one story a paragraph, the unhappy first.

use std::io;

use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use crate::moment::seconds;
use crate::report::{DeliveryReport, StepReport};

/// Where the kinds of steps begin, and the sentences behind them.
const KINDS: usize = 13;
const SENTENCES: usize = 24;

/// Recipients that a paragraph names.
const MOST_NAMED: usize = 8;

/// Writes all deliveries.
pub(super) fn section(deliveries: &[DeliveryReport], page: &mut Page<'_>) -> io::Result<()> {
    page.rule("== Deliveries ")?;
    let (unhappy, happy): (Vec<_>, Vec<_>) =
        deliveries.iter().partition(|delivery| delivery.is_unhappy());
    unhappy.into_iter().chain(happy).try_for_each(|delivery| write(delivery, page))?;
    page.blank()
}

fn write(delivery: &DeliveryReport, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    let ink = if delivery.is_unhappy() { Ink::Bad } else { Ink::Strong };
    let mut title = Line::hanging(4);
    title.own("Delivery ").text(delivery.id).own(": ");
    title.ink(ink).text(&delivery.summary);
    page.put(&title)?;
    let mut whose = Line::hanging(4);
    whose.own("  ");
    match &delivery.from {
        Some(from) if from.is_empty() => _ = whose.own("from <> (a report)"),
        Some(from) => _ = whose.own("from ").text(from),
        None => _ = whose.own("no mail was seen"),
    }
    if !delivery.to.is_empty() {
        whose.own(" to ").list(&delivery.to, ", ", MOST_NAMED);
    }
    if let Some(id) = &delivery.message_id {
        whose.own(", Message-ID ").text(id);
    }
    page.put(&whose)?;
    delivery.steps.iter().try_for_each(|one| step(one, page))
}

fn step(step: &StepReport, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::hanging(SENTENCES);
    line.right(KINDS - 2, format_args!("+{}", seconds(step.t_ns)));
    line.tab(KINDS).inked(Ink::Strong, step.kind.name());
    line.tab(SENTENCES).text(&step.summary);
    if let Some(session) = step.session {
        line.own(" [session ").text(session).own("]");
    }
    if let Some(frame) = step.frame {
        line.own(" [frame ").text(frame).own("]");
    }
    page.put(&line)
}
