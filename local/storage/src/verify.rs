//! The check by SQLite that a file is whole.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// The most findings of one file that are reported; the rest only repeat that it is broken.
const MOST: i64 = 20;

/// Opens a database for reading only: nothing in its file changes.
///
/// # Errors
/// When SQLite cannot open it.
pub fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

/// Lists what SQLite finds wrong with an open database: pages, indexes, constraints, rows that name others that are not there.
pub fn verify(connection: &Connection) -> Vec<String> {
    let mut findings = Vec::new();
    if let Err(error) = integrity(connection, &mut findings) {
        findings.push(error.to_string());
    }
    if findings.is_empty()
        && let Err(error) = references(connection, &mut findings)
    {
        findings.push(error.to_string());
    }
    findings
}

fn integrity(connection: &Connection, findings: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({MOST})"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        findings.extend((text != "ok").then_some(text));
    }
    Ok(())
}

fn references(connection: &Connection, findings: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        findings.push(format!("a row of {table} names one of {parent} that is not there"));
        if findings.len() as i64 >= MOST {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_has_no_findings_and_a_broken_one_has() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("d");
        let connection = Connection::open(&path).expect("opens");
        connection
            .execute_batch("CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a REFERENCES a (id), t)")
            .expect("made");
        for _ in 0..200 {
            connection
                .execute("INSERT INTO b VALUES (NULL, hex(randomblob(500)))", [])
                .expect("written");
        }
        assert_eq!(verify(&open_to_read(&path).expect("opens")), [""; 0]);
        connection
            .execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO b VALUES (7, '')")
            .expect("written");
        assert_eq!(
            verify(&open_to_read(&path).expect("opens")),
            ["a row of b names one of a that is not there"]
        );
        drop(connection);
        let mut bytes = std::fs::read(&path).expect("read");
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 4096].fill(0);
        std::fs::write(&path, bytes).expect("written");
        assert!(!verify(&open_to_read(&path).expect("opens")).is_empty());
    }
}
