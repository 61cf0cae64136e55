//! That a target which stalls cannot hide it: pacer and recorder on a clock of the test's own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use sluice_pinger::pacer::{Batching, Pacer, Rate, Schedule, Slot, Step};
use sluice_pinger::recorder::Recorder;
use sluice_pinger::send_result::Answer;
use sluice_pinger::submission::Kind;

const MS: Duration = Duration::from_millis(1);

/// 1,000 a second for 10 s, `at_once` at once, to a server that answers after 1 ms; but between `stall.0` and `stall.1`
/// it answers nothing.
fn simulate(at_once: usize, stall: (Duration, Duration)) -> Recorder {
    let schedule = Schedule {
        rate: Rate::new(1000.0).unwrap(),
        count: None,
        duration: Some(10_000 * MS),
    };
    let answered_at = |sent: Duration| {
        let done = sent + MS;
        if done >= stall.0 && done < stall.1 {
            stall.1
        } else {
            done
        }
    };
    let mut pacer = Pacer::new(schedule, Batching::NONE);
    let mut recorder = Recorder::default();
    let mut on_their_way = BinaryHeap::new();
    let mut now = Duration::ZERO;
    loop {
        let mut wake = None;
        while on_their_way.len() < at_once && wake.is_none() {
            match pacer.poll(now) {
                Step::Start(slots) => {
                    recorder.started(&slots, now);
                    for Slot { number, intended } in slots {
                        on_their_way.push(Reverse((answered_at(now), number, intended, now)));
                    }
                }
                Step::Wait(until) => wake = Some(until),
                Step::Done => wake = Some(Duration::MAX),
            }
        }
        let Some(Reverse((first, ..))) = on_their_way.peek().copied() else {
            match wake {
                Some(Duration::MAX) | None => return recorder,
                Some(until) => now = until,
            }
            continue;
        };
        now = wake.map_or(first, |until| until.min(first));
        while let Some(&Reverse((done, number, intended, started))) = on_their_way.peek() {
            if done > now {
                break;
            }
            on_their_way.pop();
            recorder.ended(
                Slot { number, intended },
                Kind::Valid,
                Ok(Answer::Stored),
                started,
                done,
            );
        }
    }
}

fn assert_near(got: Duration, expected: Duration, what: &str) {
    assert!(got.abs_diff(expected) <= 15 * MS, "{what}: {got:?} is not {expected:?}");
}

#[test]
fn a_stall_shows_in_the_latency_of_all_that_were_due_meanwhile() {
    // 2 s of 10 s: of 10,000 submissions the 2,000 that were due in the stall waited for its end, evenly from 2 s to
    // 0 s, plus what the backlog took afterwards (10 at once, 1 ms each: 10,000/s, so 2,000 and those that came
    // meanwhile are worked off in 0.22 s).
    let recorder = simulate(10, (3000 * MS, 5000 * MS));
    assert_eq!((recorder.answered(), recorder.in_flight()), (10_000, 0));
    let latency = recorder.latency();
    assert_near(latency.longest(), 2000 * MS, "longest");
    assert_near(latency.percentile(99.0), 1911 * MS, "p99");
    assert_near(latency.percentile(90.0), 1111 * MS, "p90");
    assert_near(latency.percentile(50.0), MS, "p50");
    // What a closed loop would report: 10 slow ones of 10,000.
    assert!(recorder.service().percentile(99.0) <= 2 * MS);
    assert_near(recorder.service().longest(), 2000 * MS, "longest service");
}

#[test]
fn how_many_are_sent_at_once_does_not_change_what_a_stall_costs() {
    let (few, many) = (
        simulate(4, (3000 * MS, 5000 * MS)),
        simulate(5000, (3000 * MS, 5000 * MS)),
    );
    assert_eq!(many.answered(), few.answered());
    assert_near(few.latency().longest(), many.latency().longest(), "longest");
    // With room for all, each is sent when it is due, and service and latency are the same.
    assert_eq!(many.delay().longest(), Duration::ZERO);
    assert_eq!(many.latency().percentile(99.0), many.service().percentile(99.0));
    assert_near(many.latency().percentile(99.0), 1900 * MS, "p99");
}

#[test]
fn without_a_stall_there_is_no_delay() {
    let recorder = simulate(10, (Duration::MAX, Duration::MAX));
    assert_eq!(recorder.delay().longest(), Duration::ZERO);
    assert!(recorder.latency().longest() <= 2 * MS);
}
