//! Layered layout of one flow, by the library.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dagre::graph::{Graph, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel};

use crate::route::Point;

/// The room between neighbours of a layer, and between layers.
const NODE_GAP: f64 = 36.0;
const EDGE_GAP: f64 = 18.0;
const LAYER_GAP: f64 = 44.0;

/// A width and a height.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Size {
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// An edge to be routed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The room for its label.
    pub(crate) label: Size,
    /// The larger, the straighter.
    pub(crate) weight: i32,
}

/// A routed edge.
#[derive(Debug, Clone, Default)]
pub(crate) struct Routed {
    pub(crate) points: Vec<Point>,
    /// The middle of its label.
    pub(crate) label: Option<Point>,
}

/// The places of nodes (their middles) and edges.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers {
    pub(crate) nodes: Vec<Point>,
    pub(crate) edges: Vec<Routed>,
}

/// The layers that all edges together may cross: what is more takes the library seconds, and nobody could read it.
const MOST_CROSSED: usize = 2_000;

/// Lays nodes out in layers from top to bottom. What is too entangled, or makes the library fail, lies in one column.
pub(crate) fn layers(nodes: &[Size], links: &[Link]) -> Layers {
    if crossed(nodes.len(), links) > MOST_CROSSED {
        return in_one_column(nodes, links);
    }
    // it is young: a panic of it costs beauty, not the page
    catch_unwind(AssertUnwindSafe(|| by_library(nodes, links)))
        .ok()
        .flatten()
        .unwrap_or_else(|| in_one_column(nodes, links))
}

/// The number of layers that the edges cross together, at least: each node lies below all that lead to it, but for
/// edges that close a circle.
fn crossed(nodes: usize, links: &[Link]) -> usize {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for link in links {
        out[link.from].push(link.to);
    }
    let order = after_all_that_follows(&out);
    let mut layer = vec![0_usize; nodes];
    let mut place = vec![0_usize; nodes];
    for (at, node) in order.iter().rev().enumerate() {
        place[*node] = at;
    }
    for node in order.into_iter().rev() {
        for next in &out[node] {
            if place[*next] > place[node] {
                layer[*next] = layer[*next].max(layer[node] + 1);
            }
        }
    }
    links.iter().map(|link| layer[link.from].abs_diff(layer[link.to])).sum()
}

/// The nodes by depth-first search, each behind what can be reached from it, circles left aside.
fn after_all_that_follows(out: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::new();
    let mut seen = vec![false; out.len()];
    for root in 0..out.len() {
        let mut open = vec![(root, 0)];
        while let Some((node, next)) = open.pop() {
            if next == 0 && std::mem::replace(&mut seen[node], true) {
                continue;
            }
            match out[node].get(next) {
                Some(follower) => {
                    open.push((node, next + 1));
                    if !seen[*follower] {
                        open.push((*follower, 0));
                    }
                }
                None => order.push(node),
            }
        }
    }
    order
}

fn by_library(nodes: &[Size], links: &[Link]) -> Option<Layers> {
    let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(GraphOptions {
        directed: true,
        multigraph: true,
        compound: false,
    });
    let name = |index: usize| index.to_string();
    for (index, size) in nodes.iter().enumerate() {
        let label = NodeLabel {
            width: size.width,
            height: size.height,
            ..NodeLabel::default()
        };
        graph.set_node(name(index), Some(label));
    }
    for (index, link) in links.iter().enumerate() {
        let label = EdgeLabel {
            width: link.label.width,
            height: link.label.height,
            labelpos: LabelPos::Center,
            weight: link.weight,
            ..EdgeLabel::default()
        };
        let edge = name(index);
        graph.set_edge(name(link.from), name(link.to), Some(label), Some(edge.as_str()));
    }
    let options = LayoutOptions {
        nodesep: NODE_GAP,
        edgesep: EDGE_GAP,
        ranksep: LAYER_GAP,
        ..LayoutOptions::default()
    };
    dagre::layout(&mut graph, Some(options));
    let nodes = (0..nodes.len()).map(|index| {
        let node = graph.node(&name(index))?;
        finite(node.x?, node.y?)
    });
    let edges = links.iter().enumerate().map(|(index, link)| {
        let edge = graph.edge(&name(link.from), &name(link.to), Some(&name(index)))?;
        let points = edge.points.iter().map(|point| finite(point.x, point.y));
        Some(Routed {
            points: points.collect::<Option<_>>()?,
            label: edge.x.zip(edge.y).and_then(|(x, y)| finite(x, y)),
        })
    });
    Some(Layers {
        nodes: nodes.collect::<Option<_>>()?,
        edges: edges.collect::<Option<_>>()?,
    })
}

fn finite(x: f64, y: f64) -> Option<Point> {
    (x.is_finite() && y.is_finite()).then_some(Point { x, y })
}

/// The nodes below one another in their order, with the edges beside them.
fn in_one_column(nodes: &[Size], links: &[Link]) -> Layers {
    let widest = nodes.iter().map(|size| size.width).fold(0.0, f64::max);
    let mut top = 0.0;
    let mut places = Vec::new();
    for size in nodes {
        places.push(Point {
            x: widest / 2.0,
            y: top + size.height / 2.0,
        });
        top += size.height + LAYER_GAP;
    }
    let edges = links.iter().enumerate().map(|(index, link)| {
        let beside = widest + EDGE_GAP * (1 + index % 8) as f64 + link.label.width;
        let at = |node: usize| Point {
            x: places[node].x + nodes[node].width / 2.0,
            y: places[node].y,
        };
        let (start, end) = (at(link.from), at(link.to));
        let middle = Point {
            x: beside,
            y: f64::midpoint(start.y, end.y),
        };
        Routed {
            points: vec![start, middle, end],
            label: (link.label.width > 0.0).then_some(middle),
        }
    });
    Layers {
        edges: edges.collect(),
        nodes: places.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: Size = Size {
        width: 100.0,
        height: 40.0,
    };

    fn links(pairs: &[(usize, usize)]) -> Vec<Link> {
        let link = |(from, to): &(usize, usize)| Link {
            from: *from,
            to: *to,
            label: Size::default(),
            weight: 1,
        };
        pairs.iter().map(link).collect()
    }

    #[test]
    fn no_two_nodes_overlap_and_every_edge_has_a_way() {
        fn check(count: usize, pairs: &[(usize, usize)]) {
            let nodes = vec![NODE; count];
            for laid in [layers(&nodes, &links(pairs)), in_one_column(&nodes, &links(pairs))] {
                assert_eq!((laid.nodes.len(), laid.edges.len()), (count, pairs.len()));
                assert!(laid.edges.iter().all(|edge| edge.points.len() >= 2), "{pairs:?}");
                for (index, one) in laid.nodes.iter().enumerate() {
                    for other in &laid.nodes[..index] {
                        let apart = (one.x - other.x).abs() >= 100.0 || (one.y - other.y).abs() >= 40.0;
                        assert!(apart, "{pairs:?}: {one:?} and {other:?}");
                    }
                }
            }
        }
        check(1, &[]);
        check(2, &[]);
        check(1, &[(0, 0)]);
        check(3, &[(0, 1), (1, 2), (2, 0)]);
        check(4, &[(0, 1), (0, 2), (1, 3), (2, 3), (0, 3), (0, 3)]);
        check(3, &[(0, 1), (1, 0), (1, 1), (1, 2)]);
    }

    #[test]
    fn the_layers_that_edges_cross_are_counted() {
        fn check(count: usize, pairs: &[(usize, usize)], expected: usize) {
            assert_eq!(crossed(count, &links(pairs)), expected, "{pairs:?}");
        }
        check(0, &[], 0);
        check(2, &[(0, 1)], 1);
        check(3, &[(0, 1), (1, 2), (0, 2)], 4);
        check(3, &[(0, 1), (1, 2), (2, 0)], 4);
        check(1, &[(0, 0)], 0);
    }

    #[test]
    fn what_is_too_entangled_lies_in_one_column() {
        let entangled: Vec<(usize, usize)> = (0..200)
            .flat_map(|node| [(node, (node + 1) % 200), (node, node * 7 % 200), (node, node * 3 % 200)])
            .collect();
        let laid = layers(&[NODE; 200], &links(&entangled));
        assert!(laid.nodes.iter().all(|node| (node.x - 50.0).abs() < 0.1));
        let sequence: Vec<(usize, usize)> = (0..199).map(|node| (node, node + 1)).collect();
        let laid = layers(&[NODE; 200], &links(&sequence));
        assert_eq!(laid.nodes.len(), 200);
    }

    #[test]
    fn what_follows_lies_below() {
        let laid = layers(&[NODE; 3], &links(&[(0, 1), (1, 2)]));
        assert!(laid.nodes[0].y < laid.nodes[1].y && laid.nodes[1].y < laid.nodes[2].y);
    }
}
