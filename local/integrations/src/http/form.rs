//! Bodies as forms.

use form_urlencoded::Serializer;
use serde_json::Value;

/// The way in which a form has lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArrayFormat {
    /// `a[0]=x&a[1]=y`, where nothing is said.
    Indices,
    /// `a=x&a=y`.
    Repeat,
    /// `a=x,y`.
    Commas,
    /// `a[]=x&a[]=y`.
    Brackets,
}

impl ArrayFormat {
    pub(super) fn parse(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("INDICES") => Some(Self::Indices),
            Some("REPEAT" | "NONE") => Some(Self::Repeat),
            Some("COMMAS") => Some(Self::Commas),
            Some("BRACKETS") => Some(Self::Brackets),
            Some(_) => None,
        }
    }
}

/// A value as text in a form, a query string or a header.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An object as a form; objects in it have their names in brackets.
pub(super) fn encode(value: &Value, format: ArrayFormat) -> String {
    let mut form = Serializer::new(String::new());
    if let Value::Object(members) = value {
        for (name, value) in members {
            add(&mut form, name, value, format);
        }
    }
    form.finish()
}

fn add(form: &mut Serializer<'_, String>, name: &str, value: &Value, format: ArrayFormat) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                add(form, &format!("{name}[{member}]"), value, format);
            }
        }
        Value::Array(items) if format == ArrayFormat::Commas => {
            let items: Vec<String> = items.iter().map(scalar).collect();
            form.append_pair(name, &items.join(","));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name = match format {
                    ArrayFormat::Indices => format!("{name}[{index}]"),
                    ArrayFormat::Brackets => format!("{name}[]"),
                    ArrayFormat::Repeat | ArrayFormat::Commas => name.to_owned(),
                };
                add(form, &name, item, format);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            form.append_pair(name, &scalar(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_written_as_asked_for() {
        let value = json!({ "a": ["x", 1], "o": { "k": "v w" } });
        for (format, expected) in [
            (None, "a[0]=x&a[1]=1&o[k]=v+w"),
            (Some("REPEAT"), "a=x&a=1&o[k]=v+w"),
            (Some("COMMAS"), "a=x,1&o[k]=v+w"),
            (Some("BRACKETS"), "a[]=x&a[]=1&o[k]=v+w"),
        ] {
            let form = encode(&value, ArrayFormat::parse(format).unwrap());
            let form = form.replace("%5B", "[").replace("%5D", "]").replace("%2C", ",");
            assert_eq!(form, expected, "{format:?}");
        }
        assert_eq!(ArrayFormat::parse(Some("x")), None);
    }
}
