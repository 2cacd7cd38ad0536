//! Which leaves a subtree covers, and the way from the root down to a place in the tree. Shapes only: no digest is made here.

use crate::{MAX_SIZE, ProofError};

/// A perfect subtree: it covers the leaves from `index * 2^level` up to, not including, `(index + 1) * 2^level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height above the leaves; 0 is a leaf.
    pub level: u32,
    /// Place within its level, from 0.
    pub index: u64,
}

/// Leaves from `start` up to, not including, `end`; always a subtree that the RFC's cuts can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: u64,
    pub end: u64,
}

/// On which side of the way down a sibling lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// One step down from the root: the subtree not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub sibling: Span,
    pub side: Side,
}

/// 2^level; levels stay below 63 because sizes stay within [`MAX_SIZE`].
fn power(level: u32) -> u64 {
    1u64.checked_shl(level).unwrap_or(u64::MAX)
}

impl Node {
    /// The leaves that it covers.
    pub(crate) fn span(self) -> Span {
        let width = power(self.level);
        let start = self.index.saturating_mul(width);
        Span { start, end: start.saturating_add(width) }
    }
}

impl Span {
    fn width(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Both parts at the largest power of two below its width; none for a single leaf.
    fn split(self) -> Option<(Span, Span)> {
        let level = self.width().checked_sub(1)?.checked_ilog2()?;
        let middle = self.start.saturating_add(power(level));
        Some((Span { start: self.start, end: middle }, Span { start: middle, end: self.end }))
    }

    /// The perfect subtrees that make it up, largest (leftmost) first: one for each one-bit of its width.
    pub(crate) fn peaks(self) -> Vec<Node> {
        let mut peaks = Vec::new();
        let mut start = self.start;
        while let Some(level) = self.end.saturating_sub(start).checked_ilog2() {
            peaks.push(Node { level, index: start.checked_shr(level).unwrap_or(0) });
            start = start.saturating_add(power(level));
        }
        peaks
    }
}

/// Goes from the root of `size` leaves towards `leaf` until `stop` holds (or the leaf is reached): where it stopped, and the steps
/// from the root down. `leaf` must lie in the tree.
pub(crate) fn descend(size: u64, leaf: u64, stop: impl Fn(Span) -> bool) -> (Span, Vec<Step>) {
    let mut here = Span { start: 0, end: size };
    let mut steps = Vec::new();
    while !stop(here) {
        let Some((left, right)) = here.split() else { break };
        if leaf < right.start {
            steps.push(Step { sibling: right, side: Side::Right });
            here = left;
        } else {
            steps.push(Step { sibling: left, side: Side::Left });
            here = right;
        }
    }
    (here, steps)
}

/// The way to a leaf.
pub(crate) fn way_to_leaf(index: u64, size: u64) -> Result<Vec<Step>, ProofError> {
    check_size(size)?;
    if index >= size {
        return Err(ProofError::IndexOutOfRange { index, size });
    }
    Ok(descend(size, index, |_| false).1)
}

/// The way to the largest subtree of the new tree that ends where the old tree ends: all of it is in both. None where the trees are
/// of one size or the old one is empty: then nothing needs proof.
pub(crate) fn way_to_old_end(old: u64, new: u64) -> Result<Option<(Span, Vec<Step>)>, ProofError> {
    check_size(new)?;
    if old > new {
        return Err(ProofError::OldLarger { old, new });
    }
    match old.checked_sub(1) {
        Some(last) if old < new => Ok(Some(descend(new, last, |span| span.end == old))),
        _ => Ok(None),
    }
}

fn check_size(size: u64) -> Result<(), ProofError> {
    if size > MAX_SIZE { Err(ProofError::TooLarge(size)) } else { Ok(()) }
}
