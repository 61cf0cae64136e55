//! The state of writing one database.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::{Fault, Place};

/// The pause before a failed write is tried again: twice as long each time, up to a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// After the first failure.
    pub first: Duration,
    /// At most.
    pub most: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(10),
            most: Duration::from_secs(1),
        }
    }
}

impl Retry {
    /// The pause after so many failures in a row.
    pub fn pause(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(doubled).min(self.most)
    }
}

/// The state of writing one database: set by its writer, read by whoever reports on it. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Disk {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    what: &'static str,
    path: PathBuf,
    retry: Retry,
    place: OnceLock<Place>,
    /// True while there is trouble, for those who ask often.
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

impl Disk {
    /// The database `what` ("the journal") in a file.
    pub fn new(what: &'static str, path: impl Into<PathBuf>, retry: Retry) -> Self {
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

    /// From now on these files have to stay where they are.
    pub fn watch(&self, place: Place) {
        // The first one is what was opened.
        let _ = self.inner.place.set(place);
    }

    /// Returns true if all files are still there. If not, the database is lost, and nothing may be acknowledged any more. Costs
    /// one system call a file.
    pub fn in_place(&self) -> bool {
        if self.lost().is_some() {
            return false;
        }
        match self.inner.place.get().and_then(Place::missing) {
            None => true,
            Some(reason) => {
                self.lose(&reason);
                false
            }
        }
    }

    /// A write has failed. The pause before the next try; none: there must not be one.
    pub fn failed(&self, reason: &dyn std::fmt::Display, fault: Fault) -> Option<Duration> {
        if !self.in_place() {
            return None;
        }
        let reason = reason.to_string();
        if fault == Fault::Lasting {
            self.lose(&reason);
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

    /// A write has succeeded.
    pub fn works(&self) {
        if !self.is_troubled() || self.lost().is_some() {
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

    /// Returns true if the last write failed.
    pub fn is_troubled(&self) -> bool {
        self.inner.troubled.load(Ordering::Acquire)
    }

    /// Failures in a row until now.
    pub fn failures(&self) -> u32 {
        self.trouble_now().as_ref().map_or(0, |trouble| trouble.failures)
    }

    /// Describes the trouble; none: it can be written, as far as is known.
    pub fn trouble(&self) -> Option<String> {
        self.in_place();
        let (what, path) = (self.inner.what, self.inner.path.display());
        if let Some(lost) = self.lost() {
            return Some(lost.to_string());
        }
        let trouble = self.trouble_now();
        trouble.as_ref().map(|trouble| {
            let (reason, seconds) = (&trouble.reason, trouble.since.elapsed().as_secs());
            format!("{what} cannot be written since {seconds} s ({path}: {reason}); it is tried again")
        })
    }

    /// Nothing can be written any more, and no try would change that: whoever runs the process is told.
    pub fn lose(&self, reason: &str) {
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
    }

    /// Returns the reason why nothing can be written any more; none while it can.
    pub fn lost(&self) -> Option<Arc<str>> {
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
        self.inner.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(path: &Path) -> Disk {
        Disk::new("the journal", path, Retry::default())
    }

    #[test]
    fn pauses_double_up_to_a_second() {
        let pause = |failures| Retry::default().pause(failures).as_millis();
        let pauses: Vec<_> = [1, 2, 3, 7, 8, 100, u32::MAX].map(pause).into();
        assert_eq!(pauses, [10, 20, 40, 640, 1_000, 1_000, 1_000]);
    }

    #[test]
    fn trouble_begins_and_ends() {
        let directory = tempfile::tempdir().expect("a directory");
        let disk = disk(&directory.path().join("j"));
        assert_eq!(disk.trouble(), None);
        assert_eq!(disk.failed(&"no room", Fault::Passing), Some(Duration::from_millis(10)));
        assert_eq!(disk.failed(&"no room", Fault::Passing), Some(Duration::from_millis(20)));
        assert!(disk.trouble().is_some_and(|text| text.contains("j: no room")));
        disk.works();
        assert_eq!((disk.trouble(), disk.failures()), (None, 0));
        assert_eq!(disk.failed(&"no room", Fault::Passing), Some(Duration::from_millis(10)));
    }

    #[tokio::test]
    async fn what_does_not_pass_is_told_once_and_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("j");
        let check = |harm: &dyn Fn(&Disk), words: &str| {
            std::fs::write(&path, "").expect("written");
            let disk = disk(&path);
            disk.watch(Place::of([path.clone()]).expect("there"));
            assert!(disk.in_place());
            harm(&disk);
            assert!(!disk.in_place());
            assert_eq!(disk.failed(&"no room", Fault::Passing), None);
            let lost = disk.lost().expect("lost");
            assert!(lost.contains(words), "{lost}");
            assert_eq!(disk.trouble().as_deref(), Some(&*lost));
            disk
        };
        let damaged = |disk: &Disk| assert_eq!(disk.failed(&"malformed", Fault::Lasting), None);
        let disk = check(&damaged, "malformed");
        assert!(disk.until_lost().await.contains("malformed"));
        check(&|_| std::fs::remove_file(&path).expect("removed"), "was deleted");
    }
}
