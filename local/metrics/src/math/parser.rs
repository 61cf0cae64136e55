//! Tokens to a tree. Binds the strongest first: `^`, unary `-`, `* /`, `+ -`, comparisons, `AND`, `OR`.

use super::lexer::{Token, tokens};
use super::{Function, MathError};

/// The greatest depth of an expression: the evaluation follows it on the stack. (It follows a chain of operators from
/// left to right in a loop.)
const MAX_DEPTH: usize = 48;

/// A parsed expression.
///
/// ```
/// use sluice_metrics::math::Expression;
///
/// let rate = Expression::parse("100 * errors / calls")?;
/// let ids: Vec<_> = rate.ids().into_iter().map(|(id, _)| id).collect();
/// assert_eq!(ids, ["errors", "calls"]);
/// assert!(Expression::parse("100 *").is_err());
/// # Ok::<(), sluice_metrics::math::MathError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    pub(super) root: Node,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Number(f64),
    Text(String),
    /// Another query's id.
    Id {
        name: String,
        at: usize,
    },
    /// `REPEAT`, `DESC`, `AVG` without parentheses: means something only to the function that it is given to.
    Keyword {
        word: String,
        at: usize,
    },
    Negative {
        of: Box<Node>,
        at: usize,
    },
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
        at: usize,
    },
    Call {
        function: Function,
        arguments: Vec<Node>,
        at: usize,
    },
    Array(Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Equal,
    Unequal,
    AtMost,
    AtLeast,
    Less,
    More,
    And,
    Or,
}

impl Operator {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Power => "^",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
            Self::Less => "<",
            Self::More => ">",
            Self::And => "AND",
            Self::Or => "OR",
        }
    }

    /// The operators that bind equally strongly, the weakest first.
    fn of_level(level: usize, token: &Token) -> Option<Self> {
        let text = match token {
            Token::Sign(sign) => sign,
            Token::Word(word) => word.as_str(),
            Token::Number(_) | Token::Text(_) | Token::End => return None,
        };
        Some(match (level, text) {
            (0, "OR" | "||") => Self::Or,
            (1, "AND" | "&&") => Self::And,
            (2, "==") => Self::Equal,
            (2, "!=") => Self::Unequal,
            (2, "<=") => Self::AtMost,
            (2, ">=") => Self::AtLeast,
            (2, "<") => Self::Less,
            (2, ">") => Self::More,
            (3, "+") => Self::Add,
            (3, "-") => Self::Subtract,
            (4, "*") => Self::Multiply,
            (4, "/") => Self::Divide,
            _ => return None,
        })
    }
}

/// One more operator of a chain: itself, what stands to its right, its position.
pub(super) type Link<'n> = (Operator, &'n Node, usize);

impl Node {
    /// A chain of operators from left to right: its first operand, and what is done to it.
    pub(super) fn chain(&self) -> (&Node, Vec<Link<'_>>) {
        let (mut first, mut links) = (self, Vec::new());
        while let Self::Binary {
            operator,
            left,
            right,
            at,
        } = first
        {
            links.push((*operator, right.as_ref(), *at));
            first = left;
        }
        links.reverse();
        (first, links)
    }
}

/// The level of `* /`; what binds more strongly is no chain of operators from left to right.
const LAST_LEVEL: usize = 4;

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`MathError`] with the position of the first mistake.
    pub fn parse(text: &str) -> Result<Self, MathError> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            next: 0,
            depth: 0,
        };
        let root = parser.chain(0)?;
        match parser.peek() {
            (Token::End, _) => Ok(Self { root }),
            _ => Err(parser.unexpected("an operator or the end")),
        }
    }

    /// The ids that it names, each with its position.
    pub fn ids(&self) -> Vec<(&str, usize)> {
        let mut found = Vec::new();
        gather(&self.root, &mut found);
        found
    }
}

fn gather<'n>(node: &'n Node, found: &mut Vec<(&'n str, usize)>) {
    match node {
        Node::Number(_) | Node::Text(_) | Node::Keyword { .. } => {}
        Node::Id { name, at } => found.push((name, *at)),
        Node::Negative { of, .. } => gather(of, found),
        Node::Binary { .. } => {
            let (first, links) = node.chain();
            gather(first, found);
            links.iter().for_each(|(_, right, _)| gather(right, found));
        }
        Node::Call { arguments: nodes, .. } | Node::Array(nodes) => {
            nodes.iter().for_each(|node| gather(node, found));
        }
    }
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
}

impl Parser {
    /// The last token is the end, and nothing goes beyond it.
    fn peek(&self) -> (&Token, usize) {
        match self.tokens.get(self.next).or(self.tokens.last()) {
            Some((token, at)) => (token, *at),
            None => (&Token::End, 1),
        }
    }

    fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek().0, Token::Sign(found) if *found == sign);
        self.next += usize::from(found);
        found
    }

    fn unexpected(&self, expected: &'static str) -> MathError {
        let (token, at) = self.peek();
        MathError::Unexpected {
            expected,
            found: token.shown(),
            at,
        }
    }

    /// Goes one level of nesting deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, MathError>) -> Result<T, MathError> {
        self.depth += 1;
        let read = if self.depth > MAX_DEPTH {
            Err(MathError::TooDeep { at: self.peek().1 })
        } else {
            read(self)
        };
        self.depth -= 1;
        read
    }

    /// Operators of one level, from left to right.
    fn chain(&mut self, level: usize) -> Result<Node, MathError> {
        if level > LAST_LEVEL {
            return self.unary();
        }
        let mut left = self.chain(level + 1)?;
        while let Some(operator) = Operator::of_level(level, self.peek().0) {
            let at = self.peek().1;
            self.next += 1;
            let right = self.chain(level + 1)?;
            left = Node::Binary {
                operator,
                left: Box::new(left),
                right: Box::new(right),
                at,
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, MathError> {
        let at = self.peek().1;
        if self.accept("-") {
            let of = self.deeper(Self::unary)?;
            return Ok(Node::Negative { of: Box::new(of), at });
        }
        let base = self.primary()?;
        let at = self.peek().1;
        if !self.accept("^") {
            return Ok(base);
        }
        let exponent = self.deeper(Self::unary)?;
        Ok(Node::Binary {
            operator: Operator::Power,
            left: Box::new(base),
            right: Box::new(exponent),
            at,
        })
    }

    fn primary(&mut self) -> Result<Node, MathError> {
        let (token, at) = self.peek();
        let token = token.clone();
        match token {
            Token::Number(number) => {
                self.next += 1;
                Ok(Node::Number(number))
            }
            Token::Text(text) => {
                self.next += 1;
                Ok(Node::Text(text))
            }
            Token::Word(word) => {
                self.next += 1;
                self.word(word, at)
            }
            Token::Sign("(") => {
                self.next += 1;
                let inner = self.deeper(|parser| parser.chain(0))?;
                if self.accept(")") {
                    Ok(inner)
                } else {
                    Err(self.unexpected("')'"))
                }
            }
            Token::Sign("[") => {
                self.next += 1;
                self.list("]", "',' or ']'").map(Node::Array)
            }
            Token::Sign(_) | Token::End => Err(self.unexpected("a number, an id or a function")),
        }
    }

    fn word(&mut self, word: String, at: usize) -> Result<Node, MathError> {
        if self.accept("(") {
            let function = Function::named(&word, at)?;
            let arguments = self.list(")", "',' or ')'")?;
            function.check_arguments(arguments.len(), at)?;
            return Ok(Node::Call {
                function,
                arguments,
                at,
            });
        }
        // ids begin with a lower-case letter
        Ok(if word.starts_with(|c: char| c.is_ascii_lowercase()) {
            Node::Id { name: word, at }
        } else {
            Node::Keyword { word, at }
        })
    }

    /// Expressions between commas, up to a closing sign.
    fn list(&mut self, end: &'static str, expected: &'static str) -> Result<Vec<Node>, MathError> {
        let mut items = Vec::new();
        if self.accept(end) {
            return Ok(items);
        }
        loop {
            items.push(self.deeper(|parser| parser.chain(0))?);
            if self.accept(end) {
                return Ok(items);
            }
            if !self.accept(",") {
                return Err(self.unexpected(expected));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree with a parenthesis around each operation.
    fn shown(node: &Node) -> String {
        let all = |nodes: &[Node]| nodes.iter().map(shown).collect::<Vec<_>>().join(",");
        match node {
            Node::Number(number) => number.to_string(),
            Node::Text(text) => format!("{text:?}"),
            Node::Id { name: word, .. } | Node::Keyword { word, .. } => word.clone(),
            Node::Negative { of, .. } => format!("(-{})", shown(of)),
            Node::Binary {
                operator, left, right, ..
            } => format!("({}{}{})", shown(left), operator.sign(), shown(right)),
            Node::Call {
                function, arguments, ..
            } => format!("{}({})", function.name(), all(arguments)),
            Node::Array(items) => format!("[{}]", all(items)),
        }
    }

    #[test]
    fn operators_bind_as_in_mathematics() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                Expression::parse(text).map(|found| shown(&found.root)).as_deref(),
                Ok(expected),
                "{text}"
            );
        };
        check("a+b*c-d", "((a+(b*c))-d)");
        check("a/b/c", "((a/b)/c)");
        check("-a^2", "(-(a^2))");
        check("2^3^2", "(2^(3^2))");
        check("2^-1", "(2^(-1))");
        check("-5*m1", "((-5)*m1)");
        check("(a+b)*c", "((a+b)*c)");
        check("a>15 AND b>15 || c<=1", "(((a>15)AND(b>15))OR(c<=1))");
        check("a + 1 >= b * 2", "((a+1)>=(b*2))");
        check("SUM([m1,m2]/m3)", "SUM(([m1,m2]/m3))");
        check("METRICS('x')", "METRICS(\"x\")");
        check("FILL( m1 , REPEAT)", "FILL(m1,REPEAT)");
        check("1.5e3 + .5 + 2.", "((1500+0.5)+2)");
    }

    #[test]
    fn mistakes_are_named_with_their_position() {
        let check = |text: &str, expected: &str| {
            let error = Expression::parse(text).map_err(|error| error.to_string());
            assert_eq!(error.err().as_deref(), Some(expected), "{text}");
        };
        check(
            "",
            "expected a number, an id or a function at position 1, found the end",
        );
        check(
            "a +",
            "expected a number, an id or a function at position 4, found the end",
        );
        check("a b", "expected an operator or the end at position 3, found b");
        check("(a", "expected ')' at position 3, found the end");
        check("SUM(a;b)", "unexpected character ';' at position 6");
        check("1.2.3", "\"1.2.3\" at position 1 is no number");
        check("METRICS(\"x", "the text that begins at position 9 has no end");
        check("a + MEDIAN(b)", "unknown function MEDIAN at position 5");
        check("sum(b)", "unknown function sum at position 1");
        check(
            "SEARCH('{AWS/Lambda}')",
            "the function SEARCH at position 1 is not available locally: it needs CloudWatch's index of metrics; name the metrics instead",
        );
        check("ABS(a, b)", "ABS at position 1 takes 1 arguments, not 2");
        check("IF(a)", "IF at position 1 takes 2 or 3 arguments, not 1");
        check("a = b", "expected an operator or the end at position 3, found =");
        check("é", "unexpected character 'é' at position 1");
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
        assert!(Expression::parse(&nested(MAX_DEPTH)).is_ok());
        for text in [nested(1_000), "-".repeat(2_000), "2^".repeat(1_000), "[".repeat(2_000)] {
            let error = Expression::parse(&text);
            assert!(matches!(error, Err(MathError::TooDeep { .. })), "{error:?}");
        }
        let chain = Expression::parse(&vec!["a"; 1_000].join("+")).unwrap();
        assert_eq!(chain.ids().len(), 1_000);
    }
}
