//! Text to segments.

use std::sync::Arc;

use super::filter::{self, Filter};
use super::{Function, JsonPathQuery, Root, Segment};
use crate::definition::Step;

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at character {position} of '{text}'")]
pub struct PathSyntaxError {
    /// The whole text.
    pub text: String,
    /// Where, counted in bytes from 0.
    pub position: usize,
    /// What was expected or is not allowed.
    pub what: &'static str,
}

/// A place in a path's text.
pub(super) struct Cursor<'t> {
    text: &'t str,
    pub(super) position: usize,
}

pub(super) type Parsed<T> = Result<T, PathSyntaxError>;

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, position: 0 }
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.position += c.len_utf8();
        Some(c)
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.position += token.len();
        }
        found
    }

    pub(super) fn expect(&mut self, token: &str, what: &'static str) -> Parsed<()> {
        if self.eat(token) { Ok(()) } else { self.fail(what) }
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
    }

    pub(super) fn fail<T>(&self, what: &'static str) -> Parsed<T> {
        Err(PathSyntaxError {
            text: self.text.to_owned(),
            position: self.position,
            what,
        })
    }

    /// A quoted string; the cursor stands on its quote. Only the quote and the backslash can be escaped.
    pub(super) fn quoted(&mut self) -> Parsed<String> {
        let Some(quote @ ('\'' | '"')) = self.bump() else {
            return self.fail("a quoted name was expected");
        };
        let mut out = String::new();
        loop {
            match self.bump() {
                None => return self.fail("a quote is not closed"),
                Some('\\') => match self.bump() {
                    None => return self.fail("a quote is not closed"),
                    Some(c) if c == quote || c == '\\' => out.push(c),
                    Some(c) => out.extend(['\\', c]),
                },
                Some(c) if c == quote => return Ok(out),
                Some(c) => out.push(c),
            }
        }
    }

    /// An integer, if one stands here.
    pub(super) fn integer(&mut self) -> Parsed<Option<i64>> {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Ok(None);
        }
        match rest[..sign + digits].parse() {
            Ok(n) => {
                self.position += sign + digits;
                Ok(Some(n))
            }
            Err(_) => self.fail("an index is too large"),
        }
    }
}

/// A whole path.
pub(super) fn parse_query(text: &str) -> Parsed<JsonPathQuery> {
    let mut cursor = Cursor::new(text);
    cursor.expect("$", "a path must begin with '$'")?;
    let root = if cursor.eat("$") {
        Root::Context
    } else {
        let name = variable_name(cursor.rest());
        cursor.position += name.len();
        if name.is_empty() {
            Root::Input
        } else {
            Root::Variable(Arc::from(name))
        }
    };
    let (segments, function) = segments(&mut cursor)?;
    if !cursor.rest().is_empty() {
        return cursor.fail("'.' or '[' was expected");
    }
    Ok(JsonPathQuery {
        text: text.into(),
        root,
        segments,
        function,
    })
}

/// The leading variable name of `text`: an identifier by Unicode's rules.
fn variable_name(text: &str) -> &str {
    let mut chars = text.char_indices();
    match chars.next() {
        Some((_, c)) if c.is_alphabetic() || c == '_' => {}
        _ => return "",
    }
    let end = chars
        .find(|(_, c)| !(c.is_alphanumeric() || *c == '_'))
        .map_or(text.len(), |(i, _)| i);
    &text[..end]
}

/// All segments from here on, and a function at their end.
pub(super) fn segments(cursor: &mut Cursor<'_>) -> Parsed<(Vec<Segment>, Option<Function>)> {
    let mut out = Vec::new();
    loop {
        if cursor.eat("..") {
            out.push(Segment::Descend);
            if cursor.peek() != Some('[') {
                out.push(dotted(cursor)?);
            }
        } else if cursor.eat(".") {
            if let Some(function) = function(cursor)? {
                return Ok((out, Some(function)));
            }
            if cursor.peek() == Some('[') {
                return cursor.fail("a name was expected after '.'");
            }
            out.push(dotted(cursor)?);
        } else if cursor.peek() == Some('[') {
            out.push(bracketed(cursor)?);
        } else {
            return Ok((out, None));
        }
    }
}

fn function(cursor: &mut Cursor<'_>) -> Parsed<Option<Function>> {
    const FUNCTIONS: [(&str, Function); 5] = [
        ("length()", Function::Length),
        ("min()", Function::Min),
        ("max()", Function::Max),
        ("avg()", Function::Avg),
        ("sum()", Function::Sum),
    ];
    let found = FUNCTIONS.iter().find(|(name, _)| cursor.rest().starts_with(name));
    if let Some((name, function)) = found {
        cursor.position += name.len();
        return Ok(Some(*function));
    }
    Ok(None)
}

/// A name after a dot, or `*`. A backslash takes the meaning from the character that follows it.
fn dotted(cursor: &mut Cursor<'_>) -> Parsed<Segment> {
    if cursor.eat("*") {
        return Ok(Segment::Wildcard);
    }
    let mut name = String::new();
    while let Some(c) = cursor.peek() {
        match c {
            '.' | '[' => break,
            '\\' => {
                cursor.bump();
                match cursor.bump() {
                    Some(escaped) => name.push(escaped),
                    None => return cursor.fail("a character was expected after '\\'"),
                }
            }
            // what cannot stand in a name without brackets; in filters these end the path
            ' ' | '\t' | '\n' | '\r' | '(' | ')' | ']' | ',' | '=' | '!' | '<' | '>' | '&' | '|' | '\'' | '"' | '~' => {
                break;
            }
            _ => {
                cursor.bump();
                name.push(c);
            }
        }
    }
    if name.is_empty() {
        cursor.fail("a name was expected after '.'")
    } else {
        Ok(Segment::Member(name))
    }
}

/// `[…]`; the cursor stands on the bracket.
fn bracketed(cursor: &mut Cursor<'_>) -> Parsed<Segment> {
    cursor.expect("[", "'[' was expected")?;
    cursor.skip_blanks();
    let segment = match cursor.peek() {
        Some('*') => {
            cursor.bump();
            Segment::Wildcard
        }
        Some('?') => {
            cursor.bump();
            Segment::Filter(bracketed_filter(cursor)?)
        }
        Some('\'' | '"') => names(cursor)?,
        _ => indices(cursor)?,
    };
    cursor.skip_blanks();
    cursor.expect("]", "']' was expected")?;
    Ok(segment)
}

fn bracketed_filter(cursor: &mut Cursor<'_>) -> Parsed<Filter> {
    cursor.skip_blanks();
    cursor.expect("(", "'(' was expected after '?'")?;
    let filter = filter::parse(cursor)?;
    cursor.skip_blanks();
    cursor.expect(")", "')' was expected")?;
    Ok(filter)
}

fn names(cursor: &mut Cursor<'_>) -> Parsed<Segment> {
    let first = cursor.quoted()?;
    let mut more = Vec::new();
    loop {
        cursor.skip_blanks();
        if !cursor.eat(",") {
            break;
        }
        cursor.skip_blanks();
        more.push(cursor.quoted()?);
    }
    if more.is_empty() {
        return Ok(Segment::Member(first));
    }
    more.insert(0, first);
    Ok(Segment::Members(more))
}

fn indices(cursor: &mut Cursor<'_>) -> Parsed<Segment> {
    let first = cursor.integer()?;
    cursor.skip_blanks();
    if cursor.eat(":") {
        cursor.skip_blanks();
        let to = cursor.integer()?;
        return Ok(Segment::Slice { from: first, to });
    }
    let Some(first) = first else {
        return cursor.fail("an index, a quoted name, '*' or '?' was expected");
    };
    let mut more = Vec::new();
    while cursor.eat(",") {
        cursor.skip_blanks();
        match cursor.integer()? {
            Some(n) => more.push(n),
            None => return cursor.fail("an index was expected"),
        }
        cursor.skip_blanks();
    }
    if more.is_empty() {
        return Ok(Segment::Index(first));
    }
    more.insert(0, first);
    Ok(Segment::Indexes(more))
}

/// The steps of a reference path over the input, as `ResultPath` needs them.
pub(crate) fn parse_steps(text: &str) -> Parsed<Vec<Step>> {
    let query = parse_query(text)?;
    if query.root != Root::Input {
        return Err(PathSyntaxError {
            text: text.to_owned(),
            position: 1,
            what: "a reference path begins with '$.' or '$['",
        });
    }
    reference_steps(&query).ok_or_else(|| PathSyntaxError {
        text: text.to_owned(),
        position: 0,
        what: "a reference path names one place",
    })
}

/// The steps of `query`, if it is a reference path.
pub(crate) fn reference_steps(query: &JsonPathQuery) -> Option<Vec<Step>> {
    if query.function.is_some() {
        return None;
    }
    query
        .segments
        .iter()
        .map(|segment| match segment {
            Segment::Member(name) => Some(Step::Member(name.clone())),
            Segment::Index(i) => usize::try_from(*i).ok().map(Step::Index),
            _ => None,
        })
        .collect()
}
