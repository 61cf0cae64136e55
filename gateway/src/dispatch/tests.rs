use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sluice_aws::{CallErrorKind, StartError, SubmissionRecord};
use sluice_workflows::{ExecutionInput, SubmissionStatus};
use tokio::time::sleep;

use super::event::Kinesis;
use super::*;

/// An obstacle to one call after the other; empty means that the calls work.
#[derive(Debug, Clone, Copy)]
enum Hurdle {
    /// The first so many calls fail like this.
    First(usize, CallErrorKind),
    /// All calls fail like this.
    Always(CallErrorKind),
    /// It gives no answer at all.
    Silence,
}

/// Step Functions and a queue, as far as they matter here.
#[derive(Debug, Default)]
struct World {
    /// The executions: input, and whether it runs.
    executions: RefCell<BTreeMap<String, (String, bool)>>,
    queue: RefCell<Vec<Value>>,
    /// Obstacles to starting an execution with this user name.
    start_hurdles: HashMap<&'static str, Hurdle>,
    queue_hurdle: Option<Hurdle>,
    /// User names that Step Functions will not have.
    unacceptable: Vec<&'static str>,
    /// True if no record can be seen.
    blind: bool,
    /// The time that a call takes.
    latency: Duration,
    tries: RefCell<HashMap<String, usize>>,
    /// Calls under way, and the most of them.
    at_once: Cell<(usize, usize)>,
    /// The calls, in order.
    calls: RefCell<Vec<String>>,
}

impl World {
    async fn stand(&self, who: &str, hurdle: Option<Hurdle>) -> Result<(), CallError> {
        self.calls.borrow_mut().push(who.to_owned());
        let (now, most) = self.at_once.get();
        self.at_once.set((now + 1, most.max(now + 1)));
        sleep(self.latency).await;
        let (now, most) = self.at_once.get();
        self.at_once.set((now - 1, most));
        let tries = {
            let mut tries = self.tries.borrow_mut();
            let tries = tries.entry(who.to_owned()).or_default();
            *tries += 1;
            *tries
        };
        let kind = match hurdle {
            None => return Ok(()),
            Some(Hurdle::First(times, _)) if tries > times => return Ok(()),
            Some(Hurdle::First(_, kind) | Hurdle::Always(kind)) => kind,
            Some(Hurdle::Silence) => std::future::pending().await,
        };
        Err(CallError {
            action: "test",
            kind,
            message: "no".to_owned(),
        })
    }

    fn end_all(&self) {
        for (_, running) in self.executions.borrow_mut().values_mut() {
            *running = false;
        }
    }

    /// The user names of the executions, in the order of the executions' names.
    fn started(&self) -> Vec<String> {
        let name = |(input, _): &(String, bool)| user_name(input);
        let mut started: Vec<_> = self.executions.borrow().values().map(name).collect();
        started.sort();
        started
    }

    fn reasons(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let pair = |message: &Value| (text(&message["sequence_number"]), text(&message["reason"]));
        let mut reasons: Vec<_> = self.queue.borrow().iter().map(pair).collect();
        reasons.sort();
        reasons
    }
}

fn ids() -> SubmissionIds {
    SubmissionIds::new(&"s".repeat(32)).unwrap()
}

fn user_name(input: &str) -> String {
    let input: Value = serde_json::from_str(input).unwrap();
    input["user_name"].as_str().unwrap_or("nobody").to_owned()
}

impl Workflow for &World {
    async fn start(&self, name: &str, input: &str) -> Result<i64, StartError> {
        let who = user_name(input);
        self.stand(&who, self.start_hurdles.get(who.as_str()).copied()).await?;
        if self.unacceptable.contains(&who.as_str()) {
            return Err(StartError::Unacceptable(CallError {
                action: "states:StartExecution",
                kind: CallErrorKind::Refused,
                message: "InvalidExecutionInput: no".to_owned(),
            }));
        }
        let mut executions = self.executions.borrow_mut();
        match executions.get(name) {
            None => {
                executions.insert(name.to_owned(), (input.to_owned(), true));
                Ok(0)
            }
            Some((held, true)) if held == input => Ok(0),
            Some(_) => Err(StartError::NameTaken),
        }
    }

    async fn find(&self, name: &str) -> Result<Option<SubmissionRecord>, CallError> {
        self.stand("find", None).await?;
        if self.blind {
            return Ok(None);
        }
        let mut executions = self.executions.borrow_mut();
        let Some((input, running)) = executions.get_mut(name) else {
            return Ok(None);
        };
        // One that runs has no record yet, and ends before the next look.
        if std::mem::take(running) {
            return Ok(None);
        }
        let input: ExecutionInput = serde_json::from_str(input).unwrap();
        Ok(Some(SubmissionRecord {
            id: name.to_owned(),
            status: SubmissionStatus::Failed,
            submitted_at_ms: 0,
            updated_at_ms: 1,
            round: 1,
            input_hash: input.input_hash,
        }))
    }
}

impl FailureQueue for &World {
    async fn keep(&self, message: &str) -> Result<(), CallError> {
        self.stand("queue", self.queue_hurdle).await?;
        self.queue.borrow_mut().push(serde_json::from_str(message).unwrap());
        Ok(())
    }
}

fn event(records: &[&str]) -> KinesisEvent {
    let record = |(index, data): (usize, &&str)| Record {
        event_id: format!("shardId-000000000000:{}", index + 1),
        stream_arn: "arn:aws:kinesis:eu-central-1:123456789012:stream/load".to_owned(),
        kinesis: Kinesis {
            sequence_number: (index + 1).to_string(),
            partition_key: "p".to_owned(),
            data: STANDARD.encode(data),
        },
    };
    KinesisEvent {
        records: records.iter().enumerate().map(record).collect(),
    }
}

/// Hands `records` over once and answers from which one on they must come again.
async fn hand_over(world: &World, records: &[&str]) -> Option<String> {
    let response = Dispatch::new(world, world, ids(), || 0.5)
        .handle(&event(records), Duration::from_secs(60))
        .await;
    assert!(response.batch_item_failures.len() <= 1, "{response:?}");
    response
        .batch_item_failures
        .into_iter()
        .next()
        .map(|failure| failure.item_identifier)
}

/// Hands `records` over: `again` is from which one on they must come again, `started` whose executions there are then,
/// `kept` what the failure queue says of which record.
async fn check(world: &World, records: &[&str], again: Option<&str>, started: &[&str], kept: &[(&str, &str)]) {
    assert_eq!(hand_over(world, records).await.as_deref(), again, "{records:?}");
    assert_eq!(world.started(), started, "{records:?}");
    let reasons = world.reasons();
    assert_eq!(reasons.len(), kept.len(), "{reasons:?}");
    for ((at, reason), (expected_at, part)) in reasons.iter().zip(kept) {
        assert!(at == expected_at && reason.contains(part), "{reasons:?} lacks {part}");
    }
}

const ADA: &str = r#"{"user_name":"Ada"}"#;
const BOB: &str = r#"{"user_name":"Bob"}"#;
const CYD: &str = r#"{"user_name":"Cyd"}"#;
const ADA_1: &str = r#"{"user_name":"Ada","submission_id":"s-1"}"#;
const BOB_1: &str = r#"{"user_name":"Bob","submission_id":"s-1"}"#;

fn hurdles(hurdles: impl IntoIterator<Item = (&'static str, Hurdle)>) -> World {
    World {
        start_hurdles: hurdles.into_iter().collect(),
        ..World::default()
    }
}

#[tokio::test(start_paused = true)]
async fn each_record_starts_an_execution() {
    let world = World::default();
    check(&world, &[ADA, BOB, CYD], None, &["Ada", "Bob", "Cyd"], &[]).await;
    check(&World::default(), &[], None, &[], &[]).await;
    // The same fields in two records are two submissions, unless their producer says otherwise.
    check(&World::default(), &[ADA, ADA], None, &["Ada", "Ada"], &[]).await;
    check(&World::default(), &[ADA_1, ADA_1], None, &["Ada"], &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_comes_again_starts_nothing_twice() {
    for running in [true, false] {
        let world = World::default();
        let records = [ADA, ADA_1, BOB];
        for _ in 0..3 {
            check(&world, &records, None, &["Ada", "Ada", "Bob"], &[]).await;
            if !running {
                world.end_all();
            }
        }
        // Only under a name that the producer gave there may be something else.
        let found = world.calls.borrow().iter().filter(|call| *call == "find").count();
        assert_eq!(found, if running { 0 } else { 2 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_puts_a_submission_again_starts_nothing_twice() {
    for running in [true, false] {
        let world = World::default();
        check(&world, &[ADA_1], None, &["Ada"], &[]).await;
        if !running {
            world.end_all();
        }
        let again = r#"{"submission_id":"s-1", "user_name":"Ada", "note":"second try"}"#;
        check(&world, &[BOB, again], None, &["Ada", "Bob"], &[]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_submissions_under_one_id_the_earlier_counts() {
    let world = World {
        latency: Duration::from_millis(30),
        ..hurdles([("Ada", Hurdle::First(2, CallErrorKind::Throttled))])
    };
    let kept = [("3", "submission_id s-1 was used before")];
    check(&world, &[ADA_1, CYD, BOB_1], None, &["Ada", "Cyd"], &kept).await;
    let other = World::default();
    check(
        &other,
        &[BOB_1, ADA_1],
        None,
        &["Bob"],
        &[("2", "submission_id s-1 was used before")],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn bad_records_go_to_the_queue_and_hold_nobody_up() {
    let large = format!(r#"{{"user_name":"{}"}}"#, "x".repeat(65_536));
    let records = [
        "rubbish",
        ADA,
        "{}",
        r#"{"user_name":"E","submission_id":7}"#,
        BOB,
        &large,
        CYD,
    ];
    let world = World {
        unacceptable: vec!["Bob"],
        queue_hurdle: Some(Hurdle::First(3, CallErrorKind::Throttled)),
        ..World::default()
    };
    let kept = [
        ("1", "not usable JSON"),
        ("3", "none of the fields"),
        ("4", "submission_id must be"),
        (
            "5",
            "the workflow does not take it: states:StartExecution failed: InvalidExecutionInput",
        ),
        ("6", "at most 65536"),
    ];
    check(&world, &records, None, &["Ada", "Cyd"], &kept).await;
    let first = world
        .queue
        .borrow()
        .iter()
        .find(|message| message["sequence_number"] == "1")
        .cloned()
        .unwrap();
    assert_eq!(first["data"], STANDARD.encode("rubbish"));
    assert_eq!(first["shard"], "shardId-000000000000");
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_waited_for() {
    for kind in [CallErrorKind::Throttled, CallErrorKind::Unreachable] {
        let world = hurdles([("Ada", Hurdle::First(8, kind)), ("Cyd", Hurdle::First(1, kind))]);
        let began = Instant::now();
        check(&world, &[ADA, BOB, CYD], None, &["Ada", "Bob", "Cyd"], &[]).await;
        // Half of 100, 200, 400, 800, 1,600, 3,200, 5,000 and 5,000 ms.
        let took = began.elapsed().as_millis();
        assert!((8_150..8_200).contains(&took), "{took}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_in_time_is_reported_and_comes_again() {
    for hurdle in [Hurdle::Always(CallErrorKind::Throttled), Hurdle::Silence] {
        let world = hurdles([("Bob", hurdle)]);
        let began = Instant::now();
        check(
            &world,
            &[ADA, BOB, CYD, "rubbish"],
            Some("2"),
            &["Ada", "Cyd"],
            &[("4", "JSON")],
        )
        .await;
        let took = began.elapsed();
        assert!(
            took > Duration::from_secs(50) && took <= Duration::from_secs(59),
            "{took:?}"
        );
        // What was behind it is done, and does nothing when it comes again.
        let world = World {
            start_hurdles: HashMap::new(),
            ..world
        };
        assert_eq!(hand_over(&world, &[ADA, BOB, CYD]).await, None);
        assert_eq!(world.started(), ["Ada", "Bob", "Cyd"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_workflow_that_refuses_everything_costs_no_record() {
    let world = hurdles([
        ("Ada", Hurdle::Always(CallErrorKind::Refused)),
        ("Bob", Hurdle::Always(CallErrorKind::Refused)),
    ]);
    let began = Instant::now();
    check(&world, &[ADA, BOB], Some("1"), &[], &[]).await;
    assert_eq!(began.elapsed().as_secs(), 0, "nothing is gained by waiting");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_kept_comes_again() {
    // While the queue is asked again and again, the others go on; once it is clear that it fails, none begins.
    for (kind, started) in [
        (CallErrorKind::Unreachable, vec!["Ada", "Bob"]),
        (CallErrorKind::Refused, vec!["Ada"]),
    ] {
        let world = World {
            queue_hurdle: Some(Hurdle::Always(kind)),
            ..World::default()
        };
        check(&world, &[ADA, "rubbish", BOB], Some("2"), &started, &[]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_whose_holder_cannot_be_seen_comes_again() {
    let world = World {
        blind: true,
        ..World::default()
    };
    check(&world, &[ADA_1], None, &["Ada"], &[]).await;
    world.end_all();
    check(&world, &[ADA_1], Some("1"), &["Ada"], &[]).await;
}

#[tokio::test(start_paused = true)]
async fn no_time_left_means_that_all_comes_again() {
    let world = World {
        latency: Duration::from_millis(30),
        ..World::default()
    };
    let response = Dispatch::new(&world, &world, ids(), || 0.5)
        .handle(&event(&[ADA, BOB]), Duration::from_millis(900))
        .await;
    assert_eq!(response.batch_item_failures[0].item_identifier, "1");
    assert!(world.started().is_empty());
}

#[tokio::test(start_paused = true)]
async fn records_are_started_side_by_side_up_to_a_bound_and_in_order() {
    let records: Vec<String> = (0..100)
        .map(|number| format!(r#"{{"user_name":"{number:02}"}}"#))
        .collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let world = World {
        latency: Duration::from_millis(30),
        ..World::default()
    };
    let began = Instant::now();
    assert_eq!(hand_over(&world, &records).await, None);
    assert_eq!(world.at_once.get().1, AT_ONCE);
    assert!(began.elapsed() < Duration::from_millis(300), "{:?}", began.elapsed());
    assert!(world.calls.borrow().is_sorted());

    // One that hangs lets no more pass than the bound, and after a failure none begins.
    let world = World {
        latency: Duration::from_millis(30),
        ..hurdles([("10", Hurdle::Silence)])
    };
    assert_eq!(hand_over(&world, &records).await.as_deref(), Some("11"));
    assert_eq!(world.started().len(), 10 + AT_ONCE - 1);
}
