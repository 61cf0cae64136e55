//! The errors of expressions.

/// The reason why an expression cannot be read or computed. Positions are characters of the expression, the first is 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MathError {
    /// A character that begins nothing.
    #[error("unexpected character {found:?} at position {at}")]
    Character {
        /// The character.
        found: char,
        /// Its position.
        at: usize,
    },
    /// A text without its closing quote.
    #[error("the text that begins at position {at} has no end")]
    OpenText {
        /// Its position.
        at: usize,
    },
    /// A number that is none.
    #[error("{text:?} at position {at} is no number")]
    Number {
        /// As written.
        text: String,
        /// Its position.
        at: usize,
    },
    /// Something else was expected.
    #[error("expected {expected} at position {at}, found {found}")]
    Unexpected {
        /// A description of what could stand there.
        expected: &'static str,
        /// The text that stands there.
        found: String,
        /// Its position.
        at: usize,
    },
    /// More parentheses or operators within each other than are followed.
    #[error("the expression is nested too deeply at position {at}")]
    TooDeep {
        /// Its position.
        at: usize,
    },
    /// A function that CloudWatch does not have.
    #[error("unknown function {name} at position {at}")]
    UnknownFunction {
        /// As written.
        name: String,
        /// Its position.
        at: usize,
    },
    /// A function of CloudWatch that needs what is not here.
    #[error("the function {name} at position {at} is not available locally: it needs {needs}")]
    NotHere {
        /// The function.
        name: String,
        /// The part of CloudWatch that it needs.
        needs: &'static str,
        /// Its position.
        at: usize,
    },
    /// A name that is no query's id.
    #[error("unknown id {name} at position {at}: no metric or expression of the request has it")]
    UnknownId {
        /// As written.
        name: String,
        /// Its position.
        at: usize,
    },
    /// A value of another type than the function or operator takes.
    #[error("{what} at position {at} takes {takes}, not {got}")]
    Type {
        /// The function or operator.
        what: String,
        /// The type of value that is taken.
        takes: &'static str,
        /// The type of value that was given.
        got: &'static str,
        /// Its position.
        at: usize,
    },
    /// More or fewer arguments than the function takes.
    #[error("{name} at position {at} takes {takes} arguments, not {got}")]
    Arguments {
        /// The function.
        name: &'static str,
        /// The number of arguments that is taken.
        takes: &'static str,
        /// The number of arguments that was given.
        got: usize,
        /// Its position.
        at: usize,
    },
    /// The result has more points than are computed at once.
    #[error("the expression has more than {most} data points: ask for a shorter time or longer periods")]
    TooManyPoints {
        /// The limit.
        most: usize,
    },
    /// A result must be a series.
    #[error("the result is a single number, but must be a time series: TIME_SERIES makes one of a number")]
    Scalar,
}
