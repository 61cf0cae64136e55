//! Tasks are kept at their number and stopped in order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sluice_host::{ContainerLog, ContainerSpec, Host, HostConfig, TaskSpec};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

/// A directory of its own for a test, gone with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("sluice-tasks-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a scratch directory");
        Self(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn host(logs: &Path) -> Host {
    let config = HostConfig {
        log_dir: Some(logs.to_owned()),
        now: std::sync::Arc::new(|| 0),
        ..HostConfig::default()
    };
    Host::new(config).expect("a host")
}

/// A container that runs a script of bash, which can connect without another program.
fn container(name: &str, script: &str) -> ContainerSpec {
    ContainerSpec {
        name: name.to_owned(),
        binary: "/bin/bash".into(),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        environment: BTreeMap::from([("GREETING".to_owned(), "hello".to_owned())]),
        essential: true,
        stop_timeout: Duration::from_secs(60),
        log: Some(ContainerLog {
            group: "/group".to_owned(),
            stream: name.to_owned(),
        }),
    }
}

fn task(containers: Vec<ContainerSpec>) -> TaskSpec {
    TaskSpec {
        name: "service".to_owned(),
        containers,
    }
}

/// A listener, and the script's beginning that connects to it: who accepts knows that the process runs, and who reads to
/// the end knows that it is gone.
async fn doorbell() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    (listener, format!("exec 9<>/dev/tcp/127.0.0.1/{port}; "))
}

async fn ring(listener: &TcpListener) -> TcpStream {
    let ring = tokio::time::timeout(Duration::from_secs(30), listener.accept()).await;
    ring.expect("rings").expect("accepts").0
}

async fn gone(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await;
    // a killed process may leave a reset instead of an end
    let _ = end.expect("ends");
}

/// Waits for a line in a file that a thread of the host writes.
async fn wait_for(path: &Path, text: &str) {
    let found = async {
        while !std::fs::read_to_string(path).is_ok_and(|all| all.contains(text)) {
            tokio::task::yield_now().await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), found).await;
    assert!(found.is_ok(), "{text} in {}", path.display());
}

#[tokio::test]
async fn a_task_that_ends_is_replaced() {
    let scratch = Scratch::new("replaced");
    let (listener, connect) = doorbell().await;
    let script = format!("{connect} echo ran; exit 3");
    let set = host(&scratch.0)
        .run_tasks(task(vec![container("c", &script)]), 1)
        .await
        .expect("starts");
    for _ in 0..2 {
        gone(ring(&listener).await).await;
    }
    set.stop(None).await;
}

#[tokio::test]
async fn as_many_run_as_are_asked_for_each_with_its_log() {
    let scratch = Scratch::new("count");
    let (listener, connect) = doorbell().await;
    let script = format!("{connect} echo $GREETING $AWS_REGION; sleep 1000 & wait");
    let set = host(&scratch.0)
        .run_tasks(task(vec![container("c", &script)]), 3)
        .await
        .expect("starts");
    let bells = [ring(&listener).await, ring(&listener).await, ring(&listener).await];
    for number in 1..=3 {
        wait_for(
            &scratch.0.join(format!("group/c-{number}.log")),
            "1970-01-01T00:00:00.000Z hello us-east-1\n",
        )
        .await;
    }
    assert_eq!(set.running(), 3);
    set.stop(None).await;
    for bell in bells {
        gone(bell).await;
    }
}

#[tokio::test]
async fn a_stop_is_a_term_signal_first() {
    let scratch = Scratch::new("term");
    let (listener, connect) = doorbell().await;
    let script = format!("trap 'echo goodbye; exit 0' TERM; {connect} sleep 1000 & wait");
    let set = host(&scratch.0)
        .run_tasks(task(vec![container("c", &script)]), 1)
        .await
        .expect("starts");
    let bell = ring(&listener).await;
    set.stop(None).await;
    gone(bell).await;
    let log = std::fs::read_to_string(scratch.0.join("group/c-1.log")).expect("a log");
    assert!(log.contains("goodbye"), "{log}");
}

#[tokio::test]
async fn what_does_not_heed_the_term_signal_is_killed_with_its_children() {
    let scratch = Scratch::new("kill");
    let (listener, connect) = doorbell().await;
    // the child inherits the connection and the ignored signal
    let script = format!("trap '' TERM; {connect} sleep 1000 & while :; do wait; done");
    let mut stubborn = container("c", &script);
    stubborn.stop_timeout = Duration::from_millis(50);
    let set = host(&scratch.0)
        .run_tasks(task(vec![stubborn]), 1)
        .await
        .expect("starts");
    let bell = ring(&listener).await;
    set.stop(None).await;
    gone(bell).await;
}

#[tokio::test]
async fn a_stop_can_be_given_less_time_than_the_containers_have() {
    let scratch = Scratch::new("less");
    let (listener, connect) = doorbell().await;
    let script = format!("trap '' TERM; {connect} while :; do sleep 1000 & wait; done");
    let set = host(&scratch.0)
        .run_tasks(task(vec![container("c", &script)]), 1)
        .await
        .expect("starts");
    let bell = ring(&listener).await;
    let stopped = tokio::time::timeout(Duration::from_secs(30), set.stop(Some(Duration::from_millis(50)))).await;
    assert!(stopped.is_ok(), "the container has 60 s of its own");
    gone(bell).await;
}

#[tokio::test]
async fn the_end_of_an_essential_container_ends_the_others() {
    let scratch = Scratch::new("essential");
    let (listener, connect) = doorbell().await;
    let side = container("side", &format!("{connect} sleep 1000 & wait"));
    let mut short = container("short", "exit 0");
    short.essential = false;
    let set = host(&scratch.0)
        .run_tasks(task(vec![side, short]), 1)
        .await
        .expect("starts");
    let bell = ring(&listener).await;
    assert_eq!(set.running(), 1, "the end of what is not essential changes nothing");
    set.stop(None).await;
    gone(bell).await;

    let (listener, connect) = doorbell().await;
    let side = container("side", &format!("{connect} sleep 1000 & wait"));
    let set = host(&scratch.0)
        .run_tasks(task(vec![side, container("main", "exit 1")]), 1)
        .await
        .expect("starts");
    gone(ring(&listener).await).await;
    set.stop(None).await;
}

#[tokio::test]
async fn a_dropped_set_takes_its_processes_along() {
    let scratch = Scratch::new("dropped");
    let (listener, connect) = doorbell().await;
    let set = host(&scratch.0)
        .run_tasks(task(vec![container("c", &format!("{connect} sleep 1000 & wait"))]), 1)
        .await
        .expect("starts");
    let bell = ring(&listener).await;
    drop(set);
    gone(bell).await;
}

#[tokio::test]
async fn a_program_that_cannot_run_is_named() {
    let scratch = Scratch::new("named");
    for (binary, expected) in [
        (
            "/nowhere/pinger",
            "service service: the container c cannot run /nowhere/pinger: No such file",
        ),
        ("/etc", "it is not a file"),
        ("/etc/passwd", "it is not executable"),
    ] {
        let mut spec = container("c", "");
        spec.binary = binary.into();
        let refused = host(&scratch.0).run_tasks(task(vec![spec]), 1).await;
        let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains(expected), "{message}");
    }
}
