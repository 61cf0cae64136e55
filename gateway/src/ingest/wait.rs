use std::time::Duration;

use sluice_aws::{CallError, CallErrorKind, SubmissionRecord};
use sluice_workflows::SubmissionStatus;
use tokio::time::{Instant, sleep, timeout_at};

use super::{EntryList, Ingest, PAUSE_AFTER_THROTTLE, PollBackoff, Randomness, Settings, Workflow};
use crate::http::Preferences;

/// The most by which two readings of an execution's start differ, in milliseconds: both are rounded.
const CLOCK_MS: i64 = 1000;

/// The time that a request waits for the end, and the words for it (`Preference-Applied`).
pub(super) struct Wait {
    pub(super) time: Duration,
    pub(super) applied: Option<String>,
}

impl Wait {
    /// Reads what the caller prefers (`Prefer`); `allowed` is the most that the function can give.
    pub(super) fn preferred(prefer: Option<&str>, settings: &Settings, allowed: Duration) -> Self {
        let preferences = Preferences::parse(prefer);
        let longest = allowed.min(settings.longest_wait);
        match (preferences.wait, preferences.respond_async) {
            (Some(seconds), _) => {
                let time = Duration::from_secs(seconds.into()).min(longest);
                Wait {
                    time,
                    applied: Some(format!("wait={}", time.as_secs())),
                }
            }
            (None, true) => Wait {
                time: Duration::ZERO,
                applied: Some("respond-async".to_owned()),
            },
            (None, false) => Wait {
                time: settings.wait.min(longest),
                applied: None,
            },
        }
    }
}

impl<W: Workflow, E: EntryList, R: Randomness> Ingest<W, E, R> {
    /// Looks for the end until `until`. What goes wrong while looking is no reason to say that something was not taken
    /// in: it was. After a look that was throttled nobody looks for a while, and who waits is answered at once.
    pub(super) async fn wait_for_end(&self, id: &str, started_ms: i64, until: Instant) -> SubmissionStatus {
        let mut pause = self.backoff.borrow().first();
        let mut next = self.backoff.borrow().second();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.may_not_look() {
                return SubmissionStatus::Running;
            }
            sleep(pause.min(left)).await;
            match timeout_at(until, self.look(id)).await {
                Err(_) => return SubmissionStatus::Running,
                Ok(Ok(Some(record))) if record.submitted_at_ms + CLOCK_MS >= started_ms => {
                    self.learn(started_ms, &record);
                    return record.status;
                }
                // None, or that of an execution of this name which Step Functions has forgotten.
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "could not look for the end");
                    if error.kind == CallErrorKind::Throttled {
                        return SubmissionStatus::Running;
                    }
                    next = PollBackoff::after(next) * 2;
                }
            }
            pause = next;
            next = PollBackoff::after(next);
        }
    }

    /// The record of a submission. A look that is throttled stops further ones for a while.
    pub(super) async fn look(&self, id: &str) -> Result<Option<SubmissionRecord>, CallError> {
        let found = self.workflow.find(id).await;
        if found
            .as_ref()
            .is_err_and(|error| error.kind == CallErrorKind::Throttled)
        {
            self.no_look_until.set(Some(Instant::now() + PAUSE_AFTER_THROTTLE));
        }
        found
    }

    /// Tells whether a look was throttled lately.
    pub(super) fn may_not_look(&self) -> bool {
        self.no_look_until.get().is_some_and(|until| Instant::now() < until)
    }

    /// Learns how long an execution takes that nobody has to approve. The record says when the last of its four calls
    /// began, and the three before it took that long.
    fn learn(&self, started_ms: i64, record: &SubmissionRecord) {
        let before_last = u64::try_from(record.updated_at_ms - started_ms).ok();
        if let (SubmissionStatus::Ended(_), Some(ms)) = (&record.status, before_last) {
            let took = Duration::from_millis(ms) * 4 / 3;
            // One that ended by an admin's word took as long as the admin did.
            if took < self.settings.longest_wait {
                self.backoff.borrow_mut().observe(took);
            }
        }
    }
}
