//! A small cache of what was used last.

/// Keeps the values used last, up to a number and a total weight. Meant for tens of values: look-ups are linear.
#[derive(Debug)]
pub(crate) struct LruCache<K, V> {
    slots: Vec<Slot<K, V>>,
    most: usize,
    heaviest: usize,
}

#[derive(Debug)]
struct Slot<K, V> {
    key: K,
    value: V,
    weight: usize,
}

impl<K: PartialEq, V: Clone> LruCache<K, V> {
    /// At most `most` values that weigh at most `heaviest` together.
    pub(crate) fn new(most: usize, heaviest: usize) -> Self {
        Self {
            slots: Vec::new(),
            most,
            heaviest,
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }

    /// The value of `key`, which becomes the one used last.
    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        let at = self.slots.iter().position(|slot| slot.key == *key)?;
        self.slots[..=at].rotate_right(1);
        Some(self.slots[0].value.clone())
    }

    /// Takes a value in; one that is too heavy by itself is not kept.
    pub(crate) fn put(&mut self, key: K, value: V, weight: usize) {
        self.slots.retain(|slot| slot.key != key);
        if weight > self.heaviest {
            return;
        }
        self.slots.insert(0, Slot { key, value, weight });
        let mut total = 0;
        let fitting = self.slots.iter().take(self.most).take_while(|slot| {
            total += slot.weight;
            total <= self.heaviest
        });
        let fitting = fitting.count();
        self.slots.truncate(fitting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let mut cache = LruCache::new(2, 100);
        cache.put("a", 1, 1);
        cache.put("b", 2, 1);
        assert_eq!(cache.get(&"a"), Some(1));
        cache.put("c", 3, 1);
        assert_eq!(
            (cache.get(&"a"), cache.get(&"b"), cache.get(&"c")),
            (Some(1), None, Some(3))
        );
    }

    #[test]
    fn weight_counts_and_a_value_has_one_slot() {
        let mut cache = LruCache::new(10, 100);
        cache.put("a", 1, 60);
        cache.put("a", 2, 60);
        cache.put("b", 3, 30);
        assert_eq!((cache.get(&"a"), cache.get(&"b")), (Some(2), Some(3)));
        cache.put("c", 4, 50);
        assert_eq!(
            (cache.get(&"a"), cache.get(&"b"), cache.get(&"c")),
            (None, Some(3), Some(4))
        );
        cache.put("d", 5, 101);
        assert_eq!((cache.get(&"c"), cache.get(&"d")), (Some(4), None));
    }
}
