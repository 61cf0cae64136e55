//! The stacks that run on this machine.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use sluice_driver::{Driver, DriverError, Order};
use sluice_engine::Timestamp;
use tokio::sync::mpsc;

/// The journal's shelf for stacks: the stack's id to its record.
const KIND: &str = "stack";

/// How a stack or a resource stands. What does not come up is never registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StackStatus {
    /// As it was first set up.
    CreateComplete,
    /// Changed since.
    UpdateComplete,
    /// Its resources go.
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

    /// Whether a stack in this state has its name.
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
    /// What `Ref` gives.
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
    /// How it stands.
    pub status: StackStatus,
    /// Why, where there is something to say.
    pub status_reason: Option<String>,
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
    /// When its deletion was asked for.
    pub deletion_began: Option<Timestamp>,
    /// When it was gone.
    pub deleted: Option<Timestamp>,
    /// When it deletes itself, if its lifetime was computed here.
    pub ends: Option<Timestamp>,
    /// How many stacks of its name there were before.
    pub generation: u32,
    /// The exports of other stacks that it uses.
    pub imports: Vec<String>,
    /// It cannot be deleted.
    pub protected: bool,
    /// The template's text.
    pub template_body: String,
}

impl StackRecord {
    /// Retains what another record of the stack retains.
    pub(crate) fn retain_as(&mut self, other: Option<&Self>) {
        let kept = |resource: &StackResource| {
            let mut others = other.into_iter().flat_map(|other| &other.resources);
            others.any(|other| other.retained && other.logical_id == resource.logical_id)
        };
        for resource in &mut self.resources {
            resource.retained |= kept(resource);
        }
    }

    /// Whether it was gone before a time.
    fn is_over(&self, before: Timestamp) -> bool {
        !self.status.exists() && self.deleted.is_some_and(|deleted| deleted <= before)
    }

    /// When it was set up last.
    pub fn changed(&self) -> Timestamp {
        self.updated.unwrap_or(self.created)
    }
}

/// The stacks in the order in which they were set up, deleted ones too.
#[derive(Debug)]
pub struct Stacks {
    records: RwLock<Vec<Arc<StackRecord>>>,
    doomed: mpsc::UnboundedSender<String>,
    deletions: Mutex<Option<mpsc::UnboundedReceiver<String>>>,
}

impl Default for Stacks {
    fn default() -> Self {
        let (doomed, deletions) = mpsc::unbounded_channel();
        Self {
            records: RwLock::default(),
            doomed,
            deletions: Mutex::new(Some(deletions)),
        }
    }
}

impl Stacks {
    /// Adds a stack, or replaces that of the same id.
    pub fn register(&self, stack: StackRecord) {
        let mut records = self.records.write().unwrap_or_else(PoisonError::into_inner);
        let stack = Arc::new(stack);
        match records.iter_mut().find(|known| known.id == stack.id) {
            Some(known) => *known = stack,
            None => records.push(stack),
        }
    }

    /// As [`Stacks::register`], and durably.
    pub(crate) async fn keep(&self, driver: &Driver, stack: StackRecord) -> Result<(), DriverError> {
        let value = serde_json::to_value(&stack).unwrap_or_default();
        driver.put(KIND, &stack.id, value).await?;
        self.register(stack);
        Ok(())
    }

    /// What earlier processes kept, in no order.
    pub(crate) async fn kept(driver: &Driver) -> Result<Vec<StackRecord>, DriverError> {
        const BATCH: usize = 100;
        let mut records = Vec::new();
        let mut after = None;
        loop {
            let batch = driver.scan(KIND, Order::Ascending, after, BATCH).await?;
            after = batch.last().map(|(id, _)| id.clone());
            let full = batch.len() == BATCH;
            for (id, value) in batch {
                match serde_json::from_value(value) {
                    Ok(record) => records.push(record),
                    Err(error) => tracing::warn!(%error, id, "a stack of another release is not read"),
                }
            }
            if !full {
                return Ok(records);
            }
        }
    }

    /// Lists stacks no more that were gone before a time. The last one of its name is kept in the journal all the same: it
    /// says how the next one's resources are called.
    pub(crate) async fn forget(&self, driver: &Driver, before: Timestamp) -> Result<(), DriverError> {
        let is_over = |stack: &StackRecord| stack.is_over(before);
        let over = self
            .list()
            .into_iter()
            .filter(|stack| is_over(stack))
            .collect::<Vec<_>>();
        let newer = |stack: &StackRecord| {
            let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
            let mut others = records.iter();
            others.any(|other| other.name == stack.name && other.generation > stack.generation)
        };
        for stack in over {
            if newer(&stack) {
                driver.remove(KIND, &stack.id).await?;
            }
        }
        let mut records = self.records.write().unwrap_or_else(PoisonError::into_inner);
        records.retain(|stack| !is_over(stack));
        Ok(())
    }

    /// By id, or by name if it is not deleted.
    pub fn get(&self, name_or_id: &str) -> Option<Arc<StackRecord>> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let found = records
            .iter()
            .find(|stack| stack.id == name_or_id || (stack.name == name_or_id && stack.status.exists()));
        found.cloned()
    }

    /// All of them, the newest first, as AWS lists them.
    pub fn list(&self) -> Vec<Arc<StackRecord>> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        records.iter().rev().cloned().collect()
    }

    /// Those that are not deleted, the newest first.
    pub fn existing(&self) -> Vec<Arc<StackRecord>> {
        let mut stacks = self.list();
        stacks.retain(|stack| stack.status.exists());
        stacks
    }

    /// Tells who deletes stacks of one that is to go.
    pub(crate) fn ask_for_deletion(&self, id: &str) {
        // nobody listens any more: the next start finds it in the journal
        let _ = self.doomed.send(id.to_owned());
    }

    /// The ids of the stacks that are to go, for the one who deletes them.
    pub(crate) fn deletions(&self) -> Option<mpsc::UnboundedReceiver<String>> {
        self.deletions.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A stack without anything in it.
#[cfg(test)]
pub(crate) fn example(name: &str) -> StackRecord {
    StackRecord {
        name: name.to_owned(),
        id: format!("arn:aws:cloudformation:us-east-1:000000000000:stack/{name}/1"),
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
