//! `sluice check`: whether a data directory is whole, without starting anything.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;
use sluice_driver::{DirectoryLock, Finding, OpenError, check_journal};
use sluice_storage::identity::{self, Ownership};

use crate::directory::{self, JOURNAL, METRICS, STREAMS, TABLES};

/// A directory cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// There is no journal.
    #[error("{} is no data directory of sluice: it has no {JOURNAL}", .0.display())]
    NoDirectory(PathBuf),
    /// Another process works on it, or a later release wrote it.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// The result of checking a data directory.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The directory.
    pub directory: PathBuf,
    /// Its identity; none: it was written before there were any.
    pub identity: Option<String>,
    /// Its databases.
    pub databases: Vec<DatabaseReport>,
    /// Executions whose logs were folded.
    pub executions: u64,
    /// Facts in their logs.
    pub facts: u64,
    /// Items of the tables.
    pub items: u64,
}

/// The result of checking one database.
#[derive(Debug, Serialize)]
pub struct DatabaseReport {
    /// Its file.
    pub file: &'static str,
    /// True if the file is there. Streams and metrics need not be.
    pub present: bool,
    /// The problems found; empty: none.
    pub findings: Vec<FindingReport>,
}

/// A problem that was found.
#[derive(Debug, Serialize)]
pub struct FindingReport {
    /// The thing with the problem: an execution, a table, the file.
    pub about: String,
    /// The problem.
    pub problem: String,
}

impl From<Finding> for FindingReport {
    fn from(Finding { about, problem }: Finding) -> Self {
        Self { about, problem }
    }
}

impl Report {
    /// Returns true if no database has a problem.
    pub fn is_whole(&self) -> bool {
        self.databases.iter().all(|database| database.findings.is_empty())
    }
}

/// Looks at a directory on which nothing runs: every database's pages, every log, every column that is derived from one, and
/// every item of the tables. Nothing in it changes.
///
/// # Errors
/// When there is no journal, or the directory is in use. What is damaged is a finding.
pub fn check(data: &Path) -> Result<Report, CheckError> {
    let is_there = |file: &str| std::fs::metadata(data.join(file)).is_ok_and(|found| found.len() > 0);
    if ![JOURNAL, TABLES, STREAMS].into_iter().any(is_there) {
        return Err(CheckError::NoDirectory(data.to_owned()));
    }
    let _lock = DirectoryLock::take(data)?;
    let mut report = Report {
        directory: data.to_owned(),
        identity: None,
        databases: Vec::new(),
        executions: 0,
        facts: 0,
        items: 0,
    };
    let mut journal = DatabaseReport::new(JOURNAL, is_there(JOURNAL));
    let (mut marked, mut used) = (Vec::new(), false);
    if let Err(error) = directory::expect_journal(data) {
        journal.find(error);
    } else {
        match check_journal(data) {
            Ok(found) => {
                journal
                    .findings
                    .extend(found.findings.into_iter().map(FindingReport::from));
                report.identity = found.identity;
                report.executions = found.executions;
                report.facts = found.facts;
                (marked, used) = (found.marked, found.used);
            }
            Err(OpenError::Journal { source, .. }) => journal.find(source),
            Err(error) => return Err(error.into()),
        }
    }
    report.databases.push(journal);
    for file in [TABLES, STREAMS, METRICS] {
        let mut database = DatabaseReport::new(file, is_there(file));
        let path = data.join(file);
        let belongs = identity::read(&path);
        match (belongs, &report.identity) {
            (Err(error), _) => database.find(error),
            (Ok(found), Some(identity)) => {
                let is_marked = marked.iter().any(|name| name == file);
                database.findings.extend(
                    directory::objection(&path, found, identity, is_marked, used).map(|error| FindingReport {
                        about: file.to_owned(),
                        problem: error.to_string(),
                    }),
                );
            }
            (Ok(Ownership::Absent), None) if file == TABLES && used => database.find("it is missing or empty"),
            (Ok(_), None) => {}
        }
        if database.present && database.findings.is_empty() {
            database.look(&path, &mut report.items);
        }
        report.databases.push(database);
    }
    Ok(report)
}

impl DatabaseReport {
    fn new(file: &'static str, present: bool) -> Self {
        Self {
            file,
            present,
            findings: Vec::new(),
        }
    }

    fn find(&mut self, problem: impl ToString) {
        self.findings.push(FindingReport {
            about: self.file.to_owned(),
            problem: problem.to_string(),
        });
    }

    /// Adds what SQLite finds wrong, and what of the content cannot be read, to the findings.
    fn look(&mut self, path: &Path, items: &mut u64) {
        let connection = match sluice_storage::open_to_read(path) {
            Ok(connection) => connection,
            Err(error) => return self.find(error),
        };
        sluice_storage::verify(&connection)
            .into_iter()
            .for_each(|problem| self.find(problem));
        let looked = match self.file {
            TABLES => self.look_at_items(&connection, items),
            STREAMS => self.look_at_shards(&connection),
            _ => Ok(()),
        };
        if let Err(error) = looked {
            self.find(error);
        }
    }

    /// Checks that every item, in the tables and their indexes, is a JSON object.
    fn look_at_items(&mut self, connection: &Connection, items: &mut u64) -> rusqlite::Result<()> {
        let mut holding = connection.prepare(
            "SELECT s.name, EXISTS (SELECT 1 FROM _tables t WHERE t.table_name = s.name)
             FROM sqlite_schema s JOIN pragma_table_info(s.name) c WHERE s.type = 'table' AND c.name = 'item_json'",
        )?;
        let tables = holding.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?;
        for table in tables {
            let (table, is_base) = table?;
            let quoted = table.replace('"', "\"\"");
            let mut statement = connection.prepare(&format!("SELECT item_json FROM \"{quoted}\""))?;
            let mut rows = statement.query([])?;
            let mut unreadable = 0_u64;
            while let Some(row) = rows.next()? {
                let text = row.get_ref(0)?.as_str().ok();
                let item = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
                match item {
                    Some(Value::Object(_)) => *items += u64::from(is_base),
                    Some(_) | None => unreadable += 1,
                }
            }
            if unreadable > 0 {
                self.findings.push(FindingReport {
                    about: table,
                    problem: format!("{unreadable} items cannot be read"),
                });
            }
        }
        Ok(())
    }

    /// Checks that every record lies within its shard's bounds.
    fn look_at_shards(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let outside: i64 = connection.query_row(
            "SELECT count(*) FROM records r JOIN shards s ON s.id = r.shard WHERE r.position >= s.next",
            [],
            |row| row.get(0),
        )?;
        if outside > 0 {
            self.find(format!("{outside} records lie beyond their shard's end"));
        }
        Ok(())
    }
}
