//! The offline look at a journal, and copies of one that is written to.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use sluice_driver::{JournalReport, OpenError, RedriveExecution, StartExecution, StopExecution, check_journal};
use sluice_engine::Status;

use crate::maps::{map, token};
use crate::support::{BEGIN, World, approval, chain, execution_arn, hour, machine_arn};

fn look(directory: &Path) -> JournalReport {
    check_journal(directory).expect("it can be looked at")
}

/// A journal with executions that wait, run, have ended in each way, were redriven, and have children.
async fn all_kinds() -> World {
    let mut world = World::new();
    for (name, definition) in [
        ("chain", chain(&["A", "B"])),
        ("approval", approval()),
        ("hour", hour()),
        ("map", map()),
    ] {
        world.put(name, definition).await;
    }
    world.start("chain", "succeeds").await;
    world.task().await.succeed(json!({ "a": 1.5 }));
    world.task().await.succeed(json!("done"));
    let fails = world.start("chain", "fails").await;
    world.task().await.fail("E", "c");
    world.ended(&fails).await;
    world
        .driver
        .executions()
        .redrive(RedriveExecution {
            arn: fails.clone(),
            client_token: None,
        })
        .await
        .expect("redriven");
    let redriven = world.task().await;
    let waits = world.start("approval", "waits").await;
    token(&mut world).await;
    world.start("hour", "rests").await;
    let stopped = world.start("hour", "stopped").await;
    let stop = world.driver.executions().stop(StopExecution {
        error: Some("E".into()),
        ..StopExecution::new(&stopped)
    });
    stop.await.expect("stopped");
    let many = StartExecution::new(machine_arn("map"), json!([1, 2, 3, 4, 5])).named("many");
    world.driver.executions().start(many).await.expect("starts");
    let first = token(&mut world).await;
    token(&mut world).await;
    world.driver.tokens().succeed(&first, json!(1)).await.expect("taken");
    world.advance(Duration::from_secs(3_601)).await;
    assert_eq!(world.record(&waits).await.status, Status::Running);
    drop(redriven);
    world.settled().await;
    world
}

#[tokio::test]
async fn every_column_is_what_the_log_says() {
    let world = all_kinds().await;
    let directory = world.directory.clone();
    let report = look(directory.path());
    assert_eq!(report.findings, [], "while it runs");
    assert_eq!(report.identity.as_deref(), Some(world.driver.identity()));
    assert_eq!(report.executions, 6);
    assert!(
        report.facts > 15 && report.used && report.marked.is_empty(),
        "{report:?}"
    );
    world.driver.close().await.expect("closes");
    assert_eq!(look(directory.path()), report, "when it is closed");
}

#[tokio::test]
async fn what_a_log_contradicts_is_named() {
    let check = async |harm: &str, about: &str, words: &str| {
        let world = all_kinds().await;
        let directory = world.directory.clone();
        drop(world);
        let file = Connection::open(directory.path().join("journal.sqlite")).expect("opens");
        file.execute_batch(harm).expect("harmed");
        let findings = look(directory.path()).findings;
        assert!(
            findings
                .iter()
                .any(|finding| finding.about == about && finding.problem.contains(words)),
            "{harm}: {findings:?}"
        );
    };
    let [fails, succeeds] = ["fails", "succeeds"].map(|name| execution_arn("chain", name));
    let (many, waits) = (execution_arn("map", "many"), execution_arn("approval", "waits"));
    let of = |column: &str, value: &str, name: &str| {
        format!("UPDATE executions SET {column} = {value} WHERE name = '{name}'")
    };
    check(
        &of("status", "2", "succeeds"),
        &succeeds,
        "its column status is 2, its log says 1",
    )
    .await;
    check(&of("outcome", "NULL", "succeeds"), &succeeds, "outcome").await;
    check(&of("wake_at", "7", "waits"), &waits, "wake_at is Some(7)").await;
    check(&of("redrive_count", "0", "fails"), &fails, "redrive_count").await;
    check(&of("in_flight", "1", "succeeds"), &succeeds, "in_flight is true").await;
    let first = "(SELECT key FROM executions WHERE name = 'succeeds')";
    check(
        &format!("DELETE FROM facts WHERE seq = 0 AND execution = {first}"),
        &succeeds,
        "must be Started",
    )
    .await;
    check("DELETE FROM facts WHERE seq = 1", "facts", "logs have gaps").await;
    check(
        "DELETE FROM executions WHERE name = 'fails'",
        "facts",
        "1 logs belong to no",
    )
    .await;
    check(
        "UPDATE children SET status = 4 WHERE number = 1",
        &many,
        "the row of its child",
    )
    .await;
    check("DELETE FROM children WHERE number = 1", &many, "has no row").await;
    check("UPDATE map_runs SET report = NULL", &many, "without its figures").await;
    let mails = r#"INSERT INTO store VALUES ('mail', 'one', '{"a":'), ('mail', 'two', '2')"#;
    check(mails, "mail one", "cannot be read").await;
    check(
        "UPDATE definitions SET text = '{}' WHERE id = 1",
        "definition number 1",
        "StartAt",
    )
    .await;
}

#[tokio::test]
async fn a_journal_of_an_older_release_is_looked_at_as_it_will_be() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal.sqlite");
    let none = check_journal(directory.path());
    assert!(matches!(none, Err(OpenError::Journal { .. })), "{none:?}");
    let file = Connection::open(&path).expect("opens");
    file.pragma_update(None, "user_version", 99).expect("later");
    let later = check_journal(directory.path());
    assert!(matches!(later, Err(OpenError::NewerFormat { .. })), "{later:?}");
    file.pragma_update(None, "user_version", 0).expect("older");
    assert_eq!(look(directory.path()), JournalReport::default());
    let version: i64 = file
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .expect("version");
    assert_eq!(version, 0, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_under_traffic_is_whole_and_has_what_was_acknowledged() {
    let world = World::new();
    world.put("hour", hour()).await;
    let mut writers = Vec::new();
    let (acknowledged, mut heard) = tokio::sync::mpsc::unbounded_channel();
    for writer in 0..4 {
        let (driver, acknowledged) = (world.driver.clone(), acknowledged.clone());
        writers.push(tokio::spawn(async move {
            for number in 0.. {
                let request =
                    StartExecution::new(machine_arn("hour"), json!(number)).named(format!("{writer}-{number}"));
                let started = driver.executions().start(request).await.expect("starts");
                if acknowledged.send(started.arn).is_err() {
                    return;
                }
            }
        }));
    }
    let mut before = Vec::new();
    let copy = Arc::new(tempfile::tempdir().expect("a directory"));
    while before.len() < 50 {
        before.push(heard.recv().await.expect("traffic"));
    }
    let (from, to) = (world.directory.path().to_owned(), copy.path().to_owned());
    let copied = tokio::task::spawn_blocking(move || {
        let snapshots = sluice_storage::Snapshots::take(&[from.join("journal.sqlite")])?;
        snapshots.copy(|_| to.join("journal.sqlite"))
    });
    copied.await.expect("ends").expect("copied");
    drop(heard);
    drop(acknowledged);
    for writer in writers {
        writer.await.expect("ends");
    }
    let report = look(copy.path());
    assert_eq!(report.findings, []);
    assert_eq!(report.identity.as_deref(), Some(world.driver.identity()));
    let restored = World::on(copy, BEGIN);
    for arn in before {
        assert_eq!(restored.record(&arn).await.status, Status::Running);
    }
}
