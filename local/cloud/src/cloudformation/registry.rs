//! The stacks that run on this machine.

use std::sync::{Arc, PoisonError, RwLock};

use sluice_engine::Timestamp;

/// How a stack or a resource stands. What does not come up is never registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackStatus {
    /// As it was first set up.
    CreateComplete,
    /// Changed since.
    UpdateComplete,
}

impl StackStatus {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateComplete => "CREATE_COMPLETE",
            Self::UpdateComplete => "UPDATE_COMPLETE",
        }
    }
}

/// A parameter with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackParameter {
    /// Its name.
    pub key: String,
    /// Its value; `****` for `NoEcho`.
    pub value: String,
}

/// An output.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// What `Ref` gives.
    pub physical_id: String,
    /// Such as `AWS::Lambda::Function`.
    pub resource_type: String,
}

/// A stack as the reads show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackRecord {
    /// Its name.
    pub name: String,
    /// Its id, an ARN.
    pub id: String,
    /// The template's description.
    pub description: Option<String>,
    /// How it stands.
    pub status: StackStatus,
    /// Its parameters in the order of the template.
    pub parameters: Vec<StackParameter>,
    /// Its outputs in the order of the template.
    pub outputs: Vec<StackOutput>,
    /// Its resources in the order in which they were set up.
    pub resources: Vec<StackResource>,
    /// When it was first set up, on the engine's clock.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Option<Timestamp>,
    /// The template's text.
    pub template_body: String,
}

impl StackRecord {
    /// When the last change was.
    pub fn changed(&self) -> Timestamp {
        self.updated.unwrap_or(self.created)
    }
}

/// The stacks in the order in which they were set up.
#[derive(Debug, Default)]
pub struct Stacks(RwLock<Vec<Arc<StackRecord>>>);

impl Stacks {
    /// Adds a stack, or replaces that of the same name.
    pub fn register(&self, stack: StackRecord) {
        let mut stacks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let stack = Arc::new(stack);
        match stacks.iter_mut().find(|known| known.name == stack.name) {
            Some(known) => *known = stack,
            None => stacks.push(stack),
        }
    }

    /// By name or id.
    pub fn get(&self, name_or_id: &str) -> Option<Arc<StackRecord>> {
        let stacks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        stacks
            .iter()
            .find(|stack| stack.name == name_or_id || stack.id == name_or_id)
            .cloned()
    }

    /// All of them, the newest first, as AWS lists them.
    pub fn list(&self) -> Vec<Arc<StackRecord>> {
        let stacks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        stacks.iter().rev().cloned().collect()
    }
}
