use sluice_aws::{ApprovalRecord, CallError, Link, OpenItem, PendingDigest, SecretHash, WantedMail, Withdrawal};

/// The table of approvals, as sending needs it.
pub trait PendingMails {
    /// The mails that wait.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn pending(&self) -> impl Future<Output = Result<PendingDigest, CallError>>;

    /// The number of open approvals.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn open_count(&self) -> impl Future<Output = Result<u64, CallError>>;

    /// The open approvals that expire first.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn first_open(&self, limit: usize) -> impl Future<Output = Result<Vec<OpenItem>, CallError>>;

    /// A digest of what was pending went out.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it: the digest goes out again.
    fn digest_sent(&self, pending: &PendingDigest, at_ms: i64) -> impl Future<Output = Result<(), CallError>>;

    /// A link.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn link(&self, hash: &SecretHash) -> impl Future<Output = Result<Option<Link>, CallError>>;

    /// The record of an approval.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn record(&self, id: &str) -> impl Future<Output = Result<Option<ApprovalRecord>, CallError>>;

    /// The mail that was asked for went out, or cannot any more.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it: the mail goes out again.
    fn mail_sent(&self, wanted: &WantedMail) -> impl Future<Output = Result<(), CallError>>;

    /// Takes an approval off the list that nobody waits for.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn withdraw(&self, id: &str, now_ms: i64) -> impl Future<Output = Result<Withdrawal, CallError>>;
}
