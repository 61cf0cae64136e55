//! JSONata's messages as AWS shows them: tokens as they are written, in double quotes.

use jsonata_core::parser::ParserError;

/// A parser's message, without its code.
pub(super) fn syntax(error: &ParserError) -> String {
    match error {
        ParserError::Expected { expected, found } if expected != "parameter name" => match found.as_str() {
            "Eof" => format!("Expected \"{}\" before end of expression", token(expected)),
            found => format!("Expected \"{}\", got \"{}\"", token(expected), token(found)),
        },
        other => {
            let text = other.to_string();
            match text.split_once(": ") {
                Some((code, message)) if code.len() == 5 && code.starts_with('S') => message.to_owned(),
                _ => text,
            }
        }
    }
}

/// An evaluator's message, `T2001: The left side of the "+" operator …`.
pub(super) fn evaluation(message: &str) -> String {
    const BEFORE: &str = " side of the ";
    const AFTER: &str = " operator";
    let quoted = message.split_once(BEFORE).and_then(|(head, rest)| {
        let (operator, tail) = rest.split_once(AFTER)?;
        (!operator.starts_with('"')).then(|| format!("{head}{BEFORE}\"{operator}\"{AFTER}{tail}"))
    });
    quoted.unwrap_or_else(|| message.to_owned())
}

/// The text of a token that the parser names.
fn token(name: &str) -> &str {
    const TOKENS: [(&str, &str); 30] = [
        ("Plus", "+"),
        ("Minus", "-"),
        ("Star", "*"),
        ("StarStar", "**"),
        ("Slash", "/"),
        ("Percent", "%"),
        ("Equal", "="),
        ("NotEqual", "!="),
        ("LessThan", "<"),
        ("LessThanOrEqual", "<="),
        ("GreaterThan", ">"),
        ("GreaterThanOrEqual", ">="),
        ("Ampersand", "&"),
        ("Dot", "."),
        ("DotDot", ".."),
        ("Question", "?"),
        ("Colon", ":"),
        ("ColonEqual", ":="),
        ("TildeArrow", "~>"),
        ("LeftParen", "("),
        ("RightParen", ")"),
        ("LeftBracket", "["),
        ("RightBracket", "]"),
        ("LeftBrace", "{"),
        ("RightBrace", "}"),
        ("Comma", ","),
        ("Semicolon", ";"),
        ("Caret", "^"),
        ("Pipe", "|"),
        ("Hash", "#"),
    ];
    if let Some((_, text)) = TOKENS.iter().find(|(known, _)| *known == name) {
        return text;
    }
    // Identifier("x"), Number(1.0): what is written
    match name.split_once('(') {
        Some((_, value)) => value.trim_end_matches(')').trim_matches('"'),
        None => name,
    }
}
