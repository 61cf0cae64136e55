//! Placeholders of a definition that a template fills: `${Name}`.

use std::borrow::Cow;

/// A value that stands for any in an expression.
const VALUE: &str = "1";

/// The text with a value for each `${Name}` in its JSONata expressions, where a parser would stumble over it: no expression has
/// such a thing of its own. Elsewhere it is a part of a text, and stays. Lines stay as they are.
pub(super) fn filled(text: &str) -> Cow<'_, str> {
    if !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("\"{%") {
        filled += before;
        filled += "\"{%";
        let end = end_of_string(behind);
        let (expression, after) = behind.split_at(end);
        filled += &in_expression(expression);
        rest = after;
    }
    filled += rest;
    Cow::Owned(filled)
}

/// The place of the quotation mark that ends a JSON string; the text's end without one.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    text.len()
}

fn in_expression(text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        filled += before;
        match behind.split_once('}') {
            Some((name, after)) if is_name(name) => {
                filled += VALUE;
                rest = after;
            }
            _ => {
                filled += "${";
                rest = behind;
            }
        }
    }
    filled + rest
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_have_values_and_texts_keep_their_names() {
        for (text, expected) in [
            ("{\"a\": \"{% ${Days} * 2 %}\"}", "{\"a\": \"{% 1 * 2 %}\"}"),
            (
                "{\"a\": \"arn:${P}:x\", \"b\": \"{% 1 %}\"}",
                "{\"a\": \"arn:${P}:x\", \"b\": \"{% 1 %}\"}",
            ),
            ("\"{% \\\"${A}\\\" & ${B_1} %}\" ${C}", "\"{% \\\"1\\\" & 1 %}\" ${C}"),
            ("\"{% ${a: 1} & ${} & ${x %}\"", "\"{% ${a: 1} & ${} & ${x %}\""),
            ("\"{% ${A}", "\"{% 1"),
            ("no placeholder", "no placeholder"),
        ] {
            assert_eq!(filled(text), expected, "{text}");
        }
    }
}
