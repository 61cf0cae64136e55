//! The handle on the store.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};

use parking_lot::RwLock;
use rusqlite::Connection;
use sluice_storage::{
    GroupWriter, HeldReplies, ReadError, ReaderPool, RetryBackoff, WatchedFiles, WriteHealth, WriterThread,
    catch_panic, serve, sibling_path,
};
use tokio::sync::{OnceCell, oneshot};

use super::changes::{ChangeListener, ChangeRegistry, Topic};
use super::observation::OwnedObservation;
use super::schema;
use super::writer::{GROUP, Job, Writer, WriterState};
use crate::error::JobError;
use crate::{Observation, Observer, StreamsError, Timestamp};

/// The streams, queues and checkpoints in one file. Clones are the same store; when the last is dropped, or any is closed, what
/// was begun is finished and the file closed.
///
/// ```
/// use sluice_streams::{CreateStream, NewRecord, PutResult, RecordShare, Streams};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let streams = Streams::new(directory.path().join("streams.sqlite"));
/// let orders = CreateStream { name: "orders".into(), shard_count: 1, retention_hours: 24 };
/// let orders = streams.create_stream(orders, 0).await?;
/// let record = NewRecord { partition_key: "customer-7".into(), explicit_hash: None, data: "an order".into() };
/// let put = streams.put("orders", vec![record], 0).await?;
/// assert!(matches!(put[0], PutResult::Put(_)), "it is on disk");
/// let read = streams.records(orders.id, 0, 0, RecordShare::ALL, (100, 1_000_000), 0).await?;
/// assert_eq!(&read.records[0].data[..], b"an order");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Streams {
    inner: Arc<Inner>,
}

struct Inner {
    health: WriteHealth,
    changes: Arc<ChangeRegistry>,
    observer: Arc<OnceLock<Arc<dyn Observer>>>,
    open_check: OnceLock<OpenCheck>,
    opened: OnceCell<Opened>,
    waits_closed: AtomicBool,
    closed: AtomicBool,
}

/// Looks at the file, which is there, before it is used; an error keeps it from being used.
pub type OpenCheck = Box<dyn Fn(&Path) -> Result<(), String> + Send + Sync>;

struct Opened {
    /// `None` once it is closed; the thread ends then.
    jobs: RwLock<Option<mpsc::Sender<Job>>>,
    readers: Arc<ReaderPool>,
    thread: WriterThread,
}

impl Streams {
    /// The store in this file, which is made by the first call. This costs nothing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::with_retry(path, RetryBackoff::default())
    }

    /// The same, with pauses of one's own between tries to write.
    pub fn with_retry(path: impl Into<PathBuf>, retry: RetryBackoff) -> Self {
        Self {
            inner: Arc::new(Inner {
                health: WriteHealth::new("the file of streams and queues", path, retry),
                changes: Arc::default(),
                observer: Arc::default(),
                open_check: OnceLock::new(),
                opened: OnceCell::new(),
                waits_closed: AtomicBool::new(false),
                closed: AtomicBool::new(false),
            }),
        }
    }

    /// The store's file.
    pub fn path(&self) -> &Path {
        self.inner.health.path()
    }

    /// Lets `check` look at the file whenever it is opened, which makes it. Only the first one counts.
    pub fn check_on_open(&self, check: OpenCheck) {
        if self.inner.open_check.set(check).is_err() {
            tracing::warn!("streams and queues are looked at already; the second look is left out");
        }
    }

    /// Describes the trouble with the file; none: it can be written, as far as is known. While there is trouble, calls that write
    /// are refused, and each second it is tried whether that is over.
    pub fn trouble(&self) -> Option<String> {
        self.inner.health.trouble()
    }

    /// Waits until the file is damaged or gone, so that nothing can be acknowledged any more; says why.
    pub async fn until_lost(&self) -> Arc<str> {
        self.inner.health.until_lost().await
    }

    /// Returns true if the file is there, or is open. A list of its content need not create it.
    pub fn exists(&self) -> bool {
        self.inner.opened.initialized() || self.path().exists()
    }

    /// Reports to `observer` from now on. Only the first call counts.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        if self.inner.observer.set(observer).is_err() {
            tracing::warn!("streams and queues have an observer already; the second one is told nothing");
        }
    }

    /// Tells the observer, if there is one, of something that is no write.
    pub fn notify(&self, at: Timestamp, observation: Observation<'_>) {
        if let Some(observer) = self.inner.observer.get() {
            observer.observe(at, observation);
        }
    }

    /// Wakes whoever waits for a time, after the clock was moved.
    pub fn clock_changed(&self) {
        self.inner.changes.notify_all();
    }

    /// From now on nobody should wait for anything: wakes whoever does. Calls go on.
    pub fn close_waits(&self) {
        self.inner.waits_closed.store(true, Ordering::Release);
        self.inner.changes.notify_all();
    }

    /// Returns true if [`Streams::close_waits`] was called.
    pub fn waits_closed(&self) -> bool {
        self.inner.waits_closed.load(Ordering::Acquire)
    }

    /// Finishes what was begun and closes the file, whoever still holds a clone. Calls are refused from then on. Blocks for as
    /// long as that takes.
    pub fn close(&self) {
        self.inner.closed.store(true, Ordering::SeqCst);
        if let Some(opened) = self.inner.opened.get() {
            opened.close();
        }
    }

    pub(crate) fn subscribe(&self, topic: Topic) -> ChangeListener {
        self.inner.changes.subscribe(topic)
    }

    /// Carries out `work` on the writing thread; its result comes once it is on disk. An error of `work` takes back all
    /// that it did.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StreamsError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut WriterState) -> Result<T, JobError> + Send + 'static,
    {
        let opened = self.opened().await?;
        let (reply, result) = oneshot::channel();
        let path = self.path().to_owned();
        let job: Job = Box::new(move |connection, state, replies: &mut HeldReplies<StreamsError>| {
            let worked = catch_panic(|| work(connection, state)).unwrap_or_else(|panicked| {
                tracing::error!(%panicked, "a call broke down inside the store of streams and queues");
                Err(StreamsError::Panicked.into())
            });
            if let Err(JobError::Sqlite(error)) = &worked {
                state.failure = Some(error.into());
            }
            let result = worked.map_err(|error| error.into_error(&path));
            let keep = result.is_ok();
            replies.hold(reply, result);
            keep
        });
        let sent = opened.jobs.read().as_ref().map(|jobs| jobs.send(job));
        sent.ok_or(StreamsError::Closed)?.map_err(|_| StreamsError::Closed)?;
        // Dropped without an answer: the transaction never came to it.
        result.await.unwrap_or_else(|_| {
            Err(self
                .trouble()
                .map_or(StreamsError::Closed, |reason| StreamsError::Disk {
                    path: self.path().display().to_string(),
                    reason,
                }))
        })
    }

    /// Asks a question of what is on disk.
    pub(crate) async fn read<T, F>(&self, query: F) -> Result<T, StreamsError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let readers = Arc::clone(&self.opened().await?.readers);
        let read = readers.read(move |connection| Ok(query(connection)?)).await;
        read.map_err(|error| match error {
            ReadError::Closed => StreamsError::Closed,
            ReadError::Panicked(panicked) => {
                tracing::error!(%panicked, "a query broke down inside the store of streams and queues");
                StreamsError::Panicked
            }
            ReadError::Sqlite(error) => StreamsError::disk(self.path(), &error),
        })
    }

    async fn opened(&self) -> Result<&Opened, StreamsError> {
        let inner = &self.inner;
        if inner.closed.load(Ordering::SeqCst) {
            return Err(StreamsError::Closed);
        }
        let open = || async {
            let inner = Arc::clone(inner);
            let opening = tokio::task::spawn_blocking(move || Opened::new(&inner));
            let opened = opening.await.map_err(|_| StreamsError::Panicked)??;
            Ok(opened)
        };
        let fresh = !inner.opened.initialized();
        let opened = inner.opened.get_or_try_init(open).await?;
        // closed meanwhile: it was not there to be closed
        if inner.closed.load(Ordering::SeqCst) {
            let streams = self.clone();
            let closing = tokio::task::spawn_blocking(move || streams.close());
            closing.await.map_err(|_| StreamsError::Panicked)?;
            return Err(StreamsError::Closed);
        }
        if fresh {
            self.clear_leftovers_later();
        }
        Ok(opened)
    }

    /// Removes in the background the records that an interrupted deletion has left.
    fn clear_leftovers_later(&self) {
        let streams = self.clone();
        tokio::spawn(async move {
            if let Err(error) = streams.clear_leftovers().await {
                tracing::warn!(%error, "records of deleted streams stay on disk until the next start");
            }
        });
    }
}

impl Opened {
    fn new(inner: &Inner) -> Result<Self, StreamsError> {
        let path = inner.health.path().to_owned();
        let connection = schema::open(&path)?;
        if let Some(check) = inner.open_check.get() {
            check(&path).map_err(|reason| StreamsError::Disk {
                path: path.display().to_string(),
                reason,
            })?;
        }
        let files = WatchedFiles::of([path.clone(), sibling_path(&path, "-wal")]);
        inner
            .health
            .watch_files(files.map_err(|error| StreamsError::disk(&path, &error))?);
        let observer = Arc::clone(&inner.observer);
        let observe = move |observed: &OwnedObservation| {
            if let Some(observer) = observer.get() {
                observer.observe(observed.at, observed.kind.observation());
            }
        };
        let mut writer = Writer {
            database: GroupWriter::new(connection, inner.health.clone()),
            path: path.display().to_string(),
            changes: Arc::clone(&inner.changes),
            observe: Box::new(observe),
            state: WriterState::default(),
            replies: HeldReplies::default(),
        };
        let (jobs, queue) = mpsc::channel();
        let work = move || {
            serve(&queue, GROUP, |group| writer.carry_out(group));
            if let Err(error) = writer.database.truncate_log() {
                tracing::debug!(%error, "the log of streams and queues stays beside them");
            }
        };
        let thread = WriterThread::start("streams", None, work).map_err(|error| StreamsError::disk(&path, &error))?;
        Ok(Self {
            jobs: RwLock::new(Some(jobs)),
            readers: ReaderPool::new(path, schema::READER_CACHE_KIB),
            thread,
        })
    }

    fn close(&self) {
        drop(self.jobs.write().take());
        // before the writer's connection, which takes the log away if it is the last
        self.readers.close();
        self.thread.join();
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.close();
    }
}
