//! The way from the handles to the engine's thread and to the journal's readers.

use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use sluice_storage::WriterThread;
use tokio::sync::oneshot;

use crate::DriverError;
use crate::journal::Lock;
use crate::request::{Call, Request};
use crate::shared::Shared;

/// A reference to the engine that all handles of one driver share; when the last one is dropped, the engine stops.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    engine: Arc<EngineThread>,
}

/// The engine's thread, and what is given back after its end.
#[derive(Debug)]
struct EngineThread {
    shared: Arc<Shared>,
    thread: WriterThread,
    lock: Mutex<Option<Lock>>,
}

impl Client {
    /// A client of the engine that runs on this thread.
    pub(crate) fn new(shared: Arc<Shared>, thread: WriterThread, lock: Lock) -> Self {
        let engine = EngineThread {
            shared,
            thread,
            lock: Mutex::new(Some(lock)),
        };
        Self {
            engine: Arc::new(engine),
        }
    }

    /// The state that the handles share with the engine's thread.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.engine.shared
    }

    /// Asks the engine's thread, and waits for its response.
    pub(crate) async fn ask<A, T, E: From<DriverError>>(
        &self,
        arguments: A,
        request: impl FnOnce(Call<A, T, E>) -> Request,
    ) -> Result<T, E> {
        let (reply, response) = oneshot::channel();
        let shared = self.shared();
        shared.send(request(Call { arguments, reply }));
        response.await.unwrap_or_else(|_| Err(shared.unanswered().into()))
    }

    /// Runs a query on one of the journal's readers.
    pub(crate) async fn read<T, F>(&self, query: F) -> Result<T, DriverError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DriverError> + Send + 'static,
    {
        self.shared().readers.read(query).await
    }

    /// Writes everything into the journal's one file and gives the directory's lock back.
    pub(crate) fn close(&self) {
        self.engine.stop(Request::Close);
    }
}

impl EngineThread {
    /// Stops the engine's thread and waits until it has ended.
    fn stop(&self, request: Request) {
        self.shared.set_closing();
        let tidy = matches!(request, Request::Close);
        self.shared.send(request);
        self.shared.pool.close();
        // The last handle can be dropped by the runner, on the very thread.
        if !self.thread.join() {
            return;
        }
        self.shared.readers.close();
        if tidy {
            self.shared.marks.close();
        }
        self.lock.lock().take();
    }
}

impl Drop for EngineThread {
    fn drop(&mut self) {
        self.stop(Request::Shutdown);
    }
}
