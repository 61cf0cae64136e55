use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use sluice_template::{Rule, RuleTarget};

/// The rules that are in force, by name.
#[derive(Debug, Clone, Default)]
pub struct Rules(Arc<Mutex<BTreeMap<String, Rule>>>);

impl Rules {
    /// Puts a rule in force; one of the same name is replaced.
    pub fn put(&self, rule: Rule) {
        self.lock().insert(rule.name.clone(), rule);
    }

    /// Takes a rule out of force, if there is one of this name.
    pub fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Tells whether no rule is in force.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The targets of all rules that `event` matches, with the names of their rules.
    pub(crate) fn targets(&self, event: &Value) -> Vec<(String, RuleTarget)> {
        let rules = self.lock();
        let matching = rules
            .values()
            .filter(|rule| rule.enabled && rule.pattern.matches(event));
        matching
            .flat_map(|rule| rule.targets.iter().map(|target| (rule.name.clone(), target.clone())))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
