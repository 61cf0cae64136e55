//! The latest records of one function in memory, and the way to its file.

use std::collections::VecDeque;
use std::sync::Arc;

use super::file::LogWriter;
use super::record::LogRecord;
use parking_lot::Mutex;

/// The bound of the memory of one function's logs, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
const MAX_RECORDS: usize = 2_000;

/// The choice of records that a reader asks for.
#[derive(Debug, Clone, Copy)]
pub struct LogQuery {
    /// Only records after this [`LogRecord::sequence`].
    pub after: Option<u64>,
    /// At most this many: the oldest of those after `after`, or the newest of all without it.
    pub limit: usize,
}

impl Default for LogQuery {
    /// The newest 100.
    fn default() -> Self {
        Self {
            after: None,
            limit: 100,
        }
    }
}

#[derive(Debug, Default)]
struct Ring {
    records: VecDeque<Arc<LogRecord>>,
    bytes: usize,
    last: u64,
}

impl Ring {
    fn push(&mut self, mut record: LogRecord) -> Arc<LogRecord> {
        self.last += 1;
        record.sequence = self.last;
        self.bytes += record.weight();
        let record = Arc::new(record);
        self.records.push_back(Arc::clone(&record));
        while self.records.len() > 1 && (self.bytes > MAX_BYTES || self.records.len() > MAX_RECORDS) {
            if let Some(oldest) = self.records.pop_front() {
                self.bytes -= oldest.weight();
            }
        }
        record
    }

    fn forget(&mut self, before_ms: u64) {
        while self
            .records
            .front()
            .is_some_and(|oldest| oldest.started_at_ms < before_ms)
            && let Some(oldest) = self.records.pop_front()
        {
            self.bytes -= oldest.weight();
        }
    }

    fn query(&self, query: LogQuery) -> Vec<Arc<LogRecord>> {
        match query.after {
            Some(after) => self
                .records
                .iter()
                .filter(|record| record.sequence > after)
                .take(query.limit)
                .cloned()
                .collect(),
            None => {
                let skip = self.records.len().saturating_sub(query.limit);
                self.records.iter().skip(skip).cloned().collect()
            }
        }
    }
}

/// The log of one function. It outlives updates of the function.
#[derive(Debug)]
pub(crate) struct FunctionLog {
    function: Arc<str>,
    ring: Mutex<Ring>,
    writer: Option<Arc<LogWriter>>,
}

impl FunctionLog {
    pub(crate) fn new(function: Arc<str>, writer: Option<Arc<LogWriter>>) -> Self {
        Self {
            function,
            ring: Mutex::default(),
            writer,
        }
    }

    /// Keeps a record; the file follows later.
    pub(crate) fn push(&self, record: LogRecord) {
        let record = self.ring.lock().push(record);
        if let Some(writer) = &self.writer {
            writer.write(Arc::clone(&self.function), record);
        }
    }

    /// Forgets the records of invocations that began before a time. The file is its writer's.
    pub(crate) fn forget(&self, before_ms: u64) {
        self.ring.lock().forget(before_ms);
    }

    /// The records asked for, oldest first.
    pub(crate) fn query(&self, query: LogQuery) -> Vec<Arc<LogRecord>> {
        self.ring.lock().query(query)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    fn sequences(ring: &Ring, after: Option<u64>, limit: usize) -> Vec<u64> {
        ring.query(LogQuery { after, limit })
            .iter()
            .map(|record| record.sequence)
            .collect()
    }

    #[test]
    fn queries_page_forward_or_show_the_newest() {
        let mut ring = Ring::default();
        for _ in 0..5 {
            ring.push(record(&["line"]));
        }
        for (after, limit, expected) in [
            (None, 2, vec![4, 5]),
            (None, 100, vec![1, 2, 3, 4, 5]),
            (Some(0), 2, vec![1, 2]),
            (Some(3), 100, vec![4, 5]),
            (Some(5), 100, vec![]),
        ] {
            assert_eq!(
                sequences(&ring, after, limit),
                expected,
                "after {after:?} limit {limit}"
            );
        }
    }

    #[test]
    fn records_from_before_a_time_are_forgotten() {
        let mut ring = Ring::default();
        for started_at_ms in [10, 20, 30] {
            ring.push(LogRecord {
                started_at_ms,
                ..record(&["line"])
            });
        }
        ring.forget(20);
        assert_eq!(sequences(&ring, None, 9), [2, 3]);
        ring.forget(100);
        assert_eq!((sequences(&ring, None, 9), ring.bytes), (vec![], 0));
    }

    #[test]
    fn memory_is_bounded_by_count_and_by_bytes() {
        let mut ring = Ring::default();
        for _ in 0..MAX_RECORDS + 10 {
            ring.push(record(&[]));
        }
        assert_eq!(sequences(&ring, Some(0), 1), [11]);
        let long = "x".repeat(200 * 1024);
        for _ in 0..10 {
            ring.push(record(&[&long]));
        }
        assert!(
            ring.bytes <= MAX_BYTES && ring.records.len() <= 5,
            "{} bytes",
            ring.bytes
        );
        ring.push(record(&[&"y".repeat(2 * MAX_BYTES)]));
        assert_eq!(ring.records.len(), 1, "the newest stays, however large");
    }
}
