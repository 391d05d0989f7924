//! Connections that may be one and the same, captured at several points: their clients have chosen the
//! same initial sequence number at nearly the same time. All that is told of them waits until the last
//! of them is over.

use std::collections::HashMap;

use super::ended::Ended;
use super::event::What;
use crate::judge::points::{self, NEAR};
use crate::moment::Timestamp;
use crate::report::SessionReport;

/// Points at which one connection is looked for; further ones stay sessions of their own.
pub(super) const MOST_POINTS: usize = 8;

/// What waits for the end of another connection, at most; beyond, it is told as it is.
pub(super) const MOST_HELD: usize = 1_000;

/// Connections that may be the same, in groups.
#[derive(Default)]
pub(super) struct Copies {
    keeps_apart: bool,
    /// The latest group by its clients' first number.
    latest: HashMap<u32, GroupId>,
    groups: HashMap<GroupId, Group>,
    group_of: HashMap<u64, GroupId>,
    held: usize,
}

/// A group is known by its first connection.
type GroupId = u64;

struct Group {
    first_number: u32,
    since: Timestamp,
    members: Vec<u64>,
    ended: Vec<(u64, What)>,
}

impl Group {
    fn takes(&self, at: Timestamp) -> bool {
        self.members.len() < MOST_POINTS && self.since.0.abs_diff(at.0) < NEAR
    }

    fn is_over(&self) -> bool {
        self.ended.len() == self.members.len()
    }
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

    /// The client's SYN of a connection, with this number.
    pub(super) fn meet(&mut self, connection: u64, first_number: u32, at: Timestamp) {
        if self.keeps_apart || self.group_of.contains_key(&connection) {
            return;
        }
        let group = match self.latest_of(first_number, at) {
            Some(group) => group,
            None => self.begin(connection, first_number, at),
        };
        if let Some(known) = self.groups.get_mut(&group) {
            known.members.push(connection);
            self.group_of.insert(connection, group);
        }
    }

    fn latest_of(&self, first_number: u32, at: Timestamp) -> Option<GroupId> {
        let id = self.latest.get(&first_number)?;
        self.groups.get(id).filter(|group| group.takes(at)).map(|_| *id)
    }

    fn begin(&mut self, id: GroupId, first_number: u32, since: Timestamp) -> GroupId {
        self.latest.insert(first_number, id);
        let group = Group { first_number, since, members: Vec::new(), ended: Vec::new() };
        self.groups.insert(id, group);
        id
    }

    /// Whether a connection may be another view of one that began before.
    pub(super) fn may_be_copy(&self, connection: u64) -> bool {
        let group = self.group_of.get(&connection).and_then(|group| self.groups.get(group));
        group.is_some_and(|group| group.members.iter().any(|&member| member < connection))
    }

    /// A connection is over: what can be told now.
    pub(super) fn end(&mut self, connection: u64, what: What) -> Vec<Told> {
        let Some(id) = self.group_of.remove(&connection) else {
            return vec![Told::One(connection, what)];
        };
        let Some(group) = self.groups.get_mut(&id) else {
            return vec![Told::One(connection, what)];
        };
        group.ended.push((connection, what));
        self.held += 1;
        if !group.is_over() && self.held <= MOST_HELD {
            return Vec::new();
        }
        self.close(id)
    }

    fn close(&mut self, id: GroupId) -> Vec<Told> {
        let Some(group) = self.groups.remove(&id) else { return Vec::new() };
        self.held = self.held.saturating_sub(group.ended.len());
        group.members.iter().for_each(|member| _ = self.group_of.remove(member));
        if self.latest.get(&group.first_number) == Some(&id) {
            self.latest.remove(&group.first_number);
        }
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
