//! One request: shown by GET, decided by POST.

use serde_json::{Map, Value, json};
use sluice_aws::{
    ApprovalRecord, ApprovalState, Decided, Deciding, LinkPurpose, LinkScope, NewLink, Wanted, WantedMail,
};
use sluice_workflows::{AuditKind, Decision};

use super::admission::{Admission, given_code};
use super::around::{Around, Next};
use super::decision::{self, Asked, Refusal, Typed};
use super::delivery::{DecisionSender, deliver};
use super::function::{Approval, failed, not_found};
use super::port::ApprovalPort;
use super::view::View;
use super::visit::Visit;
use super::{pages, respond};
use crate::http::{Kind, Problem, Representation, Response};

/// The time for which the link to the next request is good.
const NEXT_MS: i64 = 24 * 3_600_000;

impl<P: ApprovalPort> Approval<P> {
    /// Shows a request.
    pub(super) async fn show_one(&self, visit: &Visit<'_>, id: &str) -> Result<Response, Problem> {
        let record = self.record(visit, id).await?;
        self.note(visit, id, AuditKind::Fetched).await;
        let view = View::by_link(&record, visit.now_ms);
        if visit.is_locked() && view.is_open() {
            return Ok(pages::locked(visit));
        }
        if visit.query("view") == Some("audit") {
            return self.history(visit, &view).await;
        }
        let around = Around {
            preselected: visit.query("decision"),
            ..around(visit)
        };
        Ok(respond::response(&view, visit.now_ms, visit.representation, &around))
    }

    /// Takes what a POST asks for.
    pub(super) async fn post_to_one(&self, visit: &Visit<'_>, id: &str) -> Result<Response, Problem> {
        let record = self.record(visit, id).await?;
        let body = visit.body();
        if record.state != ApprovalState::Open || visit.now_ms >= record.expires_at_ms {
            return self.after(visit, record, &body.unwrap_or_default()).await;
        }
        let typed = body.as_ref().map(Typed::of).unwrap_or_default();
        let asked = match body {
            Err(problem) => Err(problem.into()),
            Ok(body) if body.get("decision").and_then(Value::as_str) == Some("mail") => {
                return self.want_mail(visit, id).await;
            }
            Ok(body) => self.read(visit, &record, &body).await?,
        };
        let view = View::by_link(&record, visit.now_ms);
        let around = around(visit);
        match asked {
            Ok(Asked::Decide(decision)) => {
                let taken = self.take(visit, id, &decision).await?;
                self.respond_to(visit, taken, Some(&*decision), true, typed.get("code"))
                    .await
            }
            Ok(Asked::Check(violations)) => {
                let around = Around { typed, ..around };
                Ok(respond::checked(
                    &view,
                    visit.now_ms,
                    visit.representation,
                    &violations,
                    around,
                ))
            }
            Err(refusal) if refusal.problem.kind == Kind::LinkLocked => Ok(pages::locked(visit)),
            Err(refusal) => {
                let around = Around {
                    typed,
                    places: refusal.places.clone(),
                    ..around
                };
                Ok(respond::refused(
                    &view,
                    visit.now_ms,
                    visit.representation,
                    &around,
                    &refusal,
                ))
            }
        }
    }

    /// The decision in a body, if it comes with the code.
    async fn read(
        &self,
        visit: &Visit<'_>,
        record: &ApprovalRecord,
        body: &Map<String, Value>,
    ) -> Result<Result<Asked, Refusal>, Problem> {
        if let Admission::Refused(refusal) = self.admit(visit, &record.id, body).await? {
            return Ok(Err(refusal));
        }
        let asked = decision::read(body, &record.submission, visit.approver(), visit.now_ms);
        if let Err(refusal) = &asked
            && refusal.problem.kind == Kind::RepairRefused
        {
            let fields: Vec<_> = refusal.places.iter().map(|(place, _)| place.name()).collect();
            let mut data = visit.audit_data();
            data.insert("fields".to_owned(), json!(fields));
            self.append(&record.id, visit.now_ms, AuditKind::RefusedRepair, data)
                .await;
        }
        Ok(asked)
    }

    /// Writes and delivers a decision; the record as it then is.
    pub(super) async fn take(
        &self,
        visit: &Visit<'_>,
        id: &str,
        decision: &Decision,
    ) -> Result<ApprovalRecord, Problem> {
        let data = visit.audit_data();
        let deciding = Deciding {
            decision,
            now_ms: visit.now_ms,
            batch: None,
            data: &data,
        };
        let (record, sender) = match self.port.decide(id, &deciding).await.map_err(|error| failed(&error))? {
            Decided::Missing => return Err(not_found()),
            Decided::Now(record) => {
                tracing::info!(approval = id, decision = decision.decision.as_str(), "decided");
                (*record, DecisionSender::Decider)
            }
            Decided::NotOpen(record) => (*record, DecisionSender::Another),
        };
        Ok(deliver(&self.port, record, sender, visit.now_ms).await)
    }

    /// Answers a POST that found the request closed. What is not delivered yet is delivered, whoever asks: it is decided.
    async fn after(
        &self,
        visit: &Visit<'_>,
        record: ApprovalRecord,
        body: &Map<String, Value>,
    ) -> Result<Response, Problem> {
        let knows_code = visit.link.is_some()
            && given_code(body).is_some()
            && matches!(self.admit(visit, &record.id, body).await?, Admission::Admitted);
        if !knows_code {
            self.note(visit, &record.id, AuditKind::Fetched).await;
        }
        let asked = decision::read(body, &record.submission, visit.approver(), visit.now_ms);
        let asked = match asked {
            Ok(Asked::Decide(decision)) => Some(decision),
            Ok(Asked::Check(_)) | Err(_) => None,
        };
        let record = deliver(&self.port, record, DecisionSender::Another, visit.now_ms).await;
        self.respond_to(visit, record, asked.as_deref(), knows_code, None).await
    }

    async fn respond_to(
        &self,
        visit: &Visit<'_>,
        record: ApprovalRecord,
        asked: Option<&Decision>,
        knows_code: bool,
        code: Option<&str>,
    ) -> Result<Response, Problem> {
        let view = if knows_code {
            View::by_code(&record, visit.now_ms)
        } else {
            View::by_link(&record, visit.now_ms)
        };
        let next = match (visit.representation, knows_code) {
            (Representation::Html, true) => self.next(visit, &record.id, code).await,
            _ => None,
        };
        let around = Around { next, ..around(visit) };
        Ok(respond::response_to_decision(
            &view,
            visit.now_ms,
            asked,
            visit.representation,
            &around,
        ))
    }

    /// The next open request, under a link of its own that answers to the same code. Without one the page says nothing of it.
    async fn next(&self, visit: &Visit<'_>, id: &str, code: Option<&str>) -> Option<Next> {
        let logged = |error: &dyn std::fmt::Display| tracing::warn!(%error, "the next request is not offered");
        let page = self
            .port
            .open_list(None, 2)
            .await
            .inspect_err(|error| logged(error))
            .ok()?;
        let item = page
            .items
            .into_iter()
            .find(|item| item.id != id && item.expires_at_ms > visit.now_ms)?;
        if visit.from_list {
            return Some(Next {
                href: format!("?request={}", item.id),
                summary: item.summary,
            });
        }
        let code = code.and_then(sluice_aws::Code::parse);
        let link = visit.link?;
        if link.has_code && code.is_none() {
            return None;
        }
        let secret = self.port.fresh_secret().inspect_err(|error| logged(error)).ok()?;
        let next = NewLink {
            secret: &secret,
            code: code.as_ref().filter(|_| link.has_code),
            scope: LinkScope::Approval(item.id),
            approver: &link.approver,
            purpose: LinkPurpose::Next,
            issued_at_ms: visit.now_ms,
            expires_at_ms: item.expires_at_ms.min(visit.now_ms + NEXT_MS),
        };
        self.port
            .put_link(&next)
            .await
            .inspect_err(|error| logged(error))
            .ok()?;
        Some(Next {
            href: secret.reveal().to_owned(),
            summary: item.summary,
        })
    }

    /// Notes that a mail is wanted in place of this link: of one that is locked, or of a mail without a code.
    pub(super) async fn want_mail(&self, visit: &Visit<'_>, id: &str) -> Result<Response, Problem> {
        let mail = match visit.link {
            None => WantedMail::Approval(id.to_owned()),
            Some(link) if link.is_locked() => WantedMail::Link(link.hash.clone()),
            Some(_) => {
                return Err(Problem::new(
                    Kind::BadRequest,
                    "This link works: decide with the code of its mail. A new mail is sent only in place of a locked link.",
                ));
            }
        };
        let wanted = self.port.want_mail(&mail).await.map_err(|error| failed(&error))?;
        if wanted == Wanted::Noted {
            self.note(visit, id, AuditKind::MailWanted).await;
        }
        Ok(pages::mail_wanted(visit.representation, wanted))
    }

    async fn record(&self, visit: &Visit<'_>, id: &str) -> Result<ApprovalRecord, Problem> {
        let record = self.port.get(id).await.map_err(|error| failed(&error))?;
        let hash = visit.secret.hash();
        let record = record
            .filter(|record| visit.link.is_some() || hash.is_among(&record.secret_hashes))
            .ok_or_else(not_found)?;
        sluice_aws::log_submission(&record.submission_id);
        Ok(record)
    }

    /// The audit of a request, while it is open.
    async fn history(&self, visit: &Visit<'_>, view: &View<'_>) -> Result<Response, Problem> {
        if !view.is_open() {
            return Err(Problem::new(
                Kind::Closed,
                "This link shows no history any more: it holds addresses, and the request is closed. Whoever runs this can read it.",
            ));
        }
        let trail = self
            .port
            .audit_trail(&view.record.id)
            .await
            .map_err(|error| failed(&error))?;
        Ok(match visit.representation {
            Representation::Json => Response::json(200, &json!(trail)),
            Representation::Html => {
                let back = if visit.from_list {
                    format!("?request={}", view.record.id)
                } else {
                    "?".to_owned()
                };
                pages::history(&trail, &back)
            }
        })
    }
}

fn around<'a>(visit: &Visit<'_>) -> Around<'a> {
    Around {
        needs_code: visit.needs_code(),
        decides: visit.link.is_some(),
        from_list: visit.from_list,
        ..Around::default()
    }
}
