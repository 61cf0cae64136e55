//! [DeleteStack](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html)

use std::sync::Arc;

use sluice_wire::{Form, Xml};

use crate::{CloudFormation, CloudFormationError, StackRecord, StackStatus, Stacks};

/// Answers once the deletion is sure to happen; it goes on behind the response.
pub(crate) async fn call(service: &CloudFormation, form: &Form) -> Result<Xml, CloudFormationError> {
    let name = form
        .filled("StackName")
        .ok_or(CloudFormationError::MissingParameter("StackName"))?;
    let retain: Vec<&str> = form.members("RetainResources").collect();
    service.begin_deletion(name, &retain).await?;
    Ok(Xml::default())
}

impl CloudFormation {
    /// Begins the deletion of a stack, by name or id. One that is not there counts as deleted, as on AWS.
    ///
    /// # Errors
    /// `ValidationError` when another stack uses an export, or when the stack is protected; when the journal fails.
    pub async fn delete_stack(&self, name: &str) -> Result<(), CloudFormationError> {
        self.begin_deletion(name, &[]).await
    }

    /// As [`CloudFormation::delete_stack`]; of a stack whose deletion has failed, the resources with the logical ids in `retain`
    /// stay.
    async fn begin_deletion(&self, name: &str, retain: &[&str]) -> Result<(), CloudFormationError> {
        let Some(stack) = self.stacks.get(name) else {
            return Ok(());
        };
        match stack.status {
            StackStatus::DeleteInProgress | StackStatus::DeleteComplete => return Ok(()),
            StackStatus::CreateComplete | StackStatus::UpdateComplete | StackStatus::DeleteFailed => {}
        }
        check(&self.stacks, &stack)?;
        if !retain.is_empty() && stack.status != StackStatus::DeleteFailed {
            return Err(CloudFormationError::RetainTooEarly(stack.name.clone()));
        }
        let mut resources = stack.resources.clone();
        for resource in &mut resources {
            resource.retained |= retain.contains(&resource.logical_id.as_str());
        }
        let deleting = StackRecord {
            status: StackStatus::DeleteInProgress,
            status_reason: Some("User Initiated".to_owned()),
            deletion_began: Some(self.account.now()),
            resources,
            ..StackRecord::clone(&stack)
        };
        self.stacks.save(deleting).await?;
        self.stacks.request_deletion(&stack.id);
        Ok(())
    }
}

/// Refuses the deletion of a stack that others need, or that is protected.
fn check(stacks: &Stacks, stack: &StackRecord) -> Result<(), CloudFormationError> {
    let others = stacks.list();
    let importers = |export: &str| -> Vec<String> {
        let uses = |other: &&Arc<StackRecord>| {
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
