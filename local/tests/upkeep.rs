//! Tests of the data directory: missing or damaged files are reported, and copies are whole.

mod support;

use std::path::Path;
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use support::{Sluice, until};

/// Runs `sluice COMMAND ARGUMENTS` and returns its output.
fn run(command: &str, arguments: &[&Path]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = support::program().arg(command).args(arguments).output().expect("runs");
    let text = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    (status.code(), text.concat())
}

fn check_is_whole(directory: &Path) {
    let (code, text) = run("check", &[directory]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(": whole; "), "{text}");
}

/// A submission; the id and status, if it was taken in.
fn submit(sluice: &support::Aws, url: &str, email: &str, pincode: &str) -> Option<(String, String)> {
    let body = json!({ "user_name": "Upkeep", "email": email, "pincode": pincode }).to_string();
    let request = sluice.agent().put(url).header("content-type", "application/json");
    let mut answer = request.header("prefer", "wait=20").send(body).ok()?;
    let taken = [201, 202].contains(&answer.status().as_u16());
    let body: Value = serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()?;
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    taken.then(|| Some((text("id")?, text("status")?))).flatten()
}

#[test]
fn a_backup_under_traffic_has_all_that_was_acknowledged() {
    let sluice = Sluice::started();
    let (url, over) = (sluice.output("FunctionURLAPI"), AtomicBool::new(false));
    let taken = Mutex::new(Vec::new());
    let backups = tempfile::tempdir().expect("a directory");
    let to = backups.path().join("copy");
    let count = || taken.lock().expect("not poisoned").len();
    let mut before = Vec::new();
    std::thread::scope(|scope| {
        for client in 0..4 {
            let (url, taken, over, endpoint) = (&url, &taken, &over, sluice.endpoint());
            scope.spawn(move || {
                let aws = support::Aws::new(endpoint);
                for n in 0.. {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let pincode = if n % 3 == 0 { "bad" } else { "1234" };
                    let email = format!("c{client}n{n}@example.com");
                    let answer = submit(&aws, url, &email, pincode);
                    taken.lock().expect("not poisoned").extend(answer);
                }
            });
        }
        until("submissions", || (count() >= 20).then_some(()));
        before.clone_from(&taken.lock().expect("not poisoned"));
        let (code, text) = run("backup", &[sluice.data(), &to]);
        let during = count();
        until("traffic goes on", || (count() > during).then_some(()));
        over.store(true, Ordering::SeqCst);
        assert_eq!(code, Some(0), "{text}");
    });
    let (code, text) = run("backup", &[sluice.data(), &to]);
    assert!(code == Some(1) && text.contains("exists already"), "{text}");
    let (code, text) = run("check", &[sluice.data()]);
    assert!(
        code == Some(2) && text.contains("in use by another sluice (process "),
        "{text}"
    );
    let files: Vec<_> = std::fs::read_dir(&to)
        .expect("there")
        .map(|file| file.expect("a file").file_name())
        .collect();
    assert_eq!(files.len(), 3, "{files:?}");
    check_is_whole(&to);

    drop(sluice);
    let restored = tempfile::tempdir().expect("a directory");
    std::fs::remove_dir(restored.path()).expect("empty");
    std::fs::rename(&to, restored.path()).expect("restored");
    let mut sluice = Sluice::on(restored, &[]);
    sluice.start();
    let (aws, url) = (sluice.aws(), sluice.output("FunctionURLAPI"));
    for (id, status) in &before {
        until("it stands as it was told", || {
            let now = aws.json(&format!("{url}submissions/{id}"));
            (now["status"] == **status).then_some(())
        });
    }
    let more = submit(&aws, &url, "after@example.com", "1234").expect("taken in");
    assert_eq!(more.1, "ingested");
    stop_cleanly(&mut sluice);
    check_is_whole(sluice.data());
}

/// Stops cleanly, after which nothing of a database is in its log: each file is whole by itself.
fn stop_cleanly(sluice: &mut Sluice) {
    assert!(sluice.stop().success());
    for entry in std::fs::read_dir(sluice.data()).expect("there") {
        let entry = entry.expect("a file");
        let name = entry.file_name().to_string_lossy().into_owned();
        let size = entry.metadata().expect("there").len();
        assert!(!name.ends_with("-wal") || size == 0, "{name} has {size} bytes");
    }
}

/// A directory that sluice has been stopped on.
fn stopped() -> Sluice {
    let mut sluice = Sluice::started();
    stop_cleanly(&mut sluice);
    sluice
}

#[test]
fn a_clean_stop_leaves_nothing_in_a_log() {
    let mut sluice = Sluice::started();
    let (aws, url) = (sluice.aws(), sluice.output("FunctionURLAPI"));
    submit(&aws, &url, "logs@example.com", "1234").expect("taken in");
    // the file of streams and queues is made by the first of them
    aws.call("AmazonSQS.CreateQueue", &json!({ "QueueName": "logs" }))
        .expect("created");
    for name in ["journal", "dynamodb", "streams", "metrics"] {
        let log = sluice.data().join(format!("{name}.sqlite-wal"));
        until("it is written", || {
            std::fs::metadata(&log).is_ok_and(|log| log.len() > 0).then_some(())
        });
    }
    stop_cleanly(&mut sluice);
    check_is_whole(sluice.data());
    sluice.start();
    let queues = sluice.aws().call("AmazonSQS.ListQueues", &json!({})).expect("listed");
    assert!(
        queues["QueueUrls"][0]
            .as_str()
            .is_some_and(|url| url.ends_with("/logs")),
        "{queues}"
    );
    stop_cleanly(&mut sluice);
}

#[test]
fn a_database_that_is_missing_empty_or_foreign_is_named() {
    let (sluice, other) = (stopped(), stopped());
    let file = |name: &str| sluice.data().join(name);
    let check = |name: &str, harm: &dyn Fn(&Path), words: &str| {
        let before = std::fs::read(file(name)).expect("there");
        harm(&file(name));
        let done = sluice.command().output().expect("runs");
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{name}: {text}");
        assert!(text.contains(name) && text.contains(words), "{name}: {text}");
        let (code, found) = run("check", &[sluice.data()]);
        assert_eq!(code, Some(1), "{found}");
        assert!(found.contains(name), "{found}");
        std::fs::write(file(name), before).expect("put back");
    };
    for name in ["journal.sqlite", "dynamodb.sqlite"] {
        check(
            name,
            &|path| std::fs::remove_file(path).expect("removed"),
            "missing or empty",
        );
        check(
            name,
            &|path| std::fs::write(path, "").expect("emptied"),
            "missing or empty",
        );
        check(
            name,
            &|path| std::fs::write(path, "text".repeat(2_000)).expect("written"),
            "not a database",
        );
    }
    let foreign = |path: &Path| {
        let from = other.data().join(path.file_name().expect("a name"));
        std::fs::copy(from, path).expect("copied");
    };
    check("dynamodb.sqlite", &foreign, "of the directory");
    check_is_whole(sluice.data());
    foreign(&file("metrics.sqlite"));
    let mut sluice = sluice;
    sluice.start();
    stop_cleanly(&mut sluice);
    let aside = std::fs::read_dir(sluice.data()).expect("there").filter(|file| {
        let name = file.as_ref().expect("a file").file_name();
        let name = name.to_string_lossy();
        // its log, if it has one, lies beside it
        name.starts_with("metrics.sqlite.broken-") && !name.contains("-wal") && !name.contains("-shm")
    });
    assert_eq!(aside.count(), 1, "metrics are no reason to stop");
    check_is_whole(sluice.data());
}

#[test]
fn a_directory_that_is_deleted_ends_the_process() {
    let mut sluice = Sluice::started();
    let (aws, url) = (sluice.aws(), sluice.output("FunctionURLAPI"));
    submit(&aws, &url, "before@example.com", "1234").expect("taken in");
    for entry in std::fs::read_dir(sluice.data()).expect("there") {
        let path = entry.expect("a file").path();
        if path.is_file() {
            std::fs::remove_file(path).expect("removed");
        }
    }
    assert_eq!(
        submit(&aws, &url, "after@example.com", "1234"),
        None,
        "nothing is promised"
    );
    assert_eq!(sluice.ended().code(), Some(74));
}
