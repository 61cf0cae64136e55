use std::sync::Arc;

use bytes::Bytes;

use super::{Discard, DiscardReason, FunctionResponse, InvokeResult, Policy, ShardProcessor, Step};
use crate::{ReadResult, Record, SequenceNumber, Timestamp, Tip};

fn policy() -> Policy {
    Policy {
        batch_size: 4,
        batch_bytes: 6_000_000,
        record_overhead: 100,
        batching_window: 0,
        bisect: false,
        max_retries: None,
        max_age: None,
    }
}

pub(super) fn record(position: u64, arrived: Timestamp, partition_key: &str, length: usize) -> Record {
    let sequence = SequenceNumber {
        shard_created: 0,
        shard: 0,
        position,
        arrived,
    };
    Record {
        sequence,
        arrived,
        partition_key: partition_key.to_owned(),
        data: Bytes::from(vec![0; length]),
    }
}

fn reading(positions: std::ops::RangeInclusive<u64>, tip: Tip) -> ReadResult {
    ReadResult {
        stream: String::new(),
        next: positions.end() + 1,
        records: positions.map(|position| record(position, 0, "k", 10)).collect(),
        tip,
    }
}

/// A processor that has read these records from position 1 on, and nothing lies behind them.
fn holding(policy: Policy, records: u64) -> ShardProcessor {
    let mut processor = ShardProcessor::new(Arc::new(policy), 1);
    processor.on_read(reading(1..=records, Tip::Reached), 0);
    processor
}

fn failed() -> InvokeResult {
    InvokeResult::Failed {
        response: FunctionResponse::default(),
    }
}

fn failed_from(position: u64) -> InvokeResult {
    let response = FunctionResponse::default();
    InvokeResult::FailedFrom { position, response }
}

/// Plays answers to invocations as they come, saves and notes at once, moves the clock when the processor rests, and returns
/// the invocations: the first and the last position of each batch.
fn play(processor: &mut ShardProcessor, answers: &[InvokeResult]) -> (Vec<(u64, u64)>, Vec<Discard>) {
    let (mut now, mut answers) = (0, answers.iter());
    let (mut invoked, mut noted) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        match processor.next(now) {
            Step::Invoke { records } => {
                let batch: Vec<u64> = processor.records().take(records).map(Record::position).collect();
                let Some(answer) = answers.next() else { break };
                invoked.push((batch[0], batch[batch.len() - 1]));
                processor.on_invoked(answer.clone(), now);
            }
            Step::Save { .. } => processor.on_saved(),
            Step::Discard(discard) => {
                noted.push(discard);
                processor.on_discarded(true, now);
            }
            Step::Wait { until: Some(until) } => now = until,
            Step::Wait { until: None } | Step::Drained | Step::Read { .. } => break,
        }
    }
    (invoked, noted)
}

#[test]
fn a_batch_is_invoked_saved_and_followed_by_the_next() {
    let mut processor = holding(policy(), 6);
    assert_eq!(processor.next(0), Step::Invoke { records: 4 });
    assert_eq!(
        processor.next(0),
        Step::Invoke { records: 4 },
        "the same until it is answered"
    );
    processor.on_invoked(InvokeResult::Succeeded, 0);
    assert_eq!(processor.next(0), Step::Save { position: 5 });
    processor.on_saved();
    assert_eq!(processor.next(0), Step::Invoke { records: 2 });
    processor.on_invoked(InvokeResult::Succeeded, 0);
    processor.on_saved();
    assert_eq!(processor.next(0), Step::Wait { until: None });
    processor.on_new_records();
    let (from, records, bytes) = (7, 4, 6_000_000);
    assert_eq!(processor.next(0), Step::Read { from, records, bytes });
}

#[test]
fn records_wait_for_others_as_long_as_the_window_says() {
    let window = Policy {
        batching_window: 1_000,
        ..policy()
    };
    let mut processor = holding(window.clone(), 2);
    assert_eq!(processor.next(10), Step::Wait { until: Some(1_000) });
    assert_eq!(processor.next(1_000), Step::Invoke { records: 2 });

    let mut processor = holding(window.clone(), 2);
    processor.on_new_records();
    let (from, records, bytes) = (3, 2, 6_000_000);
    assert_eq!(
        processor.next(10),
        Step::Read { from, records, bytes },
        "only what is missing"
    );
    processor.on_read(reading(3..=4, Tip::Ahead { arrived: 0 }), 10);
    assert_eq!(
        processor.next(10),
        Step::Invoke { records: 4 },
        "a full batch waits for nothing"
    );

    let mut processor = holding(window, 2);
    processor.drain();
    assert_eq!(processor.next(10), Step::Invoke { records: 2 });
}

#[test]
fn a_batch_is_no_larger_than_an_event_may_be() {
    let check = |batch_bytes: usize, expected: usize| {
        // each takes 100 + 6 + 16 bytes
        let mut processor = holding(
            Policy {
                batch_bytes,
                ..policy()
            },
            3,
        );
        assert_eq!(processor.next(0), Step::Invoke { records: expected }, "{batch_bytes}");
    };
    check(366, 3);
    check(365, 2);
    check(243, 1);
    check(1, 1);
}

#[test]
fn failures_are_tried_again_as_the_policy_says() {
    use InvokeResult::{NotInvoked, Succeeded};
    let check = |policy: Policy, answers: &[InvokeResult], invoked: &[(u64, u64)], given_up: &[(usize, u32)]| {
        let mut processor = holding(policy.clone(), 4);
        let (batches, noted) = play(&mut processor, answers);
        let noted: Vec<_> = noted
            .iter()
            .map(|discard| (discard.records, discard.invocations))
            .collect();
        assert_eq!(
            (batches.as_slice(), noted.as_slice()),
            (invoked, given_up),
            "{policy:?} {answers:?}"
        );
    };
    let retries = |max_retries| Policy {
        max_retries: Some(max_retries),
        ..policy()
    };
    let halves = |max_retries| Policy {
        bisect: true,
        ..retries(max_retries)
    };
    check(
        policy(),
        &[failed(), failed(), Succeeded],
        &[(1, 4), (1, 4), (1, 4)],
        &[],
    );
    check(retries(1), &[failed(), failed()], &[(1, 4), (1, 4)], &[(4, 2)]);
    check(retries(0), &[failed()], &[(1, 4)], &[(4, 1)]);
    check(
        retries(0),
        &[NotInvoked, NotInvoked, failed()],
        &[(1, 4), (1, 4), (1, 4)],
        &[(4, 1)],
    );
    // partly done: the rest is a batch of its own
    check(retries(0), &[failed_from(3), Succeeded], &[(1, 4), (3, 4)], &[]);
    check(
        retries(0),
        &[failed_from(3), failed_from(3)],
        &[(1, 4), (3, 4)],
        &[(2, 2)],
    );
    check(
        retries(1),
        &[failed_from(1), failed_from(1)],
        &[(1, 4), (1, 4)],
        &[(4, 2)],
    );
    // a record that was not in the batch
    check(retries(0), &[failed_from(9)], &[(1, 4)], &[(4, 1)]);
    // in halves, down to the bad record, which alone is tried again and given up
    check(
        halves(1),
        &[failed(), failed(), Succeeded, failed(), failed(), Succeeded],
        &[(1, 4), (1, 2), (1, 1), (2, 2), (2, 2), (3, 4)],
        &[(1, 4)],
    );
    check(
        halves(0),
        &[failed(), Succeeded, Succeeded],
        &[(1, 4), (1, 2), (3, 4)],
        &[],
    );
}

#[test]
fn a_failure_is_followed_by_a_growing_pause() {
    let mut processor = holding(policy(), 1);
    let mut now = 0;
    for pause in [100, 200, 400] {
        assert_eq!(processor.next(now), Step::Invoke { records: 1 });
        processor.on_invoked(failed(), now);
        assert_eq!(
            processor.next(now),
            Step::Wait {
                until: Some(now + pause)
            }
        );
        now += pause;
    }
}

#[test]
fn records_past_their_age_are_given_up_before_they_are_invoked() {
    let aged = Policy {
        max_age: Some(60_000),
        ..policy()
    };
    let mut processor = ShardProcessor::new(Arc::new(aged), 1);
    let records = vec![record(1, 0, "k", 1), record(2, 5, "k", 1), record(3, 90_000, "k", 1)];
    let tip = Tip::Reached;
    processor.on_read(
        ReadResult {
            stream: String::new(),
            records,
            next: 4,
            tip,
        },
        60_005,
    );
    let expected = Discard {
        records: 1,
        reason: DiscardReason::RecordAgeExceeded,
        invocations: 0,
        response: None,
    };
    assert_eq!(processor.next(60_005), Step::Discard(expected));
    processor.on_discarded(false, 60_005);
    assert_eq!(
        processor.next(60_005),
        Step::Wait { until: Some(60_105) },
        "a note that was not taken comes again"
    );
    assert!(matches!(processor.next(60_105), Step::Discard(_)));
    processor.on_discarded(true, 60_105);
    assert_eq!(processor.next(60_105), Step::Save { position: 2 });
    processor.on_saved();
    assert!(matches!(
        processor.next(60_105),
        Step::Discard(Discard { records: 1, .. })
    ));
    processor.on_discarded(true, 60_105);
    processor.on_saved();
    assert_eq!(processor.next(100_000), Step::Invoke { records: 1 });
}

#[test]
fn a_lane_that_drains_ends_when_nothing_is_left() {
    let mut processor = holding(policy(), 1);
    processor.drain();
    assert_eq!(processor.next(0), Step::Invoke { records: 1 });
    processor.on_invoked(InvokeResult::Succeeded, 0);
    processor.on_saved();
    let (from, records, bytes) = (2, 4, 6_000_000);
    assert_eq!(
        processor.next(0),
        Step::Read { from, records, bytes },
        "it looks once more"
    );
    processor.on_read(
        ReadResult {
            stream: String::new(),
            records: Vec::new(),
            next: 2,
            tip: Tip::Reached,
        },
        0,
    );
    assert_eq!(processor.next(0), Step::Drained);
}
