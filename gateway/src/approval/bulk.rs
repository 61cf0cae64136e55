//! A decision about many: one batch, written before the first is decided.

use serde_json::{Value, json};
use sluice_aws::{Batch, StartError};
use sluice_workflows::AuditKind;

use super::choice::{Bulk, chosen, is_batch_id};
use super::function::{Approval, failed, not_found};
use super::pages;
use super::port::ApprovalPort;
use super::visit::Visit;
use crate::http::{Problem, Representation, Response};

impl<P: ApprovalPort> Approval<P> {
    /// Writes a batch and starts it. Written or started before, it is only shown.
    pub(super) async fn start(&self, visit: &Visit<'_>, asked: Bulk) -> Result<Response, Problem> {
        let batch = Batch::new(asked.id, asked.selection, asked.decision, visit.now_ms);
        let is_new = self.port.create_batch(&batch).await.map_err(|error| failed(&error))?;
        if is_new {
            let mut data = visit.audit_data();
            data.insert("batch".to_owned(), json!(batch.id));
            data.insert("selection".to_owned(), json!(batch.selection));
            data.insert("decision".to_owned(), json!(batch.decision.decision));
            self.append(&visit.chain(), visit.now_ms, AuditKind::Batch, data).await;
        }
        // Whoever wrote it may have died before this.
        match self.port.start_batch(&batch.id).await {
            Ok(()) | Err(StartError::NameTaken) => {}
            Err(StartError::Unacceptable(error) | StartError::Call(error)) => return Err(failed(&error)),
        }
        tracing::info!(batch = batch.id, is_new, "a decision about many was started");
        let address = format!("?batch={}", batch.id);
        Ok(match visit.representation {
            Representation::Json => Response::json(202, &batch_json(&batch)).with("location", address),
            Representation::Html => {
                Response::new(303, "text/html; charset=utf-8", String::new()).with("location", address)
            }
        })
    }

    /// Shows how far a batch is.
    pub(super) async fn show_batch(&self, visit: &Visit<'_>, id: &str) -> Result<Response, Problem> {
        if visit.is_locked() {
            return Ok(pages::locked(visit));
        }
        let batch = match is_batch_id(id) {
            true => self.port.batch(id).await.map_err(|error| failed(&error))?,
            false => None,
        };
        let batch = batch.ok_or_else(not_found)?;
        Ok(match visit.representation {
            Representation::Json => Response::json(200, &batch_json(&batch)),
            Representation::Html => pages::progress(&batch, visit.query("refresh") != Some("0")),
        })
    }
}

/// A batch as programs see it.
fn batch_json(batch: &Batch) -> Value {
    json!({
        "batch": batch.id,
        "decision": batch.decision.decision,
        "decided_by": batch.decision.decided_by,
        "decided_at": batch.decision.decided_at,
        "chosen": chosen(&batch.selection),
        "decided": batch.counts.decided,
        "passed": batch.counts.passed,
        "failed": batch.counts.failed,
        "done": batch.done,
    })
}
