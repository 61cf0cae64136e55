//! The response.

use serde::Serialize;
use serde_json::{Map, Value};
use sluice_engine::test_state::{ErrorHandler, Inspection, TestReport, TestStatus};

use super::request::Level;

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_state: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection_data: Option<InspectionData>,
}

/// `inspectionData`: values as JSON texts, absent where the state takes no such step.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InspectionData {
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_input_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_parameters: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_arguments: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_items_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_item_selector: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_item_batcher: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_result_selector: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_result_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_items_pointer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_concurrency: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerated_failure_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerated_failure_percentage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_details: Option<ErrorDetails>,
}

/// `InspectionErrorDetails`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    catch_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_backoff_interval_seconds: Option<u64>,
}

impl Response {
    /// The response for a report; `pointed` is what an ItemReader's `ItemsPointer` selected.
    pub(super) fn of(report: &TestReport, pointed: Option<&Value>, level: Level) -> Self {
        let response = match &report.status {
            TestStatus::Succeeded { output, next } => Self {
                output: Some(output.to_string()),
                next_state: next.as_ref().map(ToString::to_string),
                status: "SUCCEEDED",
                ..Self::default()
            },
            TestStatus::Failed(error) => Self::failed(error, "FAILED"),
            TestStatus::Retriable(error) => Self::failed(error, "RETRIABLE"),
            TestStatus::Caught { error, output, next } => Self {
                output: Some(output.to_string()),
                next_state: Some(next.to_string()),
                ..Self::failed(error, "CAUGHT_ERROR")
            },
        };
        let inspection_data = match level {
            Level::Info => None,
            Level::Debug | Level::Trace => Some(InspectionData::of(&report.inspection, pointed)),
        };
        Self {
            inspection_data,
            ..response
        }
    }

    fn failed(details: &sluice_engine::ErrorDetails, status: &'static str) -> Self {
        Self {
            error: details.error.clone(),
            cause: details.cause.clone(),
            status,
            ..Self::default()
        }
    }
}

impl InspectionData {
    fn of(inspection: &Inspection, pointed: Option<&Value>) -> Self {
        Self {
            input: text(&inspection.input),
            after_input_path: text(&inspection.after_input_path),
            after_parameters: text(&inspection.after_parameters),
            after_arguments: text(&inspection.after_arguments),
            after_items_path: text(&inspection.after_items_path),
            after_item_selector: text(&inspection.after_item_selector),
            after_item_batcher: text(&inspection.after_item_batcher),
            result: text(&inspection.result),
            after_result_selector: text(&inspection.after_result_selector),
            after_result_path: text(&inspection.after_result_path),
            after_items_pointer: pointed.map(Value::to_string),
            max_concurrency: inspection.max_concurrency,
            tolerated_failure_count: inspection.tolerated_failure_count,
            tolerated_failure_percentage: inspection.tolerated_failure_percentage,
            variables: variables(inspection),
            error_details: inspection.error_handler.as_ref().map(ErrorDetails::of),
        }
    }
}

impl ErrorDetails {
    fn of(handler: &ErrorHandler) -> Self {
        match *handler {
            ErrorHandler::Retry { index, backoff_seconds } => Self {
                retry_index: Some(index),
                retry_backoff_interval_seconds: Some(backoff_seconds),
                ..Self::default()
            },
            ErrorHandler::Catch { index } => Self {
                catch_index: Some(index),
                ..Self::default()
            },
        }
    }
}

fn text(value: &Option<impl ToString>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

/// The variables as one JSON text; none if there are none.
fn variables(inspection: &Inspection) -> Option<String> {
    if inspection.variables.is_empty() {
        return None;
    }
    let members = inspection.variables.iter();
    let members: Map<String, Value> = members
        .map(|(name, value)| (name.to_string(), (**value).clone()))
        .collect();
    Some(Value::Object(members).to_string())
}
