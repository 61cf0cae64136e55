//! Members that an object has twice. A JSON value cannot show them any more: they are looked for in its text.

use std::collections::HashSet;

/// A name that its object has twice, and the place of the second.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Duplicate {
    pub(super) name: String,
    /// In bytes from the start, behind the name.
    pub(super) end: usize,
}

/// The first of them in a text that is JSON.
pub(super) fn find(text: &str) -> Option<Duplicate> {
    // the names of each object that is open; an array has none
    let mut open: Vec<Option<HashSet<String>>> = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        match c {
            '{' => open.push(Some(HashSet::new())),
            '[' => open.push(None),
            '}' | ']' => {
                open.pop();
            }
            '"' => {
                let mut end = start;
                while let Some((at, c)) = chars.next() {
                    end = at + c.len_utf8();
                    match c {
                        '"' => break,
                        '\\' => {
                            chars.next();
                        }
                        _ => {}
                    }
                }
                let is_name = text[end..].trim_start().starts_with(':');
                if let (true, Some(Some(names))) = (is_name, open.last_mut()) {
                    let name: String = serde_json::from_str(&text[start..end]).ok()?;
                    if names.contains(&name) {
                        return Some(Duplicate { name, end });
                    }
                    names.insert(name);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Duplicate, find};

    fn check(text: &str, expected: Option<(&str, usize)>) {
        let expected = expected.map(|(name, end)| Duplicate {
            name: name.to_owned(),
            end,
        });
        assert_eq!(find(text), expected, "{text}");
    }

    #[test]
    fn names_are_compared_within_one_object() {
        check(r#"{"a":1,"b":{"a":"a"},"c":["a","a",{"a":1},{"a":2}]}"#, None);
        check(r#"{"a":1,"a":2}"#, Some(("a", 10)));
        check(r#"{"x":[{"é":1,"b":{},"\u00e9":2}]}"#, Some(("é", 29)));
        check(r#"{"a":"\"a\":","b":"\\","a" : 1}"#, Some(("a", 26)));
        check("[1, null, true]", None);
        check("\"a\"", None);
    }
}
