//! Polls from inside the signals of the same object.

use crate::limits::NESTED_POLLS;

/// Polls of an object that are emitting signals, one inside the other.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    depth: usize,
    /// Polls from inside since the outermost one began.
    nested: usize,
}

impl Nesting {
    /// Whether no poll is emitting signals.
    pub fn is_outside(&self) -> bool {
        self.depth == 0
    }

    /// Whether a poll that begins now may emit signals.
    pub fn may_tell(&self) -> bool {
        self.is_outside() || self.nested < NESTED_POLLS
    }

    /// A poll begins to emit signals.
    pub fn enter(&mut self) {
        self.nested = if self.is_outside() { 0 } else { self.nested + 1 };
        self.depth += 1;
    }

    /// It is over; returns whether it was the outermost one.
    pub fn leave(&mut self) -> bool {
        self.depth = self.depth.saturating_sub(1);
        self.is_outside()
    }
}
