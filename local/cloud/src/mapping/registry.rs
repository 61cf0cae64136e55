//! The mappings that run, and how they begin and end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::lane::Driven;
use super::{Mapping, MappingError, MappingSpec};
use crate::endpoint::Services;

/// How long a mapping that is deleted goes on with what lies in its stream.
const DRAIN: Duration = Duration::from_secs(30);

/// Whether and how a mapping ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It goes on.
    Not,
    /// What lies in the stream is still delivered, for at most 30 s.
    Drain,
    /// Batches at work come to their ends, and no further one begins.
    AtOnce,
}

/// The mappings of this process.
#[derive(Default)]
pub struct Mappings {
    /// By stream and function: Lambda has one mapping of each pair.
    running: Mutex<BTreeMap<(String, String), Running>>,
}

struct Running {
    mapping: Arc<Mapping>,
    stop: watch::Sender<Stop>,
    /// They end at once when nobody waits for them any more, as with a crash: what was at work comes again.
    lanes: JoinSet<()>,
}

impl Running {
    /// Tells the lanes to end, and hands them over.
    fn end(&mut self, how: Stop) -> JoinSet<()> {
        // an error means that all have ended
        let _ = self.stop.send(how);
        std::mem::take(&mut self.lanes)
    }
}

/// Waits for lanes' ends, and ends those that take too long: whether there were none. What these had at work comes again at the
/// next start.
async fn ended(mut lanes: JoinSet<()>, deadline: Instant) -> bool {
    let all = async { while lanes.join_next().await.is_some() {} };
    let in_time = tokio::time::timeout_at(deadline, all).await.is_ok();
    if !in_time {
        tracing::warn!(
            lanes = lanes.len(),
            "event source mappings were cut off; what they had at work comes again"
        );
        lanes.shutdown().await;
    }
    in_time
}

impl Mappings {
    /// The mappings that run, and whether they are ending.
    pub(crate) fn all(&self) -> Vec<(Arc<Mapping>, Stop)> {
        let running = self.lock();
        let shown = |one: &Running| (Arc::clone(&one.mapping), *one.stop.borrow());
        running.values().map(shown).collect()
    }

    /// Ends all mappings at the end of the process: batches at work come to their ends until `deadline`. They go on at the next
    /// start.
    pub async fn close(&self, deadline: Instant) {
        let mut running = std::mem::take(&mut *self.lock());
        // all are told before the first is waited for
        let lanes: Vec<_> = running.values_mut().map(|one| one.end(Stop::AtOnce)).collect();
        for lanes in lanes {
            ended(lanes, deadline).await;
        }
    }

    /// Ends all mappings as the end of the process does: wherever they are.
    #[cfg(test)]
    pub(crate) async fn kill(&self) {
        let running = std::mem::take(&mut *self.lock());
        for mut one in running.into_values() {
            one.lanes.shutdown().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, String), Running>> {
        // The map is right at any moment, also after a panic elsewhere.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins a mapping, or goes on with it where it was when the process ended. One that runs with another specification is
/// ended first, and goes on with the new one. Answers its UUID, which is what `Ref` gives.
///
/// # Errors
/// [`MappingError`] for what Lambda refuses, for a stream that is not there, and when the store fails.
pub async fn start_mapping(services: &Arc<Services>, spec: MappingSpec) -> Result<String, MappingError> {
    spec.check()?;
    let stream = spec.stream(&services.config)?;
    let function = spec.function()?;
    let destination = spec.destination()?;
    let key = (stream.clone(), function.name.clone());
    let old = services.mappings.lock().remove(&key);
    if let Some(mut old) = old {
        ended(old.end(Stop::AtOnce), Instant::now() + DRAIN).await;
    }
    let start = services.streams.begin_mapping(
        &stream,
        &function.name,
        spec.uuid.clone().unwrap_or_else(|| services.config.uuid().to_string()),
        spec.starting_position,
        spec.parallelization_factor,
        services.config.now(),
    );
    let start = start.await?;
    let mapping = Arc::new(Mapping {
        uuid: start.uuid.clone(),
        function_arn: services.config.arn("lambda", &format!("function:{}", function.name)),
        created: start.created,
        last_result: Mutex::new("No records processed"),
        spec,
    });
    let (stop, stopped) = watch::channel(Stop::Not);
    let policy = Arc::new(mapping.spec.policy(&services.config));
    let mut lanes = JoinSet::new();
    for shard in &start.shards {
        for lane in &shard.processors {
            let driven = Driven {
                services: Arc::clone(services),
                mapping: Arc::clone(&mapping),
                function: function.clone(),
                destination: destination.clone(),
                store_id: start.id,
                stream: (start.stream.id, stream.clone()),
                shard: shard.shard.clone(),
                lane: lane.processor,
                stop: stopped.clone(),
            };
            lanes.spawn(driven.run(Arc::clone(&policy), lane.position));
        }
    }
    let uuid = mapping.uuid.clone();
    services.mappings.lock().insert(key, Running { mapping, stop, lanes });
    Ok(uuid)
}

/// Ends a mapping and forgets where it was, as its deletion does. With [`Stop::Drain`], what lies in its stream is delivered
/// first, for at most 30 s, as nothing that was acknowledged should be lost. Returns when it has ended; one that does not run
/// is only forgotten.
///
/// # Errors
/// [`MappingError::Undelivered`] if that was not time enough: it has ended, and nothing is forgotten, so that it can be started
/// again. [`MappingError`] for ARNs and names that are none, and when the store fails.
pub async fn stop_mapping(services: &Services, spec: &MappingSpec, how: Stop) -> Result<(), MappingError> {
    let stream = spec.stream(&services.config)?;
    let function = spec.function()?;
    let key = (stream.clone(), function.name.clone());
    let lanes = services.mappings.lock().get_mut(&key).map(|running| running.end(how));
    if let Some(lanes) = lanes {
        // it is shown as ending while it does
        let in_time = ended(lanes, Instant::now() + DRAIN).await;
        services.mappings.lock().remove(&key);
        if how == Stop::Drain && !in_time {
            return Err(MappingError::Undelivered(stream, DRAIN.as_secs()));
        }
    }
    services.streams.end_mapping(&stream, &function.name).await?;
    Ok(())
}
