//! The end of a run: its figures, as text and as JSON.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::Serialize;

use crate::pacer::Rate;
use crate::recorder::{Recorder, Times};
use crate::submission::Kind;

/// The reason why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Everything was sent, or the time was over.
    Schedule,
    /// SIGTERM or Ctrl-C.
    Signal,
}

/// The facts about a run besides its counts.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The target.
    pub target: String,
    /// The seed of the submissions.
    pub seed: u64,
    /// The rate that was asked for.
    pub rate: Rate,
    /// The length of the schedule, as far as it was followed.
    pub scheduled: Duration,
    /// The time at which the last answer came, or was no longer waited for.
    pub elapsed: Duration,
    /// The number that were due and never started.
    pub not_started: u64,
    /// The reason why it ended.
    pub end: End,
}

/// The figures of a run. Its JSON is what `--json` prints; members are only ever added.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The target.
    pub target: String,
    /// The reason why it ended.
    pub ended_by: End,
    /// The seed: with it, the same submissions can be sent again.
    pub seed: u64,
    /// From the start to the last answer.
    pub elapsed_seconds: f64,
    /// Submissions per second that were asked for.
    pub intended_rate: f64,
    /// Submissions per second that were started.
    pub achieved_rate: f64,
    /// The number.
    pub submissions: Submissions,
    /// The answers: status (or `put`) to count. What did not come is not there.
    pub outcomes: BTreeMap<String, u64>,
    /// The answers by what was sent: `valid`, `partial`, `invalid`.
    pub by_kind: BTreeMap<&'static str, BTreeMap<String, u64>>,
    /// The failures: kind to count and example.
    pub errors: BTreeMap<&'static str, Failed>,
    /// From when a submission was due to its answer.
    pub latency_ms: Option<Percentiles>,
    /// The same of each answer, by status (or `put`): a refusal at once does not hide how long the others took.
    pub latency_ms_by_outcome: BTreeMap<String, Percentiles>,
    /// From when it was sent to its answer.
    pub service_ms: Option<Percentiles>,
    /// From when it was due to when it was sent.
    pub start_delay_ms: Option<Percentiles>,
}

/// The number of submissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Submissions {
    /// Sent.
    pub started: u64,
    /// Sent, and answered.
    pub answered: u64,
    /// Sent, and failed.
    pub failed: u64,
    /// Sent, and given up when the run ended.
    pub unanswered: u64,
    /// Due, and not sent before the run ended.
    pub not_started: u64,
}

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The number.
    pub count: u64,
    /// The first one's text.
    pub example: String,
}

/// A distribution, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // percentiles
pub struct Percentiles {
    pub min: f64,
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub max: f64,
}

impl Percentiles {
    fn of(times: &Times) -> Option<Self> {
        let at = |percent| milliseconds(times.percentile(percent));
        (times.count() > 0).then(|| Percentiles {
            min: milliseconds(times.shortest()),
            mean: milliseconds(times.mean()),
            p50: at(50.0),
            p90: at(90.0),
            p95: at(95.0),
            p99: at(99.0),
            p99_9: at(99.9),
            max: milliseconds(times.longest()),
        })
    }
}

/// To the microsecond.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

impl Summary {
    /// The figures of what `recorder` saw.
    pub fn new(recorder: &Recorder, about: Circumstances) -> Self {
        let mut outcomes = BTreeMap::new();
        let mut by_kind: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for ((kind, answer), count) in recorder.answers() {
            *outcomes.entry(answer.to_string()).or_default() += count;
            by_kind
                .entry(kind.as_str())
                .or_default()
                .insert(answer.to_string(), *count);
        }
        let errors = recorder.failures().iter().map(|(kind, failures)| {
            let failed = Failed {
                count: failures.count,
                example: failures.example.clone(),
            };
            (kind.as_str(), failed)
        });
        Summary {
            ended_by: about.end,
            seed: about.seed,
            elapsed_seconds: (about.elapsed.as_secs_f64() * 1e6).round() / 1e6,
            intended_rate: about.rate.per_second(),
            achieved_rate: achieved_rate(recorder, &about),
            submissions: Submissions {
                started: recorder.started_count(),
                answered: recorder.answered(),
                failed: recorder.failed(),
                unanswered: recorder.in_flight(),
                not_started: about.not_started,
            },
            outcomes,
            by_kind,
            errors: errors.collect(),
            latency_ms: Percentiles::of(recorder.latency()),
            latency_ms_by_outcome: latency_by_outcome(recorder),
            service_ms: Percentiles::of(recorder.service()),
            start_delay_ms: Percentiles::of(recorder.delay()),
            target: about.target,
        }
    }

    /// Tells whether anything was sent, and nothing came back but errors.
    pub fn is_hopeless(&self) -> bool {
        self.submissions.answered == 0 && self.submissions.failed > 0
    }
}

fn latency_by_outcome(recorder: &Recorder) -> BTreeMap<String, Percentiles> {
    let times = recorder.latency_by_answer().iter();
    times
        .filter_map(|(answer, times)| Some((answer.to_string(), Percentiles::of(times)?)))
        .collect()
}

/// Started submissions over the time that the schedule has for them, or that they took if that is longer.
fn achieved_rate(recorder: &Recorder, about: &Circumstances) -> f64 {
    let interval = 1.0 / about.rate.per_second();
    let taken = recorder.last_start().as_secs_f64() + interval;
    #[allow(clippy::cast_precision_loss)] // a count
    let rate = recorder.started_count() as f64 / taken.max(about.scheduled.as_secs_f64());
    (rate * 1e3).round() / 1e3
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.submissions;
        writeln!(f, "target        {}", self.target)?;
        writeln!(f, "seed          {}", self.seed)?;
        let by = match self.ended_by {
            End::Schedule => "",
            End::Signal => ", ended by a signal",
        };
        writeln!(f, "elapsed       {:.3} s{by}", self.elapsed_seconds)?;
        let (intended, achieved) = (self.intended_rate, self.achieved_rate);
        let part = achieved / intended * 100.0;
        writeln!(
            f,
            "rate          {achieved:.1}/s of {intended}/s intended ({part:.1} %)"
        )?;
        writeln!(
            f,
            "submissions   {} started, {} answered, {} failed",
            counts.started, counts.answered, counts.failed
        )?;
        for (count, what) in [
            (counts.unanswered, "given up unanswered when the run ended"),
            (counts.not_started, "due and not started before the run ended"),
        ] {
            if count > 0 {
                writeln!(f, "              {count} {what}; the times below leave them out")?;
            }
        }
        self.write_outcomes(f)?;
        self.write_errors(f)?;
        self.write_times(f)
    }
}

impl Summary {
    fn write_outcomes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.outcomes.is_empty() {
            return Ok(());
        }
        write!(f, "\noutcome     {:>10}", "all")?;
        for kind in Kind::ALL {
            write!(f, "{:>10}", kind.as_str())?;
        }
        writeln!(f)?;
        for (outcome, all) in &self.outcomes {
            let mut line = format!("{outcome:<12}{all:>10}");
            for kind in Kind::ALL {
                let count = self.by_kind.get(kind.as_str()).and_then(|counts| counts.get(outcome));
                write!(line, "{:>10}", count.unwrap_or(&0))?;
            }
            writeln!(f, "{line}")?;
        }
        Ok(())
    }

    fn write_errors(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.errors.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nerror                    count  for example")?;
        for (kind, failed) in &self.errors {
            writeln!(f, "{kind:<20}{:>10}  {}", failed.count, failed.example)?;
        }
        Ok(())
    }

    fn write_times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_all = |name: &str, times: &Option<Percentiles>| Some((name.to_owned(), times.clone()?));
        let of_outcomes = self.latency_ms_by_outcome.iter();
        let rows: Vec<(String, Percentiles)> = of_all("latency", &self.latency_ms)
            .into_iter()
            .chain(of_outcomes.map(|(outcome, times)| (format!("  of {outcome}"), times.clone())))
            .chain(of_all("service", &self.service_ms))
            .chain(of_all("start delay", &self.start_delay_ms))
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        write!(f, "\nms          ")?;
        for title in ["min", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"] {
            write!(f, "{title:>10}")?;
        }
        writeln!(f)?;
        for (name, p) in rows {
            write!(f, "{name:<12}")?;
            for time in [p.min, p.mean, p.p50, p.p90, p.p95, p.p99, p.p99_9, p.max] {
                write!(f, "{time:>10.3}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pacer::Slot;
    use crate::send_result::{Answer, Failure, FailureKind};

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn about(rate: f64, scheduled: Duration) -> Circumstances {
        Circumstances {
            target: "http://h/".to_owned(),
            seed: 9,
            rate: Rate::new(rate).unwrap(),
            scheduled,
            elapsed: ms(1234),
            not_started: 2,
            end: End::Signal,
        }
    }

    fn slot(number: u64, intended: u64) -> Slot {
        Slot {
            number,
            intended: ms(intended),
        }
    }

    fn recorded() -> Recorder {
        let mut recorder = Recorder::default();
        recorder.started(&[slot(0, 0), slot(1, 100), slot(2, 200), slot(3, 300)], ms(400));
        recorder.ended(slot(0, 0), Kind::Valid, Ok(Answer::Stored), ms(400), ms(500));
        recorder.ended(slot(1, 100), Kind::Partial, Ok(Answer::Other(500)), ms(400), ms(500));
        let failure = Failure {
            kind: FailureKind::Timeout,
            message: "no answer within 30 s".to_owned(),
        };
        recorder.ended(slot(2, 200), Kind::Valid, Err(failure), ms(400), ms(900));
        recorder
    }

    #[test]
    fn the_json_says_all() {
        let mut json = serde_json::to_value(Summary::new(&recorded(), about(10.0, ms(400)))).unwrap();
        let latency = json["latency_ms"].take();
        assert!((latency["max"].as_f64().unwrap() - 500.0).abs() < 1.0, "{latency}");
        assert!((latency["min"].as_f64().unwrap() - 400.0).abs() < 1.0, "{latency}");
        let by_outcome = json["latency_ms_by_outcome"].take();
        for (outcome, longest) in [("201", 500.0), ("500", 400.0)] {
            let max = by_outcome[outcome]["max"].as_f64().unwrap();
            assert!((max - longest).abs() < 1.0, "{by_outcome}");
        }
        for times in ["service_ms", "start_delay_ms"] {
            assert!(json[times].take().is_object(), "{times}");
        }
        assert_eq!(
            json,
            json!({
                "target": "http://h/", "ended_by": "signal", "seed": 9, "elapsed_seconds": 1.234,
                "intended_rate": 10.0, "achieved_rate": 8.0,
                "submissions": {"started": 4, "answered": 2, "failed": 1, "unanswered": 1, "not_started": 2},
                "outcomes": {"201": 1, "500": 1},
                "by_kind": {"valid": {"201": 1}, "partial": {"500": 1}},
                "errors": {"timeout": {"count": 1, "example": "no answer within 30 s"}},
                "latency_ms": null, "latency_ms_by_outcome": null, "service_ms": null, "start_delay_ms": null,
            })
        );
    }

    #[test]
    fn the_text_says_all() {
        let text = Summary::new(&recorded(), about(10.0, ms(400))).to_string();
        for part in [
            "ended by a signal",
            "8.0/s of 10/s intended (80.0 %)",
            "4 started, 2 answered, 1 failed",
            "1 given up unanswered",
            "2 due and not started",
            "201                  1         1         0         0",
            "500                  1         0         1         0",
            "timeout                      1  no answer within 30 s",
            "latency",
            "  of 201",
        ] {
            assert!(text.contains(part), "{text}lacks {part:?}");
        }
    }

    #[test]
    fn the_achieved_rate_is_the_intended_one_unless_the_start_came_late() {
        let rate = |last: u64, scheduled: u64| {
            let mut recorder = Recorder::default();
            let slots: Vec<_> = (0..10).map(|number| slot(number, number * 100)).collect();
            recorder.started(&slots, ms(last));
            Summary::new(&recorder, about(10.0, ms(scheduled))).achieved_rate
        };
        assert_eq!(rate(900, 1000), 10.0);
        assert_eq!(rate(1900, 1000), 5.0);
        assert_eq!(rate(900, 2000), 5.0);
    }

    #[test]
    fn a_run_without_an_answer_is_hopeless_only_if_something_failed() {
        let hopeless = |recorder: &Recorder| Summary::new(recorder, about(1.0, ms(1))).is_hopeless();
        assert!(!hopeless(&recorded()));
        let mut recorder = Recorder::default();
        assert!(!hopeless(&recorder));
        let failure = Failure {
            kind: FailureKind::Tls,
            message: String::new(),
        };
        recorder.started(&[slot(0, 0)], ms(0));
        recorder.ended(slot(0, 0), Kind::Valid, Err(failure), ms(0), ms(0));
        assert!(hopeless(&recorder));
    }
}
