//! `stateConfiguration`: how often the state was retried before, and what its iterations did.

/// `stateConfiguration`, checked.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) retrier_retry_count: u64,
    pub(super) error_caused_by_state: Option<String>,
    pub(super) map_iteration_failure_count: Option<u64>,
    pub(super) map_item_reader_data: Option<String>,
}
