//! A half-right submission in a few words, for subjects and lists: who, and what is wrong. Pure.

use serde::Deserialize;
use std::collections::HashMap;

use sluice_workflows::{Field, Submission, Violation};

/// Characters of the name.
const NAME_LIMIT: usize = 40;

/// Characters of a wrong value.
const VALUE_LIMIT: usize = 30;

/// The member of a field's schema that says each rule in a few words.
#[derive(Deserialize)]
struct Summaries {
    summaries: HashMap<String, String>,
}

/// Says who asks and what is wrong, as in `Ananya: the pincode 12 is not 4 to 6 digits`.
///
/// Values are cut, and nothing else: whoever shows the summary escapes it.
pub(crate) fn write(submission: &Submission, violations: &[Violation]) -> String {
    let name = submission.text(Field::UserName).filter(|name| !name.trim().is_empty());
    let name = name.map_or_else(|| "somebody".to_owned(), |name| cut(name.trim(), NAME_LIMIT));
    let mut fields: Vec<Field> = Vec::new();
    for violation in violations {
        if !fields.contains(&violation.field) {
            fields.push(violation.field);
        }
    }
    let wrong: Vec<String> = fields
        .iter()
        .map(|field| {
            let mut rules = violations
                .iter()
                .filter(|one| one.field == *field)
                .map(|one| one.rule.as_str());
            said(*field, submission, rules.next().unwrap_or_default())
        })
        .collect();
    match wrong.is_empty() {
        true => format!("{name}: nothing is wrong"),
        false => format!("{name}: {}", wrong.join(", ")),
    }
}

/// A field, its value and its first broken rule.
fn said(field: Field, submission: &Submission, rule: &str) -> String {
    let title = field.title().to_lowercase();
    let words = serde_json::from_str(field.schema())
        .ok()
        .and_then(|mut schema: Summaries| schema.summaries.remove(rule))
        .unwrap_or_else(|| format!("breaks the rule {rule}"));
    match submission.text(field).filter(|_| rule != "missing") {
        Some(value) if !value.trim().is_empty() => format!("the {title} {} {words}", cut(value.trim(), VALUE_LIMIT)),
        Some(_) | None => format!("the {title} {words}"),
    }
}

fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(submission: Value, broken: &[(&str, &str)], expected: &str) {
        let violations: Vec<Violation> = broken
            .iter()
            .map(|(field, rule)| serde_json::from_value(json!({"field": field, "rule": rule, "message": "m"})).unwrap())
            .collect();
        let submission = serde_json::from_value(submission).unwrap();
        assert_eq!(write(&submission, &violations), expected);
    }

    #[test]
    fn it_says_who_and_what_is_wrong() {
        let ananya = |pincode: Value| json!({"user_name": "Ananya", "email": "a@b.com", "pincode": pincode});
        check(
            ananya(json!("12")),
            &[("pincode", "pattern")],
            "Ananya: the pincode 12 is not 4 to 6 digits",
        );
        check(
            ananya(json!(1234)),
            &[("pincode", "type")],
            "Ananya: the pincode 1234 is not text",
        );
        check(
            ananya(json!(" ")),
            &[("pincode", "pattern")],
            "Ananya: the pincode is not 4 to 6 digits",
        );
        check(
            ananya(Value::Null),
            &[("pincode", "missing")],
            "Ananya: the pincode is missing",
        );
        check(
            json!({"user_name": "Ananya", "email": "x@y", "pincode": "12"}),
            &[("email", "pattern"), ("email", "maxLength"), ("pincode", "pattern")],
            "Ananya: the e-mail x@y is not an accepted address, the pincode 12 is not 4 to 6 digits",
        );
        check(
            json!({"pincode": "12"}),
            &[("pincode", "odd")],
            "somebody: the pincode 12 breaks the rule odd",
        );
        check(
            json!({"user_name": "字".repeat(50)}),
            &[],
            &format!("{}...: nothing is wrong", "字".repeat(40)),
        );
    }
}
