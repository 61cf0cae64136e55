//! Axes: round numbers between which values lie, and round times.

use chrono::{DateTime, Utc};
use sluice_engine::Timestamp;

/// The marks of an axis of values, the smallest first. The first is its lower end, the last its upper.
pub(crate) fn value_ticks(min: f64, max: f64, about: usize) -> Vec<f64> {
    let (min, max) = if max > min { (min, max) } else { (min, min + 1.0) };
    #[allow(clippy::cast_precision_loss)] // a handful
    let rough = (max - min) / about.max(1) as f64;
    let magnitude = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|round| round * magnitude)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(rough);
    let (first, last) = ((min / step + 1e-9).floor(), (max / step - 1e-9).ceil());
    let mut ticks = Vec::new();
    let mut at = first;
    while at <= last && ticks.len() < 20 {
        ticks.push(at * step);
        at += 1.0;
    }
    ticks
}

/// A value in few characters: `12.5`, `3.2k`, `48M`.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    let (divided, unit) = match size {
        1e12.. => (value / 1e12, "T"),
        1e9.. => (value / 1e9, "G"),
        1e6.. => (value / 1e6, "M"),
        1e4.. => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let digits = match divided.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let text = format!("{divided:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    let text = if text == "-0" { "0" } else { text };
    format!("{text}{unit}")
}

/// The spans between marks of time, in minutes.
const TIME_STEPS: [i64; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880];

/// Round times within a span, at most about six, and how they are written.
pub(crate) fn time_ticks(start: Timestamp, end: Timestamp) -> Vec<(Timestamp, String)> {
    let minutes = (end - start) / 60_000;
    let step = TIME_STEPS.into_iter().find(|step| minutes / step <= 6).unwrap_or(2_880) * 60_000;
    let format = if step >= 1_440 * 60_000 { "%-d %b" } else { "%H:%M" };
    let first = start.div_euclid(step) * step + if start.rem_euclid(step) == 0 { 0 } else { step };
    let written = |at: Timestamp| {
        let time = DateTime::<Utc>::from_timestamp_millis(at)?;
        Some((at, time.format(format).to_string()))
    };
    (0..)
        .map(|n| first + n * step)
        .take_while(|at| *at <= end)
        .filter_map(written)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_all_values() {
        fn check(min: f64, max: f64, expected: &[f64]) {
            assert_eq!(value_ticks(min, max, 4), expected, "{min} {max}");
        }
        check(0.0, 10.0, &[0.0, 2.5, 5.0, 7.5, 10.0]);
        check(0.0, 9.0, &[0.0, 2.5, 5.0, 7.5, 10.0]);
        check(0.0, 100.0, &[0.0, 25.0, 50.0, 75.0, 100.0]);
        check(3.0, 3.0, &[3.0, 3.25, 3.5, 3.75, 4.0]);
        check(-10.0, 10.0, &[-10.0, -5.0, 0.0, 5.0, 10.0]);
        for (min, max) in [(0.0, 1e-9), (0.0, 7e15), (-3.3, 17.9), (1e9, 1e9 + 1.0)] {
            let ticks = value_ticks(min, max, 4);
            let (first, last) = (ticks[0], ticks[ticks.len() - 1]);
            assert!(
                first <= min + 1e-9 && last >= max - 1e-9 && ticks.len() <= 8,
                "{ticks:?}"
            );
        }
    }

    #[test]
    fn numbers_are_short() {
        fn check(value: f64, expected: &str) {
            assert_eq!(short(value), expected);
        }
        check(0.0, "0");
        check(-0.0, "0");
        check(0.125, "0.125");
        check(2.5, "2.5");
        check(99.94, "99.9");
        check(1234.0, "1234");
        check(12_500.0, "12.5k");
        check(48_000_000.0, "48M");
        check(-3.1e9, "-3.1G");
    }

    #[test]
    fn times_are_round() {
        fn check(start: i64, minutes: i64, expected: &[&str]) {
            let ticks = time_ticks(start, start + minutes * 60_000);
            let texts: Vec<&str> = ticks.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!(texts, expected);
        }
        // 2026-11-18T11:06:40Z
        check(
            1_795_000_000_000,
            60,
            &["11:10", "11:20", "11:30", "11:40", "11:50", "12:00"],
        );
        check(
            1_795_000_000_000,
            180,
            &["11:30", "12:00", "12:30", "13:00", "13:30", "14:00"],
        );
        check(1_795_000_000_000, 10_080, &["19 Nov", "21 Nov", "23 Nov", "25 Nov"]);
    }
}
