//! Drawings as SVG.

use maud::{Markup, PreEscaped, html};

use crate::definition::{EdgeKind, StateType};
use crate::drawing::{Drawing, Rect, StateBox};
use crate::overlay::{Overlay, StateMark, StateStatus};
use crate::plan::{EdgeLine, LABEL_LINE};
use crate::route::{Point, arrow_head, curve, number};
use crate::style::{DOCUMENT_COLOURS, STYLE};
use crate::text::visible;

impl Drawing {
    /// The drawing as an element of a page, which has [`STYLE`](crate::STYLE) among its rules; with an overlay, with what
    /// happened. `title` is its name for those who hear it.
    pub fn svg(&self, title: &str, overlay: Option<&Overlay>) -> Markup {
        self.element(title, overlay, None)
    }

    /// The drawing as a document of its own, for light and dark.
    pub fn document(&self, title: &str) -> String {
        let style = format!("{DOCUMENT_COLOURS}{STYLE}");
        let mut text = self.element(title, None, Some(&style)).into_string();
        text.push('\n');
        text
    }

    fn element(&self, title: &str, overlay: Option<&Overlay>, style: Option<&str>) -> Markup {
        let scene = &self.scene;
        let (width, height) = (number(self.width()), number(self.height()));
        // what holds links is no image to those who hear it
        let role = if overlay.is_some() { "group" } else { "img" };
        html! {
            svg.graph xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) }
                role=(role) aria-labelledby="graph-title graph-description" {
                title id="graph-title" { (visible(title)) }
                desc id="graph-description" { (self.description(overlay)) }
                @if let Some(style) = style { style { (PreEscaped(style)) } }
                @for frame in &scene.frames { (state(frame, overlay)) }
                @for rect in &scene.branches { (rectangle(rect, "branch", "6")) }
                @for edge in &scene.edges { (edge_of(edge, overlay)) }
                @if let Some(start) = scene.start { (dot(start, false)) }
                @if let Some(end) = scene.end { (dot(end, true)) }
                @for edge in &scene.edges { (label(edge)) }
                @for single in &scene.states { (state(single, overlay)) }
            }
        }
    }

    /// The drawing in a sentence.
    fn description(&self, overlay: Option<&Overlay>) -> String {
        let mut words = format!("{} states", self.states());
        if self.left_out() > 0 {
            words.push_str(&format!(", and {} that are not drawn", self.left_out()));
        }
        let Some(overlay) = overlay else {
            return words;
        };
        for status in StateStatus::ALL {
            let all = self.scene.states.iter().chain(&self.scene.frames);
            let here = all.filter(|state| !overlay.elsewhere.contains(&state.name));
            let count = here.filter(|state| status_of(state, overlay) == status).count();
            if count > 0 {
                words.push_str(&format!(", {count} {}", status.as_str()));
            }
        }
        words
    }
}

fn mark_of<'o>(state: &StateBox, overlay: &'o Overlay) -> Option<&'o StateMark> {
    overlay.states.get(&state.name)
}

fn status_of(state: &StateBox, overlay: &Overlay) -> StateStatus {
    mark_of(state, overlay).map_or(StateStatus::NotReached, |mark| mark.status)
}

fn rectangle(rect: &Rect, class: &str, radius: &str) -> Markup {
    html! {
        rect class=(class) x=(number(rect.x)) y=(number(rect.y)) width=(number(rect.width)) height=(number(rect.height)) rx=(radius) {}
    }
}

/// The start, or the end.
fn dot(at: Point, end: bool) -> Markup {
    let (x, y) = (number(at.x), number(at.y));
    html! {
        circle.dot cx=(x) cy=(y) r=(if end { "5" } else { "8" }) {}
        @if end { circle.ring cx=(x) cy=(y) r="9" {} }
    }
}

fn edge_of(edge: &EdgeLine, overlay: Option<&Overlay>) -> Markup {
    let taken = overlay.is_some_and(|overlay| overlay.taken.contains(&edge.step));
    let class = match (edge.kind, taken) {
        (EdgeKind::Catch, false) => "edge catch",
        (EdgeKind::Catch, true) => "edge catch taken",
        (EdgeKind::Next | EdgeKind::Choice, true) => "edge taken",
        (EdgeKind::Next | EdgeKind::Choice, false) => "edge",
    };
    html! {
        g class=(class) {
            path d=(curve(&edge.points)) {}
            path.head d=(arrow_head(&edge.points)) {}
        }
    }
}

fn label(edge: &EdgeLine) -> Markup {
    let Some(middle) = edge.label else {
        return Markup::default();
    };
    let lines = &edge.lines;
    let top = middle.y - lines.len() as f64 * LABEL_LINE / 2.0;
    html! {
        g.label {
            @if edge.title != lines.join(" ") { title { (edge.title) } }
            @for (index, line) in lines.iter().enumerate() {
                text x=(number(middle.x)) y=(number(top + index as f64 * LABEL_LINE + 10.5)) { (line) }
            }
        }
    }
}

fn state(state: &StateBox, overlay: Option<&Overlay>) -> Markup {
    let here = overlay.filter(|overlay| !overlay.elsewhere.contains(&state.name));
    let mark = here.and_then(|overlay| mark_of(state, overlay));
    let status = here.map(|overlay| status_of(state, overlay));
    let mut class = if state.frame { "frame" } else { "state" }.to_owned();
    if let Some(status) = status {
        let marked = status != StateStatus::NotReached;
        class.push_str(if marked { " marked " } else { " " });
        class.push_str(status.class());
    }
    if mark.is_some_and(|mark| mark.selected) {
        class.push_str(" selected");
    }
    let inside = html! {
        title { (spoken(state, status, mark)) }
        (outline(state))
        (words(state, mark, overlay.is_some()))
        @if let Some(status) = status { (sign(state, status)) }
    };
    match mark.and_then(|mark| mark.href.as_deref()) {
        Some(href) => html! { a class=(class) href=(href) { (inside) } },
        None => html! { g class=(class) { (inside) } },
    }
}

/// The state in a sentence, for those who hear it and for a pointer that rests on it.
fn spoken(state: &StateBox, status: Option<StateStatus>, mark: Option<&StateMark>) -> String {
    let mut words = visible(&state.name);
    if let Some(status) = status {
        words.push_str(": ");
        words.push_str(status.as_str());
    }
    if let Some(mark) = mark {
        if mark.visits > 1 {
            words.push_str(&format!(", entered {} times", mark.visits));
        }
        if let Some(note) = &mark.note {
            words.push_str(", ");
            words.push_str(&visible(note));
        }
    }
    words.push_str(&format!(" ({})", state.detail));
    if let Some(comment) = &state.comment {
        words.push_str(". ");
        words.push_str(&crate::text::shortened(comment, 200));
    }
    words
}

/// A Choice has corners cut off, what ends the flow is round.
fn outline(state: &StateBox) -> Markup {
    let rect = &state.rect;
    if state.kind == StateType::Choice {
        let (x, y) = (rect.x, rect.y);
        let (right, bottom, middle) = (x + rect.width, y + rect.height, y + rect.height / 2.0);
        let points = [
            (x + 14.0, y),
            (right - 14.0, y),
            (right, middle),
            (right - 14.0, bottom),
            (x + 14.0, bottom),
            (x, middle),
        ];
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{},{}", number(*x), number(*y)))
            .collect();
        return html! { polygon.box points=(points.join(" ")) {} };
    }
    rectangle(rect, "box", if state.last && !state.frame { "23" } else { "8" })
}

fn words(state: &StateBox, mark: Option<&StateMark>, beside_sign: bool) -> Markup {
    let rect = &state.rect;
    let (x, anchor) = match (beside_sign, state.frame) {
        (true, _) => (rect.x + 34.0, None),
        (false, true) => (rect.x + 16.0, None),
        (false, false) => (rect.x + rect.width / 2.0, Some("middle")),
    };
    let x = number(x);
    let note = mark.and_then(|mark| mark.note.as_deref());
    let room = (rect.width - 46.0) / 6.2;
    let detail = match note {
        Some(note) => crate::text::shortened(note, room.max(8.0) as usize),
        None => state.detail.clone(),
    };
    let visits = mark.map_or(0, |mark| mark.visits);
    html! {
        text.name x=(x) y=(number(rect.y + 19.0)) text-anchor=[anchor] { (crate::text::shortened(&state.name, 30)) }
        text.detail x=(x) y=(number(rect.y + 35.0)) text-anchor=[anchor] { (detail) }
        @if visits > 1 {
            text.count x=(number(rect.x + rect.width - 12.0)) y=(number(rect.y + 19.0)) text-anchor="end" { "×" (visits) }
        }
    }
}

/// The sign of a status, so that its colour need not be seen.
fn sign(state: &StateBox, status: StateStatus) -> Markup {
    let (x, y) = (state.rect.x + 18.0, state.rect.y + 22.0);
    let shape = match status {
        StateStatus::Succeeded => "m-4 0l3 3l5 -6",
        StateStatus::Failed => "m-3 -3l6 6m0 -6l-6 6",
        StateStatus::Caught => "m0 -4.5v5m0 3.5v.2",
        StateStatus::Running => "m-2.5 -4l6 4l-6 4z",
        StateStatus::Waiting => "m0 -4.5v4.5l3.5 2",
        StateStatus::Aborted => "m-4 0h8",
        StateStatus::NotReached => return Markup::default(),
    };
    let at = format!("M{} {}", number(x), number(y));
    html! { path.sign d={ (at) "m-8 0a8 8 0 1 0 16 0a8 8 0 1 0 -16 0" (at) (shape) } {} }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

    use serde_json::{Value, json};

    use super::*;
    use crate::{Definition, Step};

    fn drawing(definition: &Value) -> Drawing {
        Drawing::of(&Definition::parse(&definition.to_string()).unwrap())
    }

    fn nested() -> Value {
        json!({ "StartAt": "Look", "States": {
            "Look": { "Type": "Choice", "Default": "Both", "Choices": [{ "Condition": "{% $n > 1 %}", "Next": "No" }] },
            "No": { "Type": "Fail", "Error": "TooMany" },
            "Both": { "Type": "Parallel", "End": true, "Catch": [{ "ErrorEquals": ["A.B"], "Next": "No" }], "Branches": [
                { "StartAt": "Left", "States": { "Left": { "Type": "Pass", "End": true } } },
                { "StartAt": "Each", "States": { "Each": { "Type": "Map", "End": true, "ItemProcessor": {
                    "StartAt": "Item", "States": { "Item": { "Type": "Wait", "Seconds": 1, "End": true } } } } } },
            ] },
        } })
    }

    fn check(svg: &str, contains: &[&str], lacks: &[&str]) {
        for part in contains {
            assert!(svg.contains(part), "{part:?} in {svg}");
        }
        for part in lacks {
            assert!(!svg.contains(part), "no {part:?} in {svg}");
        }
    }

    #[test]
    fn a_document_shows_every_state_and_says_what_it_is() {
        let svg = drawing(&nested()).document("Nested");
        check(
            &svg,
            &[
                "role=\"img\"",
                "<title id=\"graph-title\">Nested</title>",
                "6 states</desc>",
                ">Look</text>",
                ">Fail · TooMany</text>",
                ">Parallel · 2 branches</text>",
                ">Item</text>",
                ">$n &gt; 1</text>",
                ">otherwise</text>",
                ">A.B</text>",
                "edge catch",
                "prefers-color-scheme: dark",
                "class=\"ring\"",
            ],
            &["class=\"state marked", "<a ", "<script", "style="],
        );
        assert_eq!(svg.matches("class=\"branch\"").count(), 2);
    }

    #[test]
    fn what_is_in_a_parallel_or_map_lies_within_it() {
        let drawing = drawing(&nested());
        let frame = |name: &str| {
            drawing
                .scene
                .frames
                .iter()
                .find(|frame| frame.name == name)
                .unwrap()
                .rect
        };
        let state = |name: &str| {
            drawing
                .scene
                .states
                .iter()
                .find(|state| state.name == name)
                .unwrap()
                .rect
        };
        for (outer, inner) in [
            (frame("Both"), state("Left")),
            (frame("Both"), frame("Each")),
            (frame("Each"), state("Item")),
        ] {
            assert!(inner.x > outer.x && inner.y > outer.y, "{inner:?} in {outer:?}");
            assert!(inner.x + inner.width < outer.x + outer.width, "{inner:?} in {outer:?}");
            assert!(
                inner.y + inner.height < outer.y + outer.height,
                "{inner:?} in {outer:?}"
            );
        }
        let (both, no) = (frame("Both"), state("No"));
        assert!(no.y > both.y + both.height || no.x > both.x + both.width || no.x + no.width < both.x);
        assert!(both.x + both.width < drawing.width() && both.y + both.height < drawing.height());
    }

    #[test]
    fn an_overlay_shows_what_happened() {
        let mut overlay = Overlay::default();
        let mut mark = |name: &str, status, visits, note: Option<&str>| {
            let mark = StateMark {
                visits,
                note: note.map(str::to_owned),
                href: Some(format!("?state={name}#state")),
                selected: name == "Look",
                ..StateMark::new(status)
            };
            overlay.states.insert(name.to_owned(), mark);
        };
        mark("Look", StateStatus::Succeeded, 3, None);
        mark("Both", StateStatus::Running, 1, Some("1 of 2 done"));
        overlay.taken.insert(Step {
            from: Some("Look".to_owned()),
            to: Some("Both".to_owned()),
            caught: false,
        });
        let svg = drawing(&nested()).svg("An execution", Some(&overlay)).into_string();
        check(
            &svg,
            &[
                "role=\"group\"",
                "6 states, 1 succeeded, 1 running, 4 not reached",
                "<a class=\"state marked succeeded selected\" href=\"?state=Look#state\">",
                "<a class=\"frame marked running\"",
                "<g class=\"state not-reached\">",
                "Look: succeeded, entered 3 times (Choice)",
                ">×3</text>",
                ">1 of 2 done</text>",
            ],
            &["<style"],
        );
        assert_eq!(svg.matches("edge taken").count(), 1);
    }

    #[test]
    fn names_of_strangers_stay_text() {
        let svg = drawing(
            &json!({ "StartAt": "<script>\u{202e}\"&", "States": { "<script>\u{202e}\"&": {
            "Type": "Pass", "Comment": "</title><script>\u{0}", "End": true } } }),
        )
        .document("</title><b>");
        check(
            &svg,
            &["&lt;script&gt;\u{fffd}", "&lt;/title&gt;&lt;b&gt;"],
            &["<script", "<b>", "\u{202e}", "\0"],
        );
    }

    #[test]
    fn a_drawing_is_the_same_each_time() {
        let first = drawing(&nested()).document("Nested");
        for _ in 0..10 {
            assert_eq!(drawing(&nested()).document("Nested"), first);
        }
    }

    #[test]
    fn a_large_machine_is_drawn_with_closed_boxes_or_not_at_all() {
        fn check(most: usize, expected: Option<(usize, usize)>) {
            let definition = Definition::parse(&nested().to_string()).unwrap();
            let drawing = Drawing::of_at_most(&definition, most);
            assert_eq!(
                drawing.map(|drawing| (drawing.states(), drawing.left_out())),
                expected,
                "{most}"
            );
        }
        check(6, Some((6, 0)));
        check(5, Some((5, 1)));
        check(4, Some((3, 3)));
        check(3, Some((3, 3)));
        check(2, None);
        let closed = Drawing::of_at_most(&Definition::parse(&nested().to_string()).unwrap(), 5).unwrap();
        assert!(closed.document("x").contains("Map · 1 states in it"));
    }
}
