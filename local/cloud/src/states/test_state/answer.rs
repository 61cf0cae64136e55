//! The response.

use serde_json::{Map, Value, json};
use sluice_engine::ErrorDetails;
use sluice_engine::test_state::{ErrorHandler, Inspection, TestReport, TestStatus};

use super::request::Level;

/// The response's members for a report; `pointed` is what an ItemReader's `ItemsPointer` selected.
pub(super) fn shown(report: &TestReport, pointed: Option<&Value>, level: Level) -> Value {
    let mut answer = Map::new();
    let status = match &report.status {
        TestStatus::Succeeded { output, next } => {
            answer.insert("output".into(), json!(output.to_string()));
            if let Some(next) = next {
                answer.insert("nextState".into(), json!(**next));
            }
            "SUCCEEDED"
        }
        TestStatus::Failed(fault) => {
            add_fault(&mut answer, fault);
            "FAILED"
        }
        TestStatus::Retriable(fault) => {
            add_fault(&mut answer, fault);
            "RETRIABLE"
        }
        TestStatus::Caught { error, output, next } => {
            add_fault(&mut answer, error);
            answer.insert("output".into(), json!(output.to_string()));
            answer.insert("nextState".into(), json!(**next));
            "CAUGHT_ERROR"
        }
    };
    answer.insert("status".into(), json!(status));
    match level {
        Level::Info => {}
        Level::Debug | Level::Trace => {
            let data = inspection_data(&report.inspection, pointed);
            answer.insert("inspectionData".into(), data);
        }
    }
    Value::Object(answer)
}

fn add_fault(answer: &mut Map<String, Value>, fault: &ErrorDetails) {
    if let Some(error) = &fault.error {
        answer.insert("error".into(), json!(error));
    }
    if let Some(cause) = &fault.cause {
        answer.insert("cause".into(), json!(cause));
    }
}

/// `inspectionData`: values as JSON texts, absent where the state takes no such step.
fn inspection_data(inspection: &Inspection, pointed: Option<&Value>) -> Value {
    let steps = [
        ("input", &inspection.input),
        ("afterInputPath", &inspection.after_input_path),
        ("afterParameters", &inspection.after_parameters),
        ("afterArguments", &inspection.after_arguments),
        ("afterItemsPath", &inspection.after_items_path),
        ("afterItemSelector", &inspection.after_item_selector),
        ("afterItemBatcher", &inspection.after_item_batcher),
        ("result", &inspection.result),
        ("afterResultSelector", &inspection.after_result_selector),
        ("afterResultPath", &inspection.after_result_path),
    ];
    let mut data: Map<String, Value> = steps
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?.to_string()))))
        .collect();
    if let Some(pointed) = pointed {
        data.insert("afterItemsPointer".into(), json!(pointed.to_string()));
    }
    if let Some(most) = inspection.max_concurrency {
        data.insert("maxConcurrency".into(), json!(most));
    }
    if let Some(count) = inspection.tolerated_failure_count {
        data.insert("toleratedFailureCount".into(), json!(count));
    }
    if let Some(percentage) = inspection.tolerated_failure_percentage {
        data.insert("toleratedFailurePercentage".into(), json!(percentage));
    }
    if !inspection.variables.is_empty() {
        let variables: Map<String, Value> = inspection
            .variables
            .iter()
            .map(|(name, value)| (name.to_string(), (**value).clone()))
            .collect();
        data.insert("variables".into(), json!(Value::Object(variables).to_string()));
    }
    match inspection.error_handler {
        Some(ErrorHandler::Retry { index, backoff_seconds }) => {
            data.insert(
                "errorDetails".into(),
                json!({ "retryIndex": index, "retryBackoffIntervalSeconds": backoff_seconds }),
            );
        }
        Some(ErrorHandler::Catch { index }) => {
            data.insert("errorDetails".into(), json!({ "catchIndex": index }));
        }
        None => {}
    }
    Value::Object(data)
}
