//! What was recorded and is not kept elsewhere yet.

use std::collections::HashMap;
use std::sync::Arc;

use crate::{MetricId, Point, Timestamp, Unit, minute_of};

/// The most metrics that one process records.
const MAX_SERIES: usize = 10_000;

/// The most points that wait to be kept. Beyond that, whatever keeps them has failed for long.
const MAX_POINTS: usize = 100_000;

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
pub struct SeriesNumber(u32);

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
    /// What was recorded since the last [`Accumulator::take`].
    pub point: Point,
}

/// Gathers values by metric and minute.
#[derive(Debug, Default)]
pub struct Accumulator {
    keys: Vec<Arc<SeriesKey>>,
    numbers: HashMap<Arc<SeriesKey>, SeriesNumber>,
    points: HashMap<(SeriesNumber, Timestamp), Point>,
    lost: u64,
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
        let number = u32::try_from(self.keys.len()).map_err(|_| TooManySeries)?;
        if self.keys.len() >= MAX_SERIES {
            return Err(TooManySeries);
        }
        let (key, number) = (Arc::new(key), SeriesNumber(number));
        self.keys.push(Arc::clone(&key));
        self.numbers.insert(key, number);
        Ok(number)
    }

    /// The key of a number that this accumulator gave.
    pub fn key(&self, number: SeriesNumber) -> Option<&Arc<SeriesKey>> {
        self.keys.get(usize::try_from(number.0).ok()?)
    }

    /// Records a value that was seen once.
    pub fn record(&mut self, series: SeriesNumber, value: f64, at: Timestamp) {
        match self.points.get_mut(&(series, minute_of(at))) {
            Some(point) => point.record(value, 1.0),
            None => self.add(series, &Point::of(value, 1.0), at),
        }
    }

    /// Adds what a point holds to the minute that a time lies in.
    pub fn add(&mut self, series: SeriesNumber, point: &Point, at: Timestamp) {
        let place = (series, minute_of(at));
        if let Some(known) = self.points.get_mut(&place) {
            known.merge(point);
        } else if self.points.len() < MAX_POINTS {
            self.points.insert(place, point.clone());
        } else {
            self.lost += 1;
        }
    }

    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Takes what is to be kept.
    pub fn take(&mut self) -> Vec<Pending> {
        let taken = std::mem::take(&mut self.points);
        taken
            .into_iter()
            .map(|((series, minute), point)| Pending { series, minute, point })
            .collect()
    }

    /// Puts back what could not be kept.
    pub fn put_back(&mut self, pending: Vec<Pending>) {
        for one in pending {
            self.add(one.series, &one.point, one.minute);
        }
    }

    /// How many values were lost because too much waited, since it was last asked.
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
        let known = gathered.number(key("0")).unwrap();
        for minute in 0..=MAX_POINTS {
            gathered.record(known, 1.0, i64::try_from(minute).unwrap() * MINUTE);
        }
        assert_eq!(
            (gathered.take().len(), gathered.take_lost(), gathered.take_lost()),
            (MAX_POINTS, 1, 0)
        );
    }
}
