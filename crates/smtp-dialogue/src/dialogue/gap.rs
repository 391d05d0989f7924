//! What a gap means in each state.

use super::{Dialogue, Mode};
use crate::event::Sink;
use crate::moment::Moment;
use crate::open::Open;
use crate::role::Role;

impl Dialogue {
    pub(super) fn lose(&mut self, from: Role, len: u64, at: Moment, out: &mut Sink<'_>) {
        self.losses.ever = true;
        match from {
            Role::Client => self.lose_commands(len, at, out),
            Role::Server => self.lose_replies(),
        }
        self.offset[from] = self.offset[from].saturating_add(len);
    }

    fn lose_commands(&mut self, len: u64, at: Moment, out: &mut Sink<'_>) {
        self.owes_hello = false;
        match &mut self.mode {
            // The body's end may be in the gap too: then the server's reply tells.
            Mode::Data(body) => body.lose(out),
            Mode::Chunk { .. } => self.lose_chunk(len, at, out),
            Mode::Blob { .. } => self.lose_blob(len, at, out),
            Mode::Preamble(_) => {
                self.mode = Mode::Command;
                self.lose_lines(out);
            }
            Mode::Command | Mode::Auth { .. } => self.lose_lines(out),
        }
    }

    /// The line under way is what is left of a command. In an AUTH the next line is a secret
    /// still; elsewhere it may be anything.
    fn lose_lines(&mut self, out: &mut Sink<'_>) {
        if let Some(line) = self.lines[Role::Client].take_partial() {
            self.on_client_line(line, out);
        }
        self.losses.commands = true;
        self.losses.chunks = true;
        match &mut self.mode {
            Mode::Auth { loose } => *loose = true,
            _ => {
                self.losses.skip[Role::Client] = true;
                self.losses.doubt_from = Some(self.offset[Role::Client]);
            }
        }
    }

    /// A chunk's length is known: a gap within it derails nothing.
    fn lose_chunk(&mut self, len: u64, at: Moment, out: &mut Sink<'_>) {
        let Mode::Chunk { left, .. } = &mut self.mode else { return };
        let lost = len.min(*left);
        *left = left.saturating_sub(lost);
        let is_over = *left == 0;
        if let Some(message) = &mut self.chunked {
            message.touch(at, out);
            message.lose_counted(lost);
        }
        if is_over {
            self.end_chunk(out);
        }
        if len > lost {
            self.lose_lines(out);
        }
    }

    fn lose_blob(&mut self, len: u64, at: Moment, out: &mut Sink<'_>) {
        let Mode::Blob { left } = &mut self.mode else { return };
        let lost = len.min(*left);
        *left = left.saturating_sub(lost);
        if *left == 0 {
            self.mode = Mode::Command;
            self.push(Open::blob(at, self.facts.encrypted), out);
        }
        if len > lost {
            self.lose_lines(out);
        }
    }

    /// Any command that waits may have been answered in the gap; so may the one that the client
    /// waits for, and one of which the end is lost too and told later.
    fn lose_replies(&mut self) {
        self.is_greeted = true;
        self.lines[Role::Server].take_partial();
        self.replies.lose();
        self.losses.skip[Role::Server] = true;
        let is_under_way = !self.lines[Role::Client].is_empty();
        self.losses.unanswered_line = is_under_way;
        self.losses.replies |= is_under_way || !self.queue.is_empty();
        self.queue.suspect_all();
        self.stop_waiting();
    }
}
