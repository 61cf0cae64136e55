//! [DescribeStackEvents](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html): the
//! end of each resource's and of the stack's own set-up and deletion, the newest first. What came between is not kept.

use sluice_clock::Timestamp;
use sluice_wire::{Form, Xml, iso_8601};

use crate::service::refuse_token;
use crate::{CloudFormation, CloudFormationError, StackRecord, StackResource, StackStatus};

pub(crate) async fn call(service: &CloudFormation, form: &Form) -> Result<Xml, CloudFormationError> {
    refuse_token(form)?;
    // This one action says it in other words.
    let stack = service.named_stack(form).map_err(|error| match error {
        CloudFormationError::StackDoesNotExist(name) => CloudFormationError::NoEventsOfStack(name),
        other => other,
    })?;
    let mut xml = Xml::default();
    xml.list("StackEvents", events(&stack), |xml, event| member(xml, &stack, &event));
    Ok(xml)
}

/// An event of a resource, or of the stack, which is one of its own resources then.
struct StackEvent<'s> {
    logical_id: &'s str,
    physical_id: &'s str,
    resource_type: &'s str,
    at: Timestamp,
    status: StackStatus,
    reason: Option<&'s str>,
}

impl<'s> StackEvent<'s> {
    fn of(resource: &'s StackResource, at: Timestamp, status: StackStatus) -> Self {
        Self {
            logical_id: &resource.logical_id,
            physical_id: &resource.physical_id,
            resource_type: &resource.resource_type,
            at,
            status,
            reason: None,
        }
    }
}

fn events(stack: &StackRecord) -> Vec<StackEvent<'_>> {
    let whole = |at, status, reason| StackEvent {
        logical_id: &stack.name,
        physical_id: &stack.id,
        resource_type: "AWS::CloudFormation::Stack",
        at,
        status,
        reason,
    };
    let mut events = Vec::new();
    let reason = stack.status_reason.as_deref();
    match (stack.status, stack.deleted, stack.deletion_began) {
        (StackStatus::DeleteComplete, Some(at), _) => {
            events.push(whole(at, StackStatus::DeleteComplete, None));
            // they went in reverse order, so the first was the last
            let gone = stack.resources.iter().filter(|resource| !resource.retained);
            events.extend(gone.map(|one| StackEvent::of(one, at, StackStatus::DeleteComplete)));
        }
        (StackStatus::DeleteFailed, _, Some(at)) => events.push(whole(at, StackStatus::DeleteFailed, reason)),
        _ => {}
    }
    if let Some(at) = stack.deletion_began {
        events.push(whole(at, StackStatus::DeleteInProgress, Some("User Initiated")));
    }
    let set_up = match stack.updated {
        Some(_) => StackStatus::UpdateComplete,
        None => StackStatus::CreateComplete,
    };
    events.push(whole(stack.changed(), set_up, None));
    events.extend(
        stack
            .resources
            .iter()
            .rev()
            .map(|one| StackEvent::of(one, stack.changed(), set_up)),
    );
    events
}

fn member(xml: &mut Xml, stack: &StackRecord, event: &StackEvent<'_>) {
    let (status, at) = (event.status.as_str(), event.at);
    xml.text("StackId", &stack.id)
        .text("EventId", &format!("{}-{status}-{at}", event.logical_id))
        .text("StackName", &stack.name)
        .text("LogicalResourceId", event.logical_id)
        .text("PhysicalResourceId", event.physical_id)
        .text("ResourceType", event.resource_type)
        .text("Timestamp", &iso_8601(at))
        .text("ResourceStatus", status)
        .optional("ResourceStatusReason", event.reason);
}
