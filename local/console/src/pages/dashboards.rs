//! The dashboards: their list, and each drawn from its body.

use maud::{Markup, Render as _, html};
use serde::Serialize;
use sluice_engine::Timestamp;
use sluice_metrics::query::{Query as MetricQuery, Span};
use sluice_pages::Column;

use super::alarms::{self, AlarmRow};
use crate::dashboards::axis::short;
use crate::dashboards::body::{Body, COLUMNS, Content, MetricWidget, Shape, Widget};
use crate::dashboards::chart::{self, Chart, Series, bars};
use crate::dashboards::markdown;
use crate::dashboards::range::{RANGES, Range};
use crate::links::local_address;
use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, path};
use crate::state::ConsoleState;
use crate::{layout, text};

/// The minutes that are shown where neither the query nor the body says how many.
const DEFAULT_MINUTES: i64 = 180;
/// The most series of one widget that are drawn.
const MOST_SERIES: usize = 60;
/// The most alarms of one widget that are shown.
const MOST_ALARMS: usize = 100;

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct Dashboards {
    items: Vec<DashboardRow>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct DashboardRow {
    name: String,
    modified_at: At,
}

impl Dashboards {
    pub(crate) async fn load(state: &ConsoleState, query: &Query) -> Result<Self, Problem> {
        let limit = query.limit()?;
        let after = query.filled("cursor").map(str::to_owned);
        let found = state.cloudwatch.dashboard_names(after, limit + 1).await;
        let mut found = found.map_err(|error| Problem::unreadable("the dashboards", error))?;
        let more = found.len() > limit;
        found.truncate(limit);
        let items: Vec<DashboardRow> = found
            .into_iter()
            .map(|(name, modified)| DashboardRow {
                name,
                modified_at: At(modified),
            })
            .collect();
        let next = items.last().filter(|_| more).map(|last| {
            let query = query.only(&["limit", "format", "refresh"]);
            query.with("cursor", Some(&last.name)).link("/console/dashboards")
        });
        Ok(Self { items, next })
    }

    pub(crate) fn render(&self) -> Markup {
        html! {
            h1 { "Dashboards" }
            @if self.items.is_empty() {
                (layout::empty_note("No dashboard yet. A stack can bring one, and PutDashboard makes one."))
            } @else {
                (sluice_pages::table("By name", &[Column::text("Dashboard"), Column::text("Changed")], self.items.iter().map(|row| vec![
                    html! { a href=(path(&["dashboards", &row.name])) { (text::line(&row.name, 255)) } },
                    row.modified_at.render(),
                ])))
            }
            (layout::next(self.next.as_deref(), "More dashboards"))
        }
    }
}

/// A dashboard with its values.
#[derive(Debug, Serialize)]
pub(crate) struct Dashboard {
    name: String,
    start: At,
    end: At,
    widgets: Vec<Drawn>,
    #[serde(skip)]
    minutes: i64,
    #[serde(skip)]
    query: Query,
}

/// A widget with its values.
#[derive(Debug, Serialize)]
struct Drawn {
    title: Option<String>,
    series: Vec<SeriesValues>,
    /// Alarms by name; none for one that is not there.
    alarms: Vec<(String, Option<AlarmRow>)>,
    /// The reason why it shows nothing.
    problem: Option<String>,
    #[serde(skip)]
    widget: Widget,
    #[serde(skip)]
    drawn: Vec<Series>,
}

#[derive(Debug, Serialize)]
struct SeriesValues {
    label: String,
    /// Times and values, the earliest first.
    points: Vec<(At, f64)>,
}

impl Dashboard {
    pub(crate) async fn load(state: &ConsoleState, name: &str, query: &Query) -> Result<Self, Problem> {
        let unreadable = |error| Problem::unreadable("the dashboard", error);
        let body = state.cloudwatch.dashboard_body(name).await.map_err(unreadable)?;
        let body = body.ok_or_else(|| {
            Problem::not_found(format!(
                "there is no dashboard {name:?}; /console/dashboards lists them"
            ))
        })?;
        let body = Body::parse(&body).map_err(|problem| Problem::unreadable("the dashboard", problem))?;
        let minutes = minutes(query)?.or(body.minutes).unwrap_or(DEFAULT_MINUTES);
        let now = state.clock.now();
        let range = Range::back(now, minutes);
        let mut widgets = Vec::with_capacity(body.widgets.len());
        for widget in body.widgets {
            widgets.push(Drawn::load(state, widget, range, now).await?);
        }
        Ok(Self {
            name: name.to_owned(),
            start: At(range.start),
            end: At(range.end),
            widgets,
            minutes,
            query: query.only(&["range", "refresh"]),
        })
    }

    /// The dashboard's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The page.
    pub(crate) fn render(&self) -> Markup {
        let here = path(&["dashboards", &self.name]);
        let followed = self.query.filled("refresh").is_some();
        html! {
            div.head {
                h1 { (text::line(&self.name, 255)) }
                a href=(self.query.with("refresh", (!followed).then_some("10")).link(&here)) {
                    @if followed { "Stop following" } @else { "Follow" }
                }
            }
            nav aria-label="Range" {
                ul.chips {
                    @for (name, minutes) in RANGES {
                        li {
                            a href=(self.query.with("range", Some(name)).link(&here))
                                aria-current=[(minutes == self.minutes).then_some("true")] { (name) }
                        }
                    }
                }
            }
            div.dashboard id="dashboard" data-live { (self.render_widgets()) }
        }
    }

    /// The widgets in their columns; where a row leaves room, so does the page.
    fn render_widgets(&self) -> Markup {
        let mut row = (0, 0);
        html! {
            @for drawn in &self.widgets {
                @let gap = drawn.gap(&mut row);
                @if gap > 0 { div class={ "w" (gap) } {} }
                section class={ "card w" (drawn.widget.width) } {
                    @if let Some(title) = &drawn.title { h2 { (text::line(title, 200)) } }
                    (drawn.render(self.start.0, self.end.0))
                }
            }
        }
    }
}

impl Drawn {
    async fn load(state: &ConsoleState, widget: Widget, range: Range, now: Timestamp) -> Result<Self, Problem> {
        let mut drawn = Self {
            title: widget.title.clone(),
            series: Vec::new(),
            alarms: Vec::new(),
            problem: None,
            drawn: Vec::new(),
            widget,
        };
        let metrics = match &drawn.widget.content {
            Content::Metrics(metrics) => metrics,
            Content::NotDrawn(problem) => {
                drawn.problem = Some(problem.clone());
                return Ok(drawn);
            }
            Content::Alarms(arns) => {
                let shown = arns.get(..MOST_ALARMS).unwrap_or(arns);
                drawn.alarms = alarms::by_arn(state, shown).await?;
                return Ok(drawn);
            }
            Content::Text(_) => return Ok(drawn),
        };
        match series(state, metrics, range, now).await {
            Ok(series) => {
                let values = |one: &Series| SeriesValues {
                    label: one.label.clone(),
                    points: one.points.iter().map(|(at, value)| (At(*at), *value)).collect(),
                };
                drawn.series = series.iter().map(values).collect();
                drawn.drawn = series;
            }
            Err(problem) => drawn.problem = Some(problem),
        }
        Ok(drawn)
    }

    /// The columns that are empty before it, in its row.
    fn gap(&self, row: &mut (u32, u32)) -> u32 {
        let (y, filled) = *row;
        let before = if y == self.widget.y { filled } else { 0 };
        let gap = self.widget.x.saturating_sub(before);
        *row = (
            self.widget.y,
            (self.widget.x.max(before) + self.widget.width).min(COLUMNS),
        );
        gap
    }

    fn render(&self, start: Timestamp, end: Timestamp) -> Markup {
        if let Some(problem) = &self.problem {
            return html! { p.soft { (text::line(problem, 600)) } };
        }
        match &self.widget.content {
            Content::Text(markdown) => markdown::render(markdown, local_address),
            Content::Metrics(metrics) => self.render_metrics(metrics, start, end),
            Content::Alarms(_) => self.render_alarms(),
            Content::NotDrawn(_) => html! {},
        }
    }

    fn render_metrics(&self, metrics: &MetricWidget, start: Timestamp, end: Timestamp) -> Markup {
        let title = self.title.as_deref().unwrap_or("Metrics");
        let (width, height) = (
            f64::from(self.widget.width) * 50.0,
            f64::from(self.widget.height) * 34.0,
        );
        if self.drawn.iter().all(|one| one.points.is_empty()) {
            return html! { p.soft { "No values in this time." } };
        }
        let picture = match metrics.shape {
            Shape::Lines | Shape::Stacked => {
                let chart = Chart {
                    title,
                    width,
                    height,
                    start,
                    end,
                    left: &metrics.left,
                    right: &metrics.right,
                    is_stacked: metrics.shape == Shape::Stacked,
                    lines: &metrics.lines,
                    series: &self.drawn,
                };
                html! { (chart.render()) (self.render_legend()) }
            }
            Shape::Bars | Shape::Pie => bars(title, &self.drawn, width),
            Shape::Numbers | Shape::Gauge => self.render_numbers(metrics.sparkline, start, end, metrics),
            Shape::Table => html! {},
        };
        html! {
            (picture)
            @if metrics.shape == Shape::Table { (self.render_table()) } @else {
                details { summary.small { "Numbers" } (self.render_table()) }
            }
        }
    }

    fn render_alarms(&self) -> Markup {
        html! {
            ul.alarms {
                @for (name, row) in &self.alarms {
                    li {
                        @match row {
                            Some(row) => { (row.badge()) " " (row.link()) }
                            None => { (sluice_pages::badge(sluice_pages::Tone::Idle, "not there")) " " (text::line(name, 255)) }
                        }
                    }
                }
            }
        }
    }

    fn render_legend(&self) -> Markup {
        html! {
            ul class="legend small" {
                @for one in &self.drawn {
                    li {
                        svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true" { circle cx="5" cy="5" r="5" fill=(one.color) {} }
                        " " (text::line(&one.label, 120))
                    }
                }
            }
        }
    }

    fn render_numbers(&self, sparkline: bool, start: Timestamp, end: Timestamp, metrics: &MetricWidget) -> Markup {
        html! {
            ul.tiles {
                @for one in &self.drawn {
                    li {
                        span.soft { (text::line(&one.label, 120)) }
                        b { @if let Some((_, value)) = one.points.last() { (short(*value)) } @else { "–" } }
                        @if sparkline && one.points.len() > 1 {
                            (Chart {
                                title: &one.label,
                                width: 300.0,
                                height: 90.0,
                                start,
                                end,
                                left: &metrics.left,
                                right: &metrics.right,
                                is_stacked: false,
                                lines: &[],
                                series: std::slice::from_ref(one),
                            }.render())
                        }
                    }
                }
            }
        }
    }

    fn render_table(&self) -> Markup {
        let mut columns = vec![Column::text("Series")];
        columns.extend(FIGURES.map(Column::number));
        let row = |one: &Series| {
            let mut cells = vec![text::line(&one.label, 120)];
            let figure = |value: Option<f64>| html! { (value.map_or_else(|| "–".to_owned(), short)) };
            cells.extend(figures(one).map(figure));
            cells
        };
        sluice_pages::table("Of the time that is shown", &columns, self.drawn.iter().map(row))
    }
}

/// The names of the figures.
const FIGURES: [&str; 5] = ["Last", "Least", "Average", "Most", "Sum"];

/// The figures of a series.
fn figures(series: &Series) -> [Option<f64>; 5] {
    let values = || series.points.iter().map(|(_, value)| *value);
    let sum: f64 = values().sum();
    #[allow(clippy::cast_precision_loss)] // a few hundred
    let average = (!series.points.is_empty()).then(|| sum / series.points.len() as f64);
    [
        values().next_back(),
        values().reduce(f64::min),
        average,
        values().reduce(f64::max),
        average.map(|_| sum),
    ]
}

/// The values of a widget's visible rows, or what is wrong with them.
async fn series(
    state: &ConsoleState,
    metrics: &MetricWidget,
    range: Range,
    now: Timestamp,
) -> Result<Vec<Series>, String> {
    let queries: Vec<MetricQuery> = metrics.queries(range)?;
    let shortest = queries.iter().filter_map(|query| match &query.subject {
        sluice_metrics::query::Subject::Metric(one) => Some(one.period),
        sluice_metrics::query::Subject::Expression(_) => None,
    });
    let shortest = shortest.min().unwrap_or(60);
    let span = Span {
        start: range.start,
        end: range.end,
        now,
    };
    let results = state
        .cloudwatch
        .query(queries, span)
        .await
        .map_err(|error| error.to_string())?;
    let row = |id: &str| metrics.rows.iter().position(|row| row.id == id);
    let series = results.into_iter().take(MOST_SERIES).enumerate().map(|(n, result)| {
        let place = row(&result.id);
        let row = place.map(|place| &metrics.rows[place]);
        Series {
            color: row
                .and_then(|row| row.color.clone())
                .unwrap_or_else(|| chart::color(n).to_owned()),
            is_right: row.is_some_and(|row| row.is_right),
            period: i64::from(result.series.period.unwrap_or(shortest)) * 1000,
            label: result.series.label,
            points: result.series.points,
        }
    });
    Ok(series.collect())
}

/// The minutes of the query's range.
fn minutes(query: &Query) -> Result<Option<i64>, Problem> {
    let Some(wanted) = query.filled("range") else {
        return Ok(None);
    };
    let known = RANGES.iter().find(|(name, _)| *name == wanted);
    known.map(|(_, minutes)| Some(*minutes)).ok_or_else(|| {
        let beginning: String = wanted.chars().take(40).collect();
        let names: Vec<&str> = RANGES.iter().map(|(name, _)| *name).collect();
        Problem::bad_request(format!("range is {beginning:?}; it can be {}", names.join(", ")))
    })
}
