//! Metrics on disk: one SQLite file with a row for each minute of each metric.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sluice_metrics::{Distribution, MetricId, Point, SeriesKey, Sketch, Timestamp, Unit, Window};
use sluice_storage::identity::{self, Ownership};
use sluice_storage::{Fault, Schema, SchemaError};

/// The most metrics on disk, counted by unit.
const MAX_SERIES: i64 = 10_000;

/// The steps from each format of the file to the next.
const SCHEMA: Schema = Schema::new(&[FORMAT_1]);

const FORMAT_1: &str = "
CREATE TABLE series (
    id         INTEGER PRIMARY KEY,
    namespace  TEXT NOT NULL,
    name       TEXT NOT NULL,
    -- a JSON array of [name, value], sorted
    dimensions TEXT NOT NULL,
    unit       TEXT NOT NULL,
    -- the latest minute
    last       INTEGER NOT NULL,
    UNIQUE (namespace, name, dimensions, unit)
) STRICT;

CREATE TABLE points (
    series       INTEGER NOT NULL,
    minute       INTEGER NOT NULL,
    count        REAL NOT NULL,
    sum          REAL NOT NULL,
    min          REAL NOT NULL,
    max          REAL NOT NULL,
    -- a sketch; absent when the values are not known
    distribution BLOB,
    PRIMARY KEY (series, minute)
) STRICT, WITHOUT ROWID;
";

/// The file, opened.
pub(crate) struct Store {
    connection: Connection,
    /// The rows of `series` that this process has written to.
    ids: HashMap<Arc<SeriesKey>, i64>,
}

/// The reason why the file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("it has format {0}, which a later release wrote")]
    Later(i64),
}

impl From<SchemaError> for OpenError {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::NewerFormat { found, .. } => Self::Later(found),
            SchemaError::Sqlite(error) => Self::Sqlite(error),
        }
    }
}

impl OpenError {
    /// Tells whether the file is no file of metrics, or not whole.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Sqlite(error) if sluice_storage::classify(error) == Fault::Permanent)
    }
}

/// A minute of a metric that is to be kept.
pub(crate) struct Kept {
    pub(crate) key: Arc<SeriesKey>,
    pub(crate) minute: Timestamp,
    pub(crate) point: Point,
}

/// The metrics that a list is to hold.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    /// Names, with values where one is wanted.
    pub(crate) dimensions: Vec<(String, Option<String>)>,
    /// Only metrics with points since then.
    pub(crate) since: Timestamp,
    /// Only metrics after this one.
    pub(crate) after: Option<MetricId>,
}

impl Store {
    /// Opens the file, or makes it, for the data directory with this identity.
    pub(crate) fn open(path: &Path, identity: Option<&str>) -> Result<Self, OpenError> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(1))?;
        // before anything is changed: a file of a later release stays as it is
        SCHEMA.found(&connection)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // metrics are not promises: a power cut may take the last minutes
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "cache_size", -256)?;
        connection.pragma_update(None, "journal_size_limit", 4 * 1024 * 1024)?;
        SCHEMA.migrate(&mut connection)?;
        if let Some(identity) = identity
            && identity::read_from(&connection)? == Ownership::Unmarked
        {
            identity::write(&connection, identity)?;
        }
        Ok(Self {
            connection,
            ids: HashMap::new(),
        })
    }

    /// Adds points to what is there, in one transaction. Answers how many were left out because there are too many metrics.
    pub(crate) fn write(&mut self, points: &[Kept]) -> rusqlite::Result<usize> {
        let written = self.try_write(points);
        if written.is_err() {
            // a row of `series` that was rolled back has no number
            self.ids.clear();
        }
        written
    }

    fn try_write(&mut self, points: &[Kept]) -> rusqlite::Result<usize> {
        let transaction = self.connection.unchecked_transaction()?;
        let mut left_out = 0;
        for kept in points {
            let Some(id) = id_of(&transaction, &mut self.ids, &kept.key)? else {
                left_out += 1;
                continue;
            };
            let mut point = kept.point.clone();
            let there = transaction
                .prepare_cached(
                    "SELECT count, sum, min, max, distribution FROM points WHERE series = ?1 AND minute = ?2",
                )?
                .query_row(params![id, kept.minute], |row| point_of(row, 0))
                .optional()?;
            if let Some(there) = there {
                point.merge(&there);
            }
            let distribution = match &point.distribution {
                Distribution::Known(sketch) => Some(sketch.encode()),
                Distribution::Unknown => None,
            };
            transaction
                .prepare_cached("INSERT OR REPLACE INTO points VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
                .execute(params![
                    id,
                    kept.minute,
                    point.count,
                    point.sum,
                    point.min,
                    point.max,
                    distribution
                ])?;
            transaction
                .prepare_cached("UPDATE series SET last = ?2 WHERE id = ?1 AND last < ?2")?
                .execute(params![id, kept.minute])?;
        }
        transaction.commit().map(|()| left_out)
    }

    /// The minutes of a metric within a window, the earliest first, in one unit or in all: then each unit on its own.
    pub(crate) fn minutes(
        &self,
        metric: &MetricId,
        unit: Option<Unit>,
        window: &Window,
    ) -> rusqlite::Result<Vec<(Timestamp, Unit, Point)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count, sum, min, max, distribution, minute, unit FROM points JOIN series ON id = series
             WHERE namespace = ?1 AND name = ?2 AND dimensions = ?3 AND (?4 IS NULL OR unit = ?4)
               AND minute >= ?5 AND minute < ?6
             ORDER BY minute, unit",
        )?;
        let unit = unit.map(Unit::as_str);
        let dimensions = dimensions_text(metric);
        let key = params![
            metric.namespace(),
            metric.name(),
            dimensions,
            unit,
            window.start,
            window.end
        ];
        let rows = statement.query_map(key, |row| {
            let unit: String = row.get(6)?;
            Ok((row.get(5)?, Unit::parse(&unit).unwrap_or(Unit::None), point_of(row, 0)?))
        })?;
        rows.collect()
    }

    /// The metrics that a filter lets through, in a fixed order, at most `limit`.
    pub(crate) fn list(&self, filter: &Filter, limit: usize) -> rusqlite::Result<Vec<MetricId>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT namespace, name, dimensions FROM series
             WHERE (?1 IS NULL OR namespace = ?1) AND (?2 IS NULL OR name = ?2) AND last >= ?3
               AND (?4 IS NULL OR (namespace, name, dimensions) > (?4, ?5, ?6))
             GROUP BY namespace, name, dimensions ORDER BY namespace, name, dimensions",
        )?;
        let after = filter.after.as_ref();
        let mut rows = statement.query(params![
            filter.namespace,
            filter.name,
            filter.since,
            after.map(MetricId::namespace),
            after.map(MetricId::name),
            after.map(dimensions_text),
        ])?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let metric = metric_of(row)?;
            let mut wanted = filter.dimensions.iter();
            if wanted.all(|(name, value)| metric.has_dimension(name, value.as_deref())) {
                found.push(metric);
            }
        }
        Ok(found)
    }

    /// Deletes what is older. Answers how many points that were.
    pub(crate) fn expire(&mut self, before: Timestamp) -> rusqlite::Result<usize> {
        let transaction = self.connection.unchecked_transaction()?;
        // by series, since the points lie in their order
        let deleted = transaction.execute(
            "DELETE FROM points WHERE (series, minute) IN
               (SELECT series, minute FROM series AS s JOIN points ON series = s.id WHERE minute < ?1)",
            [before],
        )?;
        transaction.execute("DELETE FROM series WHERE last < ?1", [before])?;
        transaction.commit()?;
        self.ids.clear();
        Ok(deleted)
    }
}

/// The number of a metric's row, which is made if there may be one more.
fn id_of(
    connection: &Connection,
    known: &mut HashMap<Arc<SeriesKey>, i64>,
    key: &Arc<SeriesKey>,
) -> rusqlite::Result<Option<i64>> {
    if let Some(id) = known.get(key) {
        return Ok(Some(*id));
    }
    let dimensions = dimensions_text(&key.metric);
    let named = params![key.metric.namespace(), key.metric.name(), dimensions, key.unit.as_str()];
    let there = connection
        .prepare_cached("SELECT id FROM series WHERE namespace = ?1 AND name = ?2 AND dimensions = ?3 AND unit = ?4")?
        .query_row(named, |row| row.get(0))
        .optional()?;
    let id = match there {
        Some(id) => id,
        None => {
            let made = connection
                .prepare_cached(
                    "INSERT INTO series (namespace, name, dimensions, unit, last)
                     SELECT ?1, ?2, ?3, ?4, 0 WHERE (SELECT count(*) FROM series) < ?5",
                )?
                .execute(params![
                    key.metric.namespace(),
                    key.metric.name(),
                    dimensions,
                    key.unit.as_str(),
                    MAX_SERIES
                ])?;
            if made == 0 {
                return Ok(None);
            }
            connection.last_insert_rowid()
        }
    };
    known.insert(Arc::clone(key), id);
    Ok(Some(id))
}

fn dimensions_text(metric: &MetricId) -> String {
    let pairs = metric
        .dimensions()
        .iter()
        .map(|one| serde_json::json!([&*one.name, &*one.value]));
    serde_json::Value::Array(pairs.collect()).to_string()
}

fn metric_of(row: &Row<'_>) -> rusqlite::Result<MetricId> {
    let (namespace, name, dimensions): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    // only this process writes the file; a text that is no list of pairs has no dimensions
    let pairs: Vec<(String, String)> = serde_json::from_str(&dimensions).unwrap_or_default();
    Ok(MetricId::new(&namespace, &name, pairs))
}

fn point_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Point> {
    let distribution: Option<Vec<u8>> = row.get(first + 4)?;
    let sketch = distribution.and_then(|bytes| Sketch::decode(&bytes));
    Ok(Point {
        count: row.get(first)?,
        sum: row.get(first + 1)?,
        min: row.get(first + 2)?,
        max: row.get(first + 3)?,
        distribution: sketch.map_or(Distribution::Unknown, Distribution::Known),
    })
}

#[cfg(test)]
mod tests {
    use sluice_metrics::MINUTE;

    use super::*;

    fn key(name: &str, unit: Unit) -> Arc<SeriesKey> {
        Arc::new(SeriesKey {
            metric: MetricId::new("N", name, [("d", "v \"quoted\"")]),
            unit,
        })
    }

    fn kept(name: &str, unit: Unit, minute: i64, value: f64) -> Kept {
        Kept {
            key: key(name, unit),
            minute: minute * MINUTE,
            point: Point::of(value, 1.0),
        }
    }

    fn window(minutes: i64) -> Window {
        Window::new(0, minutes * MINUTE, 60, 0)
    }

    fn sums(store: &Store, name: &str, unit: Option<Unit>) -> Vec<(i64, Unit, f64)> {
        let rows = store
            .minutes(&key(name, Unit::None).metric, unit, &window(100))
            .unwrap();
        rows.into_iter()
            .map(|(at, unit, point)| (at / MINUTE, unit, point.sum))
            .collect()
    }

    #[test]
    fn what_is_written_again_adds_up_and_outlives_the_process() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("metrics.sqlite");
        let mut store = Store::open(&path, None).unwrap();
        let first = [
            kept("a", Unit::Count, 1, 1.0),
            kept("a", Unit::None, 1, 5.0),
            kept("a", Unit::Count, 2, 2.0),
        ];
        assert_eq!(store.write(&first).unwrap(), 0);
        drop(store);
        let mut store = Store::open(&path, None).unwrap();
        store.write(&[kept("a", Unit::Count, 2, 7.0)]).unwrap();
        assert_eq!(
            sums(&store, "a", None),
            [(1, Unit::Count, 1.0), (1, Unit::None, 5.0), (2, Unit::Count, 9.0)]
        );
        assert_eq!(sums(&store, "a", Some(Unit::None)), [(1, Unit::None, 5.0)]);
        let (_, _, point) = store
            .minutes(&key("a", Unit::Count).metric, None, &window(3))
            .unwrap()
            .pop()
            .unwrap();
        assert_eq!((point.count, point.min, point.max), (2.0, 2.0, 7.0));
        assert!(matches!(point.distribution, Distribution::Known(sketch) if sketch.count() == 2.0));
    }

    #[test]
    fn lists_are_filtered_and_go_on_after_a_metric() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(&directory.path().join("m"), None).unwrap();
        let all: Vec<Kept> = ["a", "b", "c"]
            .iter()
            .map(|name| kept(name, Unit::Count, 5, 1.0))
            .collect();
        store.write(&all).unwrap();
        store.write(&[kept("a", Unit::None, 9, 1.0)]).unwrap();
        let names = |filter: Filter, limit| -> Vec<String> {
            let found = store.list(&filter, limit).unwrap();
            found.iter().map(|metric| metric.name().to_owned()).collect()
        };
        assert_eq!(names(Filter::default(), 9), ["a", "b", "c"]);
        assert_eq!(names(Filter::default(), 2), ["a", "b"]);
        let after = Some(key("a", Unit::None).metric.clone());
        assert_eq!(
            names(
                Filter {
                    after,
                    ..Filter::default()
                },
                9
            ),
            ["b", "c"]
        );
        let since = 6 * MINUTE;
        assert_eq!(
            names(
                Filter {
                    since,
                    ..Filter::default()
                },
                9
            ),
            ["a"]
        );
        let name = Some("b".to_owned());
        assert_eq!(
            names(
                Filter {
                    name,
                    ..Filter::default()
                },
                9
            ),
            ["b"]
        );
        for (dimension, expected) in [("d", 3), ("x", 0)] {
            let dimensions = vec![(dimension.to_owned(), None)];
            assert_eq!(
                names(
                    Filter {
                        dimensions,
                        ..Filter::default()
                    },
                    9
                )
                .len(),
                expected
            );
        }
    }

    #[test]
    fn what_is_old_goes() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(&directory.path().join("m"), None).unwrap();
        store
            .write(&[
                kept("old", Unit::Count, 1, 1.0),
                kept("a", Unit::Count, 1, 1.0),
                kept("a", Unit::Count, 3, 1.0),
            ])
            .unwrap();
        assert_eq!(store.expire(2 * MINUTE).unwrap(), 2);
        assert_eq!(sums(&store, "a", None), [(3, Unit::Count, 1.0)]);
        assert_eq!(store.list(&Filter::default(), 9).unwrap().len(), 1);
        store.write(&[kept("old", Unit::Count, 4, 2.0)]).unwrap();
        assert_eq!(sums(&store, "old", None), [(4, Unit::Count, 2.0)]);
    }

    #[test]
    fn a_file_that_is_none_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("m");
        std::fs::write(
            &path,
            "not a database, but long enough to be looked at as one".repeat(100),
        )
        .unwrap();
        assert!(Store::open(&path, None).is_err());
        let later = directory.path().join("later");
        drop(Store::open(&later, None).unwrap());
        Connection::open(&later)
            .unwrap()
            .pragma_update(None, "user_version", 2)
            .unwrap();
        assert!(matches!(Store::open(&later, None), Err(OpenError::Later(2))));
    }
}
