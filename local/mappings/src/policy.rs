//! The policy of a mapping.

use sluice_host::MAX_REQUEST_BYTES;
use sluice_streams::{Policy, Timestamp};
use sluice_wire::Account;

use crate::MappingSpec;
use crate::event::{ENVELOPE, record_overhead};

/// The policy by which batches are made.
pub(crate) fn policy(spec: &MappingSpec, account: &Account) -> Policy {
    Policy {
        batch_size: spec.batch_size as usize,
        batch_bytes: MAX_REQUEST_BYTES - ENVELOPE,
        record_overhead: record_overhead(spec, account),
        batching_window: Timestamp::from(spec.batching_window_seconds) * 1_000,
        bisect: spec.bisect_batch_on_function_error,
        max_retries: spec.maximum_retry_attempts,
        max_age: spec
            .maximum_record_age_seconds
            .map(|seconds| Timestamp::from(seconds) * 1_000),
    }
}
