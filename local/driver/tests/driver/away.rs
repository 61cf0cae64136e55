//! Time during which nothing ran, or that the clock jumped over, is not used by calls in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use sluice_driver::{Clock, Driver, ManualClock, Observation, Observer, StartExecution};
use sluice_engine::{Outcome, Status};

use crate::support::{
    BEGIN, World, approval, chain, hour, machine_arn, machine_record, open_recorded, open_recorded_observed, within,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// As many are acknowledged before nobody is there.
const ACKNOWLEDGED: usize = 40;

/// The end of the process.
#[derive(Debug, Clone, Copy)]
enum End {
    Killed,
    Closed,
}

/// Answers all calls until the executions have ended; each must have succeeded.
async fn succeed_all(world: &mut World, arns: &[String]) {
    for arn in arns {
        while world.record(arn).await.status == Status::Running {
            world.task().await.succeed(json!({}));
            world.settled().await;
        }
        assert_eq!(world.record(arn).await.status, Status::Succeeded, "{arn}");
    }
}

fn is_timeout(outcome: Option<&Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Failed { error: Some(error), .. }) if error == "States.Timeout")
}

/// Forty are acknowledged, with calls in flight that may take a minute; then nobody is there for `away`, and for as long
/// again between the start and the resumption.
async fn check_away(end: End, away: Duration) {
    let mut world = World::new();
    world.put("m", chain(&["A", "B"])).await;
    let mut arns = Vec::new();
    for n in 0..ACKNOWLEDGED {
        arns.push(world.start("m", &format!("n{n}")).await);
    }
    // half of them are at their second call
    for _ in 0..ACKNOWLEDGED / 2 {
        world.task().await.succeed(json!({}));
    }
    world.settled().await;
    let (directory, clock) = (world.directory.clone(), world.clock.clone());
    match end {
        End::Killed => drop(world),
        End::Closed => world.driver.close().await.expect("closes"),
    }
    clock.advance(away);
    let mut world = World::on(directory, clock.now());
    world.advance(away).await;
    let resumed = world.driver.resume().await.expect("resumes");
    assert_eq!(resumed.tasks, ACKNOWLEDGED as u64, "{end:?}, {away:?}");
    succeed_all(&mut world, &arns).await;
}

#[tokio::test]
async fn a_restart_gives_calls_in_flight_their_whole_time_again() {
    for end in [End::Killed, End::Closed] {
        for away in [21 * SECOND, 61 * SECOND, 10 * MINUTE, DAY] {
            check_away(end, away).await;
        }
    }
}

#[tokio::test]
async fn a_call_that_was_sent_again_can_still_take_too_long() {
    let world = World::new();
    world.put("m", chain(&["A"])).await;
    let arn = world.start("m", "one").await;
    let directory = world.directory.clone();
    drop(world);
    let mut world = World::on(directory, BEGIN + 50_000);
    world.driver.resume().await.expect("resumes");
    let _call = world.task().await;
    world.advance(MINUTE - Duration::from_millis(1)).await;
    assert_eq!(world.record(&arn).await.status, Status::Running);
    world.advance(Duration::from_millis(1)).await;
    assert!(is_timeout(world.ended(&arn).await.outcome.as_ref()));
}

/// A call of a function, a question to a human for at most a day, and an hour of waiting, all at once.
fn three_at_once() -> Value {
    let alone = |definition: Value| json!({"StartAt": definition["StartAt"], "States": definition["States"]});
    json!({"StartAt": "P", "States": {"P": {
        "Type": "Parallel", "End": true,
        "Branches": [alone(chain(&["A"])), alone(approval()), alone(hour())],
    }}})
}

/// The names of the states that an execution has left.
async fn left(driver: &Driver, arn: &str) -> Vec<String> {
    let history = driver
        .executions()
        .history(arn)
        .await
        .expect("no failure")
        .expect("exists");
    let left = history.iter().filter_map(|event| {
        let json = event.to_json(true);
        json["stateExitedEventDetails"]["name"].as_str().map(str::to_owned)
    });
    left.collect()
}

#[tokio::test]
async fn before_the_resumption_no_call_of_an_earlier_process_times_out() {
    let mut world = World::new();
    world.put("m", three_at_once()).await;
    let arn = world.start("m", "one").await;
    let (a, ask) = (world.task().await, world.task().await);
    let token = ask.task.token.clone().expect("a token");
    ask.submitted(json!({}));
    world.settled().await;
    let mut world = world.killed();
    drop(a);
    // the hour's end and the human's answer bring the execution back into memory
    world.advance(60 * MINUTE).await;
    world
        .driver
        .tokens()
        .succeed(&token, json!("yes"))
        .await
        .expect("is open");
    world.advance(60 * MINUTE).await;
    assert_eq!(world.record(&arn).await.status, Status::Running);
    world.driver.resume().await.expect("resumes");
    let again = world.task().await;
    assert_eq!(&*again.task.state, "A");
    again.succeed(json!({}));
    assert_eq!(world.ended(&arn).await.status, Status::Succeeded);
    assert_eq!(left(&world.driver, &arn).await, ["Rest", "Ask", "A", "P"]);
}

#[tokio::test]
async fn a_clock_that_is_advanced_ends_waits_and_questions_but_no_calls() {
    for by in [10 * MINUTE, 2 * 60 * MINUTE, DAY - SECOND] {
        let mut world = World::new();
        world.put("m", three_at_once()).await;
        let arn = world.start("m", "one").await;
        let (a, ask) = (world.task().await, world.task().await);
        ask.submitted(json!({}));
        world.settled().await;
        world.driver.advance_clock(by).await.expect("advances");
        world.settled().await;
        assert_eq!(world.record(&arn).await.status, Status::Running, "{by:?}");
        let waited = if by >= 60 * MINUTE { vec!["Rest"] } else { vec![] };
        assert_eq!(left(&world.driver, &arn).await, waited, "{by:?}");
        assert!(world.tasks.try_recv().is_err(), "nothing is sent twice");
        a.succeed(json!({}));
        world.settled().await;
        assert!(left(&world.driver, &arn).await.contains(&"A".to_owned()), "{by:?}");
        world.driver.advance_clock(DAY).await.expect("advances");
        assert!(
            is_timeout(world.ended(&arn).await.outcome.as_ref()),
            "nobody has answered"
        );
    }
}

#[tokio::test]
async fn forty_calls_do_not_feel_a_jump_and_what_starts_with_it_has_its_time() {
    let mut world = World::new();
    world.put("m", chain(&["A", "B"])).await;
    let mut arns = Vec::new();
    for n in 0..ACKNOWLEDGED {
        arns.push(world.start("m", &format!("n{n}")).await);
    }
    // asked for at once, so that they share commits with the jump
    let request = |n: usize| StartExecution::new(machine_arn("m"), json!({})).named(format!("with{n}"));
    let (before, jump, after) = tokio::join!(
        world.driver.executions().start(request(0)),
        world.driver.advance_clock(10 * MINUTE),
        world.driver.executions().start(request(1)),
    );
    jump.expect("advances");
    arns.extend([before.expect("starts").arn, after.expect("starts").arn]);
    world.driver.advance_clock(DAY).await.expect("advances");
    succeed_all(&mut world, &arns).await;
}

/// A clock that runs by itself, as far as a driver can tell, and that a test moves.
struct RunningClock(ManualClock);

impl Clock for RunningClock {
    fn now(&self) -> i64 {
        self.0.now()
    }

    fn until(&self, at: i64) -> Option<Duration> {
        self.0.until(at).or(Some(Duration::from_millis(1)))
    }

    fn advance(&self, by: Duration) {
        self.0.advance(by);
    }

    fn restore(&self, advanced: Duration) {
        self.0.restore(advanced);
    }
}

/// Returns when the engine has seen the time that the clock shows.
async fn seen(driver: &Driver) {
    for _ in 0..2 {
        driver.store().put("test", "seen", Value::Null).await.expect("is put");
    }
}

/// Checks the end of a call that may take a minute if time passes in these steps, none of which the engine sees the middle of.
async fn check_steps(steps: &[Duration], times_out: bool) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let clock = Arc::new(RunningClock(ManualClock::new(BEGIN)));
    let (driver, mut tasks) = open_recorded(directory.path(), clock.clone());
    driver
        .machines()
        .put(machine_record("m", chain(&["A"])), false)
        .await
        .expect("is put");
    driver
        .machines()
        .put(machine_record("ask", approval()), false)
        .await
        .expect("is put");
    let start = |machine: &str| {
        driver
            .executions()
            .start(StartExecution::new(machine_arn(machine), json!({})))
    };
    start("ask").await.expect("starts");
    within(tasks.recv()).await.expect("a call").submitted(json!({}));
    let arn = start("m").await.expect("starts").arn;
    let call = within(tasks.recv()).await.expect("a call");
    for step in steps {
        seen(&driver).await;
        clock.advance(*step);
        driver.clock_changed();
    }
    seen(&driver).await;
    assert!(tasks.try_recv().is_err(), "nothing is sent twice");
    assert!(driver.statistics().loaded <= 1, "what is parked stays parked");
    call.succeed(json!({}));
    let record = within(driver.executions().wait_for_end(&arn))
        .await
        .expect("no failure")
        .expect("exists");
    assert_eq!(is_timeout(record.outcome.as_ref()), times_out, "{steps:?}: {record:?}");
}

#[tokio::test]
async fn a_pause_of_the_process_is_noticed_and_time_that_it_ran_counts() {
    for pause in [21 * SECOND, 10 * MINUTE, DAY] {
        check_steps(&[pause], false).await;
        check_steps(&[pause, SECOND, pause, SECOND], false).await;
    }
    check_steps(&[SECOND; 59], false).await;
    check_steps(&[SECOND; 60], true).await;
    let mut after_a_pause = vec![DAY];
    after_a_pause.extend([SECOND; 59]);
    check_steps(&after_a_pause, false).await;
    after_a_pause.push(SECOND);
    check_steps(&after_a_pause, true).await;
}

/// A clock that says how often it was looked at, on a machine where each round of the engine takes three seconds once it is
/// `slow`: the observer is part of the round.
struct SlowRounds {
    clock: RunningClock,
    looks: tokio::sync::watch::Sender<u64>,
    slow: AtomicU64,
}

impl Clock for SlowRounds {
    fn now(&self) -> i64 {
        self.looks.send_modify(|looks| *looks += 1);
        self.clock.now()
    }

    fn until(&self, at: i64) -> Option<Duration> {
        self.clock.until(at)
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    fn restore(&self, advanced: Duration) {
        self.clock.restore(advanced);
    }
}

struct Slowly(Arc<SlowRounds>);

impl Observer for Slowly {
    fn observe(&self, _: &[Observation]) {
        self.0.advance(Duration::from_secs(self.0.slow.load(Ordering::Relaxed)));
    }
}

#[tokio::test]
async fn a_round_that_takes_long_because_of_a_pause_is_no_pause() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let slow = Arc::new(SlowRounds {
        clock: RunningClock(ManualClock::new(BEGIN)),
        looks: tokio::sync::watch::Sender::new(0),
        slow: AtomicU64::new(0),
    });
    let (driver, mut tasks) = open_recorded_observed(directory.path(), slow.clone(), Arc::new(Slowly(slow.clone())));
    let machine = machine_record("m", chain(&["A"]));
    driver.machines().put(machine, false).await.expect("is put");
    let request = StartExecution::new(machine_arn("m"), json!({}));
    driver.executions().start(request).await.expect("starts");
    let _call = within(tasks.recv()).await.expect("a call");
    seen(&driver).await;
    let facts = driver.statistics().facts;
    slow.slow.store(3, Ordering::Relaxed);
    slow.advance(DAY);
    driver.clock_changed();
    let mut looks = slow.looks.subscribe();
    let enough = *looks.borrow() + 100;
    within(looks.wait_for(|looks| *looks >= enough)).await.expect("goes on");
    let restarts = driver.statistics().facts - facts;
    assert!(
        (1..=2).contains(&restarts),
        "the calls had their time again {restarts} times"
    );
}
