//! The graph, and the same as a table.

use maud::{Markup, html};
use serde::Serialize;
use sluice_engine::Status;
use sluice_graph::{Definition, Drawing, Flow, Overlay, StateStatus};

use super::links::Links;
use super::table::badge;
use crate::text;
use crate::visits::{Visits, overlay};

/// The most states, and the most bytes, of a drawing beside everything else.
const STATES: usize = 80;
const BYTES: usize = 48 * 1024;
/// The same where the graph is alone on its page.
const STATES_ALONE: usize = 200;
const BYTES_ALONE: usize = 110 * 1024;

/// The width of the place beside a state's details, in pixels.
const BESIDE: f64 = 700.0;

/// A state in the table beside the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StateRow {
    state: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// None: its visits lie in the histories of a Map Run's children.
    status: Option<&'static str>,
    visits: u64,
    note: Option<String>,
    #[serde(skip)]
    depth: usize,
    #[serde(skip)]
    tone: Option<StateStatus>,
    #[serde(skip)]
    href: Option<String>,
}

/// The graph of an execution.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) states: Vec<StateRow>,
    /// The states that the table has no row for.
    pub(crate) left_out: usize,
    picture: Option<Markup>,
    /// The states that the picture does not show.
    hidden: usize,
    /// It is the only thing on its page.
    alone: bool,
    /// It is too wide to stand beside something else.
    pub(crate) broad: bool,
}

impl Graph {
    /// Draws a definition with what happened.
    pub(crate) fn of(
        definition: &Definition,
        visits: &Visits,
        status: Status,
        selected: Option<&str>,
        links: &Links,
        alone: bool,
    ) -> Self {
        let overlay = overlay(definition, visits, status, selected, |state| links.state(state));
        let mut states = Vec::new();
        rows(&definition.flow, &overlay, 0, &mut states);
        let left_out = states.len().saturating_sub(STATES);
        states.truncate(STATES);
        let (most, bytes) = if alone {
            (STATES_ALONE, BYTES_ALONE)
        } else {
            (STATES, BYTES)
        };
        let drawn = drawn(definition, &overlay, most, bytes);
        Self {
            states,
            left_out,
            hidden: drawn.as_ref().map_or(0, |drawn| drawn.hidden),
            broad: drawn.as_ref().is_some_and(|drawn| drawn.broad),
            picture: drawn.map(|drawn| drawn.picture),
            alone,
        }
    }

    pub(crate) fn render(&self, links: &Links) -> Markup {
        html! {
            @match &self.picture {
                Some(picture) => {
                    // A scrolled region has to be reached by keyboard.
                    div class={ "canvas" @if self.broad { " broad" } } tabindex="0" role="region" aria-label="Graph of the states" { (picture) }
                    (legend())
                    @if self.hidden > 0 {
                        p.note { (self.hidden) " states inside of closed boxes are not drawn" @if !self.alone { " here: " a href=(links.graph()) { "the graph alone" } } "." }
                    }
                }
                None if self.alone => p.note { "The machine is too large to be drawn on a page: " code { "sluice draw FILE" } " draws its definition." }
                None => p.note { "The machine is too large to be drawn beside everything else: " a href=(links.graph()) { "the graph alone" } "." }
            }
            details.twin {
                summary { "The graph as a table" }
                div.wide {
                    table {
                        thead {
                            tr {
                                th scope="col" { "State" }
                                th scope="col" { "Status" }
                                th.number scope="col" { "Visits" }
                            }
                        }
                        tbody { @for row in &self.states { (row.render()) } }
                    }
                }
                @if self.left_out > 0 { p.note { (self.left_out) " more states are not listed." } }
            }
        }
    }
}

/// A drawing within the limits.
struct Drawn {
    picture: Markup,
    hidden: usize,
    broad: bool,
}

/// A drawing within the limits, and the number of states that it does not show: of a machine that is too large, fewer
/// Parallels and Maps are open.
fn drawn(definition: &Definition, overlay: &Overlay, states: usize, bytes: usize) -> Option<Drawn> {
    let mut most = states;
    loop {
        let drawing = Drawing::of_at_most(definition, most)?;
        let picture = drawing.svg("The states of this execution", Some(overlay));
        if picture.0.len() <= bytes {
            return Some(Drawn {
                picture,
                hidden: drawing.left_out(),
                broad: drawing.width() > BESIDE,
            });
        }
        most = drawing.states().min(most) - 1;
    }
}

fn legend() -> Markup {
    html! {
        ul.legend aria-label="Colours" {
            @for status in StateStatus::ALL { li { (badge(status)) } }
        }
    }
}

impl StateRow {
    fn render(&self) -> Markup {
        let name = text::line(&self.state, 80);
        html! {
            tr {
                th scope="row" class={ "in-" (self.depth.min(7)) } {
                    @match &self.href { Some(href) => a href=(href) { (name) }, None => (name) }
                    " " span.note { (self.kind) }
                }
                td {
                    @match self.tone { Some(tone) => (badge(tone)), None => span.note { "in child executions" } }
                    @if let Some(note) = &self.note { " " span.note { (text::line(note, 120)) } }
                }
                td.number { (self.visits) }
            }
        }
    }
}

fn rows(flow: &Flow, overlay: &Overlay, depth: usize, found: &mut Vec<StateRow>) {
    for state in &flow.states {
        let mark = overlay.states.get(&state.name);
        let elsewhere = overlay.elsewhere.contains(&state.name);
        let tone = mark.map_or(StateStatus::NotReached, |mark| mark.status);
        found.push(StateRow {
            state: state.name.clone(),
            kind: state.kind.as_str(),
            status: (!elsewhere).then(|| tone.as_str()),
            visits: mark.map_or(0, |mark| mark.visits),
            note: mark.and_then(|mark| mark.note.clone()),
            depth,
            tone: (!elsewhere).then_some(tone),
            href: mark.and_then(|mark| mark.href.clone()),
        });
        for inner in &state.inner {
            rows(inner, overlay, depth + 1, found);
        }
    }
}
