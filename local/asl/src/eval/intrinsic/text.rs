//! Functions about text, encodings and JSON.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::refusal::{FunctionResult, Refusal, refuse};

/// The longest argument of the encodings and of `Hash`, in characters.
const MAX_ENCODED: usize = 10_000;

fn string(value: &Value) -> Result<&str, Refusal> {
    value.as_str().map_or_else(refuse, Ok)
}

fn short(value: &Value) -> Result<&str, Refusal> {
    let text = string(value)?;
    if text.chars().count() > MAX_ENCODED {
        return refuse();
    }
    Ok(text)
}

pub(super) fn base64_encode(value: &Value) -> FunctionResult {
    Ok(Value::String(STANDARD.encode(short(value)?)))
}

pub(super) fn base64_decode(value: &Value) -> FunctionResult {
    match STANDARD.decode(short(value)?) {
        Ok(bytes) => Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned())),
        Err(_) => refuse(),
    }
}

/// The digest of a string, or of any other value's JSON text, in hexadecimal.
pub(crate) fn hex_digest(data: &str, algorithm: &str) -> Option<String> {
    fn hex<D: Digest>(data: &str) -> String {
        D::digest(data.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
    match algorithm {
        "MD5" => Some(hex::<Md5>(data)),
        "SHA-1" => Some(hex::<Sha1>(data)),
        "SHA-256" => Some(hex::<Sha256>(data)),
        "SHA-384" => Some(hex::<Sha384>(data)),
        "SHA-512" => Some(hex::<Sha512>(data)),
        _ => None,
    }
}

pub(super) fn hash(data: &Value, algorithm: &Value) -> FunctionResult {
    let text = match data {
        Value::String(_) => short(data)?.to_owned(),
        other => other.to_string(),
    };
    let algorithm = string(algorithm)?;
    match hex_digest(&text, algorithm) {
        Some(digest) => Ok(Value::String(digest)),
        None => refuse(),
    }
}

pub(super) fn json_merge(first: &Value, second: &Value, deep: &Value) -> FunctionResult {
    match (first, second, deep) {
        (Value::Object(first), Value::Object(second), Value::Bool(false)) => {
            let mut merged = first.clone();
            merged.extend(second.iter().map(|(key, value)| (key.clone(), value.clone())));
            Ok(Value::Object(merged))
        }
        // only shallow merging is supported
        _ => refuse(),
    }
}

pub(super) fn string_split(text: &Value, splitters: &Value) -> FunctionResult {
    let text = string(text)?;
    let splitters = string(splitters)?;
    if splitters.is_empty() {
        return Ok(Value::Array(if text.is_empty() {
            Vec::new()
        } else {
            vec![Value::from(text)]
        }));
    }
    // every character of the second argument splits, and what is empty is left out
    let splitters: HashSet<char> = splitters.chars().collect();
    Ok(text
        .split(|c| splitters.contains(&c))
        .filter(|part| !part.is_empty())
        .map(Value::from)
        .collect())
}

pub(super) fn string_to_json(text: &Value) -> FunctionResult {
    let text = string(text)?;
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(_) if text.trim().is_empty() => Ok(Value::Null),
        Err(_) => refuse(),
    }
}

const COUNT: &str = "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}.";

/// `{}` stands for the next argument; `\{`, `\}` and `\\` for the character itself.
pub(super) fn format(template: &Value, arguments: &[Value]) -> FunctionResult {
    let template = string(template)?;
    let mut out = String::with_capacity(template.len());
    let mut next = arguments.iter();
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), Some('{' | '}' | '\\')) => out.extend(chars.next()),
            '{' if chars.peek() == Some(&'}') => {
                chars.next();
                match next.next() {
                    Some(value) => push_plain(value, &mut out),
                    None => return Err(Refusal::Explained(COUNT)),
                }
            }
            '{' => {
                return Err(Refusal::Explained(
                    "Invalid template in States.Format: matching '}' not found for '{'.",
                ));
            }
            '}' => {
                return Err(Refusal::Explained(
                    "Invalid template in States.Format: matching '{' not found for '}'.",
                ));
            }
            c => out.push(c),
        }
    }
    if next.next().is_some() {
        return Err(Refusal::Explained(COUNT));
    }
    Ok(Value::String(out))
}

/// A value as Java prints it, which is what AWS puts into the text: `{Name=x, Items=[1, 2]}`.
fn push_plain(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                push_plain(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (i, (key, member)) in map.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                out.push_str(key);
                out.push('=');
                push_plain(member, out);
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::hex_digest;

    #[test]
    fn known_digests() {
        assert_eq!(
            hex_digest("", "MD5").as_deref(),
            Some("d41d8cd98f00b204e9800998ecf8427e")
        );
        assert_eq!(
            hex_digest("abc", "SHA-1").as_deref(),
            Some("a9993e364706816aba3e25717850c26c9cd0d89d")
        );
        assert_eq!(hex_digest("abc", "SHA-3"), None);
    }
}
