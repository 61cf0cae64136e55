//! One process of a task: started, watched, stopped.

use std::collections::BTreeMap;
use std::io::{self, PipeReader};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::{ContainerSpec, output};
use crate::family::MARK;
use crate::platform::exit_text;
use crate::shared::Shared;

/// The time that the disk may take for what a process wrote before it ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A stop that is asked for: what is left of the time to end, if less than each container's own.
pub(crate) type Stop = Option<Duration>;

/// A process that runs.
pub(crate) struct Container {
    child: Child,
    pid: u32,
    mark: String,
    stop_timeout: Duration,
    log: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Container {
    /// Starts the process in a group of its own: a Ctrl-C in the terminal is the host's to handle.
    pub(crate) fn start(spec: &ContainerSpec, number: u32, shared: &Arc<Shared>) -> io::Result<Self> {
        // the guard first: what starts between a start and its watch would outlive a killed host
        let guard = shared.guard();
        let mark = guard.mark();
        let mut command = Command::new(std::path::absolute(&spec.binary)?);
        command
            .args(&spec.arguments)
            .env_clear()
            .envs(environment(spec, shared))
            .env(MARK, &mark)
            .current_dir("/")
            .stdin(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        let pipe = redirect(&mut command, spec, shared)?;
        let child = command.spawn()?;
        let pid = child
            .id()
            .ok_or_else(|| io::Error::other("the process ended before it could be watched"))?;
        guard.watch(pid);
        // the command holds the writing end, which only the process may have
        drop(command);
        let log = pipe.zip(spec.log.as_ref()).and_then(|((pipe, dir), log)| {
            let name = format!("{}-{number}", file_name(&log.stream));
            output::keep(pipe, dir, name.into(), Arc::clone(&shared.config.now))
        });
        Ok(Self {
            log,
            child,
            pid,
            mark,
            stop_timeout: spec.stop_timeout,
            shared: Arc::clone(shared),
        })
    }

    /// Waits for its end, which `stop` may ask for; answers how it ended. Nothing that it started is left.
    pub(crate) async fn ended(mut self, mut stop: watch::Receiver<Option<Stop>>) -> String {
        let asked = async {
            match stop.wait_for(Option::is_some).await {
                Ok(stop) => stop.flatten(),
                // nobody is left who could ask for more time
                Err(_) => Some(Duration::ZERO),
            }
        };
        let status = tokio::select! {
            status = self.child.wait() => status,
            limit = asked => {
                let time = limit.map_or(self.stop_timeout, |limit| limit.min(self.stop_timeout));
                self.stop(time).await
            }
        };
        let log = self.log.take();
        // without what it started, nobody writes any more
        drop(self);
        if let Some(log) = log {
            let last_words = tokio::task::spawn_blocking(move || log.join());
            if tokio::time::timeout(LAST_WORDS, last_words).await.is_err() {
                tracing::debug!("a task's last lines may be missing");
            }
        }
        match status {
            Ok(status) => exit_text(status),
            Err(error) => format!("it cannot be watched: {error}"),
        }
    }

    async fn stop(&mut self, time: Duration) -> io::Result<ExitStatus> {
        self.signal(Signal::TERM);
        match tokio::time::timeout(time, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => {
                self.signal(Signal::KILL);
                self.child.wait().await
            }
        }
    }

    /// To the process and all that it started. The group is gone already when nothing of it lives.
    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Container {
    /// Ends what is left of it.
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        self.shared.guard().forget(self.pid, std::mem::take(&mut self.mark));
    }
}

/// Both outputs into one pipe, so that lines keep their order, or nowhere.
fn redirect(
    command: &mut Command,
    spec: &ContainerSpec,
    shared: &Shared,
) -> io::Result<Option<(PipeReader, std::path::PathBuf)>> {
    let (Some(log), Some(dir)) = (&spec.log, &shared.config.log_dir) else {
        command.stdout(Stdio::null()).stderr(Stdio::null());
        return Ok(None);
    };
    let dir = dir.join(file_name(&log.group));
    std::fs::create_dir_all(&dir)?;
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    Ok(Some((reader, dir)))
}

/// A group or a stream as the name of a file: what leads out of its directory is replaced.
pub(crate) fn file_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.#".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = name.trim_matches(['/', '.']).chars().map(plain).collect();
    if name.is_empty() { "_".to_owned() } else { name }
}

/// The container's own variables replace the others.
fn environment(spec: &ContainerSpec, shared: &Shared) -> BTreeMap<String, String> {
    let (region, credentials) = (&shared.config.region, &shared.config.credentials);
    let given = [
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.as_str()),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_REGION", region),
        ("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key),
        ("AWS_SESSION_TOKEN", &credentials.session_token),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
    ];
    let mut all: BTreeMap<String, String> = given
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    all.extend(spec.environment.clone());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_stay_in_their_directory() {
        for (name, expected) in [
            ("sluice-load-Logs-1", "sluice-load-Logs-1"),
            ("/ecs/pinger", "ecs_pinger"),
            ("../../etc", "etc"),
            ("a/../b", "a_.._b"),
            ("..", "_"),
            ("a b", "a_b"),
        ] {
            assert_eq!(file_name(name), expected);
        }
    }
}
