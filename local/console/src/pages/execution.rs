//! One execution: its graph, the visits of its states, what went in and came out, and its events.

mod detail;
mod events;
mod graph;
mod links;
mod table;

use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;
use sluice_driver::ExecutionRecord;
use sluice_engine::{MapRunReport, MapRunStatus, Outcome, Status, Trace};
use sluice_graph::Definition;

use crate::history::{self, EventRow};
use crate::model::{At, Waiting, waits_for};
use crate::problem::Problem;
use crate::query::{Query, execution_path, machine_path, path};
use crate::state::ConsoleState;
use crate::visits::{self, Items, Visits};
use crate::{layout, text, time};

use detail::Detail;
use events::{Events, Filter};
use graph::{Graph, StateRow};
use links::Links;
use table::{Scope, Table};

pub(crate) use links::PARAMETERS;

/// A page of events ends when its details fill so many bytes: 200 events of 256 KiB would be 50 MB.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// The events of a page, unless the query says another number.
const EVENTS: usize = 50;
/// The most states that the events' filter offers.
const FILTER_STATES: usize = 100;
/// The most Map Runs that a page lists.
const MAP_RUNS: usize = 20;
/// Input and output are shown in a line when they are no longer.
const LINE: usize = 160;
/// So many bytes of them are shown at most.
const VALUE_BYTES: usize = 8 * 1024;

/// An execution and a page of its history.
#[derive(Debug, Serialize)]
pub(crate) struct ExecutionView {
    arn: String,
    name: String,
    status: Status,
    state_machine: String,
    state_machine_arn: String,
    started_at: At,
    stopped_at: Option<At>,
    /// Up to now for one that runs.
    duration_ms: i64,
    redrive_count: u64,
    redriven_at: Option<At>,
    /// The Map Run that it is a child of.
    child_of: Option<Parent>,
    input: Value,
    output: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
    waiting: Option<Waiting>,
    /// The states of the machine, as the graph shows them.
    states: Vec<StateRow>,
    /// The visits, nested by branch and item.
    visits: Table,
    /// The visit that the page shows.
    visit: Option<Detail>,
    map_runs: Vec<RunRow>,
    event_count: usize,
    /// Newest first.
    events: Vec<EventRow>,
    next: Option<String>,
    #[serde(skip)]
    page: Parts,
}

/// The parts of the page that are made of the same values, and not told twice in JSON.
#[derive(Debug)]
struct Parts {
    graph: Option<Graph>,
    all: Visits,
    links: Links,
    filter: Filter,
    filter_states: Vec<String>,
    map_runs_left_out: usize,
    /// The page shows the graph and nothing else.
    alone: bool,
}

/// The Map Run and the state that a child execution belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Parent {
    map_run_arn: String,
    state: String,
    /// The execution that holds the Map.
    execution_arn: Option<String>,
}

/// A Map Run of the execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct RunRow {
    arn: String,
    #[serde(serialize_with = "layout::map_run_word")]
    status: MapRunStatus,
    counts: String,
    started_at: At,
    redrive_count: u64,
}

impl From<&MapRunReport> for RunRow {
    fn from(run: &MapRunReport) -> Self {
        Self {
            arn: run.arn.to_string(),
            status: run.status,
            counts: Items::from(&run.items).words(),
            started_at: At(run.started_at),
            redrive_count: run.redrives,
        }
    }
}

impl ExecutionView {
    /// Asks the driver.
    pub(crate) async fn load(state: &ConsoleState, arn: &str, query: &Query) -> Result<Self, Problem> {
        let filter = Filter::parse(query)?;
        let limit = query.number("limit", 1, 200)?.map_or(EVENTS, |limit| limit as usize);
        let before = query.number("cursor", 0, u64::MAX)?.unwrap_or(u64::MAX);
        let scope = scope(query)?;
        let unreadable = |error| Problem::unreadable("the execution", error);
        let record = state.driver.executions().get(arn).await.map_err(unreadable)?;
        let record =
            record.ok_or_else(|| Problem::not_found(format!("there is no execution {arn:?}; /console lists them")))?;
        let trace = state.driver.executions().trace(arn).await.map_err(unreadable)?;
        let trace = trace.unwrap_or_default();
        let runs = state.driver.map_runs().list(arn).await.map_err(unreadable)?;
        let definition = definition(state, &record).await?;
        let now = state.clock.now();
        let mut all = visits::read(&trace, record.status, now);
        all.count_runs(&runs);
        let links = Links::new(arn, query);
        let selected = match (query.number("visit", 1, u64::MAX)?, query.filled("state")) {
            (Some(id), _) => Some(all.get(id).ok_or_else(|| {
                Problem::not_found(format!(
                    "the execution has no visit {id}; a visit is the number of its first event"
                ))
            })?),
            (None, Some(name)) => all.telling(name),
            (None, None) => all.foremost(record.status),
        };
        let mut view = Self::of(&record, now, links);
        view.visit = selected.map(|visit| Detail::of(visit, &all, &trace, state, now));
        view.page.alone = query.filled("only") == Some("graph");
        let shown = view.visit.as_ref().map(Detail::state);
        view.page.graph = definition.map(|definition| {
            Graph::of(
                &definition,
                &all,
                record.status,
                shown,
                &view.page.links,
                view.page.alone,
            )
        });
        if let Some(graph) = &view.page.graph {
            view.states.clone_from(&graph.states);
        }
        view.visits = Table::of(&all, scope, &view.page.links, record.start_date, now);
        view.page.map_runs_left_out = runs.len().saturating_sub(MAP_RUNS);
        view.map_runs = runs.iter().rev().take(MAP_RUNS).map(RunRow::from).collect();
        if let Some(parent) = &mut view.child_of {
            parent.execution_arn = parent_of(state, &parent.map_run_arn).await?;
        }
        view.page.filter_states = names(&all);
        view.page.filter = filter;
        view.page.all = all;
        view.take_events(&trace, before, limit);
        Ok(view)
    }

    /// All but what its history tells.
    fn of(record: &ExecutionRecord, now: i64, links: Links) -> Self {
        let (output, error, cause) = match &record.outcome {
            Some(Outcome::Succeeded { output }) => (Some(Value::clone(output)), None, None),
            Some(Outcome::Failed { error, cause } | Outcome::Aborted { error, cause }) => {
                (None, error.clone(), cause.clone())
            }
            Some(Outcome::TimedOut) | None => (None, None, None),
        };
        Self {
            arn: record.identity.arn.to_string(),
            name: record.identity.name.to_string(),
            status: record.status,
            state_machine: record.identity.machine_name.to_string(),
            state_machine_arn: record.identity.machine_arn.to_string(),
            started_at: At(record.start_date),
            stopped_at: record.stop_date.map(At),
            duration_ms: record.stop_date.unwrap_or(now).saturating_sub(record.start_date),
            redrive_count: record.redrive_count,
            redriven_at: record.redriven_at.map(At),
            child_of: record.child.as_ref().map(|child| Parent {
                map_run_arn: child.map_run_arn.to_string(),
                state: child.state.to_string(),
                execution_arn: None,
            }),
            input: Value::clone(&record.input),
            output,
            error,
            cause,
            waiting: record.waiting_since.map(|since| Waiting {
                state: record.waiting_state.clone(),
                since: At(since),
            }),
            states: Vec::new(),
            visits: Table::of(&Visits::default(), Scope::Whole, &links, record.start_date, now),
            visit: None,
            map_runs: Vec::new(),
            event_count: 0,
            events: Vec::new(),
            next: None,
            page: Parts {
                graph: None,
                all: Visits::default(),
                links,
                filter: Filter::default(),
                filter_states: Vec::new(),
                map_runs_left_out: 0,
                alone: false,
            },
        }
    }

    /// The newest events before `before` that pass the filter.
    fn take_events(&mut self, trace: &Trace, before: u64, limit: usize) {
        self.event_count = trace.events.len();
        let mut bytes = 0;
        let mut more = false;
        for (event, origin) in trace.events.iter().zip(&*trace.origins).rev() {
            let state = self.page.all.get(origin.visit).map(|visit| visit.state.as_str());
            if event.id >= before || !self.page.filter.takes(event, state) {
                continue;
            }
            if self.events.len() >= limit || bytes > PAGE_BYTES {
                more = true;
                break;
            }
            let row = history::row(event, self.started_at.0, state.map(str::to_owned), origin.visit);
            bytes += row.details.to_string().len();
            self.events.push(row);
        }
        self.next = self
            .events
            .last()
            .filter(|_| more)
            .map(|last| self.page.links.earlier(last.id));
    }

    /// The execution's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The page.
    pub(crate) fn render(&self, json_url: &str) -> Markup {
        let page = &self.page;
        if let (true, Some(graph)) = (page.alone, &page.graph) {
            return html! {
                h1 { "Graph of " a href=(execution_path(&self.arn)) { (text::line(&self.name, 120)) } " " (layout::status(self.status)) }
                (graph.render(&page.links))
            };
        }
        html! {
            h1 { "Execution " (text::line(&self.name, 120)) " " (layout::status(self.status)) }
            (self.render_facts(json_url))
            @if self.error.is_some() || self.cause.is_some() {
                (self.render_error(json_url))
            }
            div class={ "execution" @if page.graph.as_ref().is_some_and(|graph| graph.broad) { " broad" } } {
                @if let Some(graph) = &page.graph {
                    section.graph-part aria-label="Graph" { (graph.render(&page.links)) }
                }
                section.visit-part #visit aria-label="The state" {
                    @match &self.visit {
                        Some(visit) => (visit.render(&page.links, json_url)),
                        None => (layout::empty_note("No state was entered yet.")),
                    }
                }
            }
            h2 #states { "States" }
            (self.visits.render(&page.all, &page.links, self.visit.as_ref().map(Detail::id)))
            (self.render_map_runs())
            h2 #events { "Events" }
            (self.events().render(&page.links, json_url))
        }
    }

    fn events(&self) -> Events<'_> {
        Events {
            rows: &self.events,
            all: self.event_count,
            filter: &self.page.filter,
            states: &self.page.filter_states,
            next: self.next.as_deref(),
        }
    }

    fn render_facts(&self, json_url: &str) -> Markup {
        html! {
            dl.facts {
                dt { "State machine" }
                dd { a href=(machine_path(&self.state_machine_arn)) { (text::line(&self.state_machine, 120)) } ", its definition" }
                @if let Some(parent) = &self.child_of {
                    dt { "Child of" }
                    dd {
                        a href=(path(&["map-runs", &parent.map_run_arn])) { "the Map Run of " (text::line(&parent.state, 80)) }
                        @if let Some(arn) = &parent.execution_arn { ", in " a href=(execution_path(arn)) { "its execution" } }
                    }
                }
                @if self.waiting.is_some() {
                    dt { "Waits for" }
                    dd { (waits_for(self.waiting.as_ref())) }
                }
                dt { "Started" }
                dd {
                    (self.started_at)
                    @if let Some(stopped) = self.stopped_at { ", stopped " (stopped) ", took " } @else { ", running for " }
                    (time::duration(self.duration_ms))
                }
                @if self.redrive_count > 0 {
                    dt { "Redriven" }
                    dd {
                        (self.redrive_count) @if self.redrive_count == 1 { " time" } @else { " times" }
                        @if let Some(at) = self.redriven_at { ", last " (at) }
                    }
                }
                dt { "Input" }
                dd { (in_short(&self.input, json_url)) }
                @if let Some(output) = &self.output {
                    dt { "Output" }
                    dd { (in_short(output, json_url)) }
                }
                dt { "ARN" }
                dd { code { (text::line(&self.arn, 512)) } }
            }
        }
    }

    /// The error in a line, and its cause behind it if that is long.
    fn render_error(&self, json_url: &str) -> Markup {
        let cause = self.cause.as_deref().unwrap_or_default();
        let short = cause.len() <= LINE * 2 && !cause.starts_with('{');
        html! {
            h2 { "Error" }
            p.error {
                strong { (text::line(self.error.as_deref().unwrap_or("(no error name)"), 512)) }
                @if short && !cause.is_empty() { ": " (text::line(cause, LINE * 2)) }
            }
            @if !short { details { summary { "its cause" } (text::maybe_json_block(cause, json_url)) } }
        }
    }

    fn render_map_runs(&self) -> Markup {
        html! {
            @if !self.map_runs.is_empty() {
                h2 { "Map Runs" }
                ul.runs {
                    @for run in &self.map_runs {
                        li {
                            a href=(path(&["map-runs", &run.arn])) { (text::line(run.arn.rsplit('/').next().unwrap_or_default(), 120)) }
                            " " (layout::map_run_status(run.status))
                            " " (run.counts) ", started " (run.started_at)
                            @if run.redrive_count > 0 { ", redriven " (layout::times(run.redrive_count)) }
                        }
                    }
                }
                @if self.page.map_runs_left_out > 0 { p.note { (self.page.map_runs_left_out) " before these are not shown." } }
            }
        }
    }
}

/// The part of the visits that the table shows.
fn scope(query: &Query) -> Result<Scope, Problem> {
    let Some(visit) = query.number("within", 1, u64::MAX)? else {
        return Ok(Scope::Whole);
    };
    Ok(match query.number("item", 0, u64::MAX)? {
        Some(index) => Scope::Item { visit, index },
        None => Scope::Items {
            visit,
            from: query.number("from", 0, u64::MAX)?.unwrap_or_default(),
            failed: query.filled("items") == Some("failed"),
        },
    })
}

/// The definition that an execution follows: of a child, that of the Map's processor.
async fn definition(state: &ConsoleState, record: &ExecutionRecord) -> Result<Option<Definition>, Problem> {
    let text = state.driver.machines().definition(record.definition_id).await;
    let text = text.map_err(|error| Problem::unreadable("the definition", error))?;
    // one that the driver has taken in can be drawn; if not, the rest of the page is still of use
    let whole = text.and_then(|text| Definition::parse(&text).ok());
    Ok(match &record.child {
        Some(child) => whole.and_then(|whole| whole.child(&child.state)),
        None => whole,
    })
}

/// The execution that holds a Map Run.
async fn parent_of(state: &ConsoleState, map_run_arn: &str) -> Result<Option<String>, Problem> {
    let run = state.driver.map_runs().get(map_run_arn, 0).await;
    let run = run.map_err(|error| Problem::unreadable("the Map Run", error))?;
    Ok(run.map(|run| run.report.execution_arn.to_string()))
}

/// The names of the states that were entered, as the filter of events offers them.
fn names(all: &Visits) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for visit in all.all() {
        if names.len() < FILTER_STATES && known.insert(visit.state.as_str()) {
            names.push(visit.state.clone());
        }
    }
    names
}

/// A value in a line, or behind its beginning if it is longer.
fn in_short(value: &Value, json_url: &str) -> Markup {
    let line = value.to_string();
    if line.len() <= LINE {
        return html! { code { (text::line(&line, LINE)) } };
    }
    html! {
        details {
            summary { code { (text::line(&line, 100)) } " " span.note { (line.len()) " bytes" } }
            (detail::short_json(value, json_url, VALUE_BYTES))
        }
    }
}

#[cfg(test)]
mod tests;
