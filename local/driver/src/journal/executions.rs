//! Executions: their rows and their facts.

use std::borrow::Cow;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;
use sluice_engine::{Fact, Identity, LogEntry, Outcome, Status, Timestamp};

use super::machines::Revision;
use super::{codec, packed};
use crate::{DriverError, ExecutionRecord, MachineKind};

/// The part of an execution's row that changes: that of its fold that lists, timers and recovery look at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Projection {
    pub(crate) status: Status,
    pub(crate) stop: Option<Timestamp>,
    /// Has calls that a restart must make again.
    pub(crate) in_flight: bool,
    /// Has calls under way: it stays in memory. Not part of the row.
    pub(crate) resident: bool,
    pub(crate) wake_at: Option<Timestamp>,
    pub(crate) waiting_since: Option<Timestamp>,
    pub(crate) waiting_state: Option<Arc<str>>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) redrive_count: u64,
}

/// The part of an execution's row that never changes.
#[derive(Debug)]
pub(crate) struct NewExecution<'a> {
    pub(crate) identity: &'a Arc<Identity>,
    pub(crate) revision: &'a Revision,
    pub(crate) start: Timestamp,
    pub(crate) input_hash: [u8; 32],
    pub(crate) version_arn: Option<&'a str>,
    pub(crate) alias_arn: Option<&'a str>,
    pub(crate) trace_header: Option<&'a str>,
}

/// The part of an execution's row that the writer reads before it folds it.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) revision: i64,
}

/// The execution that has a name already, as far as StartExecution has to know it.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) status: Status,
    pub(crate) start: Timestamp,
    pub(crate) input_hash: Vec<u8>,
}

pub(super) fn signed(key: u64) -> i64 {
    // Keys count up from 1, and SQLite's largest is 2^63 - 1.
    i64::try_from(key).unwrap_or(i64::MAX)
}

fn encode_outcome(outcome: Option<&Outcome>) -> Result<Option<String>, DriverError> {
    // Of any depth: what has been decided must be written down, even if only the history can show it.
    outcome.map(codec::encode_any).transpose()
}

/// Writes the row of a new execution.
pub(crate) fn insert(connection: &Connection, new: &NewExecution<'_>, now: &Projection) -> Result<(), DriverError> {
    connection
        .prepare_cached(
            "INSERT INTO executions (key, arn, name, machine, revision, start, input_hash, version_arn, alias_arn,
                 trace_header, status, stop, in_flight, wake_at, waiting_since, waiting_state, outcome, redrive_count)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(rusqlite::params![
            signed(new.identity.key),
            new.identity.arn,
            new.identity.name,
            new.revision.machine,
            new.revision.id,
            new.start,
            new.input_hash,
            new.version_arn,
            new.alias_arn,
            new.trace_header,
            codec::status_code(now.status),
            now.stop,
            now.in_flight,
            now.wake_at,
            now.waiting_since,
            now.waiting_state,
            encode_outcome(now.outcome.as_ref())?,
            signed(now.redrive_count),
        ])?;
    Ok(())
}

/// The record of a new execution, without what its projection holds.
pub(crate) fn start_record(new: &NewExecution<'_>, input: Arc<Value>) -> ExecutionRecord {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    ExecutionRecord {
        identity: new.identity.clone(),
        definition_id: new.revision.definition_id,
        revision_id: new.revision.revision_id.clone(),
        status: Status::Running,
        start_date: new.start,
        stop_date: None,
        waiting_since: None,
        waiting_state: None,
        version_arn: owned(new.version_arn),
        alias_arn: owned(new.alias_arn),
        trace_header: owned(new.trace_header),
        input,
        outcome: None,
        redrive_count: 0,
        redriven_at: None,
        child: None,
    }
}

/// Writes what has changed in the row of an execution.
pub(crate) fn update(connection: &Connection, key: u64, now: &Projection) -> Result<(), DriverError> {
    connection
        .prepare_cached(
            "UPDATE executions SET status = ?2, stop = ?3, in_flight = ?4, wake_at = ?5, waiting_since = ?6,
                 waiting_state = ?7, outcome = ?8, redrive_count = ?9 WHERE key = ?1",
        )?
        .execute(rusqlite::params![
            signed(key),
            codec::status_code(now.status),
            now.stop,
            now.in_flight,
            now.wake_at,
            now.waiting_since,
            now.waiting_state,
            encode_outcome(now.outcome.as_ref())?,
            signed(now.redrive_count),
        ])?;
    Ok(())
}

/// Ends an execution whose log cannot be gone on with: its row says so, if it runs, and why.
pub(crate) fn set_aside(
    connection: &Connection,
    key: u64,
    now: Timestamp,
    outcome: &Outcome,
) -> Result<(), DriverError> {
    connection
        .prepare_cached(
            "UPDATE executions SET in_flight = 0, wake_at = NULL, waiting_since = NULL, waiting_state = NULL,
                 stop = iif(status = 0, ?2, stop), outcome = iif(status = 0, ?3, outcome),
                 status = iif(status = 0, ?4, status)
             WHERE key = ?1",
        )?
        .execute((
            signed(key),
            now,
            encode_outcome(Some(outcome))?,
            codec::status_code(Status::Failed),
        ))?;
    Ok(())
}

/// Appends a fact to an execution's log.
pub(crate) fn append(
    connection: &Connection,
    key: u64,
    seq: u32,
    entry: &LogEntry,
    body: &str,
) -> Result<(), DriverError> {
    // what is looked for by its text stays text
    let packed = match entry.fact.without_evaluations() {
        Fact::Redriven => None,
        _ => packed::pack(body),
    };
    let body = if packed.is_some() { "" } else { body };
    connection
        .prepare_cached("INSERT INTO facts (execution, seq, at, seed, body, packed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute((signed(key), seq, entry.at, codec::seed_bytes(entry.seed), body, packed))?;
    Ok(())
}

/// Takes back the facts of an execution that has not started after all.
pub(crate) fn forget_log(connection: &Connection, key: u64) -> Result<(), DriverError> {
    connection
        .prepare_cached("DELETE FROM facts WHERE execution = ?1")?
        .execute([signed(key)])?;
    Ok(())
}

/// The log of an execution.
pub(crate) fn entries(connection: &Connection, key: u64) -> Result<Vec<LogEntry>, DriverError> {
    read_entries(connection, key).map_err(|error| error.of_execution(key))
}

fn read_entries(connection: &Connection, key: u64) -> Result<Vec<LogEntry>, DriverError> {
    let mut statement =
        connection.prepare_cached("SELECT at, seed, body, packed FROM facts WHERE execution = ?1 ORDER BY seq")?;
    let mut rows = statement.query([signed(key)])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let seed = row
            .get_ref(1)?
            .as_blob()
            .map_err(|error| DriverError::unreadable(key, error))?;
        let body = body(key, row.get_ref(2)?, row.get_ref(3)?)?;
        entries.push(codec::entry(key, row.get(0)?, seed, &body)?);
    }
    Ok(entries)
}

/// The body of a fact from its two columns: as it is, or packed.
fn body<'a>(key: u64, plain: ValueRef<'a>, packed: ValueRef<'a>) -> Result<Cow<'a, str>, DriverError> {
    let unreadable = |error| DriverError::unreadable(key, error);
    match packed.as_blob_or_null().map_err(unreadable)? {
        None => Ok(Cow::Borrowed(plain.as_str().map_err(unreadable)?)),
        Some(packed) => packed::unpack(packed)
            .map(Cow::Owned)
            .map_err(|reason| DriverError::unreadable(key, reason)),
    }
}

/// The body of one fact of a log.
fn body_of(connection: &Connection, key: u64, seq: u32) -> Result<String, DriverError> {
    let mut statement =
        connection.prepare_cached("SELECT body, packed FROM facts WHERE execution = ?1 AND seq = ?2")?;
    let mut rows = statement.query((signed(key), seq))?;
    let Some(row) = rows.next()? else {
        return Err(DriverError::unreadable(key, format!("its log has no fact {seq}")));
    };
    Ok(body(key, row.get_ref(0)?, row.get_ref(1)?)?.into_owned())
}

/// The number of facts in an execution's log.
pub(crate) fn entry_count(connection: &Connection, key: u64) -> Result<u32, DriverError> {
    let last: Option<u32> = connection
        .prepare_cached("SELECT max(seq) FROM facts WHERE execution = ?1")?
        .query_row([signed(key)], |row| row.get(0))?;
    Ok(last.map_or(0, |last| last + 1))
}

/// The size of an execution's log on disk, in bytes.
pub(crate) fn entry_bytes(connection: &Connection, key: u64) -> Result<usize, DriverError> {
    let bytes: Option<i64> = connection
        .prepare_cached("SELECT sum(length(body) + coalesce(length(packed), 0)) FROM facts WHERE execution = ?1")?
        .query_row([signed(key)], |row| row.get(0))?;
    Ok(bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0))
}

/// The key of the execution with this ARN.
pub(crate) fn key_of(connection: &Connection, arn: &str) -> Result<Option<u64>, DriverError> {
    let key: Option<i64> = connection
        .prepare_cached("SELECT key FROM executions WHERE arn = ?1")?
        .query_row([arn], |row| row.get(0))
        .optional()?;
    Ok(key.and_then(|key| u64::try_from(key).ok()))
}

/// Reads the row that is needed to fold an execution.
pub(crate) fn head(connection: &Connection, key: u64) -> Result<Option<Head>, DriverError> {
    let head = connection
        .prepare_cached("SELECT arn, name, revision FROM executions WHERE key = ?1")?
        .query_row([signed(key)], |row| {
            Ok(Head {
                arn: row.get(0)?,
                name: row.get(1)?,
                revision: row.get(2)?,
            })
        })
        .optional()?;
    Ok(head)
}

/// Finds the execution that has this ARN already.
pub(crate) fn taken(connection: &Connection, arn: &str) -> Result<Option<Taken>, DriverError> {
    let row: Option<(i64, Timestamp, Vec<u8>)> = connection
        .prepare_cached("SELECT status, start, input_hash FROM executions WHERE arn = ?1")?
        .query_row([arn], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    row.map(|(code, start, input_hash)| {
        Ok(Taken {
            status: codec::status(0, code)?,
            start,
            input_hash,
        })
    })
    .transpose()
}

/// Returns true if an execution of the machine with this ARN still runs.
pub(crate) fn any_running(connection: &Connection, machine_arn: &str) -> Result<bool, DriverError> {
    let running = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM executions WHERE status = 0
                 AND machine = (SELECT id FROM machines WHERE arn = ?1))",
        )?
        .query_row([machine_arn], |row| row.get(0))?;
    Ok(running)
}

/// Returns true if the execution's row says that it has ended.
pub(crate) fn has_ended(connection: &Connection, key: u64) -> Result<bool, DriverError> {
    let ended = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM executions WHERE key = ?1 AND status <> 0)")?
        .query_row([signed(key)], |row| row.get(0))?;
    Ok(ended)
}

/// The keys of at most `limit` executions that had calls in flight, from behind `after`.
pub(crate) fn in_flight(connection: &Connection, after: u64, limit: usize) -> Result<Vec<u64>, DriverError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    keys(
        connection,
        "SELECT key FROM executions WHERE in_flight = 1 AND key > ?1 ORDER BY key LIMIT ?2",
        (signed(after), limit),
    )
}

/// The keys of at most `limit` parked executions whose deadline has come, the longest overdue first, but for those to be
/// passed over.
pub(crate) fn due(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
    passed_over: impl Fn(u64) -> bool,
) -> Result<Vec<u64>, DriverError> {
    let mut statement = connection.prepare_cached("SELECT key FROM executions WHERE wake_at <= ?1 ORDER BY wake_at")?;
    let mut rows = statement.query([now])?;
    let mut due = Vec::new();
    while due.len() < limit
        && let Some(row) = rows.next()?
    {
        let key = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
        if !passed_over(key) {
            due.push(key);
        }
    }
    Ok(due)
}

fn keys(connection: &Connection, sql: &str, parameters: (i64, i64)) -> Result<Vec<u64>, DriverError> {
    let mut statement = connection.prepare_cached(sql)?;
    let keys = statement
        .query_map(parameters, |row| row.get::<_, i64>(0))?
        .map(|key| key.map(|key| u64::try_from(key).unwrap_or(0)))
        .collect::<rusqlite::Result<_>>()?;
    Ok(keys)
}

/// Returns the earliest time at which a parked execution wants to be woken, without those to be passed over.
pub(crate) fn first_wake(
    connection: &Connection,
    passed_over: impl Fn(u64) -> bool,
) -> Result<Option<Timestamp>, DriverError> {
    let mut statement =
        connection.prepare_cached("SELECT wake_at, key FROM executions WHERE wake_at IS NOT NULL ORDER BY wake_at")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if !passed_over(u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0)) {
            return Ok(row.get(0)?);
        }
    }
    Ok(None)
}

/// The time at which the first parked execution wants to be woken, and its key.
pub(crate) fn first_to_wake(connection: &Connection) -> Result<Option<(Timestamp, u64)>, DriverError> {
    let mut statement = connection
        .prepare_cached("SELECT wake_at, key FROM executions WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1")?;
    let first = statement.query_row([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)));
    let first = first.optional()?;
    Ok(first.map(|(at, key)| (at, u64::try_from(key).unwrap_or(0))))
}

/// The SQL for the time at which the execution `e` was redriven last: its log says so, and few executions are asked.
pub(super) const LAST_REDRIVE: &str = "CASE WHEN e.redrive_count > 0 THEN
    (SELECT max(at) FROM facts WHERE execution = e.key
         AND (body = '\"Redriven\"' OR body LIKE '{\"Evaluated\":{\"fact\":\"Redriven\"%')) END";

/// An execution's record, by its key.
pub(crate) fn record(connection: &Connection, key: u64) -> Result<Option<ExecutionRecord>, DriverError> {
    let row = raw(connection, key)?;
    row.map(|raw| finish_record(connection, key, raw)).transpose()
}

/// An execution's record without its input and its outcome, which may be large.
pub(crate) fn record_without_data(connection: &Connection, key: u64) -> Result<Option<ExecutionRecord>, DriverError> {
    let row = raw(connection, key)?;
    row.map(|raw| {
        Ok(ExecutionRecord {
            status: codec::status(key, raw.status)?,
            ..raw.record
        })
    })
    .transpose()
}

fn raw(connection: &Connection, key: u64) -> Result<Option<RawRecord>, DriverError> {
    let row = connection
        .prepare_cached(&format!(
            "SELECT e.arn, e.name, m.arn, m.name, r.role_arn, r.kind, r.definition, r.revision_id, e.status, e.start,
                 e.stop, e.waiting_since, e.waiting_state, e.version_arn, e.alias_arn, e.trace_header, e.outcome,
                 e.redrive_count, {LAST_REDRIVE}
             FROM executions e JOIN revisions r ON r.id = e.revision JOIN machines m ON m.id = e.machine
             WHERE e.key = ?1",
        ))?
        .query_row([signed(key)], |row| raw_record(key, row))
        .optional()?;
    Ok(row)
}

struct RawRecord {
    record: ExecutionRecord,
    status: i64,
    outcome: Option<String>,
}

fn raw_record(key: u64, row: &Row<'_>) -> rusqlite::Result<RawRecord> {
    let text = |column| row.get::<_, String>(column).map(Arc::<str>::from);
    let record = ExecutionRecord {
        identity: Arc::new(Identity {
            key,
            arn: text(0)?,
            name: text(1)?,
            machine_arn: text(2)?,
            machine_name: text(3)?,
            role_arn: text(4)?,
            express: row.get::<_, bool>(5)?,
        }),
        definition_id: row.get(6)?,
        revision_id: row.get(7)?,
        status: Status::Running,
        start_date: row.get(9)?,
        stop_date: row.get(10)?,
        waiting_since: row.get(11)?,
        waiting_state: row.get(12)?,
        version_arn: row.get(13)?,
        alias_arn: row.get(14)?,
        trace_header: row.get(15)?,
        input: Arc::new(Value::Null),
        outcome: None,
        redrive_count: u64::try_from(row.get::<_, i64>(17)?).unwrap_or(0),
        redriven_at: row.get(18)?,
        child: None,
    };
    Ok(RawRecord {
        record,
        status: row.get(8)?,
        outcome: row.get(16)?,
    })
}

fn finish_record(connection: &Connection, key: u64, raw: RawRecord) -> Result<ExecutionRecord, DriverError> {
    let mut first = codec::decode(&body_of(connection, key, 0)?, key)?;
    if matches!(first, Fact::ActivitiesMissing { .. }) {
        first = codec::decode(&body_of(connection, key, 1)?, key)?;
    }
    if let Fact::BrokeDown { fact, .. } | Fact::Evaluated { fact, .. } = first {
        first = *fact;
    }
    let Fact::Started { input } = first else {
        return Err(DriverError::unreadable(key, "its log does not begin with its start"));
    };
    Ok(ExecutionRecord {
        status: codec::status(key, raw.status)?,
        input,
        outcome: raw.outcome.map(|text| codec::decode(&text, key)).transpose()?,
        ..raw.record
    })
}

/// Makes the identity of an execution from its head and its revision.
pub(crate) fn identity(key: u64, head: Head, revision: &Revision) -> Identity {
    Identity {
        key,
        arn: head.arn.into(),
        name: head.name.into(),
        machine_arn: revision.machine_arn.clone(),
        machine_name: revision.machine_name.clone(),
        role_arn: revision.role_arn.clone(),
        express: revision.kind == MachineKind::Express,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;
    use sluice_engine::AttemptId;

    use super::super::schema;
    use super::*;

    fn answer(attempt: u64, length: usize) -> LogEntry {
        LogEntry {
            at: 1_790_000_000_000 + i64::try_from(attempt).expect("small"),
            seed: [attempt, 7],
            fact: Fact::TaskSucceeded {
                attempt: AttemptId(attempt),
                output: Arc::new(json!({"SdkHttpMetadata": {"HttpStatusCode": 200}, "Payload": "y".repeat(length)})),
            },
        }
    }

    #[test]
    fn facts_of_older_formats_are_read_beside_packed_ones() {
        for format in 1..=3 {
            let mut connection = schema::older(format);
            let mut expected = vec![answer(1, 3), answer(2, 3_000)];
            for (seq, entry) in (0_u32..).zip(&expected) {
                let body = codec::encode(&entry.fact).expect("encodes");
                connection
                    .execute(
                        "INSERT INTO facts (execution, seq, at, seed, body) VALUES (7, ?1, ?2, ?3, ?4)",
                        (seq, entry.at, codec::seed_bytes(entry.seed), body),
                    )
                    .expect("an older release's fact");
            }
            schema::migrate(&mut connection, Path::new("journal.sqlite")).expect("migrates");
            assert_eq!(entries(&connection, 7), Ok(expected.clone()), "format {format}");
            let plain = entry_bytes(&connection, 7).expect("a size");
            let newer = [answer(3, 3), answer(4, 3_000)];
            for (seq, entry) in (2..).zip(&newer) {
                let body = codec::encode(&entry.fact).expect("encodes");
                append(&connection, 7, seq, entry, &body).expect("is written");
            }
            expected.extend(newer);
            assert_eq!(entries(&connection, 7), Ok(expected), "format {format}");
            assert!(entry_bytes(&connection, 7).expect("a size") < plain + 400);
        }
    }

    #[test]
    fn a_damaged_fact_names_its_execution() {
        let mut connection = schema::older(3);
        schema::migrate(&mut connection, Path::new("journal.sqlite")).expect("migrates");
        let body = codec::encode(&answer(1, 300).fact).expect("encodes");
        append(&connection, 7, 0, &answer(1, 300), &body).expect("is written");
        connection
            .execute("UPDATE facts SET packed = substr(packed, 1, 20)", [])
            .expect("is damaged");
        let error = entries(&connection, 7).expect_err("damaged");
        assert!(matches!(error, DriverError::Unreadable { key: 7, .. }), "{error:?}");
    }
}
