//! The small store for the rest of the cloud: values by kind and key.

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

use super::codec;
use crate::{DriverError, Order};

/// Writes a value over what is there.
pub(crate) fn put(connection: &Connection, kind: &str, key: &str, value: &Value) -> Result<(), DriverError> {
    let value = codec::encode(value)?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO store (kind, key, value) VALUES (?1, ?2, ?3)")?
        .execute((kind, key, value))?;
    Ok(())
}

/// Writes a value if the key is free; answers whether it was.
pub(crate) fn put_if_absent(
    connection: &Connection,
    kind: &str,
    key: &str,
    value: &Value,
) -> Result<bool, DriverError> {
    let value = codec::encode(value)?;
    let written = connection
        .prepare_cached("INSERT OR IGNORE INTO store (kind, key, value) VALUES (?1, ?2, ?3)")?
        .execute((kind, key, value))?;
    Ok(written == 1)
}

/// Removes a value; answers whether it was there.
pub(crate) fn remove(connection: &Connection, kind: &str, key: &str) -> Result<bool, DriverError> {
    let removed = connection
        .prepare_cached("DELETE FROM store WHERE kind = ?1 AND key = ?2")?
        .execute((kind, key))?;
    Ok(removed == 1)
}

/// Removes at most `limit` values of a kind whose keys come before `below`; answers how many.
pub(crate) fn remove_below(
    connection: &Connection,
    kind: &str,
    below: &str,
    limit: usize,
) -> Result<usize, DriverError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let removed = connection
        .prepare_cached(
            "DELETE FROM store WHERE kind = ?1 AND key IN
                 (SELECT key FROM store WHERE kind = ?1 AND key < ?2 ORDER BY key LIMIT ?3)",
        )?
        .execute((kind, below, limit))?;
    Ok(removed)
}

/// The value of a key.
pub(crate) fn get(connection: &Connection, kind: &str, key: &str) -> Result<Option<Value>, DriverError> {
    let text: Option<String> = connection
        .prepare_cached("SELECT value FROM store WHERE kind = ?1 AND key = ?2")?
        .query_row((kind, key), |row| row.get(0))
        .optional()?;
    text.map(|text| codec::decode(&text, 0)).transpose()
}

/// Returns true if a key has a value.
pub(crate) fn contains(connection: &Connection, kind: &str, key: &str) -> Result<bool, DriverError> {
    let found = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM store WHERE kind = ?1 AND key = ?2)")?
        .query_row((kind, key), |row| row.get(0))?;
    Ok(found)
}

/// Returns true if a kind has a key that begins with `prefix`.
pub(crate) fn any(connection: &Connection, kind: &str, prefix: &str) -> Result<bool, DriverError> {
    let first: Option<String> = connection
        .prepare_cached("SELECT key FROM store WHERE kind = ?1 AND key >= ?2 ORDER BY key LIMIT 1")?
        .query_row((kind, prefix), |row| row.get(0))
        .optional()?;
    Ok(first.is_some_and(|key| key.starts_with(prefix)))
}

/// The keys of a kind that begin with `prefix`, in order.
pub(crate) fn keys(connection: &Connection, kind: &str, prefix: &str) -> Result<Vec<String>, DriverError> {
    let mut statement =
        connection.prepare_cached("SELECT key FROM store WHERE kind = ?1 AND key >= ?2 ORDER BY key")?;
    let mut rows = statement.query((kind, prefix))?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        if !key.starts_with(prefix) {
            break;
        }
        keys.push(key);
    }
    Ok(keys)
}

/// At most `limit` values of a kind in the order of their keys, from behind `after`.
pub(crate) fn scan(
    connection: &Connection,
    kind: &str,
    order: Order,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, Value)>, DriverError> {
    let sql = match (order, after) {
        (Order::Ascending, None) => "SELECT key, value FROM store WHERE kind = ?1 AND ?2 IS NULL ORDER BY key LIMIT ?3",
        (Order::Ascending, Some(_)) => {
            "SELECT key, value FROM store WHERE kind = ?1 AND key > ?2 ORDER BY key LIMIT ?3"
        }
        (Order::Descending, None) => {
            "SELECT key, value FROM store WHERE kind = ?1 AND ?2 IS NULL ORDER BY key DESC LIMIT ?3"
        }
        (Order::Descending, Some(_)) => {
            "SELECT key, value FROM store WHERE kind = ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3"
        }
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((kind, after, limit), read)?;
    let mut values = Vec::new();
    for row in rows {
        let (key, text) = row?;
        match codec::decode(&text, 0) {
            Ok(value) => values.push((key, value)),
            // it costs itself, not its list
            Err(error) => {
                let file = connection.path().unwrap_or_default();
                tracing::error!(file, kind, key, %error, "a value cannot be read: it is left out");
            }
        }
    }
    Ok(values)
}

/// The values that cannot be read, by kind and key.
pub(crate) fn unreadable(connection: &Connection) -> Result<Vec<(String, String)>, DriverError> {
    let mut statement = connection.prepare("SELECT kind, key, value FROM store ORDER BY kind, key")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = row.get_ref(2)?.as_str().ok();
        if text.is_none_or(|text| codec::decode::<Value>(text, 0).is_err()) {
            found.push((row.get(0)?, row.get(1)?));
        }
    }
    Ok(found)
}
