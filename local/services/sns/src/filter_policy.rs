//! [Filter policies](https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html): the messages that a
//! subscription gets, by their attributes. Pure.
//!
//! All keys of a policy must hold; a key holds when one of its conditions does. `$or` holds when one of its policies does. A policy on
//! the message's body (`FilterPolicyScope`) is not available here.

mod condition;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::SnsError;
use condition::Condition;

/// The most keys of a policy.
const MAX_KEYS: usize = 5;
/// The most combinations of a policy's values.
const MAX_COMBINATIONS: usize = 150;
/// The most bytes of a policy.
const MAX_BYTES: usize = 262_144;
/// The key of alternatives.
const OR: &str = "$or";

/// A filter policy that was checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FilterPolicy {
    /// Every key and its conditions, one list for each combination of the `$or`s.
    alternatives: Vec<Vec<(String, Vec<Condition>)>>,
}

impl FilterPolicy {
    /// Checks a policy's text.
    ///
    /// # Errors
    /// `InvalidParameter`, in SNS's words.
    pub(crate) fn parse(text: &str) -> Result<Self, SnsError> {
        if text.len() > MAX_BYTES {
            return Err(SnsError::filter_policy("Filter policy is too large"));
        }
        let Ok(Value::Object(policy)) = serde_json::from_str(text) else {
            return Err(SnsError::filter_policy("failed to parse JSON. Expected a JSON object"));
        };
        if policy.len() > MAX_KEYS {
            return Err(SnsError::filter_policy("Filter policy can not have more than 5 keys"));
        }
        let mut alternatives = vec![Vec::new()];
        add(&policy, &mut alternatives)?;
        let combinations: usize = alternatives.iter().map(|keys| combinations(keys)).sum();
        if combinations > MAX_COMBINATIONS {
            return Err(SnsError::filter_policy("Filter policy is too complex"));
        }
        Ok(Self { alternatives })
    }

    /// True when a message with these attributes (`Type` and `Value` by name) is to be delivered.
    ///
    /// A message without any attribute passes an empty policy only, even if the policy asks for the absence of one.
    pub(crate) fn accepts(&self, attributes: &Map<String, Value>) -> bool {
        self.alternatives.iter().any(|keys| {
            keys.iter().all(|(name, conditions)| {
                let attribute = attributes.get(name);
                !attributes.is_empty() && conditions.iter().any(|condition| condition.holds(attribute))
            })
        })
    }
}

/// The product of the numbers of conditions; a large one is as good as any.
fn combinations(keys: &[(String, Vec<Condition>)]) -> usize {
    keys.iter()
        .map(|(_, conditions)| conditions.len())
        .fold(1, usize::saturating_mul)
}

/// Adds the keys of `policy` to each alternative; a `$or` makes more of them.
fn add(policy: &Map<String, Value>, alternatives: &mut Vec<Vec<(String, Vec<Condition>)>>) -> Result<(), SnsError> {
    for (key, value) in policy {
        if let Some(choices) = alternatives_of(key, value) {
            let before = std::mem::take(alternatives);
            for choice in choices {
                let mut branch = before.clone();
                add(choice, &mut branch)?;
                alternatives.extend(branch);
                if alternatives.len() > MAX_COMBINATIONS {
                    return Err(SnsError::filter_policy("Filter policy is too complex"));
                }
            }
            continue;
        }
        let conditions = match value {
            Value::Array(conditions) if conditions.is_empty() => {
                return Err(SnsError::filter_policy("Empty arrays are not allowed"));
            }
            Value::Array(conditions) => conditions.iter().map(Condition::parse).collect::<Result<Vec<_>, _>>()?,
            Value::Object(_) => {
                return Err(SnsError::InvalidParameter(
                    "Filter policy scope MessageAttributes does not support nested filter policy".into(),
                ));
            }
            _ => {
                return Err(SnsError::filter_policy(&format!(
                    "\"{key}\" must be an object or an array"
                )));
            }
        };
        for keys in alternatives.iter_mut() {
            keys.push((key.clone(), conditions.clone()));
        }
    }
    Ok(())
}

/// The policies of a `$or`; SNS takes the key for an attribute's name unless two or more objects follow.
fn alternatives_of<'a>(key: &str, value: &'a Value) -> Option<Vec<&'a Map<String, Value>>> {
    let choices = value.as_array().filter(|choices| key == OR && choices.len() >= 2)?;
    choices.iter().map(Value::as_object).collect()
}
