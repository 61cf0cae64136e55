//! One machine's crowd keeps nobody else waiting.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use serde_json::json;
use sluice_driver::{ManualClock, Observation, ObservationKind, Observer, StartError, StartExecution};

use crate::support::{BEGIN, Idle, World, chain, machine_arn, machine_record, open_observed, within};

/// Takes the order of starts down, and holds the engine's thread at the first of them.
struct Turnstile {
    held: AtomicBool,
    released: Mutex<mpsc::Receiver<()>>,
    started: Mutex<Vec<Arc<str>>>,
}

impl Observer for Turnstile {
    fn observe(&self, observations: &[Observation]) {
        let starts = observations
            .iter()
            .filter(|one| matches!(one.kind, ObservationKind::Started));
        let machines = starts.map(|one| one.execution.machine_name.clone());
        self.started.lock().expect("lock").extend(machines);
        if !observations.is_empty() && !self.held.swap(true, Ordering::Relaxed) {
            let _ = self.released.lock().expect("lock").recv();
        }
    }
}

#[tokio::test]
async fn a_machine_with_thousands_of_starts_lets_another_in_between() {
    let (release, released) = mpsc::channel();
    let turnstile = Arc::new(Turnstile {
        held: AtomicBool::new(false),
        released: Mutex::new(released),
        started: Mutex::default(),
    });
    let directory = tempfile::tempdir().expect("a temporary directory");
    let clock = Arc::new(ManualClock::new(BEGIN));
    let runner = Arc::new(Idle);
    let driver = open_observed(directory.path(), clock, runner, turnstile.clone()).expect("opens");
    let rest = json!({"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 9, "End": true}}});
    for machine in ["crowd", "other"] {
        driver
            .machines()
            .put(machine_record(machine, rest.clone()), false)
            .await
            .expect("is put");
    }
    let start = |machine: &str| {
        let (driver, request) = (driver.clone(), StartExecution::new(machine_arn(machine), json!({})));
        tokio::spawn(async move { driver.executions().start(request).await })
    };
    let mut crowd: Vec<_> = (0..3_000).map(|_| start("crowd")).collect();
    crowd.push(start("other"));
    let sent = || driver.statistics().started + driver.statistics().queued;
    while sent() <= 3_000 {
        tokio::task::yield_now().await;
    }
    let first = driver.statistics().started as usize;
    release.send(()).expect("the engine waits");
    for one in crowd {
        within(one).await.expect("no panic").expect("starts");
    }
    let started = turnstile.started.lock().expect("lock");
    let place = started.iter().position(|machine| &**machine == "other");
    assert!(
        place.is_some_and(|place| place < first + 3),
        "{place:?} of {}",
        started.len()
    );
}

#[tokio::test]
async fn a_machine_with_too_many_at_work_starts_no_more_and_others_do() {
    // keeps the calls, unanswered
    let world = World::new();
    for machine in ["crowd", "other"] {
        world.put(machine, chain(&["f"])).await;
    }
    let driver = world.driver.clone();
    let start = |machine: &str| {
        let (driver, request) = (driver.clone(), StartExecution::new(machine_arn(machine), json!({})));
        tokio::spawn(async move { driver.executions().start(request).await })
    };
    for _ in 0..10 {
        let thousand: Vec<_> = (0..1_000).map(|_| start("crowd")).collect();
        for one in thousand {
            within(one).await.expect("no panic").expect("starts");
        }
    }
    let refused = within(start("crowd")).await.expect("no panic");
    assert!(matches!(refused, Err(StartError::Busy)), "{refused:?}");
    within(start("other")).await.expect("no panic").expect("starts");
}
