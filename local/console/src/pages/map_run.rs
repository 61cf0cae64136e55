//! A Map Run: its counts, and a page of its child executions.

use maud::{Markup, html};
use serde::Serialize;
use sluice_driver::{ChildFilter, ChildRecord, DriverError};
use sluice_engine::{MapRunCounts, MapRunStatus, Status};
use sluice_pages::{Chip, Column};

use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, execution_path, path};
use crate::state::ConsoleState;
use crate::status::parse_status;
use crate::visits::Items;
use crate::{layout, text, time};

/// The statuses that a child can be filtered by.
const STATUSES: [Status; 6] = [
    Status::Running,
    Status::Succeeded,
    Status::Failed,
    Status::TimedOut,
    Status::Aborted,
    Status::PendingRedrive,
];

/// The columns of the table of children.
const COLUMNS: [Column<'static>; 5] = [
    Column::text("Child execution"),
    Column::text("Status"),
    Column::number("Items"),
    Column::text("Started"),
    Column::number("Duration"),
];

/// A Map Run with some of its children.
#[derive(Debug, Serialize)]
pub(crate) struct MapRunView {
    arn: String,
    execution_arn: String,
    #[serde(serialize_with = "layout::map_run_word")]
    status: MapRunStatus,
    /// Its items in words.
    counts: String,
    executions: MapRunCounts,
    items: MapRunCounts,
    started_at: At,
    stopped_at: Option<At>,
    redrive_count: u64,
    redriven_at: Option<At>,
    /// 0: no limit.
    max_concurrency: u64,
    tolerated_failure_count: Option<u64>,
    tolerated_failure_percentage: Option<f64>,
    /// Its child executions, newest first.
    children: Vec<ChildRow>,
    next: Option<String>,
    #[serde(skip)]
    chosen: Option<Status>,
}

/// A child execution.
#[derive(Debug, Serialize)]
struct ChildRow {
    arn: String,
    name: String,
    status: Status,
    items: u64,
    started_at: At,
    duration_ms: i64,
    redrive_count: u64,
}

impl ChildRow {
    fn of(child: &ChildRecord, now: i64) -> Self {
        Self {
            arn: child.arn.clone(),
            name: child.arn.split(':').nth(7).unwrap_or_default().to_owned(),
            status: child.status,
            items: child.items,
            started_at: At(child.start),
            duration_ms: child.stop.unwrap_or(now).saturating_sub(child.start),
            redrive_count: child.redrive_count,
        }
    }
}

impl MapRunView {
    /// Asks the driver.
    pub(crate) async fn load(state: &ConsoleState, arn: &str, query: &Query) -> Result<Self, Problem> {
        let chosen = parse_status(query)?;
        let unreadable = |error| Problem::unreadable("the Map Run", error);
        let runs = state.driver.map_runs();
        let missing = || {
            Problem::not_found(format!(
                "there is no Map Run {arn:?}; an execution's page lists its own"
            ))
        };
        let run = runs.get(arn, 0).await.map_err(unreadable)?.ok_or_else(missing)?.report;
        let filter = ChildFilter {
            map_run_arn: arn.to_owned(),
            redriven: None,
            status: chosen,
            after: query.filled("cursor").map(str::to_owned),
            limit: query.limit()?,
        };
        let page = runs.children(filter).await.map_err(|error| match error {
            DriverError::InvalidCursor(_) => Problem::bad_request(error.to_string()),
            other => unreadable(other),
        })?;
        let page = page.ok_or_else(missing)?;
        let now = state.clock.now();
        let kept = query.only(&["status", "limit", "format", "refresh"]);
        Ok(Self {
            arn: arn.to_owned(),
            execution_arn: run.execution_arn.to_string(),
            status: run.status,
            counts: Items::from(&run.items).words(),
            executions: run.executions,
            items: run.items,
            started_at: At(run.started_at),
            stopped_at: run.ended_at.map(At),
            redrive_count: run.redrives,
            redriven_at: run.redriven_at.map(At),
            max_concurrency: run.max_concurrency,
            tolerated_failure_count: run.tolerated_count,
            tolerated_failure_percentage: run.tolerated_percentage,
            children: page.items.iter().map(|child| ChildRow::of(child, now)).collect(),
            next: page
                .next
                .map(|next| kept.with("cursor", Some(&next)).link(&path(&["map-runs", arn]))),
            chosen,
        })
    }

    /// The last part of its ARN.
    pub(crate) fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }

    /// The page.
    pub(crate) fn render(&self) -> Markup {
        html! {
            h1 { "Map Run " (text::line(self.name(), 120)) " " (layout::map_run_status(self.status)) }
            dl.facts {
                dt { "Of" }
                dd { a href=(execution_path(&self.execution_arn)) { (text::line(self.execution_arn.rsplit(':').next().unwrap_or_default(), 120)) } }
                dt { "Items" }
                dd { (self.counts) }
                dt { "Started" }
                dd { (self.started_at) }
                @if let Some(stopped) = self.stopped_at { dt { "Stopped" } dd { (stopped) } }
                @if self.redrive_count > 0 {
                    dt { "Redriven" }
                    dd { (layout::times(self.redrive_count)) @if let Some(at) = self.redriven_at { ", last " (at) } }
                }
                dt { "At a time" }
                dd { @if self.max_concurrency == 0 { "no limit" } @else { (self.max_concurrency) } }
                dt { "May fail" }
                dd { (self.tolerated()) }
                dt { "ARN" }
                dd { code { (text::line(&self.arn, 512)) } }
            }
            h2 { "Child executions" }
            (self.filters())
            (self.table())
            (layout::next(self.next.as_deref(), "Older children"))
        }
    }

    fn tolerated(&self) -> String {
        match (self.tolerated_failure_count, self.tolerated_failure_percentage) {
            (None, None) => "no item".to_owned(),
            (Some(count), None) => format!("{count} items"),
            (None, Some(share)) => format!("{share} % of the items"),
            (Some(count), Some(share)) => format!("{count} items and {share} % of them"),
        }
    }

    fn count(&self, status: Status) -> usize {
        let counts = &self.executions;
        match status {
            Status::Running => counts.running,
            Status::Succeeded => counts.succeeded,
            Status::Failed => counts.failed,
            Status::TimedOut => counts.timed_out,
            Status::Aborted => counts.aborted,
            Status::PendingRedrive => counts.pending_redrive,
        }
    }

    fn filters(&self) -> Markup {
        let address = path(&["map-runs", &self.arn]);
        let chip = |word, status: Option<Status>, count: usize| Chip {
            word,
            count: Some(count.to_string()),
            tone: sluice_pages::Tone::Idle,
            href: Query::default()
                .with("status", status.map(Status::as_str))
                .link(&address),
            is_current: self.chosen == status,
        };
        let of_status = STATUSES
            .into_iter()
            .map(|status| (status, self.count(status)))
            .filter(|(status, count)| *count > 0 || self.chosen == Some(*status))
            .map(|(status, count)| chip(status.as_str(), Some(status), count));
        let chips: Vec<_> = std::iter::once(chip("All", None, self.executions.total()))
            .chain(of_status)
            .collect();
        html! {
            (sluice_pages::chips("Filter by status", &chips))
            @if self.executions.pending > 0 { p.note { (self.executions.pending) " not started" } }
        }
    }

    fn table(&self) -> Markup {
        if self.children.is_empty() {
            return layout::empty_note("No child execution here.");
        }
        let cells = |row: &ChildRow| {
            vec![
                html! { a href=(execution_path(&row.arn)) { (text::line(&row.name, 120)) } },
                html! {
                    (layout::status(row.status))
                    @if row.redrive_count > 0 { " " span.note { "redriven " (layout::times(row.redrive_count)) } }
                },
                html! { (row.items) },
                html! { (row.started_at) },
                html! { (time::duration(row.duration_ms)) },
            ]
        };
        sluice_pages::table("Newest first", &COLUMNS, self.children.iter().map(cells))
    }
}
