//! The table of states: a row a visit, nested by branch and item, with a timeline.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde::Serialize;
use sluice_engine::{StateType, Timestamp};
use sluice_graph::StateStatus;

use super::links::Links;
use crate::visits::{Visit, Visits};
use crate::{layout, text, time};

/// The most rows of a page.
const ROWS: usize = 60;
/// The most branches or items that are opened within a row.
const GROUPS: usize = 8;
/// Of these, the most that are there because they failed or are at work.
const URGENT: usize = 3;

/// The part of the visits that a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All, from the top.
    Whole,
    /// The branches or items of one visit, from the one with this number on; only those that failed, perhaps.
    Items { visit: u64, from: u64, failed: bool },
    /// The visits in one branch or item.
    Item { visit: u64, index: u64 },
}

/// A row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    depth: usize,
    /// The visit; none for a branch or item, and for what is left out.
    visit: Option<u64>,
    /// The state, or the branch or item.
    label: String,
    #[serde(skip)]
    kind: Option<StateType>,
    #[serde(serialize_with = "status_word")]
    status: StateStatus,
    attempts: usize,
    since_start_ms: i64,
    duration_ms: i64,
    /// Its wait, its error, or its counts.
    note: Option<String>,
    /// The number of branches or items that are left out here.
    left_out: u64,
    #[serde(skip)]
    href: String,
    /// The visit goes on.
    #[serde(skip)]
    open: bool,
}

/// The rows of a page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    /// The visits that this page has no row for; 0: all are here.
    pub(crate) left_out: usize,
    /// The address of the items behind these.
    pub(crate) next: Option<String>,
    #[serde(skip)]
    scope: Scope,
    #[serde(skip)]
    span: (Timestamp, Timestamp),
}

fn status_word<S: serde::Serializer>(status: &StateStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.as_str())
}

/// One branch or item: its visits.
struct Group<'v> {
    index: u64,
    visits: Vec<&'v Visit>,
}

impl Group<'_> {
    fn status(&self) -> StateStatus {
        self.visits.last().map_or(StateStatus::NotReached, |visit| visit.status)
    }

    fn is_urgent(&self) -> bool {
        matches!(
            self.status(),
            StateStatus::Failed | StateStatus::Running | StateStatus::Waiting
        )
    }
}

/// The writing of rows.
struct Writer<'a> {
    visits: &'a Visits,
    links: &'a Links,
    started: Timestamp,
    now: Timestamp,
    rows: Vec<Row>,
}

impl Table {
    /// Makes the rows of a scope. `started` is the time that they count from.
    pub(crate) fn of(visits: &Visits, scope: Scope, links: &Links, started: Timestamp, now: Timestamp) -> Self {
        let mut writer = Writer {
            visits,
            links,
            started,
            now,
            rows: Vec::new(),
        };
        let mut next = None;
        match scope {
            Scope::Whole => writer.sequence(visits.within(0).collect(), 0),
            Scope::Item { visit, index } => {
                let inside = visits.within(visit).filter(|inside| inside.index == index);
                writer.sequence(inside.collect(), 0);
            }
            Scope::Items { visit, from, failed } => {
                if let Some(parent) = visits.get(visit) {
                    let mut groups = groups(visits, visit);
                    groups.retain(|group| group.index >= from && (!failed || group.status() == StateStatus::Failed));
                    next = groups.get(ROWS).map(|group| links.later_items(group.index));
                    groups.truncate(ROWS);
                    groups.iter().for_each(|group| writer.group(parent, group, 0));
                }
            }
        }
        let rows = writer.rows;
        let shown = rows.iter().filter(|row| row.visit.is_some()).count();
        let all = match scope {
            Scope::Whole => visits.all().len(),
            Scope::Items { .. } | Scope::Item { .. } => shown,
        };
        let first = rows.iter().map(|row| started + row.since_start_ms).min();
        let last = rows
            .iter()
            .map(|row| started + row.since_start_ms + row.duration_ms)
            .max();
        let span = match scope {
            Scope::Whole => (started, last.unwrap_or(now)),
            Scope::Items { .. } | Scope::Item { .. } => (first.unwrap_or(started), last.unwrap_or(now)),
        };
        Self {
            left_out: all.saturating_sub(shown),
            rows,
            next,
            scope,
            span,
        }
    }
}

/// The branches or items of a visit.
fn groups(visits: &Visits, parent: u64) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<u64, Vec<&Visit>> = BTreeMap::new();
    for visit in visits.within(parent) {
        groups.entry(visit.index).or_default().push(visit);
    }
    let groups = groups.into_iter();
    groups.map(|(index, visits)| Group { index, visits }).collect()
}

/// The groups that are opened: those that are urgent, and the first ones.
fn chosen(groups: &[Group<'_>]) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    let failed = |place: &usize| groups[*place].status() == StateStatus::Failed;
    let at_work = |place: &usize| groups[*place].is_urgent() && !failed(place);
    chosen.extend((0..groups.len()).filter(failed).take(URGENT));
    chosen.extend((0..groups.len()).filter(at_work).take(URGENT));
    for place in 0..groups.len() {
        if chosen.len() >= GROUPS {
            break;
        }
        if !chosen.contains(&place) {
            chosen.push(place);
        }
    }
    chosen.sort_unstable();
    chosen
}

impl Writer<'_> {
    fn is_full(&self) -> bool {
        self.rows.len() >= ROWS
    }

    /// The visits of one flow, one after the other; of a long sequence its beginning and its end.
    fn sequence(&mut self, visits: Vec<&Visit>, depth: usize) {
        let room = ROWS.saturating_sub(self.rows.len());
        let (head, tail) = if visits.len() <= room {
            (visits.len(), visits.len())
        } else {
            (room / 2, visits.len() - room.saturating_sub(room / 2 + 1))
        };
        for visit in &visits[..head] {
            self.visit(visit, depth);
        }
        if tail > head {
            self.more(&visits[head..tail], depth);
        }
        for visit in &visits[tail..] {
            self.visit(visit, depth);
        }
    }

    fn more(&mut self, left_out: &[&Visit], depth: usize) {
        let (Some(first), Some(last)) = (left_out.first(), left_out.last()) else {
            return;
        };
        let count = left_out.len() as u64;
        self.rows.push(Row {
            depth,
            visit: None,
            label: format!("{count} more visits"),
            kind: None,
            status: StateStatus::NotReached,
            attempts: 0,
            since_start_ms: first.entered_at - self.started,
            duration_ms: last.entered_at + last.duration_ms(self.now) - first.entered_at,
            note: None,
            left_out: count,
            href: self.links.events_of_all(),
            open: false,
        });
    }

    fn visit(&mut self, visit: &Visit, depth: usize) {
        if self.is_full() {
            return;
        }
        self.rows.push(Row {
            depth,
            visit: Some(visit.id),
            label: visit.state.clone(),
            kind: Some(visit.kind),
            status: visit.status,
            attempts: visit.attempts.len(),
            since_start_ms: visit.entered_at - self.started,
            duration_ms: visit.duration_ms(self.now),
            note: note(visit),
            left_out: 0,
            href: self.links.visit(visit.id),
            open: visit.ended_at.is_none(),
        });
        if !visit.is_container() {
            return;
        }
        let groups = groups(self.visits, visit.id);
        let chosen = chosen(&groups);
        for place in &chosen {
            self.group(visit, &groups[*place], depth + 1);
        }
        let left_out = (groups.len() - chosen.len()) as u64;
        if left_out > 0 && !self.is_full() {
            let word = if visit.kind == StateType::Map {
                "items"
            } else {
                "branches"
            };
            self.rows.push(Row {
                depth: depth + 1,
                visit: None,
                label: format!("{left_out} more {word}"),
                kind: None,
                status: StateStatus::NotReached,
                attempts: 0,
                since_start_ms: visit.entered_at - self.started,
                duration_ms: visit.duration_ms(self.now),
                note: None,
                left_out,
                href: self.links.items(visit.id, 0, false),
                open: visit.ended_at.is_none(),
            });
        }
    }

    /// A branch or item, and what is in it.
    fn group(&mut self, parent: &Visit, group: &Group<'_>, depth: usize) {
        let (Some(first), Some(last)) = (group.visits.first(), group.visits.last()) else {
            return;
        };
        if self.is_full() {
            return;
        }
        let word = if parent.kind == StateType::Map {
            "item"
        } else {
            "branch"
        };
        let end = last.entered_at + last.duration_ms(self.now);
        self.rows.push(Row {
            depth,
            visit: None,
            label: format!("{word} {}", group.index),
            kind: None,
            status: group.status(),
            attempts: 0,
            since_start_ms: first.entered_at - self.started,
            duration_ms: end - first.entered_at,
            note: last.error.as_ref().and_then(|error| error.error.clone()),
            left_out: 0,
            href: self.links.item(parent.id, group.index),
            open: last.ended_at.is_none(),
        });
        if depth > 0 {
            self.sequence(group.visits.clone(), depth + 1);
        }
    }
}

fn note(visit: &Visit) -> Option<String> {
    if let Some(waits_for) = &visit.waits_for {
        return Some(waits_for.clone());
    }
    if visit.items.total > 0 {
        return Some(visit.items.words());
    }
    visit.error.as_ref().and_then(|error| error.error.clone())
}

impl Table {
    /// The table of a page; `selected` is the visit that the page shows.
    pub(crate) fn render(&self, visits: &Visits, links: &Links, selected: Option<u64>) -> Markup {
        html! {
            (self.trail(visits, links))
            @if self.rows.is_empty() {
                (layout::empty_note("No state was entered here yet."))
            } @else {
                div.wide {
                    table.states {
                        caption {
                            "A row for each visit of a state"
                            @if self.left_out > 0 { "; " (self.left_out) " visits are not shown here: open a branch, an item or the events" }
                        }
                        thead {
                            tr {
                                th scope="col" { "State" }
                                th scope="col" { "Status" }
                                th.number scope="col" { "Begins" }
                                th.number scope="col" { "Takes" }
                                th scope="col" { "Timeline" }
                            }
                        }
                        tbody { @for row in &self.rows { (self.row(row, selected)) } }
                    }
                }
            }
            (layout::next(self.next.as_deref(), "The items behind these"))
        }
    }

    /// The way to the part that is shown.
    fn trail(&self, visits: &Visits, links: &Links) -> Markup {
        let (id, index) = match self.scope {
            Scope::Whole => return Markup::default(),
            Scope::Items { visit, .. } => (visit, None),
            Scope::Item { visit, index } => (visit, Some(index)),
        };
        let name = visits.get(id).map(|visit| visit.state.as_str()).unwrap_or_default();
        let failed = matches!(self.scope, Scope::Items { failed: true, .. });
        html! {
            nav.trail aria-label="States" {
                a href=(links.whole()) { "All states" }
                " › "
                @if let Some(index) = index {
                    a href=(links.items(id, 0, false)) { (text::line(name, 80)) }
                    " › " b { (index) }
                } @else {
                    b { (text::line(name, 80)) }
                    " · "
                    @if failed { a href=(links.items(id, 0, false)) { "all items" } }
                    @else { a href=(links.items(id, 0, true)) { "failed only" } }
                }
            }
        }
    }

    fn row(&self, row: &Row, selected: Option<u64>) -> Markup {
        let depth = row.depth.min(7);
        let chosen = row.visit.is_some() && row.visit == selected;
        html! {
            tr class=[chosen.then_some("selected")] {
                th scope="row" class={ "in-" (depth) } {
                    a href=(row.href) aria-current=[chosen.then_some("true")] { (text::line(&row.label, 80)) }
                    @if let Some(kind) = row.kind { " " span.note { (kind.as_str()) } }
                }
                td {
                    @if row.status != StateStatus::NotReached { (badge(row.status)) }
                    @if row.attempts > 1 && row.note.is_none() { " " span.note { (row.attempts) " attempts" } }
                    @if let Some(note) = &row.note { " " span.note { (text::line(note, 160)) } }
                }
                td.number { (time::duration(row.since_start_ms)) }
                td.number { (time::duration(row.duration_ms)) @if row.open { " …" } }
                td { (self.bar(row)) }
            }
        }
    }

    /// The row's time as a bar.
    fn bar(&self, row: &Row) -> Markup {
        /// The length of the whole time.
        const LENGTH: i64 = 200;
        let (from, to) = self.span;
        let whole = (to - from).max(1);
        let begin = self.start_of(row) - from;
        let x = (begin * LENGTH / whole).clamp(0, LENGTH - 2);
        let width = (row.duration_ms * LENGTH / whole).clamp(2, LENGTH - x);
        let class = if row.left_out > 0 {
            "left-out"
        } else {
            row.status.class()
        };
        html! {
            svg.timebar viewBox="0 0 200 8" preserveAspectRatio="none" aria-hidden="true" {
                rect class=(class) x=(x) y="1" width=(width) height="6" {}
            }
        }
    }

    fn start_of(&self, row: &Row) -> Timestamp {
        self.origin() + row.since_start_ms
    }

    /// The time that rows count from.
    fn origin(&self) -> Timestamp {
        match self.scope {
            Scope::Whole => self.span.0,
            Scope::Items { .. } | Scope::Item { .. } => {
                let first = self.rows.iter().map(|row| row.since_start_ms).min().unwrap_or_default();
                self.span.0 - first
            }
        }
    }
}

/// A state's status by its word; the colour only helps.
pub(crate) fn badge(status: StateStatus) -> Markup {
    html! { span class={ "status state-" (status.class()) } { (status.as_str()) } }
}
