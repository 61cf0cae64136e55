//! `sluice show`: an execution as a tree of its states, with times.

use clap::Args;
use serde_json::{Value, json};

use super::history;
use super::lookup;
use super::machines::{millis, short, text};
use super::timeline::{Standing, Timeline, Visit};
use crate::client::{Asked, Client};
use crate::terminal::{self, Tone, plain};

const EXAMPLES: &str = "\
Examples:
  sluice show 0198f2a0               # the ID, or enough of its beginning
  sluice show 0198f2a0 --json | jq .execution.output";

/// Iterations of a Map that are drawn; of more, those that did not succeed come first.
const ITERATIONS: usize = 20;

/// Options of `sluice show`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Show {
    /// The execution's name (the submission's ID), its beginning, or an ARN
    id: String,
    #[command(flatten)]
    asked: Asked,
}

/// Prints it.
pub(crate) fn run(options: &Show) -> anyhow::Result<()> {
    let client = Client::new(&options.asked.endpoint);
    let execution = lookup::execution(&client, &options.id)?;
    let events = history::events(&client, &text(&execution, "executionArn"), None)?;
    let timeline = Timeline::of(&events);
    if options.asked.json {
        let visits: Vec<Value> = timeline
            .top
            .iter()
            .filter_map(|index| as_json(&timeline, *index))
            .collect();
        terminal::say(&format!("{:#}\n", json!({ "execution": execution, "states": visits })));
        return Ok(());
    }
    let now = client.get("/_sluice/clock")?["now_ms"].as_i64().unwrap_or_default();
    terminal::say(&tree(&execution, &timeline, now, terminal::width()));
    Ok(())
}

fn as_json(timeline: &Timeline, index: usize) -> Option<Value> {
    let visit = timeline.visits.get(index)?;
    let standing = match visit.standing {
        Standing::Running => "running",
        Standing::Left => "succeeded",
        Standing::Caught => "caught",
        Standing::Failed => "failed",
        Standing::Stopped => "stopped",
    };
    let inner: Vec<Value> = visit
        .inner
        .iter()
        .filter_map(|inner| as_json(timeline, *inner))
        .collect();
    Some(json!({
        "name": visit.name, "type": visit.kind, "standing": standing, "entered_ms": visit.entered_ms,
        "left_ms": visit.left_ms, "attempts": visit.attempts, "error": visit.error, "states": inner,
    }))
}

/// The execution's facts, its tree, and its end.
fn tree(execution: &Value, timeline: &Timeline, now: i64, columns: Option<usize>) -> String {
    let status = text(execution, "status");
    let (started, stopped) = (millis(execution, "startDate"), millis(execution, "stopDate"));
    let took = terminal::duration(stopped.unwrap_or(now) - started.unwrap_or(now));
    let machine = text(execution, "stateMachineArn");
    let mut lines = vec![
        plain(&text(execution, "name")).into_owned(),
        format!(
            "{} {} {took}, started {}, {}",
            Tone::of_status(&status).paint(&status),
            if stopped.is_some() { "after" } else { "for" },
            started.map_or_else(String::new, terminal::time),
            plain(short(machine.rsplit(':').next().unwrap_or_default())),
        ),
    ];
    lines.push(format!(
        "{} {}",
        Tone::Faint.paint("input "),
        plain(&text(execution, "input"))
    ));
    let mut drawing = Drawing {
        timeline,
        now,
        columns,
        lines,
    };
    drawing.draw(&timeline.top, "");
    let mut lines = drawing.lines;
    let end = [("output", "output"), ("error", "error "), ("cause", "cause ")];
    for (member, word) in end {
        let value = text(execution, member);
        if !value.is_empty() {
            lines.push(format!("{} {}", Tone::Faint.paint(word), plain(&value)));
        }
    }
    lines.join("\n") + "\n"
}

/// Lines of a tree in the making.
struct Drawing<'a> {
    timeline: &'a Timeline,
    now: i64,
    columns: Option<usize>,
    lines: Vec<String>,
}

impl Drawing<'_> {
    fn draw(&mut self, visits: &[usize], indent: &str) {
        let (shown, left_out) = self.chosen(visits);
        for (position, index) in shown.iter().enumerate() {
            let is_last = position + 1 == shown.len() && left_out == 0;
            let Some(visit) = self.timeline.visits.get(*index) else {
                continue;
            };
            let (branch, below) = if is_last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            self.state(visit, &format!("{indent}{branch}"), &format!("{indent}{below}"));
            self.draw(&visit.inner, &format!("{indent}{below}"));
        }
        if left_out > 0 {
            self.lines.push(format!("{indent}└─ {left_out} more that succeeded"));
        }
    }

    /// Of many iterations those that did not succeed, and the first of the others.
    fn chosen(&self, visits: &[usize]) -> (Vec<usize>, usize) {
        if visits.len() <= ITERATIONS {
            return (visits.to_vec(), 0);
        }
        let of = |index: &usize| self.timeline.visits.get(*index);
        if !visits
            .iter()
            .all(|index| of(index).is_some_and(|visit| visit.kind == "Iteration"))
        {
            return (visits.to_vec(), 0);
        }
        let succeeded = |index: &&usize| of(index).is_some_and(|visit| visit.standing == Standing::Left);
        let others = visits.iter().filter(|index| !succeeded(index));
        let mut shown: Vec<usize> = others
            .chain(visits.iter().filter(succeeded))
            .copied()
            .take(ITERATIONS)
            .collect();
        shown.sort_unstable();
        (shown.clone(), visits.len() - shown.len())
    }

    /// The line of one visit, and one of its error.
    fn state(&mut self, visit: &Visit, before: &str, below: &str) {
        let (word, tone) = match visit.standing {
            Standing::Running => ("running", Tone::Attention),
            Standing::Left => ("", Tone::Neutral),
            Standing::Caught => ("caught", Tone::Attention),
            Standing::Failed => ("failed", Tone::Bad),
            Standing::Stopped => ("stopped", Tone::Faint),
        };
        let took = terminal::duration(visit.left_ms.unwrap_or(self.now) - visit.entered_ms);
        let mut parts = vec![format!("{} {}", visit.kind.to_lowercase(), took)];
        if visit.attempts > 1 {
            parts.push(format!("{} attempts", visit.attempts));
        }
        let facts = parts.join(", ");
        let room = self.columns.map_or(usize::MAX, |columns| {
            columns.saturating_sub(before.chars().count() + facts.chars().count() + word.len() + 4)
        });
        let name = plain(&visit.name);
        let mut line = format!("{before}{}  {}", terminal::cut(&name, room), Tone::Faint.paint(&facts));
        if !word.is_empty() {
            line += &format!("  {}", tone.paint(word));
        }
        self.lines.push(line);
        if let Some(error) = &visit.error {
            let room = self
                .columns
                .map_or(usize::MAX, |columns| columns.saturating_sub(below.chars().count() + 3));
            let error = plain(error);
            self.lines
                .push(format!("{below}   {}", tone.paint(&terminal::cut(&error, room))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u64, previous: u64, kind: &str, name: &str) -> Value {
        let details = if kind.ends_with("Entered") {
            "stateEnteredEventDetails"
        } else {
            "stateExitedEventDetails"
        };
        json!({ "id": id, "previousEventId": previous, "type": kind, "timestamp": 1_764_590_400.0 + id as f64,
            details: { "name": name, "error": "Oops", "cause": "no\u{1b}thing" } })
    }

    fn drawn(events: &[Value], columns: Option<usize>) -> String {
        let execution = json!({ "name": "e-1", "status": "RUNNING", "startDate": 1_764_590_400.0, "input": "{\"a\":1}",
            "stateMachineArn": "arn:aws:states:us-east-1:0:stateMachine:ingest" });
        let text = tree(&execution, &Timeline::of(events), 1_764_590_420_000, columns);
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn a_tree_has_times_and_errors() {
        let events = [
            event(1, 0, "ParallelStateEntered", "Both"),
            event(2, 1, "ParallelStateStarted", ""),
            event(3, 2, "TaskStateEntered", "Left"),
            event(4, 3, "TaskScheduled", ""),
            event(5, 4, "TaskFailed", ""),
            event(6, 5, "TaskScheduled", ""),
            event(7, 2, "WaitStateEntered", "Right"),
        ];
        assert_eq!(
            drawn(&events, None),
            "e-1\nRUNNING for 20.0 s, started 2025-12-01 12:00:00Z, ingest\ninput  {\"a\":1}\n\
             └─ Both  parallel 19.0 s  running\n   ├─ Left  task 17.0 s, 2 attempts  running\n   \
             │     Oops: no\\u{1b}thing\n   └─ Right  wait 13.0 s  running\n"
        );
        let long = [
            event(1, 0, "TaskStateEntered", &"N".repeat(200)),
            event(2, 1, "TaskFailed", ""),
        ];
        for line in drawn(&long, Some(60)).lines() {
            assert!(line.chars().count() <= 60, "{line}");
        }
    }

    #[test]
    fn of_many_iterations_some_are_shown() {
        let mut events = vec![
            event(1, 0, "MapStateEntered", "Each"),
            event(2, 1, "MapStateStarted", ""),
        ];
        for index in 0..50u64 {
            let details = json!({ "name": "Each", "index": index });
            let (id, end) = (
                3 + 2 * index,
                if index == 45 {
                    "MapIterationFailed"
                } else {
                    "MapIterationSucceeded"
                },
            );
            events.push(
                json!({ "id": id, "previousEventId": 2, "type": "MapIterationStarted", "timestamp": 1.0,
                "mapIterationStartedEventDetails": details }),
            );
            events.push(
                json!({ "id": id + 1, "previousEventId": id, "type": end, "timestamp": 2.0,
                "mapIterationEventDetails": details }),
            );
        }
        let text = drawn(&events, None);
        for (part, expected) in [
            ("Each [0]", true),
            ("Each [18]", true),
            ("Each [19]", false),
            ("Each [45]", true),
        ] {
            assert_eq!(text.contains(&format!("{part}  ")), expected, "{part} in {text}");
        }
        assert!(text.contains("30 more that succeeded"), "{text}");
    }
}
