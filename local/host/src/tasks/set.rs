//! A set of tasks that is kept at its number.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::container::{Container, Stop};
use super::restarts::Restarts;
use super::{ContainerSpec, TaskSpec};
use crate::error::HostError;
use crate::shared::Shared;

/// Tasks that are kept running. Dropping it ends them at once.
#[derive(Debug)]
pub struct TaskSet {
    stop: watch::Sender<Option<Stop>>,
    running: Arc<watch::Sender<u32>>,
    slots: JoinSet<()>,
}

impl TaskSet {
    /// Starts `count` tasks.
    pub(crate) async fn start(spec: TaskSpec, count: u32, shared: Arc<Shared>) -> Result<Self, HostError> {
        for container in &spec.containers {
            check(&spec, container)?;
        }
        let spec = Arc::new(spec);
        let (stop, _) = watch::channel(None);
        let running = Arc::new(watch::Sender::new(0));
        let mut slots = JoinSet::new();
        for number in 1..=count {
            let slot = Slot {
                spec: Arc::clone(&spec),
                number,
                shared: Arc::clone(&shared),
                running: Arc::clone(&running),
            };
            let first = slot.task().await?;
            slots.spawn(slot.keep(first, stop.subscribe()));
        }
        Ok(Self { stop, running, slots })
    }

    /// Returns the number of tasks that run now.
    pub fn running(&self) -> u32 {
        *self.running.borrow()
    }

    /// Stops all tasks and waits for their end: each container gets its stop timeout, but `at_most` this long.
    pub async fn stop(mut self, at_most: Option<Duration>) {
        // an error means that no task is left
        let _ = self.stop.send(Some(at_most));
        while let Some(ended) = self.slots.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "keeping a task running has failed");
            }
        }
    }
}

/// One task of the set, and those that take its place.
struct Slot {
    spec: Arc<TaskSpec>,
    number: u32,
    shared: Arc<Shared>,
    running: Arc<watch::Sender<u32>>,
}

impl Slot {
    /// Starts the containers of one task, which counts as running from here.
    async fn task(&self) -> Result<Vec<(ContainerSpec, Container)>, HostError> {
        let (spec, number, shared) = (Arc::clone(&self.spec), self.number, Arc::clone(&self.shared));
        // Starting a process blocks for about a millisecond.
        let started = tokio::task::spawn_blocking(move || -> Result<Vec<_>, HostError> {
            let start = |container: &ContainerSpec| match Container::start(container, number, &shared) {
                Ok(running) => Ok((container.clone(), running)),
                Err(error) => Err(cannot_run(&spec, container, error.to_string())),
            };
            spec.containers.iter().map(start).collect()
        });
        let started = started.await.unwrap_or(Err(HostError::ShuttingDown))?;
        self.running.send_modify(|running| *running += 1);
        Ok(started)
    }

    async fn keep(self, first: Vec<(ContainerSpec, Container)>, mut stop: watch::Receiver<Option<Stop>>) {
        let mut restarts = Restarts::default();
        let mut task: Result<_, HostError> = Ok(first);
        loop {
            let began = Instant::now();
            let how = match task {
                Ok(containers) => {
                    let how = until_one_ends(containers, stop.clone()).await;
                    self.running.send_modify(|running| *running = running.saturating_sub(1));
                    how
                }
                Err(error) => error.to_string(),
            };
            if stop.borrow().is_some() {
                return;
            }
            let pause = restarts.pause(began.elapsed());
            tracing::warn!(
                service = self.spec.name,
                task = self.number,
                ?pause,
                "a task has ended, another one follows: {how}"
            );
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // an error means that the set is gone
                _ = stop.wait_for(Option::is_some) => return,
            }
            task = self.task().await;
        }
    }
}

/// Waits until an essential container ends or all are asked to, and for the end of the others.
async fn until_one_ends(
    containers: Vec<(ContainerSpec, Container)>,
    mut stop: watch::Receiver<Option<Stop>>,
) -> String {
    let (stop_task, task_stopped) = watch::channel(None);
    let mut all = JoinSet::new();
    for (spec, container) in containers {
        let stopped = task_stopped.clone();
        all.spawn(async move { (spec.name, spec.essential, container.ended(stopped).await) });
    }
    let mut first = String::new();
    let mut asked = false;
    loop {
        tokio::select! {
            ended = all.join_next() => match ended {
                None => return first,
                Some(Err(error)) => first = error.to_string(),
                Some(Ok((name, essential, how))) => {
                    if essential && first.is_empty() {
                        first = format!("{name}: {how}");
                        if !asked {
                            // the others have no reason to stay
                            stop_task.send_replace(Some(None));
                        }
                    }
                }
            },
            limit = stop.wait_for(Option::is_some), if !asked => {
                asked = true;
                let limit = limit.map_or(Some(Duration::ZERO), |limit| limit.flatten());
                stop_task.send_replace(Some(limit));
            }
        }
    }
}

fn check(spec: &TaskSpec, container: &ContainerSpec) -> Result<(), HostError> {
    let metadata =
        std::fs::metadata(&container.binary).map_err(|error| cannot_run(spec, container, error.to_string()))?;
    if !metadata.is_file() {
        return Err(cannot_run(spec, container, "it is not a file".to_owned()));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(cannot_run(spec, container, "it is not executable".to_owned()));
    }
    Ok(())
}

fn cannot_run(spec: &TaskSpec, container: &ContainerSpec, reason: String) -> HostError {
    HostError::Container {
        service: spec.name.clone(),
        container: container.name.clone(),
        path: container.binary.clone(),
        reason,
    }
}
