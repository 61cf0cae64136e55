//! Items past their time to live are deleted, by the engine's clock.
//!
//! dynoxide has such a sweep too, but for tables in a file it knows the wall's time only. This one goes by the operations that
//! everybody has: pages of a scan, and a conditional delete for each item found, so that one whose time was put off meanwhile
//! stays. Nobody is told, so nothing is synced: what a power cut brings back is deleted again.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_clock::Clock;
use tokio::sync::oneshot;

/// The time between two looks for items past their time. AWS promises days.
const SWEEP: Duration = Duration::from_secs(60);

/// Items looked at while others wait for the database.
const PAGE: u32 = 50;

/// The pause between pages, in which those others get their turn.
const PAUSE: Duration = Duration::from_millis(2);

/// A sweep that took long is followed by a rest of as many times as long.
const REST: u32 = 10;

/// Times to live that are further in the past are taken for something else, as on AWS: five years, in seconds.
const TOO_OLD: i64 = 5 * 365 * 24 * 60 * 60;

/// Someone who is told how many items a sweep has deleted that has begun after the question.
pub(crate) type SweepReply = oneshot::Sender<u64>;

/// Looks for items past their time until the other end of `woken` is gone; each message wakes it.
pub(crate) fn run(database: &Database, clock: &Arc<dyn Clock>, woken: &Receiver<SweepReply>) {
    let mut waiting: Vec<SweepReply> = Vec::new();
    loop {
        let begun = Instant::now();
        // the clock has moved since the sweep has looked at it
        let mut late = Vec::new();
        let mut pause = || match woken.recv_timeout(PAUSE) {
            Ok(reply) => {
                late.push(reply);
                true
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
        };
        let swept = sweep(database, clock.now() / 1_000, &mut pause);
        match &swept {
            Ok(0) => {}
            Ok(items) => tracing::debug!(items, "deleted items past their time to live"),
            Err(error) => tracing::warn!(%error, "items past their time to live stay"),
        }
        let deleted = swept.map_or(0, |items| items as u64);
        for reply in waiting.drain(..) {
            // whoever has stopped waiting needs no answer
            let _ = reply.send(deleted);
        }
        if !late.is_empty() {
            waiting = late;
            continue;
        }
        let rest = SWEEP.max(begun.elapsed() * REST);
        match woken.recv_timeout(rest) {
            Ok(reply) => waiting.push(reply),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Deletes what has expired by `now`, in seconds, page by page; `pause` comes after each and says whether to go on. Answers how
/// many items that were.
pub(crate) fn sweep(database: &Database, now: i64, pause: &mut dyn FnMut() -> bool) -> Result<usize, DynoxideError> {
    let mut deleted = 0;
    for table in tables(database)? {
        let request = json!({ "TableName": table });
        let described = ask(request.clone(), |request| database.describe_time_to_live(request))?;
        let Some(attribute) = described["TimeToLiveDescription"]["AttributeName"].as_str() else {
            continue;
        };
        let described = ask(request, |request| database.describe_table(request))?;
        let keys = described["Table"]["KeySchema"].as_array().into_iter().flatten();
        let keys: Vec<&str> = keys.filter_map(|key| key["AttributeName"].as_str()).collect();
        let mut after = Value::Null;
        loop {
            let page = expired_page(database, &table, attribute, now, &after)?;
            for item in page["Items"].as_array().into_iter().flatten() {
                deleted += usize::from(delete(database, &table, attribute, now, &keys, item)?);
            }
            after = page["LastEvaluatedKey"].clone();
            if !pause() {
                return Ok(deleted);
            }
            if after.is_null() {
                break;
            }
        }
    }
    Ok(deleted)
}

fn tables(database: &Database) -> Result<Vec<String>, DynoxideError> {
    let mut names = Vec::new();
    let mut request = json!({});
    loop {
        let page = ask(request, |request| database.list_tables(request))?;
        let found = page["TableNames"].as_array().into_iter().flatten();
        names.extend(found.filter_map(|name| name.as_str().map(str::to_owned)));
        let Some(last) = page["LastEvaluatedTableName"].as_str() else {
            return Ok(names);
        };
        request = json!({ "ExclusiveStartTableName": last });
    }
}

/// The expired items of the next page.
fn expired_page(
    database: &Database,
    table: &str,
    attribute: &str,
    now: i64,
    after: &Value,
) -> Result<Value, DynoxideError> {
    let mut request = json!({ "TableName": table, "Limit": PAGE });
    condition(&mut request, "FilterExpression", attribute, now);
    if !after.is_null() {
        request["ExclusiveStartKey"] = after.clone();
    }
    ask(request, |request| database.scan(request))
}

/// Deletes an item if it has expired still; answers whether it had.
fn delete(
    database: &Database,
    table: &str,
    attribute: &str,
    now: i64,
    keys: &[&str],
    item: &Value,
) -> Result<bool, DynoxideError> {
    let key: serde_json::Map<String, Value> = keys.iter().map(|&name| (name.to_owned(), item[name].clone())).collect();
    let mut request = json!({ "TableName": table, "Key": key });
    condition(&mut request, "ConditionExpression", attribute, now);
    match ask(request, |request| database.delete_item(request)) {
        Ok(_) => Ok(true),
        Err(DynoxideError::ConditionalCheckFailedException(..)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Adds the condition that the attribute is a number before `now`, and not too far before. No other type meets it.
fn condition(request: &mut Value, member: &str, attribute: &str, now: i64) {
    request[member] = json!("#ttl BETWEEN :oldest AND :newest");
    request["ExpressionAttributeNames"] = json!({ "#ttl": attribute });
    request["ExpressionAttributeValues"] = json!({
        ":oldest": { "N": now.saturating_sub(TOO_OLD).to_string() },
        ":newest": { "N": now.saturating_sub(1).to_string() },
    });
}

/// Calls an operation with a request as it comes over the wire.
fn ask<Request: DeserializeOwned, Response: Serialize>(
    request: Value,
    operation: impl FnOnce(Request) -> Result<Response, DynoxideError>,
) -> Result<Value, DynoxideError> {
    let broken = |error: serde_json::Error| DynoxideError::InternalServerError(error.to_string());
    let request = serde_json::from_value(request).map_err(broken)?;
    serde_json::to_value(operation(request)?).map_err(broken)
}
