//! `StartAt` and `States`, and the check of the transitions between them.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::fields::Fields;
use super::report::Report;
use super::state;
use crate::DiagnosticCode;
use crate::definition::{Flow, Name, State, StateKind, Transition};

/// The longest name of a state, in characters.
const MAX_NAME: usize = 80;

/// The flow in `fields`, which may hold other things too.
pub(super) fn parse(fields: &Fields<'_>, report: &mut Report) -> Option<Flow> {
    let start_at = fields.string("StartAt", report);
    let states = fields.object("States", report)?;
    if states.keys().next().is_none() {
        report.schema(&fields.at("States"), "Value cannot be empty");
    }
    let mut parsed: IndexMap<Name, Arc<State>> = IndexMap::new();
    let mut complete = true;
    for key in states.keys() {
        let name: Name = Arc::from(key);
        let location = states.at(key);
        check_name(key, &location, report);
        report.name(&name, &location);
        match states
            .object(key, report)
            .and_then(|fields| state::parse(&name, &fields, report, parse))
        {
            Some(state) => {
                parsed.insert(name, Arc::new(state));
            }
            None => complete = false,
        }
    }
    let flow = Flow {
        start_at: Arc::from(start_at?),
        states: parsed,
    };
    // without all states, a transition might lead to one of those that could not be read
    if complete {
        check_transitions(&flow, fields, report);
    }
    complete.then_some(flow)
}

fn check_name(name: &str, location: &str, report: &mut Report) {
    let message = if name.is_empty() {
        "Invalid State name: a state must have a name".to_owned()
    } else if name.chars().count() > MAX_NAME {
        format!("Invalid State name: State '{name}' exceeds the {MAX_NAME}-character limit allowed by the service")
    } else {
        return;
    };
    report.push(DiagnosticCode::InvalidStateName, Some(location), message);
}

/// A transition's target and its place below the state.
fn targets(state: &State) -> Vec<(&Name, String)> {
    let mut out = Vec::new();
    let (transition, catch) = match &state.kind {
        StateKind::Pass(pass) => (Some(&pass.transition), &[][..]),
        StateKind::Wait(wait) => (Some(&wait.transition), &[][..]),
        StateKind::Task(task) => (Some(&task.transition), &task.catch[..]),
        StateKind::Parallel(parallel) => (Some(&parallel.transition), &parallel.catch[..]),
        StateKind::Map(map) => (Some(&map.transition), &map.catch[..]),
        StateKind::Succeed(_) | StateKind::Fail(_) => (None, &[][..]),
        StateKind::Choice(choice) => {
            out.extend(
                choice
                    .rules
                    .iter()
                    .enumerate()
                    .map(|(i, rule)| (&rule.next, format!("Choices[{i}]/Next"))),
            );
            out.extend(choice.default.iter().map(|name| (name, "Default".to_owned())));
            (None, &[][..])
        }
    };
    if let Some(Transition::Next(name)) = transition {
        out.push((name, "Next".to_owned()));
    }
    out.extend(
        catch
            .iter()
            .enumerate()
            .map(|(i, catcher)| (&catcher.next, format!("Catch[{i}]/Next"))),
    );
    out
}

fn is_terminal(state: &State) -> bool {
    match &state.kind {
        StateKind::Succeed(_) | StateKind::Fail(_) => true,
        StateKind::Choice(_) => false,
        StateKind::Pass(pass) => pass.transition == Transition::End,
        StateKind::Wait(wait) => wait.transition == Transition::End,
        StateKind::Task(task) => task.transition == Transition::End,
        StateKind::Parallel(parallel) => parallel.transition == Transition::End,
        StateKind::Map(map) => map.transition == Transition::End,
    }
}

fn check_transitions(flow: &Flow, fields: &Fields<'_>, report: &mut Report) {
    let missing = |report: &mut Report, name: &Name, location: String| {
        let message = format!("Missing 'Next' target: {name}");
        report.push(DiagnosticCode::MissingTransitionTarget, Some(&location), message);
    };
    if !flow.states.contains_key(&flow.start_at) {
        missing(report, &flow.start_at, fields.at("StartAt"));
    }
    for state in flow.states.values() {
        for (target, place) in targets(state) {
            if !flow.states.contains_key(target) {
                missing(
                    report,
                    target,
                    format!("{}/{}/{place}", fields.at("States"), state.name),
                );
            }
        }
    }
    if !flow.states.is_empty() && !flow.states.values().any(|state| is_terminal(state)) {
        // AWS does not look for unreachable states then
        report.push(DiagnosticCode::MissingEndState, None, "Workflow has no terminal state");
        return;
    }
    let reached = reachable(flow);
    for name in flow.states.keys().filter(|name| !reached.contains(*name)) {
        let location = format!("{}/{name}", fields.at("States"));
        let message = format!("State \"{name}\" is not reachable.");
        report.push(DiagnosticCode::MissingTransitionTarget, Some(&location), message);
    }
}

fn reachable(flow: &Flow) -> HashSet<&Name> {
    let mut reached = HashSet::new();
    let mut open: Vec<&Name> = vec![&flow.start_at];
    while let Some(name) = open.pop() {
        let Some(state) = flow.states.get(name) else { continue };
        if reached.insert(&state.name) {
            open.extend(targets(state).into_iter().map(|(target, _)| target));
        }
    }
    reached
}
