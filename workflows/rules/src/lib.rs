//! The rules of the fields: the schemas in `workflows/schemas`, compiled at build time.
//!
//! The validators of the workflow and the page on which an admin repairs a field check with the same tables. The schemas
//! are the only source: `build.rs` turns each into a table, and refuses a keyword that it does not know. Patterns are
//! finite automata in the binary's data, so that nothing is compiled when a function starts.

use std::sync::LazyLock;

use regex_automata::Input;
use regex_automata::dfa::Automaton as _;
use regex_automata::dfa::sparse::DFA;
use serde_json::Value;
use sluice_workflows::{Field, Submission, Verdict, Violation};

/// One rule of a field.
struct Rule {
    /// The keyword of the schema, or `missing`.
    keyword: &'static str,
    /// Its words for whoever breaks it.
    message: &'static str,
    test: Test,
}

/// The test of a rule.
enum Test {
    /// The field was sent.
    Present,
    /// The value is text. What follows is about text only, as in JSON Schema.
    IsText,
    /// The text has at least this many characters (Unicode code points).
    #[allow(dead_code, reason = "a keyword that a schema may use, and none does at present")]
    AtLeast(usize),
    /// The text has at most this many characters (Unicode code points).
    AtMost(usize),
    /// The pattern is found in the text: its automaton.
    Matches(&'static LazyLock<Option<Automaton>>),
}

/// A pattern, compiled: the bytes of the binary as they lie.
type Automaton = DFA<&'static [u8]>;

/// Reads an automaton that `build.rs` wrote.
fn read(bytes: &'static [u8]) -> Option<Automaton> {
    DFA::from_bytes(bytes).ok().map(|(automaton, _)| automaton)
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

fn rules(field: Field) -> &'static [Rule] {
    match field {
        Field::UserName => USER_NAME,
        Field::Email => EMAIL,
        Field::Pincode => PINCODE,
    }
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            return !matches!(self, Test::Present);
        };
        let text = value.as_str();
        match (self, text) {
            (Test::Present, _) => true,
            (Test::IsText, text) => text.is_some(),
            (_, None) => true,
            (Test::AtLeast(least), Some(text)) => text.chars().count() >= *least,
            (Test::AtMost(most), Some(text)) => text.chars().count() <= *most,
            (Test::Matches(automaton), Some(text)) => is_found(automaton.as_ref(), text),
        }
    }
}

/// Tells whether the automaton finds its pattern in `text`. One that cannot be read finds nothing: a rule is never passed over.
fn is_found(automaton: Option<&Automaton>, text: &str) -> bool {
    automaton
        .and_then(|automaton| {
            automaton
                .try_search_fwd(&Input::new(text).earliest(true))
                .ok()
                .flatten()
        })
        .is_some()
}

/// Every rule of `field` that `value` breaks, in the schema's order; `None` is a field that was not sent.
pub fn violations(field: Field, value: Option<&Value>) -> Vec<Violation> {
    let broken = rules(field).iter().filter(|rule| !rule.test.holds(value));
    broken
        .map(|rule| Violation {
            field,
            rule: rule.keyword.to_owned(),
            message: rule.message.to_owned(),
        })
        .collect()
}

/// The verdict about one field. Every broken rule is named; a field that was not sent is a broken rule too.
///
/// ```
/// use serde_json::json;
/// use sluice_workflows::Field;
///
/// let verdict = sluice_rules::check(Field::Pincode, Some(json!("12")));
/// assert!(!verdict.ok);
/// assert_eq!(verdict.violations[0].rule, "pattern");
/// assert!(sluice_rules::check(Field::Pincode, Some(json!("0305"))).ok);
/// ```
pub fn check(field: Field, value: Option<Value>) -> Verdict {
    let violations = violations(field, value.as_ref());
    Verdict {
        field,
        ok: violations.is_empty(),
        value,
        violations,
    }
}

/// Every rule that a submission breaks, in the fields' order; `null` counts as not sent, as the workflow has it.
pub fn violations_of(submission: &Submission) -> Vec<Violation> {
    let sent = |field| submission.get(field).filter(|value| !value.is_null());
    let broken = Field::ALL.into_iter().flat_map(|field| violations(field, sent(field)));
    broken.collect()
}

#[cfg(test)]
mod tests;
