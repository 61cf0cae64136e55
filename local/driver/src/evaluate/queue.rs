//! Jobs that wait, their owners in turns.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// A queue in which each owner has one after the other of its jobs, and all owners take turns.
#[derive(Debug)]
pub(super) struct Queue<T> {
    turns: VecDeque<Arc<str>>,
    by_owner: HashMap<Arc<str>, VecDeque<T>>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            turns: VecDeque::new(),
            by_owner: HashMap::new(),
        }
    }
}

impl<T> Queue<T> {
    pub(super) fn push(&mut self, owner: &Arc<str>, job: T) {
        let jobs = self.by_owner.entry(owner.clone()).or_default();
        if jobs.is_empty() {
            self.turns.push_back(owner.clone());
        }
        jobs.push_back(job);
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let owner = self.turns.pop_front()?;
        let jobs = self.by_owner.get_mut(&owner)?;
        let job = jobs.pop_front();
        if jobs.is_empty() {
            self.by_owner.remove(&owner);
        } else {
            self.turns.push_back(owner);
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_take_turns_and_each_has_its_jobs_in_order() {
        let mut queue = Queue::default();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        for n in 0..4 {
            queue.push(&a, ("a", n));
        }
        queue.push(&b, ("b", 0));
        assert_eq!(queue.pop(), Some(("a", 0)));
        assert_eq!(queue.pop(), Some(("b", 0)));
        queue.push(&b, ("b", 1));
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(rest, [("a", 1), ("b", 1), ("a", 2), ("a", 3)]);
        assert!(queue.by_owner.is_empty() && queue.turns.is_empty());
    }
}
