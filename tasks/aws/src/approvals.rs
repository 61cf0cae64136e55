//! The table of approvals and that of their audits.
//!
//! `Approvals` holds items of several kinds, told apart by their ids: `<submission>.<round>` is the record of an approval,
//! `link#<hash>` a mail's link, `counter#<shard>` the number of open approvals, `budget#mail` and `digest#…` the account of
//! mails, `batch#<id>` a decision about many. `ApprovalAudit` holds a chain of records for each approval.
//!
//! Opening, deciding, closing and withdrawing are one transaction each: record, counter and audit change together or not at
//! all. So of any number of decisions one counts, and the counters are exact. Decisions of a batch share transactions
//! (`group`), each with the conditions that it has alone.

mod audit;
mod batches;
mod counters;
mod cursor;
mod deciding;
mod delivery;
mod digest;
mod group;
mod item;
mod links;
mod mail_budget;
mod open_list;
mod opening;
mod record;
mod table;
mod transaction;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use batches::{Batch, BatchSlice, Selection, SliceCounts};
pub use counters::Waiting;
pub use cursor::{CursorError, OpenCursor, OpenKey};
pub use deciding::{Decided, Deciding, Withdrawal};
pub use digest::{PendingDigest, Wanted, WantedMail};
pub use group::{Candidate, GROUP, Grouped, LOOK};
pub use links::{CodeCheck, Link, LinkPurpose, LinkScope, NewLink};
pub use open_list::{OpenItem, OpenPage};
pub use opening::{Opened, Opening};
pub use record::{ApprovalRecord, ApprovalState, Delivery};
pub use table::{Approvals, SHARDS, shard};
