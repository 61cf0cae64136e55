//! Text to a tree of calls.

use serde_json::Value;

use super::call::{Argument, Call, Function, IntrinsicCall};
use crate::eval::jsonpath::JsonPathQuery;

/// The reason for which a text is no intrinsic call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at character {position} of '{text}'")]
pub struct IntrinsicSyntaxError {
    /// The whole text.
    pub text: String,
    /// The place, counted in bytes from 0.
    pub position: usize,
    /// The thing that was expected or is not allowed.
    pub what: String,
}

/// Calls inside calls: AWS allows ten, and a bound keeps the parser off the end of the stack.
const MAX_DEPTH: usize = 10;

struct Parser<'t> {
    text: &'t str,
    position: usize,
}

type Parsed<T> = Result<T, IntrinsicSyntaxError>;

fn parse(text: &str) -> Parsed<IntrinsicCall> {
    let mut parser = Parser { text, position: 0 };
    parser.skip_blanks();
    let call = parser.call(MAX_DEPTH)?;
    parser.skip_blanks();
    if parser.position < text.len() {
        return parser.fail("the end was expected");
    }
    Ok(IntrinsicCall {
        text: text.into(),
        call,
    })
}

impl IntrinsicCall {
    /// Compiles `text`.
    ///
    /// ```
    /// use sluice_asl::eval::IntrinsicCall;
    ///
    /// let call = IntrinsicCall::parse("States.Format('{} of {}', $.done, $.all)")?;
    /// let paths: Vec<&str> = call.paths().into_iter().map(|path| path.text()).collect();
    /// assert_eq!(paths, ["$.done", "$.all"]);
    /// assert!(IntrinsicCall::parse("States.Unheard()").is_err());
    /// # Ok::<(), sluice_asl::eval::IntrinsicSyntaxError>(())
    /// ```
    ///
    /// # Errors
    /// When it is no call, or names a function or a number of arguments that Step Functions does not know.
    pub fn parse(text: &str) -> Result<Self, IntrinsicSyntaxError> {
        parse(text)
    }
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.position += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.position += token.len();
        }
        found
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
    }

    fn fail<T>(&self, what: impl Into<String>) -> Parsed<T> {
        Err(IntrinsicSyntaxError {
            text: self.text.to_owned(),
            position: self.position,
            what: what.into(),
        })
    }

    fn call(&mut self, depth: usize) -> Parsed<Call> {
        if depth == 0 {
            return self.fail("calls are nested too deeply");
        }
        if !self.eat("States.") {
            return self.fail("'States.' was expected");
        }
        let name_end = self
            .rest()
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(self.rest().len());
        let name = &self.rest()[..name_end];
        let Some((name, function, least, most)) = Function::ALL.iter().find(|(known, ..)| *known == name) else {
            return self.fail(format!("the function 'States.{name}' is not known"));
        };
        self.position += name_end;
        self.skip_blanks();
        if !self.eat("(") {
            return self.fail("'(' was expected");
        }
        let arguments = self.arguments(depth)?;
        if arguments.len() < *least || arguments.len() > *most {
            return self.fail(format!("States.{name} does not take {} arguments", arguments.len()));
        }
        Ok(Call {
            function: *function,
            arguments,
        })
    }

    fn arguments(&mut self, depth: usize) -> Parsed<Vec<Argument>> {
        let mut arguments = Vec::new();
        self.skip_blanks();
        if self.eat(")") {
            return Ok(arguments);
        }
        loop {
            self.skip_blanks();
            arguments.push(self.argument(depth)?);
            self.skip_blanks();
            if self.eat(")") {
                return Ok(arguments);
            }
            if !self.eat(",") {
                return self.fail("',' or ')' was expected");
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Parsed<Argument> {
        match self.peek() {
            Some('\'') => Ok(Argument::Literal(Value::String(self.string()?))),
            Some('$') => self.path(),
            Some('S') => Ok(Argument::Call(self.call(depth - 1)?)),
            _ => self.literal(),
        }
    }

    /// A quoted string; only `\'`, `\{`, `\}` and `\\` are escapes. The braces' escapes stay for `States.Format`.
    fn string(&mut self) -> Parsed<String> {
        self.bump();
        let mut out = String::new();
        loop {
            match self.bump() {
                None => return self.fail("a quote is not closed"),
                Some('\'') => return Ok(out),
                Some('\\') => match self.bump() {
                    Some('\'') => out.push('\''),
                    Some(c @ ('{' | '}' | '\\')) => out.extend(['\\', c]),
                    _ => return self.fail("only \\', \\{, \\} and \\\\ are escapes"),
                },
                Some(c) => out.push(c),
            }
        }
    }

    /// A path: up to the comma or parenthesis that is not inside of brackets, quotes or parentheses.
    fn path(&mut self) -> Parsed<Argument> {
        let start = self.position;
        let mut open = 0usize;
        while let Some(c) = self.peek() {
            match c {
                '[' | '(' => open += 1,
                ')' | ',' if open == 0 => break,
                ']' | ')' => open = open.saturating_sub(1),
                '\'' | '"' if open > 0 => self.skip_quoted(c),
                '\\' => {
                    self.bump();
                }
                _ => {}
            }
            self.bump();
        }
        let text = self.text[start..self.position].trim_end();
        match JsonPathQuery::parse(text) {
            Ok(path) => Ok(Argument::Path(path)),
            Err(error) => self.fail(error.to_string()),
        }
    }

    /// Leaves the cursor on the closing quote, if there is one.
    fn skip_quoted(&mut self, quote: char) {
        self.bump();
        while let Some(c) = self.peek() {
            if c == quote {
                return;
            }
            self.bump();
            if c == '\\' {
                self.bump();
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn literal(&mut self) -> Parsed<Argument> {
        let end = self
            .rest()
            .find(|c: char| c == ',' || c == ')' || c.is_whitespace())
            .unwrap_or(self.rest().len());
        match serde_json::from_str::<Value>(&self.rest()[..end]) {
            Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => {
                self.position += end;
                Ok(Argument::Literal(value))
            }
            _ => self.fail("a string in single quotes, a number, true, false, null, a path or a call was expected"),
        }
    }
}
