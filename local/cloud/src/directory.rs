//! The data directory as a whole: which databases belong to it.
//!
//! The journal comes first: it has the identity, and knows which other databases have been marked with it. A database that
//! had been marked and is missing, empty or of another directory is refused by name, since to go on without it, or with
//! another, would lose what was acknowledged. Metrics are no promise: a file of theirs that does not belong here is set aside.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::json;
use sluice_driver::{Driver, DriverError, IDENTITY_KIND};
use sluice_storage::identity::{self, Ownership};

/// The journal's file.
pub(crate) const JOURNAL: &str = "journal.sqlite";
/// The tables' file.
pub(crate) const TABLES: &str = "dynamodb.sqlite";
/// The file of streams and queues, made when it is first needed.
pub(crate) const STREAMS: &str = "streams.sqlite";
/// The metrics' file.
pub(crate) const METRICS: &str = "metrics.sqlite";

/// The databases beside the journal that hold what was acknowledged.
pub(crate) const PROMISES: [&str; 2] = [TABLES, STREAMS];

/// The data directory is not whole.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A database is not there, or empty, and others are.
    #[error(
        "{} is missing or empty, but other databases of the data directory are there: put the file back, restore the \
         whole directory from a backup, or choose another directory with --data",
        .path.display()
    )]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// A database of another directory.
    #[error(
        "{} does not belong to its data directory: {found}. Put the right file back, restore the whole directory from a \
         backup, or choose another directory with --data",
        .path.display()
    )]
    Foreign {
        /// The database.
        path: PathBuf,
        /// Its identity, in words: none, or another directory's.
        found: String,
    },
    /// A database cannot be read or marked.
    #[error(
        "cannot use {}: {reason}; restore the whole directory from a backup, or choose another directory with --data",
        .path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// The message of SQLite.
        reason: String,
    },
    /// The journal fails.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

/// Refuses a directory whose journal is gone while other databases are there: a new journal would know nothing of what
/// they hold. To be called before the journal is opened, which would make one.
pub(crate) fn expect_journal(data: &Path) -> Result<(), DirectoryError> {
    let is_empty = |file: &str| std::fs::metadata(data.join(file)).map_or(0, |found| found.len()) == 0;
    if is_empty(JOURNAL) && !PROMISES.iter().all(|file| is_empty(file)) {
        return Err(DirectoryError::Missing {
            path: data.join(JOURNAL),
        });
    }
    Ok(())
}

/// Returns the objection to a database that says `found` about itself, in a directory whose journal knows of it (`marked`), or
/// has been used (`used`).
pub(crate) fn objection(
    path: &Path,
    found: Ownership,
    identity: &str,
    marked: bool,
    used: bool,
) -> Option<DirectoryError> {
    let path = path.to_owned();
    // only the tables are there from the first start on
    let expected = marked || (used && path.ends_with(TABLES));
    match found {
        Ownership::Absent if expected => Some(DirectoryError::Missing { path }),
        Ownership::Unmarked if marked => Some(DirectoryError::Foreign {
            path,
            found: "it carries no identity, and the one that belongs here does".into(),
        }),
        Ownership::Directory(other) if other != identity => Some(DirectoryError::Foreign {
            path,
            found: format!("it is of the directory {other}, the journal beside it of {identity}"),
        }),
        Ownership::Absent | Ownership::Unmarked | Ownership::Directory(_) => None,
    }
}

/// Refuses a directory with a database that is missing or of another directory.
pub(crate) async fn admit(data: &Path, driver: &Driver) -> Result<(), DirectoryError> {
    let used = !driver.machines().list(None, 1).await?.is_empty();
    for file in PROMISES {
        let path = data.join(file);
        let found = identity::read(&path).map_err(|error| DirectoryError::Damaged {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        let marked = driver.store().get(IDENTITY_KIND, file).await?.is_some();
        if let Some(objection) = objection(&path, found, driver.identity(), marked, used) {
            return Err(objection);
        }
    }
    Ok(())
}

/// Marks a database that is there as one of the directory, and lets the journal know of it.
pub(crate) async fn join(data: &Path, driver: &Driver, file: &'static str) -> Result<(), DirectoryError> {
    let path = data.join(file);
    mark(&path, driver.identity()).map_err(|error| DirectoryError::Damaged {
        path,
        reason: error.to_string(),
    })?;
    if driver.store().get(IDENTITY_KIND, file).await?.is_none() {
        driver
            .store()
            .put(IDENTITY_KIND, file, json!(driver.identity()))
            .await?;
    }
    Ok(())
}

/// Marks the file of streams and queues when it is made, and lets the journal know of it.
pub(crate) fn admit_streams(data: &Path, driver: &Driver) -> sluice_streams::OpenCheck {
    let (data, driver) = (data.to_owned(), driver.clone());
    let runtime = tokio::runtime::Handle::current();
    Box::new(move |_| {
        let joined = runtime.block_on(join(&data, &driver, STREAMS));
        joined.map_err(|error| error.to_string())
    })
}

/// Marks a database, by a connection of its own.
pub(crate) fn mark(path: &Path, identity: &str) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    match identity::read_from(&connection)? {
        Ownership::Directory(found) if found == identity => Ok(()),
        _ => identity::write(&connection, identity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_of_another_directory_is_named() {
        let check = |file: &str, found: Ownership, marked: bool, used: bool, words: Option<&str>| {
            let path = Path::new("/data").join(file);
            let objection = objection(&path, found.clone(), "ours", marked, used).map(|error| error.to_string());
            match words {
                None => assert_eq!(objection, None, "{file} {found:?} {marked} {used}"),
                Some(words) => assert!(
                    objection
                        .as_deref()
                        .is_some_and(|text| text.contains(words) && text.contains(file)),
                    "{file} {found:?} {marked} {used}: {objection:?}"
                ),
            }
        };
        let (ours, other) = (
            Ownership::Directory("ours".into()),
            Ownership::Directory("other".into()),
        );
        for (marked, used) in [(false, false), (false, true), (true, true)] {
            check(TABLES, ours.clone(), marked, used, None);
            check(STREAMS, ours.clone(), marked, used, None);
            check(TABLES, other.clone(), marked, used, Some("of the directory other"));
            check(STREAMS, other.clone(), marked, used, Some("of the directory other"));
        }
        check(TABLES, Ownership::Absent, false, false, None);
        check(TABLES, Ownership::Absent, true, false, Some("missing or empty"));
        check(TABLES, Ownership::Absent, false, true, Some("missing or empty"));
        check(STREAMS, Ownership::Absent, false, true, None);
        check(STREAMS, Ownership::Absent, true, true, Some("missing or empty"));
        check(TABLES, Ownership::Unmarked, false, true, None);
        check(TABLES, Ownership::Unmarked, true, true, Some("no identity"));
    }

    #[test]
    fn a_journal_is_expected_where_other_databases_are() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path();
        expect_journal(data).unwrap();
        std::fs::write(data.join(METRICS), "m").unwrap();
        std::fs::write(data.join(TABLES), "").unwrap();
        expect_journal(data).unwrap();
        std::fs::write(data.join(TABLES), "t").unwrap();
        for harm in ["missing", "empty"] {
            let error = expect_journal(data).unwrap_err().to_string();
            assert!(error.contains("journal.sqlite is missing or empty"), "{harm}: {error}");
            std::fs::write(data.join(JOURNAL), "").unwrap();
        }
        std::fs::write(data.join(JOURNAL), "j").unwrap();
        expect_journal(data).unwrap();
    }
}
