//! [DeleteStack](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html)

use super::error::CloudFormationError;
use super::{StackRecord, StackStatus, Stacks};
use crate::endpoint::{ApiError, Form, Services, Xml};

/// Answers once the deletion is sure to happen; it goes on behind the answer.
pub(super) async fn call(services: &Services, form: &Form) -> Result<Xml, ApiError> {
    let name = form
        .filled("StackName")
        .ok_or(CloudFormationError::MissingParameter("StackName"))?;
    let retain: Vec<&str> = form.members("RetainResources").collect();
    begin(services, name, &retain).await?;
    Ok(Xml::default())
}

/// Begins the deletion of a stack, by name or id. One that is not there counts as deleted, as on AWS.
///
/// # Errors
/// `ValidationError` when another stack uses an export, or when the stack is protected; what the journal says.
pub(crate) async fn delete(services: &Services, name: &str) -> Result<(), ApiError> {
    begin(services, name, &[]).await
}

/// As [`delete`]; of a stack whose deletion has failed, the resources with the logical ids in `retain` stay.
async fn begin(services: &Services, name: &str, retain: &[&str]) -> Result<(), ApiError> {
    let Some(stack) = services.stacks.get(name) else {
        return Ok(());
    };
    match stack.status {
        StackStatus::DeleteInProgress | StackStatus::DeleteComplete => return Ok(()),
        StackStatus::CreateComplete | StackStatus::UpdateComplete | StackStatus::DeleteFailed => {}
    }
    check(&services.stacks, &stack)?;
    if !retain.is_empty() && stack.status != StackStatus::DeleteFailed {
        return Err(CloudFormationError::RetainTooEarly(stack.name.clone()).into());
    }
    let mut resources = stack.resources.clone();
    for resource in &mut resources {
        resource.retained |= retain.contains(&resource.logical_id.as_str());
    }
    let now = services.config.now();
    let doomed = StackRecord {
        status: StackStatus::DeleteInProgress,
        status_reason: Some("User Initiated".to_owned()),
        deletion_began: Some(now),
        resources,
        ..StackRecord::clone(&stack)
    };
    let kept = services.stacks.keep(&services.driver, doomed).await;
    kept.map_err(|error| ApiError::store(&error, error.is_retryable()))?;
    services.stacks.ask_for_deletion(&stack.id);
    Ok(())
}

fn check(stacks: &Stacks, stack: &StackRecord) -> Result<(), CloudFormationError> {
    let others = stacks.list();
    let importers = |export: &str| -> Vec<String> {
        let uses = |other: &&std::sync::Arc<StackRecord>| {
            other.id != stack.id && other.status.exists() && other.imports.iter().any(|name| name == export)
        };
        others.iter().filter(uses).map(|other| other.name.clone()).collect()
    };
    for export in stack.outputs.iter().filter_map(|output| output.export_name.as_deref()) {
        let importers = importers(export);
        if !importers.is_empty() {
            return Err(CloudFormationError::ExportInUse {
                export: export.to_owned(),
                by: importers.join(" and "),
            });
        }
    }
    if stack.protected {
        return Err(CloudFormationError::Protected(stack.name.clone()));
    }
    Ok(())
}
