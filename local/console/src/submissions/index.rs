//! The index over submissions: their outcomes, their text in small letters, and counts.
//!
//! A file of SQLite's that has no name and goes with the process: it is derived from the journal, and never asked for the
//! truth. Its rows are read newest first, so that a search ends when a page is full.

use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter, types::Value as Sql};
use sluice_engine::Timestamp;

/// The number in the place of an outcome for submissions that have not ended.
pub(crate) const OPEN: i64 = -1;
/// The number of starts, beside the outcomes, in counts by the minute.
const STARTED: i64 = -2;
/// A minute in milliseconds.
pub(crate) const MINUTE: i64 = 60_000;
/// The minutes for which counts are kept.
const MINUTES_KEPT: i64 = 24 * 60;
/// The most words of a search that count.
const MOST_WORDS: usize = 6;

const TABLES: &str = "
CREATE TABLE submissions (
    key     INTEGER PRIMARY KEY,
    start   INTEGER NOT NULL,
    stop    INTEGER,
    outcome INTEGER NOT NULL,
    text    TEXT NOT NULL
) STRICT;
CREATE INDEX submissions_by_outcome ON submissions (outcome, key);
CREATE TABLE totals (outcome INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
CREATE TABLE minutes (
    minute  INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (minute, outcome)
) STRICT, WITHOUT ROWID;
";

/// A submission as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: u64,
    pub(crate) start: Timestamp,
    pub(crate) stop: Option<Timestamp>,
    /// The place of its outcome among the rules, or [`OPEN`].
    pub(crate) outcome: i64,
    /// The text that a search looks at.
    pub(crate) text: String,
}

/// The choice of submissions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Only those with this outcome.
    pub(crate) outcomes: Vec<i64>,
    /// Words that must all be there.
    pub(crate) words: Vec<String>,
    /// Only those started then or later.
    pub(crate) from: Option<Timestamp>,
    /// Only those started before.
    pub(crate) to: Option<Timestamp>,
    /// Only those before this key.
    pub(crate) below: Option<u64>,
}

/// The words of a search, in small letters.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .take(MOST_WORDS)
        .map(str::to_lowercase)
        .collect()
}

/// The index.
#[derive(Debug)]
pub(crate) struct Index(Connection);

impl Index {
    /// An empty one.
    pub(crate) fn new() -> rusqlite::Result<Self> {
        // without a name, it is a file that no other process sees and that goes with this one
        let connection = Connection::open("")?;
        connection.pragma_update(None, "journal_mode", "MEMORY")?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update(None, "cache_size", -4096)?;
        connection.execute_batch(TABLES)?;
        Ok(Self(connection))
    }

    /// Takes entries in, over what was there of them.
    pub(crate) fn put(&mut self, entries: &[Entry]) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        for entry in entries {
            put(&transaction, entry)?;
        }
        transaction.commit()
    }

    /// Takes entries out.
    pub(crate) fn remove(&mut self, keys: &[u64]) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        for key in keys {
            let Some((_, outcome)) = stop_and_outcome(&transaction, *key)? else {
                continue;
            };
            transaction
                .prepare_cached("DELETE FROM submissions WHERE key = ?1")?
                .execute([signed(*key)])?;
            add(&transaction, outcome, -1)?;
        }
        transaction.commit()
    }

    /// The keys below this one, which the journal has deleted.
    pub(crate) fn keys_below(&self, key: u64, limit: usize) -> rusqlite::Result<Vec<u64>> {
        let mut statement = self
            .0
            .prepare_cached("SELECT key FROM submissions WHERE key < ?1 ORDER BY key LIMIT ?2")?;
        let rows = statement.query_map(params![signed(key), count(limit)], |row| row.get::<_, i64>(0))?;
        rows.map(|key| key.map(unsigned)).collect()
    }

    /// The end of a submission as it is known; none: it is not in the index.
    pub(crate) fn stop_of(&self, key: u64) -> rusqlite::Result<Option<Option<Timestamp>>> {
        Ok(stop_and_outcome(&self.0, key)?.map(|(stop, _)| stop))
    }

    /// The keys of the newest that a choice lets through.
    pub(crate) fn find(&self, choice: &Choice, limit: usize) -> rusqlite::Result<Vec<u64>> {
        let (condition, mut values) = condition(choice);
        values.push(Sql::Integer(count(limit)));
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT key FROM submissions WHERE {condition} ORDER BY key DESC LIMIT ?"
        ))?;
        let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, i64>(0))?;
        rows.map(|key| key.map(unsigned)).collect()
    }

    /// The number of submissions with each outcome, of those that a choice lets through.
    pub(crate) fn counts(&self, choice: &Choice) -> rusqlite::Result<Vec<(i64, u64)>> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, unsigned(row.get(1)?)));
        if choice.words.is_empty() && choice.from.is_none() && choice.to.is_none() {
            let mut statement = self
                .0
                .prepare_cached("SELECT outcome, count FROM totals WHERE count > 0")?;
            return statement.query_map([], read)?.collect();
        }
        let (condition, values) = condition(&Choice {
            outcomes: Vec::new(),
            below: None,
            ..choice.clone()
        });
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT outcome, count(*) FROM submissions WHERE {condition} GROUP BY outcome"
        ))?;
        statement.query_map(params_from_iter(values), read)?.collect()
    }

    /// The starts, or the ends with some outcomes, in each of the minutes up to that of `now`, the earliest first.
    pub(crate) fn by_minute(
        &self,
        outcomes: Option<&[i64]>,
        now: Timestamp,
        minutes: usize,
    ) -> rusqlite::Result<Vec<u64>> {
        let last = now.div_euclid(MINUTE);
        let first = last - count(minutes) + 1;
        let mut found = vec![0; minutes];
        let mut statement = self
            .0
            .prepare_cached("SELECT minute, count FROM minutes WHERE outcome = ?1 AND minute >= ?2 AND minute <= ?3")?;
        for outcome in outcomes.unwrap_or(&[STARTED]) {
            let mut rows = statement.query((outcome, first, last))?;
            while let Some(row) = rows.next()? {
                let minute: i64 = row.get(0)?;
                if let Some(slot) = usize::try_from(minute - first).ok().and_then(|at| found.get_mut(at)) {
                    *slot += unsigned(row.get(1)?);
                }
            }
        }
        Ok(found)
    }

    /// Forgets the counts of long ago.
    pub(crate) fn forget_minutes(&self, now: Timestamp) -> rusqlite::Result<()> {
        self.0
            .prepare_cached("DELETE FROM minutes WHERE minute < ?1")?
            .execute([now.div_euclid(MINUTE) - MINUTES_KEPT])?;
        Ok(())
    }
}

fn put(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let key = signed(entry.key);
    match stop_and_outcome(connection, entry.key)? {
        Some(there) if there == (entry.stop, entry.outcome) => return Ok(()),
        Some((stop, outcome)) => {
            connection
                .prepare_cached("UPDATE submissions SET stop = ?2, outcome = ?3, text = ?4 WHERE key = ?1")?
                .execute(params![key, entry.stop, entry.outcome, entry.text])?;
            add(connection, outcome, -1)?;
            if let Some(stop) = stop {
                add_minute(connection, stop, outcome, -1)?;
            }
        }
        None => {
            connection
                .prepare_cached(
                    "INSERT INTO submissions (key, start, stop, outcome, text) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![key, entry.start, entry.stop, entry.outcome, entry.text])?;
            add_minute(connection, entry.start, STARTED, 1)?;
        }
    }
    add(connection, entry.outcome, 1)?;
    if let Some(stop) = entry.stop {
        add_minute(connection, stop, entry.outcome, 1)?;
    }
    Ok(())
}

fn stop_and_outcome(connection: &Connection, key: u64) -> rusqlite::Result<Option<(Option<Timestamp>, i64)>> {
    connection
        .prepare_cached("SELECT stop, outcome FROM submissions WHERE key = ?1")?
        .query_row([signed(key)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

fn add(connection: &Connection, outcome: i64, by: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO totals VALUES (?1, ?2) ON CONFLICT (outcome) DO UPDATE SET count = count + ?2")?
        .execute((outcome, by))?;
    Ok(())
}

fn add_minute(connection: &Connection, at: Timestamp, outcome: i64, by: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO minutes VALUES (?1, ?2, ?3) ON CONFLICT (minute, outcome) DO UPDATE SET count = count + ?3",
        )?
        .execute((at.div_euclid(MINUTE), outcome, by))?;
    Ok(())
}

/// The condition of a choice, and the values of its parameters.
fn condition(choice: &Choice) -> (String, Vec<Sql>) {
    let (mut parts, mut values) = (vec!["1".to_owned()], Vec::new());
    if !choice.outcomes.is_empty() {
        let places = vec!["?"; choice.outcomes.len()].join(", ");
        parts.push(format!("outcome IN ({places})"));
        values.extend(choice.outcomes.iter().copied().map(Sql::Integer));
    }
    let bounds = [
        ("start >= ?", choice.from),
        ("start < ?", choice.to),
        ("key < ?", choice.below.map(signed)),
    ];
    for (part, value) in bounds {
        if let Some(value) = value {
            parts.push(part.to_owned());
            values.push(Sql::Integer(value));
        }
    }
    for word in &choice.words {
        parts.push("instr(text, ?) > 0".to_owned());
        values.push(Sql::Text(word.clone()));
    }
    (parts.join(" AND "), values)
}

fn signed(key: u64) -> i64 {
    i64::try_from(key).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

    use super::*;

    fn entry(key: u64, minute: i64, outcome: i64, text: &str) -> Entry {
        Entry {
            key,
            start: minute * MINUTE,
            stop: (outcome != OPEN).then_some((minute + 1) * MINUTE),
            outcome,
            text: text.to_owned(),
        }
    }

    fn index() -> Index {
        let mut index = Index::new().unwrap();
        let entries = [
            entry(1, 10, 0, "s-1\nada\nada@b.com"),
            entry(2, 11, 0, "s-2\nbob\nbob@b.com"),
            entry(3, 11, OPEN, "s-3\nada lovelace\nx"),
            entry(4, 12, 1, "s-4\n100%\n_"),
        ];
        index.put(&entries).unwrap();
        index
    }

    #[test]
    fn a_choice_finds_the_newest_first() {
        fn check(choice: Choice, limit: usize, expected: &[u64]) {
            assert_eq!(index().find(&choice, limit).unwrap(), expected, "{choice:?}");
        }
        let all = Choice::default;
        let of = |outcomes: &[i64]| Choice {
            outcomes: outcomes.to_vec(),
            ..all()
        };
        let with = |text: &str| Choice {
            words: words(text),
            ..all()
        };
        check(all(), 10, &[4, 3, 2, 1]);
        check(all(), 2, &[4, 3]);
        let below = Choice {
            below: Some(3),
            ..all()
        };
        check(below, 10, &[2, 1]);
        check(of(&[0]), 10, &[2, 1]);
        check(of(&[OPEN, 1]), 10, &[4, 3]);
        check(with("ADA"), 10, &[3, 1]);
        check(with("ada b.com"), 10, &[1]);
        check(with("%"), 10, &[4]);
        check(with("_"), 10, &[4]);
        check(with("' OR 1"), 10, &[]);
        let minute = Choice {
            from: Some(11 * MINUTE),
            to: Some(12 * MINUTE),
            ..all()
        };
        check(minute, 10, &[3, 2]);
    }

    #[test]
    fn counts_follow_what_is_put_and_removed() {
        fn check(index: &Index, choice: Choice, expected: &[(i64, u64)]) {
            assert_eq!(index.counts(&choice).unwrap(), expected, "{choice:?}");
        }
        let mut index = index();
        check(&index, Choice::default(), &[(OPEN, 1), (0, 2), (1, 1)]);
        check(
            &index,
            Choice {
                words: words("ada"),
                ..Choice::default()
            },
            &[(OPEN, 1), (0, 1)],
        );
        // it ends, and the same is told twice
        for _ in 0..2 {
            index.put(&[entry(3, 11, 1, "s-3")]).unwrap();
        }
        check(&index, Choice::default(), &[(0, 2), (1, 2)]);
        assert_eq!(index.stop_of(3).unwrap(), Some(Some(12 * MINUTE)));
        index.remove(&[1, 99]).unwrap();
        check(&index, Choice::default(), &[(0, 1), (1, 2)]);
        assert_eq!(index.keys_below(4, 10).unwrap(), [2, 3]);
    }

    #[test]
    fn minutes_count_starts_and_ends() {
        fn check(index: &Index, outcomes: Option<&[i64]>, expected: &[u64]) {
            assert_eq!(index.by_minute(outcomes, 13 * MINUTE + 5, 4).unwrap(), expected);
        }
        let mut index = index();
        check(&index, None, &[1, 2, 1, 0]);
        check(&index, Some(&[0]), &[0, 1, 1, 0]);
        check(&index, Some(&[0, 1]), &[0, 1, 1, 1]);
        // redriven, it ended otherwise
        index.put(&[entry(4, 12, 0, "s-4")]).unwrap();
        check(&index, Some(&[1]), &[0, 0, 0, 0]);
        index.forget_minutes((MINUTES_KEPT + 12) * MINUTE).unwrap();
        check(&index, None, &[0, 0, 1, 0]);
    }
}
