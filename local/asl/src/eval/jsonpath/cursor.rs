//! A place in the text of a path.

/// The reason for which a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at character {position} of '{text}'")]
pub struct PathSyntaxError {
    /// The whole text.
    pub text: String,
    /// The place, counted in bytes from 0.
    pub position: usize,
    /// The thing that was expected or is not allowed.
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
