//! Keeps task tokens out of everything that is shown.
//!
//! A holder of a token can answer its task, so a page, a log line or a JSON document must not carry one. Tokens are found
//! by their form, wherever they lie: in an argument, in JSON inside of a string, in a link. What is found is taken out
//! of the finished text, so that it does not matter which field it came from.

use std::borrow::Cow;

/// The text in the place of a token.
pub(crate) const MARKER: &str = "(task token)";

/// The beginning of a token; a hyphen and base64url follow ([`sluice_engine::token`]).
const BEGINNING: &str = "SLT1";

/// The text with every task token replaced by [`MARKER`]. A beginning of a token counts as one: texts are cut.
pub(crate) fn without_tokens(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let mut kept_to = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find(BEGINNING) {
        let start = at + found;
        let end = token_end(text, start + BEGINNING.len());
        match end {
            Some(end) => {
                clean.push_str(&text[kept_to..start]);
                clean.push_str(MARKER);
                kept_to = end;
                at = end;
            }
            None => at = start + BEGINNING.len(),
        }
    }
    if kept_to == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[kept_to..]);
    Cow::Owned(clean)
}

/// The end of the token whose beginning ends at `from`; `None` when nothing of its secret part follows.
fn token_end(text: &str, from: usize) -> Option<usize> {
    let hyphen = encoded(&text[from..], b'-')?;
    let body = from + hyphen;
    let mut end = body;
    while end < text.len() {
        let rest = &text[end..];
        let first = rest.as_bytes()[0];
        let step = if first.is_ascii_alphanumeric() {
            1
        } else if let Some(length) = encoded(rest, b'-').or_else(|| encoded(rest, b'_')) {
            length
        } else {
            break;
        };
        end += step;
    }
    (end > body).then_some(end)
}

/// The length of one character at the beginning of `text`: as itself, percent-encoded (once or more), as a JSON
/// escape (under any number of backslashes), or as a character reference of HTML.
fn encoded(text: &str, character: u8) -> Option<usize> {
    let hex = format!("{character:02x}");
    let first = *text.as_bytes().first()?;
    if first == character {
        return Some(1);
    }
    let rest = match first {
        b'%' => {
            let mut rest = &text[1..];
            while let Some(inner) = rest.strip_prefix("25") {
                rest = inner;
            }
            after(rest, &hex)?
        }
        b'\\' => after(text.trim_start_matches('\\').strip_prefix('u')?, &format!("00{hex}"))?,
        b'&' => {
            let reference = text[1..].strip_prefix('#')?;
            let digits = after(reference, &format!("x{hex}")).or_else(|| after(reference, &character.to_string()))?;
            digits.strip_prefix(';')?
        }
        _ => return None,
    };
    Some(text.len() - rest.len())
}

/// The text after `beginning`, whose letters may be large or small.
fn after<'a>(text: &'a str, beginning: &str) -> Option<&'a str> {
    let head = text.get(..beginning.len())?;
    head.eq_ignore_ascii_case(beginning).then(|| &text[beginning.len()..])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TOKEN: &str = "SLT1-AAAAAAAAAAEAAAAAAAAAAwkJCQkJCQkJ-QkJCQkJCQ_JCQkJCQkJCQkJCQkJCQkJ";

    #[test]
    fn the_example_is_a_token_to_the_engine() {
        assert!(sluice_engine::token::parse(TOKEN).is_some());
    }

    #[test]
    fn tokens_are_taken_out_wherever_they_lie() {
        fn check(text: &str, expected: &str) {
            assert_eq!(without_tokens(text), expected, "{text:?}");
        }
        check("", "");
        check("nothing to hide", "nothing to hide");
        check(TOKEN, MARKER);
        check(&format!("a {TOKEN} b {TOKEN}."), "a (task token) b (task token).");
        check(&format!("{TOKEN}{TOKEN}"), MARKER);
        check(&format!("x{TOKEN}"), "x(task token)");
        check(
            &format!("https://a.example/?token={TOKEN}&x=1"),
            "https://a.example/?token=(task token)&x=1",
        );
        check(
            &format!("?t={}", TOKEN.replace('-', "%2D").replace('_', "%5f")),
            "?t=(task token)",
        );
        check(&format!("?t={}", TOKEN.replace('-', "%25252d")), "?t=(task token)");
        check(
            &format!("\"{}\"", TOKEN.replace('-', "\\u002D").replace('_', "\\\\u005f")),
            "\"(task token)\"",
        );
        check(&TOKEN.replace('-', "&#45;").replace('_', "&#x5F;"), MARKER);
        check(&TOKEN[..12], MARKER);
        check("SLT1-", "SLT1-");
        check("SLT1 SLT1-é SLT1%2", "SLT1 SLT1-é SLT1%2");
        check(&format!("é{TOKEN}é"), "é(task token)é");
        check(&format!("&quot;{TOKEN}&quot;"), "&quot;(task token)&quot;");
        check(&format!("{TOKEN}\\n"), "(task token)\\n");
        check("SLT1SLT1-abc", "SLT1(task token)");
    }

    #[test]
    fn json_stays_json() {
        fn check(value: Value, expected: Value) {
            let text = value.to_string();
            let clean: Value = serde_json::from_str(&without_tokens(&text)).expect("still JSON");
            assert_eq!(clean, expected);
        }
        check(json!({ "Token": TOKEN, "n": 1 }), json!({ "Token": MARKER, "n": 1 }));
        check(json!({ TOKEN: [TOKEN] }), json!({ MARKER: [MARKER] }));
        let once = json!({ "Token": TOKEN }).to_string();
        check(
            json!({ "Payload": once }),
            json!({ "Payload": json!({ "Token": MARKER }).to_string() }),
        );
        let twice = json!({ "Body": once }).to_string();
        let clean_twice = json!({ "Body": json!({ "Token": MARKER }).to_string() }).to_string();
        check(json!([twice]), json!([clean_twice]));
    }
}
