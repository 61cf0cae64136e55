//! Takes submissions in, lists the entries, and says where a submission stands.
//!
//! It only dispatches: it knows the names of the fields, and no rule about them.

mod browser;
mod key;
mod lambda;
mod list;
mod pages;
mod poll_backoff;
mod query;
mod respond;
mod status;
mod submit;
mod wait;

pub use lambda::run;
pub use poll_backoff::PollBackoff;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use serde_json::Value;
use sluice_aws::{CallError, EntriesError, EntryChunk, EntryRange};
use sluice_workflows::{Entry, Field};
use tokio::time::Instant;

use crate::http::{Kind, Method, Parameters, Problem, Representation, Request, Response, negotiate, parameters};
use crate::start::{Workflow, is_name};
use crate::submission_id::SubmissionIds;
use crate::upstream::upstream_problem;

/// The time for which an instance does not look after a look was throttled: others need what the table can do.
const PAUSE_AFTER_THROTTLE: Duration = Duration::from_secs(5);

/// The entries, as the gateway needs them.
pub trait EntryList {
    /// A part of the entries of one status, by the time at which they were stored.
    ///
    /// # Errors
    /// [`EntriesError`] if there is no index by time, or no answer.
    fn chunk(&self, range: &EntryRange<'_>) -> impl Future<Output = Result<EntryChunk, EntriesError>>;

    /// The entry under a key.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn entry(&self, id: &str) -> impl Future<Output = Result<Option<Entry>, CallError>>;
}

/// The function's settings, which the template gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// True if everyone may see the list.
    pub public_listing: bool,
    /// The time that a request waits for the end of its execution, if it does not say.
    pub wait: Duration,
    /// The longest time that a request waits, whatever `Prefer` says.
    pub longest_wait: Duration,
}

/// The source of randomness.
pub trait Randomness {
    /// A UUID of version 7, which holds the time.
    fn uuid(&self) -> String;

    /// A number from 0 to below 1, to spread retries.
    fn fraction(&self) -> f64;
}

/// A question after a submission.
struct Asked {
    /// The form of the answer.
    representation: Representation,
    /// The moment, in milliseconds since 1970.
    now_ms: i64,
    /// True if a page is to follow the submission to its end.
    follows: bool,
}

/// The function.
#[derive(Debug)]
pub struct Ingest<W, E, R> {
    workflow: W,
    entries: E,
    randomness: R,
    ids: SubmissionIds,
    settings: Settings,
    backoff: RefCell<PollBackoff>,
    /// The time until which nothing looks, because a look was throttled.
    no_look_until: Cell<Option<Instant>>,
}

const ROOT_METHODS: &str = "GET, HEAD, POST, PUT, OPTIONS";
const SUBMISSION_METHODS: &str = "GET, HEAD, OPTIONS";

impl<W: Workflow, E: EntryList, R: Randomness> Ingest<W, E, R> {
    /// The problem for a call that failed with nothing taken in.
    fn failed(&self, error: &CallError) -> Problem {
        upstream_problem(error, retry_after(&self.randomness))
    }

    /// Makes the function with what it reaches.
    pub fn new(workflow: W, entries: E, randomness: R, ids: SubmissionIds, settings: Settings) -> Self {
        Ingest {
            workflow,
            entries,
            randomness,
            ids,
            settings,
            backoff: RefCell::default(),
            no_look_until: Cell::new(None),
        }
    }

    /// Answers a request; `remaining` is how long Lambda lets it run.
    pub async fn handle(&self, request: &Request, remaining: Duration) -> Response {
        let representation = negotiate(request.header("accept"));
        let response = self
            .dispatch(request, representation, remaining)
            .await
            .unwrap_or_else(|problem| problem.response(representation))
            .unless_known(request.header("if-none-match"));
        if request.method() == Method::Head {
            response.without_body()
        } else {
            response
        }
    }

    async fn dispatch(
        &self,
        request: &Request,
        representation: Representation,
        remaining: Duration,
    ) -> Result<Response, Problem> {
        match request.raw_path.as_str() {
            "/" | "" => self.root(request, representation, remaining).await,
            path => match path.strip_prefix("/submissions/").filter(|id| is_name(id)) {
                Some(id) => self.submission(request, representation, id).await,
                None => Err(Problem::new(Kind::NotFound, "There is / and /submissions/{id}.")),
            },
        }
    }

    async fn root(
        &self,
        request: &Request,
        representation: Representation,
        remaining: Duration,
    ) -> Result<Response, Problem> {
        match request.method() {
            Method::Options => Ok(Response::options(ROOT_METHODS)),
            Method::Other => Err(Problem::method_not_allowed(ROOT_METHODS)),
            Method::Get => {
                let parameters = parameters(request)?;
                if has_field(&parameters) {
                    self.submit_as(request, &parameters, representation, remaining).await
                } else {
                    self.list(&parameters, representation).await
                }
            }
            Method::Head => {
                let parameters = parameters(request)?;
                if has_field(&parameters) {
                    // HEAD must be safe; the GET it would mirror is not.
                    return Err(Problem::method_not_allowed("GET, POST, PUT, OPTIONS"));
                }
                self.list(&parameters, representation).await
            }
            Method::Post | Method::Put => {
                let parameters = parameters(request)?;
                if !has_field(&parameters) {
                    let detail = "None of the fields user_name, email and pincode is given, neither in the query string nor in the body.";
                    return Err(Problem::new(Kind::BadRequest, detail));
                }
                self.submit_as(request, &parameters, representation, remaining).await
            }
        }
    }

    /// Takes a submission in from a program, or from a person's browser.
    async fn submit_as(
        &self,
        request: &Request,
        parameters: &Parameters,
        representation: Representation,
        remaining: Duration,
    ) -> Result<Response, Problem> {
        match representation {
            Representation::Json => self.submit(request, parameters, remaining).await,
            Representation::Html => self.submit_by_browser(request, parameters, remaining).await,
        }
    }

    async fn submission(
        &self,
        request: &Request,
        representation: Representation,
        id: &str,
    ) -> Result<Response, Problem> {
        match request.method() {
            Method::Options => Ok(Response::options(SUBMISSION_METHODS)),
            Method::Get | Method::Head => {
                let query = parameters(request)?.query;
                let asked = Asked {
                    representation,
                    now_ms: request.request_context.time_epoch,
                    follows: query.get("refresh").and_then(Value::as_str) != Some("0"),
                };
                self.status(id, &asked).await
            }
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
fn retry_after(randomness: &impl Randomness) -> String {
    format!("{:.0}", 2.0 + (randomness.fraction() * 9.0).floor())
}

#[cfg(test)]
mod tests;
