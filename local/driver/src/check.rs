//! The offline check of a journal: all of it is read and compared.
//!
//! Every log must fold, and whatever else is stored about an execution must be what its fold says.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _};
use sluice_asl::StateMachine;
use sluice_asl::eval::StopSignal;
use sluice_engine::{ChildSummary, Consequences, Execution, MapRunReport};

use crate::definition;
use crate::journal::executions::{self, Projection};
use crate::journal::{self, children, codec, machines, store};
use crate::log::{Log, read_log_with};
use crate::{ChildFilter, ChildRecord, DriverError, IDENTITY_KIND, OpenError, Watchdog, fold};

/// The longest time that folding one fact may take.
const FACT: Duration = Duration::from_secs(5);

/// Keys that are read at a time.
const BATCH: usize = 1_000;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The subject: an execution's ARN, or a part of the file.
    pub about: String,
    /// The problem.
    pub problem: String,
}

/// The result of checking a journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalReport {
    /// The data directory's identity; none: the journal was written before there were any.
    pub identity: Option<String>,
    /// The databases beside it that carry the identity.
    pub marked: Vec<String>,
    /// True if there is a state machine.
    pub used: bool,
    /// Executions that were looked at.
    pub executions: u64,
    /// Facts in their logs.
    pub facts: u64,
    /// The problems found; empty: none.
    pub findings: Vec<Finding>,
}

/// Keeps other processes from a data directory while it is looked at.
#[derive(Debug)]
pub struct DirectoryLock {
    _lock: journal::Lock,
}

impl DirectoryLock {
    /// Takes the lock of a directory, which is made if it is not there.
    ///
    /// # Errors
    /// When another process uses it.
    pub fn take(directory: &Path) -> Result<Self, OpenError> {
        let lock = journal::lock(directory)?;
        Ok(Self { _lock: lock })
    }
}

/// Looks at the whole journal of a directory that nobody writes to. Nothing in it changes.
///
/// # Errors
/// When there is none, or a later release wrote it. What is damaged is a finding.
pub fn check_journal(directory: &Path) -> Result<JournalReport, OpenError> {
    let path = journal::path(directory);
    let failed = |source| OpenError::Journal {
        path: path.clone(),
        source,
    };
    let file = sluice_storage::open_to_read(&path).map_err(failed)?;
    let mut report = JournalReport::default();
    let whole = sluice_storage::verify(&file);
    report.findings.extend(whole.into_iter().map(|problem| Finding {
        about: journal::FILE.into(),
        problem,
    }));
    let watchdog = Watchdog::start().map_err(OpenError::Thread)?;
    let connection = journal::in_todays_format(file, &path)?;
    let mut check = Check {
        connection: &connection,
        watchdog,
        machines: HashMap::new(),
        report,
    };
    if let Err(error) = check.run() {
        check.find(journal::FILE, error);
    }
    Ok(check.report)
}

struct Check<'a> {
    connection: &'a Connection,
    watchdog: Watchdog,
    /// Parsed definitions by number.
    machines: HashMap<i64, Arc<StateMachine>>,
    report: JournalReport,
}

impl Check<'_> {
    fn run(&mut self) -> Result<(), DriverError> {
        let connection = self.connection;
        let identity = store::get(connection, IDENTITY_KIND, journal::FILE)?;
        self.report.identity = identity.as_ref().and_then(|value| value.as_str()).map(str::to_owned);
        self.report.marked = store::keys(connection, IDENTITY_KIND, "")?;
        self.report.marked.retain(|file| file != journal::FILE);
        self.report.used = !machines::list(connection, None, 1)?.is_empty();
        self.definitions()?;
        for (kind, key) in store::unreadable(connection)? {
            self.find(&format!("{kind} {key}"), "it cannot be read");
        }
        self.strays()?;
        let mut after = -1;
        loop {
            let keys = self.keys(after)?;
            for &key in &keys {
                self.execution(key);
            }
            match keys.last() {
                Some(&last) if keys.len() == BATCH => after = i64::try_from(last).unwrap_or(i64::MAX),
                _ => return Ok(()),
            }
        }
    }

    fn find(&mut self, about: &str, problem: impl ToString) {
        self.report.findings.push(Finding {
            about: about.to_owned(),
            problem: problem.to_string(),
        });
    }

    fn keys(&self, after: i64) -> Result<Vec<u64>, DriverError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT key FROM executions WHERE key > ?1 ORDER BY key LIMIT ?2")?;
        let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let keys = statement.query_map((after, most), |row| row.get::<_, i64>(0))?;
        let keys = keys.map(|key| key.map(|key| u64::try_from(key).unwrap_or(0)));
        Ok(keys.collect::<rusqlite::Result<_>>()?)
    }

    /// Checks that every definition that executions run or ran is a valid one.
    fn definitions(&mut self) -> Result<(), DriverError> {
        let mut statement = self.connection.prepare("SELECT id, text FROM definitions")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        for row in rows {
            let (id, text) = row?;
            if let Err(diagnostics) = definition::parse(&text) {
                self.find(&format!("definition number {id}"), diagnostics);
            }
        }
        Ok(())
    }

    /// Finds rows that belong to no execution, and logs with gaps.
    fn strays(&mut self) -> Result<(), DriverError> {
        const STRAYS: [(&str, &str); 4] = [
            (
                "facts",
                "SELECT count(DISTINCT execution) FROM facts WHERE execution NOT IN (SELECT key FROM executions)
                     AND execution NOT IN (SELECT execution FROM remains)",
            ),
            (
                "facts",
                "SELECT count(*) FROM (SELECT 1 FROM facts WHERE execution NOT IN (SELECT execution FROM remains)
                     GROUP BY execution HAVING max(seq) + 1 != count(*))",
            ),
            (
                "map_runs",
                "SELECT count(*) FROM map_runs WHERE execution NOT IN (SELECT key FROM executions)
                     AND execution NOT IN (SELECT execution FROM remains)",
            ),
            (
                "children",
                "SELECT count(*) FROM children WHERE map_run NOT IN (SELECT id FROM map_runs)
                     AND execution NOT IN (SELECT execution FROM remains)",
            ),
        ];
        const WORDS: [&str; 4] = [
            "logs belong to no execution",
            "logs have gaps",
            "Map Runs belong to no execution",
            "child executions belong to no Map Run",
        ];
        for ((about, sql), words) in STRAYS.into_iter().zip(WORDS) {
            let count: i64 = self.connection.query_row(sql, [], |row| row.get(0))?;
            if count > 0 {
                self.find(about, format!("{count} {words}"));
            }
        }
        Ok(())
    }

    fn execution(&mut self, key: u64) {
        self.report.executions += 1;
        let name = match executions::head(self.connection, key) {
            Ok(Some(head)) => head.arn,
            Ok(None) | Err(_) => format!("execution number {key}"),
        };
        match self.compare(key) {
            Ok(problems) => problems.into_iter().for_each(|problem| self.find(&name, problem)),
            Err(error) => self.find(&name, error),
        }
    }

    /// Lists the differences between what is stored about an execution and what its log says.
    fn compare(&mut self, key: u64) -> Result<Vec<String>, DriverError> {
        let (connection, machines) = (self.connection, &mut self.machines);
        let log = read_log_with(connection, key, |id| match machines.get(&id) {
            Some(machine) => Ok(machine.clone()),
            None => Ok(machines.entry(id).or_insert(parsed_definition(connection, id)?).clone()),
        })?;
        let Some(log) = log else { return Ok(Vec::new()) };
        self.report.facts += log.entries.len() as u64;
        if log.entries.is_empty() {
            return Err(DriverError::unreadable(key, "its log is empty"));
        }
        let (execution, turns) = replay(&self.watchdog, key, &log)?;
        let mut problems = columns(self.connection, key, &fold::project(&execution))?;
        problems.extend(map_runs(self.connection, key, &turns)?);
        Ok(problems)
    }
}

/// Folds a log, as the driver does. What breaks down, or takes too long, is a finding, and the look goes on.
fn replay(watchdog: &Watchdog, key: u64, log: &Log) -> Result<(Execution, Vec<Consequences>), DriverError> {
    let mut execution = Execution::new(log.machine.clone(), log.identity.clone());
    let mut turns = Vec::with_capacity(log.entries.len());
    for entry in &log.entries {
        let watch = watchdog.watch(FACT, StopSignal::new());
        let turn = fold::apply(&mut execution, key, entry, &mut Vec::new(), watch.stop());
        if let Some(breakdown) = watch.end().breakdown {
            let reason = format!("its log cannot be folded: {breakdown:?}");
            return Err(DriverError::unreadable(key, reason));
        }
        turns.push(turn?.map_err(|illegal| DriverError::unreadable(key, illegal))?);
    }
    Ok((execution, turns))
}

fn parsed_definition(connection: &Connection, id: i64) -> Result<Arc<StateMachine>, DriverError> {
    let text = machines::definition(connection, id)?;
    let parsed = text
        .ok_or_else(|| "the journal does not hold it".to_owned())
        .and_then(|text| definition::parse(&text));
    parsed.map_err(|diagnostics| DriverError::Definition {
        arn: format!("definition number {id}"),
        diagnostics,
    })
}

/// The columns of an execution's row that its log contradicts.
fn columns(connection: &Connection, key: u64, told: &Projection) -> Result<Vec<String>, DriverError> {
    let row = connection
        .prepare_cached(
            "SELECT status, stop, in_flight, wake_at, waiting_since, waiting_state, redrive_count, outcome
             FROM executions WHERE key = ?1",
        )?
        .query_row([i64::try_from(key).unwrap_or(i64::MAX)], |row| {
            let waiting_state: Option<String> = row.get(5)?;
            let stored = [
                ("status", format!("{:?}", row.get::<_, i64>(0)?)),
                ("stop", format!("{:?}", row.get::<_, Option<i64>>(1)?)),
                ("in_flight", format!("{:?}", row.get::<_, bool>(2)?)),
                ("wake_at", format!("{:?}", row.get::<_, Option<i64>>(3)?)),
                ("waiting_since", format!("{:?}", row.get::<_, Option<i64>>(4)?)),
                ("waiting_state", format!("{waiting_state:?}")),
                ("redrive_count", format!("{:?}", row.get::<_, i64>(6)?)),
            ];
            Ok((stored, row.get::<_, Option<String>>(7)?))
        })
        .optional()?;
    let Some((stored, outcome)) = row else {
        return Ok(vec!["its row is gone".into()]);
    };
    let expected = [
        format!("{:?}", codec::status_code(told.status)),
        format!("{:?}", told.stop),
        format!("{:?}", told.in_flight),
        format!("{:?}", told.wake_at),
        format!("{:?}", told.waiting_since),
        format!("{:?}", told.waiting_state.as_deref()),
        format!("{:?}", told.redrive_count),
    ];
    let differing = stored
        .into_iter()
        .zip(expected)
        .filter(|((_, stored), told)| stored != told);
    let mut problems: Vec<String> = differing
        .map(|((column, stored), told)| format!("its column {column} is {stored}, its log says {told}"))
        .collect();
    let told = told.outcome.as_ref().map(codec::encode_any).transpose()?;
    if outcome != told {
        problems.push("its column outcome is not what its log says".into());
    }
    Ok(problems)
}

/// The rows of an execution's Map Runs and their children that its log contradicts.
fn map_runs(connection: &Connection, key: u64, turns: &[Consequences]) -> Result<Vec<String>, DriverError> {
    let mut runs: BTreeMap<&str, &MapRunReport> = BTreeMap::new();
    let mut told: BTreeMap<(&str, u32), (&ChildSummary, u32)> = BTreeMap::new();
    for (seq, turn) in (0..).zip(turns) {
        runs.extend(turn.map_runs.iter().map(|run| (&*run.arn, run)));
        let changed = turn.children.iter();
        told.extend(changed.map(|child| ((&*child.map_run_arn, child.number), (child, seq))));
    }
    let mut problems = Vec::new();
    for (arn, run) in runs {
        match children::run(connection, arn)? {
            Some((owner, stored)) if owner == key && stored == *run => {}
            Some(_) => problems.push(format!("the row of its Map Run {arn} is not what its log says")),
            None => problems.push(format!("its Map Run {arn} has no row, or one without its figures")),
        }
        let filter = ChildFilter {
            map_run_arn: arn.into(),
            status: None,
            redriven: None,
            after: None,
            limit: usize::MAX - 1,
        };
        let stored = children::list(connection, &filter)?.map_or_else(Vec::new, |page| page.items);
        for child in stored {
            let expected = told.remove(&(arn, child.number));
            if expected.map(|(summary, seq)| record(key, summary, seq)).as_ref() != Some(&child) {
                problems.push(format!("the row of its child {} is not what its log says", child.arn));
            }
        }
    }
    let missing = told.into_values();
    problems.extend(missing.map(|(child, _)| format!("its child {} has no row", child.arn)));
    Ok(problems)
}

/// The row that a child's summary is written as.
fn record(key: u64, child: &ChildSummary, seq: u32) -> ChildRecord {
    ChildRecord {
        execution: key,
        number: child.number,
        arn: child.arn.to_string(),
        status: child.status,
        start: child.started_at,
        stop: child.ended_at,
        items: child.items as u64,
        redrive_count: child.redrives,
        redriven_at: child.redriven_at,
        changed: seq,
    }
}
