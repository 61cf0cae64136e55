//! [ListExecutions](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::{ChildFilter, ChildRecord, ExecutionFilter, ExecutionSummary, MachineKind, Qualifier};
use sluice_engine::Status;

use super::describe_state_machine::machine;
use super::paging::{open_token, page_size};
use super::{StatesError, arn};
use crate::endpoint::{ApiError, Constraints, PageToken, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    map_run_arn: Option<String>,
    status_filter: Option<String>,
    redrive_filter: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

const STATUSES: [(&str, Option<Status>); 6] = [
    ("RUNNING", Some(Status::Running)),
    ("SUCCEEDED", Some(Status::Succeeded)),
    ("FAILED", Some(Status::Failed)),
    ("TIMED_OUT", Some(Status::TimedOut)),
    ("ABORTED", Some(Status::Aborted)),
    ("PENDING_REDRIVE", Some(Status::PendingRedrive)),
];

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let limit = page_size(&mut constraints, request.max_results);
    let status = constraints.choice("statusFilter", request.status_filter.as_deref(), &STATUSES, None);
    let redriven = [("REDRIVEN", Some(true)), ("NOT_REDRIVEN", Some(false))];
    let redriven = constraints.choice("redriveFilter", request.redrive_filter.as_deref(), &redriven, None);
    let next_token = constraints.optional_text("nextToken", request.next_token, 1..=3_096);
    constraints.finish()?;
    let asked_for = match (request.state_machine_arn, request.map_run_arn) {
        (Some(machine_arn), None) => machine_arn,
        (None, Some(map_run_arn)) => {
            let filter = ChildFilter {
                map_run_arn,
                redriven,
                status,
                after: None,
                limit,
            };
            let filters = [request.status_filter, request.redrive_filter].map(Option::unwrap_or_default);
            return children(services, filter, &filters, next_token.as_deref()).await;
        }
        _ => return Err(ApiError::validation("Must specify exactly one of stateMachineArn or mapRunArn").into()),
    };
    if status == Some(Status::PendingRedrive) {
        let message = "The status filter PENDING_REDRIVE is for the executions of a Map Run: specify mapRunArn.";
        return Err(ApiError::validation(message).into());
    }
    let (machine_arn, qualifier) = arn::qualified(&asked_for)?;
    let record = machine(services, &machine_arn).await?;
    let exists = match &qualifier {
        None => true,
        Some(Qualifier::Version(number)) => services.driver.version(&machine_arn, *number).await?.is_some(),
        Some(Qualifier::Alias(name)) => services.driver.alias(&machine_arn, name).await?.is_some(),
    };
    if !exists {
        return Err(StatesError::StateMachineDoesNotExist(asked_for));
    }
    if record.kind == MachineKind::Express {
        return Err(StatesError::StateMachineTypeNotSupported);
    }

    let scope = [
        "ListExecutions",
        &asked_for,
        request.status_filter.as_deref().unwrap_or(""),
        request.redrive_filter.as_deref().unwrap_or(""),
    ];
    let token = PageToken::of(&scope);
    let after = open_token(&token, next_token.as_deref())?;
    let filter = ExecutionFilter {
        machine_arn: Some(machine_arn),
        qualifier,
        redriven,
        status,
        after,
        limit,
        ..Default::default()
    };
    let page = services.driver.executions(filter).await?;
    let mut answer = json!({ "executions": page.items.iter().map(shown).collect::<Vec<_>>() });
    if let Some(next) = page.next {
        answer["nextToken"] = json!(token.seal(&next));
    }
    Ok(answer)
}

/// The child executions of a Map Run.
async fn children(
    services: &Services,
    mut filter: ChildFilter,
    [status, redriven]: &[String; 2],
    next_token: Option<&str>,
) -> Result<Value, StatesError> {
    let map_run_arn = filter.map_run_arn.clone();
    arn::map_run(&map_run_arn)?;
    let scope = ["ListExecutions", &map_run_arn, status, redriven];
    let token = PageToken::of(&scope);
    filter.after = open_token(&token, next_token)?;
    let page = services.driver.children(filter).await?;
    let page = page.ok_or_else(|| StatesError::ResourceNotFound(map_run_arn.clone()))?;
    let items = page.items.iter().map(|child| shown_child(child, &map_run_arn));
    let mut answer = json!({ "executions": items.collect::<Result<Vec<_>, _>>()? });
    if let Some(next) = page.next {
        answer["nextToken"] = json!(token.seal(&next));
    }
    Ok(answer)
}

fn shown_child(child: &ChildRecord, map_run_arn: &str) -> Result<Value, StatesError> {
    let named = arn::child(&child.arn)?;
    let mut shown = json!({
        "executionArn": child.arn,
        "stateMachineArn": named.machine_arn,
        "name": named.name,
        "status": child.status.as_str(),
        "startDate": epoch_seconds(child.start),
        "mapRunArn": map_run_arn,
        "itemCount": child.items,
        "redriveCount": child.redrive_count,
    });
    if let Some(stop_date) = child.stop {
        shown["stopDate"] = json!(epoch_seconds(stop_date));
    }
    if let Some(redriven_at) = child.redriven_at {
        shown["redriveDate"] = json!(epoch_seconds(redriven_at));
    }
    Ok(shown)
}

fn shown(summary: &ExecutionSummary) -> Value {
    let mut shown = json!({
        "executionArn": summary.arn,
        "stateMachineArn": summary.machine_arn,
        "name": summary.name,
        "status": summary.status.as_str(),
        "startDate": epoch_seconds(summary.start_date),
        "redriveCount": summary.redrive_count,
    });
    if let Some(redriven_at) = summary.redriven_at {
        shown["redriveDate"] = json!(epoch_seconds(redriven_at));
    }
    if let Some(stop_date) = summary.stop_date {
        shown["stopDate"] = json!(epoch_seconds(stop_date));
    }
    if let Some(version_arn) = &summary.version_arn {
        shown["stateMachineVersionArn"] = json!(version_arn);
    }
    if let Some(alias_arn) = &summary.alias_arn {
        shown["stateMachineAliasArn"] = json!(alias_arn);
    }
    shown
}
