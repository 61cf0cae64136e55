//! The state of the tables' file, as calls find it.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use rusqlite::Connection;
use sluice_storage::{WriteHealth, classify_text};

/// As long as a try waits for somebody's lock.
const LOCK: Duration = Duration::from_millis(50);

/// The health of the tables' file: seen from the responses to calls, and from tries to write.
///
/// dynoxide waits for a foreign lock for five seconds, in which nobody else is served. So only the first call that meets
/// trouble does; the others are refused at once, until a write of our own has succeeded, by a connection of its own.
pub(crate) struct Health {
    disk: WriteHealth,
    next_try: Option<Instant>,
    connection: Option<Connection>,
}

impl Health {
    pub(crate) fn new(disk: WriteHealth) -> Self {
        Self {
            disk,
            next_try: None,
            connection: None,
        }
    }

    /// The reason why nothing is written at the moment.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.disk.is_failing().then(|| self.disk.trouble()).flatten()
    }

    /// Takes in the response to a call that writes. The database hands SQLite's errors on in words only.
    pub(crate) fn answered(&mut self, status: StatusCode, body: &[u8]) {
        if !status.is_server_error() {
            return;
        }
        let text = String::from_utf8_lossy(body);
        if let Some(fault) = classify_text(&text) {
            let pause = self.disk.record_failure(&text, fault);
            self.next_try = pause.map(|pause| Instant::now() + pause);
        }
    }

    /// Tries to write, if it is time. The time until the next try; none: there is no trouble.
    pub(crate) fn try_again(&mut self) -> Option<Duration> {
        let next = self.next_try?;
        let wait = next.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            return Some(wait);
        }
        let pause = match self.write() {
            Ok(()) => {
                self.disk.record_success();
                self.connection = None;
                None
            }
            Err(error) => {
                self.connection = None;
                self.disk.record_failure(&error, sluice_storage::classify(&error))
            }
        };
        self.next_try = pause.map(|pause| Instant::now() + pause);
        pause
    }

    /// Writes one page as it is.
    fn write(&mut self) -> rusqlite::Result<()> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.disk.path())?,
        };
        connection.busy_timeout(LOCK)?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        connection.pragma_update(None, "user_version", version)?;
        self.connection = Some(connection);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sluice_storage::RetryBackoff;

    use super::*;

    #[test]
    fn writing_is_refused_until_a_try_has_worked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t");
        let holder = Connection::open(&path).unwrap();
        holder.pragma_update(None, "journal_mode", "WAL").unwrap();
        holder.execute_batch("CREATE TABLE t (a); BEGIN IMMEDIATE").unwrap();
        let at_once = RetryBackoff {
            initial: Duration::ZERO,
            max: Duration::ZERO,
        };
        let mut health = Health::new(WriteHealth::new("the tables' file", &path, at_once));
        let failed = |health: &mut Health, body: &str| {
            health.answered(StatusCode::INTERNAL_SERVER_ERROR, body.as_bytes());
            health.refusal()
        };
        assert_eq!(failed(&mut health, "a bug"), None);
        assert_eq!(health.try_again(), None);
        let refusal = failed(&mut health, "Internal error: database or disk is full").unwrap();
        assert!(refusal.contains("full"), "{refusal}");
        assert_eq!(health.try_again(), Some(Duration::ZERO), "the lock is held");
        assert!(health.refusal().unwrap().contains("locked"));
        holder.execute_batch("ROLLBACK").unwrap();
        assert_eq!(health.try_again(), None);
        assert_eq!(health.refusal(), None);
    }
}
