//! The comparison of recorded values with actual ones: `$json`, `$any`, and `$match` with placeholders.

use std::collections::BTreeMap;

use serde_json::Value;

/// The texts that the placeholders of a case stand for.
pub(crate) type Bindings = BTreeMap<String, String>;

/// The first difference, if any.
pub(crate) fn difference(expected: &Value, actual: &Value, bindings: &mut Bindings, path: &str) -> Result<(), String> {
    let wrong = || Err(format!("{path}: expected {}, got {}", short(expected), short(actual)));
    if let Some((wrapper, inner)) = wrapper(expected) {
        return match (wrapper, actual) {
            ("$any", Value::Null) => wrong(),
            ("$any", _) => Ok(()),
            ("$json", Value::String(text)) => match serde_json::from_str::<Value>(text) {
                Ok(parsed) => difference(inner, &parsed, bindings, path),
                Err(_) => wrong(),
            },
            ("$match", Value::String(text)) => {
                let template = inner.as_str().unwrap_or_default();
                if matches(&pieces(template), text, bindings) {
                    Ok(())
                } else {
                    wrong()
                }
            }
            _ => wrong(),
        };
    }
    match (expected, actual) {
        (Value::Object(e), Value::Object(a)) => {
            for key in e.keys().chain(a.keys()).filter(|key| !key.ends_with("Metadata")) {
                match (e.get(key), a.get(key)) {
                    (Some(e), Some(a)) => difference(e, a, bindings, &format!("{path}.{key}"))?,
                    (Some(e), None) => return Err(format!("{path}.{key}: missing, expected {}", short(e))),
                    (_, Some(a)) => return Err(format!("{path}.{key}: not expected, got {}", short(a))),
                    (None, None) => {}
                }
            }
            Ok(())
        }
        (Value::Array(e), Value::Array(a)) if e.len() == a.len() => {
            for (i, (e, a)) in e.iter().zip(a).enumerate() {
                difference(e, a, bindings, &format!("{path}[{i}]"))?;
            }
            Ok(())
        }
        (Value::Number(e), Value::Number(a)) if e.as_f64() == a.as_f64() => Ok(()),
        (e, a) if e == a => Ok(()),
        _ => wrong(),
    }
}

/// The one member of `{"$json": …}`, `{"$any": …}` or `{"$match": …}`.
pub(crate) fn wrapper(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (key, inner) = object.iter().next()?;
    matches!(key.as_str(), "$json" | "$any" | "$match").then_some((key, inner))
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    text.chars().take(400).collect()
}

/// A part of a `$match` template.
pub(crate) enum Piece<'t> {
    Text(&'t str),
    /// `<name>`
    Named(&'t str),
    /// `<*name>`
    Free,
}

/// The parts of a `$match` template.
pub(crate) fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('<') {
        let Some(close) = rest[open..].find('>').map(|close| open + close) else {
            break;
        };
        if open > 0 {
            pieces.push(Piece::Text(&rest[..open]));
        }
        let name = &rest[open + 1..close];
        pieces.push(if name.starts_with('*') {
            Piece::Free
        } else {
            Piece::Named(name)
        });
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn matches(pieces: &[Piece<'_>], text: &str, bindings: &mut Bindings) -> bool {
    let Some((first, rest)) = pieces.split_first() else {
        return text.is_empty();
    };
    match first {
        Piece::Text(literal) => text
            .strip_prefix(literal)
            .is_some_and(|text| matches(rest, text, bindings)),
        Piece::Named(name) => {
            if let Some(bound) = bindings.get(*name).cloned() {
                return text
                    .strip_prefix(bound.as_str())
                    .is_some_and(|text| matches(rest, text, bindings));
            }
            ends(text).skip(1).any(|end| {
                let mut trial = bindings.clone();
                trial.insert((*name).to_owned(), text[..end].to_owned());
                let found = matches(rest, &text[end..], &mut trial);
                if found {
                    *bindings = trial;
                }
                found
            })
        }
        Piece::Free => ends(text).any(|end| matches(rest, &text[end..], bindings)),
    }
}

/// The ends of the characters of `text`, and 0.
fn ends(text: &str) -> impl Iterator<Item = usize> {
    text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len()))
}
