//! The health of writing one database.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use crate::{Fault, WatchedFiles};

/// The pauses before a failed write is tried again: twice as long each time, up to a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryBackoff {
    /// After the first failure.
    pub initial: Duration,
    /// At most.
    pub max: Duration,
}

impl Default for RetryBackoff {
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(10),
            max: Duration::from_secs(1),
        }
    }
}

impl RetryBackoff {
    /// The pause after so many failures in a row.
    pub fn pause(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.initial.saturating_mul(doubled).min(self.max)
    }
}

/// The health of writing one database: set by its writer, read by whoever reports on it. Clones are the same one.
#[derive(Debug, Clone)]
pub struct WriteHealth {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    what: &'static str,
    path: PathBuf,
    retry: RetryBackoff,
    place: OnceLock<WatchedFiles>,
    /// There is trouble: for those who ask often.
    troubled: AtomicBool,
    trouble: Mutex<Option<Trouble>>,
    /// The reason why nothing can be written any more.
    lost: watch::Sender<Option<Arc<str>>>,
}

#[derive(Debug)]
struct Trouble {
    since: Instant,
    failures: u32,
    reason: String,
}

impl WriteHealth {
    /// The database `what` ("the journal") in a file.
    pub fn new(what: &'static str, path: impl Into<PathBuf>, retry: RetryBackoff) -> Self {
        Self {
            inner: Arc::new(Inner {
                what,
                path: path.into(),
                retry,
                place: OnceLock::new(),
                troubled: AtomicBool::new(false),
                trouble: Mutex::default(),
                lost: watch::Sender::default(),
            }),
        }
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Has these files looked at from now on: they have to stay where they are.
    pub fn watch_files(&self, place: WatchedFiles) {
        // The first one is what was opened.
        let _ = self.inner.place.set(place);
    }

    /// Looks whether all files are still there. If not, the database is lost, and nothing may be acknowledged any more. Costs
    /// one system call a file.
    pub fn files_in_place(&self) -> bool {
        if self.lost_reason().is_some() {
            return false;
        }
        match self.inner.place.get().and_then(WatchedFiles::missing) {
            None => true,
            Some(reason) => {
                self.mark_lost(&reason);
                false
            }
        }
    }

    /// Takes note that a write has failed. Returns the pause before the next try; none: there must not be one.
    pub fn record_failure(&self, reason: &dyn std::fmt::Display, fault: Fault) -> Option<Duration> {
        if !self.files_in_place() {
            return None;
        }
        let reason = reason.to_string();
        if fault == Fault::Permanent {
            self.mark_lost(&reason);
            return None;
        }
        let mut trouble = self.trouble_now();
        if trouble.is_none() {
            tracing::error!(
                file = %self.inner.path.display(), %reason,
                "{} cannot be written; it is tried again until it can: make room on the disk, or end what holds the file",
                self.inner.what
            );
        }
        let now = trouble.get_or_insert_with(|| Trouble {
            since: Instant::now(),
            failures: 0,
            reason: String::new(),
        });
        now.failures = now.failures.saturating_add(1);
        now.reason = reason;
        self.inner.troubled.store(true, Ordering::Release);
        Some(self.inner.retry.pause(now.failures))
    }

    /// Takes note that a write has succeeded.
    pub fn record_success(&self) {
        if !self.is_failing() || self.lost_reason().is_some() {
            return;
        }
        self.inner.troubled.store(false, Ordering::Release);
        if let Some(trouble) = self.trouble_now().take() {
            tracing::warn!(
                file = %self.inner.path.display(),
                failed = trouble.failures,
                seconds = trouble.since.elapsed().as_secs(),
                "{} can be written again",
                self.inner.what
            );
        }
    }

    /// Tells whether the last write failed.
    pub fn is_failing(&self) -> bool {
        self.inner.troubled.load(Ordering::Acquire)
    }

    /// Failures in a row until now.
    pub fn failures(&self) -> u32 {
        self.trouble_now().as_ref().map_or(0, |trouble| trouble.failures)
    }

    /// Describes what is wrong; none: it can be written, as far as is known.
    pub fn trouble(&self) -> Option<String> {
        self.files_in_place();
        let (what, path) = (self.inner.what, self.inner.path.display());
        if let Some(lost) = self.lost_reason() {
            return Some(lost.to_string());
        }
        let trouble = self.trouble_now();
        trouble.as_ref().map(|trouble| {
            let (reason, seconds) = (&trouble.reason, trouble.since.elapsed().as_secs());
            format!("{what} cannot be written since {seconds} s ({path}: {reason}); it is tried again")
        })
    }

    /// Gives the database up: nothing can be written any more, and no try would change that. Whoever runs the process is told.
    pub fn mark_lost(&self, reason: &str) {
        let sentence = format!(
            "{} ({}) cannot be written any more: {reason}. Nothing has been acknowledged since; look at the directory with \
             `sluice check`, and restore it from a backup if it is damaged",
            self.inner.what,
            self.inner.path.display()
        );
        self.inner.lost.send_if_modified(|lost| {
            let first = lost.is_none();
            if first {
                tracing::error!("{sentence}");
                *lost = Some(sentence.into());
            }
            first
        });
        self.inner.troubled.store(true, Ordering::Release);
    }

    /// The reason why nothing can be written any more.
    pub fn lost_reason(&self) -> Option<Arc<str>> {
        self.inner.lost.borrow().clone()
    }

    /// Waits until nothing can be written any more; says why.
    pub async fn until_lost(&self) -> Arc<str> {
        let mut lost = self.inner.lost.subscribe();
        match lost.wait_for(Option::is_some).await.map(|lost| lost.clone()) {
            Ok(Some(reason)) => reason,
            // The sender lives as long as `self`.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    fn trouble_now(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.inner.trouble.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(path: &Path) -> WriteHealth {
        WriteHealth::new("the journal", path, RetryBackoff::default())
    }

    #[test]
    fn pauses_double_up_to_a_second() {
        let pause = |failures| RetryBackoff::default().pause(failures).as_millis();
        let pauses: Vec<_> = [1, 2, 3, 7, 8, 100, u32::MAX].map(pause).into();
        assert_eq!(pauses, [10, 20, 40, 640, 1_000, 1_000, 1_000]);
    }

    #[test]
    fn trouble_begins_and_ends() {
        let directory = tempfile::tempdir().expect("a directory");
        let disk = disk(&directory.path().join("j"));
        assert_eq!(disk.trouble(), None);
        assert_eq!(
            disk.record_failure(&"no room", Fault::Transient),
            Some(Duration::from_millis(10))
        );
        assert_eq!(
            disk.record_failure(&"no room", Fault::Transient),
            Some(Duration::from_millis(20))
        );
        assert!(disk.trouble().is_some_and(|text| text.contains("j: no room")));
        disk.record_success();
        assert_eq!((disk.trouble(), disk.failures()), (None, 0));
        assert_eq!(
            disk.record_failure(&"no room", Fault::Transient),
            Some(Duration::from_millis(10))
        );
    }

    #[tokio::test]
    async fn what_does_not_pass_is_told_once_and_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("j");
        let check = |harm: &dyn Fn(&WriteHealth), words: &str| {
            std::fs::write(&path, "").expect("written");
            let disk = disk(&path);
            disk.watch_files(WatchedFiles::of([path.clone()]).expect("there"));
            assert!(disk.files_in_place());
            harm(&disk);
            assert!(!disk.files_in_place());
            assert_eq!(disk.record_failure(&"no room", Fault::Transient), None);
            let lost = disk.lost_reason().expect("lost");
            assert!(lost.contains(words), "{lost}");
            assert_eq!(disk.trouble().as_deref(), Some(&*lost));
            disk
        };
        let damaged = |disk: &WriteHealth| assert_eq!(disk.record_failure(&"malformed", Fault::Permanent), None);
        let disk = check(&damaged, "malformed");
        assert!(disk.until_lost().await.contains("malformed"));
        check(&|_| std::fs::remove_file(&path).expect("removed"), "was deleted");
    }
}
