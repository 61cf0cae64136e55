//! The decisions of an event source mapping for one shard's records, or for one share of its partition keys.
//!
//! [`ShardProcessor::next`] says what to do, and says the same until it has the result. There is no clock, no disk and
//! no function here, so a crash is a processor that is gone and another one that begins at the last [`Step::Save`].
//!
//! What holds, whatever fails: a record is given to the function after all earlier ones of its shard or share are done or in
//! front of it in the same batch; a position is saved only when everything before it is done, or noted as given up; and nothing
//! is passed over.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use super::Policy;
use super::backoff;
use crate::{ReadResult, Record, Timestamp, Tip};

/// The next step of a processor, for its caller to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read at most so many records, and not much more than so many bytes of them, from a position on; then
    /// [`ShardProcessor::on_read`].
    Read {
        /// The position to begin at.
        from: u64,
        /// The most records.
        records: usize,
        /// The most bytes.
        bytes: usize,
    },
    /// Wait for new records ([`ShardProcessor::on_new_records`]), but not longer than `until`.
    Wait {
        /// The time at which to ask again in any case.
        until: Option<Timestamp>,
    },
    /// Give the function the first so many of [`ShardProcessor::records`]; then [`ShardProcessor::on_invoked`].
    Invoke {
        /// The number of records.
        records: usize,
    },
    /// Note that the first so many of [`ShardProcessor::records`] are given up; then [`ShardProcessor::on_discarded`].
    Discard(Discard),
    /// Put on disk that everything before the position is done; then [`ShardProcessor::on_saved`].
    Save {
        /// The position.
        position: u64,
    },
    /// Nothing is left, and [`ShardProcessor::drain`] was called.
    Drained,
}

/// The answer to an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvokeResult {
    /// All records are done.
    Succeeded,
    /// Those before this position are done.
    FailedFrom {
        /// The position of the first record that is not done.
        position: u64,
        /// The function's response.
        response: FunctionResponse,
    },
    /// Nothing is known to be done.
    Failed {
        /// The function's response.
        response: FunctionResponse,
    },
    /// The function was not invoked: it was throttled, or cannot be reached. That is no attempt.
    NotInvoked,
}

/// The response of a function, for the note about the records that are given up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FunctionResponse {
    /// The function's version.
    pub version: String,
    /// The error, if the function did not merely report failed records.
    pub error: Option<String>,
}

/// Records that are given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discard {
    /// The number of records: the first ones in hand.
    pub records: usize,
    /// The reason.
    pub reason: DiscardReason,
    /// The number of times that the function was given them.
    pub invocations: u32,
    /// The function's last answer, if there was one.
    pub response: Option<FunctionResponse>,
}

/// The reason why records are given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscardReason {
    /// They were tried as often as the mapping says.
    RetryAttemptsExhausted,
    /// They are older than the mapping says.
    RecordAgeExceeded,
}

/// The first records in hand that are, or will be, one batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Part {
    records: usize,
    retries: u32,
    invocations: u32,
    response: Option<FunctionResponse>,
}

/// A state machine that says what a mapping does next with the records of one shard, or of one share of it.
///
/// ```
/// use std::sync::Arc;
///
/// use sluice_streams::{Policy, ReadResult, ShardProcessor, Step, Tip};
///
/// let policy = Policy {
///     batch_size: 10,
///     batch_bytes: 6_000_000,
///     record_overhead: 100,
///     batching_window: 0,
///     bisect: false,
///     max_retries: None,
///     max_age: None,
/// };
/// let mut processor = ShardProcessor::new(Arc::new(policy), 1);
/// assert!(matches!(processor.next(0), Step::Read { from: 1, .. }));
/// let nothing = ReadResult { stream: "orders".into(), records: Vec::new(), next: 1, tip: Tip::Reached };
/// processor.on_read(nothing, 0);
/// assert_eq!(processor.next(0), Step::Wait { until: None }, "for new records");
/// ```
#[derive(Debug)]
pub struct ShardProcessor {
    policy: Arc<Policy>,
    /// Everything before is done.
    done: u64,
    /// True if `done` is ahead of the position on disk.
    unsaved: bool,
    /// The position to read on from.
    seen: u64,
    /// True if no record lay at `seen` at the last reading.
    at_tip: bool,
    /// Records that are read and not done.
    held: VecDeque<Record>,
    /// Since when there have been records that are in no batch.
    gathering: Option<Timestamp>,
    /// The batch in hand, perhaps in parts: the first records held.
    parts: VecDeque<Part>,
    discard: Option<Discard>,
    /// Failures in a row, and how long to wait because of them.
    failures: u32,
    not_before: Timestamp,
    draining: bool,
}

impl ShardProcessor {
    /// A processor that begins at a saved position.
    pub fn new(policy: Arc<Policy>, position: u64) -> Self {
        Self {
            policy,
            done: position,
            unsaved: false,
            seen: position,
            at_tip: false,
            held: VecDeque::new(),
            gathering: None,
            parts: VecDeque::new(),
            discard: None,
            failures: 0,
            not_before: Timestamp::MIN,
            draining: false,
        }
    }

    /// The records in hand, in their order.
    pub fn records(&self) -> impl ExactSizeIterator<Item = &Record> {
        self.held.iter()
    }

    /// Returns the step to take now.
    pub fn next(&mut self, now: Timestamp) -> Step {
        if self.unsaved {
            return Step::Save { position: self.done };
        }
        if self.discard.is_none() {
            self.discard = self.too_old(now);
        }
        if let Some(discard) = self.discard.clone() {
            return self.unless_resting(now, Step::Discard(discard));
        }
        if self.parts.is_empty()
            && let Some(step) = self.gather(now)
        {
            return step;
        }
        match self.parts.front() {
            Some(part) => {
                let records = part.records;
                self.unless_resting(now, Step::Invoke { records })
            }
            None => Step::Wait { until: None },
        }
    }

    /// Takes the records that [`Step::Read`] has brought.
    pub fn on_read(&mut self, reading: ReadResult, now: Timestamp) {
        self.seen = reading.next;
        self.at_tip = reading.tip == Tip::Reached;
        self.held.extend(reading.records);
        if self.held.is_empty() {
            // nothing of this processor: there is nothing to do again after a crash, so nothing to save
            self.done = self.done.max(self.seen);
        } else if self.gathering.is_none() {
            self.gathering = Some(now);
        }
    }

    /// Takes note that there may be new records.
    pub fn on_new_records(&mut self) {
        self.at_tip = false;
    }

    /// Takes note that [`Step::Save`] is on disk.
    pub fn on_saved(&mut self) {
        self.unsaved = false;
    }

    /// Takes the result of [`Step::Discard`]: true if the note is where it is to be. If not, it will be tried again.
    pub fn on_discarded(&mut self, delivered: bool, now: Timestamp) {
        if !delivered {
            self.rest(now);
            return;
        }
        if let Some(discard) = self.discard.take() {
            self.awake();
            self.finish(discard.records);
        }
    }

    /// Takes the answer to [`Step::Invoke`].
    pub fn on_invoked(&mut self, answer: InvokeResult, now: Timestamp) {
        let Some(part) = self.parts.front_mut() else { return };
        if answer != InvokeResult::NotInvoked {
            part.invocations = part.invocations.saturating_add(1);
        }
        match answer {
            InvokeResult::Succeeded => {
                let records = part.records;
                self.awake();
                self.finish(records);
            }
            InvokeResult::FailedFrom { position, response } => self.failed_from(position, response, now),
            InvokeResult::Failed { response } => self.failed(response, now),
            InvokeResult::NotInvoked => self.rest(now),
        }
    }

    /// From now on nothing is waited for: what is there is done, then the processor has ended.
    pub fn drain(&mut self) {
        self.draining = true;
        self.at_tip = false;
    }

    /// Makes the next batch, or says what is missing for one.
    fn gather(&mut self, now: Timestamp) -> Option<Step> {
        let (records, full) = self.batch();
        let since = self.gathering.unwrap_or(now);
        let over = now >= since.saturating_add(self.policy.batching_window) || self.draining;
        if records > 0 && (full || over) {
            self.gathering = None;
            self.parts.push_back(Part {
                records,
                ..Part::default()
            });
            return None;
        }
        if !self.at_tip {
            return Some(Step::Read {
                from: self.seen,
                records: self.policy.batch_size.saturating_sub(self.held.len()).max(1),
                bytes: self.policy.batch_bytes,
            });
        }
        if records > 0 {
            let until = since.saturating_add(self.policy.batching_window);
            return Some(Step::Wait { until: Some(until) });
        }
        Some(if self.draining {
            Step::Drained
        } else {
            Step::Wait { until: None }
        })
    }

    /// Counts the records in hand that fit into a batch, at least one; and tells if no more would fit.
    fn batch(&self) -> (usize, bool) {
        let mut weight = 0;
        for (count, record) in self.held.iter().enumerate() {
            weight += self.policy.weight(record);
            if count >= self.policy.batch_size || (count > 0 && weight > self.policy.batch_bytes) {
                return (count, true);
            }
        }
        (self.held.len(), self.held.len() >= self.policy.batch_size)
    }

    /// The records in front that are past the mapping's age, of the batch in hand if there is one.
    fn too_old(&self, now: Timestamp) -> Option<Discard> {
        let max_age = self.policy.max_age?;
        let part = self.parts.front();
        let most = part.map_or(self.held.len(), |part| part.records);
        let old = |record: &&Record| now.saturating_sub(record.arrived) > max_age;
        let records = self.held.iter().take(most).take_while(old).count();
        (records > 0).then(|| Discard {
            records,
            reason: DiscardReason::RecordAgeExceeded,
            invocations: part.map_or(0, |part| part.invocations),
            response: part.and_then(|part| part.response.clone()),
        })
    }

    /// The first so many records are done, or given up.
    fn finish(&mut self, records: usize) {
        if let Some(last) = self.held.drain(..records.min(self.held.len())).next_back() {
            self.done = last.position() + 1;
            self.unsaved = true;
        }
        match self.parts.front_mut() {
            Some(part) if part.records > records => part.records -= records,
            Some(_) => drop(self.parts.pop_front()),
            None => {}
        }
        if self.held.is_empty() {
            self.gathering = None;
        }
    }

    fn failed_from(&mut self, position: u64, response: FunctionResponse, now: Timestamp) {
        let Some(part) = self.parts.front_mut() else { return };
        let batch = self.held.iter().take(part.records);
        let done = batch.clone().take_while(|record| record.position() < position).count();
        if done == part.records {
            // a record that was not in the batch cannot have failed
            return self.failed(response, now);
        }
        part.response = Some(response);
        if done == 0 {
            return self.retry(now);
        }
        // What came before is done. The rest is a batch of its own: it has not been tried from its beginning.
        part.retries = 0;
        self.finish(done);
        self.failures = 0;
        self.rest(now);
    }

    fn failed(&mut self, response: FunctionResponse, now: Timestamp) {
        let Some(part) = self.parts.front_mut() else { return };
        part.response = Some(response);
        if !self.policy.bisect || part.records < 2 {
            return self.retry(now);
        }
        // Splitting is no retry.
        let back = part.records / 2;
        let front = part.records - back;
        let second = Part {
            records: back,
            ..part.clone()
        };
        part.records = front;
        self.parts.insert(1, second);
        self.rest(now);
    }

    /// The batch in front is tried again as it is, or given up.
    fn retry(&mut self, now: Timestamp) {
        let Some(part) = self.parts.front_mut() else { return };
        if self.policy.max_retries.is_some_and(|most| part.retries >= most) {
            self.discard = Some(Discard {
                records: part.records,
                reason: DiscardReason::RetryAttemptsExhausted,
                invocations: part.invocations,
                response: mem::take(&mut part.response),
            });
            return self.awake();
        }
        part.retries += 1;
        self.rest(now);
    }

    fn rest(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.saturating_add(backoff::pause(self.failures));
    }

    fn awake(&mut self) {
        self.failures = 0;
        self.not_before = Timestamp::MIN;
    }

    fn unless_resting(&self, now: Timestamp, step: Step) -> Step {
        if now < self.not_before {
            let until = Some(self.not_before);
            Step::Wait { until }
        } else {
            step
        }
    }
}
