//! [ListExecutions](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html)

use serde::{Deserialize, Serialize};
use sluice_driver::{ChildFilter, ChildRecord, ExecutionFilter, ExecutionSummary, MachineKind, Qualifier};
use sluice_engine::Status;
use sluice_wire::{ApiError, Constraints, PageToken, epoch_seconds};

use crate::paging::{Paging, page_size};
use crate::{StatesError, StepFunctions, arn, lookup};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    state_machine_arn: Option<String>,
    map_run_arn: Option<String>,
    status_filter: Option<String>,
    redrive_filter: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    executions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// `ExecutionListItem`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Item {
    Execution(ExecutionItem),
    Child(ChildItem),
}

/// An execution of a state machine.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecutionItem {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    status: &'static str,
    start_date: f64,
    redrive_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
}

/// An execution that a Map Run has started.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChildItem {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    status: &'static str,
    start_date: f64,
    map_run_arn: String,
    item_count: u64,
    redrive_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<f64>,
}

const STATUSES: [(&str, Option<Status>); 6] = [
    ("RUNNING", Some(Status::Running)),
    ("SUCCEEDED", Some(Status::Succeeded)),
    ("FAILED", Some(Status::Failed)),
    ("TIMED_OUT", Some(Status::TimedOut)),
    ("ABORTED", Some(Status::Aborted)),
    ("PENDING_REDRIVE", Some(Status::PendingRedrive)),
];

/// The filters and the page that a request asks for.
struct Wanted {
    status: Option<Status>,
    redriven: Option<bool>,
    /// The filters as they were given, which a token is bound to.
    filters: [String; 2],
    paging: Paging,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let limit = page_size(&mut constraints, request.max_results);
    let status = constraints.choice("statusFilter", request.status_filter.as_deref(), &STATUSES, None);
    let redriven = [("REDRIVEN", Some(true)), ("NOT_REDRIVEN", Some(false))];
    let redriven = constraints.choice("redriveFilter", request.redrive_filter.as_deref(), &redriven, None);
    let next_token = constraints.optional_text("nextToken", request.next_token, 1..=3_096);
    constraints.finish()?;
    let wanted = Wanted {
        status,
        redriven,
        filters: [request.status_filter, request.redrive_filter].map(Option::unwrap_or_default),
        paging: Paging { limit, next_token },
    };
    match (request.state_machine_arn, request.map_run_arn) {
        (Some(machine_arn), None) => of_machine(states, machine_arn, &wanted).await,
        (None, Some(map_run_arn)) => of_map_run(states, map_run_arn, &wanted).await,
        (None, None) => Err(ApiError::validation("Must provide a StateMachine ARN or MapRun ARN").into()),
        (Some(_), Some(_)) => {
            Err(ApiError::validation("Must specify exactly one of stateMachineArn or mapRunArn").into())
        }
    }
}

/// The executions of a state machine, a version or an alias.
async fn of_machine(states: &StepFunctions, asked_for: String, wanted: &Wanted) -> Result<Response, StatesError> {
    if wanted.status == Some(Status::PendingRedrive) {
        let message = "The status filter PENDING_REDRIVE is for the executions of a Map Run: specify mapRunArn.";
        return Err(ApiError::validation(message).into());
    }
    let (machine_arn, qualifier) = arn::qualified(&asked_for)?;
    let machine = lookup::machine(states, &machine_arn).await?;
    let exists = match &qualifier {
        None => true,
        Some(Qualifier::Version(number)) => states.driver.versions().get(&machine_arn, *number).await?.is_some(),
        Some(Qualifier::Alias(name)) => states.driver.aliases().get(&machine_arn, name).await?.is_some(),
    };
    if !exists {
        return Err(StatesError::StateMachineDoesNotExist(asked_for));
    }
    if machine.kind == MachineKind::Express {
        return Err(StatesError::StateMachineTypeNotSupported);
    }

    let [status, redriven] = &wanted.filters;
    let scope = ["ListExecutions", &asked_for, status, redriven];
    let token = PageToken::of(&scope);
    let filter = ExecutionFilter {
        machine_arn: Some(machine_arn),
        qualifier,
        redriven: wanted.redriven,
        status: wanted.status,
        after: wanted.paging.start(&token)?,
        limit: wanted.paging.limit,
        ..Default::default()
    };
    let page = states.driver.executions().list(filter).await?;
    Ok(Response {
        executions: page
            .items
            .into_iter()
            .map(|item| Item::Execution(item.into()))
            .collect(),
        next_token: page.next.map(|place| token.seal(&place)),
    })
}

/// The child executions of a Map Run.
async fn of_map_run(states: &StepFunctions, map_run_arn: String, wanted: &Wanted) -> Result<Response, StatesError> {
    arn::map_run(&map_run_arn)?;
    let [status, redriven] = &wanted.filters;
    let scope = ["ListExecutions", &map_run_arn, status, redriven];
    let token = PageToken::of(&scope);
    let filter = ChildFilter {
        map_run_arn: map_run_arn.clone(),
        redriven: wanted.redriven,
        status: wanted.status,
        after: wanted.paging.start(&token)?,
        limit: wanted.paging.limit,
    };
    let page = states.driver.map_runs().children(filter).await?;
    let page = page.ok_or_else(|| StatesError::ResourceNotFound(map_run_arn.clone()))?;
    let items = page.items.iter().map(|child| child_item(child, &map_run_arn));
    Ok(Response {
        executions: items.collect::<Result<_, _>>()?,
        next_token: page.next.map(|place| token.seal(&place)),
    })
}

fn child_item(child: &ChildRecord, map_run_arn: &str) -> Result<Item, StatesError> {
    let named = arn::child(&child.arn)?;
    Ok(Item::Child(ChildItem {
        execution_arn: child.arn.clone(),
        state_machine_arn: named.machine_arn,
        name: named.name.to_owned(),
        status: child.status.as_str(),
        start_date: epoch_seconds(child.start),
        map_run_arn: map_run_arn.to_owned(),
        item_count: child.items,
        redrive_count: child.redrive_count,
        stop_date: child.stop.map(epoch_seconds),
        redrive_date: child.redriven_at.map(epoch_seconds),
    }))
}

impl From<ExecutionSummary> for ExecutionItem {
    fn from(summary: ExecutionSummary) -> Self {
        Self {
            execution_arn: summary.arn,
            state_machine_arn: summary.machine_arn,
            name: summary.name,
            status: summary.status.as_str(),
            start_date: epoch_seconds(summary.start_date),
            redrive_count: summary.redrive_count,
            redrive_date: summary.redriven_at.map(epoch_seconds),
            stop_date: summary.stop_date.map(epoch_seconds),
            state_machine_version_arn: summary.version_arn,
            state_machine_alias_arn: summary.alias_arn,
        }
    }
}
