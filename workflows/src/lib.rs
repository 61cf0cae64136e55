//! The workflow: the state machine, the field schemas and the types that pass between gateway, tasks and
//! workflow.
//!
//! The types are the contract: what one side writes as JSON is what the other side reads. The state machine in
//! `ingest.asl.json` is the third party to it; the tests of this crate hold the three together.

mod audit;
mod decision;
mod entry;
mod error;
mod field;
mod outcome;
mod status;
mod submission;
mod verdict;

pub use audit::{
    AuditData, AuditKind, AuditRecord, AuditTrail, ChainFault, ChainFaultKind, canonical_json, verify_chain,
};
pub use decision::{Approval, ApprovalRequest, DEADLINE, Decision, DecisionKind, TaskToken};
pub use entry::{Entry, EntryStatus, StoreRequest};
pub use error::TaskError;
pub use field::Field;
pub use outcome::Outcome;
pub use status::SubmissionStatus;
pub use submission::{ExecutionInput, Submission};
pub use verdict::{ValidateRequest, Verdict, Violation};

/// The state machine in Amazon States Language, with its `${...}` substitutions still open.
///
/// `cfn/workflow.yaml` supplies them (`DefinitionSubstitutions`).
///
/// ```
/// let definition: serde_json::Value = serde_json::from_str(sluice_workflows::DEFINITION)?;
/// assert_eq!(definition["QueryLanguage"], "JSONata");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub const DEFINITION: &str = include_str!("../ingest.asl.json");

/// The state machine of decisions about many approvals, likewise.
pub const DECIDE_BATCH_DEFINITION: &str = include_str!("../decide-batch.asl.json");

/// The most times that a submission may go round the workflow: once as sent, and after each repair by an admin.
///
/// The state machine compares `$round` with this number.
pub const MAXIMUM_ROUNDS: u32 = 5;
