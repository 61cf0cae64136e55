use std::time::Duration;

use sluice_aws::{NewestEvent, Progress};
use tokio::time::{Instant, sleep, timeout_at};

use super::status::SubmissionStatus;
use super::{EntryList, Ingest, LONGEST_WAIT, PollBackoff, Randomness, Settings, Workflow};
use crate::http::Preferences;

/// The time that a request waits for the end, and the words for it (`Preference-Applied`).
pub(super) struct Wait {
    pub(super) time: Duration,
    pub(super) applied: Option<String>,
}

impl Wait {
    /// Reads what the caller prefers (`Prefer`); `allowed` is the most that the function can give.
    pub(super) fn preferred(prefer: Option<&str>, settings: &Settings, allowed: Duration) -> Self {
        let preferences = Preferences::parse(prefer);
        let longest = allowed.min(LONGEST_WAIT);
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
    /// in: it was.
    pub(super) async fn wait_for_end(&self, id: &str, started_ms: Option<i64>, until: Instant) -> SubmissionStatus {
        let mut pause = self.backoff.borrow().first();
        let mut next = self.backoff.borrow().second();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return SubmissionStatus::Running;
            }
            sleep(pause.min(left)).await;
            match timeout_at(until, self.workflow.newest_event(id)).await {
                Err(_) => return SubmissionStatus::Running,
                Ok(Ok(Some(newest))) => {
                    self.learn(started_ms, &newest);
                    if newest.progress != Progress::Running {
                        return newest.progress.into();
                    }
                }
                Ok(Ok(None)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, submission = id, "could not look for the end");
                    next = PollBackoff::after(next) * 2;
                }
            }
            pause = next;
            next = PollBackoff::after(next);
        }
    }

    fn learn(&self, started_ms: Option<i64>, newest: &NewestEvent) {
        let took = started_ms.and_then(|started_ms| u64::try_from(newest.at_ms - started_ms).ok());
        if let (Progress::Ended(_), Some(took)) = (&newest.progress, took.map(Duration::from_millis)) {
            // One that ended by an admin's word took as long as the admin did.
            if took < LONGEST_WAIT {
                self.backoff.borrow_mut().observe(took);
            }
        }
    }
}
