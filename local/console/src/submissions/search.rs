//! Lists, counts and searches over submissions.
//!
//! The page of a list is read from the journal by key, so what it shows is the truth; the index only says which keys. It is
//! brought up to date by a few bounded steps when someone looks, and further in the background until nothing is left.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use sluice_clock::Clock;
use sluice_driver::{Driver, DriverError, EndMark, Ends, ExecutionFilter, ExecutionRecord};
use sluice_engine::{Status, Timestamp};

use super::index::{Choice, Entry, Index, MINUTE, OPEN};
use super::spec::{OutcomeRule, SubmissionSpec, Tone};

/// The keys that one step looks at.
const WINDOW: u64 = 256;
/// The ends that one step looks at.
const ENDS: usize = 4096;
/// The steps that a request waits for; none while others are made in the background, so that it waits for no more.
const STEPS_OF_A_REQUEST: usize = 4;
/// The candidates that a page of a filtered list looks at.
const LOOKED_AT: usize = 512;
/// Milliseconds by which an end may be written later than one that came after it: a decision may be offloaded.
const ENDS_OVERLAP: i64 = 15_000;
/// Waiting submissions are counted up to here.
const MOST_WAITING: usize = 200_000;
/// The minutes of the small pictures.
pub(crate) const PICTURE_MINUTES: usize = 60;

/// The submissions of a product, for the pages.
#[derive(Clone)]
pub(crate) struct Submissions(Arc<Shared>);

struct Shared {
    spec: SubmissionSpec,
    driver: Driver,
    clock: Arc<dyn Clock>,
    state: Mutex<Option<State>>,
    /// True while a task catches up in the background.
    busy: AtomicBool,
}

/// The index, and what it has not seen.
struct State {
    index: Index,
    /// Keys that were not looked at, the newest last.
    gaps: Vec<Range<u64>>,
    /// Behind the newest key that is known of.
    end: u64,
    mark: EndMark,
}

/// The choice of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Search {
    /// The name of an outcome.
    pub(crate) outcome: Option<String>,
    /// Words.
    pub(crate) words: Vec<String>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    pub(crate) below: Option<u64>,
    pub(crate) limit: usize,
}

/// A page of submissions.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) records: Vec<ExecutionRecord>,
    /// The key below which the next page begins.
    pub(crate) next: Option<u64>,
    /// Submissions that the index has not seen yet, at most.
    pub(crate) unseen: u64,
    /// The page ended early: so many candidates were looked at.
    pub(crate) cut: bool,
}

/// The numbers of submissions by outcome, and those of the last hour by the minute.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// The outcome's name, its tone, the number, and true if there may be more.
    pub(crate) outcomes: Vec<(String, Tone, u64, bool)>,
    /// The starts of the last hour, by the minute.
    pub(crate) started: Vec<u64>,
    /// The ends of the last hour that are neither good nor broken.
    pub(crate) refused: Vec<u64>,
    /// The ends of the last hour that are broken.
    pub(crate) failed: Vec<u64>,
}

impl Submissions {
    /// The submissions that `spec` defines, over the executions of `driver`.
    pub(crate) fn new(spec: SubmissionSpec, driver: Driver, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            spec,
            driver,
            clock,
            state: Mutex::default(),
            busy: AtomicBool::new(false),
        }))
    }

    /// Their definition.
    pub(crate) fn spec(&self) -> &SubmissionSpec {
        &self.0.spec
    }

    /// The executions behind these submissions, and how many have which outcome.
    pub(crate) async fn look(&self, search: &Search) -> Result<(Found, Counts), DriverError> {
        let unseen = self.catch_up().await?;
        let mut found = self.find(search).await?;
        found.unseen = unseen;
        let counts = self.counts(search, unseen > 0).await?;
        Ok((found, counts))
    }

    /// A page of them.
    pub(crate) async fn find(&self, search: &Search) -> Result<Found, DriverError> {
        let spec = &self.0.spec;
        let is_plain =
            search.outcome.is_none() && search.words.is_empty() && search.from.is_none() && search.to.is_none();
        if is_plain {
            return self.newest(search).await;
        }
        let outcomes = search
            .outcome
            .as_deref()
            .map_or_else(Vec::new, |name| numbers(spec, name));
        let wanted = search.outcome.as_deref();
        let fits = |record: &ExecutionRecord| wanted.is_none_or(|wanted| name_of(spec, record) == wanted);
        self.find_by_index(search, outcomes, fits).await
    }

    /// A page of those that failed, timed out or were stopped.
    pub(crate) async fn find_unsuccessful(&self, search: &Search) -> Result<Found, DriverError> {
        let spec = &self.0.spec;
        let rules = spec.outcomes.iter().zip(0..);
        let outcomes = rules
            .filter(|(rule, _)| rule.can_be_unsuccessful())
            .map(|(_, number)| number)
            .collect();
        let wanted = search.outcome.as_deref();
        let fits = |record: &ExecutionRecord| {
            matches!(record.status, Status::Failed | Status::TimedOut | Status::Aborted)
                && wanted.is_none_or(|wanted| name_of(spec, record) == wanted)
        };
        self.find_by_index(search, outcomes, fits).await
    }

    async fn find_by_index(
        &self,
        search: &Search,
        outcomes: Vec<i64>,
        fits: impl Fn(&ExecutionRecord) -> bool,
    ) -> Result<Found, DriverError> {
        let mut found = Found::default();
        let mut choice = Choice {
            outcomes,
            words: search.words.clone(),
            from: search.from,
            to: search.to,
            below: search.below,
        };
        let mut looked_at = 0;
        loop {
            let batch = (search.limit + 1).clamp(32, LOOKED_AT);
            let wanted = choice.clone();
            let keys = self.0.ask(move |state| state.index.find(&wanted, batch)).await?;
            let records = self.0.driver.executions().records(keys.clone()).await?;
            self.correct(&keys, &records).await?;
            for record in records.into_iter().filter(|record| fits(record)) {
                if found.records.len() == search.limit {
                    found.next = found.records.last().map(|last| last.identity.key);
                    return Ok(found);
                }
                found.records.push(record);
            }
            looked_at += keys.len();
            match keys.last() {
                Some(last) if keys.len() == batch => choice.below = Some(*last),
                _ => return Ok(found),
            }
            if looked_at >= LOOKED_AT {
                found.next = choice.below;
                found.cut = true;
                return Ok(found);
            }
        }
    }

    /// The newest, without any filter: of the journal alone.
    async fn newest(&self, search: &Search) -> Result<Found, DriverError> {
        let executions = self.0.driver.executions();
        let page = executions
            .list(ExecutionFilter {
                machine_arn: Some(self.0.spec.state_machine.clone()),
                after: search.below.map(|key| format!("x{key:x}")),
                limit: search.limit,
                ..ExecutionFilter::default()
            })
            .await?;
        let keys: Vec<u64> = page.items.iter().map(|one| one.key).collect();
        Ok(Found {
            next: page.next.and(keys.last().copied()),
            records: executions.records(keys).await?,
            ..Found::default()
        })
    }

    async fn counts(&self, search: &Search, incomplete: bool) -> Result<Counts, DriverError> {
        let spec = &self.0.spec;
        let choice = Choice {
            words: search.words.clone(),
            from: search.from,
            to: search.to,
            ..Choice::default()
        };
        let is_filtered = choice != Choice::default();
        let now = self.0.clock.now();
        let of_tone = |wanted: fn(Tone) -> bool| -> Vec<i64> {
            let rules = spec.outcomes.iter().zip(0..);
            rules
                .filter(|(rule, _)| wanted(rule.tone))
                .map(|(_, number)| number)
                .collect()
        };
        let broken = of_tone(|tone| tone == Tone::Bad);
        let refused = of_tone(|tone| tone == Tone::Idle);
        let asked = self.0.ask(move |state| {
            Ok((
                state.index.counts(&choice)?,
                state.index.by_minute(None, now, PICTURE_MINUTES)?,
                state.index.by_minute(Some(&refused), now, PICTURE_MINUTES)?,
                state.index.by_minute(Some(&broken), now, PICTURE_MINUTES)?,
            ))
        });
        let (by_number, started, refused, failed) = asked.await?;
        let count_of = |number: i64| {
            by_number
                .iter()
                .find(|(one, _)| *one == number)
                .map_or(0, |(_, count)| *count)
        };
        let executions = self.0.driver.executions();
        let waiting = executions.waiting_count(&spec.state_machine, MOST_WAITING).await?;
        let (open, waiting) = (count_of(OPEN), u64::try_from(waiting).unwrap_or(u64::MAX));
        let mut outcomes: Vec<(String, Tone, u64, bool)> = Vec::new();
        for (rule, number) in spec.outcomes.iter().zip(0..) {
            let (count, more) = match (rule.is_of_running(), rule.waiting) {
                (false, _) => (count_of(number), incomplete),
                // which of those that a search finds wait, only the journal knows
                (true, Some(true)) if is_filtered => (open.min(waiting), true),
                (true, Some(true)) => (waiting, waiting >= MOST_WAITING as u64),
                (true, _) => (open.saturating_sub(waiting), incomplete || is_filtered),
            };
            match outcomes.iter_mut().find(|(name, ..)| *name == rule.name) {
                Some(there) => there.2 += count,
                None => outcomes.push((rule.name.clone(), rule.tone, count, more)),
            }
        }
        Ok(Counts {
            outcomes,
            started,
            refused,
            failed,
        })
    }

    /// Brings the index up to date by a few steps, and by others in the background; the number of keys that are left.
    pub(crate) async fn catch_up(&self) -> Result<u64, DriverError> {
        self.0.notice_new().await?;
        let steps = if self.0.busy.load(Ordering::Acquire) {
            0
        } else {
            STEPS_OF_A_REQUEST
        };
        for _ in 0..steps {
            if !self.0.step().await? {
                break;
            }
        }
        let left = self.0.unseen();
        if left > 0 && !self.0.busy.swap(true, Ordering::AcqRel) {
            let shared = Arc::clone(&self.0);
            tokio::spawn(async move {
                while matches!(shared.step().await, Ok(true)) {
                    tokio::task::yield_now().await;
                }
                shared.busy.store(false, Ordering::Release);
            });
        }
        Ok(left)
    }

    /// Takes what was deleted from the journal out of the index, and what has changed in.
    async fn correct(&self, keys: &[u64], records: &[ExecutionRecord]) -> Result<(), DriverError> {
        let is_there = |key: &u64| records.iter().any(|record| record.identity.key == *key);
        let gone: Vec<u64> = keys.iter().copied().filter(|key| !is_there(key)).collect();
        let entries: Vec<Entry> = records.iter().map(|record| self.0.entry(record)).collect();
        let corrected = self.0.ask(move |state| {
            state.index.remove(&gone)?;
            state.index.put(&entries)
        });
        corrected.await
    }
}

impl Shared {
    /// Asks the index on a thread that may wait; one that fails is thrown away.
    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&mut State) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DriverError> {
        let shared = Arc::clone(self);
        let asked = tokio::task::spawn_blocking(move || shared.with(question)).await;
        asked.unwrap_or(Err(DriverError::Closed))
    }

    fn with<T>(&self, question: impl FnOnce(&mut State) -> rusqlite::Result<T>) -> Result<T, DriverError> {
        let mut state = self.state.lock();
        if state.is_none() {
            *state = Some(State::new(self.clock.now())?);
        }
        // it was filled just now
        let answered = state.as_mut().map(question);
        match answered {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => {
                tracing::warn!(%error, "the index over submissions is made anew");
                *state = None;
                Err(error.into())
            }
            None => Err(DriverError::Closed),
        }
    }

    fn unseen(&self) -> u64 {
        let state = self.state.lock();
        let gaps = state.as_ref().map_or(&[][..], |state| &state.gaps);
        gaps.iter().map(|gap| gap.end - gap.start).sum()
    }

    /// Looks how far the journal goes.
    async fn notice_new(self: &Arc<Self>) -> Result<(), DriverError> {
        let keys = self.driver.executions().keys().await?;
        let now = self.clock.now();
        let noticed = self.ask(move |state| {
            if state.end == 0 {
                state.end = keys.start;
            }
            if keys.end > state.end {
                state.gaps.push(state.end..keys.end);
                state.end = keys.end;
            }
            let gone = state.index.keys_below(keys.start, 4 * ENDS)?;
            state.index.remove(&gone)?;
            state.index.forget_minutes(now)
        });
        noticed.await
    }

    /// Takes some ends and some keys in; false: nothing was left to do.
    async fn step(self: &Arc<Self>) -> Result<bool, DriverError> {
        let (mark, window) = self.with(|state| Ok((state.mark, state.take_window())))?;
        let taken = self.take_in(mark, window.clone()).await;
        if let (Err(_), Some(window)) = (&taken, &window) {
            let window = window.clone();
            self.with(move |state| {
                state.gaps.push(window);
                Ok(())
            })?;
        }
        Ok(taken? || window.is_some())
    }

    /// Takes the ends behind a mark in, and the keys of a window; true: there may be more ends.
    async fn take_in(self: &Arc<Self>, mark: EndMark, window: Option<Range<u64>>) -> Result<bool, DriverError> {
        let executions = self.driver.executions();
        let found = executions.ended_after(&self.spec.state_machine, mark, ENDS).await?;
        let Ends { ends, last, more } = found;
        let changed = self.ask(move |state| {
            let mut changed = Vec::new();
            for end in &ends {
                let is_news = match state.index.stop_of(end.key)? {
                    Some(known) => known != Some(end.stop),
                    // one in a gap is read as it stands when its turn comes
                    None => !state.gaps.iter().any(|gap| gap.contains(&end.key)),
                };
                if is_news {
                    changed.push(end.key);
                }
            }
            Ok(changed)
        });
        let mut records = executions.records(changed.await?).await?;
        if let Some(window) = window {
            records.extend(executions.records_between(&self.spec.state_machine, window).await?);
        }
        let entries: Vec<Entry> = records.iter().map(|record| self.entry(record)).collect();
        let put = self.ask(move |state| {
            state.index.put(&entries)?;
            if let Some(last) = last {
                // once all is seen, the next look begins a little before the last end
                let again = EndMark {
                    stop: last.stop - ENDS_OVERLAP,
                    key: 0,
                };
                state.mark = if more { last } else { again };
            }
            Ok(())
        });
        put.await?;
        Ok(more)
    }

    fn entry(&self, record: &ExecutionRecord) -> Entry {
        let number = self.spec.outcomes.iter().zip(0..);
        let outcome = self.spec.outcome_of(record);
        let number = number
            .filter(|_| record.stop_date.is_some())
            .find(|(rule, _)| outcome.is_some_and(|fits| std::ptr::eq(fits, *rule)))
            .map_or(OPEN, |(_, number)| number);
        let mut text = record.identity.name.to_lowercase();
        for value in self.spec.values_of(record) {
            text.push('\n');
            text.push_str(&value.to_lowercase());
        }
        Entry {
            key: record.identity.key,
            start: record.start_date,
            stop: record.stop_date,
            outcome: number,
            text,
        }
    }
}

impl State {
    fn new(now: Timestamp) -> Result<Self, DriverError> {
        Ok(Self {
            index: Index::new()?,
            gaps: Vec::new(),
            end: 0,
            mark: EndMark {
                stop: now - 2 * MINUTE,
                key: 0,
            },
        })
    }

    /// The newest keys that were not looked at.
    fn take_window(&mut self) -> Option<Range<u64>> {
        let gap = self.gaps.last_mut()?;
        let window = gap.end.saturating_sub(WINDOW).max(gap.start)..gap.end;
        gap.end = window.start;
        if gap.is_empty() {
            self.gaps.pop();
        }
        Some(window)
    }
}

/// The name of a submission's outcome.
pub(crate) fn name_of<'a>(spec: &'a SubmissionSpec, record: &'a ExecutionRecord) -> &'a str {
    spec.outcome_of(record)
        .map_or(record.status.as_str(), |rule| rule.name.as_str())
}

/// The numbers under which the index has submissions with an outcome.
fn numbers(spec: &SubmissionSpec, name: &str) -> Vec<i64> {
    let number = |(rule, number): (&OutcomeRule, i64)| if rule.is_of_running() { OPEN } else { number };
    let rules = spec.outcomes.iter().zip(0..);
    let mut numbers: Vec<i64> = rules.filter(|(rule, _)| rule.name == name).map(number).collect();
    numbers.dedup();
    numbers
}
