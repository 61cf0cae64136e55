//! The course of an execution over the graph: each state's status, and the ways that were taken.

use std::collections::{BTreeMap, HashMap};

use sluice_engine::Status;
use sluice_graph::{Definition, Flow, Overlay, StateMark, StateStatus, StateType, Step};

use super::{Visit, Visits, urgency};
use crate::time;

/// The overlay of a graph. `link` gives each state's address, `selected` is the state that the page shows.
pub(crate) fn overlay(
    definition: &Definition,
    visits: &Visits,
    status: Status,
    selected: Option<&str>,
    link: impl Fn(&str) -> String,
) -> Overlay {
    let mut overlay = Overlay {
        taken: taken(visits, status),
        ..Overlay::default()
    };
    let mut by_state: HashMap<&str, Vec<&Visit>> = HashMap::new();
    for visit in visits.all() {
        by_state.entry(&visit.state).or_default().push(visit);
    }
    for (state, all) in by_state {
        let mut mark = mark(&all);
        mark.selected = selected == Some(state);
        mark.href = Some(link(state));
        overlay.states.insert(state.to_owned(), mark);
    }
    overlay.elsewhere.extend(in_runs(&definition.flow, visits));
    overlay
}

/// The states inside of distributed Maps, unless they were visited here.
fn in_runs(flow: &Flow, visits: &Visits) -> Vec<String> {
    fn add(flow: &Flow, inside: bool, found: &mut Vec<String>) {
        for state in &flow.states {
            if inside {
                found.push(state.name.clone());
            }
            let inside = inside || (state.kind == StateType::Map && state.detail.is_some());
            state.inner.iter().for_each(|flow| add(flow, inside, found));
        }
    }
    let mut found = Vec::new();
    add(flow, false, &mut found);
    found.retain(|name| visits.telling(name).is_none());
    found
}

/// A state's mark from all its visits: in each branch or iteration the last counts, and of these the most urgent.
fn mark(all: &[&Visit]) -> StateMark {
    let mut last: BTreeMap<(u64, u64), &Visit> = BTreeMap::new();
    for visit in all {
        last.insert((visit.parent, visit.index), visit);
    }
    let telling = last.values().max_by_key(|visit| (urgency(visit.status), visit.id));
    let mut mark = StateMark::new(telling.map_or(StateStatus::NotReached, |visit| visit.status));
    mark.visits = all.len() as u64;
    mark.note = telling.map(|visit| match last.len() {
        1 => note(visit),
        _ => statuses(last.values().copied()),
    });
    mark
}

/// The statuses of visits: "4 succeeded, 1 failed".
fn statuses<'v>(visits: impl Iterator<Item = &'v Visit>) -> String {
    let mut counts: HashMap<StateStatus, u64> = HashMap::new();
    for visit in visits {
        *counts.entry(visit.status).or_default() += 1;
    }
    let told = StateStatus::ALL
        .into_iter()
        .filter_map(|status| Some(format!("{} {}", counts.get(&status)?, status.as_str())));
    told.collect::<Vec<_>>().join(", ")
}

fn note(visit: &Visit) -> String {
    if let Some(waits_for) = &visit.waits_for {
        // a box has room for the first half
        return waits_for.split(", times out").next().unwrap_or_default().to_owned();
    }
    if visit.items.total > 0 {
        return visit.items.words();
    }
    let kind = visit.kind.as_str();
    let error = visit.error.as_ref().and_then(|error| error.error.as_deref());
    match (visit.status, error) {
        (StateStatus::Failed | StateStatus::Caught, Some(error)) => error.to_owned(),
        (StateStatus::Running, _) => format!("{kind} · running"),
        _ => {
            let duration = time::duration(visit.duration_ms(visit.entered_at));
            match visit.attempts.len() {
                0 | 1 => format!("{kind} · {duration}"),
                attempts if visit.is_container() => format!("{kind} · {duration}, attempt {attempts}"),
                attempts => format!("{duration}, attempt {attempts}"),
            }
        }
    }
}

/// The ways that were taken: from each visit to the next one in the same branch or iteration.
fn taken(visits: &Visits, status: Status) -> std::collections::HashSet<Step> {
    let mut before: HashMap<(u64, u64), &Visit> = HashMap::new();
    let mut steps = std::collections::HashSet::new();
    for visit in visits.all() {
        let last = before.insert((visit.parent, visit.index), visit);
        if last.is_none() && visit.parent != 0 {
            continue;
        }
        steps.insert(Step {
            from: last.map(|last| last.state.clone()),
            to: Some(visit.state.clone()),
            caught: last.is_some_and(|last| last.status == StateStatus::Caught),
        });
    }
    if let Some(last) = before.get(&(0, 0)).filter(|_| status == Status::Succeeded) {
        steps.insert(Step {
            from: Some(last.state.clone()),
            to: None,
            caught: false,
        });
    }
    steps
}
