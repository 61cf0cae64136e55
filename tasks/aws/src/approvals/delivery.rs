use aws_sdk_dynamodb::types::AttributeValue;
use sluice_workflows::{AuditData, AuditKind, TaskToken};

use super::item::{text, time};
use super::record::{ApprovalState, Delivery, read};
use super::table::{Approvals, Updated};
use crate::call::CallError;

impl Approvals {
    /// Records that a process that did not take the decision is about to send it to `token`. So whoever took it can tell
    /// "somebody was faster than me" from "nobody waits".
    ///
    /// Answers `false`, and writes nothing, if the record has a newer token, or the delivery came to an end meanwhile.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn announce_redelivery(&self, id: &str, token: &TaskToken) -> Result<bool, CallError> {
        let update = self
            .update(id)
            .update_expression("SET told_again = :true")
            .condition_expression(
                "attribute_exists(decision) AND task_token = :token AND attribute_not_exists(delivered_at) \
                 AND attribute_not_exists(closed_at)",
            )
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":token", text(token.reveal()));
        Ok(matches!(self.send(update).await?, Updated::Yes(_)))
    }

    /// Records what came of delivering the decision to `token` at `at_ms` (milliseconds since 1970); that it was delivered
    /// goes into the audit.
    ///
    /// Answers `false`, and writes nothing, if the record has a newer token by now (the decision must go to that one), or
    /// if it is delivered and this would say otherwise.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn record_delivery(
        &self,
        id: &str,
        token: &TaskToken,
        at_ms: i64,
        delivery: &Delivery,
    ) -> Result<bool, CallError> {
        let expression = match delivery {
            Delivery::Pending => "REMOVE closed_at",
            Delivery::Done => "SET delivered_at = :at REMOVE closed_at",
            Delivery::Closed => "SET closed_at = :at",
        };
        let mut update = self
            .update(id)
            .update_expression(expression)
            .condition_expression(
                "attribute_exists(decision) AND task_token = :token AND attribute_not_exists(delivered_at)",
            )
            .expression_attribute_values(":token", text(token.reveal()));
        if expression.contains(":at") {
            update = update.expression_attribute_values(":at", text(&time(at_ms)));
        }
        match (self.send(update).await?, delivery) {
            (Updated::Yes(_), Delivery::Done) => {
                self.audit(id, at_ms, AuditKind::Delivered, AuditData::new()).await?;
                Ok(true)
            }
            (Updated::Yes(_), _) => Ok(true),
            (Updated::ConditionFailed(Some(row)), Delivery::Done) => {
                let record = read(&row)?;
                let is_delivered = matches!(record.state, ApprovalState::Decided(_, Delivery::Done));
                Ok(is_delivered && record.task_token == *token)
            }
            (Updated::ConditionFailed(_), _) => Ok(false),
        }
    }
}
