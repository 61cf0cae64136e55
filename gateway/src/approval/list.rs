//! The page of everything open: the soonest deadline first, with search.

use serde_json::{Map, Value};
use sluice_aws::OpenCursor;
use sluice_workflows::{AuditKind, DecisionKind};

use super::address::is_id;
use super::admission::Admission;
use super::choice::{self, Bulk};
use super::decision::{self, Place, Refusal, Typed};
use super::function::{Approval, failed};
use super::listing::Listing;
use super::pages;
use super::port::ApprovalPort;
use super::visit::Visit;
use crate::http::{Kind, Problem, Representation, Response};

/// The rows that a page has at least, if there are as many.
const ROWS: usize = 50;

/// The rows that are read at once. A form takes 100 parameters, so a page must not grow much beyond [`ROWS`].
const READ_AT_ONCE: usize = 25;

/// The most rows that are looked through for one page of a search.
const LOOKED_THROUGH: usize = 1000;

impl<P: ApprovalPort> Approval<P> {
    /// Shows what is open.
    pub(super) async fn show_list(&self, visit: &Visit<'_>) -> Result<Response, Problem> {
        self.note(visit, &visit.chain(), AuditKind::Fetched).await;
        if visit.is_locked() {
            return Ok(pages::locked(visit));
        }
        let search = visit.query("q").unwrap_or_default();
        let listing = self.listing(visit, search, visit.query("after")).await?;
        Ok(match visit.representation {
            Representation::Json => Response::json(200, &listing.json()),
            Representation::Html => pages::list(200, &listing),
        })
    }

    /// Takes what a POST to the list asks for: another page, one decision, or many.
    pub(super) async fn post_to_list(&self, visit: &Visit<'_>) -> Result<Response, Problem> {
        let body = visit.body()?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let asked = text("decision").unwrap_or_default();
        if asked == "mail" {
            return self.want_mail(visit, &visit.chain()).await;
        }
        if visit.is_locked() {
            return Ok(pages::locked(visit));
        }
        // Another page, or Enter in a text field: what was typed and ticked comes along, and nothing is decided.
        if let Some(after) = text("after").filter(|_| asked.is_empty() || asked == "page") {
            return self.relisted(visit, &body, Some(after), None, None).await;
        }
        if asked == "check" {
            return self.relisted(visit, &body, None, None, None).await;
        }
        let refusal = match self.admit(visit, &visit.chain(), &body).await? {
            Admission::Refused(refusal) if refusal.problem.kind == Kind::LinkLocked => return Ok(pages::locked(visit)),
            Admission::Refused(refusal) => refusal,
            Admission::Admitted => match asked.split_once(' ') {
                Some((decision, id)) => match self.decide_row(visit, &body, decision, id).await? {
                    Ok(done) => return self.relisted(visit, &body, None, None, Some(done)).await,
                    Err(refusal) => refusal,
                },
                None => match choice::read(&body, visit.approver(), visit.now_ms) {
                    Ok(asked) => return self.decide_many(visit, &body, asked).await,
                    Err(refusal) => refusal,
                },
            },
        };
        self.relisted(visit, &body, None, Some(&refusal), None).await
    }

    async fn decide_many(
        &self,
        visit: &Visit<'_>,
        body: &Map<String, Value>,
        asked: Bulk,
    ) -> Result<Response, Problem> {
        if asked.asks_first && visit.representation == Representation::Html {
            let open = self.port.open_count().await.map_err(|error| failed(&error))?;
            return Ok(pages::confirm(&asked, &Typed::of(body), open));
        }
        self.start(visit, asked).await
    }

    /// Decides about one row; a sentence about what was done.
    async fn decide_row(
        &self,
        visit: &Visit<'_>,
        body: &Map<String, Value>,
        decision: &str,
        id: &str,
    ) -> Result<Result<String, Refusal>, Problem> {
        let kind = match decision {
            "approve" => DecisionKind::Approve,
            "reject" => DecisionKind::Reject,
            _ => {
                return Ok(Err(Refusal::new(
                    Kind::BadRequest,
                    Place::Form,
                    "A row is approved or rejected.",
                )));
            }
        };
        if !is_id(id) {
            return Ok(Err(Refusal::new(
                Kind::BadRequest,
                Place::Form,
                format!("{id:?} is no request's id."),
            )));
        }
        let decision = match decision::plain(body, kind, visit.approver(), visit.now_ms) {
            Ok(decision) => decision,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let record = self.take(visit, id, &decision).await?;
        Ok(Ok(pages::done(&record, visit.now_ms)))
    }

    /// The list again, with what was typed and ticked.
    async fn relisted(
        &self,
        visit: &Visit<'_>,
        body: &Map<String, Value>,
        after: Option<&str>,
        refusal: Option<&Refusal>,
        done: Option<String>,
    ) -> Result<Response, Problem> {
        if let (Representation::Json, Some(refusal)) = (visit.representation, refusal) {
            return Ok(refusal.problem.response(visit.representation));
        }
        let typed = Typed::of(body);
        let listing = Listing {
            picked: choice::picked(body),
            places: refusal.map(|refusal| refusal.places.clone()).unwrap_or_default(),
            done,
            ..self.listing(visit, typed.get("q").unwrap_or_default(), after).await?
        };
        let listing = Listing { typed, ..listing };
        let status = refusal.map_or(200, |refusal| refusal.problem.kind.status());
        Ok(match visit.representation {
            Representation::Json => Response::json(200, &listing.json()),
            Representation::Html => pages::list(status, &listing),
        })
    }

    async fn listing(&self, visit: &Visit<'_>, search: &str, after: Option<&str>) -> Result<Listing, Problem> {
        let mut next = match after {
            None => None,
            Some(text) => Some(text.parse::<OpenCursor>().map_err(|_| {
                Problem::new(
                    Kind::BadRequest,
                    "The parameter after is not where a page of this list ended. Begin at its first page.",
                )
            })?),
        };
        let search = search.trim();
        let mut items = Vec::new();
        let mut looked_through = 0;
        loop {
            let page = self
                .port
                .open_list(next.as_ref(), READ_AT_ONCE)
                .await
                .map_err(|error| failed(&error))?;
            looked_through += page.items.len();
            items.extend(
                page.items
                    .into_iter()
                    .filter(|item| item.expires_at_ms > visit.now_ms && choice::matches(item, search)),
            );
            next = page.next;
            if next.is_none() || items.len() >= ROWS || looked_through >= LOOKED_THROUGH {
                break;
            }
        }
        Ok(Listing {
            open: self.port.open_count().await.map_err(|error| failed(&error))?,
            items,
            next,
            search: search.to_owned(),
            batch: self
                .port
                .fresh_secret()
                .map_err(|error| failed(&error))?
                .reveal()
                .to_owned(),
            needs_code: visit.needs_code(),
            now_ms: visit.now_ms,
            ..Listing::default()
        })
    }
}
