//! The values that were recorded and are not kept elsewhere yet.

use std::collections::HashMap;
use std::sync::Arc;

use crate::{MAX_VALUE, MetricId, Point, Timestamp, Unit, minute_of};

/// The most metrics that one process records.
const MAX_SERIES: usize = 10_000;

/// The most points that wait to be kept. Beyond that, whatever keeps them has failed for long.
const MAX_POINTS: usize = 20_000;

/// A metric with one of the units in which it was recorded: values of different units are kept apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeriesKey {
    /// The metric.
    pub metric: MetricId,
    /// The unit.
    pub unit: Unit,
}

/// A short name for a [`SeriesKey`] within one accumulator, for whoever records often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SeriesNumber(usize);

/// There are as many metrics as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are {MAX_SERIES} metrics already, which is all that is kept here: use fewer values of dimensions")]
pub struct TooManySeries;

/// One minute of one metric that is to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Of what.
    pub series: SeriesNumber,
    /// The minute's start.
    pub minute: Timestamp,
    /// The values that were recorded since the last [`Accumulator::take`].
    pub point: Point,
}

/// Gathers values by metric and minute. Recording a value is an addition: nothing is looked up by name.
///
/// ```
/// use sluice_metrics::{Accumulator, MetricId, SeriesKey, Unit};
///
/// let mut gathered = Accumulator::default();
/// let metric = MetricId::new("Shop", "Orders", [("Country", "NL")]);
/// let orders = gathered.number(SeriesKey { metric, unit: Unit::Count })?;
/// gathered.record(orders, 1.0, 1_000);
/// gathered.record(orders, 1.0, 2_000);
/// let pending = gathered.take();
/// assert_eq!((pending.len(), pending[0].point.sum), (1, 2.0), "both lie in one minute");
/// # Ok::<(), sluice_metrics::TooManySeries>(())
/// ```
#[derive(Debug, Default)]
pub struct Accumulator {
    series: Vec<Gathered>,
    numbers: HashMap<Arc<SeriesKey>, SeriesNumber>,
    /// The metrics that have values.
    touched: Vec<SeriesNumber>,
    /// Points of all metrics.
    points: usize,
    lost: u64,
}

/// The recorded values of one metric.
#[derive(Debug)]
struct Gathered {
    key: Arc<SeriesKey>,
    /// Hardly ever more than the minute that is and the one that was.
    minutes: Vec<(Timestamp, Point)>,
}

impl Accumulator {
    /// The number of a metric; the same for the same key.
    ///
    /// # Errors
    /// [`TooManySeries`] when it would be one more than there may be.
    pub fn number(&mut self, key: SeriesKey) -> Result<SeriesNumber, TooManySeries> {
        if let Some(number) = self.numbers.get(&key) {
            return Ok(*number);
        }
        if self.series.len() >= MAX_SERIES {
            return Err(TooManySeries);
        }
        let (key, number) = (Arc::new(key), SeriesNumber(self.series.len()));
        self.series.push(Gathered {
            key: Arc::clone(&key),
            minutes: Vec::new(),
        });
        self.numbers.insert(key, number);
        Ok(number)
    }

    /// The key of a number that this accumulator gave.
    pub fn key(&self, number: SeriesNumber) -> Option<&Arc<SeriesKey>> {
        self.series.get(number.0).map(|series| &series.key)
    }

    /// Records a value that was seen once; one beyond [`MAX_VALUE`] is lost.
    pub fn record(&mut self, series: SeriesNumber, value: f64, at: Timestamp) {
        if value.is_nan() || value.abs() > MAX_VALUE {
            self.lost += 1;
            return;
        }
        match self.there(series, minute_of(at)) {
            Some(point) => point.record(value, 1.0),
            None => self.begin(series, minute_of(at), Point::of(value, 1.0)),
        }
    }

    /// Adds what a point holds to the minute that a time lies in.
    pub fn add(&mut self, series: SeriesNumber, point: &Point, at: Timestamp) {
        match self.there(series, minute_of(at)) {
            Some(known) => known.merge(point),
            None => self.begin(series, minute_of(at), point.clone()),
        }
    }

    fn there(&mut self, series: SeriesNumber, minute: Timestamp) -> Option<&mut Point> {
        let minutes = &mut self.series.get_mut(series.0)?.minutes;
        let found = minutes.iter_mut().rev().find(|(at, _)| *at == minute)?;
        Some(&mut found.1)
    }

    fn begin(&mut self, series: SeriesNumber, minute: Timestamp, point: Point) {
        let Some(gathered) = self.series.get_mut(series.0).filter(|_| self.points < MAX_POINTS) else {
            self.lost += 1;
            return;
        };
        if gathered.minutes.is_empty() {
            self.touched.push(series);
        }
        gathered.minutes.push((minute, point));
        self.points += 1;
    }

    /// Returns true if there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.touched.is_empty()
    }

    /// Takes what is to be kept.
    pub fn take(&mut self) -> Vec<Pending> {
        let mut taken = Vec::with_capacity(std::mem::take(&mut self.points));
        for series in std::mem::take(&mut self.touched) {
            if let Some(gathered) = self.series.get_mut(series.0) {
                let minutes = std::mem::take(&mut gathered.minutes).into_iter();
                taken.extend(minutes.map(|(minute, point)| Pending { series, minute, point }));
            }
        }
        taken
    }

    /// Puts back what could not be kept.
    pub fn put_back(&mut self, pending: Vec<Pending>) {
        for one in pending {
            self.add(one.series, &one.point, one.minute);
        }
    }

    /// Returns the number of values lost since the last call: too much waited, or they were no values.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MINUTE;

    fn key(name: &str) -> SeriesKey {
        SeriesKey {
            metric: MetricId::new("N", name, [("d", "v")]),
            unit: Unit::Count,
        }
    }

    #[test]
    fn values_of_a_minute_are_gathered_until_they_are_taken() {
        let mut gathered = Accumulator::default();
        let one = gathered.number(key("one")).unwrap();
        assert_eq!(gathered.number(key("one")), Ok(one));
        gathered.record(one, 1.0, 10 * MINUTE);
        gathered.record(one, 2.0, 10 * MINUTE + 59_999);
        gathered.record(one, 4.0, 11 * MINUTE);
        let mut taken = gathered.take();
        taken.sort_by_key(|pending| pending.minute);
        let sums: Vec<_> = taken.iter().map(|one| (one.minute / MINUTE, one.point.sum)).collect();
        assert_eq!(sums, [(10, 3.0), (11, 4.0)]);
        assert!(gathered.is_empty());
        gathered.record(one, 8.0, 11 * MINUTE);
        for no_value in [f64::NAN, f64::INFINITY, -1e109] {
            gathered.record(one, no_value, 11 * MINUTE);
        }
        assert_eq!(gathered.take_lost(), 3);
        gathered.put_back(taken);
        let eleventh = gathered.take().into_iter().find(|one| one.minute == 11 * MINUTE);
        assert_eq!(eleventh.map(|one| (one.series, one.point.sum)), Some((one, 12.0)));
        assert_eq!(gathered.key(one).map(|key| key.metric.name()), Some("one"));
    }

    #[test]
    fn memory_is_bounded() {
        let mut gathered = Accumulator::default();
        for n in 0..MAX_SERIES {
            gathered.number(key(&n.to_string())).unwrap();
        }
        assert_eq!(gathered.number(key("more")), Err(TooManySeries));
        for n in 0..=MAX_POINTS {
            let minute = i64::try_from(n / 1_000).unwrap() * MINUTE;
            gathered.record(SeriesNumber(n % 1_000), 1.0, minute);
        }
        assert_eq!(
            (gathered.take().len(), gathered.take_lost(), gathered.take_lost()),
            (MAX_POINTS, 1, 0)
        );
    }
}
