//! How long each phase took, and whom one was waiting for.

use std::io;

use super::duration::Duration;
use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use crate::report::{SessionReport, Timing};

/// Where durations end.
const DURATION_END: usize = 38;

/// Where shares of the total end.
const SHARE_END: usize = 45;

/// Where bars begin; they end at the page's width.
const BARS: usize = 47;

/// Writes the timing of a session.
pub(super) fn section(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let timing = &session.timing;
    let mut title = Line::default();
    title.ink(Ink::Strong).own("Timing").ink(Ink::Dim);
    title.own(" (slowest if repeated)").right(SHARE_END, "of total");
    page.put(&title)?;
    for (name, ns) in phases(timing) {
        if let Some(ns) = ns {
            page.put(&row(name, Ink::Plain, ns, timing.total_ns, page.width()))?;
        }
    }
    let split = timing.attribution;
    let waits = [
        ("  waiting for the client", Ink::Client, split.client_ns),
        ("  waiting for the server", Ink::Server, split.server_ns),
        ("  waiting for the network", Ink::Dim, split.network_ns),
    ];
    page.put(&row("total", Ink::Strong, timing.total_ns, timing.total_ns, page.width()))?;
    for (name, ink, ns) in waits {
        page.put(&row(name, ink, ns, timing.total_ns, page.width()))?;
    }
    if split.third_party_ns > 0 {
        let name = "  the server waited itself";
        page.put(&row(name, Ink::Warn, split.third_party_ns, timing.total_ns, page.width()))?;
    }
    if timing.retransmission_ns > 0 {
        let ns = timing.retransmission_ns;
        page.put(&row("    of it, for lost packets", Ink::Bad, ns, timing.total_ns, page.width()))?;
    }
    page.blank()
}

/// Names and durations in the order of a good session. Phases that come several times are told by
/// their slowest.
pub(in crate::render) fn phases(timing: &Timing) -> [(&'static str, Option<i64>); 13] {
    [
        ("TCP connect", timing.tcp_connect_ns),
        ("greeting", timing.greeting_ns),
        ("STARTTLS", timing.starttls_ns),
        ("TLS handshake", timing.tls_handshake_ns),
        ("  server's first flight", timing.tls_server_flight_ns),
        ("  client's flight", timing.tls_client_flight_ns),
        ("  server's Finished", timing.tls_server_finish_ns),
        ("AUTH", timing.auth_ns),
        ("MAIL", timing.mail_ns),
        ("RCPT", timing.rcpt_ns),
        ("DATA go-ahead", timing.data_go_ahead_ns),
        ("message transfer", timing.data_transfer_ns),
        ("message acceptance", timing.data_accept_ns),
    ]
}

fn row(name: &'static str, ink: Ink, ns: i64, total: i64, width: usize) -> Line {
    let mut line = Line::default();
    line.own("  ").own(name).right(DURATION_END, Duration(ns));
    let share = share(ns, total);
    line.ink(Ink::Dim).right(SHARE_END, format_args!("{} %", (share * 100.0).round()));
    let cells = (share * width.saturating_sub(BARS) as f64).round() as usize;
    if cells > 0 {
        line.tab(BARS).ink(ink).fill(BARS + cells, '#');
    }
    line
}

/// The part that `ns` is of `total`, from 0 to 1.
fn share(ns: i64, total: i64) -> f64 {
    if total > 0 { (ns as f64 / total as f64).clamp(0.0, 1.0) } else { 0.0 }
}
