use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sluice_driver::{Driver, DriverError, ExecutionFilter};
use sluice_engine::Timestamp;
use sluice_host::{Functions, Invocation};
use sluice_template::RuleTarget;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::bus::{self, Put};
use crate::event::status_change;
use crate::observer::{Heard, UNSUCCESSFUL};
use crate::rules::Rules;
use crate::undelivered::Undelivered;

/// The kind under which the journal's store keeps the time up to which all is delivered.
const KIND: &str = "events";
/// Its key.
const DELIVERED: &str = "delivered";

/// The pause before the first retry; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between retries.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// Events that are on their way at once, at most.
const AT_ONCE: usize = 16;

/// The parts of the runtime that a delivery needs.
#[derive(Clone)]
pub struct Sources {
    /// The executions, and the store.
    pub driver: Driver,
    /// The functions.
    pub functions: Arc<dyn Functions>,
    /// The rules that are in force.
    pub rules: Rules,
    /// The count of what is heard and not delivered.
    pub undelivered: Undelivered,
}

/// Delivers what is heard, and what an earlier process left over, until the other end of `heard` is dropped.
///
/// # Errors
/// When the journal cannot be read or written. What was not delivered then is delivered by the next start.
pub async fn deliver(
    sources: Sources,
    mut heard: mpsc::UnboundedReceiver<Heard>,
    now: Timestamp,
) -> Result<(), DriverError> {
    let mut open = left_over(&sources, now).await?;
    sources.undelivered.add(open.len());
    let mut waiting: VecDeque<Heard> = open.iter().cloned().collect();
    let mut under_way = JoinSet::new();
    let mut latest = Timestamp::MIN;
    loop {
        while under_way.len() < AT_ONCE
            && let Some(one) = waiting.pop_front()
        {
            let sources = sources.clone();
            under_way.spawn(async move {
                let delivered = deliver_one(&sources, &one).await;
                (one, delivered)
            });
        }
        tokio::select! {
            one = heard.recv() => {
                let Some(one) = one else { return Ok(()) };
                if open.insert(one.clone()) {
                    waiting.push_back(one);
                } else {
                    sources.undelivered.delivered();
                }
            }
            Some(done) = under_way.join_next() => {
                let Ok((one, delivered)) = done else { continue };
                delivered?;
                latest = latest.max(one.at);
                open.remove(&one);
                let up_to = open.first().map_or(latest, |first| first.at.min(latest));
                sources.driver.store().put(KIND, DELIVERED, json!(up_to)).await?;
                sources.undelivered.delivered();
            }
        }
    }
}

/// Delivers the events that are put, and those that an earlier process took in and did not deliver, until the other end of `put`
/// is dropped.
///
/// # Errors
/// When the journal cannot be read or written. What was not delivered then is delivered by the next start.
pub async fn deliver_put(sources: Sources, mut put: mpsc::UnboundedReceiver<Put>) -> Result<(), DriverError> {
    // Also what was put meanwhile is in the store already, and comes again.
    let mut waiting = VecDeque::from(bus::left_over(&sources.driver).await?);
    let mut known: HashSet<String> = waiting.iter().map(|one| one.key.clone()).collect();
    sources.undelivered.add(waiting.len());
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some(one) = waiting.pop_front()
        {
            let sources = sources.clone();
            under_way.spawn(async move {
                for (rule, target) in sources.rules.targets(&one.event) {
                    invoke(&sources, &rule, &target, &one.event).await;
                }
                let removed = sources.driver.store().remove(bus::KIND, &one.key).await;
                (one.key, removed)
            });
        }
        tokio::select! {
            one = put.recv() => {
                let Some(one) = one else { return Ok(()) };
                if known.insert(one.key.clone()) {
                    waiting.push_back(one);
                } else {
                    sources.undelivered.delivered();
                }
            }
            Some(done) = under_way.join_next() => {
                let Ok((key, removed)) = done else { continue };
                removed?;
                known.remove(&key);
                sources.undelivered.delivered();
            }
        }
    }
}

/// The executions that ended without success since all was delivered. Where nothing was ever delivered, there are none: a
/// new release does not tell of what came before it.
async fn left_over(sources: &Sources, now: Timestamp) -> Result<BTreeSet<Heard>, DriverError> {
    let Some(since) = sources
        .driver
        .store()
        .get(KIND, DELIVERED)
        .await?
        .and_then(|value| value.as_i64())
    else {
        sources.driver.store().put(KIND, DELIVERED, json!(now)).await?;
        return Ok(BTreeSet::new());
    };
    let mut found = BTreeSet::new();
    for status in UNSUCCESSFUL {
        let mut filter = ExecutionFilter {
            status: Some(status),
            ended_since: Some(since),
            ..ExecutionFilter::default()
        };
        loop {
            let page = sources.driver.executions().list(filter.clone()).await?;
            let ended = page.items.into_iter().filter_map(|one| {
                Some(Heard {
                    at: one.stop_date?,
                    execution: one.arn.into(),
                })
            });
            found.extend(ended);
            match page.next {
                Some(next) => filter.after = Some(next),
                None => break,
            }
        }
    }
    Ok(found)
}

/// Brings one event to all that want it.
async fn deliver_one(sources: &Sources, one: &Heard) -> Result<(), DriverError> {
    // The driver tells its observer before it shows the execution to readers, in one step of its thread: once that thread answers, the
    // end is there to be read.
    sources.driver.ping().await?;
    // Deleted, or redriven meanwhile: then it has not ended, and its next end is another event.
    let Some(record) = sources.driver.executions().get(&one.execution).await? else {
        return Ok(());
    };
    if record.stop_date != Some(one.at) {
        return Ok(());
    }
    let event = status_change(&record, one.at);
    for (rule, target) in sources.rules.targets(&event) {
        invoke(sources, &rule, &target, &event).await;
    }
    Ok(())
}

/// Calls a target until it works, as often as its retry policy says.
async fn invoke(sources: &Sources, rule: &str, target: &RuleTarget, event: &Value) {
    let name = target.arn.rsplit(':').next().unwrap_or(&target.arn);
    let too_old = Instant::now() + Duration::from_secs(target.max_event_age_seconds.into());
    let mut pause = FIRST_PAUSE;
    for retry in 0.. {
        let invocation = Invocation::new(event.to_string());
        let error = match sources.functions.invoke(name, invocation).await {
            Ok(output) => match output.function_error {
                None => return,
                Some(_) => String::from_utf8_lossy(&output.payload).into_owned(),
            },
            Err(error) => error.to_string(),
        };
        if retry >= target.max_retries || Instant::now() + pause > too_old {
            tracing::error!(
                rule,
                function = name,
                retries = retry,
                "an event was not taken, given up: {error}"
            );
            return;
        }
        tracing::warn!(
            rule,
            function = name,
            retry,
            "an event was not taken, tried again: {error}"
        );
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
