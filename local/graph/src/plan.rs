//! The nodes of a flow and the ways between them, before they have places.

use std::collections::{HashMap, VecDeque};

use crate::definition::{Edge, EdgeKind, Flow};
use crate::layers::{Link, Size};
use crate::overlay::Step;
use crate::route::Point;
use crate::text;

pub(crate) const LABEL_SIZE: f64 = 11.0;
pub(crate) const LABEL_LINE: f64 = 14.0;
/// The size of the start and of the end.
pub(crate) const DOT: f64 = 20.0;

/// A way between two states.
#[derive(Debug, Clone)]
pub(crate) struct EdgeLine {
    pub(crate) step: Step,
    pub(crate) kind: EdgeKind,
    pub(crate) points: Vec<Point>,
    pub(crate) label: Option<Point>,
    /// The lines of its label.
    pub(crate) lines: Vec<String>,
    /// The whole label.
    pub(crate) title: String,
}

/// A flow to be laid out.
pub(crate) struct Plan {
    /// The states in their order, then the start and the end.
    pub(crate) nodes: Vec<Size>,
    pub(crate) links: Vec<Link>,
    /// The looks of the links.
    pub(crate) lines: Vec<EdgeLine>,
    pub(crate) start: Option<usize>,
    pub(crate) end: Option<usize>,
}

impl Plan {
    /// Plans a flow whose states have these sizes; the outermost has a start and an end.
    pub(crate) fn of(flow: &Flow, states: Vec<Size>, outermost: bool) -> Self {
        let mut plan = Self {
            nodes: states,
            links: Vec::new(),
            lines: Vec::new(),
            start: None,
            end: None,
        };
        let index: HashMap<&str, usize> = (0..)
            .zip(&flow.states)
            .map(|(at, state)| (state.name.as_str(), at))
            .collect();
        let order = order_of(flow, &index);
        if outermost {
            plan.start = Some(plan.dot());
            plan.end = flow.states.iter().any(|state| state.ends).then(|| plan.dot());
        }
        if let (Some(start), Some(first)) = (plan.start, index.get(flow.start_at.as_str())) {
            plan.connect([start, *first], step(None, Some(&flow.start_at)), None, 8);
        }
        for (at, state) in flow.states.iter().enumerate() {
            for edge in &state.edges {
                let Some(to) = index.get(edge.to.as_str()) else {
                    continue;
                };
                let weight = match edge.kind {
                    EdgeKind::Next => 8,
                    EdgeKind::Choice if order[*to] > order[at] => 3,
                    EdgeKind::Choice | EdgeKind::Catch => 1,
                };
                let step = Step {
                    caught: edge.kind == EdgeKind::Catch,
                    ..step(Some(&state.name), Some(&edge.to))
                };
                plan.connect([at, *to], step, Some(edge), weight);
            }
            if let Some(end) = plan.end.filter(|_| state.ends) {
                plan.connect([at, end], step(Some(&state.name), None), None, 8);
            }
        }
        plan
    }

    fn dot(&mut self) -> usize {
        self.nodes.push(Size {
            width: DOT,
            height: DOT,
        });
        self.nodes.len() - 1
    }

    fn connect(&mut self, [from, to]: [usize; 2], step: Step, edge: Option<&Edge>, weight: i32) {
        let line = edge_line(step, edge);
        self.links.push(Link {
            from,
            to,
            label: label_size(&line.lines),
            weight,
        });
        self.lines.push(line);
    }
}

fn step(from: Option<&String>, to: Option<&String>) -> Step {
    Step {
        from: from.cloned(),
        to: to.cloned(),
        caught: false,
    }
}

/// The place of each state in the order in which they can be reached first.
fn order_of(flow: &Flow, index: &HashMap<&str, usize>) -> Vec<usize> {
    let mut order = vec![usize::MAX; flow.states.len()];
    let mut open = VecDeque::from_iter(index.get(flow.start_at.as_str()).copied());
    let mut next = 0;
    while let Some(at) = open.pop_front() {
        if order[at] != usize::MAX {
            continue;
        }
        order[at] = next;
        next += 1;
        let edges = flow.states[at].edges.iter();
        open.extend(edges.filter_map(|edge| index.get(edge.to.as_str())));
    }
    order
}

fn edge_line(step: Step, edge: Option<&Edge>) -> EdgeLine {
    let labels = edge.map_or(&[][..], |edge| &edge.labels);
    let mut lines: Vec<String> = Vec::new();
    for label in labels.iter().take(2) {
        lines.extend(text::wrapped(label, 26, 2));
    }
    if labels.len() > 2 {
        lines.push(format!("and {} more", labels.len() - 2));
    }
    EdgeLine {
        step,
        kind: edge.map_or(EdgeKind::Next, |edge| edge.kind),
        points: Vec::new(),
        label: None,
        lines,
        title: text::visible(&labels.join("; ")),
    }
}

/// The room of a label.
pub(crate) fn label_size(lines: &[String]) -> Size {
    let width = lines
        .iter()
        .map(|line| text::width(line, LABEL_SIZE))
        .fold(0.0, f64::max);
    if lines.is_empty() {
        return Size::default();
    }
    Size {
        width: width + 10.0,
        height: lines.len() as f64 * LABEL_LINE + 6.0,
    }
}
