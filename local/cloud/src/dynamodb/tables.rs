//! The database, its thread, and the sweep of what has expired.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::http::{HeaderValue, Request, StatusCode, header};
use bytes::Bytes;
use dynoxide::Database;
use http_body_util::Full;
use sluice_disk::{Disk, Place, Retry, beside};
use sluice_driver::Clock;
use tokio::sync::oneshot;

use super::DynamoError;
use super::by_the_book::Book;
use super::error::CallError;
use super::group::{self, Done, Job};
use super::health::Health;
use super::plain::PlainCall;
use super::ttl;
use super::wal::Wal;
use crate::cloudwatch::sources::Usage;

/// The DynamoDB tables of this machine. Dropping it waits for the calls in hand.
pub struct Dynamo {
    pub(super) database: Database,
    pub(super) wal: Arc<Wal>,
    disk: Disk,
    /// `None` only while it is dropped.
    calls: Option<mpsc::Sender<Job<Call, RawAnswer>>>,
    /// Wakes the sweep of expired items; it ends when this is gone.
    sweeping: Option<mpsc::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

/// A call for the tables' thread.
pub(super) struct Call {
    /// The call, if it may be run in process.
    pub(super) plain: Option<PlainCall>,
    /// The same as a request for the server, and whether it may write.
    pub(super) request: Request<Full<Bytes>>,
    /// Whether the operation may change a table.
    pub(super) writes: bool,
}

/// An answer of the database as it is.
#[derive(Debug)]
pub(super) struct RawAnswer {
    pub(super) status: StatusCode,
    pub(super) content_type: Option<HeaderValue>,
    pub(super) body: Bytes,
    /// What a call in process consumed.
    pub(super) usages: Vec<Usage>,
}

impl Dynamo {
    /// Opens or creates the tables in a file.
    ///
    /// Every write is on disk before it is answered; those that wait at the same time share one sync.
    ///
    /// # Errors
    /// When the file cannot be opened, or there is no thread.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, DynamoError> {
        Self::open_with_sync(path, clock, Wal::sync)
    }

    pub(super) fn open_with_sync(
        path: &Path,
        clock: Arc<dyn Clock>,
        sync: impl Fn(&Wal) -> io::Result<()> + Send + 'static,
    ) -> Result<Self, DynamoError> {
        let refused = |reason: String| DynamoError::Open {
            path: path.to_owned(),
            reason,
        };
        let text = path.to_str().ok_or_else(|| refused("its name is not UTF-8".into()))?;
        let database = Database::new(text).map_err(|error| refused(error.to_string()))?;
        // The one way to its connection's settings: `synchronous=NORMAL`, everything else at SQLite's defaults. See `wal` for
        // what makes up for it.
        database
            .disable_bulk_loading()
            .map_err(|error| refused(error.to_string()))?;
        let wal = Arc::new(Wal::open(path).map_err(|error| refused(format!("its -wal file: {error}")))?);
        let disk = Disk::new("the tables' file", path, Retry::default());
        let place = Place::of([path.to_owned(), beside(path, "-wal")]);
        disk.watch(place.map_err(|error| refused(error.to_string()))?);

        let (calls, jobs) = mpsc::channel::<Job<Call, RawAnswer>>();
        let (sweeping, woken) = mpsc::channel();
        let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.into());
            thread.spawn(body).map_err(DynamoError::Thread)
        };
        let (swept, synced) = (database.clone(), Arc::clone(&wal));
        let tables = RefCell::new(Tables::new(database.clone(), disk.clone()));
        let watched = disk.clone();
        let sync = move || match watched.in_place() {
            true => sync(&synced).inspect_err(|error| {
                watched.lose(&format!(
                    "its log cannot be put on disk ({error}), so nobody can tell what of it is there"
                ));
            }),
            false => Err(io::Error::other("the file is gone")),
        };
        let serve = move || {
            let call = |call| tables.borrow_mut().call(call);
            group::serve(&jobs, call, sync, || tables.borrow_mut().try_again());
        };
        let threads = vec![
            spawn("dynamodb", Box::new(serve))?,
            spawn("dynamodb-ttl", Box::new(move || ttl::run(&swept, &clock, &woken)))?,
        ];
        Ok(Self {
            database,
            wal,
            disk,
            calls: Some(calls),
            sweeping: Some(sweeping),
            threads,
        })
    }

    /// What is wrong with the tables' file; none: it can be written, as far as is known. While there is trouble, calls
    /// that write are refused, and each second it is tried whether that is over.
    pub fn trouble(&self) -> Option<String> {
        self.disk.trouble()
    }

    /// Waits until the file is damaged or gone, so that nothing can be acknowledged any more; says why.
    pub(crate) async fn until_lost(&self) -> Arc<str> {
        self.disk.until_lost().await
    }

    /// The clock jumped: what has expired by now is deleted.
    pub fn clock_changed(&self) {
        if let Some(sweeping) = &self.sweeping {
            // an error means that the thread has ended, which is told by then
            let _ = sweeping.send(());
        }
    }

    /// Hands a call to the tables' thread and waits for its answer.
    pub(super) async fn answer(&self, call: Call) -> Result<RawAnswer, CallError> {
        let (reply, answer) = oneshot::channel();
        let calls = self.calls.as_ref().ok_or(CallError::Closed)?;
        calls.send(Job { call, reply }).map_err(|_| CallError::Closed)?;
        answer.await.map_err(|_| CallError::Closed)?
    }
}

impl Drop for Dynamo {
    fn drop(&mut self) {
        drop(self.calls.take());
        drop(self.sweeping.take());
        for thread in self.threads.drain(..) {
            // A panic is told by then.
            let _ = thread.join();
        }
    }
}

/// The two ways to the database.
struct Tables {
    database: Database,
    book: Book,
    health: Health,
}

impl Tables {
    fn new(database: Database, disk: Disk) -> Self {
        let book = Book::new(database.clone());
        let health = Health::new(disk);
        Self { database, book, health }
    }

    /// Carries out a call, unless it writes and nothing can be written.
    fn call(&mut self, call: Call) -> Done<RawAnswer> {
        let writes = call.writes;
        if writes && let Some(trouble) = self.health.refusal() {
            let answer = Err(CallError::Disk(trouble));
            return Done { answer, wrote: false };
        }
        let done = self.carry_out(call);
        if writes && let Ok(answer) = &done.answer {
            self.health.answered(answer.status, &answer.body);
        }
        done
    }

    /// How long to wait until it is tried whether the file can be written again; none: it can.
    fn try_again(&mut self) -> Option<Duration> {
        self.health.try_again()
    }

    fn carry_out(&mut self, call: Call) -> Done<RawAnswer> {
        let plain = call.plain.and_then(|plain| plain.run(&self.database));
        if let Some(done) = plain {
            return Done {
                answer: Ok(RawAnswer {
                    status: StatusCode::from_u16(done.status).unwrap_or(StatusCode::BAD_REQUEST),
                    content_type: None,
                    body: done.body.into(),
                    usages: done.usages,
                }),
                wrote: done.wrote,
            };
        }
        let answer = self.book.ask(call.request).map(|answer| RawAnswer {
            status: answer.status,
            content_type: answer.headers.get(header::CONTENT_TYPE).cloned(),
            body: answer.body,
            usages: Vec::new(),
        });
        Done {
            answer,
            wrote: call.writes,
        }
    }
}
