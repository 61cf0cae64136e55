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
            .filter(|rule| rule.enabled && matches(&rule.pattern, event));
        matching
            .flat_map(|rule| rule.targets.iter().map(|target| (rule.name.clone(), target.clone())))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells whether an event has one of the pattern's values in each place that the pattern names.
fn matches(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(members) => members.iter().all(|(name, pattern)| matches(pattern, &event[name])),
        Value::Array(values) => match event {
            Value::Array(held) => held.iter().any(|one| values.contains(one)),
            one => values.contains(one),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_has_one_of_the_values_in_each_place() {
        let pattern = json!({"source": ["aws.states"], "detail": {"status": ["FAILED", "ABORTED"], "error": [null]}});
        for (event, expected) in [
            (
                json!({"source": "aws.states", "detail": {"status": "FAILED", "error": null}, "x": 1}),
                true,
            ),
            (json!({"source": "aws.states", "detail": {"status": "ABORTED"}}), true),
            (
                json!({"source": "aws.states", "detail": {"status": "SUCCEEDED"}}),
                false,
            ),
            (
                json!({"source": "aws.states", "detail": {"status": "FAILED", "error": "e"}}),
                false,
            ),
            (json!({"source": "aws.s3", "detail": {"status": "FAILED"}}), false),
            (json!({"source": "aws.states"}), false),
            (
                json!({"source": ["x", "aws.states"], "detail": {"status": "FAILED"}}),
                true,
            ),
        ] {
            assert_eq!(matches(&pattern, &event), expected, "{event}");
        }
    }
}
