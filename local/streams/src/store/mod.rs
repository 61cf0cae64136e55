//! The file, its writing thread and its readers, opened when first needed.

mod group;
mod readers;
mod schema;
#[cfg(test)]
mod tests;
mod wakes;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::JoinHandle;

use rusqlite::Connection;
use sluice_disk::{Disk, Place, Retry, beside};
use tokio::sync::{OnceCell, oneshot};

use crate::{Observation, Observer, StreamsError, Timestamp};
use group::{Job, Writer};
use readers::Readers;
use wakes::Board;

pub(crate) use group::Desk;
pub(crate) use wakes::Topic;
pub use wakes::Wakes;

/// The streams, queues and checkpoints in one file. Clones are the same store; when the last is dropped, what was begun is
/// finished and the file closed.
#[derive(Clone)]
pub struct Streams {
    inner: Arc<Inner>,
}

struct Inner {
    disk: Disk,
    board: Arc<Board>,
    observer: Arc<OnceLock<Arc<dyn Observer>>>,
    admit: OnceLock<Admit>,
    opened: OnceCell<Opened>,
    closing: AtomicBool,
}

/// Looks at the file, which is there, before it is used; an error keeps it from being used.
pub type Admit = Box<dyn Fn(&Path) -> Result<(), String> + Send + Sync>;

struct Opened {
    /// `None` only while it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    readers: Arc<Readers>,
    thread: Option<JoinHandle<()>>,
}

/// An observation to be reported to the observer, as data.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) at: Timestamp,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Put { stream: String, records: u64, bytes: u64 },
    Throttled { stream: String, records: u64 },
    Sent { queue: String, messages: u64, bytes: u64 },
    Received { queue: String, messages: u64 },
    Deleted { queue: String, messages: u64 },
}

impl What {
    fn observation(&self) -> Observation<'_> {
        match self {
            Self::Put { stream, records, bytes } => Observation::RecordsPut {
                stream,
                records: *records,
                bytes: *bytes,
            },
            Self::Throttled { stream, records } => Observation::RecordsThrottled {
                stream,
                records: *records,
            },
            Self::Sent { queue, messages, bytes } => Observation::MessagesSent {
                queue,
                messages: *messages,
                bytes: *bytes,
            },
            Self::Received { queue, messages } => Observation::MessagesReceived {
                queue,
                messages: *messages,
            },
            Self::Deleted { queue, messages } => Observation::MessagesDeleted {
                queue,
                messages: *messages,
            },
        }
    }
}

impl Streams {
    /// The store in this file, which is made by the first call. This costs nothing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::with_retry(path, Retry::default())
    }

    /// The same, with pauses of one's own between tries to write.
    pub fn with_retry(path: impl Into<PathBuf>, retry: Retry) -> Self {
        Self {
            inner: Arc::new(Inner {
                disk: Disk::new("the file of streams and queues", path, retry),
                board: Arc::default(),
                observer: Arc::default(),
                admit: OnceLock::new(),
                opened: OnceCell::new(),
                closing: AtomicBool::new(false),
            }),
        }
    }

    /// The store's file.
    pub fn path(&self) -> &Path {
        self.inner.disk.path()
    }

    /// Lets `admit` look at the file whenever it is opened, which makes it. Only the first one counts.
    pub fn admit(&self, admit: Admit) {
        if self.inner.admit.set(admit).is_err() {
            tracing::warn!("streams and queues are looked at already; the second look is left out");
        }
    }

    /// Describes the trouble with the file; none: it can be written, as far as is known. While there is trouble, calls that write
    /// are refused, and each second it is tried whether that is over.
    pub fn trouble(&self) -> Option<String> {
        self.inner.disk.trouble()
    }

    /// Waits until the file is damaged or gone, so that nothing can be acknowledged any more; says why.
    pub async fn until_lost(&self) -> Arc<str> {
        self.inner.disk.until_lost().await
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
    pub fn tell(&self, at: Timestamp, observation: Observation<'_>) {
        if let Some(observer) = self.inner.observer.get() {
            observer.observe(at, observation);
        }
    }

    /// The clock was moved: whoever waits for a time looks again.
    pub fn clock_changed(&self) {
        self.inner.board.wake_all();
    }

    /// From now on nobody should wait for anything: wakes whoever does. Calls go on.
    pub fn close_waits(&self) {
        self.inner.closing.store(true, Ordering::Release);
        self.inner.board.wake_all();
    }

    /// Returns true if [`Streams::close_waits`] was called.
    pub fn waits_closed(&self) -> bool {
        self.inner.closing.load(Ordering::Acquire)
    }

    pub(crate) fn subscribe(&self, topic: Topic) -> Wakes {
        self.inner.board.subscribe(topic)
    }

    /// Carries out `work` on the writing thread; its answer comes once it is on disk. An error of `work` takes back all
    /// that it did.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StreamsError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut Desk) -> Result<T, Refused> + Send + 'static,
    {
        let opened = self.opened().await?;
        let (reply, answer) = oneshot::channel();
        let path = self.path().to_owned();
        let job: Job = Box::new(move |connection, desk| {
            let result = work(connection, desk).map_err(|refused| {
                if let Refused::Sqlite(error) = &refused {
                    desk.failure = Some((error.to_string(), sluice_disk::fault(error)));
                }
                refused.into_error(&path)
            });
            let keep = result.is_ok();
            // Whoever gave up waiting does not matter.
            let deliver = move |committed: Result<(), StreamsError>| drop(reply.send(committed.and(result)));
            (keep, Box::new(deliver))
        });
        let jobs = opened.jobs.as_ref().ok_or(StreamsError::Closed)?;
        jobs.send(job).map_err(|_| StreamsError::Closed)?;
        // Dropped without an answer: the transaction never came to it, or it panicked.
        answer.await.unwrap_or_else(|_| {
            Err(self
                .trouble()
                .map_or(StreamsError::Panicked, |reason| StreamsError::Disk {
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
        readers.read(query).await
    }

    async fn opened(&self) -> Result<&Opened, StreamsError> {
        let inner = &self.inner;
        let open = || async {
            let inner = Arc::clone(inner);
            let opening = tokio::task::spawn_blocking(move || Opened::new(&inner));
            let opened = opening.await.map_err(|_| StreamsError::Panicked)??;
            Ok(opened)
        };
        let fresh = !inner.opened.initialized();
        let opened = inner.opened.get_or_try_init(open).await?;
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
        let path = inner.disk.path().to_owned();
        let connection = schema::open_writer(&path)?;
        if let Some(admit) = inner.admit.get() {
            admit(&path).map_err(|reason| StreamsError::Disk {
                path: path.display().to_string(),
                reason,
            })?;
        }
        let place = Place::of([path.clone(), beside(&path, "-wal")]);
        inner.disk.watch(place.map_err(|error| schema::disk(&path, &error))?);
        let (jobs, queue) = mpsc::channel();
        let observer = Arc::clone(&inner.observer);
        let tell = move |told: &Told| {
            if let Some(observer) = observer.get() {
                observer.observe(told.at, told.what.observation());
            }
        };
        let writer = Writer {
            disk: inner.disk.clone(),
            connection,
            board: Arc::clone(&inner.board),
            tell: Box::new(tell),
            desk: Desk::default(),
        };
        let thread = std::thread::Builder::new().name("streams".into());
        let thread = thread
            .spawn(move || writer.serve(&queue))
            .map_err(|error| schema::disk(&path, &error))?;
        Ok(Self {
            jobs: Some(jobs),
            readers: Arc::new(Readers::new(path)),
            thread: Some(thread),
        })
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panic is told by then.
            let _ = thread.join();
        }
    }
}

/// The reason why work on the writing thread is rolled back.
#[derive(Debug)]
pub(crate) enum Refused {
    Sqlite(rusqlite::Error),
    Because(StreamsError),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StreamsError> for Refused {
    fn from(error: StreamsError) -> Self {
        Self::Because(error)
    }
}

impl Refused {
    fn into_error(self, path: &Path) -> StreamsError {
        match self {
            Self::Sqlite(error) => schema::disk(path, &error),
            Self::Because(error) => error,
        }
    }
}
