//! Definitions laid out: a flow at a time, the innermost first, so that a Parallel or Map is one box to what is around it.

use crate::definition::{Definition, Flow, State, StateType};
use crate::layers::{Size, layers};
use crate::plan::{DOT, EdgeLine, Plan, label_size};
use crate::route::Point;
use crate::text;

/// The sizes of what is written.
pub(crate) const NAME_SIZE: f64 = 13.0;
pub(crate) const DETAIL_SIZE: f64 = 11.0;

const STATE_HEIGHT: f64 = 46.0;
const LEAST_WIDTH: f64 = 132.0;
/// The room beside the text of a state: its sign at the left, the number of its visits at the right.
const BESIDE_TEXT: f64 = 62.0;
const MOST_CHARACTERS: usize = 30;
const MOST_DETAIL: usize = 36;
/// The length for which an edge runs straight out of a node and into one.
const DOCK: f64 = 10.0;
const HEADER: f64 = 44.0;
const PADDING: f64 = 14.0;
const MARGIN: f64 = 12.0;
/// Branches are put below one another when they would be wider than this together.
const SHELF: f64 = 1100.0;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A state as a box, or as the frame around what is in it.
#[derive(Debug, Clone)]
pub(crate) struct StateBox {
    pub(crate) rect: Rect,
    pub(crate) name: String,
    pub(crate) kind: StateType,
    /// The second line: its type and detail.
    pub(crate) detail: String,
    pub(crate) comment: Option<String>,
    /// The flow ends with it.
    pub(crate) last: bool,
    pub(crate) frame: bool,
}

/// Everything in a rectangle whose corner is the origin.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    pub(crate) size: Size,
    pub(crate) frames: Vec<StateBox>,
    pub(crate) branches: Vec<Rect>,
    pub(crate) edges: Vec<EdgeLine>,
    pub(crate) states: Vec<StateBox>,
    pub(crate) start: Option<Point>,
    pub(crate) end: Option<Point>,
}

/// A definition that is laid out.
#[derive(Debug, Clone)]
pub struct Drawing {
    pub(crate) scene: Scene,
    /// The states that are drawn as boxes of their own or as frames.
    drawn: usize,
    /// The states that are left out, in boxes that say so.
    left_out: usize,
}

impl Drawing {
    /// Lays a whole definition out.
    pub fn of(definition: &Definition) -> Self {
        Self::to_depth(definition, usize::MAX)
    }

    /// Lays a definition out with at most so many states: the deepest Parallels and Maps are closed boxes if it has more.
    /// `None` when even its outermost flow has more.
    pub fn of_at_most(definition: &Definition, states: usize) -> Option<Self> {
        if definition.flow.size() <= states {
            return Some(Self::of(definition));
        }
        let depth = (0..depth_of(&definition.flow))
            .rev()
            .find(|depth| size_to(&definition.flow, *depth) <= states)?;
        Some(Self::to_depth(definition, depth))
    }

    fn to_depth(definition: &Definition, depth: usize) -> Self {
        let scene = scene_of(&definition.flow, depth, true);
        let drawn = scene.states.len() + scene.frames.len();
        Self {
            drawn,
            left_out: definition.flow.size().saturating_sub(drawn),
            scene,
        }
    }

    /// The number of states that it shows.
    pub fn states(&self) -> usize {
        self.drawn
    }

    /// The number of states that it does not show, since their Parallel or Map is a closed box.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Its width in pixels.
    pub fn width(&self) -> f64 {
        self.scene.size.width
    }

    /// Its height in pixels.
    pub fn height(&self) -> f64 {
        self.scene.size.height
    }
}

/// The number of flows in one another; 1 without any Parallel or Map.
fn depth_of(flow: &Flow) -> usize {
    let inner = flow.states.iter().flat_map(|state| &state.inner);
    1 + inner.map(depth_of).max().unwrap_or_default()
}

/// The number of states down to a depth; 0: of the flow alone.
fn size_to(flow: &Flow, depth: usize) -> usize {
    let inner = flow.states.iter().flat_map(|state| &state.inner);
    let below: usize = match depth.checked_sub(1) {
        Some(less) => inner.map(|flow| size_to(flow, less)).sum(),
        None => 0,
    };
    flow.states.len() + below
}

/// A state that waits for its place.
struct Piece {
    own: StateBox,
    inside: Option<Scene>,
}

fn scene_of(flow: &Flow, depth: usize, outermost: bool) -> Scene {
    let pieces: Vec<Piece> = flow.states.iter().map(|state| piece(state, depth)).collect();
    let boxes = pieces.iter().map(|piece| size_of(&piece.own.rect)).collect();
    let plan = Plan::of(flow, boxes, outermost);
    let laid = layers(&plan.nodes, &plan.links);
    let mut scene = Scene::default();
    for (piece, place) in pieces.into_iter().zip(&laid.nodes) {
        scene.put(piece, *place);
    }
    scene.start = plan.start.map(|node| laid.nodes[node]);
    scene.end = plan.end.map(|node| laid.nodes[node]);
    for ((mut line, routed), link) in plan.lines.into_iter().zip(laid.edges).zip(&plan.links) {
        let ends = [link.from, link.to].map(|node| around(laid.nodes[node], plan.nodes[node]));
        line.points = docked(routed.points, ends);
        line.label = routed.label.filter(|_| !line.lines.is_empty());
        scene.edges.push(line);
    }
    scene.fit(if outermost { MARGIN } else { 0.0 });
    scene
}

/// The rectangle of a node.
fn around(middle: Point, size: Size) -> Rect {
    Rect {
        x: middle.x - size.width / 2.0,
        y: middle.y - size.height / 2.0,
        width: size.width,
        height: size.height,
    }
}

/// The course of an edge that leaves a node below and enters the next one above, where it leads down.
fn docked(mut points: Vec<Point>, [from, to]: [Rect; 2]) -> Vec<Point> {
    let bottom = from.y + from.height;
    let [first, second, .., before, last] = &mut points[..] else {
        return points;
    };
    if to.y < bottom || second.y < bottom || before.y > to.y {
        return points;
    }
    *first = Point {
        x: within(second.x, &from),
        y: bottom,
    };
    *last = Point {
        x: within(before.x, &to),
        y: to.y,
    };
    let leave = first.moved(0.0, DOCK);
    let enter = last.moved(0.0, -DOCK);
    points.insert(1, leave);
    points.insert(points.len() - 1, enter);
    points
}

/// The nearest place on the upper or lower side of a node that is not near a corner.
fn within(x: f64, node: &Rect) -> f64 {
    let inset = (node.width / 2.0 - 2.0).min(24.0);
    x.clamp(node.x + inset, node.x + node.width - inset)
}

fn size_of(rect: &Rect) -> Size {
    Size {
        width: rect.width,
        height: rect.height,
    }
}

/// A state with its size, at the origin.
fn piece(state: &State, depth: usize) -> Piece {
    let inside = (depth > 0 && !state.inner.is_empty()).then(|| inside_of(state, depth - 1));
    let closed = inside.is_none() && !state.inner.is_empty();
    let detail = match (&state.detail, closed) {
        (_, true) => format!("{} · {} states in it", state.kind, state.size()),
        (Some(detail), false) => format!("{} · {}", state.kind, text::shortened(detail, MOST_DETAIL)),
        (None, false) => state.kind.to_string(),
    };
    let name = text::shortened(&state.name, MOST_CHARACTERS);
    let written = text::width(&name, NAME_SIZE + 0.6).max(text::width(&detail, DETAIL_SIZE));
    let mut size = Size {
        width: (written + BESIDE_TEXT).max(LEAST_WIDTH),
        height: STATE_HEIGHT,
    };
    if let Some(scene) = &inside {
        size.width = size.width.max(scene.size.width + 2.0 * PADDING);
        size.height = HEADER + scene.size.height + PADDING;
    }
    let own = StateBox {
        rect: Rect {
            x: 0.0,
            y: 0.0,
            width: size.width.round(),
            height: size.height.round(),
        },
        name: state.name.clone(),
        kind: state.kind,
        detail,
        comment: state.comment.clone(),
        last: state.ends || state.kind == StateType::Fail,
        frame: inside.is_some(),
    };
    Piece { own, inside }
}

/// The flows of a Parallel or Map beside one another, on as many shelves as they need.
fn inside_of(state: &State, depth: usize) -> Scene {
    let framed = state.kind == StateType::Parallel;
    let around = if framed { PADDING } else { 0.0 };
    let mut whole = Scene::default();
    let (mut x, mut y, mut shelf) = (0.0_f64, 0.0, 0.0_f64);
    for flow in &state.inner {
        let scene = scene_of(flow, depth, false);
        let rect = Rect {
            x,
            y,
            width: scene.size.width + 2.0 * around,
            height: scene.size.height + 2.0 * around,
        };
        let rect = if x > 0.0 && x + rect.width > SHELF {
            y += shelf + PADDING;
            shelf = 0.0;
            Rect { x: 0.0, y, ..rect }
        } else {
            rect
        };
        whole.take(scene, rect.x + around, rect.y + around);
        if framed {
            whole.branches.push(rect);
        }
        x = rect.x + rect.width + PADDING;
        shelf = shelf.max(rect.height);
        whole.size.width = whole.size.width.max(rect.x + rect.width);
        whole.size.height = whole.size.height.max(rect.y + rect.height);
    }
    whole
}

impl Scene {
    /// Puts a state, and what is in it, around a place.
    fn put(&mut self, piece: Piece, middle: Point) {
        let Piece { mut own, inside } = piece;
        own.rect.x = (middle.x - own.rect.width / 2.0).round();
        own.rect.y = (middle.y - own.rect.height / 2.0).round();
        let rect = own.rect;
        match inside {
            Some(scene) => {
                self.frames.push(own);
                let left = (rect.width - scene.size.width) / 2.0;
                self.take(scene, rect.x + left, rect.y + HEADER);
            }
            None => self.states.push(own),
        }
    }

    /// Takes in what is in another scene, so much further.
    fn take(&mut self, mut other: Scene, x: f64, y: f64) {
        other.shift(x, y);
        self.frames.append(&mut other.frames);
        self.branches.append(&mut other.branches);
        self.edges.append(&mut other.edges);
        self.states.append(&mut other.states);
    }

    fn shift(&mut self, x: f64, y: f64) {
        let rects = self
            .frames
            .iter_mut()
            .chain(&mut self.states)
            .map(|state| &mut state.rect);
        for rect in rects.chain(&mut self.branches) {
            rect.x += x;
            rect.y += y;
        }
        for edge in &mut self.edges {
            let points = edge.points.iter_mut().chain(&mut edge.label);
            points.for_each(|point| *point = point.moved(x, y));
        }
        for dot in self.start.iter_mut().chain(&mut self.end) {
            *dot = dot.moved(x, y);
        }
    }

    /// Moves everything to the origin, with a margin, and measures it.
    fn fit(&mut self, margin: f64) {
        let mut low = Point {
            x: f64::MAX,
            y: f64::MAX,
        };
        let mut high = Point::default();
        let mut hold = |x: f64, y: f64, width: f64, height: f64| {
            low = Point {
                x: low.x.min(x),
                y: low.y.min(y),
            };
            high = Point {
                x: high.x.max(x + width),
                y: high.y.max(y + height),
            };
        };
        for state in self.frames.iter().chain(&self.states) {
            hold(state.rect.x, state.rect.y, state.rect.width, state.rect.height);
        }
        for edge in &self.edges {
            edge.points.iter().for_each(|point| hold(point.x, point.y, 0.0, 0.0));
            if let Some(label) = edge.label {
                let size = label_size(&edge.lines);
                hold(
                    label.x - size.width / 2.0,
                    label.y - size.height / 2.0,
                    size.width,
                    size.height,
                );
            }
        }
        for dot in self.start.iter().chain(&self.end) {
            hold(dot.x - DOT / 2.0, dot.y - DOT / 2.0, DOT, DOT);
        }
        if low.x > high.x {
            return;
        }
        self.shift(margin - low.x, margin - low.y);
        self.size = Size {
            width: (high.x - low.x + 2.0 * margin).ceil(),
            height: (high.y - low.y + 2.0 * margin).ceil(),
        };
    }
}
