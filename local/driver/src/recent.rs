//! The states of executions at their last commit, for those who ask while they run.
//!
//! Most questions are about an execution that has just been started or has just ended: answered from here they cost
//! neither a thread nor a query nor a fold.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use sluice_engine::HistoryEvent;

use crate::ExecutionRecord;

/// The most executions that are kept.
const MOST: usize = 512;

/// The most bytes of an execution's facts with which it is kept: values are shared with the execution while it is in memory,
/// and with nobody afterwards.
pub(crate) const HEAVIEST: usize = 32 * 1024;

/// An execution as of its last commit.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) record: ExecutionRecord,
    /// The last event of its history.
    pub(crate) newest: HistoryEvent,
}

/// The executions that changed last. The writer puts them in after the commit and before anybody is answered.
#[derive(Debug, Default)]
pub(crate) struct RecentExecutions(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    by_arn: HashMap<Arc<str>, Arc<Snapshot>>,
    /// Oldest first; each ARN of the map once.
    order: VecDeque<Arc<str>>,
}

impl RecentExecutions {
    /// Returns the state of the execution with this ARN, if it is among those that changed last.
    pub(crate) fn get(&self, arn: &str) -> Option<Arc<Snapshot>> {
        self.0.lock().by_arn.get(arn).cloned()
    }

    /// Takes in the state of an execution; none: it is too heavy, or not known without its log.
    pub(crate) fn put(&self, arn: &Arc<str>, snapshot: Option<Snapshot>) {
        let mut inner = self.0.lock();
        match (inner.by_arn.get_mut(arn), snapshot) {
            (Some(known), Some(snapshot)) => *known = Arc::new(snapshot),
            (Some(_), None) => {
                inner.by_arn.remove(arn);
                inner.order.retain(|other| other != arn);
            }
            (None, None) => {}
            (None, Some(snapshot)) => {
                if inner.order.len() >= MOST
                    && let Some(oldest) = inner.order.pop_front()
                {
                    inner.by_arn.remove(&oldest);
                }
                inner.order.push_back(arn.clone());
                inner.by_arn.insert(arn.clone(), Arc::new(snapshot));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use sluice_engine::{EventKind, Identity, Status};

    use super::*;

    fn snapshot(arn: &Arc<str>, id: u64) -> Snapshot {
        let text = |text: &str| Arc::<str>::from(text);
        Snapshot {
            record: ExecutionRecord {
                identity: Arc::new(Identity {
                    key: id,
                    arn: arn.clone(),
                    name: text("n"),
                    machine_arn: text("m"),
                    machine_name: text("m"),
                    role_arn: text("r"),
                    express: false,
                }),
                status: Status::Running,
                start_date: 0,
                stop_date: None,
                input: Arc::new(Value::Null),
                outcome: None,
                waiting_since: None,
                waiting_state: None,
                definition_id: 1,
                revision_id: String::new(),
                version_arn: None,
                alias_arn: None,
                trace_header: None,
                redrive_count: 0,
                redriven_at: None,
                child: None,
            },
            newest: HistoryEvent {
                id,
                previous_event_id: 0,
                timestamp: 0,
                kind: EventKind::LambdaFunctionStarted,
            },
        }
    }

    #[test]
    fn the_last_snapshot_counts_and_the_oldest_execution_goes_first() {
        let recent = RecentExecutions::default();
        let arn = |n: usize| Arc::<str>::from(format!("arn{n}"));
        for n in 0..MOST {
            recent.put(&arn(n), Some(snapshot(&arn(n), 1)));
        }
        let newest = |n: usize| recent.get(&arn(n)).map(|snapshot| snapshot.newest.id);
        recent.put(&arn(1), Some(snapshot(&arn(1), 2)));
        assert_eq!((newest(0), newest(1), newest(MOST)), (Some(1), Some(2), None));
        recent.put(&arn(MOST), Some(snapshot(&arn(MOST), 1)));
        assert_eq!((newest(0), newest(1), newest(MOST)), (None, Some(2), Some(1)));
    }

    #[test]
    fn one_that_is_not_known_any_more_leaves_no_trace() {
        let recent = RecentExecutions::default();
        let arn = Arc::<str>::from("arn");
        recent.put(&arn, Some(snapshot(&arn, 1)));
        recent.put(&arn, None);
        assert!(recent.get(&arn).is_none());
        let inner = recent.0.lock();
        assert!(inner.by_arn.is_empty() && inner.order.is_empty());
    }
}
