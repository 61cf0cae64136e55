use sluice_aws::{ApprovalRecord, CallError, Decided, DeliverError, Delivery, SecretHash};
use sluice_workflows::{Decision, TaskToken};

/// The approvals and the workflow that waits for them.
pub trait ApprovalPort {
    /// Reads the record of an approval, as last written.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn get(&self, id: &str) -> impl Future<Output = Result<Option<ApprovalRecord>, CallError>>;

    /// Tells whether the secret with this hash is that of a link to approval `id`.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn is_link_to(&self, id: &str, hash: &SecretHash) -> impl Future<Output = Result<bool, CallError>>;

    /// Writes a decision, if the approval is open, and has not expired at `now_ms`.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn decide(&self, id: &str, now_ms: i64, decision: &Decision) -> impl Future<Output = Result<Decided, CallError>>;

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
