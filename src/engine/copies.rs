//! Connections that may be one and the same, captured at several points: their clients have chosen the
//! same initial sequence number while the others were open. All that is told of them waits until the
//! last of them is over.

use std::collections::HashMap;

use super::ended::Ended;
use super::event::What;
use crate::judge::points;
use crate::report::SessionReport;

/// Points at which one connection is looked for; further ones stay sessions of their own.
pub(super) const MOST_POINTS: usize = 8;

/// What waits for the end of another connection, at most; beyond, it is told as it is.
pub(super) const MOST_HELD: usize = 1_000;

/// Connections by their clients' first numbers.
#[derive(Default)]
pub(super) struct Copies {
    keeps_apart: bool,
    groups: HashMap<u32, Group>,
    numbers: HashMap<u64, u32>,
    held: usize,
}

#[derive(Default)]
struct Group {
    members: Vec<u64>,
    ended: Vec<(u64, What)>,
}

/// What is told once nothing is waited for.
pub(super) enum Told {
    /// As it came.
    One(u64, What),
    /// One session, and the connections that are only other views of it.
    Joined(u64, Box<SessionReport>, Vec<u64>),
}

impl Copies {
    pub(super) fn new(keeps_apart: bool) -> Self {
        Self { keeps_apart, ..Self::default() }
    }

    /// The client's SYN of a connection.
    pub(super) fn meet(&mut self, connection: u64, first: u32) {
        if self.keeps_apart || self.numbers.contains_key(&connection) {
            return;
        }
        let group = self.groups.entry(first).or_default();
        if group.members.len() < MOST_POINTS {
            group.members.push(connection);
            self.numbers.insert(connection, first);
        }
    }

    /// Whether a connection may be another view of one that began before.
    pub(super) fn may_be_copy(&self, connection: u64) -> bool {
        let group = self.numbers.get(&connection).and_then(|first| self.groups.get(first));
        group.is_some_and(|group| group.members.iter().any(|&member| member < connection))
    }

    /// A connection is over: what can be told now.
    pub(super) fn end(&mut self, connection: u64, what: What) -> Vec<Told> {
        let Some(first) = self.numbers.remove(&connection) else {
            return vec![Told::One(connection, what)];
        };
        let Some(group) = self.groups.get_mut(&first) else {
            return vec![Told::One(connection, what)];
        };
        group.ended.push((connection, what));
        self.held += 1;
        if group.ended.len() < group.members.len() && self.held <= MOST_HELD {
            return Vec::new();
        }
        let group = self.groups.remove(&first).unwrap_or_default();
        self.held = self.held.saturating_sub(group.ended.len());
        group.members.iter().for_each(|member| _ = self.numbers.remove(member));
        told(group.ended)
    }
}

/// Sessions that are the same become one.
fn told(mut ended: Vec<(u64, What)>) -> Vec<Told> {
    ended.sort_by_key(|(connection, _)| *connection);
    let mut told = Vec::new();
    let mut views: Vec<(Vec<u64>, Vec<SessionReport>)> = Vec::new();
    for (connection, what) in ended {
        match what {
            What::Ended(Ended::Session(report)) => {
                let same = views
                    .iter_mut()
                    .find(|(_, points)| points.iter().any(|point| points::is_same(point, &report)));
                match same {
                    Some((connections, points)) => {
                        connections.push(connection);
                        points.push(*report);
                    }
                    None => views.push((vec![connection], vec![*report])),
                }
            }
            other => told.push(Told::One(connection, other)),
        }
    }
    told.extend(views.into_iter().filter_map(|(mut connections, points)| {
        let first = connections.remove(0);
        Some(Told::Joined(first, Box::new(points::joined(points)?), connections))
    }));
    told
}
