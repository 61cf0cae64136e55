//! Filter patterns: terms, regular expressions, and conditions on JSON.
//! See the [syntax](https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html).

use regex::Regex;

use crate::bounded_regex::regex;
use crate::json_pattern::JsonPattern;

/// A pattern that log events fit or do not.
#[derive(Debug)]
pub(crate) enum FilterPattern {
    /// Terms: all of `all`, one of `any` if there are some, none of `none`.
    Terms {
        all: Vec<Term>,
        any: Vec<Term>,
        none: Vec<Term>,
    },
    /// `{ $.level = "ERROR" }`
    Json(JsonPattern),
}

/// A term.
#[derive(Debug)]
pub(crate) enum Term {
    /// Text, large and small letters being different.
    Text(String),
    /// `%a.c%`
    Regex(Regex),
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Text(text) => message.contains(text.as_str()),
            Self::Regex(regex) => regex.is_match(message),
        }
    }
}

impl FilterPattern {
    /// Reads a pattern; an empty one fits everything.
    ///
    /// # Errors
    /// The problem, in words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('{') {
            return JsonPattern::parse(text).map(Self::Json);
        }
        if text.starts_with('[') {
            return Err(format!(
                "Invalid filter pattern: {text:?} is one of space-delimited fields, which is not available locally: use \
                 terms, %regular expressions% or {{ $.conditions }}."
            ));
        }
        let (mut all, mut any, mut none) = (Vec::new(), Vec::new(), Vec::new());
        let mut rest = text;
        while !rest.is_empty() {
            let (group, after) = match rest.as_bytes()[0] {
                b'?' => (&mut any, &rest[1..]),
                b'-' => (&mut none, &rest[1..]),
                _ => (&mut all, rest),
            };
            let (term, after) = read_term(after)?;
            group.push(term);
            rest = after.trim_start();
        }
        Ok(Self::Terms { all, any, none })
    }

    /// Tells whether a message fits.
    pub(crate) fn fits(&self, message: &str) -> bool {
        match self {
            Self::Terms { all, any, none } => {
                all.iter().all(|term| term.is_in(message))
                    && (any.is_empty() || any.iter().any(|term| term.is_in(message)))
                    && !none.iter().any(|term| term.is_in(message))
            }
            Self::Json(pattern) => pattern.fits(message),
        }
    }
}

/// Reads a term from the beginning of a text, and gives what is behind it.
fn read_term(text: &str) -> Result<(Term, &str), String> {
    for (quote, is_regex) in [('"', false), ('%', true)] {
        let Some(inner) = text.strip_prefix(quote) else {
            continue;
        };
        let Some((term, rest)) = inner.split_once(quote) else {
            return Err(format!("Invalid filter pattern: {quote} is not closed in {text:?}."));
        };
        let term = if is_regex {
            Term::Regex(regex(term)?)
        } else {
            Term::Text(term.to_owned())
        };
        return Ok((term, rest));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    if end == 0 {
        return Err("Invalid filter pattern: a term is empty.".to_owned());
    }
    Ok((Term::Text(text[..end].to_owned()), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_all_there_one_of_some_and_none_of_others() {
        fn check(pattern: &str, message: &str, expected: bool) {
            let pattern = FilterPattern::parse(pattern).expect(pattern);
            assert_eq!(pattern.fits(message), expected, "{pattern:?} {message:?}");
        }
        check("", "anything", true);
        check("ERROR", "an ERROR here", true);
        check("ERROR", "an error here", false);
        check("ERROR x", "x ERROR", true);
        check("ERROR x", "ERROR", false);
        check("\"INTERNAL SERVER\"", "an INTERNAL SERVER error", true);
        check("\"INTERNAL SERVER\"", "SERVER INTERNAL", false);
        check("?ERROR ?WARN", "WARN", true);
        check("?ERROR ?WARN", "INFO", false);
        check("ERROR -timeout", "ERROR timeout", false);
        check("ERROR -timeout", "ERROR disk", true);
        check("-\"exit now\"", "exit", true);
        check("%4[0-9]{2}%", "status 404", true);
        check("%4[0-9]{2}%", "status 504", false);
    }

    #[test]
    fn what_is_no_pattern_is_refused_in_words() {
        fn check(pattern: &str, expected: &str) {
            let refused = FilterPattern::parse(pattern).expect_err(pattern);
            assert!(refused.contains(expected), "{refused}");
        }
        check("\"open", "not closed");
        check("%[%", "unclosed character class");
        check("[a, b]", "space-delimited");
        check("a - b", "empty");
        check("{ $.a = }", "value");
    }
}
