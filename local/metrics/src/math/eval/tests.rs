use crate::Window;
use std::cell::Cell;
use std::collections::BTreeMap;

use super::*;
use crate::MINUTE;

/// A minute of Sunday, 2026-11-22.
const START: i64 = 1_795_354_020_000;

/// `-` is a missing value.
fn series(values: &str) -> TimeSeries {
    let points = values.split_whitespace().enumerate().filter_map(|(n, value)| {
        let at = START + i64::try_from(n).unwrap() * MINUTE;
        (value != "-").then(|| (at, value.parse().unwrap()))
    });
    TimeSeries {
        points: points.collect(),
        label: String::new(),
        period: Some(60),
    }
}

fn shown(series: &TimeSeries, minutes: i64) -> String {
    let value = |n| {
        series
            .at(START + n * MINUTE)
            .map_or("-".to_owned(), |value| format!("{:.4}", value))
    };
    let trim = |text: String| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    (0..minutes).map(|n| trim(value(n))).collect::<Vec<_>>().join(" ")
}

fn evaluate(text: &str, metrics: &[(&str, &str)]) -> Result<String, MathError> {
    let minutes = metrics
        .iter()
        .map(|(_, values)| values.split_whitespace().count())
        .max();
    let minutes = i64::try_from(minutes.unwrap_or(3)).unwrap();
    let metrics: Vec<(String, TimeSeries)> = metrics
        .iter()
        .map(|(id, values)| {
            let labelled = TimeSeries {
                label: (*id).to_owned(),
                ..series(values)
            };
            ((*id).to_owned(), labelled)
        })
        .collect();
    let values: BTreeMap<String, Value> = metrics
        .iter()
        .map(|(id, series)| (id.clone(), Value::Series(series.clone())))
        .collect();
    let scope = Scope {
        values: &values,
        metrics: &metrics,
        window: Window {
            start: START,
            end: START + minutes * MINUTE,
            period: MINUTE,
        },
        budget: &Cell::new(1_000),
        most_points: 1_000,
    };
    Ok(match Expression::parse(text)?.evaluate(&scope)? {
        Value::Scalar(number) => format!("{number}"),
        Value::Series(series) => shown(&series, minutes),
        Value::Array(all) => all
            .iter()
            .map(|one| format!("{}: {}", one.label, shown(one, minutes)))
            .collect::<Vec<_>>()
            .join("; "),
    })
}

fn check(text: &str, metrics: &[(&str, &str)], expected: &str) {
    assert_eq!(evaluate(text, metrics).as_deref(), Ok(expected), "{text}");
}

/// The examples of CloudWatch's guide.
#[test]
fn comparisons_and_conditions_are_the_guides() {
    let two = [("metric1", "30 20 0 0"), ("metric2", "20 - 20 -")];
    check("metric1 < metric2", &two, "0 0 1 0");
    check("metric1 >= 30", &two, "1 0 0 0");
    check("metric1 > 15 AND metric2 > 15", &two, "1 0 0 0");
    let three = [
        ("metric1", "1 1 0 0 -"),
        ("metric2", "30 - 0 0 30"),
        ("metric3", "0 0 20 - 20"),
    ];
    check("IF(metric1, metric2, metric3)", &three, "30 0 20 - -");
    check("IF(metric1, 5, metric3)", &three, "5 5 20 - -");
    check("IF(metric1, metric2, 5)", &three, "30 0 5 5 -");
    check("IF(1, metric2, metric3)", &three, "30 - 0 0 30");
    check("IF(0, metric2)", &three, "- - - - -");
    check("IF(metric2 < 20, metric2)", &three, "- - 0 0 -");
    check("IF(metric2 < 20, 10, 2)", &three, "2 - 10 10 2");
}

#[test]
fn arithmetic_treats_missing_values_as_0_and_drops_what_is_no_number() {
    let two = [("a", "1 2 - 4"), ("b", "2 - 5 0")];
    check("a + b", &two, "3 2 5 4");
    check("a - b", &two, "-1 2 -5 4");
    check("a / b", &two, "0.5 - 0 -");
    check("a * 2 + 1", &two, "3 5 - 9");
    check("2 ^ a", &two, "2 4 - 16");
    check("-a", &two, "-1 -2 - -4");
    check("PERIOD(a) / 60", &two, "1");
    check("100 / [a, b]", &two, "a: 100 50 - 25; b: 50 - 20 -");
    check("[a, b] / b", &two, "a: 0.5 - 0 -; b: 1 - 1 -");
    check("a / [b]", &two, "b: 0.5 - 0 -");
    check("METRICS() * 100", &two, "a: 100 200 - 400; b: 200 - 500 0");
    check("a == 2 OR b == 5", &two, "0 1 1 0");
    check("1 / 0 > 1", &two, "1");
}

#[test]
fn one_series_becomes_a_number_and_several_become_one() {
    let two = [("a", "1 2 - 6"), ("b", "3 - 5 2")];
    for (function, of_one, of_two) in [
        ("SUM", "9", "4 2 5 8"),
        ("AVG", "3", "2 1 2.5 4"),
        ("MIN", "1", "1 2 5 2"),
        ("MAX", "6", "3 2 5 6"),
        ("DATAPOINT_COUNT", "3", "2 1 1 2"),
        ("STDDEV", "2.160246899469287", "1 0 0 2"),
    ] {
        check(&format!("{function}(a)"), &two, of_one);
        check(&format!("{function}(METRICS())"), &two, of_two);
    }
    check("SUM(METRICS(\"b\"))", &two, "3 - 5 2");
    check("SUM([METRICS('a'), METRICS('b')])", &two, "4 2 5 8");
    check("METRIC_COUNT(METRICS())", &two, "2");
    check("a - AVG(a)", &two, "-2 -1 - 3");
}

#[test]
fn functions_of_each_value() {
    let one = [("a", "1.4 -2.6 - 9"), ("b", "- - - -")];
    check("ABS(a)", &one, "1.4 2.6 - 9");
    check("CEIL(a)", &one, "2 -2 - 9");
    check("FLOOR(a)", &one, "1 -3 - 9");
    check("LOG10(a * 0 + 100)", &one, "2 2 - 2");
    check("LOG(a)", &one, "0.3365 - - 2.1972");
    check("DIFF(a)", &one, "- -4 - 11.6");
    check("DIFF_TIME(a)", &one, "- 60 - 120");
    check("RATE(a)", &one, "- -0.0667 - 0.0967");
    check("RUNNING_SUM(a)", &one, "1.4 -1.2 - 7.8");
    check("RUNNING_SUM([a, b])", &one, "a: 1.4 -1.2 - 7.8; b: - - - -");
    check("TIME_SERIES(MAX(a))", &one, "9 9 9 9");
    check("MINUTE(b)", &one, "27 28 29 30");
    check("IF(DAY(a) == 7, a)", &one, "1.4 -2.6 0 9");
    check("HOUR(a) + YEAR(a)", &one, "2039 2039 2039 2039");
}

#[test]
fn gaps_are_filled_as_asked() {
    let two = [("a", "- 2 - - 8 -"), ("b", "7 7 7 7 7 -"), ("none", "- - - - - -")];
    check("FILL(a, 0)", &two, "0 2 0 0 8 0");
    check("FILL(a, MIN(a))", &two, "2 2 2 2 8 2");
    check("FILL(a, b)", &two, "7 2 7 7 8 -");
    check("FILL(a, REPEAT)", &two, "- 2 2 2 8 8");
    check("FILL(a, LINEAR)", &two, "- 2 4 6 8 -");
    check("FILL(none, 0)", &two, "0 0 0 0 0 0");
    check("FILL(METRICS('a'), 1)", &two, "a: 1 2 1 1 8 1");
}

#[test]
fn arrays_are_sorted_and_cut() {
    let three = [("a", "1 1"), ("b", "5 5"), ("c", "3 3"), ("none", "- -")];
    check("FIRST(METRICS())", &three, "1 1");
    check("LAST([a, b])", &three, "5 5");
    check(
        "SORT(METRICS(), AVG, DESC)",
        &three,
        "b: 5 5; c: 3 3; a: 1 1; none: - -",
    );
    check("SORT(METRICS(), SUM, ASC, 2)", &three, "a: 1 1; c: 3 3");
    check("SLICE(SORT(METRICS(), MAX, DESC), 1, 3)", &three, "c: 3 3; a: 1 1");
    check("SLICE(METRICS(), 2)", &three, "c: 3 3; none: - -");
    check("REMOVE_EMPTY(METRICS())", &three, "a: 1 1; b: 5 5; c: 3 3");
    check("IF(FIRST(SORT(METRICS(), AVG, DESC)) > 4, 1, 0)", &three, "1 1");
}

/// Each expression of `cfn/dashboard.yaml`.
#[test]
fn the_dashboards_expressions() {
    check(
        "IF(invocations > 0, 100 * (invocations - FILL(errors, 0)) / invocations)",
        &[("invocations", "4 - 10 0"), ("errors", "1 - 0 -")],
        "75 - 100 -",
    );
    let outcomes = [("writes", "3 - 2"), ("failedWrites", "1 - -"), ("succeeded", "5 2 2")];
    check("FILL(writes, 0) - FILL(failedWrites, 0)", &outcomes, "2 0 2");
    let stored = [("succeeded", "5 2 -"), ("stored", "2 0 2")];
    check(
        "IF(FILL(succeeded, 0) > stored, FILL(succeeded, 0) - stored, 0)",
        &stored,
        "3 2 0",
    );
    check("age / 3600", &[("age", "7200 -")], "2 -");
}

#[test]
fn mistakes_are_typed_and_placed() {
    let check = |text: &str, expected: &str| {
        let error = evaluate(text, &[("a", "1 2"), ("b", "3 4")]).expect_err(text);
        assert_eq!(error.to_string(), expected, "{text}");
    };
    check(
        "a + c",
        "unknown id c at position 5: no metric or expression of the request has it",
    );
    check(
        "ABS(3)",
        "ABS at position 1 takes a time series or an array of them, not a number",
    );
    check(
        "FIRST(a)",
        "FIRST at position 1 takes an array of time series, not a time series",
    );
    check(
        "TIME_SERIES(a)",
        "TIME_SERIES at position 1 takes a number, not a time series",
    );
    check(
        "PERIOD(a + 1)",
        "PERIOD at position 1 takes a metric, not the result of an expression",
    );
    check(
        "[a] + [b]",
        "+ at position 5 takes an array of time series only beside a number or a time series, not two arrays",
    );
    check(
        "FILL(a, LATER)",
        "unknown id LATER at position 9: no metric or expression of the request has it",
    );
    check(
        "SORT([a], STDDEV, ASC)",
        "expected AVG, MAX, MIN or SUM at position 11, found STDDEV",
    );
    check(
        "IF([a], 1, 2)",
        "IF at position 1 takes a number or a time series as the condition, not an array of time series",
    );
    check(
        &vec!["METRICS()"; 150]
            .join("+0*SUM")
            .replace("SUMMETRICS()", "SUM(METRICS())"),
        "the expression has more than 1000 data points: ask for a shorter time or longer periods",
    );
}

/// Anything made of the language's words is computed or refused.
#[test]
fn any_sequence_of_words_ends_well() {
    const WORDS: &str = "a b c none 0 1 2.5 -3 1e308 ( ) [ ] , + - * / ^ < > == != >= AND OR && \"a\" ABS( AVG( CEIL( \
        DATAPOINT_COUNT( DAY( DIFF( FILL( FIRST( IF( LAST( LOG( MAX( METRIC_COUNT( METRICS( METRICS() MIN( PERIOD( RATE( \
        REMOVE_EMPTY( RUNNING_SUM( SLICE( SORT( STDDEV( SUM( TIME_SERIES( EPOCH( REPEAT LINEAR ASC DESC AVG SUM é";
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let metrics = [("a", "1 - 0 -4"), ("b", "- 1e308 2 -"), ("none", "- - - -")];
    let (mut seed, mut computed) = (0x5EED_u64, 0);
    let mut draw = |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for _ in 0..20_000 {
        let length = 1 + draw(12);
        let mut text: Vec<&str> = (0..length).map(|_| words[draw(words.len())]).collect();
        // most openings are closed, so that not all of them are refused by the parser
        let open = text.iter().filter(|word| word.ends_with('(')).count();
        text.extend(vec![")"; open.saturating_sub(draw(2))]);
        computed += u32::from(evaluate(&text.join(" "), &metrics).is_ok());
    }
    assert!(computed > 200, "{computed} of them were computed");
}
