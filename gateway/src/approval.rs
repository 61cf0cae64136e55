//! The admin's link: GET shows, POST decides.
//!
//! The secret in the link is the right to decide. A decision is one conditional write; only then does the workflow hear
//! of it. So of any number of clicks one counts, and if the process dies in between, the next POST tells the workflow
//! what was decided, not what is asked then.

mod lambda;
mod pages;
mod ruling;
mod view;

pub use lambda::run;

use sluice_aws::{ApprovalRecord, ApprovalState, CallError, Decided, DeliverError, Delivery, Secret, SecretHash};
use sluice_workflows::{Decision, TaskToken};

use crate::http::{Answer, Event, Kind, Method, Parameters, Problem, Representation, negotiate, parameters};
use view::View;

/// The approvals and the workflow that waits for them.
pub trait Desk {
    /// The record of an approval, as last written.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn get(&self, id: &str) -> impl Future<Output = Result<Option<ApprovalRecord>, CallError>>;

    /// Writes a decision, if the approval is open, knows the hash, and has not expired at `now_ms`.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn decide(
        &self,
        id: &str,
        hash: &SecretHash,
        now_ms: i64,
        decision: &Decision,
    ) -> impl Future<Output = Result<Decided, CallError>>;

    /// Hands a decision to the state that waits for `token`.
    ///
    /// # Errors
    /// [`DeliverError`] if it did not get there.
    fn deliver(&self, token: &TaskToken, decision: &Decision) -> impl Future<Output = Result<(), DeliverError>>;

    /// Notes what came of that; `false` if the record has a newer token by now.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn note_delivery(
        &self,
        id: &str,
        token: &TaskToken,
        at: &str,
        how: &Delivery,
    ) -> impl Future<Output = Result<bool, CallError>>;
}

/// The function.
#[derive(Debug)]
pub struct Approval<D> {
    desk: D,
}

const METHODS: &str = "GET, HEAD, POST, OPTIONS";

impl<D: Desk> Approval<D> {
    /// The function with what it reaches.
    pub fn new(desk: D) -> Self {
        Approval { desk }
    }

    /// Answers a request.
    pub async fn answer(&self, event: &Event) -> Answer {
        let form = negotiate(event.header("accept"));
        let answer = self
            .dispatch(event, form)
            .await
            .unwrap_or_else(|problem| problem.answer(form));
        if event.method() == Method::Head {
            answer.without_body()
        } else {
            answer
        }
    }

    async fn dispatch(&self, event: &Event, form: Representation) -> Result<Answer, Problem> {
        let (id, secret) = link(&event.raw_path).ok_or_else(not_found)?;
        let deciding = match event.method() {
            Method::Options => return Ok(Answer::options(METHODS)),
            Method::Put | Method::Other => return Err(Problem::method_not_allowed(METHODS)),
            Method::Get | Method::Head => false,
            Method::Post => true,
        };
        let parameters = parameters(event)?;
        let hash = secret.hash();
        let record = self.desk.get(id).await.map_err(|error| behind(&error))?;
        let record = record
            .filter(|record| hash.is_among(&record.secret_hashes))
            .ok_or_else(not_found)?;
        let http = &event.request_context.http;
        tracing::info!(
            approval = id,
            http.method,
            http.source_ip,
            http.user_agent,
            "a link was fetched"
        );
        if deciding {
            self.decide(event, &parameters, form, &record, &hash).await
        } else {
            let wish = parameters.query.get("decision").and_then(serde_json::Value::as_str);
            Ok(View::new(&record, event.request_context.time_epoch).answer(200, form, wish))
        }
    }

    async fn decide(
        &self,
        event: &Event,
        parameters: &Parameters,
        form: Representation,
        record: &ApprovalRecord,
        hash: &SecretHash,
    ) -> Result<Answer, Problem> {
        let now_ms = event.request_context.time_epoch;
        let asked = ruling::read(parameters, &record.submission, now_ms)?;
        let decided = self
            .desk
            .decide(&record.id, hash, now_ms, &asked)
            .await
            .map_err(|error| behind(&error))?;
        let record = match decided {
            Decided::Missing => return Err(not_found()),
            Decided::Now(record) => {
                tracing::info!(approval = record.id, decision = asked.decision.as_str(), "decided");
                *record
            }
            Decided::NotOpen(record) => *record,
        };
        let record = self.deliver(record, &asked.decided_at).await;
        Ok(View::new(&record, now_ms).answer_decision(&asked, form))
    }

    /// Tells the workflow what was decided, unless it knows. Answers the record with what came of it.
    async fn deliver(&self, mut record: ApprovalRecord, at: &str) -> ApprovalRecord {
        // A second time, if a newer token came in between.
        for _ in 0..2 {
            let ApprovalState::Decided(decision, Delivery::Pending) = &record.state else {
                return record;
            };
            let how = match self.desk.deliver(&record.task_token, decision).await {
                Ok(()) => Delivery::Done,
                Err(DeliverError::NobodyWaits(why)) => {
                    tracing::warn!(approval = record.id, why, "nobody waits for the decision");
                    Delivery::Closed
                }
                Err(DeliverError::Call(error)) => {
                    tracing::error!(approval = record.id, %error, "the decision is written and not delivered");
                    return record;
                }
            };
            match self.desk.note_delivery(&record.id, &record.task_token, at, &how).await {
                Ok(false) => match self.desk.get(&record.id).await {
                    Ok(Some(newer)) => record = newer,
                    Ok(None) | Err(_) => return record,
                },
                // Not noted: the next POST delivers it again, which does no harm.
                Ok(true) | Err(_) => {
                    record.state = ApprovalState::Decided(decision.clone(), how);
                    return record;
                }
            }
        }
        record
    }
}

/// The approval's id and the secret in a link's path.
fn link(path: &str) -> Option<(&str, Secret)> {
    let (id, secret) = path.strip_prefix('/')?.split_once('/')?;
    let secret_is_one = secret.len() == 43
        && secret
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let id_is_one = (3..=100).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (id_is_one && secret_is_one).then(|| (id, Secret::from_link(secret)))
}

/// The same for a wrong id and a wrong secret: nothing is to be learned from the difference.
fn not_found() -> Problem {
    Problem::new(Kind::NotFound, "There is no approval under this link. Is it whole?")
}

fn behind(error: &CallError) -> Problem {
    tracing::error!(%error, "a call failed");
    if error.is_passing() {
        Problem::new(
            Kind::Unavailable,
            "The approvals do not answer at the moment. Try again.",
        )
        .with_header("retry-after", "2")
    } else {
        Problem::new(
            Kind::Broken,
            "The approvals refuse to work. The log of this function says why.",
        )
    }
}

#[cfg(test)]
mod tests;
