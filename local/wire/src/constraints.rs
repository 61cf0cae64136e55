//! The constraints that AWS's API models put on members, reported all at once as AWS does.

use std::ops::RangeInclusive;

use crate::{ApiError, shortened};

/// The violations found in a request's members. A missing member reads as its type's default until
/// [`Constraints::finish`], which refuses the request.
///
/// ```
/// let mut constraints = sluice_wire::Constraints::default();
/// let name = constraints.text("name", Some("a name".into()), 1..=80);
/// let limit = constraints.number("maxResults", Some(2_000), 0..=1_000, 100);
/// assert_eq!((name.as_str(), limit), ("a name", 100));
/// let refused = constraints.finish().unwrap_err();
/// assert!(refused.message.ends_with("Member must have value less than or equal to 1000"));
/// ```
#[derive(Debug, Default)]
pub struct Constraints {
    problems: Vec<String>,
}

impl Constraints {
    fn problem(&mut self, value: &str, member: &str, constraint: &str) {
        let value = if value == NULL {
            value.to_owned()
        } else {
            format!("'{}'", shortened(value))
        };
        self.problems.push(format!(
            "Value {value} at '{member}' failed to satisfy constraint: {constraint}"
        ));
    }

    /// Takes a member that must be there.
    pub fn required<T: Default>(&mut self, member: &str, value: Option<T>) -> T {
        value.unwrap_or_else(|| {
            self.problem(NULL, member, "Member must not be null");
            T::default()
        })
    }

    /// Takes a text that must be there, with its length in characters.
    pub fn text(&mut self, member: &str, value: Option<String>, length: RangeInclusive<usize>) -> String {
        let missing = value.is_none();
        let value = self.required(member, value);
        if !missing {
            self.length(member, &value, length);
        }
        value
    }

    /// Takes a text that may be absent, with its length in characters.
    pub fn optional_text(
        &mut self,
        member: &str,
        value: Option<String>,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        if let Some(value) = &value {
            self.length(member, value, length);
        }
        value
    }

    fn length(&mut self, member: &str, value: &str, length: RangeInclusive<usize>) {
        let count = value.chars().count();
        if count < *length.start() {
            let least = length.start();
            self.problem(
                value,
                member,
                &format!("Member must have length greater than or equal to {least}"),
            );
        } else if count > *length.end() {
            let most = length.end();
            self.problem(
                value,
                member,
                &format!("Member must have length less than or equal to {most}"),
            );
        }
    }

    /// Takes a number within bounds; absent: the default.
    pub fn number(&mut self, member: &str, value: Option<i64>, bounds: RangeInclusive<u32>, default: u32) -> u32 {
        let Some(value) = value else { return default };
        match u32::try_from(value) {
            Ok(value) if bounds.contains(&value) => value,
            _ => {
                let constraint = if value > i64::from(*bounds.end()) {
                    format!("Member must have value less than or equal to {}", bounds.end())
                } else {
                    format!("Member must have value greater than or equal to {}", bounds.start())
                };
                self.problem(&value.to_string(), member, &constraint);
                default
            }
        }
    }

    /// Takes a text from a closed set; absent: the default.
    pub fn choice<T: Copy>(&mut self, member: &str, value: Option<&str>, set: &[(&str, T)], default: T) -> T {
        let Some(value) = value else { return default };
        if let Some((_, found)) = set.iter().find(|(name, _)| *name == value) {
            return *found;
        }
        let names: Vec<&str> = set.iter().map(|(name, _)| *name).collect();
        self.problem(
            value,
            member,
            &format!("Member must satisfy enum value set: [{}]", names.join(", ")),
        );
        default
    }

    /// Checks a text that has to follow a pattern; `follows` says whether it does.
    pub fn pattern(&mut self, member: &str, value: &str, pattern: &str, follows: bool) {
        if !follows {
            let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
            self.problem(value, member, &constraint);
        }
    }

    /// Checks a list's number of members; `list` is how AWS writes the list, which it does in full.
    pub fn count(&mut self, member: &str, count: usize, list: &str, length: RangeInclusive<usize>) {
        let (bound, limit) = if count < *length.start() {
            ("greater", length.start())
        } else if count > *length.end() {
            ("less", length.end())
        } else {
            return;
        };
        self.problems.push(format!(
            "Value '{list}' at '{member}' failed to satisfy constraint: Member must have length {bound} than or equal \
             to {limit}"
        ));
    }

    /// Ends the check.
    ///
    /// # Errors
    /// `ValidationException` that names every member at fault.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.problems.len() {
            0 => Ok(()),
            1 => Err(ApiError::validation(format!(
                "1 validation error detected: {}",
                self.problems[0]
            ))),
            n => Err(ApiError::validation(format!(
                "{n} validation errors detected: {}",
                self.problems.join("; ")
            ))),
        }
    }
}

const NULL: &str = "null";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fill: impl FnOnce(&mut Constraints), expected: Option<&str>) {
        let mut constraints = Constraints::default();
        fill(&mut constraints);
        assert_eq!(constraints.finish().err().map(|e| e.message).as_deref(), expected);
    }

    #[test]
    fn every_member_at_fault_is_named() {
        check(|_| {}, None);
        check(|c| drop(c.text("name", Some("ok".into()), 1..=80)), None);
        check(
            |c| drop(c.text("name", None, 1..=80)),
            Some(
                "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
            ),
        );
        check(
            |c| {
                c.text("name", Some(String::new()), 1..=80);
                c.number("maxResults", Some(-1), 0..=1000, 100);
            },
            Some(
                "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length \
                 greater than or equal to 1; Value '-1' at 'maxResults' failed to satisfy constraint: Member must have \
                 value greater than or equal to 0",
            ),
        );
        check(
            |c| {
                c.choice("type", Some("FAST"), &[("STANDARD", 1), ("EXPRESS", 2)], 1);
            },
            Some(
                "1 validation error detected: Value 'FAST' at 'type' failed to satisfy constraint: Member must satisfy \
                 enum value set: [STANDARD, EXPRESS]",
            ),
        );
    }
}
