use sluice_aws::{CallError, Fault, SubmissionRecord, Submissions};
use sluice_workflows::TaskError;

/// The table of submissions, as the tasks need it.
pub trait SubmissionTable {
    /// Writes `record` unless that would go backwards; answers whether it was written.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn put(&self, record: &SubmissionRecord) -> impl Future<Output = Result<bool, CallError>>;
}

impl SubmissionTable for Submissions {
    async fn put(&self, record: &SubmissionRecord) -> Result<bool, CallError> {
        Submissions::put(self, record).await
    }
}

/// Writes `record`. One that is not written because the table knows something later is no fault.
pub(crate) async fn write(table: &impl SubmissionTable, record: &SubmissionRecord) -> Result<(), Fault> {
    let written = table.put(record).await.map_err(|error| {
        Fault::from_call(
            &error,
            TaskError::SubmissionTableUnavailable,
            TaskError::SubmissionTableRefused,
        )
    })?;
    if !written {
        tracing::info!(
            submission_id = record.id,
            status = record.status.name(),
            "the table knows something later"
        );
    }
    Ok(())
}
