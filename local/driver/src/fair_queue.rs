//! A queue whose owners take turns.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// A queue in which each owner has one after the other of what it brought, and all owners take turns.
#[derive(Debug)]
pub(crate) struct FairQueue<K, T> {
    /// The owners of which something waits, the next to be served first.
    turns: VecDeque<K>,
    by_owner: HashMap<K, VecDeque<T>>,
}

impl<K, T> Default for FairQueue<K, T> {
    fn default() -> Self {
        Self {
            turns: VecDeque::new(),
            by_owner: HashMap::new(),
        }
    }
}

impl<K: Clone + Eq + Hash, T> FairQueue<K, T> {
    /// Returns true if nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_owner.is_empty()
    }

    /// Returns the number of this owner's things that wait.
    pub(crate) fn waiting(&self, owner: &K) -> usize {
        self.by_owner.get(owner).map_or(0, VecDeque::len)
    }

    /// Puts something behind what else waits of its owner.
    pub(crate) fn push(&mut self, owner: K, item: T) {
        let waiting = self.by_owner.entry(owner.clone()).or_default();
        if waiting.is_empty() {
            self.turns.push_back(owner);
        }
        waiting.push_back(item);
    }

    /// Puts back what had been in turn, before what else waits of its owner.
    pub(crate) fn put_back(&mut self, owner: K, item: T) {
        let waiting = self.by_owner.entry(owner.clone()).or_default();
        if waiting.is_empty() {
            self.turns.push_front(owner);
        }
        waiting.push_front(item);
    }

    /// The next in turn.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let owner = self.turns.pop_front()?;
        let waiting = self.by_owner.get_mut(&owner)?;
        let next = waiting.pop_front();
        if waiting.is_empty() {
            // what a burst took is given back
            self.by_owner.remove(&owner);
        } else {
            self.turns.push_back(owner);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn owners_take_turns_and_each_has_its_jobs_in_order() {
        let mut queue = FairQueue::default();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        for n in 0..4 {
            queue.push(a.clone(), ("a", n));
        }
        queue.push(b.clone(), ("b", 0));
        assert_eq!(queue.pop(), Some(("a", 0)));
        assert_eq!(queue.pop(), Some(("b", 0)));
        queue.push(b.clone(), ("b", 1));
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(rest, [("a", 1), ("b", 1), ("a", 2), ("a", 3)]);
        assert!(queue.by_owner.is_empty() && queue.turns.is_empty());
    }
}
