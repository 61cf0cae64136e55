//! The metrics of this machine: gathered in memory, kept about once a second by a thread of their own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use sluice_clock::Clock;
use sluice_metrics::{
    Accumulator, MetricId, Point, RETENTION, SeriesKey, SeriesNumber, Timestamp, TooManySeries, Unit,
};
use sluice_storage::{Fault, RetryBackoff, WriteHealth};

use crate::broken;
use crate::store::{Kept, Store};

/// The time for which values are gathered before they are kept: what a `kill -9` takes at most.
const GATHER: Duration = Duration::from_secs(1);

/// The milliseconds between deletions of what is too old, on the engine's clock.
const EXPIRE_EVERY: i64 = 60 * 60 * 1_000;

/// The metrics cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The file cannot be opened.
    #[error("cannot open the metrics in {}: {reason}; remove the file (the metrics go with it), or choose another directory with --data", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The problem.
        reason: String,
    },
    /// No thread for the metrics.
    #[error("cannot start a thread for the metrics: {0}")]
    Thread(std::io::Error),
    /// The file cannot be read or written.
    #[error("the metrics' file cannot be used: {0}")]
    File(#[from] rusqlite::Error),
    /// The process is starting or ending.
    #[error("the metrics are not open")]
    Closed,
}

/// Records and reads metrics. Recording never waits for the disk.
pub struct Metrics {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    gathered: Mutex<Gathered>,
    /// There is something to keep, or no more will come.
    work: Condvar,
    /// Locked before `gathered`, by whoever locks both.
    disk: Mutex<Option<File>>,
    /// The same as in there, for those who must not wait for it.
    health: OnceLock<WriteHealth>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Gathered {
    values: Accumulator,
    closing: bool,
    /// True once the log has said that there are too many metrics.
    full: bool,
}

struct File {
    store: Store,
    expired_at: Timestamp,
    /// The identity of the data directory that it belongs to.
    identity: Option<String>,
    disk: WriteHealth,
}

impl Metrics {
    /// Metrics that are gathered until there is a file to keep them in.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            shared: Arc::new(Shared {
                gathered: Mutex::default(),
                work: Condvar::new(),
                disk: Mutex::default(),
                health: OnceLock::new(),
                clock,
            }),
            thread: Mutex::default(),
        }
    }

    /// Opens or creates the file, for the data directory with this identity if that has one, and starts the thread; once. To
    /// be called when the directory is locked for this process.
    ///
    /// A file that is damaged, or of another directory, is set aside, and a new one is made: metrics are no promise.
    ///
    /// # Errors
    /// When the file cannot be opened, or a later release wrote it.
    pub fn open(&self, path: &Path, identity: Option<&str>) -> Result<(), MetricsError> {
        let store =
            broken::open_or_replace(path, identity, self.shared.clock.now()).map_err(|error| MetricsError::Open {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
        let disk = WriteHealth::new("the metrics' file", path, RetryBackoff::default());
        // The first one is the one that is asked.
        let _ = self.shared.health.set(disk.clone());
        *lock(&self.shared.disk) = Some(File {
            store,
            expired_at: 0,
            identity: identity.map(str::to_owned),
            disk,
        });
        let of_thread = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new()
            .name("metrics".into())
            .spawn(move || run(&of_thread))
            .map_err(MetricsError::Thread)?;
        *lock(&self.thread) = Some(thread);
        Ok(())
    }

    /// Records one value: `metrics.record("AWS/SQS", "ApproximateNumberOfMessagesVisible", &[("QueueName", "jobs")],
    /// Unit::Count, 3.0, now)`. A gauge is recorded whenever it is looked at; a count is the sum of its values.
    ///
    /// A caller that records often takes a number by [`Metrics::series`] first.
    pub fn record(
        &self,
        namespace: &str,
        name: &str,
        dimensions: &[(&str, &str)],
        unit: Unit,
        value: f64,
        at: Timestamp,
    ) {
        if let Some(series) = self.series(namespace, name, dimensions, unit) {
            self.record_all([(series, value)], at);
        }
    }

    /// The number of a metric, by which values are recorded without looking its names up. None when there are too many
    /// metrics, which is logged once.
    pub fn series(&self, namespace: &str, name: &str, dimensions: &[(&str, &str)], unit: Unit) -> Option<SeriesNumber> {
        let metric = MetricId::new(namespace, name, dimensions.iter().copied());
        let mut gathered = self.gathered();
        match gathered.values.number(SeriesKey { metric, unit }) {
            Ok(number) => Some(number),
            Err(error) => {
                if !std::mem::replace(&mut gathered.full, true) {
                    tracing::warn!(%error, namespace, name, "a metric is not recorded");
                }
                None
            }
        }
    }

    /// Records a value of each of these metrics at the same time.
    pub fn record_all(&self, values: impl IntoIterator<Item = (SeriesNumber, f64)>, at: Timestamp) {
        let mut gathered = self.gathered();
        let idle = gathered.values.is_empty();
        for (series, value) in values {
            gathered.values.record(series, value, at);
        }
        self.wake(idle, gathered);
    }

    /// Adds points, each to its minute: all of them, or none.
    ///
    /// # Errors
    /// When there would be too many metrics.
    pub fn add_all(&self, points: Vec<(SeriesKey, Point, Timestamp)>) -> Result<(), TooManySeries> {
        let mut gathered = self.gathered();
        let idle = gathered.values.is_empty();
        let mut numbered = Vec::with_capacity(points.len());
        for (key, point, at) in points {
            numbered.push((gathered.values.number(key)?, point, at));
        }
        for (series, point, at) in numbered {
            gathered.values.add(series, &point, at);
        }
        self.wake(idle, gathered);
        Ok(())
    }

    fn wake(&self, idle: bool, gathered: MutexGuard<'_, Gathered>) {
        let wanted = idle && !gathered.values.is_empty();
        drop(gathered);
        if wanted {
            self.shared.work.notify_one();
        }
    }

    /// Asks what is kept, everything recorded so far included.
    pub(crate) async fn read<T, E>(&self, query: impl FnOnce(&Store) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<MetricsError> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let read = tokio::task::spawn_blocking(move || {
            let mut disk = lock(&shared.disk);
            let disk = disk.as_mut().ok_or(MetricsError::Closed)?;
            shared.keep(disk).map_err(MetricsError::File)?;
            query(&disk.store)
        });
        read.await.unwrap_or_else(|_| Err(MetricsError::Closed.into()))
    }

    /// The trouble with the metrics' file; none: it can be written, as far as is known.
    pub fn trouble(&self) -> Option<String> {
        self.shared.health.get()?.trouble()
    }

    /// Keeps what was gathered, ends the thread and closes the file, whoever still holds the metrics. What is recorded later is
    /// lost, and what is read later refused.
    pub fn close(&self) {
        self.gathered().closing = true;
        self.shared.work.notify_one();
        if let Some(thread) = lock(&self.thread).take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that keeps metrics has panicked");
        }
        // the last connection takes the log into the file
        drop(lock(&self.shared.disk).take());
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        lock(&self.shared.gathered)
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    /// Puts what was gathered on disk.
    fn keep(&self, disk: &mut File) -> rusqlite::Result<()> {
        let (pending, keys, lost) = {
            let mut gathered = lock(&self.gathered);
            let pending = gathered.values.take();
            let keys: Vec<_> = pending
                .iter()
                .map(|one| gathered.values.key(one.series).cloned())
                .collect();
            (pending, keys, gathered.values.take_lost())
        };
        if lost > 0 {
            tracing::warn!(
                lost,
                "values of metrics were lost: no numbers, or too many waited for their file"
            );
        }
        if pending.is_empty() {
            return Ok(());
        }
        let kept: Vec<Kept> = pending
            .iter()
            .zip(keys)
            .filter_map(|(one, key)| {
                Some(Kept {
                    key: key?,
                    minute: one.minute,
                    point: one.point.clone(),
                })
            })
            .collect();
        match disk.store.write(&kept) {
            Ok(left_out) => {
                if left_out > 0 {
                    tracing::warn!(left_out, "there are too many metrics: some are not kept");
                }
                disk.disk.record_success();
                Ok(())
            }
            Err(error) => {
                lock(&self.gathered).values.put_back(pending);
                self.failed(disk, &error);
                Err(error)
            }
        }
    }

    /// Metrics are gathered until they can be kept; a damaged file makes room for a new one.
    fn failed(&self, disk: &mut File, error: &rusqlite::Error) {
        if sluice_storage::classify(error) == Fault::Transient {
            disk.disk.record_failure(error, Fault::Transient);
            return;
        }
        match broken::replace(disk.disk.path(), disk.identity.as_deref(), self.clock.now(), error) {
            Ok(store) => disk.store = store,
            Err(error) => {
                disk.disk.record_failure(&error, Fault::Transient);
            }
        }
    }

    fn expire(&self, disk: &mut File) {
        let now = self.clock.now();
        if now.saturating_sub(disk.expired_at) < EXPIRE_EVERY {
            return;
        }
        disk.expired_at = now;
        match disk.store.expire(now.saturating_sub(RETENTION)) {
            Ok(0) => {}
            Ok(points) => tracing::debug!(points, "deleted old points of metrics"),
            Err(error) => tracing::warn!(%error, "old points of metrics stay"),
        }
    }
}

/// Sleeps while nothing is recorded.
fn run(shared: &Shared) {
    loop {
        let mut gathered = lock(&shared.gathered);
        while gathered.values.is_empty() && !gathered.closing {
            shared.work.wait(&mut gathered);
        }
        if !gathered.closing {
            shared
                .work
                .wait_while_for(&mut gathered, |gathered| !gathered.closing, GATHER);
        }
        let closing = gathered.closing;
        drop(gathered);
        let mut disk = lock(&shared.disk);
        let Some(disk) = disk.as_mut() else { return };
        // an error is told by then
        if shared.keep(disk).is_ok() {
            shared.expire(disk);
        }
        if closing {
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

#[cfg(test)]
mod tests {
    use sluice_clock::ManualClock;
    use sluice_metrics::{MINUTE, Window};

    use super::*;

    const NOW: i64 = 1_795_354_020_000;

    fn open(path: &Path) -> Result<Metrics, MetricsError> {
        let metrics = Metrics::new(Arc::new(ManualClock::new(NOW)));
        metrics.open(path, Some("ours")).map(|()| metrics)
    }

    async fn sum(metrics: &Metrics, name: &'static str) -> f64 {
        let window = Window::new(0, NOW + MINUTE, 60, NOW);
        let read = move |store: &Store| {
            let minutes = store.minutes(&MetricId::new("N", name, [("d", "v")]), None, &window);
            minutes
                .map(|minutes| minutes.iter().map(|(_, _, point)| point.sum).sum())
                .map_err(MetricsError::File)
        };
        metrics.read(read).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_recorded_is_read_at_once_and_outlives_a_clean_stop() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("metrics.sqlite");
        let metrics = open(&path).unwrap();
        for _ in 0..3 {
            metrics.record("N", "a", &[("d", "v")], Unit::Count, 2.0, NOW);
        }
        assert_eq!(sum(&metrics, "a").await, 6.0);
        metrics.record("N", "a", &[("d", "v")], Unit::Count, 1.0, NOW);
        metrics.close();
        let log = path.with_extension("sqlite-wal");
        assert!(!log.exists(), "the file is closed though the metrics are held");
        let refused = metrics.read(|_| Ok::<_, MetricsError>(())).await;
        assert!(matches!(refused, Err(MetricsError::Closed)), "{refused:?}");
        assert_eq!(sum(&open(&path).unwrap(), "a").await, 7.0);
    }

    #[tokio::test]
    async fn points_are_added_all_or_none() {
        let directory = tempfile::tempdir().unwrap();
        let metrics = open(&directory.path().join("m")).unwrap();
        let points = |count: usize| {
            let point = |n: usize| {
                let metric = MetricId::new("N", &if n == 0 { "a".to_owned() } else { n.to_string() }, [("d", "v")]);
                (
                    SeriesKey {
                        metric,
                        unit: Unit::None,
                    },
                    Point::of(1.0, 1.0),
                    NOW,
                )
            };
            (0..count).map(point).collect()
        };
        assert_eq!(metrics.add_all(points(10_001)), Err(TooManySeries));
        assert_eq!(sum(&metrics, "a").await, 0.0);
        assert_eq!(metrics.add_all(points(1)), Ok(()));
        assert_eq!(sum(&metrics, "a").await, 1.0);
    }

    #[tokio::test]
    async fn what_cannot_be_kept_is_kept_later() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("m");
        let metrics = open(&path).unwrap();
        let beside = rusqlite::Connection::open(&path).unwrap();
        beside.busy_timeout(Duration::from_secs(5)).unwrap();
        beside.execute_batch("ALTER TABLE points RENAME TO away").unwrap();
        metrics.record("N", "a", &[("d", "v")], Unit::Count, 2.0, NOW);
        let failed = metrics.read(|_| Ok::<_, MetricsError>(())).await;
        assert!(matches!(failed, Err(MetricsError::File(_))), "{failed:?}");
        metrics.record("N", "a", &[("d", "v")], Unit::Count, 3.0, NOW);
        beside.execute_batch("ALTER TABLE away RENAME TO points").unwrap();
        assert_eq!(sum(&metrics, "a").await, 5.0);
    }

    #[tokio::test]
    async fn a_damaged_or_foreign_file_is_set_aside() {
        let check = async |damage: &dyn Fn(&Path)| {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("metrics.sqlite");
            damage(&path);
            let before = std::fs::read(&path).unwrap();
            let metrics = open(&path).unwrap();
            metrics.record("N", "a", &[("d", "v")], Unit::Count, 2.0, NOW);
            assert_eq!(sum(&metrics, "a").await, 2.0);
            assert_eq!(metrics.trouble(), None);
            let aside = directory.path().join("metrics.sqlite.broken-1795354020000");
            assert!(std::fs::read(aside).unwrap() == before, "as it was");
        };
        check(&|path| std::fs::write(path, "rubbish".repeat(1_000)).unwrap()).await;
        check(&|path| {
            let foreign = rusqlite::Connection::open(path).unwrap();
            sluice_storage::identity::write(&foreign, "another's").unwrap();
        })
        .await;
    }

    #[test]
    fn a_file_of_a_later_release_is_named_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("metrics.sqlite");
        let later = rusqlite::Connection::open(&path).unwrap();
        later.pragma_update(None, "user_version", 2).unwrap();
        let error = open(&path).err().unwrap().to_string();
        assert!(
            error.contains("metrics.sqlite") && error.contains("remove the file"),
            "{error}"
        );
    }
}
