//! The response of a function to a batch.
//! See [partial batch responses](https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html).

use serde::Deserialize;
use serde_json::Value;
use sluice_lambda::{Invoked, LambdaError};
use sluice_streams::{FunctionResponse, InvokeResult, Record};

use crate::MappingSpec;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchResponse {
    batch_item_failures: Option<Vec<Value>>,
}

/// Reads which of the records are done.
pub(crate) fn read(spec: &MappingSpec, records: &[&Record], invoked: Result<Invoked, LambdaError>) -> InvokeResult {
    let invoked = match invoked {
        Ok(invoked) => invoked,
        // the request itself cannot be made: that would be so for ever if it did not count
        Err(LambdaError::RequestTooLarge { .. } | LambdaError::InvalidRequestContent(_)) => {
            return failed(FunctionResponse::default());
        }
        Err(_) => return InvokeResult::NotInvoked,
    };
    let response = FunctionResponse {
        version: invoked.executed_version,
        error: invoked.function_error,
    };
    if response.error.is_some() {
        return failed(response);
    }
    if !spec.report_batch_item_failures {
        return InvokeResult::Succeeded;
    }
    match first_failed(records, &invoked.payload) {
        Ok(None) => InvokeResult::Succeeded,
        Ok(Some(position)) => InvokeResult::FailedFrom { position, response },
        Err(Malformed) => failed(response),
    }
}

fn failed(response: FunctionResponse) -> InvokeResult {
    InvokeResult::Failed { response }
}

/// A response that does not say in Lambda's form what failed, which counts as everything.
#[derive(Debug, PartialEq, Eq)]
struct Malformed;

/// The position of the first record that the response names.
fn first_failed(records: &[&Record], payload: &[u8]) -> Result<Option<u64>, Malformed> {
    if payload.trim_ascii().is_empty() {
        return Ok(None);
    }
    let response: Option<Value> = serde_json::from_slice(payload).map_err(|_| Malformed)?;
    let failures = match response {
        None => return Ok(None),
        Some(Value::Object(members)) => {
            let response: BatchResponse = serde_json::from_value(Value::Object(members)).map_err(|_| Malformed)?;
            response.batch_item_failures.unwrap_or_default()
        }
        // "" is as empty as {}
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(_) => return Err(Malformed),
    };
    let mut first = None;
    for failure in failures {
        let id = failure.get("itemIdentifier").and_then(Value::as_str).ok_or(Malformed)?;
        let record = records.iter().find(|record| record.sequence.to_string() == id);
        let position = record.ok_or(Malformed)?.position();
        first = Some(first.map_or(position, |first: u64| first.min(position)));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::records;

    #[test]
    fn a_response_names_the_first_record_that_failed() {
        let records = records(3);
        let records: Vec<&Record> = records.iter().collect();
        let id = |index: usize| records[index].sequence.to_string();
        let failures = |ids: &[String]| {
            let failures: Vec<Value> = ids
                .iter()
                .map(|id| serde_json::json!({ "itemIdentifier": id }))
                .collect();
            serde_json::json!({ "batchItemFailures": failures }).to_string()
        };
        let check = |payload: &str, expected: Result<Option<u64>, Malformed>| {
            assert_eq!(first_failed(&records, payload.as_bytes()), expected, "{payload}");
        };
        for done in [
            "",
            " ",
            "null",
            "{}",
            "\"\"",
            r#"{"batchItemFailures":[]}"#,
            r#"{"batchItemFailures":null}"#,
            r#"{"a":1}"#,
        ] {
            check(done, Ok(None));
        }
        check(&failures(&[id(1)]), Ok(Some(2)));
        check(&failures(&[id(2), id(0), id(1)]), Ok(Some(1)));
        for broken in [
            "nonsense",
            "3",
            "[]",
            r#"{"batchItemFailures":3}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"id":"1"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"17"}]}"#,
        ] {
            check(broken, Err(Malformed));
        }
    }
}
