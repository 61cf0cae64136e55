//! The admin's link: GET shows, POST decides.
//!
//! The secret in the link is the right to decide. A decision is one conditional write; only then does the workflow hear
//! of it. So of any number of clicks one counts, and if the process dies in between, the next POST tells the workflow
//! what was decided, not what is asked then. Only a body decides: mail scanners follow links, and some POST to them.

mod lambda;
mod pages;
mod ruling;
mod view;

pub use lambda::run;

use sluice_aws::{ApprovalRecord, ApprovalState, CallError, Decided, DeliverError, Delivery, Secret, SecretHash};
use sluice_workflows::{Decision, TaskToken};

use crate::http::{Answer, Event, Kind, Method, Problem, Representation, negotiate, parameters};
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

    /// Notes that a process that did not take the decision is about to tell `token` of it; `false` if the record has a
    /// newer token by now, or the delivery came to an end.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn tell_again(&self, id: &str, token: &TaskToken) -> impl Future<Output = Result<bool, CallError>>;

    /// Notes what came of delivering; `false` if the record has a newer token by now, or says [`Delivery::Done`].
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
            .unwrap_or_else(|problem| problem.with_back("").answer(form));
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
            self.decide(event, form, record, &hash).await
        } else {
            let parameters = parameters(event)?;
            let wish = parameters.query.get("decision").and_then(serde_json::Value::as_str);
            Ok(View::new(&record, event.request_context.time_epoch).answer(200, form, wish))
        }
    }

    async fn decide(
        &self,
        event: &Event,
        form: Representation,
        record: ApprovalRecord,
        hash: &SecretHash,
    ) -> Result<Answer, Problem> {
        let now_ms = event.request_context.time_epoch;
        let asked = parameters(event).and_then(|parameters| ruling::read(&parameters.body, &record.submission, now_ms));
        let is_open = record.state == ApprovalState::Open && now_ms < record.expires_at_ms;
        let (record, teller) = match &asked {
            // Whoever comes after a decision is told of it, whatever the body says.
            _ if !is_open => (record, Teller::Another),
            Err(problem) => return Err(problem.clone()),
            Ok(asked) => {
                let decided = self.desk.decide(&record.id, hash, now_ms, asked).await;
                match decided.map_err(|error| behind(&error))? {
                    Decided::Missing => return Err(not_found()),
                    Decided::Now(record) => {
                        tracing::info!(approval = record.id, decision = asked.decision.as_str(), "decided");
                        (*record, Teller::Decider)
                    }
                    Decided::NotOpen(record) => (*record, Teller::Another),
                }
            }
        };
        let record = self.deliver(record, teller, now_ms).await;
        Ok(View::new(&record, now_ms).answer_decision(asked.ok().as_ref(), form))
    }

    /// Tells the workflow what was decided, unless it knows. Answers the record with what came of it.
    async fn deliver(&self, mut record: ApprovalRecord, mut teller: Teller, now_ms: i64) -> ApprovalRecord {
        // Again, if the record changed in between.
        for _ in 0..3 {
            let ApprovalState::Decided(decision, Delivery::Pending) = &record.state else {
                return record;
            };
            let how = match self.tell(&record, decision, teller, now_ms).await {
                Ok(how) => how,
                Err(error) => {
                    tracing::error!(approval = record.id, %error, "the decision is written and perhaps not delivered");
                    return record;
                }
            };
            let at = ruling::time(now_ms);
            let noted = match &how {
                Some(how) => self.desk.note_delivery(&record.id, &record.task_token, &at, how).await,
                None => Ok(false),
            };
            match (noted, how) {
                // Not noted: the next POST delivers it again, which does no harm.
                (Ok(true) | Err(_), Some(how)) => {
                    record.state = ApprovalState::Decided(decision.clone(), how);
                    return record;
                }
                (_, _) => match self.desk.get(&record.id).await {
                    Ok(Some(newer)) => {
                        // A newer token is told by the function that brought it, too.
                        if newer.task_token != record.task_token {
                            teller = Teller::Another;
                        }
                        record = newer;
                    }
                    Ok(None) | Err(_) => return record,
                },
            }
        }
        record
    }

    /// Tells the workflow once. Answers what came of it; nothing if the record has changed and must be read again.
    async fn tell(
        &self,
        record: &ApprovalRecord,
        decision: &Decision,
        teller: Teller,
        now_ms: i64,
    ) -> Result<Option<Delivery>, CallError> {
        if teller == Teller::Another && !self.desk.tell_again(&record.id, &record.task_token).await? {
            return Ok(None);
        }
        match self.desk.deliver(&record.task_token, decision).await {
            Ok(()) => Ok(Some(Delivery::Done)),
            Err(DeliverError::Call(error)) => Err(error),
            Err(DeliverError::UnknownToken(why)) => {
                tracing::warn!(approval = record.id, why, "nobody waits for the decision");
                Ok(Some(Delivery::Closed))
            }
            Err(DeliverError::TaskOver) => {
                let newest = self.desk.get(&record.id).await?;
                let unchanged =
                    newest.filter(|newest| newest.state == record.state && newest.task_token == record.task_token);
                Ok(unchanged.map(|newest| why_over(&newest, teller, now_ms)))
            }
        }
    }
}

/// Who tells the workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Teller {
    /// The process that has just written the decision.
    Decider,
    /// One that found it written.
    Another,
}

/// Why the task of an undelivered decision is over. Before its time, and with somebody else who may have told it, that
/// one did, and died before noting so or is about to. Without, the execution was stopped.
fn why_over(record: &ApprovalRecord, teller: Teller, now_ms: i64) -> Delivery {
    let others_tell = match teller {
        Teller::Decider => record.told_again,
        Teller::Another => true,
    };
    if others_tell && now_ms < record.expires_at_ms {
        tracing::info!(approval = record.id, "the workflow was told before");
        Delivery::Done
    } else {
        tracing::warn!(approval = record.id, "nobody waits for the decision");
        Delivery::Closed
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
