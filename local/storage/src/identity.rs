//! The one identity of a data directory.
//!
//! The journal keeps it among its values; each other database in a table of its own. So a database that comes from
//! another directory, or from nowhere, is recognized as foreign.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

/// The table of a database that carries the identity.
const TABLE: &str = "sluice_directory";

/// The directory that a database belongs to, as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// There is no file, or an empty one.
    Absent,
    /// There is one, of a release that did not write identities, or of something else.
    Unmarked,
    /// To the directory with this identity.
    Directory(String),
}

/// An identity of 128 random bits.
pub fn new(random: [u64; 2]) -> String {
    format!("{:016x}{:016x}", random[0], random[1])
}

/// Reads the identity that the database in a file carries. It is not written to.
///
/// # Errors
/// When it is no database, or cannot be read.
pub fn read(path: &Path) -> rusqlite::Result<Ownership> {
    if std::fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        return Ok(Ownership::Absent);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    read_from(&Connection::open_with_flags(path, flags)?)
}

/// The same through an open connection.
///
/// # Errors
/// When it cannot be read.
pub fn read_from(connection: &Connection) -> rusqlite::Result<Ownership> {
    let marked = connection.table_exists(None, TABLE)?;
    let sql = format!("SELECT identity FROM {TABLE}");
    let found: Option<String> = match marked {
        true => connection.query_row(&sql, [], |row| row.get(0)).optional()?,
        false => None,
    };
    Ok(found.map_or(Ownership::Unmarked, Ownership::Directory))
}

/// Marks an open database as the directory's with this identity.
///
/// # Errors
/// When it cannot be written.
pub fn write(connection: &Connection, identity: &str) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {TABLE} (identity TEXT NOT NULL) STRICT; DELETE FROM {TABLE}"
    ))?;
    transaction.execute(&format!("INSERT INTO {TABLE} (identity) VALUES (?1)"), [identity])?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_says_where_it_belongs() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("d");
        assert_eq!(read(&path), Ok(Ownership::Absent));
        std::fs::write(&path, "").expect("written");
        assert_eq!(read(&path), Ok(Ownership::Absent));
        let connection = Connection::open(&path).expect("opens");
        connection.execute_batch("CREATE TABLE t (a)").expect("made");
        assert_eq!(read(&path), Ok(Ownership::Unmarked));
        for identity in [new([1, 2]), new([3, u64::MAX])] {
            write(&connection, &identity).expect("marked");
            assert_eq!(read(&path), Ok(Ownership::Directory(identity)));
        }
        assert_eq!(new([1, u64::MAX]), "0000000000000001ffffffffffffffff");
    }
}
