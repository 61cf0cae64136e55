//! Text to JSON, with the complaints of AWS's parser.

use serde_json::Value;

use super::duplicates;
use super::options::Occasion;
use crate::{Diagnostic, DiagnosticCode, Severity};

/// The most of the text that an error message quotes, in characters.
const QUOTED: usize = 500;

/// The value of `text`, `null` if it is empty; nesting is bounded, so that nothing that walks the value overflows the stack.
pub(super) fn parse(text: &str, occasion: Occasion) -> Result<Value, Diagnostic> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    match serde_json::from_str(text) {
        Ok(value) => match (occasion, duplicates::find(text)) {
            (Occasion::New, Some(duplicate)) => {
                let (line, column) = place(text, duplicate.end);
                Err(finding(
                    text,
                    &format!("Duplicate field '{}'", duplicate.name),
                    line,
                    column,
                ))
            }
            (Occasion::Kept, _) | (Occasion::New, None) => Ok(value),
        },
        Err(error) => Err(match unrecognized_token(text) {
            Some((token, column)) => {
                let message = format!(
                    "Unrecognized token '{token}': was expecting (JSON String, Number, Array, Object or token 'null', \
                     'true' or 'false')"
                );
                finding(text, &message, 1, column)
            }
            None => finding(text, &plain_message(&error), error.line(), error.column()),
        }),
    }
}

fn finding(text: &str, message: &str, line: usize, column: usize) -> Diagnostic {
    let place = format!("[Source: (String){}; line: {line}, column: {column}]", quoted(text));
    Diagnostic {
        code: DiagnosticCode::InvalidJsonDescription,
        severity: Severity::Error,
        message: format!("{message}\n at {place}"),
        location: Some(place),
    }
}

/// The line and the column of a place, both from 1.
fn place(text: &str, end: usize) -> (usize, usize) {
    let before = &text[..end];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// A first word that is no JSON literal, and the column after it, both as AWS's parser names them.
fn unrecognized_token(text: &str) -> Option<(&str, usize)> {
    let start = text.find(|c: char| !c.is_ascii_whitespace())?;
    let line = text[..start].rfind('\n').map_or(0, |i| i + 1);
    if line > 0 {
        return None;
    }
    let rest = &text[start..];
    let len = rest
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .unwrap_or(rest.len());
    let token = &rest[..len];
    let is_word = token.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
    (is_word && !matches!(token, "true" | "false" | "null")).then(|| (token, start + len + 1))
}

/// serde_json's message without its place.
fn plain_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    let mut message = text[..end].to_owned();
    if let Some(first) = message.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    message
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("\"{}\"[truncated {} chars]", &text[..end], text[end..].chars().count()),
        None => format!("\"{text}\""),
    }
}
