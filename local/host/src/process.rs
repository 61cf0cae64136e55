//! The process behind an instance: started, watched, ended.

use std::io::{self, PipeReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use rustix::process::{Pid, Signal, kill_process_group, setpriority_process};
use tokio::net::TcpListener;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::context::FunctionContext;
use crate::environment::{InstanceIdentity, environment};
use crate::function::{Function, StartError};
use crate::instance::{Instance, Outcome, Remains};
use crate::logs::InvocationStatus;
use crate::platform::{PlatformFailure, exit_text};
use crate::runtime_api;
use crate::shared::Place;
use crate::shortage::is_shortage;

/// The time that connections may take to hand over what a process sent before it ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The niceness that function processes have in addition to this one's: this process comes first where processors are short.
const NICENESS: i32 = 5;

/// The reason why an instance ends.
#[derive(Debug)]
enum Ending {
    Exited(ExitStatus),
    TimedOut,
    InitTimedOut,
    Stopped,
}

/// Runs one instance from its start to its end. The pool and the host have counted it already.
pub(crate) async fn supervise(function: Arc<Function>, place: Place) {
    let context = &function.context;
    let instance = Arc::new(Instance::new(
        Arc::clone(context),
        log_stream(context).into(),
        context.shared.config.init_timeout,
    ));
    match start(&instance).await {
        Ok(started) => {
            context.shared.has_started();
            run(&function, &instance, started).await;
        }
        Err(error) if is_shortage(&error) => {
            let _ = instance.end();
            function.machine_failed(&error);
        }
        Err(error) => {
            let why = format!("cannot run {}: {error}", context.spec.binary.display());
            tracing::warn!(function = %context.spec.name, "{why}");
            let _ = instance.end();
            function.ended(&instance, true);
            function.start_failed(&instance, StartError::Platform(PlatformFailure::InvalidEntrypoint(why)));
        }
    }
    drop(place);
    function.restart_if_needed();
}

/// `2026/11/22/[$LATEST]` and 32 hexadecimal digits.
fn log_stream(context: &FunctionContext) -> String {
    let day = i64::try_from(context.now_ms())
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .map_or_else(|| "1970/01/01".to_owned(), |at| at.format("%Y/%m/%d").to_string());
    format!(
        "{day}/[{}]{}",
        context.spec.version,
        (context.shared.config.ids)().simple()
    )
}

struct Started {
    child: Child,
    pid: u32,
    mark: String,
    listener: TcpListener,
    output: Arc<pipe::Receiver>,
}

async fn start(instance: &Arc<Instance>) -> io::Result<Started> {
    let context = Arc::clone(&instance.context);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let stream = instance.log_stream().to_owned();
    // Starting a process blocks for about a millisecond.
    let spawned = tokio::task::spawn_blocking(move || spawn(&context, address, &stream)).await;
    let (child, pid, mark, reader) = spawned.map_err(io::Error::other)??;
    let _ = instance.pid.set(pid);
    let output = Arc::new(pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?);
    instance.capture.lock().attach(Arc::clone(&output));
    Ok(Started {
        child,
        pid,
        mark,
        listener,
        output,
    })
}

/// Starts the process in a group of its own: a Ctrl-C in the terminal is the host's to handle.
fn spawn(context: &FunctionContext, address: SocketAddr, stream: &str) -> io::Result<(Child, u32, String, PipeReader)> {
    let spec = &context.spec;
    let config = &context.shared.config;
    (config.may_start)(&spec.name)?;
    let binary = std::path::absolute(&spec.binary)?;
    let task_root = binary.parent().unwrap_or(Path::new("/"));
    // the guard first: what starts between a start and its watch would outlive a killed host
    let guard = context.shared.guard();
    let mark = guard.mark();
    let identity = InstanceIdentity {
        runtime_api: address,
        log_stream: stream,
        task_root,
        mark: &mark,
    };
    // One pipe for both, so that lines keep their order.
    let (reader, writer) = io::pipe()?;
    let child = Command::new(&binary)
        .env_clear()
        .envs(environment(spec, &config.region, &config.credentials, identity))
        .current_dir(task_root)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let pid = child
        .id()
        .ok_or_else(|| io::Error::other("the process ended before it could be watched"))?;
    guard.watch(pid);
    yield_to_host(pid);
    Ok((child, pid, mark, reader))
}

/// Lowers the priority of a function process where processors are short: this one hands out what all of them wait for, and
/// answers people.
fn yield_to_host(pid: u32) {
    let lowered = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .map(|pid| setpriority_process(Some(pid), NICENESS));
    if let Some(Err(error)) = lowered {
        tracing::debug!(%error, pid, "a function process keeps its priority");
    }
}

async fn run(function: &Arc<Function>, instance: &Arc<Instance>, started: Started) {
    let Started {
        mut child,
        pid,
        mark,
        listener,
        output,
    } = started;
    let stop_api = Arc::new(Notify::new());
    let mut api = tokio::spawn(runtime_api::serve(
        listener,
        Arc::clone(function),
        Arc::clone(instance),
        Arc::clone(&stop_api),
    ));
    let logs = tokio::spawn(pump(output, Arc::clone(instance)));
    if !function.register(instance) {
        instance.stop();
    }
    let ending = watch(instance, &mut child).await;
    kill_group(pid);
    stop_api.notify_one();
    if matches!(ending, Ending::Exited(_)) && tokio::time::timeout(LAST_WORDS, &mut api).await.is_err() {
        tracing::debug!(pid, "connections of an ended process stay open");
    }
    let remains = instance.end();
    api.abort();
    function.ended(instance, remains.was_starting);
    settle(function, instance, &ending, remains);
    if let Err(error) = child.wait().await {
        tracing::warn!(%error, pid, "waiting for a function process");
    }
    instance.context.shared.guard().forget(pid, mark);
    logs.abort();
}

/// Waits for the end of the process or for a reason to end it.
async fn watch(instance: &Instance, child: &mut Child) -> Ending {
    loop {
        let wake = instance.arm();
        tokio::select! {
            biased;
            status = child.wait() => match status {
                Ok(status) => return Ending::Exited(status),
                Err(error) => {
                    tracing::warn!(%error, "cannot watch a function process");
                    return Ending::Stopped;
                }
            },
            () = instance.alarm.notified() => {
                if instance.stop_requested() {
                    return Ending::Stopped;
                }
            }
            () = sleep_until(wake) => match instance.overdue(Instant::now()) {
                Some(true) => return Ending::InitTimedOut,
                Some(false) => return Ending::TimedOut,
                None => {}
            },
        }
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

/// Answers what the instance leaves behind.
fn settle(function: &Arc<Function>, instance: &Arc<Instance>, ending: &Ending, remains: Remains) {
    let context = &instance.context;
    let failure = match ending {
        Ending::Exited(status) => PlatformFailure::Exited(exit_text(*status)),
        Ending::TimedOut => PlatformFailure::TimedOut(context.spec.timeout),
        Ending::InitTimedOut => PlatformFailure::InitTimedOut(context.shared.config.init_timeout),
        Ending::Stopped => {
            // Callers learn from the dropped ticket that the host gave up.
            if let Some(job) = remains.undelivered {
                function.resubmit(job);
            }
            drop(remains.running);
            return instance.log_orphan(InvocationStatus::Success, Vec::new());
        }
    };
    tracing::debug!(function = %context.spec.name, ?ending, "an instance has ended");
    let busy = remains.running.is_some();
    if let Some(ticket) = remains.running {
        function
            .conclude(instance, ticket, remains.init, Outcome::Failure(failure.clone()))
            .send();
    }
    if let Some(job) = remains.undelivered {
        match ending {
            // It had its whole time in front of a runtime that did not ask for it.
            Ending::TimedOut => function
                .conclude(instance, job.ticket, None, Outcome::Failure(failure.clone()))
                .send(),
            Ending::Exited(_) | Ending::InitTimedOut | Ending::Stopped => function.resubmit(job),
        }
    }
    if remains.was_starting {
        let status = InvocationStatus::Failure(failure.error_type());
        let error = remains
            .init_error
            .map_or(StartError::Platform(failure), StartError::Reported);
        if !function.start_failed(instance, error) {
            instance.log_orphan(status, vec!["the instance ended before it asked for work".to_owned()]);
        }
    } else if !busy {
        instance.log_orphan(InvocationStatus::Failure(failure.error_type()), Vec::new());
    }
}

/// Ends the process and all that it started. The group is gone already when nothing of it lives.
fn kill_group(pid: u32) {
    if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Reads output as it comes; what an answer must include is read by the answer itself.
async fn pump(output: Arc<pipe::Receiver>, instance: Arc<Instance>) {
    while output.readable().await.is_ok() {
        // Reading through the waiting end clears its readiness once the pipe is empty.
        if instance.capture.lock().drain_from(|buffer| output.try_read(buffer)) {
            return;
        }
    }
}
