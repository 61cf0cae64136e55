use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};

use super::{Approvals, number, string, text};
use crate::call::CallError;

const QUERY: &str = "dynamodb:Query";

/// The index that has the approvals of one status (attribute `standing`) together, those that expire first at its head.
const INDEX: &str = "by-standing";

/// The approvals that wait for an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The number.
    pub count: u64,
    /// The time at which the submission came in whose approval expires first (ISO 8601, UTC).
    pub first: Option<String>,
}

impl Approvals {
    /// Counts the approvals that are open and do not expire before `now_ms` (milliseconds since 1970). Those that expired
    /// stay open in the table until it forgets them; nobody waits for them any more.
    ///
    /// The count is read from an index, a page of 1 MB (some 7,000 approvals) a call, and lags the table by moments.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer.
    pub async fn waiting(&self, now_ms: i64) -> Result<Waiting, CallError> {
        let failed = |error| CallError::from_sdk(QUERY, &error);
        let first = self.open_after(now_ms).projection_expression("submitted_at").limit(1);
        let first = first.send().await.map_err(failed)?;
        let Some(row) = first.items().first() else {
            return Ok(Waiting { count: 0, first: None });
        };
        let first = string(row, "submitted_at")?;
        let mut count = 0;
        let mut after: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let page = self
                .open_after(now_ms)
                .select(Select::Count)
                .set_exclusive_start_key(after);
            let page = page.send().await.map_err(failed)?;
            count += u64::try_from(page.count()).unwrap_or(0);
            after = page.last_evaluated_key().cloned();
            if after.is_none() {
                let first = Some(first);
                return Ok(Waiting { count, first });
            }
        }
    }

    fn open_after(&self, now_ms: i64) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .key_condition_expression("standing = :open AND expires_at_ms > :now")
            .expression_attribute_values(":open", text("open"))
            .expression_attribute_values(":now", number(now_ms))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fake::Fake;

    async fn check(answers: &[Value], expected: (u64, Option<&str>)) {
        let fake = Fake::new(answers.iter().map(|answer| (200, answer.clone())).collect());
        let table = Approvals::new(&fake.config(), "T".to_owned());
        let waiting = table.waiting(1_795_341_600_000).await.unwrap();
        assert_eq!((waiting.count, waiting.first.as_deref()), expected);
        let requests = fake.requests();
        assert_eq!(requests.len(), answers.len());
        for (n, (action, body)) in requests.iter().enumerate() {
            assert_eq!(action, "DynamoDB_20120810.Query");
            assert_eq!((&body["TableName"], &body["IndexName"]), (&json!("T"), &json!(INDEX)));
            let values = json!({ ":open": { "S": "open" }, ":now": { "N": "1795341600000" } });
            assert_eq!(body["ExpressionAttributeValues"], values);
            let after = n
                .checked_sub(1)
                .map_or(&Value::Null, |before| &answers[before]["LastEvaluatedKey"]);
            assert_eq!(&body["ExclusiveStartKey"], if n < 2 { &Value::Null } else { after });
        }
    }

    #[tokio::test]
    async fn what_waits_is_counted_over_all_pages() {
        let at = "2026-11-22T10:00:00.000Z";
        let first = json!({ "Count": 1, "Items": [{ "submitted_at": { "S": at } }], "LastEvaluatedKey": { "id": { "S": "a" } } });
        let page = |count: u32, next: Option<&str>| match next {
            Some(id) => json!({ "Count": count, "LastEvaluatedKey": { "id": { "S": id } } }),
            None => json!({ "Count": count }),
        };
        check(&[json!({ "Count": 0, "Items": [] })], (0, None)).await;
        check(&[first.clone(), page(1, None)], (1, Some(at))).await;
        let pages = [first, page(7000, Some("b")), page(7000, Some("c")), page(12, None)];
        check(&pages, (14_012, Some(at))).await;
    }
}
