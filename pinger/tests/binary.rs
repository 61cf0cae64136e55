//! The program itself: what it prints, and its exit status.

mod support;

use std::process::Stdio;

use serde_json::Value;
use support::{Server, always};
use tokio::process::Command;
use tokio::sync::mpsc;

fn pinger() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinger"));
    command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Exit status, standard output, standard error.
async fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let done = command.output().await.expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (done.status.code(), text(done.stdout), text(done.stderr))
}

#[tokio::test]
async fn variables_are_options() {
    let server = always(202).await;
    let (status, out, err) = run(pinger()
        .env("PINGER_URL", server.url())
        .env("PINGER_COUNT", "5")
        .env("PINGER_RATE", "1000")
        .env("PINGER_SEED", "11")
        .env("PINGER_JSON", "true")
        .env("PINGER_RESPOND_ASYNC", "1")
        // as a template sets those for which it has no value
        .env("PINGER_STREAM", "")
        .env("PINGER_DURATION", "")
        .env("PINGER_QUIET", ""))
    .await;
    assert_eq!((status, err.as_str()), (Some(0), ""));
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(summary["outcomes"]["202"], 5, "{out}");
    assert_eq!(
        (&summary["seed"], &summary["target"]),
        (&11.into(), &server.url().into())
    );
    assert!(
        server
            .requests()
            .iter()
            .all(|asked| asked.header("prefer") == Some("respond-async"))
    );
}

#[tokio::test]
async fn the_command_line_counts_before_the_variables() {
    let server = always(201).await;
    let (status, out, _) = run(pinger()
        .args(["--url", &server.url(), "--count", "1"])
        .env("PINGER_STREAM", "load")
        .env("PINGER_COUNT", "5"))
    .await;
    assert_eq!(status, Some(0));
    assert!(out.contains("submissions   1 started, 1 answered, 0 failed"), "{out}");
}

#[tokio::test]
async fn one_line_says_what_is_wrong() {
    let gone = always(201).await;
    gone.task.abort();
    let refused = gone.url();
    assert!(gone.task.await.unwrap_err().is_cancelled());
    for (arguments, code, part) in [
        (vec!["--url", refused.as_str()], 1, "Connection refused"),
        (vec!["--stream", "load"], 1, "no region; set AWS_REGION"),
        (vec!["--url", "http://h", "--rate", "x"], 2, "a rate is a number"),
        (vec![], 2, "no target"),
    ] {
        let (status, out, err) = run(pinger().args(&arguments).env("AWS_EC2_METADATA_DISABLED", "true")).await;
        assert_eq!((status, out.as_str()), (Some(code), ""), "{arguments:?}: {err}");
        let first = err.lines().next().unwrap_or_default();
        assert!(first.contains(part), "{arguments:?}: {err:?} lacks {part:?}");
        assert!(code == 2 || err.lines().count() == 1, "{err:?}");
    }
}

#[tokio::test]
async fn nothing_but_errors_is_a_failure() {
    let server = Server::start(|_, _| async { None }).await;
    let (status, out, err) = run(pinger().args(["--url", &server.url(), "--count", "3", "--rate", "1000"])).await;
    assert_eq!(status, Some(1), "{err}");
    assert!(out.contains("connection_lost"), "{out}");
    assert!(err.contains("nothing but errors came back"), "{err}");
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_and_ctrl_c_end_it_with_its_summary() {
    for signal in ["TERM", "INT"] {
        let (arrived, mut arrivals) = mpsc::unbounded_channel();
        let server = Server::start(move |number, _| {
            let _ = arrived.send(number);
            async { Some((201, String::new())) }
        })
        .await;
        let child = pinger()
            .args(["--url", &server.url(), "--rate", "100"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("runs");
        while arrivals.recv().await < Some(3) {}
        let id = child.id().expect("runs").to_string();
        let sent = Command::new("kill")
            .args(["-s", signal, &id])
            .status()
            .await
            .expect("kill");
        assert!(sent.success());
        let done = child.wait_with_output().await.expect("ends");
        let out = String::from_utf8_lossy(&done.stdout);
        assert_eq!(done.status.code(), Some(0), "{out}");
        assert!(out.contains("ended by a signal") && out.contains("latency"), "{out}");
    }
}
