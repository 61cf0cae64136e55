//! Versions of a database's schema.

use rusqlite::{Connection, TransactionBehavior};

/// The formats of a database: step `n` leads from format `n` to `n + 1`. SQLite's `user_version` says which format a file
/// has. Steps that were released are never changed.
///
/// ```
/// use sluice_storage::Schema;
///
/// const SCHEMA: Schema = Schema::new(&["CREATE TABLE a (n)", "ALTER TABLE a ADD COLUMN m"]);
///
/// let mut connection = rusqlite::Connection::open_in_memory()?;
/// assert_eq!(SCHEMA.found(&connection)?, 0);
/// SCHEMA.migrate(&mut connection)?;
/// assert_eq!(SCHEMA.found(&connection)?, 2);
/// connection.execute("INSERT INTO a (n, m) VALUES (1, 2)", [])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    steps: &'static [&'static str],
}

/// A database's format cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A later release wrote the file.
    #[error("format {found}, of which formats up to {known} are known")]
    NewerFormat {
        /// The file's format.
        found: i64,
        /// The newest format known.
        known: i64,
    },
    /// SQLite cannot read or migrate the file.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl Schema {
    /// The schema that these steps lead to.
    pub const fn new(steps: &'static [&'static str]) -> Self {
        Self { steps }
    }

    /// The newest format.
    pub const fn format(&self) -> i64 {
        self.steps.len() as i64
    }

    /// Reads the format of a database; 0: it is new.
    ///
    /// # Errors
    /// When it is one of a later release, or cannot be read.
    pub fn found(&self, connection: &Connection) -> Result<i64, SchemaError> {
        let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let known = self.format();
        if found > known {
            return Err(SchemaError::NewerFormat { found, known });
        }
        Ok(found)
    }

    /// Brings a database to the newest format, all or nothing.
    ///
    /// # Errors
    /// When its format is one of a later release, or it cannot be written.
    pub fn migrate(&self, connection: &mut Connection) -> Result<(), SchemaError> {
        let found = self.found(connection)?;
        if found == self.format() {
            return Ok(());
        }
        let first = usize::try_from(found).unwrap_or(0);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for step in self.steps.iter().skip(first) {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", self.format())?;
        Ok(transaction.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Schema = Schema::new(&["CREATE TABLE a (n)", "CREATE TABLE b (n)"]);

    fn tables(connection: &Connection) -> i64 {
        let sql = "SELECT count(*) FROM sqlite_schema";
        connection.query_row(sql, [], |row| row.get(0)).expect("tables")
    }

    #[test]
    fn each_older_format_becomes_the_newest_once() {
        for format in 0..=2 {
            let mut connection = Connection::open_in_memory().expect("sqlite");
            for step in &TWO.steps[..format] {
                connection.execute_batch(step).expect("an older release's file");
            }
            connection
                .pragma_update(None, "user_version", format as i64)
                .expect("a version");
            TWO.migrate(&mut connection).expect("migrates");
            TWO.migrate(&mut connection).expect("again");
            assert_eq!((tables(&connection), TWO.found(&connection).expect("reads")), (2, 2));
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let broken = Schema::new(&["CREATE TABLE a (n)", "no SQL"]);
        let mut connection = Connection::open_in_memory().expect("sqlite");
        assert!(matches!(broken.migrate(&mut connection), Err(SchemaError::Sqlite(_))));
        assert_eq!((tables(&connection), broken.found(&connection).expect("reads")), (0, 0));
    }

    #[test]
    fn a_later_format_is_refused() {
        let mut connection = Connection::open_in_memory().expect("sqlite");
        connection.pragma_update(None, "user_version", 3).expect("a version");
        let refused = TWO.migrate(&mut connection);
        assert!(matches!(refused, Err(SchemaError::NewerFormat { found: 3, known: 2 })));
    }
}
