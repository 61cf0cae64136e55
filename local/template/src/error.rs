//! The errors of a template, each with its position.

use std::cell::{Cell, RefCell};
use std::fmt;

use crate::node::Position;

/// Errors beyond this number are counted, not listed.
const MAX_LISTED: usize = 100;

/// Everything that is wrong with a template, in the order of its lines.
///
/// `Display` gives one line per error: `file:line:column: Resource.Property: message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateErrors {
    /// The errors, sorted by position; never empty, at most 100.
    pub errors: Vec<TemplateError>,
    /// The number of further errors, which are not listed.
    pub omitted: usize,
}

impl fmt::Display for TemplateErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        if self.omitted > 0 {
            write!(f, "\nand {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for TemplateErrors {}

/// One thing that is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// The template's file name, as given to [`crate::parse`].
    pub file: String,
    /// The position in the file.
    pub at: Position,
    /// The element, such as `ListFunction.Environment.Variables`; empty when it concerns the whole file.
    pub path: String,
    /// The problem there.
    pub problem: Problem,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.at.line, self.at.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for TemplateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.problem)
    }
}

/// A problem, without its position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is not YAML, or uses a part of YAML that CloudFormation does not read.
    #[error("{0}")]
    Syntax(String),
    /// A name stands twice in one mapping.
    #[error("`{name}` is already given in line {first}")]
    Duplicate {
        /// The key.
        name: String,
        /// The line of its first appearance.
        first: u32,
    },
    /// A name that is not in a closed set.
    #[error("unknown {what} `{name}`{hint}")]
    Unknown {
        /// The kind of thing that is named, such as "property".
        what: &'static str,
        /// The name.
        name: String,
        /// A near match or the list of known names, as the end of a sentence.
        hint: String,
    },
    /// Something required is absent.
    #[error("`{name}` is required")]
    Missing {
        /// The name of the absent element.
        name: String,
    },
    /// A value of another type than the one expected.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// The type expected.
        expected: &'static str,
        /// The value that was found.
        found: String,
    },
    /// A value of the right type that is not allowed.
    #[error("{value} is not allowed: {rule}")]
    NotAllowed {
        /// The value, quoted.
        value: String,
        /// The values that would be allowed.
        rule: String,
    },
    /// A reference to something that is not there.
    #[error("{0}")]
    Unresolved(String),
    /// Elements that wait for one another.
    #[error("circular dependency: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// Valid on AWS, without an equivalent on one machine.
    #[error("{what} is not available locally: {advice}")]
    NotLocal {
        /// The feature.
        what: String,
        /// The way to do without it.
        advice: String,
    },
    /// An assertion of the template's `Rules` failed.
    #[error("rule not met: {0}")]
    Rule(String),
    /// Two parts of the template or of the inputs contradict each other.
    #[error("{0}")]
    Conflict(String),
}

/// Marks that an error is already in the [`Report`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported;

/// Collects errors while a template is read, so that all of them are shown together.
pub(crate) struct Report {
    file: String,
    errors: RefCell<Vec<TemplateError>>,
    omitted: Cell<usize>,
}

impl Report {
    pub(crate) fn new(file: &str) -> Self {
        Report {
            file: file.to_owned(),
            errors: RefCell::default(),
            omitted: Cell::new(0),
        }
    }

    pub(crate) fn add(&self, at: Position, path: impl fmt::Display, problem: Problem) -> Reported {
        let mut errors = self.errors.borrow_mut();
        if errors.len() < MAX_LISTED {
            errors.push(TemplateError {
                file: self.file.clone(),
                at,
                path: path.to_string(),
                problem,
            });
        } else {
            self.omitted.set(self.omitted.get() + 1);
        }
        Reported
    }

    /// The value if nothing was reported, else the errors by line.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, TemplateErrors> {
        let mut errors = self.errors.into_inner();
        match value {
            Some(value) if errors.is_empty() => Ok(value),
            _ => {
                errors.sort_by_key(|error| error.at);
                errors.dedup();
                Err(TemplateErrors {
                    errors,
                    omitted: self.omitted.get(),
                })
            }
        }
    }
}

/// The end of a message about an unknown name: a near match if there is one, else all known names.
pub(crate) fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let wanted = name.to_lowercase();
    let nearest = known
        .iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()),
                *candidate,
            )
        })
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, candidate)) if distance <= (wanted.chars().count() / 3).max(1) => {
            format!(", did you mean `{candidate}`?")
        }
        Some(_) => format!("; known: {}", known.join(", ")),
        None => "; there are none".to_owned(),
    }
}

/// [`Problem::Unknown`] with its hint.
pub(crate) fn unknown<'a>(what: &'static str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Problem {
    // A name of a megabyte would make both the search and the message useless.
    let name: String = name.chars().take(200).collect();
    let hint = hint(&name, known);
    Problem::Unknown { what, name, hint }
}
