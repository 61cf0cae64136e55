use std::collections::HashMap;

use serde::Serialize;
use sluice_aws::CallError;

use super::Record;
use super::record::{BadRecord, Start};

/// How a record ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its execution is started, or runs.
    Started,
    /// Its execution was started before.
    StartedBefore,
    /// It never becomes a submission; the failure queue has it.
    Bad(BadRecord),
    /// A call failed, so it must come again.
    Failed(CallError),
    /// Another one failed before its turn came, so it comes again anyway.
    NotTried,
}

/// The answer to Lambda: the first record that failed, if one did.
///
/// Lambda sends the batch again from the lowest sequence number in it, so one says all
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The record; empty if the whole batch is done.
    pub batch_item_failures: Vec<ItemFailure>,
}

/// A record that must come again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// Its sequence number.
    pub item_identifier: String,
}

/// Which records may be at work at the same time: the lanes may, those in a lane come one after the other.
///
/// Records that want the same name share a lane, so that of two submissions under one id the earlier one counts. Lanes
/// are in the order of their first records.
pub(super) fn lanes(starts: &[Result<Start, BadRecord>]) -> Vec<Vec<usize>> {
    let mut lanes: Vec<Vec<usize>> = Vec::new();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for (index, start) in starts.iter().enumerate() {
        let lane = match start {
            Ok(start) => *by_name.entry(&start.name).or_insert(lanes.len()),
            Err(_) => lanes.len(),
        };
        match lanes.get_mut(lane) {
            Some(lane) => lane.push(index),
            None => lanes.push(vec![index]),
        }
    }
    lanes
}

/// What became of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    shard: String,
    records: usize,
    started: usize,
    started_before: usize,
    bad: usize,
    failed: usize,
    not_tried: usize,
    /// From where on the batch must come again.
    again_from: Option<String>,
    /// The first failure.
    why: Option<CallError>,
}

impl Tally {
    /// Counts `outcomes`, which are in the order of `records`.
    pub(super) fn new(records: &[Record], outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let mut tally = Tally {
            shard: records
                .first()
                .map(|record| record.shard().to_owned())
                .unwrap_or_default(),
            records: records.len(),
            ..Tally::default()
        };
        for (record, outcome) in records.iter().zip(outcomes) {
            let done = match outcome {
                Outcome::Started => &mut tally.started,
                Outcome::StartedBefore => &mut tally.started_before,
                Outcome::Bad(_) => &mut tally.bad,
                Outcome::Failed(error) => {
                    tally.why.get_or_insert(error);
                    tally.must_come_again(record);
                    &mut tally.failed
                }
                Outcome::NotTried => {
                    tally.must_come_again(record);
                    &mut tally.not_tried
                }
            };
            *done += 1;
        }
        tally
    }

    fn must_come_again(&mut self, record: &Record) {
        self.again_from
            .get_or_insert_with(|| record.kinesis.sequence_number.clone());
    }

    /// Writes the batch's line into the log. It holds nothing of what the records hold.
    pub(super) fn log(&self) {
        let Tally {
            shard,
            records,
            started,
            started_before,
            bad,
            failed,
            not_tried,
            again_from,
            why,
        } = self;
        match (again_from, bad) {
            (Some(again_from), _) => {
                let why = why.as_ref().map(ToString::to_string).unwrap_or_default();
                tracing::error!(
                    shard,
                    records,
                    started,
                    started_before,
                    bad,
                    failed,
                    not_tried,
                    again_from,
                    why,
                    "batch not done"
                );
            }
            (None, 0) => tracing::info!(shard, records, started, started_before, bad, "batch done"),
            (None, _) => tracing::warn!(
                shard,
                records,
                started,
                started_before,
                bad,
                "batch done; what was bad is in the failure queue"
            ),
        }
    }

    /// The answer to Lambda.
    pub(super) fn response(self) -> Response {
        let failure = |item_identifier| ItemFailure { item_identifier };
        Response {
            batch_item_failures: self.again_from.into_iter().map(failure).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sluice_aws::CallErrorKind;

    use super::super::event::Kinesis;
    use super::super::record::NamedBy;
    use super::*;

    #[test]
    fn records_of_one_name_share_a_lane() {
        let starts = ["a", "b", "", "a", "c", "", "b", "a"].map(|name| match name {
            "" => Err(BadRecord::NoField),
            name => Ok(Start {
                name: name.to_owned(),
                input: "{}".to_owned(),
                named_by: NamedBy::SubmissionId,
            }),
        });
        let expected: [&[usize]; 5] = [&[0, 3, 7], &[1, 6], &[2], &[4], &[5]];
        assert_eq!(lanes(&starts), expected);
        assert!(lanes(&[]).is_empty());
    }

    fn error(message: &str) -> CallError {
        CallError {
            action: "test",
            kind: CallErrorKind::Throttled,
            message: message.to_owned(),
        }
    }

    fn tally(outcomes: Vec<Outcome>) -> Tally {
        let records: Vec<_> = (1..=outcomes.len())
            .map(|number| Record {
                event_id: format!("shard-1:{number}"),
                stream_arn: "arn".to_owned(),
                kinesis: Kinesis {
                    sequence_number: number.to_string(),
                    partition_key: String::new(),
                    data: String::new(),
                },
            })
            .collect();
        Tally::new(&records, outcomes)
    }

    #[test]
    fn a_batch_that_is_done_reports_nothing() {
        let bad = || Outcome::Bad(BadRecord::NoField);
        let tally = tally(vec![Outcome::Started, bad(), Outcome::StartedBefore, bad(), bad()]);
        let counts = (tally.records, tally.started, tally.started_before, tally.bad);
        assert_eq!(counts, (5, 1, 1, 3));
        assert_eq!(
            serde_json::to_value(tally.response()).unwrap(),
            json!({"batchItemFailures": []})
        );
    }

    #[test]
    fn a_batch_comes_again_from_the_first_record_that_is_not_done() {
        let failed = |message| Outcome::Failed(error(message));
        let (started, not_tried) = (Outcome::Started, Outcome::NotTried);
        for (outcomes, from, why) in [
            (vec![failed("one"), started.clone()], "1", "one"),
            (
                vec![started.clone(), failed("one"), started.clone(), failed("two")],
                "2",
                "one",
            ),
            // The record in front of the one that failed had no turn before it.
            (vec![started, not_tried, failed("one")], "2", "one"),
        ] {
            let tally = tally(outcomes.clone());
            assert_eq!(tally.why, Some(error(why)));
            let counted = tally.started + tally.started_before + tally.bad + tally.failed + tally.not_tried;
            assert_eq!((counted, tally.shard.as_str()), (outcomes.len(), "shard-1"));
            assert_eq!(
                serde_json::to_value(tally.response()).unwrap(),
                json!({"batchItemFailures": [{"itemIdentifier": from}]}),
                "{outcomes:?}"
            );
        }
    }
}
