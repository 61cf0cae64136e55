//! The alarms: their list, and each with the metric that it watches and what happened to it.

use maud::{Markup, Render as _, html};
use serde::Serialize;
use sluice_cloudwatch::AlarmView;
use sluice_metrics::query::Span;
use sluice_pages::{Column, facts};

use crate::dashboards::body::AxisSpec;
use crate::dashboards::chart::{self, Chart, Series};
use crate::dashboards::range::Range;
use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, path};
use crate::state::ConsoleState;
use crate::{layout, text};

/// The minutes that an alarm's page shows.
const MINUTES: i64 = 180;
/// The changes that an alarm's page shows.
const MOST_CHANGES: usize = 50;

/// An alarm in a list.
#[derive(Debug, Serialize)]
pub(crate) struct AlarmRow {
    name: String,
    state: &'static str,
    since: At,
    reason: String,
    condition: String,
    watched: Vec<String>,
}

impl AlarmRow {
    pub(crate) fn of(alarm: &AlarmView) -> Self {
        Self {
            name: alarm.name.clone(),
            state: alarm.state.as_str(),
            since: At(alarm.since),
            reason: alarm.reason.clone(),
            condition: alarm.condition.clone(),
            watched: alarm.watched.clone(),
        }
    }

    /// The name, which leads to the alarm's page.
    pub(crate) fn link(&self) -> Markup {
        html! { a href=(path(&["alarms", &self.name])) { (text::line(&self.name, 255)) } }
    }

    pub(crate) fn badge(&self) -> Markup {
        badge(self.state)
    }
}

/// A state by its word; the colour only helps.
fn badge(state: &str) -> Markup {
    let (tone, word) = match state {
        "OK" => (sluice_pages::Tone::Ok, "OK"),
        "ALARM" => (sluice_pages::Tone::Bad, "in alarm"),
        _ => (sluice_pages::Tone::Idle, "no data"),
    };
    sluice_pages::badge(tone, word)
}

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct Alarms {
    items: Vec<AlarmRow>,
    next: Option<String>,
}

impl Alarms {
    pub(crate) async fn load(state: &ConsoleState, query: &Query) -> Result<Self, Problem> {
        let limit = query.limit()?;
        let after = query.filled("cursor").map(str::to_owned);
        let found = state.cloudwatch.alarm_list(after, limit + 1).await;
        let mut found = found.map_err(|error| Problem::unreadable("the alarms", error))?;
        let more = found.len() > limit;
        found.truncate(limit);
        let items: Vec<AlarmRow> = found.iter().map(AlarmRow::of).collect();
        let next = items.last().filter(|_| more).map(|last| {
            let query = query.only(&["limit", "format", "refresh"]);
            query.with("cursor", Some(&last.name)).link("/console/alarms")
        });
        Ok(Self { items, next })
    }

    pub(crate) fn render(&self) -> Markup {
        let columns = [
            Column::text("Alarm"),
            Column::text("State"),
            Column::text("Since"),
            Column::text("Raised if the value is"),
        ];
        html! {
            h1 { "Alarms" }
            @if self.items.is_empty() {
                (layout::empty_note("No alarm yet. A stack can bring one, and PutMetricAlarm makes one."))
            } @else {
                div id="alarms" data-live {
                    (sluice_pages::table("By name", &columns, self.items.iter().map(|row| vec![
                        row.link(),
                        row.badge(),
                        row.since.render(),
                        text::line(&row.condition, 200),
                    ])))
                }
            }
            (layout::next(self.next.as_deref(), "More alarms"))
        }
    }
}

/// One alarm.
#[derive(Debug, Serialize)]
pub(crate) struct Alarm {
    #[serde(flatten)]
    row: AlarmRow,
    arn: String,
    description: Option<String>,
    actions_enabled: bool,
    alarm_actions: Vec<String>,
    changes: Vec<Change>,
    #[serde(skip)]
    threshold: f64,
    #[serde(skip)]
    range: Range,
    #[serde(skip)]
    series: Result<Vec<Series>, String>,
}

#[derive(Debug, Serialize)]
struct Change {
    at: At,
    kind: &'static str,
    summary: String,
}

impl Alarm {
    pub(crate) async fn load(state: &ConsoleState, name: &str) -> Result<Self, Problem> {
        let unreadable = |error| Problem::unreadable("the alarm", error);
        let found = state.cloudwatch.alarm(name).await.map_err(unreadable)?;
        let found = found
            .ok_or_else(|| Problem::not_found(format!("there is no alarm {name:?}; /console/alarms lists them")))?;
        let changes = state
            .cloudwatch
            .alarm_changes(name, MOST_CHANGES)
            .await
            .map_err(unreadable)?;
        let range = Range::back(state.clock.now(), MINUTES);
        Ok(Self {
            row: AlarmRow::of(&found),
            series: series(state, &found, range).await,
            arn: found.arn,
            description: found.description,
            actions_enabled: found.actions_enabled,
            alarm_actions: found.alarm_actions,
            changes: changes
                .into_iter()
                .map(|one| Change {
                    at: At(one.at),
                    kind: one.kind,
                    summary: one.summary,
                })
                .collect(),
            threshold: found.threshold,
            range,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.row.name
    }

    pub(crate) fn render(&self) -> Markup {
        let actions = html! {
            @if self.alarm_actions.is_empty() { "nobody" }
            @for (n, arn) in self.alarm_actions.iter().enumerate() { @if n > 0 { br; } code { (text::line(arn, 300)) } }
            @if !self.actions_enabled { " (switched off)" }
        };
        let mut rows = vec![("State", self.row.badge()), ("Since", self.row.since.render())];
        rows.push(("Reason", text::line(&self.row.reason, 1_100)));
        if let Some(description) = &self.description {
            rows.push(("Description", text::line(description, 1_100)));
        }
        rows.push(("Raised if", text::line(&self.row.condition, 300)));
        let watched = html! {
            @for (n, line) in self.row.watched.iter().enumerate() { @if n > 0 { br; } (text::line(line, 600)) }
        };
        rows.push(("Watches", watched));
        rows.push(("Tells", actions));
        rows.push(("ARN", html! { code { (text::line(&self.arn, 400)) } }));
        html! {
            h1 { (text::line(&self.row.name, 255)) }
            div id="alarm" data-live {
                (facts(rows))
                section.card { h2 { "The last three hours" } (self.render_chart()) }
                h2 { "What happened" }
                (sluice_pages::table("Newest first", &[Column::text("Time"), Column::text("What")], self.changes.iter().map(|one| vec![
                    one.at.render(),
                    text::line(&one.summary, 400),
                ])))
            }
        }
    }

    fn render_chart(&self) -> Markup {
        match &self.series {
            Err(problem) => html! { p.soft { (text::line(problem, 600)) } },
            Ok(series) if series.iter().all(|one| one.points.is_empty()) => {
                html! { p.soft { "No values in this time." } }
            }
            Ok(series) => Chart {
                title: &self.row.name,
                width: 900.0,
                height: 240.0,
                start: self.range.start,
                end: self.range.end,
                left: &AxisSpec::default(),
                right: &AxisSpec::default(),
                is_stacked: false,
                lines: &[(self.threshold, "Threshold".to_owned())],
                series,
            }
            .render(),
        }
    }
}

/// The values that the alarm compares, or the reason why there are none.
async fn series(state: &ConsoleState, alarm: &AlarmView, range: Range) -> Result<Vec<Series>, String> {
    let periods = alarm.queries.iter().filter_map(|query| match &query.subject {
        sluice_metrics::query::Subject::Metric(one) => Some(one.period),
        sluice_metrics::query::Subject::Expression(_) => None,
    });
    let shortest = periods.min().unwrap_or(60).max(60);
    let step = i64::from(shortest) * 1000;
    let span = Span {
        // periods as the alarm counts them
        start: range.start - range.start.rem_euclid(step),
        end: range.end,
        now: range.end,
    };
    let results = state.cloudwatch.query(alarm.queries.clone(), span).await;
    let results = results.map_err(|error| error.to_string())?;
    let series = results.into_iter().enumerate().map(|(n, result)| Series {
        label: result.series.label,
        color: chart::color(n).to_owned(),
        is_right: false,
        period: step,
        points: result.series.points,
    });
    Ok(series.collect())
}

/// The alarms of a dashboard's widget, by ARN; `None` beside the name of one that is not there.
pub(crate) async fn by_arn(state: &ConsoleState, arns: &[String]) -> Result<Vec<(String, Option<AlarmRow>)>, Problem> {
    let mut rows = Vec::new();
    for arn in arns {
        let name = arn.split_once(":alarm:").map_or(arn.as_str(), |(_, name)| name);
        let found = state.cloudwatch.alarm(name).await;
        let found = found.map_err(|error| Problem::unreadable("the alarms", error))?;
        rows.push((name.to_owned(), found.as_ref().map(AlarmRow::of)));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use sluice_metrics::alarm::AlarmState;

    use super::*;

    #[test]
    fn each_state_has_a_word() {
        for (name, state) in AlarmState::ALL {
            let expected = match state {
                AlarmState::Ok => "OK",
                AlarmState::Alarm => "in alarm",
                AlarmState::InsufficientData => "no data",
            };
            assert!(badge(name).into_string().contains(expected), "{name}");
        }
    }
}
