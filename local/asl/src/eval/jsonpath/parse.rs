//! Text to segments and filters, which hold each other.

use std::sync::Arc;

use serde_json::Value;

use super::cursor::{Cursor, Parsed, PathSyntaxError};
use super::literal::{bare_text, comparator, list, pattern, word};
use super::query::{Filter, Function, JsonPathQuery, Operand, Root, Segment, Step};

impl JsonPathQuery {
    /// Compiles `text`.
    ///
    /// ```
    /// use sluice_asl::eval::{JsonPathQuery, Root};
    ///
    /// let path = JsonPathQuery::parse("$.orders[0].price")?;
    /// assert_eq!(*path.root(), Root::Input);
    /// assert!(path.is_definite() && path.is_reference());
    /// assert!(!JsonPathQuery::parse("$.orders[*].price")?.is_definite());
    /// # Ok::<(), sluice_asl::eval::PathSyntaxError>(())
    /// ```
    ///
    /// # Errors
    /// When it is not a path, or one that Step Functions does not know.
    pub fn parse(text: &str) -> Result<Self, PathSyntaxError> {
        parse_query(text)
    }
}

/// Nesting of parentheses that a filter may have.
const MAX_FILTER_DEPTH: usize = 64;

/// A whole path.
fn parse_query(text: &str) -> Parsed<JsonPathQuery> {
    // blanks around a path say nothing
    let mut cursor = Cursor::new(text.trim_end_matches(' '));
    cursor.skip_blanks();
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

/// All segments from here on, and a function at their end. A dot before a bracket says nothing.
fn segments(cursor: &mut Cursor<'_>) -> Parsed<(Vec<Segment>, Option<Function>)> {
    let mut out = Vec::new();
    loop {
        if cursor.eat("..") {
            out.push(Segment::Descend);
        } else if cursor.eat(".") {
            if let Some(function) = function(cursor)? {
                return Ok((out, Some(function)));
            }
        } else if cursor.peek() != Some('[') {
            return Ok((out, None));
        }
        out.push(if cursor.peek() == Some('[') {
            bracketed(cursor)?
        } else {
            dotted(cursor)?
        });
    }
}

fn function(cursor: &mut Cursor<'_>) -> Parsed<Option<Function>> {
    const WITHOUT_ARGUMENTS: [(&str, Function); 10] = [
        ("length()", Function::Length),
        ("size()", Function::Length),
        ("min()", Function::Min),
        ("max()", Function::Max),
        ("avg()", Function::Avg),
        ("sum()", Function::Sum),
        ("stddev()", Function::StandardDeviation),
        ("keys()", Function::Keys),
        ("first()", Function::First),
        ("last()", Function::Last),
    ];
    for (name, function) in WITHOUT_ARGUMENTS {
        if cursor.eat(name) {
            return Ok(Some(function));
        }
    }
    if cursor.eat("index(") {
        cursor.skip_blanks();
        let Some(index) = cursor.integer()? else {
            return cursor.fail("an index was expected");
        };
        cursor.skip_blanks();
        cursor.expect(")", "')' was expected")?;
        return Ok(Some(Function::Index(index)));
    }
    if cursor.eat("concat(") {
        return concat_arguments(cursor).map(|arguments| Some(Function::Concat(arguments)));
    }
    Ok(None)
}

fn concat_arguments(cursor: &mut Cursor<'_>) -> Parsed<Vec<Operand>> {
    let mut arguments = Vec::new();
    cursor.skip_blanks();
    while !cursor.eat(")") {
        arguments.push(operand(cursor)?);
        cursor.skip_blanks();
        if !cursor.eat(",") && cursor.peek() != Some(')') {
            return cursor.fail("',' or ')' was expected");
        }
        cursor.skip_blanks();
    }
    Ok(arguments)
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
    let condition = condition(cursor)?;
    cursor.skip_blanks();
    cursor.expect(")", "')' was expected")?;
    Ok(condition)
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
        cursor.skip_blanks();
        // a step is taken and changes nothing, as in Jayway's library
        if cursor.eat(":") {
            cursor.skip_blanks();
            cursor.integer()?;
        }
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

/// The condition from the cursor on, up to the closing parenthesis.
fn condition(cursor: &mut Cursor<'_>) -> Parsed<Filter> {
    either(cursor, MAX_FILTER_DEPTH)
}

fn either(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Filter> {
    let mut options = vec![both(cursor, depth)?];
    loop {
        cursor.skip_blanks();
        if !cursor.eat("||") {
            break;
        }
        options.push(both(cursor, depth)?);
    }
    Ok(if options.len() == 1 {
        options.remove(0)
    } else {
        Filter::Or(options)
    })
}

fn both(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Filter> {
    let mut terms = vec![term(cursor, depth)?];
    loop {
        cursor.skip_blanks();
        if !cursor.eat("&&") {
            break;
        }
        terms.push(term(cursor, depth)?);
    }
    Ok(if terms.len() == 1 {
        terms.remove(0)
    } else {
        Filter::And(terms)
    })
}

fn term(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Filter> {
    if depth == 0 {
        return cursor.fail("the filter is nested too deeply");
    }
    cursor.skip_blanks();
    if cursor.eat("!") {
        return Ok(Filter::Not(Box::new(term(cursor, depth - 1)?)));
    }
    if cursor.eat("(") {
        let inner = either(cursor, depth - 1)?;
        cursor.skip_blanks();
        cursor.expect(")", "')' was expected")?;
        return Ok(inner);
    }
    let left = operand(cursor)?;
    cursor.skip_blanks();
    if cursor.eat("=~") {
        cursor.skip_blanks();
        return Ok(Filter::Matches(left, pattern(cursor)?));
    }
    let Some(comparator) = comparator(cursor) else {
        return match left {
            Operand::Literal(_) => cursor.fail("a comparison was expected"),
            path => Ok(Filter::Exists(path)),
        };
    };
    cursor.skip_blanks();
    Ok(Filter::Compare(left, comparator, right(cursor)?))
}

/// The right side of a comparison, which may be a text without quotes.
fn right(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    let start = cursor.position;
    if let Ok(operand) = operand(cursor) {
        let after = cursor.rest().trim_start();
        if matches!(operand, Operand::Current(..) | Operand::Document(..))
            || [")", "&&", "||"].iter().any(|end| after.starts_with(end))
        {
            return Ok(operand);
        }
    }
    cursor.position = start;
    bare_text(cursor, &[")", "&&", "||"])
}

fn operand(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    if cursor.eat("@") {
        let (segments, function) = segments(cursor)?;
        return Ok(Operand::Current(segments, function));
    }
    if cursor.eat("$") {
        let (segments, function) = segments(cursor)?;
        return Ok(Operand::Document(segments, function));
    }
    match cursor.peek() {
        Some('\'' | '"') => Ok(Operand::Literal(Value::String(cursor.quoted()?))),
        Some('[') => list(cursor),
        _ => word(cursor),
    }
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
