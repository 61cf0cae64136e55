//! The SQLite that may hold databases.

/// The oldest SQLite without a fault that is known to matter here: before 3.51.3 a checkpoint beside a commit could lose
/// transactions, and before 3.53.2 a crafted file or statement could corrupt memory. `SECURITY.md` lists them.
const OLDEST: i32 = 3_053_002;

/// This build was linked with a SQLite that has known faults.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this sluice was linked with SQLite {found}, which has known faults; build it without LIBSQLITE3_SYS_USE_PKG_CONFIG, or with \
     SQLite {oldest} or newer"
)]
pub struct OldSqlite {
    /// The SQLite found.
    pub found: String,
    /// The oldest that will do.
    pub oldest: String,
}

/// Refuses a SQLite that is too old. The one that is built in never is; a build can be told to link another.
///
/// # Errors
/// When it has known faults.
pub fn check_sqlite() -> Result<(), OldSqlite> {
    check_version(rusqlite::version_number(), rusqlite::version())
}

fn check_version(number: i32, text: &str) -> Result<(), OldSqlite> {
    if number >= OLDEST {
        return Ok(());
    }
    Err(OldSqlite {
        found: text.to_owned(),
        oldest: format!("{}.{}.{}", OLDEST / 1_000_000, OLDEST / 1_000 % 1_000, OLDEST % 1_000),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_sqlite_is_new_enough() {
        check_sqlite().expect("third_party/libsqlite3-sys chooses a SQLite without known faults");
    }

    #[test]
    fn an_older_sqlite_is_refused_with_both_versions() {
        let refused = |number, text| check_version(number, text).expect_err("too old").to_string();
        let sentence = refused(3_049_002, "3.49.2");
        assert!(sentence.contains("3.49.2") && sentence.contains("3.53.2"), "{sentence}");
        refused(3_053_001, "3.53.1");
        check_version(3_053_002, "3.53.2").expect("the first without the faults");
    }
}
