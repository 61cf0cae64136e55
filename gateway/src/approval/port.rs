use sluice_aws::{
    ApprovalRecord, Batch, BatchSlice, CallError, Candidate, Code, CodeCheck, Decided, Deciding, DeliverError,
    Delivery, Grouped, Link, NewLink, OpenCursor, OpenItem, OpenKey, OpenPage, Secret, SliceCounts, StartError, Wanted,
    WantedMail,
};
use sluice_workflows::{AuditData, AuditKind, AuditTrail, Decision, TaskToken};

/// The records of approvals, and the workflow that waits for their decisions.
pub trait DecisionPort {
    /// Reads the record of an approval, as last written.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn get(&self, id: &str) -> impl Future<Output = Result<Option<ApprovalRecord>, CallError>>;

    /// Writes a decision, if the approval is open and has not expired.
    ///
    /// # Errors
    /// [`CallError`] without an answer; the decision may then have been written.
    fn decide(&self, id: &str, deciding: &Deciding<'_>) -> impl Future<Output = Result<Decided, CallError>>;

    /// Hands a decision to the state that waits for `token`.
    ///
    /// # Errors
    /// [`DeliverError`] if it did not get there.
    fn send(&self, token: &TaskToken, decision: &Decision) -> impl Future<Output = Result<(), DeliverError>>;

    /// Records that a process that did not take the decision is about to send it to `token`; `false` if the record has
    /// a newer token by now, or the delivery came to an end.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn announce_redelivery(&self, id: &str, token: &TaskToken) -> impl Future<Output = Result<bool, CallError>>;

    /// Records what came of sending; `false` if the record has a newer token by now, or says [`Delivery::Done`].
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn record_delivery(
        &self,
        id: &str,
        token: &TaskToken,
        at_ms: i64,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<bool, CallError>>;
}

/// The links of mails, their codes, and the audit.
pub trait LinkPort {
    /// Reads a link.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn link(&self, secret: &Secret) -> impl Future<Output = Result<Option<Link>, CallError>>;

    /// Counts an attempt and compares the code; a right one sets the count back.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn check_code(
        &self,
        secret: &Secret,
        code: Option<&Code>,
        now_ms: i64,
    ) -> impl Future<Output = Result<CodeCheck, CallError>>;

    /// Writes a new link.
    ///
    /// # Errors
    /// [`CallError`] if it was not taken.
    fn put_link(&self, link: &NewLink<'_>) -> impl Future<Output = Result<(), CallError>>;

    /// Records that a mail is wanted in place of a link.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn want_mail(&self, mail: &WantedMail) -> impl Future<Output = Result<Wanted, CallError>>;

    /// Appends to the audit of `id`.
    ///
    /// # Errors
    /// [`CallError`] if it was not taken.
    fn audit(
        &self,
        id: &str,
        at_ms: i64,
        kind: AuditKind,
        data: AuditData,
    ) -> impl Future<Output = Result<(), CallError>>;

    /// Reads the audit of `id`, whole.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn audit_trail(&self, id: &str) -> impl Future<Output = Result<AuditTrail, CallError>>;

    /// A fresh secret.
    ///
    /// # Errors
    /// [`CallError`] without random bytes.
    fn fresh_secret(&self) -> Result<Secret, CallError>;

    /// A fresh code.
    ///
    /// # Errors
    /// [`CallError`] without random bytes.
    fn fresh_code(&self) -> Result<Code, CallError>;
}

/// Everything that is open.
pub trait ListPort {
    /// Counts what is open.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn open_count(&self) -> impl Future<Output = Result<u64, CallError>>;

    /// Reads what is open behind `after`, the soonest deadline first.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn open_list(&self, after: Option<&OpenCursor>, limit: usize) -> impl Future<Output = Result<OpenPage, CallError>>;
}

/// Decisions about many.
pub trait BatchPort {
    /// Reads a batch.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn batch(&self, id: &str) -> impl Future<Output = Result<Option<Batch>, CallError>>;
}

/// The writing of a decision about many, for the page.
pub trait StartPort: BatchPort {
    /// Writes a batch; `false` if there is one under its id.
    ///
    /// # Errors
    /// [`CallError`] if it was not taken.
    fn create_batch(&self, batch: &Batch) -> impl Future<Output = Result<bool, CallError>>;

    /// Starts the workflow that takes the batch's decisions. Starting it again does nothing.
    ///
    /// # Errors
    /// [`StartError`] if it was not started.
    fn start_batch(&self, id: &str) -> impl Future<Output = Result<(), StartError>>;
}

/// Many decisions at once.
pub trait GroupPort: DecisionPort {
    /// Reads up to [`sluice_aws::LOOK`] approvals, as last written; those that are there, in any order.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn candidates(&self, ids: &[&str]) -> impl Future<Output = Result<Vec<Candidate>, CallError>>;

    /// Writes a decision about the first of these, if all of them are as they were read, open and not expired.
    ///
    /// # Errors
    /// [`CallError`] without an answer; the decisions may then have been written.
    fn decide_group(
        &self,
        group: &[Candidate],
        deciding: &Deciding<'_>,
    ) -> impl Future<Output = Result<Grouped, CallError>>;

    /// Records that the workflows have the decisions of the first of these, if none of them has a newer token by now or
    /// says so already.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn record_group(&self, group: &[Candidate], at_ms: i64) -> impl Future<Output = Result<Grouped, CallError>>;
}

/// The steps of a decision about many, for the function that takes it.
pub trait SlicePort: BatchPort + GroupPort {
    /// Reads what is open in one shard behind `after`, the soonest deadline first.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn open_shard_page(
        &self,
        shard: usize,
        after: Option<&OpenKey>,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<OpenItem>, Option<OpenKey>), CallError>>;

    /// Writes which approvals come next, before the first of them is decided; the batch as it then is.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn plan_slice(&self, batch: &Batch, slice: BatchSlice) -> impl Future<Output = Result<Batch, CallError>>;

    /// Adds the counts of the slice that is through; the batch as it then is.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn finish_slice(&self, batch: &Batch, counts: SliceCounts) -> impl Future<Output = Result<Batch, CallError>>;
}

/// All that the approval function reaches.
pub trait ApprovalPort: DecisionPort + LinkPort + ListPort + StartPort {}
impl<P: DecisionPort + LinkPort + ListPort + StartPort> ApprovalPort for P {}
