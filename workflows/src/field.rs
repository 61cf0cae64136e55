use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the three fields of a submission.
///
/// ```
/// use sluice_workflows::Field;
///
/// assert_eq!(Field::parse("pincode"), Some(Field::Pincode));
/// assert_eq!(Field::Pincode.title(), "Pincode");
/// let schema: serde_json::Value = serde_json::from_str(Field::Pincode.schema())?;
/// assert_eq!(schema["type"], "string");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `user_name`.
    UserName,
    /// `email`.
    Email,
    /// `pincode`.
    Pincode,
}

impl Field {
    /// All fields, in the order in which they are checked and shown.
    pub const ALL: [Field; 3] = [Field::UserName, Field::Email, Field::Pincode];

    /// The name on the wire: in query strings, forms and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Field::UserName => "user_name",
            Field::Email => "email",
            Field::Pincode => "pincode",
        }
    }

    /// The field's name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Field::UserName => "User name",
            Field::Email => "E-mail",
            Field::Pincode => "Pincode",
        }
    }

    /// The field with this wire name, if it is one.
    pub fn parse(name: &str) -> Option<Field> {
        Field::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// The field's rule in a few words, before it is broken: the schema's `description`.
    ///
    /// ```
    /// assert_eq!(sluice_workflows::Field::Pincode.hint(), "4 to 6 digits, as 3055.");
    /// ```
    pub fn hint(self) -> String {
        let schema: serde_json::Value = serde_json::from_str(self.schema()).unwrap_or_default();
        schema["description"].as_str().unwrap_or_default().to_owned()
    }

    /// The field's rule: a JSON Schema (2020-12) whose `messages` member says each rule in a submitter's words, and `summaries` in a
    /// few words for lists.
    pub const fn schema(self) -> &'static str {
        match self {
            Field::UserName => include_str!("../schemas/user_name.json"),
            Field::Email => include_str!("../schemas/email.json"),
            Field::Pincode => include_str!("../schemas/pincode.json"),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_wire_name_is_what_serde_writes() {
        for field in Field::ALL {
            assert_eq!(serde_json::to_value(field).unwrap(), field.as_str());
            assert_eq!(Field::parse(field.as_str()), Some(field));
        }
        assert_eq!(Field::parse("User_Name"), None);
    }

    /// A rule without words would reach the submitter as a bare keyword.
    #[test]
    fn every_rule_of_a_schema_has_words() {
        for field in Field::ALL {
            let schema: Value = serde_json::from_str(field.schema()).unwrap();
            let words = schema["messages"].as_object().unwrap();
            assert!(words.contains_key("missing"), "{field}");
            for keyword in schema.as_object().unwrap().keys() {
                let is_rule = !keyword.starts_with('$')
                    && !["title", "description", "messages", "summaries"].contains(&keyword.as_str());
                assert_eq!(words.contains_key(keyword), is_rule, "{field}: {keyword}");
            }
            let summaries = schema["summaries"].as_object().unwrap();
            assert!(words.keys().eq(summaries.keys()), "{field}: a summary for each message");
            assert_eq!(schema["title"], field.title());
            assert!(field.hint().ends_with('.'), "{field}");
        }
    }
}
