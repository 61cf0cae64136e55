//! The words of filters: comparisons, literals, regular expressions.

use regex::RegexBuilder;
use serde_json::Value;

use super::cursor::{Cursor, Parsed};
use super::query::{Comparator, Operand, Pattern};

/// The most bytes of a compiled regular expression: a definition may hold thousands.
const MAX_PATTERN: usize = 1 << 17;

/// The comparison that stands here. Words may be written in any case, and end where their letters do.
pub(super) fn comparator(cursor: &mut Cursor<'_>) -> Option<Comparator> {
    const SYMBOLS: [(&str, Comparator); 8] = [
        ("===", Comparator::Identical),
        ("!==", Comparator::NotIdentical),
        ("==", Comparator::Equal),
        ("!=", Comparator::NotEqual),
        ("<=", Comparator::LessOrEqual),
        (">=", Comparator::GreaterOrEqual),
        ("<", Comparator::Less),
        (">", Comparator::Greater),
    ];
    const WORDS: [(&str, Comparator); 9] = [
        ("in", Comparator::In),
        ("nin", Comparator::NotIn),
        ("contains", Comparator::Contains),
        ("all", Comparator::All),
        ("subsetof", Comparator::SubsetOf),
        ("anyof", Comparator::AnyOf),
        ("noneof", Comparator::NoneOf),
        ("size", Comparator::Size),
        ("empty", Comparator::Empty),
    ];
    if let Some((_, comparator)) = SYMBOLS.iter().find(|(token, _)| cursor.eat(token)) {
        return Some(*comparator);
    }
    let rest = cursor.rest();
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (_, comparator) = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(&rest[..end]))?;
    cursor.position += end;
    Some(*comparator)
}

/// A text without quotes, up to one of `ends`; blanks around it are not part of it.
pub(super) fn bare_text(cursor: &mut Cursor<'_>, ends: &[&str]) -> Parsed<Operand> {
    let rest = cursor.rest();
    let end = ends.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    let text = rest[..end].trim();
    // these begin something else, which is not closed
    if text.is_empty() || text.starts_with(['\'', '"', '[', '{', '/', '@', '$', '(']) {
        return cursor.fail("a path or a literal was expected");
    }
    cursor.position += end;
    Ok(Operand::Literal(Value::String(text.to_owned())))
}

pub(super) fn list(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    cursor.expect("[", "'[' was expected")?;
    let mut items = Vec::new();
    cursor.skip_blanks();
    while !cursor.eat("]") {
        let item = match cursor.peek() {
            Some('\'' | '"') => Operand::Literal(Value::String(cursor.quoted()?)),
            _ => {
                let start = cursor.position;
                match word(cursor) {
                    Ok(word) if cursor.rest().trim_start().starts_with([',', ']']) => word,
                    _ => {
                        cursor.position = start;
                        bare_text(cursor, &[",", "]"])?
                    }
                }
            }
        };
        if let Operand::Literal(value) = item {
            items.push(value);
        }
        cursor.skip_blanks();
        if !cursor.eat(",") && cursor.peek() != Some(']') {
            return cursor.fail("',' or ']' was expected");
        }
        cursor.skip_blanks();
    }
    Ok(Operand::Literal(Value::Array(items)))
}

/// A number, `true`, `false` or `null`.
pub(super) fn word(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    let rest = cursor.rest();
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')))
        .unwrap_or(rest.len());
    match serde_json::from_str::<Value>(&rest[..end]) {
        Ok(value) => {
            cursor.position += end;
            Ok(Operand::Literal(value))
        }
        Err(_) => cursor.fail("a path or a literal was expected"),
    }
}

/// `/…/` and its flags.
pub(super) fn pattern(cursor: &mut Cursor<'_>) -> Parsed<Pattern> {
    cursor.expect("/", "a regular expression was expected")?;
    let mut body = String::new();
    loop {
        match cursor.bump() {
            None => return cursor.fail("a regular expression is not closed"),
            Some('/') => break,
            Some('\\') if cursor.peek() == Some('/') => {
                cursor.bump();
                body.push('/');
            }
            Some(c) => body.push(c),
        }
    }
    let rest = cursor.rest();
    let flags = &rest[..rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len())];
    // Java's flags; those about Unicode and line ends are how matching is done anyway
    if flags.contains(|c| !"imsxudU".contains(c)) {
        return cursor.fail("a flag of the regular expression is not known");
    }
    cursor.position += flags.len();
    let whole = format!("^(?:{body})$");
    match RegexBuilder::new(&whole)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .ignore_whitespace(flags.contains('x'))
        .size_limit(MAX_PATTERN)
        .dfa_size_limit(MAX_PATTERN)
        .build()
    {
        Ok(regex) => Ok(Pattern(regex)),
        Err(_) => cursor.fail("the regular expression is not valid"),
    }
}
