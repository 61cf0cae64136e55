//! The mappings that run, and how they begin and end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use sluice_lambda::Lambda;
use sluice_streams::{MappingStart, Streams};
use sluice_wire::Account;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::mapping::Mapping;
use crate::policy::policy;
use crate::shard_task::{Environment, ShardTask};
use crate::{MappingError, MappingSpec, StopMode};

/// The longest time for which a mapping that is deleted goes on with what lies in its stream.
const DRAIN: Duration = Duration::from_secs(30);

/// The event source mappings of an account. Cheap to clone; clones are the same mappings.
#[derive(Clone)]
pub struct Mappings {
    environment: Environment,
    /// By stream and function: Lambda has one mapping of each pair.
    running: Arc<Mutex<BTreeMap<(String, String), RunningMapping>>>,
}

struct RunningMapping {
    mapping: Arc<Mapping>,
    stop: watch::Sender<StopMode>,
    /// They end at once when nobody waits for them any more, as with a crash: what was at work comes again.
    tasks: JoinSet<()>,
}

impl RunningMapping {
    /// Tells the tasks to end, and hands them over.
    fn end(&mut self, how: StopMode) -> JoinSet<()> {
        // an error means that all have ended
        let _ = self.stop.send(how);
        std::mem::take(&mut self.tasks)
    }
}

/// Waits for tasks' ends, and ends those that take too long; false if there were some. What these had at work comes again at
/// the next start.
async fn wait_for_end(mut tasks: JoinSet<()>, deadline: Instant) -> bool {
    let all = async { while tasks.join_next().await.is_some() {} };
    let in_time = tokio::time::timeout_at(deadline, all).await.is_ok();
    if !in_time {
        tracing::warn!(
            tasks = tasks.len(),
            "event source mappings were cut off; what they had at work comes again"
        );
        tasks.shutdown().await;
    }
    in_time
}

impl Mappings {
    /// No mappings yet; those that are started read these streams and call these functions.
    pub fn new(account: Account, streams: Streams, lambda: Lambda) -> Self {
        Self {
            environment: Environment {
                account,
                streams,
                lambda,
            },
            running: Arc::default(),
        }
    }

    pub(crate) fn account(&self) -> &Account {
        &self.environment.account
    }

    /// The mappings that run, with the way in which they end.
    pub(crate) fn all(&self) -> Vec<(Arc<Mapping>, StopMode)> {
        let running = self.lock();
        let each = |one: &RunningMapping| (Arc::clone(&one.mapping), *one.stop.borrow());
        running.values().map(each).collect()
    }

    /// Begins a mapping, or goes on with it where it was when the process ended. One that runs with another specification is
    /// ended first, and goes on with the new one. Answers its UUID, which is what `Ref` gives.
    ///
    /// # Errors
    /// [`MappingError`] for what Lambda refuses, for a stream that is not there, and when the store fails.
    pub async fn start(&self, spec: MappingSpec) -> Result<String, MappingError> {
        let Environment { account, streams, .. } = &self.environment;
        spec.check()?;
        let stream = spec.stream(account)?;
        let function = spec.function()?;
        // before anything is changed
        spec.destination()?;
        let key = (stream.clone(), function.name.clone());
        let old = self.lock().remove(&key);
        if let Some(mut old) = old {
            wait_for_end(old.end(StopMode::AtOnce), Instant::now() + DRAIN).await;
        }
        let start = streams.begin_mapping(
            &stream,
            &function.name,
            spec.uuid.clone().unwrap_or_else(|| account.uuid().to_string()),
            spec.starting_position,
            spec.parallelization_factor,
            account.now(),
        );
        let start = start.await?;
        let uuid = start.uuid.clone();
        let running = self.run(spec, start)?;
        self.lock().insert(key, running);
        Ok(uuid)
    }

    /// Starts the tasks of a mapping, one for each processor of each shard.
    fn run(&self, spec: MappingSpec, start: MappingStart) -> Result<RunningMapping, MappingError> {
        let account = self.account();
        let (function, destination) = (spec.function()?, spec.destination()?);
        let policy = Arc::new(policy(&spec, account));
        let function_arn = account.arn("lambda", &format!("function:{}", function.name));
        let mapping = Arc::new(Mapping::new(start.uuid, spec, function_arn, start.created));
        let (stop, stopped) = watch::channel(StopMode::Running);
        let mut tasks = JoinSet::new();
        for shard in &start.shards {
            for processor in &shard.processors {
                let task = ShardTask {
                    environment: self.environment.clone(),
                    mapping: Arc::clone(&mapping),
                    function: function.clone(),
                    destination: destination.clone(),
                    store_id: start.id,
                    stream: (start.stream.id, start.stream.name.clone()),
                    shard: shard.shard.clone(),
                    processor: processor.processor,
                    stop: stopped.clone(),
                };
                tasks.spawn(task.run(Arc::clone(&policy), processor.position));
            }
        }
        Ok(RunningMapping { mapping, stop, tasks })
    }

    /// Ends a mapping and forgets where it was, as its deletion does. With [`StopMode::Drain`], what lies in its stream is
    /// delivered first, for at most 30 s, as nothing that was acknowledged should be lost. Returns when it has ended; one
    /// that does not run is only forgotten.
    ///
    /// # Errors
    /// [`MappingError::Undelivered`] if that was not time enough: it has ended, and nothing is forgotten, so that it can be
    /// started again. [`MappingError`] for ARNs and names that are none, and when the store fails.
    pub async fn stop(&self, spec: &MappingSpec, how: StopMode) -> Result<(), MappingError> {
        let stream = spec.stream(self.account())?;
        let function = spec.function()?;
        let key = (stream.clone(), function.name.clone());
        let tasks = self.lock().get_mut(&key).map(|running| running.end(how));
        if let Some(tasks) = tasks {
            // it is listed as ending while it does
            let in_time = wait_for_end(tasks, Instant::now() + DRAIN).await;
            self.lock().remove(&key);
            if how == StopMode::Drain && !in_time {
                return Err(MappingError::Undelivered(stream, DRAIN.as_secs()));
            }
        }
        self.environment.streams.end_mapping(&stream, &function.name).await?;
        Ok(())
    }

    /// Ends all mappings at the end of the process: batches at work come to their ends until `deadline`. They go on at the next
    /// start.
    pub async fn close(&self, deadline: Instant) {
        let mut running = std::mem::take(&mut *self.lock());
        // all are told before the first is waited for
        let tasks: Vec<_> = running.values_mut().map(|one| one.end(StopMode::AtOnce)).collect();
        for tasks in tasks {
            wait_for_end(tasks, deadline).await;
        }
    }

    /// Ends all mappings as a crash of the process does, in whatever they are at.
    #[cfg(test)]
    pub(crate) async fn kill(&self) {
        let running = std::mem::take(&mut *self.lock());
        for mut one in running.into_values() {
            one.tasks.shutdown().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, String), RunningMapping>> {
        // the map is right at any moment, also after a panic elsewhere
        self.running.lock()
    }
}
