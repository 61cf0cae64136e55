//! Stacks as the reads show them and the journal keeps them.

use serde::{Deserialize, Serialize};
use sluice_clock::Timestamp;

/// The status of a stack or a resource. A stack that does not come up is never registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StackStatus {
    /// Set up, and not changed since.
    CreateComplete,
    /// Changed after it was set up.
    UpdateComplete,
    /// Its resources are being deleted.
    DeleteInProgress,
    /// A resource could not be removed.
    DeleteFailed,
    /// It is gone, and only its id is left.
    DeleteComplete,
}

impl StackStatus {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateComplete => "CREATE_COMPLETE",
            Self::UpdateComplete => "UPDATE_COMPLETE",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
            Self::DeleteFailed => "DELETE_FAILED",
            Self::DeleteComplete => "DELETE_COMPLETE",
        }
    }

    /// Tells whether a stack with this status has its name.
    pub fn exists(self) -> bool {
        match self {
            Self::CreateComplete | Self::UpdateComplete | Self::DeleteInProgress | Self::DeleteFailed => true,
            Self::DeleteComplete => false,
        }
    }
}

/// A parameter with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackParameter {
    /// Its name.
    pub key: String,
    /// Its value; `****` for `NoEcho`.
    pub value: String,
}

/// An output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackOutput {
    /// `OutputKey`.
    pub key: String,
    /// `OutputValue`.
    pub value: String,
    /// `Description`.
    pub description: Option<String>,
    /// `ExportName`.
    pub export_name: Option<String>,
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// The value of `Ref`.
    pub physical_id: String,
    /// Such as `AWS::Lambda::Function`.
    pub resource_type: String,
    /// It stays when the stack is deleted.
    pub retained: bool,
}

/// A stack as the reads show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackRecord {
    /// Its name.
    pub name: String,
    /// Its id, an ARN.
    pub id: String,
    /// The template's description.
    pub description: Option<String>,
    /// Its status.
    pub status: StackStatus,
    /// The reason of the status, if there is one to tell.
    pub status_reason: Option<String>,
    /// Its parameters in the order of the template.
    pub parameters: Vec<StackParameter>,
    /// Its outputs in the order of the template.
    pub outputs: Vec<StackOutput>,
    /// Its resources in the order in which they were set up.
    pub resources: Vec<StackResource>,
    /// The time at which it was first set up, on the engine's clock.
    pub created: Timestamp,
    /// The time at which it was last changed.
    pub updated: Option<Timestamp>,
    /// The time at which its deletion was asked for.
    pub deletion_began: Option<Timestamp>,
    /// The time at which it was gone.
    pub deleted: Option<Timestamp>,
    /// The time at which it deletes itself, if its lifetime was computed here.
    pub ends: Option<Timestamp>,
    /// The number of stacks of its name that there were before.
    pub generation: u32,
    /// The exports of other stacks that it uses.
    pub imports: Vec<String>,
    /// It cannot be deleted.
    pub protected: bool,
    /// The template's text.
    pub template_body: String,
}

impl StackRecord {
    /// A stack without anything in it.
    pub fn empty(name: &str, id: &str) -> Self {
        Self {
            name: name.to_owned(),
            id: id.to_owned(),
            description: None,
            status: StackStatus::CreateComplete,
            status_reason: None,
            parameters: Vec::new(),
            outputs: Vec::new(),
            resources: Vec::new(),
            created: 0,
            updated: None,
            deletion_began: None,
            deleted: None,
            ends: None,
            generation: 0,
            imports: Vec::new(),
            protected: false,
            template_body: String::new(),
        }
    }

    /// Retains what another record of the stack retains.
    pub fn retain_as(&mut self, other: Option<&Self>) {
        let kept = |resource: &StackResource| {
            let mut others = other.into_iter().flat_map(|other| &other.resources);
            others.any(|other| other.retained && other.logical_id == resource.logical_id)
        };
        for resource in &mut self.resources {
            resource.retained |= kept(resource);
        }
    }

    /// Tells whether it was gone before a time.
    pub(crate) fn is_over(&self, before: Timestamp) -> bool {
        !self.status.exists() && self.deleted.is_some_and(|deleted| deleted <= before)
    }

    /// The time at which it was set up last.
    pub fn changed(&self) -> Timestamp {
        self.updated.unwrap_or(self.created)
    }
}
