use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sluice_storage::RetryBackoff;

use crate::{CreateStream, NewRecord, Observation, Observer, Streams, StreamsError, Timestamp};

fn stream(name: &str) -> CreateStream {
    CreateStream {
        name: name.to_owned(),
        shard_count: 1,
        retention_hours: 24,
    }
}

fn record() -> NewRecord {
    NewRecord {
        partition_key: "k".into(),
        explicit_hash: None,
        data: "data".into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_fails_or_panics_takes_back_its_own_work_only() {
    let directory = tempfile::tempdir().unwrap();
    let streams = Streams::new(directory.path().join("streams.sqlite"));
    streams.create_stream(stream("s"), 0).await.unwrap();
    let insert = "INSERT INTO leftovers (shard) VALUES (77)";
    let failed = streams.write::<(), _>(move |connection, _| {
        connection.execute(insert, ())?;
        Err(StreamsError::Closed.into())
    });
    let panicked = streams.write::<(), _>(move |connection, _| {
        connection.execute(insert, ())?;
        panic!("as the test wants it")
    });
    let good = streams.put("s", vec![record()], 0);
    let (failed, panicked, good) = tokio::join!(failed, panicked, good);
    assert_eq!(
        (failed, panicked),
        (Err(StreamsError::Closed), Err(StreamsError::Panicked))
    );
    assert_eq!(good.map(|put| put.len()), Ok(1));
    let left = streams.read(|connection| connection.query_row("SELECT count(*) FROM leftovers", (), |row| row.get(0)));
    assert_eq!(left.await, Ok(0_i64));
    assert_eq!(streams.put("s", vec![record()], 0).await.map(|put| put.len()), Ok(1));
}

#[tokio::test]
async fn a_file_of_a_later_release_is_refused_and_a_broken_one_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("streams.sqlite");
    let file = rusqlite::Connection::open(&path).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    drop(file);
    let refused = Streams::new(&path).create_stream(stream("s"), 0).await.unwrap_err();
    assert!(
        matches!(
            refused,
            StreamsError::Format {
                found: 99,
                known: 1,
                ..
            }
        ),
        "{refused}"
    );
    std::fs::write(&path, "this is no database, and long enough to be told from one").unwrap();
    let broken = Streams::new(&path).create_stream(stream("s"), 0).await.unwrap_err();
    assert!(broken.to_string().contains("streams.sqlite"), "{broken}");
}

#[derive(Default)]
struct Notes {
    records: AtomicU64,
    texts: Mutex<Vec<String>>,
}

impl Observer for Notes {
    fn observe(&self, at: Timestamp, observation: Observation<'_>) {
        if let Observation::RecordsPut { records, .. } = observation {
            self.records.fetch_add(records, Ordering::Relaxed);
        }
        self.texts.lock().unwrap().push(format!("{at} {observation:?}"));
    }
}

#[tokio::test]
async fn observers_are_told_what_is_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let streams = Streams::new(directory.path().join("streams.sqlite"));
    let notes = Arc::new(Notes::default());
    streams.observe(notes.clone());
    streams.create_stream(stream("s"), 0).await.unwrap();
    streams.put("s", vec![record(); 1_001], 7).await.unwrap();
    assert!(streams.put("nowhere", vec![record()], 7).await.is_err());
    assert_eq!(notes.records.load(Ordering::Relaxed), 1_000);
    let expected = [
        "7 RecordsPut { stream: \"s\", records: 1000, bytes: 5000 }",
        "7 RecordsThrottled { stream: \"s\", records: 1 }",
    ];
    assert_eq!(*notes.texts.lock().unwrap(), expected);
}

fn impatient(path: &std::path::Path) -> Streams {
    let (initial, max) = (Duration::ZERO, Duration::ZERO);
    Streams::with_retry(path, RetryBackoff { initial, max })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_with_the_disk_is_told_and_ends_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("streams.sqlite");
    let streams = impatient(&path);
    streams.create_stream(stream("s"), 0).await.unwrap();
    let beside = rusqlite::Connection::open(&path).unwrap();
    for _ in 0..2 {
        beside.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = streams.put("s", vec![record()], 0).await.unwrap_err();
        assert!(refused.to_string().contains("locked"), "{refused}");
        assert!(streams.trouble().unwrap().contains("locked"));
        beside.execute_batch("ROLLBACK").unwrap();
        // nobody asks for anything
        while streams.trouble().is_some() {
            tokio::task::yield_now().await;
        }
        assert_eq!(streams.put("s", vec![record()], 0).await.map(|put| put.len()), Ok(1));
    }
    beside
        .execute_batch("CREATE TRIGGER t BEFORE INSERT ON records BEGIN SELECT RAISE(FAIL, 'no room'); END")
        .unwrap();
    let refused = streams.put("s", vec![record()], 0).await.unwrap_err();
    assert!(refused.to_string().contains("no room"), "{refused}");
}

#[tokio::test]
async fn a_file_that_was_deleted_is_not_written_any_more() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("streams.sqlite");
    let streams = impatient(&path);
    streams.create_stream(stream("s"), 0).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    for _ in 0..2 {
        assert!(streams.put("s", vec![record()], 0).await.is_err());
    }
    assert!(streams.until_lost().await.contains("was deleted"));
    assert!(streams.trouble().unwrap().contains("was deleted"));
}

#[tokio::test]
async fn a_file_is_looked_at_before_it_is_used() {
    let directory = tempfile::tempdir().unwrap();
    let streams = Streams::new(directory.path().join("streams.sqlite"));
    let looks = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&looks);
    streams.check_on_open(Box::new(move |path| {
        assert!(path.exists());
        match counted.fetch_add(1, Ordering::Relaxed) {
            0 => Err("not yet".into()),
            _ => Ok(()),
        }
    }));
    let refused = streams.create_stream(stream("s"), 0).await.unwrap_err();
    assert!(refused.to_string().contains("not yet"), "{refused}");
    streams.create_stream(stream("s"), 0).await.unwrap();
    assert_eq!(looks.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_is_closed_has_an_empty_log_though_somebody_holds_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("streams.sqlite");
    let streams = Streams::new(&path);
    let created = streams.create_stream(stream("s"), 0).await.unwrap();
    let log = sluice_storage::sibling_path(&path, "-wal");
    assert!(std::fs::metadata(&log).unwrap().len() > 0);
    // readers keep their connections
    let read = streams.records(created.id, 0, 0, crate::RecordShare::ALL, (9, 9), 0);
    assert_eq!(read.await.unwrap().records.len(), 0);
    let held = streams.clone();
    tokio::task::spawn_blocking(move || streams.close()).await.unwrap();
    assert_eq!(std::fs::metadata(&log).map_or(0, |log| log.len()), 0);
    assert_eq!(held.put("s", vec![record()], 0).await, Err(StreamsError::Closed));
    let unopened = Streams::new(directory.path().join("other.sqlite"));
    unopened.close();
    assert_eq!(
        unopened.create_stream(stream("s"), 0).await.err(),
        Some(StreamsError::Closed)
    );
    assert!(!unopened.exists());
}
