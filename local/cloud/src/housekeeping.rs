//! Deletes what is past its retention, by the engine's clock: mails, function logs, stacks that were deleted long ago.
//! Executions are deleted by the driver, items past their time by the tables, data points by the metrics.

use std::sync::Arc;
use std::time::Duration;

use sluice_driver::{DriverError, EXECUTION_RETENTION};
use sluice_engine::Timestamp;
use sluice_host::Host;
use tokio::task::JoinHandle;

use crate::endpoint::Services;
use crate::sns;

/// The time for which CloudFormation lists a deleted stack. A shorter retention of executions does not change it.
const DELETED_STACKS: Duration = EXECUTION_RETENTION;

/// The shortest and the longest pause between two runs.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// Deletes what is past its retention until it is aborted: now, after each jump of the clock, and from time to time.
pub(crate) fn start(services: Arc<Services>, host: Host, keep: Duration) -> JoinHandle<()> {
    let [least, most] = PAUSES;
    // so that nothing is kept for much longer than it was to be
    let pause = (keep / 10).clamp(least, most);
    let mut clock_moved = services.clock_moved.subscribe();
    tokio::spawn(async move {
        loop {
            if let Err(error) = tidy(&services, &host, keep).await {
                tracing::warn!(%error, "what is over stays for now");
            }
            // the sender lives as long as the services
            let _ = tokio::time::timeout(pause, clock_moved.changed()).await;
        }
    })
}

/// Deletes what is past its retention now.
pub(crate) async fn tidy(services: &Services, host: &Host, keep: Duration) -> Result<(), DriverError> {
    let now = services.config.now();
    let before = |keep: Duration| now.saturating_sub(Timestamp::try_from(keep.as_millis()).unwrap_or(Timestamp::MAX));
    host.forget_logs(u64::try_from(before(keep)).unwrap_or(0));
    sns::inbox::forget(&services.driver, before(keep)).await?;
    services.stacks.forget(before(DELETED_STACKS)).await
}
