//! The way of a Lambda function to AWS: its settings, its transport, and the services that Sluice uses, each behind a
//! client that speaks Sluice's types.
//!
//! Cold start decides the choices here. `aws-config` is left out, because a function's region and credentials are
//! always in its environment. The TLS client is built only for an https endpoint, and trusts Amazon's own roots only:
//! reading a full set of root certificates takes longer than all the rest of a start.

mod approvals;
mod call;
mod code;
mod entries;
mod executions;
mod function;
mod log;
mod queue;
mod secret;
mod settings;
mod submissions;
mod task_tokens;
mod topic;
mod transport;

#[cfg(test)]
mod fake;

pub use approvals::{
    ApprovalRecord, ApprovalState, Approvals, Batch, BatchSlice, Candidate, CodeCheck, CursorError, Decided, Deciding,
    Delivery, GROUP, Grouped, LOOK, Link, LinkPurpose, LinkScope, NewLink, OpenCursor, OpenItem, OpenKey, OpenPage,
    Opened, Opening, PendingDigest, SHARDS, Selection, SliceCounts, Waiting, Wanted, WantedMail, Withdrawal, shard,
};
pub use call::{CallError, CallErrorKind};
pub use code::Code;
pub use entries::{Entries, EntriesError, EntryChunk, EntryOrder, EntryPosition, EntryRange};
pub use executions::{Executions, StartError};
pub use function::{Fault, remaining, run, serve};
pub use log::log_submission;
pub use queue::Queue;
pub use secret::{Secret, SecretHash};
pub use settings::{SettingError, environment, required};
pub use submissions::{SubmissionRecord, Submissions};
pub use task_tokens::{DeliverError, TaskTokens};
pub use topic::Topic;
pub use transport::{Attempts, Service, config};
