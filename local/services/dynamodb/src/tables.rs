//! The database, its thread, and the sweep of what has expired.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use axum::http::{HeaderValue, Request, StatusCode, header};
use bytes::Bytes;
use dynoxide::Database;
use http_body_util::Full;
use parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
use sluice_clock::Clock;
use sluice_storage::{RetryBackoff, WatchedFiles, WriteHealth, WriterThread, sibling_path};
use tokio::sync::oneshot;

use crate::DynamoError;
use crate::Usage;
use crate::error::CallError;
use crate::group_commit::{self, Completed, Job};
use crate::health::Health;
use crate::http_fallback::HttpFallback;
use crate::in_process::InProcessCall;
use crate::ttl::{self, SweepReply};
use crate::wal::Wal;

/// The tables in their file, and the thread that works on them. Closing it, which dropping it does, waits for the calls in hand.
pub(crate) struct Tables {
    disk: WriteHealth,
    /// `None` once it is closed.
    open: RwLock<Option<OpenTables>>,
    threads: Vec<WriterThread>,
}

/// The handles on the open database. The threads have clones of the database, and end when these are gone.
pub(crate) struct OpenTables {
    pub(crate) database: Database,
    pub(crate) wal: Arc<Wal>,
    calls: mpsc::Sender<Job<Call, RawResponse>>,
    /// Wakes the sweep of expired items.
    sweeping: mpsc::Sender<SweepReply>,
}

/// A call for the tables' thread.
pub(crate) struct Call {
    /// The call, if it may be run in process.
    pub(crate) in_process: Option<InProcessCall>,
    /// The same as a request for the server, and whether it may write.
    pub(crate) request: Request<Full<Bytes>>,
    /// True when the operation may change a table.
    pub(crate) writes: bool,
}

/// A response of the database as it is.
#[derive(Debug)]
pub(crate) struct RawResponse {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) body: Bytes,
    /// The units that a call in process consumed.
    pub(crate) usages: Vec<Usage>,
}

impl Tables {
    /// Opens or creates the tables in a file.
    ///
    /// Every write is on disk before it is answered; those that wait at the same time share one sync.
    ///
    /// # Errors
    /// When the file cannot be opened, or there is no thread.
    pub(crate) fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, DynamoError> {
        Self::open_with_sync(path, clock, Wal::sync)
    }

    pub(crate) fn open_with_sync(
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
        let disk = WriteHealth::new("the tables' file", path, RetryBackoff::default());
        let place = WatchedFiles::of([path.to_owned(), sibling_path(path, "-wal")]);
        disk.watch_files(place.map_err(|error| refused(error.to_string()))?);

        let (calls, jobs) = mpsc::channel::<Job<Call, RawResponse>>();
        let (sweeping, woken) = mpsc::channel();
        let (swept, synced) = (database.clone(), Arc::clone(&wal));
        let executor = RefCell::new(Executor::new(database.clone(), disk.clone()));
        let watched = disk.clone();
        let sync = move || match watched.files_in_place() {
            true => sync(&synced).inspect_err(|error| {
                watched.mark_lost(&format!(
                    "its log cannot be put on disk ({error}), so nobody can tell what of it is there"
                ));
            }),
            false => Err(io::Error::other("the file is gone")),
        };
        let serve = move || {
            let call = |call| executor.borrow_mut().call(call);
            group_commit::serve(&jobs, call, sync, || executor.borrow_mut().try_again());
        };
        let threads = vec![
            WriterThread::start("dynamodb", None, serve).map_err(DynamoError::Thread)?,
            WriterThread::start("dynamodb-ttl", None, move || ttl::run(&swept, &clock, &woken))
                .map_err(DynamoError::Thread)?,
        ];
        Ok(Self {
            disk,
            open: RwLock::new(Some(OpenTables {
                database,
                wal,
                calls,
                sweeping,
            })),
            threads,
        })
    }

    /// The open database, which is not closed while this is held; none: it is closed.
    pub(crate) fn open_tables(&self) -> Option<MappedRwLockReadGuard<'_, OpenTables>> {
        RwLockReadGuard::try_map(self.open.read(), Option::as_ref).ok()
    }

    /// Carries out the calls in hand, ends the threads and closes the file, whoever still holds the tables. Calls are refused
    /// from then on.
    pub(crate) fn close(&self) {
        drop(self.open.write().take());
        for thread in &self.threads {
            thread.join();
        }
    }

    /// The trouble with the tables' file; none: it can be written, as far as is known. While there is trouble, calls
    /// that write are refused, and each second it is tried whether that is over.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.disk.trouble()
    }

    /// Waits until the file is damaged or gone, so that nothing can be acknowledged any more; says why.
    pub(crate) async fn until_lost(&self) -> Arc<str> {
        self.disk.until_lost().await
    }

    /// Deletes what has expired by now, and says how many items that were; `None` after the end.
    pub(crate) async fn sweep_expired(&self) -> Option<u64> {
        let (reply, swept) = oneshot::channel();
        self.open_tables()?.sweeping.send(reply).ok()?;
        swept.await.ok()
    }

    /// Hands a call to the tables' thread and waits for its response.
    pub(crate) async fn send(&self, call: Call) -> Result<RawResponse, CallError> {
        let (reply, response) = oneshot::channel();
        let sent = |open: MappedRwLockReadGuard<'_, OpenTables>| open.calls.send(Job { call, reply }).ok();
        self.open_tables().and_then(sent).ok_or(CallError::Closed)?;
        response.await.map_err(|_| CallError::Closed)?
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        self.close();
    }
}

/// The two ways to the database: in process, and by HTTP.
struct Executor {
    database: Database,
    http: HttpFallback,
    health: Health,
}

impl Executor {
    fn new(database: Database, disk: WriteHealth) -> Self {
        let http = HttpFallback::new(database.clone());
        let health = Health::new(disk);
        Self { database, http, health }
    }

    /// Carries out a call, unless it writes and nothing can be written.
    fn call(&mut self, call: Call) -> Completed<RawResponse> {
        let writes = call.writes;
        if writes && let Some(trouble) = self.health.refusal() {
            let response = Err(CallError::Disk(trouble));
            return Completed { response, wrote: false };
        }
        let done = self.carry_out(call);
        if writes && let Ok(response) = &done.response {
            self.health.answered(response.status, &response.body);
        }
        done
    }

    /// Tries whether the file can be written again, if it is time. The time until the next try; none: it can.
    fn try_again(&mut self) -> Option<Duration> {
        self.health.try_again()
    }

    fn carry_out(&mut self, call: Call) -> Completed<RawResponse> {
        let in_process = call.in_process.and_then(|call| call.run(&self.database));
        if let Some(done) = in_process {
            return Completed {
                response: Ok(RawResponse {
                    status: StatusCode::from_u16(done.status).unwrap_or(StatusCode::BAD_REQUEST),
                    content_type: None,
                    body: done.body.into(),
                    usages: done.usages,
                }),
                wrote: done.wrote,
            };
        }
        let response = self.http.send(call.request).map(|response| RawResponse {
            status: response.status,
            content_type: response.headers.get(header::CONTENT_TYPE).cloned(),
            body: response.body,
            usages: Vec::new(),
        });
        Completed {
            response,
            wrote: call.writes,
        }
    }
}
