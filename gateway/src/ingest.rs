//! Takes submissions in, lists the entries, and says where a submission stands.
//!
//! It only dispatches: it knows the names of the fields, and no rule about them.

mod lambda;
mod list;
mod pace;
mod pages;
mod standing;
mod submit;

pub use lambda::run;
pub use pace::Pace;

use std::cell::RefCell;
use std::time::Duration;

use sluice_aws::{CallError, Description, EntryPage, NewestEvent, StartError};
use sluice_workflows::Field;

use crate::execution::is_name;
use crate::http::{Answer, Event, Kind, Method, Parameters, Problem, Representation, negotiate, parameters};

/// The longest time that a request waits for the end of its execution, whatever `Prefer` says.
pub const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The workflow, as the gateway needs it.
pub trait Workflow {
    /// Starts the execution `name` and answers its start in milliseconds since 1970.
    ///
    /// # Errors
    /// [`StartError`].
    fn start(&self, name: &str, input: &str) -> impl Future<Output = Result<i64, StartError>>;

    /// The newest event of an execution, or `None` while there is none to be seen.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn newest_event(&self, name: &str) -> impl Future<Output = Result<Option<NewestEvent>, CallError>>;

    /// An execution's input and end, or `None` if there is no such execution.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn describe(&self, name: &str) -> impl Future<Output = Result<Option<Description>, CallError>>;
}

/// The entries, as the gateway needs them.
pub trait EntryList {
    /// Up to `limit` entries after the key `after`.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn page(&self, limit: u16, after: Option<&str>) -> impl Future<Output = Result<EntryPage, CallError>>;
}

/// What the template sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether everyone may see the list.
    pub public_listing: bool,
    /// How long a request waits for the end of its execution, if it does not say.
    pub wait: Duration,
}

/// Where randomness comes from.
pub trait Chance {
    /// A new submission's id.
    fn submission_id(&self) -> String;

    /// A number from 0 to below 1, to spread retries.
    fn fraction(&self) -> f64;
}

/// The function.
#[derive(Debug)]
pub struct Ingest<W, E, C> {
    workflow: W,
    entries: E,
    chance: C,
    settings: Settings,
    pace: RefCell<Pace>,
}

const ROOT_METHODS: &str = "GET, HEAD, POST, PUT, OPTIONS";
const SUBMISSION_METHODS: &str = "GET, HEAD, OPTIONS";

impl<W: Workflow, E: EntryList, C: Chance> Ingest<W, E, C> {
    /// The function with what it reaches.
    pub fn new(workflow: W, entries: E, chance: C, settings: Settings) -> Self {
        Ingest {
            workflow,
            entries,
            chance,
            settings,
            pace: RefCell::default(),
        }
    }

    /// Answers a request; `remaining` is how long Lambda lets it run.
    pub async fn answer(&self, event: &Event, remaining: Duration) -> Answer {
        let form = negotiate(event.header("accept"));
        let answer = self
            .dispatch(event, form, remaining)
            .await
            .unwrap_or_else(|problem| problem.answer(form));
        if event.method() == Method::Head {
            answer.without_body()
        } else {
            answer
        }
    }

    async fn dispatch(&self, event: &Event, form: Representation, remaining: Duration) -> Result<Answer, Problem> {
        match event.raw_path.as_str() {
            "/" | "" => self.root(event, form, remaining).await,
            path => match path.strip_prefix("/submissions/").filter(|id| is_name(id)) {
                Some(id) => self.submission(event, form, id).await,
                None => Err(Problem::new(Kind::NotFound, "There is / and /submissions/{id}.")),
            },
        }
    }

    async fn root(&self, event: &Event, form: Representation, remaining: Duration) -> Result<Answer, Problem> {
        match event.method() {
            Method::Options => Ok(Answer::options(ROOT_METHODS)),
            Method::Other => Err(Problem::method_not_allowed(ROOT_METHODS)),
            Method::Get => {
                let parameters = parameters(event)?;
                if has_field(&parameters) {
                    self.submit(event, &parameters, form, remaining).await
                } else {
                    self.list(&parameters, form).await
                }
            }
            Method::Head => {
                let parameters = parameters(event)?;
                if has_field(&parameters) {
                    // HEAD must be safe; the GET it would mirror is not.
                    return Err(Problem::method_not_allowed("GET, POST, PUT, OPTIONS"));
                }
                self.list(&parameters, form).await
            }
            Method::Post | Method::Put => {
                let parameters = parameters(event)?;
                if !has_field(&parameters) {
                    let detail = "None of the fields user_name, email and pincode is given, neither in the query string nor in the body.";
                    return Err(Problem::new(Kind::BadRequest, detail));
                }
                self.submit(event, &parameters, form, remaining).await
            }
        }
    }

    async fn submission(&self, event: &Event, form: Representation, id: &str) -> Result<Answer, Problem> {
        match event.method() {
            Method::Options => Ok(Answer::options(SUBMISSION_METHODS)),
            Method::Get | Method::Head => self.status(form, id).await,
            Method::Post | Method::Put | Method::Other => Err(Problem::method_not_allowed(SUBMISSION_METHODS)),
        }
    }
}

fn has_field(parameters: &Parameters) -> bool {
    let given =
        |field: Field| parameters.query.contains_key(field.as_str()) || parameters.body.contains_key(field.as_str());
    Field::ALL.into_iter().any(given)
}

/// The seconds after which to come back: spread, so that those who were sent away together do not return together.
fn retry_after(chance: &impl Chance) -> String {
    format!("{:.0}", 2.0 + (chance.fraction() * 9.0).floor())
}

/// A call behind the function failed, with nothing taken in.
fn behind(error: &CallError, chance: &impl Chance) -> Problem {
    tracing::error!(%error, "a call failed");
    if error.is_passing() {
        Problem::new(
            Kind::Unavailable,
            "What is behind this address does not answer at the moment. Try again.",
        )
        .with_header("retry-after", retry_after(chance))
    } else {
        Problem::new(
            Kind::Broken,
            "What is behind this address refuses to work. Its log says why.",
        )
    }
}

#[cfg(test)]
mod tests;
