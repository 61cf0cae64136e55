//! The shapes of the load, and the lines of its figures.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::error::BenchError;
use crate::wire::Wire;

/// The number of clients in the figures with many clients.
pub(crate) const CLIENTS: usize = 32;

/// The result of a request: the time until its work was finished.
pub(crate) type Taken = Result<Duration, BenchError>;

/// One request, numbered.
pub(crate) trait Request: Fn(&mut Wire, usize, &mut Patience) -> Taken + Sync {}

impl<F: Fn(&mut Wire, usize, &mut Patience) -> Taken + Sync> Request for F {}

/// The most that the machine could do, once it was measured: rates are compared with it.
#[derive(Debug)]
pub(crate) struct Floor {
    /// HTTP exchanges a second, with as many clients.
    pub(crate) exchanges: f64,
    /// Syncs of the disk a second, one after the other.
    pub(crate) syncs: f64,
}

/// The floor of this run.
pub(crate) static FLOOR: OnceLock<Floor> = OnceLock::new();

/// A load: how many requests, and for how long at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Requests that are timed.
    pub(crate) count: usize,
    /// After this, no further request is begun.
    pub(crate) limit: Duration,
}

impl Load {
    /// As many, however long they take.
    pub(crate) fn of(count: usize) -> Self {
        Self {
            count,
            limit: Duration::MAX,
        }
    }
}

/// The timing of questions for the end: at the moment when it usually is there, since each costs the work that it asks about.
#[derive(Debug)]
pub(crate) struct Patience {
    /// The time that executions have been taking by their own dates.
    usual: Duration,
    /// Between the questions after that.
    pause: Duration,
}

impl Patience {
    const ALONE: Self = Self {
        usual: Duration::ZERO,
        pause: Duration::from_micros(500),
    };
    /// Of one client among many.
    pub(crate) const AMONG_MANY: Self = Self {
        usual: Duration::from_millis(20),
        pause: Duration::from_millis(4),
    };

    /// `done` gives the time that the execution took, once it has ended.
    pub(crate) fn wait_until(
        &mut self,
        mut done: impl FnMut() -> Result<Option<Duration>, BenchError>,
    ) -> Result<(), BenchError> {
        let began = Instant::now();
        let alone = self.usual.is_zero();
        std::thread::sleep(self.usual);
        loop {
            if let Some(took) = done()? {
                self.usual = if alone {
                    Duration::ZERO
                } else {
                    (self.usual * 7 + took) / 8
                };
                return Ok(());
            }
            if began.elapsed() > Duration::from_secs(600) {
                return Err(BenchError::Unfinished(
                    "an execution did not end within ten minutes".to_owned(),
                ));
            }
            std::thread::sleep(self.pause);
        }
    }
}

/// One client that waits for each answer.
pub(crate) fn one_at_a_time(name: &str, server: &str, load: Load, run: impl Request) -> Result<(), BenchError> {
    let mut wire = Wire::to(server)?;
    let mut patience = Patience::ALONE;
    for n in 0..100.min(load.count) {
        run(&mut wire, 1_000_000 + n, &mut patience)?;
    }
    let began = Instant::now();
    let mut times = Vec::with_capacity(load.count);
    while times.len() < load.count && (times.is_empty() || began.elapsed() < load.limit) {
        times.push(run(&mut wire, times.len(), &mut patience)?);
    }
    row(&format!("{name}, one at a time"), &mut times);
    Ok(())
}

/// As many clients as [`CLIENTS`], each with the next request as soon as it has its answer. Answers the rate.
pub(crate) fn many(name: &str, server: &str, load: Load, run: impl Request) -> Result<f64, BenchError> {
    let warm = Load {
        count: load.count / 10,
        ..load
    };
    at_once(server, warm, 2_000_000, &run)?;
    let began = Instant::now();
    let mut times = at_once(server, load, 3_000_000, &run)?;
    let rate = times.len() as f64 / began.elapsed().as_secs_f64();
    println!(
        "{:<44} {rate:>8.0} /s{}",
        format!("{name}, {CLIENTS} clients, finished"),
        beside_the_floor(rate)
    );
    row(&format!("{name}, {CLIENTS} clients, latency"), &mut times);
    Ok(rate)
}

/// Each request once, by as many clients as [`CLIENTS`]; gives their times.
pub(crate) fn at_once(
    server: &str,
    load: Load,
    offset: usize,
    run: &impl Request,
) -> Result<Vec<Duration>, BenchError> {
    let (next, began) = (AtomicUsize::new(0), Instant::now());
    let client = || {
        let (mut wire, mut patience, mut times) = (Wire::to(server)?, Patience::AMONG_MANY, Vec::new());
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= load.count || began.elapsed() > load.limit {
                return Ok(times);
            }
            times.push(run(&mut wire, offset + n, &mut patience)?);
        }
    };
    in_parallel(client).map(|times| times.into_iter().flatten().collect())
}

/// Does the same on as many threads as there are clients.
pub(crate) fn in_parallel<T: Send>(work: impl Fn() -> Result<T, BenchError> + Sync) -> Result<Vec<T>, BenchError> {
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(&work)).collect();
        let panicked = |_| Err(BenchError::Unfinished("a client panicked".to_owned()));
        clients
            .into_iter()
            .map(|client| client.join().unwrap_or_else(panicked))
            .collect()
    })
}

/// A rate as a share of what the machine could do.
fn beside_the_floor(rate: f64) -> String {
    FLOOR.get().map_or(String::new(), |floor| {
        format!(
            "  (1 to {:.1} loopback exchanges, {:.2} to a sync)",
            floor.exchanges / rate,
            rate / floor.syncs
        )
    })
}

/// One line about times.
pub(crate) fn row(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let Some(last) = times.len().checked_sub(1) else { return };
    let at = |share: f64| times[(last as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{name:<44} {:>8.2} ms median, {:.2} p90, {:.2} p99, {:.2} max",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}

/// One line about one number.
pub(crate) fn line(name: &str, number: f64, unit: &str) {
    println!("{name:<44} {number:>8.1} {unit}");
}
