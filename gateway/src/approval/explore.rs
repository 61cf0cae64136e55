//! Every order in which the calls of a decision can happen, and every place at which a process can die.
//!
//! The actors are the real code of the page, of the batch and of the delivery, behind ports whose every call is one step. An actor
//! that dies is dropped between two steps; whoever calls functions again (Step Functions) calls it again. All orders are tried,
//! depth first; two ways that lead to the same state, in which all actors have seen the same, are one.

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};
use sluice_aws::{ApprovalRecord, ApprovalState, Batch, Deciding, Delivery, Secret, Selection, shard};
use sluice_workflows::{AuditData, DEADLINE, Decision, DecisionKind, TaskToken};

use super::decide_batch::{SliceRequest, decide_slice};
use super::function::Approval;
use super::world::{CODE, Caller, DAY, Flaw, Flow, NOW, SECRET, World, record};

const ID: &str = "s-1.1";

/// Another approval of the same shard, whose workflow waits for this token: only the batch decides about it.
const OTHER: (&str, &str) = ("s-12.1", "0THER");

/// A party to a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Actor {
    /// An admin who presses a button with the code; the decision.
    Admin(&'static str),
    /// A mail system that opens the link and presses the button without the code.
    Scanner,
    /// The function that takes a decision about many, called until it answers; here, about one.
    Bulk,
    /// The same about two of one shard, which are one group.
    BulkOfTwo,
    /// The function that asks, called again with a newer token, since it failed after it had asked.
    AskedAgain,
    /// The time runs out. If the workflow still waits, it calls CloseApproval, until that answers.
    Deadline,
}

type Running<'w> = Pin<Box<dyn Future<Output = Option<Told>> + 'w>>;

/// The answer that a person or a program got at the end: status and body.
type Told = (u16, Value);

/// A way through: who took each step, or died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    Step(usize),
    Death(usize),
}

fn decision(kind: DecisionKind, by: &str) -> Decision {
    Decision {
        decision: kind,
        decided_by: by.to_owned(),
        decided_at: "2026-11-22T10:00:00.000Z".to_owned(),
        comment: None,
        reason: None,
        repaired: None,
    }
}

async fn request(caller: Caller<'_>, method: &str, body: &str) -> Option<Told> {
    let now_ms = caller.world.borrow().now_ms;
    let request = serde_json::from_value(
        json!({"rawPath": format!("/{}", Secret::from_bytes(SECRET).reveal()), "body": body,
        "headers": {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"},
        "requestContext": {"http": {"method": method}, "timeEpoch": now_ms}}),
    )
    .unwrap();
    let response = Approval::new(caller, None).handle(&request).await;
    Some((
        response.status,
        serde_json::from_str(&response.body).unwrap_or_default(),
    ))
}

/// Calls request-approval again, as it works: the record takes the newer token, and a decision that stands is delivered.
async fn ask_again(caller: Caller<'_>) -> Option<Told> {
    let token = caller
        .call("retry", |world| {
            let Flow::Waiting(token) = &world.flow else { return None };
            let newer = format!("{token}'");
            world.flow = Flow::Waiting(newer.clone());
            Some(newer)
        })
        .await?;
    let decision = caller.call("renew", |world| world.renew(ID, &token)).await?;
    // an error fails the attempt: the task is over, and nobody calls again
    if caller.call("send", |world| world.send(&token, &decision)).await.is_ok() {
        caller
            .call("record", |world| world.record_delivery(ID, &token, &Delivery::Done))
            .await;
    }
    None
}

/// Calls CloseApproval, as it works: the deadline's decision, unless one stands; the workflow follows the one that stands.
async fn close(caller: Caller<'_>) -> Option<Told> {
    let timed_out = caller
        .call("deadline", |world| {
            world.now_ms = NOW + 6 * DAY;
            if matches!(world.flow, Flow::Waiting(_)) {
                world.flow = Flow::TimedOut;
            }
            world.flow == Flow::TimedOut
        })
        .await;
    if !timed_out {
        return None;
    }
    let expire = decision(DecisionKind::Expire, DEADLINE);
    let deciding = Deciding {
        decision: &expire,
        now_ms: NOW + 6 * DAY,
        batch: None,
        data: &AuditData::new(),
    };
    let (stands, token) = caller
        .call("close", |world| {
            world.decide(ID, &deciding, false);
            match &world.records[ID].state {
                ApprovalState::Decided(_, _) if world.flaw == Some(Flaw::ClosesDeaf) => {
                    Some((expire.clone(), "T0KEN".to_owned()))
                }
                ApprovalState::Decided(decision, _) => {
                    Some(((**decision).clone(), world.records[ID].task_token.reveal().to_owned()))
                }
                ApprovalState::Open | ApprovalState::Withdrawn => None,
            }
        })
        .await?;
    caller
        .call("record", |world| world.record_delivery(ID, &token, &Delivery::Done))
        .await;
    caller
        .call("go on", |world| {
            if world.flow == Flow::TimedOut {
                world.flow = Flow::GoesOn;
                world.heard.push(("close".to_owned(), stands));
            }
        })
        .await;
    None
}

fn start<'w>(actor: Actor, world: &'w RefCell<World>, number: usize) -> Running<'w> {
    let caller = Caller {
        world,
        actor: Some(number),
    };
    match actor {
        Actor::Admin(decision) => {
            Box::pin(async move { request(caller, "POST", &format!("decision={decision}&code={CODE}")).await })
        }
        Actor::Scanner => Box::pin(async move {
            request(caller, "GET", "").await;
            request(caller, "POST", "decision=approve&code=&user_name=x").await
        }),
        Actor::Bulk | Actor::BulkOfTwo => Box::pin(async move {
            let request = SliceRequest {
                batch: "b".to_owned(),
                at: "2026-11-22T10:00:00.000Z".to_owned(),
            };
            // Step Functions calls until it is done; more than a few calls are never needed
            for _ in 0..4 {
                if decide_slice(&caller, &request).await.is_ok_and(|answer| answer.done) {
                    return None;
                }
            }
            Some((500, json!("the batch does not end")))
        }),
        Actor::AskedAgain => Box::pin(ask_again(caller)),
        Actor::Deadline => Box::pin(close(caller)),
    }
}

/// The exploration of one scenario.
struct Explorer {
    actors: Vec<Actor>,
    deaths: usize,
    flaw: Option<Flaw>,
    seen: HashSet<u64>,
    ends: usize,
}

/// One run of all actors.
struct Run<'w> {
    actors: &'w [Actor],
    world: &'w RefCell<World>,
    running: Vec<Option<Running<'w>>>,
    told: Vec<Option<Told>>,
    died: usize,
}

impl<'w> Run<'w> {
    fn new(actors: &'w [Actor], world: &'w RefCell<World>) -> Self {
        let mut run = Run {
            actors,
            world,
            running: Vec::new(),
            told: vec![None; actors.len()],
            died: 0,
        };
        for number in 0..actors.len() {
            let started = run.started(number);
            run.running.push(Some(started));
        }
        run
    }

    /// The actor before its first call.
    fn started(&self, number: usize) -> Running<'w> {
        let mut future = start(self.actors[number], self.world, number);
        assert!(poll(&mut future).is_pending(), "{:?} makes calls", self.actors[number]);
        future
    }

    fn make(&mut self, step: Move) {
        match step {
            Move::Step(number) => {
                self.world.borrow_mut().turn = true;
                let future = self.running[number].as_mut().expect("it has not ended");
                if let Poll::Ready(answer) = poll(future) {
                    self.told[number] = answer;
                    self.running[number] = None;
                }
            }
            Move::Death(number) => {
                self.died += 1;
                self.world.borrow_mut().seen.remove(&number);
                self.running[number] = Some(self.started(number));
            }
        }
    }

    /// The moves that are possible now. Who has made no call yet loses nothing by dying.
    fn next(&self, deaths: usize) -> Vec<Move> {
        let world = self.world.borrow();
        let unfinished = self.running.iter().enumerate().filter(|(_, future)| future.is_some());
        unfinished
            .flat_map(|(number, _)| {
                let dies = self.died < deaths && world.seen.contains_key(&number);
                [Some(Move::Step(number)), dies.then_some(Move::Death(number))]
            })
            .flatten()
            .collect()
    }

    /// A digest of all that is, and of what each actor has seen: all that follows depends on it.
    fn state(&self) -> u64 {
        let held = self.world.borrow();
        let mut hasher = DefaultHasher::new();
        for record in held.records.values() {
            format!(
                "{:?}{:?}{:?}{:?}",
                record.state,
                record.task_token.reveal(),
                record.redelivered,
                record.batch
            )
            .hash(&mut hasher);
        }
        let batch = &held.batches["b"];
        let unfinished: Vec<_> = self.running.iter().map(Option::is_some).collect();
        // a group is written only if no audit has grown
        (&held.others, held.audit.len()).hash(&mut hasher);
        format!("{:?}{:?}{:?}{:?}", batch.slice, batch.counts, batch.done, held.flow).hash(&mut hasher);
        format!("{:?}{:?}{:?}", held.heard, held.written, self.told).hash(&mut hasher);
        (&held.seen, held.now_ms, unfinished, self.died).hash(&mut hasher);
        hasher.finish()
    }
}

impl Explorer {
    fn world(&self) -> RefCell<World> {
        let world = World::new();
        let mut ids = vec![ID.to_owned()];
        if self.actors.contains(&Actor::BulkOfTwo) {
            let (id, token) = OTHER;
            assert_eq!(shard(id), shard(ID));
            ids.push(id.to_owned());
            let mut other = record(id);
            other.task_token = TaskToken::new(token.to_owned());
            let mut world = world.borrow_mut();
            world.records.insert(id.to_owned(), other);
            world.others.insert(token.to_owned());
        }
        let batch = Batch::new(
            "b".to_owned(),
            Selection::Ids(ids),
            decision(DecisionKind::Approve, "bulk"),
            NOW,
        );
        world.borrow_mut().batches.insert("b".to_owned(), batch);
        world.borrow_mut().flaw = self.flaw;
        world
    }

    /// Tries all ways; the first that ends wrong, with what is wrong.
    fn explore(&mut self) -> Result<(), String> {
        let actors = self.actors.clone();
        let mut untried: Vec<Vec<Move>> = vec![Vec::new()];
        while let Some(mut moves) = untried.pop() {
            let world = self.world();
            let mut run = Run::new(&actors, &world);
            moves.iter().for_each(|step| run.make(*step));
            // to its end, or to where another way has been
            while self.seen.insert(run.state()) {
                let next = run.next(self.deaths);
                let Some((first, others)) = next.split_first() else {
                    self.ends += 1;
                    self.judge(&world.borrow(), &run.told)
                        .map_err(|what| format!("{what} after {moves:?} of {actors:?}"))?;
                    break;
                };
                untried.extend(others.iter().map(|other| [moves.as_slice(), &[*other]].concat()));
                run.make(*first);
                moves.push(*first);
            }
        }
        Ok(())
    }

    /// One decision, that the workflow heard once, and that everybody was told of.
    fn judge(&self, world: &World, told: &[Option<Told>]) -> Result<(), String> {
        let ApprovalState::Decided(stands, delivery) = &world.records[ID].state else {
            return Err("nothing was decided".to_owned());
        };
        let others = match world.records.get(OTHER.0) {
            Some(other) => {
                self.judge_other(world, other)?;
                1
            }
            None => 0,
        };
        if world.written.len() != 1 + others {
            return Err(format!("{} decisions were written", world.written.len()));
        }
        let heard: Vec<_> = world.heard.iter().filter(|(token, _)| token != OTHER.1).collect();
        match heard.as_slice() {
            [] => return Err("the workflow heard nothing".to_owned()),
            [(_, heard)] if heard != &**stands => {
                return Err(format!("the workflow heard {heard:?}, and {stands:?} stands"));
            }
            [_] => {}
            more => return Err(format!("the workflow heard {} decisions", more.len())),
        }
        if *delivery == Delivery::Closed && heard[0].0 != "close" {
            return Err("the workflow heard the decision, and the record says that nobody waited".to_owned());
        }
        for (actor, told) in self.actors.iter().zip(told) {
            let Some((status, body)) = told else { continue };
            let said = &body["decision"]["decision"];
            if said.is_string() && *said != stands.decision.as_str() {
                return Err(format!("{actor:?} was told {said}, and {stands:?} stands"));
            }
            match actor {
                Actor::Scanner if *status == 200 => return Err("a scanner decided".to_owned()),
                Actor::Admin(asked) if *status == 200 && *asked != stands.decision.as_str() => {
                    return Err(format!("{actor:?} was told yes, and {stands:?} stands"));
                }
                Actor::Bulk | Actor::BulkOfTwo => return Err(body.to_string()),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Explorer {
    /// The approval that only the batch decides is decided by it, heard once, and known to be.
    fn judge_other(&self, world: &World, other: &ApprovalRecord) -> Result<(), String> {
        let heard = world.heard.iter().filter(|(token, _)| token == OTHER.1).count();
        match &other.state {
            ApprovalState::Decided(_, Delivery::Done) if heard == 1 => Ok(()),
            state => Err(format!(
                "the other workflow heard {heard} decisions, and the record says {state:?}"
            )),
        }
    }
}

fn poll(future: &mut Running<'_>) -> Poll<Option<Told>> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn explore(actors: &[Actor], deaths: usize, flaw: Option<Flaw>) -> Result<usize, String> {
    let mut explorer = Explorer {
        actors: actors.to_vec(),
        deaths,
        flaw,
        seen: HashSet::new(),
        ends: 0,
    };
    explorer.explore()?;
    Ok(explorer.ends)
}

/// All orders of these actors, with so many deaths, end with one decision that was heard.
fn check(actors: &[Actor], deaths: usize) {
    let ends = explore(actors, deaths, None).unwrap_or_else(|what| panic!("{what}"));
    assert!(ends > 1, "only one order of {actors:?} was tried");
}

#[test]
fn two_admins() {
    check(&[Actor::Admin("approve"), Actor::Admin("reject"), Actor::Deadline], 1);
}

#[test]
fn an_admin_and_a_scanner() {
    check(&[Actor::Admin("approve"), Actor::Scanner, Actor::Deadline], 1);
}

#[test]
fn an_admin_and_a_decision_about_many() {
    check(&[Actor::Admin("reject"), Actor::Bulk, Actor::Deadline], 1);
}

#[test]
fn an_admin_and_a_group() {
    check(&[Actor::Admin("reject"), Actor::BulkOfTwo, Actor::Deadline], 1);
}

#[test]
fn a_newer_token_and_a_group() {
    check(&[Actor::AskedAgain, Actor::BulkOfTwo, Actor::Deadline], 1);
}

#[test]
fn a_scanner_and_a_group() {
    check(&[Actor::Scanner, Actor::BulkOfTwo, Actor::Deadline], 0);
}

#[test]
fn an_admin_and_a_newer_token() {
    check(&[Actor::Admin("approve"), Actor::AskedAgain, Actor::Deadline], 1);
}

#[test]
fn an_admin_a_newer_token_and_a_decision_about_many() {
    check(
        &[Actor::Admin("reject"), Actor::AskedAgain, Actor::Bulk, Actor::Deadline],
        0,
    );
}

#[test]
fn nobody_but_the_deadline() {
    check(&[Actor::Scanner, Actor::AskedAgain, Actor::Deadline], 1);
}

/// The explorer can fail: it finds each way in which the store or the workflow can be wrong.
#[test]
fn a_flaw_is_found() {
    for (flaw, actors, found) in [
        (
            Flaw::DecidesTwice,
            [Actor::Admin("approve"), Actor::Admin("reject"), Actor::Deadline],
            "decisions were written",
        ),
        (
            Flaw::ClosesOver,
            [Actor::Admin("approve"), Actor::Scanner, Actor::Deadline],
            "decisions were written",
        ),
        (
            Flaw::ClosesDeaf,
            [Actor::Admin("approve"), Actor::AskedAgain, Actor::Deadline],
            "the workflow heard",
        ),
        (
            Flaw::HearsTwice,
            [Actor::Admin("approve"), Actor::Bulk, Actor::Deadline],
            "heard",
        ),
        (
            Flaw::GroupWritesOver,
            [Actor::Admin("reject"), Actor::BulkOfTwo, Actor::Deadline],
            "decisions were written",
        ),
        (
            Flaw::GroupSaysWhole,
            [Actor::Admin("reject"), Actor::BulkOfTwo, Actor::Deadline],
            "stands",
        ),
    ] {
        let what = explore(&actors, 1, Some(flaw)).expect_err("a flaw");
        assert!(what.contains(found), "{flaw:?}: {what}");
    }
}
