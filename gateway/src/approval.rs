//! The admin's link: GET shows, POST decides.
//!
//! The secret in the link is the right to decide. A decision is one conditional write; only then is it delivered to the
//! workflow. So of any number of clicks one counts, and if the process dies in between, the next POST delivers what was
//! decided, not what is asked then. Only a body decides: mail scanners follow links, and some POST to them.

mod decision;
mod delivery;
mod lambda;
mod pages;
mod port;
mod respond;
mod view;

pub use lambda::run;
pub use port::ApprovalPort;

use sluice_aws::{ApprovalRecord, ApprovalState, CallError, Decided, Secret};

use crate::http::{Kind, Method, Problem, Representation, Request, Response, negotiate, parameters};
use crate::upstream::upstream_problem;
use delivery::{DecisionSender, deliver};
use view::View;

/// The function.
#[derive(Debug)]
pub struct Approval<P> {
    port: P,
}

const METHODS: &str = "GET, HEAD, POST, OPTIONS";

/// Seconds after which to come back. Not spread: admins are few.
const RETRY_AFTER: &str = "2";

impl<P: ApprovalPort> Approval<P> {
    /// Makes the function with what it reaches.
    pub fn new(port: P) -> Self {
        Approval { port }
    }

    /// Answers a request.
    pub async fn handle(&self, request: &Request) -> Response {
        let representation = negotiate(request.header("accept"));
        let response = self
            .dispatch(request, representation)
            .await
            .unwrap_or_else(|problem| problem.with_back("").response(representation));
        if request.method() == Method::Head {
            response.without_body()
        } else {
            response
        }
    }

    async fn dispatch(&self, request: &Request, representation: Representation) -> Result<Response, Problem> {
        let (id, secret) = link(&request.raw_path).ok_or_else(not_found)?;
        let deciding = match request.method() {
            Method::Options => return Ok(Response::options(METHODS)),
            Method::Put | Method::Other => return Err(Problem::method_not_allowed(METHODS)),
            Method::Get | Method::Head => false,
            Method::Post => true,
        };
        let hash = secret.hash();
        let record = self.port.get(id).await.map_err(|error| failed(&error))?;
        let record = record.ok_or_else(not_found)?;
        let is_link = hash.is_among(&record.secret_hashes)
            || self.port.is_link_to(id, &hash).await.map_err(|error| failed(&error))?;
        if !is_link {
            return Err(not_found());
        }
        let http = &request.request_context.http;
        tracing::info!(
            approval = id,
            http.method,
            http.source_ip,
            http.user_agent,
            "a link was fetched"
        );
        if deciding {
            self.decide(request, representation, record).await
        } else {
            let parameters = parameters(request)?;
            let preselected = parameters.query.get("decision").and_then(serde_json::Value::as_str);
            Ok(respond::response(
                &View::new(&record, request.request_context.time_epoch),
                200,
                representation,
                preselected,
            ))
        }
    }

    async fn decide(
        &self,
        request: &Request,
        representation: Representation,
        record: ApprovalRecord,
    ) -> Result<Response, Problem> {
        let now_ms = request.request_context.time_epoch;
        let asked =
            parameters(request).and_then(|parameters| decision::read(&parameters.body, &record.submission, now_ms));
        let is_open = record.state == ApprovalState::Open && now_ms < record.expires_at_ms;
        let (record, sender) = match &asked {
            // Whoever comes after a decision is told of it, whatever the body says.
            _ if !is_open => (record, DecisionSender::Another),
            Err(problem) => return Err(problem.clone()),
            Ok(asked) => {
                let decided = self.port.decide(&record.id, now_ms, asked).await;
                match decided.map_err(|error| failed(&error))? {
                    Decided::Missing => return Err(not_found()),
                    Decided::Now(record) => {
                        tracing::info!(approval = record.id, decision = asked.decision.as_str(), "decided");
                        (*record, DecisionSender::Decider)
                    }
                    Decided::NotOpen(record) => (*record, DecisionSender::Another),
                }
            }
        };
        let record = deliver(&self.port, record, sender, now_ms).await;
        Ok(respond::response_to_decision(
            &View::new(&record, now_ms),
            asked.ok().as_ref(),
            representation,
        ))
    }
}

/// Splits a link's path into the approval's id and the secret.
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

fn failed(error: &CallError) -> Problem {
    upstream_problem(error, RETRY_AFTER)
}

#[cfg(test)]
mod tests;
