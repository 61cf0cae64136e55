//! JSON text that does not parse, described as Step Functions describes it: in the words of the Jackson library.

use serde_json::Value;

/// Parses a JSON text.
///
/// # Errors
/// Jackson's sentence about the first character that is wrong.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| describe(text, &error))
}

fn describe(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "Unexpected end-of-input".into();
    }
    let at = offset(text, error);
    // The parser stops inside a word that it does not know, or behind the character that it did not expect.
    let word_start = text[..at]
        .rfind(|c: char| !is_word(c))
        .map_or(0, |i| i + char_len(text, i));
    let word: String = text[word_start..].chars().take_while(|c| is_word(*c)).collect();
    if !word.is_empty() && word.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return format!(
            "Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or \
             'false')"
        );
    }
    let Some(found) = text[at..].chars().next() else {
        return "Unexpected end-of-input".into();
    };
    let expected = expectation(&error.to_string());
    format!("Unexpected character ('{found}' (code {})){expected}", u32::from(found))
}

fn expectation(message: &str) -> &'static str {
    if message.starts_with("key must be a string") {
        ": was expecting double-quote to start field name"
    } else if message.starts_with("expected `:`") {
        ": was expecting a colon to separate field name and value"
    } else if message.starts_with("expected `,` or `}`") {
        ": was expecting comma to separate Object entries"
    } else if message.starts_with("expected `,` or `]`") {
        ": was expecting comma to separate Array entries"
    } else if message.starts_with("control character") {
        ": Illegal unquoted character: has to be escaped using backslash to be included in string value"
    } else {
        ": expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn char_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

/// The byte at which the parser stopped, moved back to the start of its character. serde_json counts lines from 1 and
/// columns in bytes.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let mut at = (line_start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Value, &str>) {
        assert_eq!(parse(text), expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn bad_text_is_described_in_json_errors_words() {
        let token = |t: &str| {
            format!(
                "Unrecognized token '{t}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
            )
        };
        check("2", Ok(Value::from(2)));
        check("not some json", Err(&token("not")));
        check("{\"a\": tru}", Err(&token("tru")));
        check("hello", Err(&token("hello")));
        check(
            "{'not': 'json'",
            Err("Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
        );
        check(
            "{\"a\" 1}",
            Err("Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value"),
        );
        check(
            "[1 2]",
            Err("Unexpected character ('2' (code 50)): was expecting comma to separate Array entries"),
        );
        check("{\"a\": ", Err("Unexpected end-of-input"));
        check("", Err("Unexpected end-of-input"));
    }

    #[test]
    fn no_rubbish_makes_it_panic() {
        for text in [
            "é",
            "{é",
            "\u{0}",
            "[é",
            "\"\\ud800\"",
            "{\"a\":é}",
            "\n\n é",
            "1é",
            "\"\u{1}\"",
            "💥💥",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
