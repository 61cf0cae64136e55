//! The host: functions by name, invocations, shutdown.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use crate::config::{FunctionSpec, HostConfig};
use crate::error::{HostError, InvokeError};
use crate::function::{Function, FunctionLoad};
use crate::invocation::{Delivery, Invocation, InvokeOutput, Job, MAX_REQUEST_BYTES, Ticket};
use crate::logs::{FunctionLog, LogQuery, LogRecord, LogWriter};
use crate::registry::Registry;
use crate::shared::Shared;
use crate::tasks::{TaskSet, TaskSpec, log_file_name};

/// The time that processes may take to end once they are killed.
const KILL_WAIT: Duration = Duration::from_secs(5);

/// Runs Lambda functions as processes of this machine. Clones are the same host; when the last one
/// is dropped, all processes are killed.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Arc<Registry>,
    /// Logs stay when their function is updated or removed.
    logs: RwLock<HashMap<Arc<str>, Arc<FunctionLog>>>,
    writer: Option<Arc<LogWriter>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.registry.shared.begin_closing();
        let functions: Vec<_> = self.registry.functions.write().drain().collect();
        for (_, function) in functions {
            function.kill_all();
        }
    }
}

impl Host {
    /// A host without functions.
    ///
    /// # Errors
    /// [`HostError::LogDirectory`] if the log directory cannot be made.
    ///
    /// # Panics
    /// Outside a tokio runtime with time and IO.
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        let writer = match &config.log_dir {
            Some(dir) => Some(Arc::new(LogWriter::start(dir).map_err(|source| {
                HostError::LogDirectory {
                    path: dir.clone(),
                    source,
                }
            })?)),
            None => None,
        };
        let pause = (config.idle_timeout / 4).max(Duration::from_millis(10));
        let registry = Arc::new(Registry::new(Arc::new(Shared::new(config))));
        tokio::spawn(stop_expired(Arc::downgrade(&registry), pause));
        Ok(Self {
            inner: Arc::new(Inner {
                registry,
                logs: RwLock::default(),
                writer,
            }),
        })
    }

    /// The host's settings.
    pub fn config(&self) -> &HostConfig {
        &self.inner.registry.shared.config
    }

    /// Adds a function and starts as many instances as it wants warm.
    ///
    /// # Errors
    /// A taken or impossible name, a timeout outside 1 to 900 s, a program that cannot be run.
    pub fn add_function(&self, spec: FunctionSpec) -> Result<(), HostError> {
        validate(&spec)?;
        let function = self.function_of(spec);
        {
            let mut functions = self.inner.registry.functions.write();
            if self.inner.registry.shared.is_closing() {
                return Err(HostError::ShuttingDown);
            }
            if functions.contains_key(&function.spec().name) {
                return Err(HostError::FunctionExists(function.spec().name.to_string()));
            }
            functions.insert(Arc::clone(&function.spec().name), Arc::clone(&function));
        }
        self.inner.registry.note_reservations();
        function.prewarm(function.spec().prewarm as usize);
        Ok(())
    }

    /// Replaces a function's code and configuration. Invocations in hand finish with the old ones.
    ///
    /// # Errors
    /// As [`add_function`](Self::add_function); [`HostError::FunctionNotFound`] if there is none.
    pub fn update_function(&self, spec: FunctionSpec) -> Result<(), HostError> {
        validate(&spec)?;
        let function = self.function_of(spec);
        let old = {
            let mut functions = self.inner.registry.functions.write();
            let Some(slot) = functions.get_mut(&function.spec().name) else {
                return Err(HostError::FunctionNotFound(function.spec().name.to_string()));
            };
            std::mem::replace(slot, Arc::clone(&function))
        };
        self.inner.registry.note_reservations();
        old.retire();
        function.prewarm(function.spec().prewarm as usize);
        Ok(())
    }

    /// Removes a function. What runs may finish, what waits is given up.
    ///
    /// # Errors
    /// [`HostError::FunctionNotFound`].
    pub fn remove_function(&self, name: &str) -> Result<(), HostError> {
        let removed = self.inner.registry.functions.write().remove(name);
        self.inner.registry.note_reservations();
        removed
            .ok_or_else(|| HostError::FunctionNotFound(name.to_owned()))?
            .close();
        Ok(())
    }

    /// All functions by name.
    pub fn functions(&self) -> Vec<FunctionSpec> {
        let functions = self.inner.registry.all();
        let mut specs: Vec<_> = functions.iter().map(|function| function.spec().clone()).collect();
        specs.sort_by(|a, b| a.name.cmp(&b.name));
        specs
    }

    /// One function, if there is one of this name.
    pub fn function(&self, name: &str) -> Option<FunctionSpec> {
        self.find(name).map(|function| function.spec().clone())
    }

    /// Returns the numbers of a function's instances and requests; none if there is no such function.
    pub fn load(&self, name: &str) -> Option<FunctionLoad> {
        self.find(name).map(|function| function.load())
    }

    /// Describes in one sentence what keeps functions from running as they should; none when all is well.
    pub fn trouble(&self) -> Option<String> {
        self.inner.registry.shared.trouble()
    }

    /// Starts instances until the function has `count` of them, within its limits.
    ///
    /// # Errors
    /// [`HostError::FunctionNotFound`].
    pub fn prewarm(&self, name: &str, count: usize) -> Result<(), HostError> {
        let function = self
            .find(name)
            .ok_or_else(|| HostError::FunctionNotFound(name.to_owned()))?;
        function.prewarm(count);
        Ok(())
    }

    /// The kept log of a function, oldest record first. Empty for a name that never was one.
    pub fn logs(&self, name: &str, query: LogQuery) -> Vec<Arc<LogRecord>> {
        let log = self.inner.logs.read().get(name).cloned();
        log.map(|log| log.query(query)).unwrap_or_default()
    }

    /// Forgets what functions logged before a time, in milliseconds since 1970 by the clock that log lines have: at once
    /// in memory, and in files little later.
    pub fn forget_logs(&self, before_ms: u64) {
        let logs: Vec<_> = self.inner.logs.read().values().cloned().collect();
        for log in logs {
            log.forget(before_ms);
        }
        if let Some(writer) = &self.inner.writer {
            writer.forget(before_ms);
        }
    }

    /// Runs a function once and waits for its answer. Dropping the future gives up the answer, not
    /// the invocation, unless it still waits for an instance.
    ///
    /// # Errors
    /// Only what happens before the function runs: see [`InvokeError`]. Its own failures are in
    /// [`InvokeOutput::function_error`].
    pub async fn invoke(&self, name: &str, invocation: Invocation) -> Result<InvokeOutput, InvokeError> {
        let function = self
            .find(name)
            .ok_or_else(|| InvokeError::ResourceNotFound(name.to_owned()))?;
        let size = invocation.payload.len();
        if size > MAX_REQUEST_BYTES {
            return Err(InvokeError::RequestTooLarge {
                size,
                limit: MAX_REQUEST_BYTES,
            });
        }
        if self.inner.registry.shared.is_closing() {
            return Err(InvokeError::Stopped(name.to_owned()));
        }
        let (reply, answer) = oneshot::channel();
        let taken = self
            .job(&function, invocation, reply)
            .and_then(|job| function.submit(job));
        if let Err(InvokeError::TooManyRequests(_)) = &taken {
            self.config().observer.throttled(name, function.now_ms());
        }
        taken?;
        let answered = answer
            .await
            .unwrap_or_else(|_| Err(InvokeError::Stopped(name.to_owned())));
        if let Err(InvokeError::TooManyRequests(_)) = &answered {
            self.config().observer.throttled(name, function.now_ms());
        }
        answered
    }

    fn job(
        &self,
        function: &Function,
        invocation: Invocation,
        reply: oneshot::Sender<Result<InvokeOutput, InvokeError>>,
    ) -> Result<Job, InvokeError> {
        let permit = function.admit()?;
        let request_id = invocation.request_id.unwrap_or_else(|| (self.config().ids)());
        Ok(Job {
            delivery: Delivery {
                request_id,
                payload: invocation.payload,
                trace_id: invocation
                    .trace_id
                    .unwrap_or_else(|| trace_id(request_id, function.now_ms())),
                client_context: invocation.client_context,
                invoked_arn: invocation
                    .invoked_arn
                    .unwrap_or_else(|| Arc::clone(&function.spec().arn)),
                deadline_ms: 0,
            },
            ticket: Ticket {
                request_id,
                reply,
                started: Instant::now(),
                started_at_ms: 0,
                log_tail: invocation.log_tail,
                permit,
            },
        })
    }

    /// Starts `count` tasks and keeps them running until the set is stopped.
    ///
    /// # Errors
    /// [`HostError::Container`] if a program cannot be run at all.
    pub async fn run_tasks(&self, spec: TaskSpec, count: u32) -> Result<TaskSet, HostError> {
        TaskSet::start(spec, count, Arc::clone(&self.inner.registry.shared)).await
    }

    /// Forgets a log group of containers: its directory goes, with what is in it.
    ///
    /// # Errors
    /// If it is there and cannot be removed.
    pub fn remove_log_group(&self, group: &str) -> std::io::Result<()> {
        let Some(dir) = &self.inner.registry.shared.config.log_dir else {
            return Ok(());
        };
        match std::fs::remove_dir_all(dir.join(log_file_name(group))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes no more work, waits at most `grace` for what is in hand, kills what is left and
    /// writes the logs.
    pub async fn shutdown(&self, grace: Duration) {
        let shared = &self.inner.registry.shared;
        shared.begin_closing();
        let _ = tokio::time::timeout(grace, async {
            loop {
                let none_left = shared.in_flight.none_left.notified();
                tokio::pin!(none_left);
                none_left.as_mut().enable();
                if shared.in_flight.is_empty() {
                    return;
                }
                none_left.await;
            }
        })
        .await;
        for function in self.inner.registry.all() {
            function.kill_all();
        }
        let mut instances = shared.instances.subscribe();
        if tokio::time::timeout(KILL_WAIT, instances.wait_for(|count| *count == 0))
            .await
            .is_err()
        {
            tracing::warn!("some function processes are still ending");
        }
        if let Some(writer) = self.inner.writer.clone()
            && tokio::task::spawn_blocking(move || writer.close()).await.is_err()
        {
            tracing::warn!("function logs may be incomplete");
        }
    }

    fn find(&self, name: &str) -> Option<Arc<Function>> {
        self.inner.registry.find(name)
    }

    fn function_of(&self, spec: FunctionSpec) -> Arc<Function> {
        let log = Arc::clone(
            self.inner
                .logs
                .write()
                .entry(Arc::clone(&spec.name))
                .or_insert_with(|| Arc::new(FunctionLog::new(Arc::clone(&spec.name), self.inner.writer.clone()))),
        );
        let registry = &self.inner.registry;
        Arc::new(Function::new(
            spec,
            log,
            Arc::clone(&registry.shared),
            Arc::<Registry>::clone(registry),
        ))
    }
}

/// Looks for instances that are idle for too long, as long as the host lives.
async fn stop_expired(registry: std::sync::Weak<Registry>, pause: Duration) {
    loop {
        tokio::time::sleep(pause).await;
        let Some(registry) = registry.upgrade() else { return };
        if registry.shared.is_closing() {
            return;
        }
        for function in registry.all() {
            function.stop_expired(Instant::now());
        }
        // what functions have let go of, and has ended since
        let _ = tokio::task::spawn_blocking(crate::family::reap_orphans).await;
    }
}

/// An X-Ray header made from the request id: the same request always has the same trace.
pub(crate) fn trace_id(id: Uuid, now_ms: u64) -> String {
    let hex = id.simple().to_string();
    format!(
        "Root=1-{:08x}-{};Parent={};Sampled=0",
        (now_ms / 1000) & 0xffff_ffff,
        &hex[..24],
        &hex[16..]
    )
}

fn validate(spec: &FunctionSpec) -> Result<(), HostError> {
    let name = &spec.name;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        return Err(HostError::InvalidName(name.to_string()));
    }
    let seconds = spec.timeout.as_secs();
    if spec.timeout.is_zero() || seconds > 900 {
        return Err(HostError::InvalidTimeout {
            function: name.to_string(),
            seconds,
        });
    }
    let unusable = |reason: String| HostError::Binary {
        function: name.to_string(),
        path: spec.binary.clone(),
        reason,
    };
    let metadata = std::fs::metadata(&spec.binary).map_err(|error| unusable(error.to_string()))?;
    if !metadata.is_file() {
        return Err(unusable("it is not a file".to_owned()));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(unusable("it is not executable".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_header_has_the_form_of_x_ray() {
        let id = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(
            trace_id(id, 1_673_437_534_837),
            "Root=1-63bea15e-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0"
        );
    }

    fn check(spec: &FunctionSpec, expected: &str) {
        let refused = validate(spec).map_err(|error| error.to_string());
        match refused {
            Ok(()) => assert_eq!(expected, ""),
            Err(message) => assert!(message.contains(expected) && !expected.is_empty(), "{message}"),
        }
    }

    #[test]
    fn functions_that_cannot_run_are_refused_by_name() {
        let spec = |name: &str, binary: &str| FunctionSpec::new(name, "arn", binary);
        check(&spec("store", "/bin/sh"), "");
        check(&spec("", "/bin/sh"), "no function name");
        check(&spec("../up", "/bin/sh"), "\"../up\" is no function name");
        check(&spec(&"x".repeat(65), "/bin/sh"), "no function name");
        check(
            &spec("store", "/nowhere/bootstrap"),
            "function store: cannot run /nowhere/bootstrap: No such file",
        );
        check(&spec("store", "/etc"), "it is not a file");
        check(&spec("store", "/etc/passwd"), "it is not executable");
        check(
            &FunctionSpec {
                timeout: Duration::from_secs(901),
                ..spec("store", "/bin/sh")
            },
            "a timeout of 901 s",
        );
    }
}
