use std::collections::HashMap;

use serde::Serialize;
use sluice_aws::CallError;

use super::Record;
use super::record::{BadRecord, Start};

/// The end of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RecordResult {
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
pub struct BatchResponse {
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

/// Groups the records into lanes: lanes may be at work at the same time, those in a lane come one after the other.
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

/// The report about a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BatchReport {
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

impl BatchReport {
    /// Counts `results`, which are in the order of `records`.
    pub(super) fn new(records: &[Record], results: impl IntoIterator<Item = RecordResult>) -> Self {
        let mut report = BatchReport {
            shard: records
                .first()
                .map(|record| record.shard().to_owned())
                .unwrap_or_default(),
            records: records.len(),
            ..BatchReport::default()
        };
        for (record, result) in records.iter().zip(results) {
            let done = match result {
                RecordResult::Started => &mut report.started,
                RecordResult::StartedBefore => &mut report.started_before,
                RecordResult::Bad(_) => &mut report.bad,
                RecordResult::Failed(error) => {
                    report.why.get_or_insert(error);
                    report.must_come_again(record);
                    &mut report.failed
                }
                RecordResult::NotTried => {
                    report.must_come_again(record);
                    &mut report.not_tried
                }
            };
            *done += 1;
        }
        report
    }

    fn must_come_again(&mut self, record: &Record) {
        self.again_from
            .get_or_insert_with(|| record.kinesis.sequence_number.clone());
    }

    /// Writes the batch's line into the log. It holds nothing of what the records hold.
    pub(super) fn log(&self) {
        let BatchReport {
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
    pub(super) fn response(self) -> BatchResponse {
        let failure = |item_identifier| ItemFailure { item_identifier };
        BatchResponse {
            batch_item_failures: self.again_from.into_iter().map(failure).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sluice_aws::CallErrorKind;
    use sluice_workflows::Submission;

    use super::super::event::Kinesis;
    use super::super::record::NamedBy;
    use super::*;

    #[test]
    fn records_of_one_name_share_a_lane() {
        let starts = ["a", "b", "", "a", "c", "", "b", "a"].map(|name| match name {
            "" => Err(BadRecord::NoField),
            name => Ok(Start {
                name: name.to_owned(),
                input: crate::start::Input::of(&Submission::default()).unwrap(),
                named_by: NamedBy::SubmissionId(name.to_owned()),
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

    fn report(results: Vec<RecordResult>) -> BatchReport {
        let records: Vec<_> = (1..=results.len())
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
        BatchReport::new(&records, results)
    }

    #[test]
    fn a_batch_that_is_done_reports_nothing() {
        let bad = || RecordResult::Bad(BadRecord::NoField);
        let report = report(vec![
            RecordResult::Started,
            bad(),
            RecordResult::StartedBefore,
            bad(),
            bad(),
        ]);
        let counts = (report.records, report.started, report.started_before, report.bad);
        assert_eq!(counts, (5, 1, 1, 3));
        assert_eq!(
            serde_json::to_value(report.response()).unwrap(),
            json!({"batchItemFailures": []})
        );
    }

    #[test]
    fn a_batch_comes_again_from_the_first_record_that_is_not_done() {
        let failed = |message| RecordResult::Failed(error(message));
        let (started, not_tried) = (RecordResult::Started, RecordResult::NotTried);
        for (results, from, why) in [
            (vec![failed("one"), started.clone()], "1", "one"),
            (
                vec![started.clone(), failed("one"), started.clone(), failed("two")],
                "2",
                "one",
            ),
            // The record in front of the one that failed had no turn before it.
            (vec![started, not_tried, failed("one")], "2", "one"),
        ] {
            let report = report(results.clone());
            assert_eq!(report.why, Some(error(why)));
            let counted = report.started + report.started_before + report.bad + report.failed + report.not_tried;
            assert_eq!((counted, report.shard.as_str()), (results.len(), "shard-1"));
            assert_eq!(
                serde_json::to_value(report.response()).unwrap(),
                json!({"batchItemFailures": [{"itemIdentifier": from}]}),
                "{results:?}"
            );
        }
    }
}
