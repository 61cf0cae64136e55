//! Whatever fails, and wherever it crashes: every record is given to the function, or noted as given up; in the order of its
//! partition key; and none is skipped.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::shard_processor_tests::record;
use super::{FunctionResponse, InvokeResult, Policy, ShardProcessor, Step};
use crate::{HashKey, ReadResult, Record, Timestamp, Tip};

const KEYS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// One event of a generated history.
#[derive(Debug, Clone)]
enum ProcessorEvent {
    /// A record is put.
    Put { key: usize, length: usize },
    /// A processor does what it wants to; if that is to invoke, the function answers so.
    Turn { processor: usize, answer: Kind },
    /// The same, but the machine crashes before the result is known: all processors begin again at what is saved.
    Crash { processor: usize },
    /// Time goes by.
    Pass(Timestamp),
}

#[derive(Debug, Clone)]
enum Kind {
    Succeeds,
    Fails,
    /// From the record with this index on, whether or not there is one.
    FailsFrom(usize),
    NotInvoked,
}

fn events() -> impl Strategy<Value = Vec<ProcessorEvent>> {
    let answer = prop_oneof![
        3 => Just(Kind::Succeeds),
        2 => Just(Kind::Fails),
        3 => (0..6_usize).prop_map(Kind::FailsFrom),
        1 => Just(Kind::NotInvoked),
    ];
    let event = prop_oneof![
        4 => (0..KEYS.len(), 0..80_usize).prop_map(|(key, length)| ProcessorEvent::Put { key, length }),
        8 => (0..4_usize, answer).prop_map(|(processor, answer)| ProcessorEvent::Turn { processor, answer }),
        1 => (0..4_usize).prop_map(|processor| ProcessorEvent::Crash { processor }),
        2 => (1..5_000_i64).prop_map(ProcessorEvent::Pass),
    ];
    prop::collection::vec(event, 0..150)
}

fn policies() -> impl Strategy<Value = Policy> {
    let retries = prop::option::of(0..4_u32);
    let age = prop::option::of(1_000..20_000_i64);
    (1..6_usize, 200..2_000_usize, 0..2_000_i64, any::<bool>(), retries, age).prop_map(
        |(batch_size, batch_bytes, batching_window, bisect, max_retries, max_age)| Policy {
            batch_size,
            batch_bytes,
            record_overhead: 100,
            batching_window,
            bisect,
            max_retries,
            max_age,
        },
    )
}

struct World {
    policy: Arc<Policy>,
    now: Timestamp,
    shard: Vec<Record>,
    processors: Vec<ShardProcessor>,
    /// The position on disk from which each processor goes on.
    saved: Vec<u64>,
    /// Positions that the function has dealt with.
    done: BTreeSet<u64>,
    /// Positions that were noted as given up.
    given_up: BTreeSet<u64>,
}

impl World {
    fn new(policy: Policy, processors: usize) -> Self {
        let policy = Arc::new(policy);
        Self {
            now: 0,
            shard: Vec::new(),
            processors: (0..processors)
                .map(|_| ShardProcessor::new(Arc::clone(&policy), 1))
                .collect(),
            saved: vec![1; processors],
            done: BTreeSet::new(),
            given_up: BTreeSet::new(),
            policy,
        }
    }

    fn processor_of(&self, record: &Record) -> usize {
        HashKey::of(&record.partition_key).bucket() as usize % self.processors.len()
    }

    fn put(&mut self, key: usize, length: usize) {
        let position = self.shard.len() as u64 + 1;
        self.shard.push(record(position, self.now, KEYS[key], length));
        self.processors.iter_mut().for_each(ShardProcessor::on_new_records);
    }

    fn read(&self, processor: usize, from: u64, records: usize) -> ReadResult {
        let own = |record: &&Record| record.position() >= from && self.processor_of(record) == processor;
        let mut found: Vec<Record> = self.shard.iter().filter(own).take(records + 1).cloned().collect();
        if found.len() > records
            && let Some(ahead) = found.pop()
        {
            let tip = Tip::Ahead { arrived: ahead.arrived };
            let next = ahead.position();
            return ReadResult {
                stream: String::new(),
                records: found,
                next,
                tip,
            };
        }
        ReadResult {
            stream: String::new(),
            records: found,
            next: self.shard.len() as u64 + 1,
            tip: Tip::Reached,
        }
    }

    /// Takes one step of a processor, and gives the result to the processor unless it crashes.
    fn turn(&mut self, processor: usize, kind: &Kind, crash: bool) {
        let now = self.now;
        match self.processors[processor].next(now) {
            Step::Read { from, records, .. } => {
                let reading = self.read(processor, from, records);
                self.processors[processor].on_read(reading, now);
            }
            Step::Wait { until: Some(until) } => {
                assert!(until > now, "it would wait for the past");
                if !crash {
                    self.now = until;
                }
            }
            Step::Wait { until: None } | Step::Drained => {}
            Step::Invoke { records } => {
                let answer = self.invoke(processor, records, kind);
                if !crash {
                    self.processors[processor].on_invoked(answer, now);
                }
            }
            Step::Discard(discard) => {
                let given_up: Vec<u64> = self.processors[processor]
                    .records()
                    .take(discard.records)
                    .map(Record::position)
                    .collect();
                assert!(!given_up.is_empty());
                assert!(self.policy.max_retries.is_some() || self.policy.max_age.is_some());
                self.given_up.extend(given_up);
                if !crash {
                    self.processors[processor].on_discarded(true, now);
                }
            }
            Step::Save { position } => {
                self.check_save(processor, position);
                self.saved[processor] = position;
                if !crash {
                    self.processors[processor].on_saved();
                }
            }
        }
        if crash {
            self.processors = self
                .saved
                .iter()
                .map(|&at| ShardProcessor::new(Arc::clone(&self.policy), at))
                .collect();
        }
    }

    fn invoke(&mut self, processor: usize, records: usize, kind: &Kind) -> InvokeResult {
        let batch: Vec<Record> = self.processors[processor].records().take(records).cloned().collect();
        assert!((1..=self.policy.batch_size).contains(&batch.len()));
        self.check_order(processor, &batch);
        let response = FunctionResponse::default();
        let (done, answer) = match kind {
            Kind::NotInvoked => (0, InvokeResult::NotInvoked),
            Kind::Succeeds => (batch.len(), InvokeResult::Succeeded),
            Kind::Fails => (0, InvokeResult::Failed { response }),
            Kind::FailsFrom(index) => match batch.get(*index) {
                Some(record) => {
                    let position = record.position();
                    (*index, InvokeResult::FailedFrom { position, response })
                }
                None => {
                    let position = u64::MAX;
                    (0, InvokeResult::FailedFrom { position, response })
                }
            },
        };
        self.done.extend(batch[..done].iter().map(Record::position));
        answer
    }

    /// Asserts that all records before a batch in its processor, so all that have one of its partition keys, are done or given
    /// up.
    fn check_order(&self, processor: usize, batch: &[Record]) {
        let first = batch[0].position();
        for earlier in self
            .shard
            .iter()
            .filter(|record| record.position() < first && self.processor_of(record) == processor)
        {
            assert!(self.is_over(earlier), "{} comes before {}", first, earlier.position());
        }
        let behind = self
            .shard
            .iter()
            .filter(|record| record.position() >= first && self.processor_of(record) == processor);
        let expected: Vec<u64> = behind.take(batch.len()).map(Record::position).collect();
        assert_eq!(
            batch.iter().map(Record::position).collect::<Vec<_>>(),
            expected,
            "a batch has no gaps"
        );
    }

    fn check_save(&self, processor: usize, position: u64) {
        assert!(position > self.saved[processor], "a checkpoint goes ahead");
        for record in self
            .shard
            .iter()
            .filter(|record| record.position() < position && self.processor_of(record) == processor)
        {
            assert!(self.is_over(record), "{} is skipped by a checkpoint", record.position());
        }
    }

    fn is_over(&self, record: &Record) -> bool {
        self.done.contains(&record.position()) || self.given_up.contains(&record.position())
    }

    /// Everything works again: the processors come to their ends.
    fn drain(&mut self) {
        for processor in 0..self.processors.len() {
            self.processors[processor].drain();
            let mut turns = 0;
            while self.processors[processor].next(self.now) != Step::Drained {
                self.turn(processor, &Kind::Succeeds, false);
                turns += 1;
                assert!(turns < 2_000, "processor {processor} does not come to its end");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_is_delivered_in_order_and_none_is_skipped(policy in policies(), processors in 1..=4_usize, events in events()) {
        let strict = policy.max_retries.is_none() && policy.max_age.is_none();
        let mut world = World::new(policy, processors);
        for event in events {
            match event {
                ProcessorEvent::Put { key, length } => world.put(key, length),
                ProcessorEvent::Turn { processor, answer } => world.turn(processor % processors, &answer, false),
                ProcessorEvent::Crash { processor } => world.turn(processor % processors, &Kind::Succeeds, true),
                ProcessorEvent::Pass(by) => world.now += by,
            }
        }
        world.drain();
        for record in &world.shard {
            prop_assert!(world.is_over(record), "{} was skipped", record.position());
            prop_assert!(!strict || world.done.contains(&record.position()), "{} was given up", record.position());
        }
        for (processor, saved) in world.saved.iter().enumerate() {
            let last = world.shard.iter().filter(|record| world.processor_of(record) == processor).map(Record::position).max();
            prop_assert!(last.is_none_or(|last| *saved == last + 1), "processor {processor} is not saved to its end");
        }
    }
}
