//! The kinds of failures: those that pass and those that do not.

use rusqlite::ErrorCode;

/// The kind of a failed write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It may work the next time: there is no room, somebody else has a lock, the disk gives errors.
    Transient,
    /// The file is not what it was: trying again makes it worse.
    Permanent,
}

/// SQLite noticed that its file was renamed or removed.
const READONLY_DBMOVED: i32 = rusqlite::ffi::SQLITE_READONLY | (4 << 8);

/// Returns the kind of an error of SQLite.
///
/// A file system that takes no writes counts as passing: whoever mounted it so can mount it otherwise.
pub fn classify(error: &rusqlite::Error) -> Fault {
    let Some(sqlite) = error.sqlite_error() else {
        return Fault::Transient;
    };
    match sqlite.code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Fault::Permanent,
        _ if sqlite.extended_code == READONLY_DBMOVED => Fault::Permanent,
        _ => Fault::Transient,
    }
}

/// Classifies a text with SQLite's own words; none: it is not about the disk. For libraries that hand on nothing but the text.
pub fn classify_text(text: &str) -> Option<Fault> {
    // SQLite's words for its codes never change (sqlite3ErrStr).
    const PERMANENT: [&str; 3] = [
        "database disk image is malformed",
        "file is not a database",
        "not a valid database",
    ];
    const TRANSIENT: [&str; 7] = [
        "database or disk is full",
        "disk I/O error",
        "I/O error",
        "database is locked",
        "database table is locked",
        "unable to open database file",
        "attempt to write a readonly database",
    ];
    let has = |words: &[&str]| words.iter().any(|words| text.contains(words));
    match () {
        () if has(&PERMANENT) => Some(Fault::Permanent),
        () if has(&TRANSIENT) => Some(Fault::Transient),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_or_moved_does_not_pass() {
        let check = |extended: i32, expected: Fault| {
            let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(extended), None);
            assert_eq!(classify(&error), expected, "{extended}");
        };
        check(rusqlite::ffi::SQLITE_FULL, Fault::Transient);
        check(rusqlite::ffi::SQLITE_BUSY, Fault::Transient);
        check(rusqlite::ffi::SQLITE_IOERR, Fault::Transient);
        check(rusqlite::ffi::SQLITE_IOERR_FSYNC, Fault::Transient);
        check(rusqlite::ffi::SQLITE_READONLY, Fault::Transient);
        check(rusqlite::ffi::SQLITE_CORRUPT, Fault::Permanent);
        check(rusqlite::ffi::SQLITE_CORRUPT | (2 << 8), Fault::Permanent);
        check(rusqlite::ffi::SQLITE_NOTADB, Fault::Permanent);
        check(READONLY_DBMOVED, Fault::Permanent);
    }

    #[test]
    fn words_say_the_same_as_codes() {
        let check = |text: &str, expected: Option<Fault>| assert_eq!(classify_text(text), expected, "{text}");
        check("Internal error: database or disk is full", Some(Fault::Transient));
        check("backend: database is locked or busy", Some(Fault::Transient));
        check("backend: I/O error: disk I/O error", Some(Fault::Transient));
        check("database disk image is malformed", Some(Fault::Permanent));
        check("backend: not a valid database", Some(Fault::Permanent));
        check("The conditional request failed", None);
        check("UNIQUE constraint failed: t.a", None);
    }
}
